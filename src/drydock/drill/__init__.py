"""The fire drill: does the way back lead back, on this machine, with this database?

`run` walks the chain and its ways back on a copy in a temporary folder; the live database is read
once and nothing is left behind.
"""

from drydock.drill.course import DrillFailed, NoRoomForDrill, Report, run

__all__ = ["DrillFailed", "NoRoomForDrill", "Report", "run"]
