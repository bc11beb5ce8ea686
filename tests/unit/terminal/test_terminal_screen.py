"""What stands on the screen: on real pseudo-terminals, wide and narrow, and without one."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drydock.errors import DrydockError
from drydock.evidence import ColumnEvidence, Evidence, SchemaChange, TableEvidence
from drydock.migration import Migration
from drydock.review import Finding
from drydock.terminal import Terminal
from drydock.terminal.text import width_of

LONG = "a sentence of quite some length that no narrow window can hold in a single line of it"
WIDTHS = (40, 80, 200)


def migration(name="002_añadir_漢字", text="-- Purpose: " + LONG + "\nSELECT 1;\n"):
    return Migration(name, Path(f"/tmp/{name}.sql"), text, "0")


def finding(**changes):
    given = {
        "rule": "set-not-null",
        "severity": "warning",
        "migration": "002_añadir_漢字",
        "path": Path("/tmp/x.sql"),
        "line": 7,
        "evidence": tuple(f"for example id={n}, name='{LONG}'" for n in range(9)),
        "why": LONG,
        "fix": 'UPDATE "odd ""name" SET x = 1 WHERE x IS NULL;',
        "table": "odd",
        "column": "x",
    }
    return Finding(**{**given, **changes})


def table(name, kind, rows_before, rows_after, **more):
    return TableEvidence(name, kind, rows_before, rows_after, **more)


def evidence():
    columns = tuple(ColumnEvidence(f"column_{n}", fate="added") for n in range(6))
    counts = {"kept": 15_712, "changed": 4_287, "added": 3, "removed": 1}
    tables = (
        table("transactions", "changed", 20_000, 20_002, columns=columns, **counts),
        table("漢字 of a very long name that goes on and on", "dropped", 9, 0, kept=0),
        table("calm", "untouched", 5, 5, kept=5),
    )
    return Evidence(tables, SchemaChange(), (), (), (), (), 0.1, 1, 1)


def error():
    return DrydockError(
        f"migration 002 failed; {LONG}",
        cause=[LONG, "no such table: \x1b[31mtransaction"],
        at="/tmp/migrations/002.sql:4\nALTER TABLE transaction ADD COLUMN x;",
        state="app.db is as it was before the run",
        hint="mend the file, then run: inv migrate",
    )


def show_all(terminal):
    terminal.step_ended("backup", "backups/x (4.1 MB, proved)", 0.1, skipped=False)
    terminal.step_ended("migrate", LONG, 2.0, skipped=False)
    terminal.step_ended("smoke-test", "nothing to ask", 0.0, skipped=True)
    terminal.step_failed("verify-schema", 1.0)
    terminal.note(LONG)
    terminal.reviewed([migration()], [finding(), finding(allowed=LONG), finding(severity="note")])
    terminal.inspected(evidence())
    terminal.since(evidence())
    terminal.error(error())


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_wider_than_the_window(screen, columns, verbose):
    """But for SQL and the hint, whose command is copied whole."""
    shown = screen(columns)
    show_all(Terminal(verbose=verbose))
    for line in shown.lines():
        whole = any(word in line for word in ("UPDATE", "ALTER", "hint:"))
        assert whole or width_of(line) <= columns, line


@pytest.mark.parametrize("columns", WIDTHS)
def test_every_word_is_there_at_every_width(screen, columns):
    """Narrow is no excuse for leaving out what happened, why, where, the state, what to type."""
    shown = screen(columns)
    show_all(Terminal())
    said = " ".join(" ".join(shown.lines()).split())
    for text in (
        LONG,
        "/tmp/migrations/002.sql:4",
        "inv migrate",
        "app.db is as it was",
        "(4.1 MB",
    ):
        assert text in said


def test_a_step_is_one_line_on_eighty_columns(screen):
    shown = screen(80)
    Terminal().step_ended("backup", "backups/20261123T101502Z (4.1 MB, proved)", 0.1, skipped=False)
    detail = "backups/20261123T101502Z (4.1 MB, proved)"
    assert shown.lines()[0] == f"✓ backup          {detail:<52}    0.1 s"


def test_rows_stand_in_a_table_where_there_is_room(screen):
    """Sentences where there is none; what is as it was is left out."""
    shown = screen(80)
    Terminal().inspected(evidence())
    head, first = shown.lines()[:2]
    assert head.split() == ["table", "kept", "changed", "added", "removed"]
    assert first.split()[:5] == ["transactions", "15,712", "4,287", "3", "1"]
    assert "calm" not in shown.read()
    narrow = screen(40)
    Terminal().inspected(evidence())
    assert "transactions: 4,287 changed, 3 added" in " ".join(" ".join(narrow.lines()).split())


def test_of_hundreds_of_new_tables_a_screen_full_is_told(screen):
    """And each that lost a row, wherever it stands."""
    many = [table(f"new_{number}", "added", 0, 0, kept=0) for number in range(300)]
    tables = (*many, table("lost", "changed", 5, 4, kept=4, removed=1))
    for width in (40, 80):
        shown = screen(width)
        Terminal().inspected(Evidence(tables, SchemaChange(), (), (), (), (), 0.1, 1, 1))
        text = " ".join(" ".join(shown.lines()).split())
        assert text.count("new_") == 30
        assert "lost" in text
        assert "and 270 tables more, without a row changed or removed" in text


def test_the_review_says_shortly_what_needs_no_decision(screen):
    """A note and what is declared are a line or two; --verbose shows all that is known."""
    known = finding(allowed="we mean it")
    short, full = screen(80), None
    Terminal().reviewed([migration()], [known])
    assert "for example" not in short.read()
    assert "we mean it" in short.read()
    full = screen(80)
    Terminal(verbose=True).reviewed([migration()], [known])
    assert full.read().count("for example") == 9
    decide = screen(80)
    Terminal().reviewed([migration()], [finding()])
    assert decide.read().count("for example") == 5
    assert "4 lines more: --verbose" in decide.read()


def test_a_finding_of_no_pending_migration_is_shown_too(screen):
    """An edited file is not pending, and must not be lost between them."""
    shown = screen(80)
    Terminal().reviewed([], [finding(migration="001_edited", rule="edited", why="it was edited")])
    assert "besides" in shown.lines()
    assert "it was edited" in shown.read()


def test_quiet_shows_errors_alone(screen):
    shown = screen(80)
    terminal = Terminal(quiet=True)
    terminal.step_began("backup")
    terminal.step_ended("backup", "x", 0.1, skipped=False)
    terminal.note("x")
    terminal.reviewed([migration()], [finding()])
    terminal.inspected(evidence())
    assert shown.read() == ""
    terminal.error(error())
    assert "error: migration 002 failed" in "\n".join(shown.lines())


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_it_is_not_wanted(screen, monkeypatch, name, value):
    """NO_COLOR with any value, and a terminal that cannot."""
    monkeypatch.setenv(name, value)
    shown = screen(80)
    show_all(Terminal())
    assert "\x1b" not in shown.read()


def test_an_empty_no_color_counts_as_none(screen, monkeypatch):
    """As https://no-color.org has it."""
    monkeypatch.setenv("NO_COLOR", "")
    shown = screen(80)
    Terminal().error(error())
    assert "\x1b[1;31merror:" in shown.read()


