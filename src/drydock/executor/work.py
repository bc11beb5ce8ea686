"""What an open transaction of a Python migration holds: changes, and an error. Pure.

``in_transaction`` alone says neither: a transaction may hold nothing that a commit would keep, and
without autocommit (Python 3.12) one is always open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_GAP = r"(?:[\s;]|--[^\n]*\n|/\*.*?\*/)*"
_VERB = re.compile(rf"{_GAP}([a-z]+)", re.IGNORECASE | re.DOTALL)
_CHANGES_SCHEMA = {"create", "alter", "drop", "reindex", "analyze"}
# SQLite counts rows only when their statement is done, and settings of the file not at all.
_UNCOUNTED = re.compile(r"\breturning\b|\b(user_version|application_id)\s*[=(]", re.IGNORECASE)
_BEGINS = re.compile(rf"(?:^|;){_GAP}(?:begin|savepoint)\b", re.IGNORECASE | re.DOTALL)
_WRITES = re.compile(
    r"\b(?:insert|replace|update|delete|create|alter|drop|reindex|analyze)\b", re.IGNORECASE
)
_UNDOES = re.compile(r"\brollback\b", re.IGNORECASE)


@dataclass(slots=True)
class Work:
    """The work of one connection since its last commit; `failure`: the first error, and its SQL."""

    is_changed: bool = False
    failure: tuple[str, str] | None = None

    def add(self, sql: str, *, has_counted: bool, is_script: bool = False) -> None:
        """Take in what ran; `has_counted` says that SQLite counted changed rows.

        Of a script only that counts which stands behind the last transaction that it began.
        """
        if is_script:
            self.is_changed |= _WRITES.search(_BEGINS.split(sql)[-1]) is not None
            return
        verb = _VERB.match(sql)
        changes = verb is not None and verb[1].lower() in _CHANGES_SCHEMA
        self.is_changed |= has_counted or changes or _UNCOUNTED.search(sql) is not None

    def fail(self, error: BaseException, sql: str, *, has_counted: bool = False) -> None:
        """Take in an error of SQLite, of a statement that may have changed rows before it."""
        self.failure = self.failure or (str(error), sql)
        self.is_changed |= has_counted

    def end(self) -> None:
        """Forget it: it was committed, or taken back."""
        self.is_changed, self.failure = False, None


def may_undo(script: str) -> bool:
    """Say whether a script that failed may have taken back a transaction that it had begun."""
    return bool(_BEGINS.search(script) and _UNDOES.search(script))
