"""The one object that writes: it shows a walk, data, questions and errors.

What a line says and how it fits is made by its neighbours, purely; here it is decided where it
goes, whether it is painted, and what moves. It refuses to move anything without a terminal.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

from drydock.terminal import colour, outlet
from drydock.terminal.program import as_typed, from_here
from drydock.terminal.text import one_line, safe, width_of, wrapped, wrapped_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.errors import DrydockError
    from drydock.evidence import Evidence
    from drydock.migration import Migration
    from drydock.review import Finding
    from drydock.terminal.progress import Live

_PLAIN_WIDTH = 100
_USUAL_WIDTH = 80  # of a terminal that does not say
_ENDLESS = 100_000
_NAME = 16
_DETAIL = 52
_NARROW = 60


class Terminal:
    """Shows a walk and errors; see `drydock.walk.Reporter` for what each method is told.

    Args:
        quiet: Errors and questions only.
        verbose: Everything that is known of a finding.
        as_json: Standard output carries one JSON document and nothing else.
    """

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, as_json: bool = False
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._verbose = verbose
        self._is_terminal = outlet.is_terminal(sys.stderr)
        self._colour = colour.is_wanted(is_terminal=self._is_terminal)
        self._writing = threading.Lock()
        self._live: Live | None = None
        self._is_moving = False
        self._has_told = False

    @property
    def width(self) -> int:
        """Columns of a line of narrative: the terminal's, or a hundred without one."""
        return _columns(sys.stderr) if self._is_terminal else _PLAIN_WIDTH

    @property
    def data_width(self) -> int:
        """Columns of a line of data: the terminal's, or endless where it goes to a program."""
        return _columns(sys.stdout) if outlet.is_terminal(sys.stdout) else _ENDLESS

    def paint(self, style: str, text: str) -> str:
        """Return `text` in a style where colour is wanted."""
        return colour.painted(style, text) if self._colour and style and text else text

    def line(self, text: str = "") -> None:
        """Write one line of narrative."""
        with self._writing:
            self._clear()
            outlet.tell(as_typed(text) + "\n")

    def data(self, text: str) -> None:
        """Write data that somebody may pipe on."""
        with self._writing:
            self._clear()
            outlet.hand_over(text + "\n")

    def document(self, content: dict[str, Any]) -> None:
        """Write the one JSON document of a command; docs/json.md says what is in it."""
        import json

        self._has_told = True
        self.data(json.dumps({"format": 1, **content}, indent=2, ensure_ascii=False))

    def step_began(self, step: str) -> None:
        if self.quiet:
            return
        if not self._is_terminal:
            self.line(f"… {step}")
            return
        from drydock.terminal.progress import Live

        self._move(f"… {step}")
        self._live = self._live or Live(self._move, lambda: self.width - 1)
        self._live.start(step)

    def step_ended(self, step: str, detail: str, seconds: float, *, skipped: bool) -> None:
        self._rest()
        if self.quiet:
            return
        mark = self.paint("dim", "-") if skipped else self.paint("good", "✓")
        took = "" if skipped and seconds < 0.05 else f"{seconds:6.1f} s"
        self._step(mark, step, safe(detail), took, "dim" if skipped else "")

    def step_failed(self, step: str, seconds: float) -> None:
        self._rest()
        self._step(self.paint("error", "✗"), step, "failed", f"{seconds:6.1f} s", "")

    def _step(self, mark: str, step: str, detail: str, took: str, style: str) -> None:
        """Write a step's line, and what does not fit into it below."""
        if self._is_terminal and self.width < _NARROW:
            self.line(f"{mark} {step:<{_NAME}}{took}".rstrip())
            for each in wrapped(detail, self.width, first="  ", rest="  "):
                self.line(self.paint(style, each))
            return
        room = self.width - _NAME - 12 if self._is_terminal else _ENDLESS
        first, *rest = wrapped(detail, room)
        space = " " * max(0, min(_DETAIL, room) - width_of(first)) if took else ""
        self.line(f"{mark} {step:<{_NAME}}{self.paint(style, first)}{space} {took}".rstrip())
        for each in rest:
            self.line(f"{'':{_NAME + 2}}{self.paint(style, each)}")

    def progress(self, what: str, done: int, total: int, unit: str = "") -> None:
        if self._live is not None:
            self._live.count(one_line(what), done, total, unit)

    def note(self, text: str) -> None:
        if not self.quiet:
            told = as_typed(from_here(text))
            first, *rest = wrapped_whole(told, self._fold(), first="  note: ", rest="        ")
            self.line(f"  {self.paint('note', 'note:')}{first[7:]}")
            for each in rest:
                self.line(each)

    def reviewed(self, migrations: Sequence[Migration], findings: Sequence[Finding]) -> None:
        if self.quiet or self.as_json:
            return
        from drydock.terminal.findings import lines

        shown = False
        for each in lines(migrations, findings, self.width, verbose=self._verbose):
            if each.sql is not None and self._colour:
                self.line(each.text[: each.sql] + colour.sql(each.text[each.sql :]))
            else:
                until = each.painted or len(each.text)
                self.line(self.paint(each.style, each.text[:until]) + each.text[until:])
            shown = True
        if shown:
            self.line()

    def inspected(self, evidence: Evidence) -> None:
        if self.quiet:
            return
        from drydock.terminal.changes import as_table

        for number, each in enumerate(as_table(evidence, self.width)):
            is_head = number == 0 and each.lstrip().startswith("table  ")
            self.line(self.paint("dim" if is_head else "", each))

    def since(self, evidence: Evidence, *, carried: bool = False, doubt: str = "") -> None:
        from drydock.terminal.changes import as_sentences

        sentences = tuple(as_sentences(evidence, self.width - 2))
        if not sentences:
            return  # pages were moved, but no row was written
        said = "written since, and left in the database that is kept:"
        if carried:
            said = "written since, and carried over where there is a place for it:"
        if doubt:
            said = (
                "different from the backup, and left in the database that is kept; "
                f"what of it the application wrote cannot be told: {doubt}:"
            )
        for each in wrapped(said, self.width, first="  ", rest="  "):
            self.line(each)
        for each in sentences:
            self.line(f"  {each}")

    def ask(self, question: str) -> bool | None:
        """Ask on the terminal; None when nobody is there."""
        self._rest()
        if not (outlet.is_terminal(sys.stdin) and self._is_terminal):
            return None
        asked = "\n".join(self._folded(f"{question} [y/N] ".splitlines())) + " "
        try:
            outlet.tell(asked)
            said = outlet.answer()
        except BaseException:
            outlet.tell("\n")  # the error is not to stand behind the question
            raise
        return None if said is None else said.lower() in ("y", "yes")

    def error(self, error: DrydockError) -> None:
        """Show an error with its causes, its place, the state, and what to type next."""
        self._rest()
        if self.as_json and not self._has_told:
            self.document({"error": _as_data(error)})
        first, *rest = wrapped(f"error: {error.what}", self._fold(), rest="       ")
        self.line(f"{self.paint('error', first[:6])}{first[6:]}")
        for each in rest:
            self.line(each)
        for cause in error.cause:
            self._labelled("cause", cause)
        if error.at:
            where, *statement = safe(error.at).splitlines()
            self._labelled("at", where)
            for each in statement:
                is_sql = self._colour and ".sql" in where
                self.line(f"{'':9}{colour.sql(each) if is_sql else each}")
        if error.state:
            self._labelled("state", error.state)
        if error.hint:
            self.line()
            self._hint(as_typed(from_here(error.hint)))

    def _hint(self, text: str) -> None:
        first, *rest = wrapped_whole(text, self._fold(), first="hint: ", rest="      ")
        self.line(f"{self.paint('note', first[:5])}{first[5:]}")
        for each in rest:
            self.line(each)

    def _labelled(self, label: str, text: str) -> None:
        told = as_typed(from_here(text))
        first, *rest = wrapped(told, self._fold(), first=f"{label:>7}: ", rest=" " * 9)
        self.line(f"{self.paint('bold', first[:8])}{first[8:]}")
        for each in rest:
            self.line(each)

    def _folded(self, lines: Sequence[str]) -> list[str]:
        """Return lines folded to the width, each under its own indent."""
        folded: list[str] = []
        for each in lines:
            text = each.strip()
            indent = each[: len(each) - len(each.lstrip())]
            folded += wrapped(text, self._fold(), first=indent, rest=f"{indent}  ")
        return folded

    def _fold(self) -> int:
        """Return where sentences fold: nowhere without a terminal, so that grep finds them."""
        return self.width if self._is_terminal else _ENDLESS

    def _move(self, status: str) -> None:
        """Show `status` in place of the last one, on the line that moves."""
        with self._writing:
            self._clear()
            self._is_moving = True
            outlet.tell(self.paint("dim", status))

    def _rest(self) -> None:
        if self._live is not None:
            self._live.stop()
        with self._writing:
            self._clear()

    def _clear(self) -> None:
        if self._is_moving:
            self._is_moving = False
            outlet.tell("\r\x1b[2K")


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
    except OSError:
        return _USUAL_WIDTH


def _as_data(error: DrydockError) -> dict[str, Any]:
    return {
        "what": error.what,
        "cause": error.cause,
        "at": error.at,
        "state": error.state,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
    }
