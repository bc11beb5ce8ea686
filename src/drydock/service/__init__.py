"""The backend's processes: who they are, whether they run, how they are stopped and started.

`discovery.find` says whether the backend runs, `stop.stop` and `start.start` change that, and
`holders.holders` says who has a database open. The one rule of the package: no process is ever
signalled that was not identified, by pid and start time or by the configured port and command.
Nothing is imported here, so that naming one module does not load the others.
"""
