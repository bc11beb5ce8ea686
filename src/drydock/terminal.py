"""What a user sees: steps as they go, findings, evidence, errors with what to type next.

Narrative goes to standard error, data to standard output. Without a terminal everything is plain
lines; with one, colour and a progress line, through rich, which is imported only then. It refuses
to write control characters that came from data or from a program's output.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.errors import DrydockError
    from drydock.evidence import Evidence
    from drydock.migration import Migration
    from drydock.review import Finding

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NAME_COLUMNS = 16
_DETAIL_COLUMNS = 52
_SQL_LINES = 40
_STYLES = {"error": "1;31", "warning": "33", "note": "36", "good": "32", "dim": "2", "bold": "1"}


def safe(text: str) -> str:
    """Return `text` without terminal escapes and control characters, but for line ends and tabs."""
    return _CONTROL.sub("", text)


class Terminal:
    """Shows a walk and errors; see `drydock.walk.Reporter` for what each method is told."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._is_terminal = sys.stderr.isatty()
        self._colour = (
            self._is_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        )
        self._status = ""
        self._status_at = 0.0

    def paint(self, style: str, text: str) -> str:
        """Return `text` in a style where colour is wanted."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self._colour else text

    def line(self, text: str = "") -> None:
        """Write one line of narrative."""
        self._clear()
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def data(self, text: str) -> None:
        """Write data that somebody may pipe on."""
        self._clear()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def step_began(self, step: str) -> None:
        if self._is_terminal:
            self._show(f"… {step}")
        elif not self._quiet:
            self.line(f"… {step}")

    def step_ended(self, step: str, detail: str, seconds: float, *, skipped: bool) -> None:
        if self._quiet:
            return
        mark = self.paint("dim", "-") if skipped else self.paint("good", "✓")
        shown = self.paint("dim", safe(detail)) if skipped else safe(detail)
        room = " " * max(0, _DETAIL_COLUMNS - len(safe(detail)))
        took = "" if skipped and seconds < 0.05 else f"{room} {seconds:6.1f} s"
        self.line(f"{mark} {step:<{_NAME_COLUMNS}}{shown}{took}")

    def step_failed(self, step: str, seconds: float) -> None:
        self.line(
            f"{self.paint('error', '✗')} {step:<{_NAME_COLUMNS}}failed{'':46} {seconds:6.1f} s"
        )

    def progress(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if self._is_terminal and total and (now - self._status_at > 0.1 or done == total):
            self._status_at = now
            self._show(f"… {safe(what)}  {done / total:4.0%}")

    def note(self, text: str) -> None:
        if not self._quiet:
            self.line(f"  {self.paint('note', 'note:')} {safe(text)}")

    def reviewed(self, migrations: Sequence[Migration], findings: Sequence[Finding]) -> None:
        if self._quiet:
            return
        for migration in migrations:
            self._migration(
                migration, [each for each in findings if each.migration == migration.name]
            )
        names = {migration.name for migration in migrations}
        for finding in findings:
            if finding.migration not in names:
                self._finding(finding)

    def _migration(self, migration: Migration, findings: Sequence[Finding]) -> None:
        self.line()
        self.line(f"  {self.paint('bold', safe(migration.name))}  {_what(migration)}")
        header = migration.header
        about = "  ".join(part for part in (header.date, header.author) if part)
        for text in (header.purpose, about):
            if text:
                self.line(f"    {safe(text)}")
        for finding in findings:
            self._finding(finding)

    def _finding(self, finding: Finding) -> None:
        style = "note" if finding.allowed is not None else finding.severity
        place = f"{finding.path.name}:{finding.line}"
        self.line(f"    {self.paint(style, finding.severity)} {finding.rule} ({safe(place)})")
        self.line(f"      {safe(finding.why)}")
        for fact in finding.evidence:
            self.line(f"      · {safe(fact)}")
        if finding.allowed is not None:
            self.line(f"      allowed: {safe(finding.allowed)}")
        elif finding.fix:
            for number, text in enumerate(safe(finding.fix).splitlines()):
                self.line(f"      {'fix: ' if number == 0 else '     '}{text}")

    def inspected(self, evidence: Evidence) -> None:
        if self._quiet:
            return
        for table in evidence.tables:
            if table.kind != "untouched" and (told := _table(table)):
                self.line(f"    {safe(table.name):<28} {told}")

    def since(self, evidence: Evidence) -> None:
        self.line("  the application wrote since, and it is kept in the failed database only:")
        for table in evidence.tables:
            if table.kind != "untouched" and (told := _table(table)):
                self.line(f"    {safe(table.name):<28} {told}")

    def ask(self, question: str) -> bool | None:
        """Ask on the terminal; None when nobody is there."""
        if not (sys.stdin.isatty() and self._is_terminal):
            return None
        self._clear()
        sys.stderr.write(f"{safe(question)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def error(self, error: DrydockError) -> None:
        """Show an error with its causes, its place, the state, and what to type next."""
        self.line(f"{self.paint('error', 'error:')} {safe(error.what)}")
        for cause in error.cause:
            self._labelled("cause", cause)
        if error.at:
            self._labelled("at", error.at)
        if error.state:
            self._labelled("state", error.state)
        if error.hint:
            self.line()
            self.line(f"{self.paint('note', 'hint:')} {safe(error.hint)}")

    def _labelled(self, label: str, text: str) -> None:
        first, *rest = safe(text).splitlines() or [""]
        self.line(f"{self.paint('bold', f'{label:>7}:')} {first}")
        for line in rest:
            self.line(f"{'':9}{line}")

    def _show(self, status: str) -> None:
        self._clear()
        width = os.get_terminal_size(sys.stderr.fileno()).columns
        self._status = status[: max(10, width - 1)]
        sys.stderr.write(self.paint("dim", self._status))
        sys.stderr.flush()

    def _clear(self) -> None:
        if self._status:
            sys.stderr.write("\r\x1b[2K")
            self._status = ""


def _what(migration: Migration) -> str:
    count = len(migration.statements) if migration.kind == "sql" else 0
    return {
        "sql": f"{count} statement{'s' * (count != 1)}",
        "function": "Python, migrate(db)",
        "script": "Python, run unchanged",
    }[migration.kind]


def _table(table: Any) -> str:
    if table.kind == "dropped":
        return f"dropped with {table.rows_before:,} rows"
    counts = (("changed", table.changed), ("added", table.added), ("removed", table.removed))
    parts = [f"{count:,} {word}" for word, count in counts if count]
    columns = {
        fate: [column.name for column in table.columns if column.fate == fate]
        for fate in ("added", "dropped", "renamed")
    }
    parts += [f"column {fate}: {', '.join(names)}" for fate, names in columns.items() if names]
    if table.kind in ("added", "renamed"):
        parts.insert(0, f"{table.kind}{f' from {table.was}' if table.was else ''}")
    return ", ".join(parts)
