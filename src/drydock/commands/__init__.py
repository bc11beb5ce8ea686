"""The commands behind the tasks: one module each, called by `drydock.tasks` with plain values.

They belong to the task layer: they may show things and ask, through `drydock.terminal`. What they
decide about databases is decided further down.
"""
