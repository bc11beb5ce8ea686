"""Rules about the connection: settings, transactions, other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.review import changes
from drydock.review.finding import Verdict
from drydock.review.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.review.situation import Situation

_ON = {"on", "1", "true", "yes"}


@rule(
    "pragma-in-transaction",
    changes.Setting,
    severity="warning",
    why="inside a transaction SQLite ignores this setting without a word",
    evidence="the state that it really has at that line",
    example="BEGIN;\nPRAGMA foreign_keys=ON;",
)
def pragma_in_transaction(change: changes.Setting, s: Situation) -> Iterator[Verdict]:
    """PRAGMA foreign_keys inside a transaction: told with the state that it will have."""
    if not s.in_transaction or change.name not in {"foreign_keys", "journal_mode"}:
        return
    if change.name == "journal_mode":
        yield Verdict(
            "warning",
            ("journal_mode cannot change inside a transaction",),
            "move it before BEGIN; from Python into an .sql file of its own",
        )
        return
    wanted, now = change.value in _ON, s.keys_on
    state = f"foreign_keys stays {'ON' if now else 'OFF'}"
    if wanted == now:
        yield Verdict("note", (f"{state}, as this line wants it",), "move it before BEGIN")
        return
    yield Verdict(
        "warning", (state,), f"move it before BEGIN: PRAGMA foreign_keys={change.value.upper()};"
    )


@rule(
    "transaction-control",
    changes.Transaction,
    severity="note",
    why="harmless on a candidate; in place it ends the tool's own transaction (F10)",
    evidence="none is needed",
    example="BEGIN;\nUPDATE trips SET stars = 5;\nCOMMIT;",
)
def transaction_control(change: changes.Transaction, s: Situation) -> Iterator[Verdict]:
    """A note where it stands; an error where a file ends with its transaction open."""
    if change.left_open:
        yield Verdict(
            "error",
            ("the file ends inside a transaction, so all since BEGIN is rolled back",),
            "end the file with: COMMIT;",
            why="what the file does since BEGIN would not be in the database",
        )
    elif change.verb == "BEGIN" and not s.conditional:
        yield Verdict(
            "note",
            ("Drydock publishes all of a run or nothing; it needs no transaction",),
            "leave BEGIN and COMMIT out",
        )


@rule(
    "foreign-file",
    changes.OtherFile,
    severity="error",
    why="a migration may open only the files of its run (F24)",
    evidence="the file, as it is written",
    example="ATTACH DATABASE 'archive.db' AS archive;",
)
def foreign_file(change: changes.OtherFile, s: Situation) -> Iterator[Verdict]:
    """ATTACH of a file, VACUUM INTO, load_extension; an in-memory ATTACH is none."""
    yield Verdict(
        "warning" if s.conditional else "error",
        (f"{change.verb} reaches for {change.name}",),
        "a .py migration may read it that says so, # drydock: allow foreign-file: REASON, and "
        f"attaches it, or opens it by itself: sqlite3.connect({change.name!r})"
        if change.verb == "ATTACH"
        else "do it outside of a migration",
    )
