"""Nothing is published that loses what nobody announced, declared, or was asked about."""

from __future__ import annotations

import shutil
from typing import get_args

import pytest

from drydock import inspection, review
from drydock.errors import ExitCode
from drydock.evidence.loss import LossKind
from drydock.executor import Applied, TracedStatement
from drydock.inspection import CandidateUnsound, UndeclaredLoss
from drydock.migration import read_file
from drydock.script import split
from tests.support.databases import ODD, change, populate, quoted

TABLE = quoted(ODD)


class Gate:
    """Changes a candidate by a script and asks the gate about it."""

    def __init__(self, folder, rows=50):
        self.folder = folder
        self.before = populate(folder / "backup å.db", rows=rows)
        self.after = folder / "candidate.db"
        self.asked = []

    def inspect(self, script):
        self.script = script
        self.statements = [each.text for each in split(script)]
        shutil.copyfile(self.before, self.after)
        change(self.after, script)
        self.evidence = inspection.inspect(
            self.before, self.after, lambda *_: None, self.statements
        )
        return self.evidence

    def require_declared(self, *, header="", allow=False, answer=None):
        path = self.folder / "m.sql"
        path.write_text(f"{header}\n{self.script}")
        inspection.require_declared(
            self.evidence,
            (),
            [read_file(path)],
            [Applied("m", 0.0, tuple(TracedStatement(each, 1) for each in self.statements))],
            self.before,
            allow=allow,
            ask=lambda question: self.asked.append(question) or answer,
        )

    def refused(self, **options):
        with pytest.raises(UndeclaredLoss) as caught:
            self.require_declared(**options)
        assert caught.value.exit_code is ExitCode.REFUSED
        assert caught.value.what.endswith("nothing was changed")
        return caught.value


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path)


def test_f15_rows_that_a_cascade_took_along_stop_the_run(gate):
    """integrity_check and foreign_key_check both say ok."""
    gate.inspect(f"PRAGMA foreign_keys=ON; DELETE FROM {TABLE} WHERE id > 40")
    inspection.require_sound(gate.evidence)
    error = gate.refused()
    text = "\n".join(error.cause)
    assert "child" in text
    assert "10" in text
    assert "inv migrate --allow-loss" in error.hint
    assert "declare it in m.sql: -- drydock: allow delete-rows: REASON\n" in error.hint


def test_a_loss_passes_only_when_declared_allowed_or_answered_yes(gate):
    """Nobody there to answer is a no."""
    gate.inspect("DELETE FROM child WHERE id > 40")
    gate.require_declared(header="-- drydock: allow delete-without-where: old ones")
    gate.require_declared(allow=True)
    assert gate.asked == []
    gate.require_declared(answer=True)
    assert "The evidence shows a loss that nobody declared" in gate.asked[0]
    for answer in (False, None):
        gate.refused(answer=answer)
    gate.refused(header="-- drydock: allow drop-table: another thing")


@pytest.mark.parametrize("kind", get_args(LossKind))
def test_every_directive_that_a_hint_builds_is_one_that_the_review_knows(kind):
    """Else the review refuses the file as soon as the hint was followed."""
    assert inspection.DECLARED_AS[kind] in review.RULES


FORGETFUL = """
CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, w);
INSERT INTO n (id) SELECT id FROM au;
DROP TABLE au;
ALTER TABLE n RENAME TO au;
"""


@pytest.mark.parametrize("script", ["UPDATE sqlite_sequence SET seq = 1", FORGETFUL])
def test_a_directive_as_the_hint_tells_it_declares_the_loss(gate, script):
    """A counter that goes back, and values that a rebuild forgot."""
    change(
        gate.before,
        "CREATE TABLE au (id INTEGER PRIMARY KEY AUTOINCREMENT, w); INSERT INTO au VALUES (9, 'b')",
    )
    gate.inspect(script)
    directive = gate.refused().hint.partition("in m.sql: ")[2].splitlines()[0]
    assert directive.removeprefix("-- drydock: allow ").partition(":")[0] in review.RULES
    gate.require_declared(header=directive)


def test_f16_rows_without_their_parent_stop_the_run_and_are_shown(gate):
    """With foreign keys off a plain DELETE leaves orphans."""
    gate.inspect(f"DELETE FROM {TABLE} WHERE id IN (7, 8)")
    with pytest.raises(CandidateUnsound, match="rows without the parent they name") as caught:
        inspection.require_sound(gate.evidence)
    (line,) = caught.value.problems
    assert line.startswith(f"child: 2 rows without their {ODD} (parent): ")
    assert "7" in line


def test_f16_orphans_that_were_there_before_do_not_count(tmp_path):
    """They are not this run's, and must not stop it for ever."""
    gate = Gate(tmp_path)
    change(gate.before, f"DELETE FROM {TABLE} WHERE id = 7")
    gate.inspect("INSERT INTO log VALUES ('x')")
    inspection.require_sound(gate.evidence)
    gate.inspect(f"DELETE FROM {TABLE} WHERE id = 8")
    with pytest.raises(CandidateUnsound) as caught:
        inspection.require_sound(gate.evidence)
    assert caught.value.problems[0].startswith("child: 1 row without their ")


