"""What a table change declines to do, and what fails in it; each tells the way on.

Every class says that nothing was changed, because all of them are raised before the change is
committed. They judge nothing themselves.
"""

from __future__ import annotations

from drydock.errors import DrydockError, ExitCode

_UNTOUCHED = "nothing was changed"


class TransformRefusedError(DrydockError):
    """The change was declined before anything was touched."""

    exit_code = ExitCode.REFUSED

    def __init__(
        self, what: str, *, cause: str | list[str] | None = None, hint: str | None = None
    ) -> None:
        super().__init__(what, cause=cause, state=_UNTOUCHED, hint=hint)


class NotATableError(TransformRefusedError):
    """The name is a view, a virtual, system or shadow table, or nothing at all."""


class NoSuchColumnError(TransformRefusedError):
    """A column that was named does not exist."""


class ContradictoryChangeError(TransformRefusedError):
    """What was asked cannot be asked together, or is no table that SQLite accepts."""


class DependentsError(TransformRefusedError):
    """Something depends on what would go or change; `dependents` are their names."""

    def __init__(
        self, what: str, *, dependents: tuple[str, ...], cause: list[str], hint: str
    ) -> None:
        super().__init__(what, cause=cause, hint=hint)
        self.dependents = dependents


class LossyValuesError(TransformRefusedError):
    """Stored values would lose information; `count` of them, with samples in the cause."""

    def __init__(self, what: str, *, count: int, cause: list[str], hint: str) -> None:
        super().__init__(what, cause=cause, hint=hint)
        self.count = count


class OffendingRowsError(TransformRefusedError):
    """Stored rows break the rule that was asked for; `count` of them, samples in the cause."""

    def __init__(self, what: str, *, count: int, cause: list[str], hint: str) -> None:
        super().__init__(what, cause=cause, hint=hint)
        self.count = count


class ForeignKeysOnError(TransformRefusedError):
    """F15: in an open transaction with foreign keys on, a rebuild would fire delete actions."""


class ConnectionForbidsError(TransformRefusedError):
    """The connection's settings keep the change from being made."""


class TableBusyError(TransformRefusedError):
    """Another connection writes, or the database cannot be written at all."""

    exit_code = ExitCode.BUSY


class ChangeFailedError(DrydockError):
    """SQLite failed at a statement that its rehearsal allowed; all of it was rolled back."""

    def __init__(self, what: str, *, cause: list[str]) -> None:
        super().__init__(
            what,
            cause=cause,
            state="the change was rolled back; the table is as it was",
            hint="finish or close what else uses this connection, or mend the conversion named",
        )


class UnprovenChangeError(DrydockError):
    """The change was made, did not prove itself, and was rolled back."""

    def __init__(self, what: str, *, cause: list[str]) -> None:
        super().__init__(
            what,
            cause=cause,
            state="the change was rolled back; the table is as it was",
            hint="report this as a fault of Drydock, with the table's CREATE statement",
        )