def test_sql_is_coloured_on_a_terminal(screen):
    """The fix and the failing statement; prose is left alone."""
    shown = screen(80)
    Terminal().reviewed([migration()], [finding()])
    statement = next(line for line in shown.read().split("\n") if "fix:" in line)
    assert statement.startswith("    fix: \x1b[")
    assert 'fix: UPDATE "odd ""name" SET x = 1 WHERE x IS NULL;' in "\n".join(shown.lines())
    prose = screen(80)
    Terminal().reviewed([migration()], [finding(fix="with care, select a time for it")])
    assert "    fix: with care, select a time for it" in prose.read().split("\n")


def test_a_long_step_moves_and_leaves_one_line(screen):
    """The line that moves is gone when the result stands there."""
    shown = screen(80)
    terminal = Terminal()
    terminal.step_began("backup")
    deadline = time.monotonic() + 20
    while "left" not in shown.read():
        terminal.progress("backup", 50, 100, "bytes")
        assert time.monotonic() < deadline
    terminal.step_ended("backup", "done", 1.0, skipped=False)
    assert [line for line in shown.lines() if line] == [f"✓ backup          {'done':<52}    1.0 s"]


def test_a_note_during_a_step_does_not_mix_with_the_line_that_moves(screen):
    shown = screen(80)
    terminal = Terminal()
    terminal.step_began("migrate")
    terminal.note("something")
    terminal.step_ended("migrate", "done", 1.0, skipped=False)
    assert next(line for line in shown.lines() if line) == "  note: something"


