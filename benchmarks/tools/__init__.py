"""How each tool is asked to change a table: one module a tool, each with `change(request)`.

They run in a process of their own, mostly in the peers' environment, so nothing here imports
Drydock but the one module that is about it.
"""