REBUILD = """
CREATE TABLE n (id INTEGER PRIMARY KEY, parent);
INSERT INTO n SELECT id, parent FROM child;
DROP TABLE child;
ALTER TABLE n RENAME TO child;
"""


def test_f17_a_trigger_and_an_index_that_a_rebuild_forgot_stop_the_run(gate):
    """DROP TABLE takes them along, and integrity_check says ok."""
    gate.inspect(REBUILD)
    error = gate.refused()
    text = "\n".join(error.cause)
    assert "trigger logs of child is gone, and nothing dropped it" in text
    assert "index by_parent of child is gone, and nothing dropped it" in text


def test_f17_a_rebuild_that_brings_them_back_is_no_loss(gate):
    """Or that drops them by name."""
    gate.inspect(
        f"{REBUILD} CREATE INDEX by_parent ON child (parent);"
        "CREATE TRIGGER logs AFTER DELETE ON child BEGIN "
        "INSERT INTO log VALUES ('deleted; ' || old.id); END;"
    )
    gate.require_declared()
    gate.inspect("DROP TRIGGER logs; DROP INDEX by_parent;")
    gate.require_declared()


def test_f17_an_index_is_not_excused_by_the_drop_of_another(gate):
    """Of a name that begins with its own, or in a text."""
    for excuse in ("DROP INDEX IF EXISTS by_parent_and_more;", "SELECT 'drop index by_parent';"):
        gate.inspect(excuse + REBUILD + "DROP TRIGGER IF EXISTS logs;")
        assert "index by_parent of child is gone" in "\n".join(gate.refused().cause)


def test_a_view_takes_its_triggers_along(gate):
    change(
        gate.before,
        "CREATE VIEW v AS SELECT id FROM child;"
        "CREATE TRIGGER instead INSTEAD OF DELETE ON v BEGIN DELETE FROM child; END;",
    )
    gate.inspect("DROP VIEW v")
    gate.require_declared()


@pytest.mark.parametrize("columns", ["id INTEGER PRIMARY KEY, parent, extra", None])
def test_values_that_a_table_made_anew_lost_stop_the_run_wherever_it_stands(gate, columns):
    """SQLite may give it the place of the old one, and its text may be the old one too."""
    if columns is None:
        columns = "id INTEGER PRIMARY KEY, parent"
        change(
            gate.before,
            "DROP TABLE child; DROP TRIGGER IF EXISTS logs;"
            f"CREATE TABLE child ({columns}); INSERT INTO child VALUES (1, 1), (2, 2);",
        )
    else:
        change(gate.before, "DROP TRIGGER logs; DROP INDEX by_parent;")
    gate.inspect(
        "CREATE TEMP TABLE x AS SELECT * FROM child; DROP TABLE child;"
        f"CREATE TABLE child ({columns}); INSERT INTO child (id) SELECT id FROM x;"
    )
    (table,) = [each for each in gate.evidence.tables if each.name == "child"]
    assert table.changed == table.rows_before
    assert "child.parent" in "\n".join(gate.refused().cause)
    gate.inspect("UPDATE child SET parent = NULL")
    gate.require_declared()
    gate.inspect("CREATE TABLE IF NOT EXISTS child (x); UPDATE child SET parent = NULL")
    gate.require_declared()


def test_f22_a_vacuum_loses_nothing(gate):
    """Hidden rowids move; the rows are the same."""
    change(gate.before, "DELETE FROM log; INSERT INTO log VALUES ('a'), ('b'), ('c')")
    change(gate.before, "DELETE FROM log WHERE what = 'a'")
    gate.inspect("VACUUM")
    inspection.require_sound(gate.evidence)
    gate.require_declared()
    assert inspection.summary(gate.evidence, 1).startswith("1 applied, 0 rows lost")


def test_f35_a_damage_that_the_run_brought_stops_it(gate):
    """A script may do anything to its candidate, with writable_schema for one."""
    gate.inspect("CREATE TABLE x (a); INSERT INTO x VALUES (1)")
    inspection.require_sound(gate.evidence)
    gate.inspect(
        "CREATE TABLE x (a, b); INSERT INTO x VALUES (1, 2), (3, 4); CREATE INDEX i ON x (a);"
        "PRAGMA writable_schema=ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON x (b)' WHERE name = 'i'"
    )
    with pytest.raises(CandidateUnsound, match="damaged; nothing was changed"):
        inspection.require_sound(gate.evidence)


def test_the_summary_counts_what_happened(gate):
    """One line of a step."""
    gate.inspect(
        f"UPDATE {TABLE} SET x = -1 WHERE id < 4; INSERT INTO log VALUES ('x');"
        "DELETE FROM child WHERE id = 1"
    )
    assert inspection.summary(gate.evidence, 3) == "3 applied, 1 row lost, 3 changed, 2 added"