def test_without_a_terminal_there_are_plain_lines(monkeypatch):
    """A start and an end each, no colour, nothing that moves; sentences stay whole for grep."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    terminal = Terminal()
    terminal.step_began("backup")
    terminal.progress("backup", 1, 2, "bytes")
    show_all(terminal)
    said = out.getvalue()
    assert "\x1b" not in said
    assert "\r" not in said
    assert said.startswith("… backup\n✓ backup")
    assert f"error: migration 002 failed; {LONG}\n" in said


def test_nobody_is_asked_without_a_terminal(screen, monkeypatch):
    """None, not yes and not no."""
    screen(80)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert Terminal().ask("Go on?") is None


def test_json_is_all_there_is_on_standard_output(capsys):
    """One document, also for an error; the narrative is elsewhere."""
    terminal = Terminal(as_json=True)
    terminal.step_began("review")
    terminal.reviewed([migration()], [finding()])
    terminal.error(error())
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == 1
    assert told["error"]["hint"] == "mend the file, then run: inv migrate"


def test_an_error_after_the_document_adds_no_second_one(capsys):
    terminal = Terminal(as_json=True)
    terminal.document({"run": "x"})
    terminal.error(error())
    assert json.loads(capsys.readouterr().out) == {"format": 1, "run": "x"}


def test_data_that_the_encoding_cannot_say_is_no_crash(monkeypatch):
    """inv status > file, in a locale of ASCII, with a migration called å."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    Terminal().data("å")
    assert out.buffer.getvalue() == b"\\xe5\n"


def test_importing_the_terminal_is_cheap():
    """`inv status` starts as fast as Invoke: no rich, no jinja2, no sqlite_utils."""
    code = (
        "import sys, drydock.terminal, drydock.commands.session as s; "
        "print([m for m in ('rich', 'jinja2', 'sqlite_utils', 'psutil') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_lists_fit_the_window_and_are_whole_in_a_pipe(screen, monkeypatch):
    """Shortened for the eye on a terminal; a program behind a pipe gets all of it."""
    assert Terminal().data_width > 10_000
    shown = screen(72)
    monkeypatch.setattr(sys, "stdout", shown.inside)
    assert Terminal().data_width == 72


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_question_fits_the_window_and_is_answered_on_its_last_line(screen, monkeypatch, columns):
    """What would be lost is read before it is answered."""

    class Keyboard(io.StringIO):
        def isatty(self):
            return True

    shown = screen(columns)
    monkeypatch.setattr(sys, "stdin", Keyboard("yes\n"))
    question = f"This run would lose data:\n  002: {LONG}\x1b[2J\nGo on?"
    assert Terminal().ask(question) is True
    *lines, last = shown.lines()
    assert last == "Go on? [y/N] "
    assert LONG in " ".join(" ".join(lines).split())
    assert all(width_of(line) <= columns for line in lines)
    monkeypatch.setattr(sys, "stdin", Keyboard("\n"))
    assert Terminal().ask(question) is False
