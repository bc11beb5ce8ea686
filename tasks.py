"""Budget Buddy's tasks are Drydock's; a project of yours needs no more than this line."""

from drydock.tasks import namespace

__all__ = ["namespace"]
