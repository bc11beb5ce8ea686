"""What is written: ledger rows and the order, together or not at all, after a yes and a backup."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from drydock import backup, connection, ledger, migration, plan
from drydock.adopt import recording, renumbering
from drydock.adopt.recording import Entries
from drydock.commands import adopt as command
from drydock.errors import ExitCode

TAG = "ALTER TABLE owner ADD COLUMN tag TEXT;"
NOTE = "CREATE TABLE note (x);"


@pytest.fixture
def half_done(lab):
    """One script has run, one has not, and their names say the wrong order."""
    lab.sql(TAG)
    lab.write(b_tag=TAG, a_note=NOTE)
    return lab


def read_order(lab):
    return [each.name for each in migration.read_folder(lab.folder)]


def test_yes_records_what_has_run_and_runs_nothing(half_done, adopt):
    """The ledger gets the row, the folder its order, the backups one more; the data nothing."""
    screen = adopt(yes=True)
    assert half_done.ledger() == [("b_tag", "adopted")]
    assert read_order(half_done) == ["b_tag", "a_note"]
    assert screen.rows[0].split()[:2] == ["applied", "b_tag"]
    assert len(backup.proved(half_done.root / "backups")) == 1
    with closing(sqlite3.connect(half_done.live)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'note'").fetchone() == (
            0,
        )
    with closing(connection.read(half_done.live)) as opened:
        state = plan.make(ledger.entries(opened), migration.read_folder(half_done.folder))
    assert [each.name for each in state.pending] == ["a_note"]
    assert state.out_of_order == ()


@pytest.mark.parametrize("answer", [False, None])
def test_without_a_yes_nothing_is_written(half_done, adopt, answer):
    """A no, and nobody to ask: exit 3, and not a byte anywhere but the table on the screen."""
    before = half_done.live.read_bytes()
    with pytest.raises(command.AdoptRefused) as caught:
        adopt(answer=answer)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert half_done.live.read_bytes() == before
    assert half_done.files() == ["a_note.sql", "b_tag.sql"]
    assert backup.proved(half_done.root / "backups") == ()
    assert not (half_done.root / ".drydock" / "the app.db" / "adopt").exists()


def test_the_question_says_how_many_and_that_none_is_run(half_done, adopt):
    screen = adopt(answer=True)
    (question,) = screen.asked
    assert question.startswith("Record 1 as applied to the app.db without running them and ")
    assert question.endswith("keep the order in old scripts/order.txt?")
    assert half_done.ledger() == [("b_tag", "adopted")]


def test_a_dry_run_shows_the_table_and_asks_nothing(half_done, adopt):
    before = half_done.live.read_bytes()
    screen = adopt(dry_run=True)
    assert len(screen.rows) == 2
    assert screen.asked == []
    assert half_done.live.read_bytes() == before
    assert half_done.files() == ["a_note.sql", "b_tag.sql"]


def test_what_a_killed_adopt_left_is_no_hindrance(half_done, adopt):
    """Its copies go; so do those of this one."""
    scratch = half_done.root / ".drydock" / "the app.db" / "adopt"
    scratch.mkdir(parents=True)
    for number in range(1, 9):
        (scratch / f"copy-{number}.db").write_bytes(b"half a copy")
    adopt(yes=True)
    assert half_done.ledger() == [("b_tag", "adopted")]
    assert not scratch.exists()


def test_no_database_is_told_as_such(lab, adopt):
    """A wrong path: nothing is made of it."""
    lab.live.unlink()
    with pytest.raises(connection.DatabaseMissing):
        adopt(yes=True)
    assert not lab.live.exists()
    assert not (lab.root / ".drydock").exists()


def test_a_second_adopt_has_nothing_to_record(half_done, adopt):
    """What is pending stays so; no question, no backup more."""
    adopt(yes=True)
    screen = adopt()
    assert [row.split()[:2] for row in screen.rows] == [["pending", "a_note"]]
    assert len(backup.proved(half_done.root / "backups")) == 1


def test_the_application_may_go_on_running(half_done, adopt):
    """An open connection in WAL mode, as a backend has it, before and after."""
    half_done.sql("PRAGMA journal_mode=WAL;")
    with closing(sqlite3.connect(half_done.live)) as application:
        assert application.execute("SELECT count(*) FROM owner").fetchone() == (3,)
        adopt(yes=True)
        application.execute("INSERT INTO owner (name) VALUES ('new')")
        application.commit()
        assert application.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert half_done.ledger() == [("b_tag", "adopted")]


def test_a_writer_that_does_not_end_is_waited_for_and_then_named_busy(half_done, adopt):
    """Nothing is written, the order neither."""
    with closing(sqlite3.connect(half_done.live, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(connection.DatabaseLocked):
            adopt(yes=True)
        writer.execute("ROLLBACK")
    assert half_done.ledger() == []
    assert half_done.files() == ["a_note.sql", "b_tag.sql"]


def test_a_schema_that_changed_meanwhile_is_not_recorded(half_done):
    """The verdicts are of the schema that was judged."""
    with closing(connection.read(half_done.live)) as opened:
        seen = recording.signature(opened)
    half_done.sql("ALTER TABLE owner DROP COLUMN tag;")
    added = ((migration.read_file(half_done.folder / "b_tag.sql"), "adopted"),)
    with pytest.raises(recording.DatabaseMoved) as caught:
        recording.write(half_done.live, Entries(added=added), seen=seen, timeout=1)
    assert caught.value.exit_code == ExitCode.BUSY
    assert half_done.ledger() == []


def test_files_that_cannot_follow_leave_the_ledger_as_it_was(half_done):
    """The rows and the files belong together."""

    @contextmanager
    def full_disk():
        raise OSError(28, "No space left on device")
        yield

    added = ((migration.read_file(half_done.folder / "b_tag.sql"), "adopted"),)
    with pytest.raises(OSError, match="No space left"):
        recording.write(
            half_done.live, Entries(added=added), seen=None, timeout=1, alongside=full_disk()
        )
    assert half_done.ledger() == []


def test_killed_before_the_commit_the_ledger_is_the_old_one(half_done):
    """SIGKILL with the transaction open and its pages on the disk: SQLite rolls back."""
    program = (
        "import os, signal, sys\nfrom contextlib import contextmanager\nfrom pathlib import Path\n"
        "from drydock import migration\nfrom drydock.adopt.recording import Entries, write\n"
        "@contextmanager\ndef killed():\n    os.kill(os.getpid(), signal.SIGKILL)\n    yield\n"
        "file = migration.read_file(Path(sys.argv[2]))\n"
        "write(Path(sys.argv[1]), Entries(added=((file, 'adopted'),)), seen=None, timeout=1,"
        " alongside=killed())\n"
    )
    file = half_done.folder / "b_tag.sql"
    environment = os.environ | {"PYTHONPATH": str(Path(command.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", program, half_done.live, file], env=environment, check=False
    )
    assert done.returncode == -9
    assert half_done.ledger() == []
    with closing(sqlite3.connect(half_done.live)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_mark_records_single_ones_and_unmark_takes_them_out(lab, adopt):
    """By name or by the file's name; nothing is judged, nothing run."""
    lab.write(tag=TAG, note=NOTE)
    adopt(mark=["tag.sql", "note"])
    assert lab.ledger() == [("tag", "marked"), ("note", "marked")]
    adopt(unmark=["tag"])
    assert lab.ledger() == [("note", "marked")]
    assert len(backup.proved(lab.root / "backups")) == 2


def test_unmark_and_mark_together_take_the_edited_text(lab, adopt):
    """The way out of "edited" where the edit is meant."""
    lab.write(tag=TAG)
    adopt(mark=["tag"])
    lab.write(tag=TAG + " -- edited")
    adopt(unmark=["tag"], mark=["tag"])
    with closing(connection.read(lab.live)) as opened:
        state = plan.make(ledger.entries(opened), migration.read_folder(lab.folder))
    assert state.is_clean


def test_unmark_also_takes_out_what_has_no_file_any_more(lab, adopt):
    lab.write(tag=TAG)
    adopt(mark=["tag"])
    (lab.folder / "tag.sql").unlink()
    adopt(unmark=["tag"])
    assert lab.ledger() == []


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"mark": ["tgs"]}, plan.UnknownMigration, "did you mean: tag"),
        ({"unmark": ["note"]}, command.WrongMark, "note is not in the ledger"),
        ({"mark": ["tag"]}, command.WrongMark, "tag is in the ledger already, marked on "),
    ],
)
def test_a_name_that_is_wrong_changes_nothing(lab, adopt, options, error, said):
    """Also when others on the same line are right."""
    lab.write(tag=TAG, note=NOTE)
    adopt(mark=["tag"])
    with pytest.raises(error) as caught:
        adopt(**{name: [*names, *(["note"] * (name == "mark"))] for name, names in options.items()})
    assert said in f"{caught.value.what} {caught.value.hint}"
    assert caught.value.exit_code == ExitCode.USAGE
    assert lab.ledger() == [("tag", "marked")]


def test_renumber_puts_the_order_into_the_names_by_git_mv(half_done, adopt):
    """git knows of the moves; the ledger's rows have the new names; no order file is needed."""
    subprocess.run(["git", "init", "-q"], cwd=half_done.root, check=True)
    subprocess.run(["git", "add", "old scripts/b_tag.sql"], cwd=half_done.root, check=True)
    adopt(yes=True, renumber=True)
    assert half_done.files() == ["001_b_tag.sql", "002_a_note.sql"]
    assert half_done.ledger() == [("001_b_tag", "adopted")]
    staged = subprocess.run(
        ["git", "ls-files"], cwd=half_done.folder, capture_output=True, text=True, check=True
    )
    assert staged.stdout.split() == ["001_b_tag.sql"]


def test_renumber_after_adopting_renames_the_rows_too(half_done, adopt):
    """Numbers go on after the highest one there is; the order file goes."""
    (half_done.folder / "005_first.sql").write_text("SELECT 1;")
    adopt(yes=True)
    assert "order.txt" in half_done.files()
    adopt(yes=True, renumber=True)
    assert half_done.files() == ["005_first.sql", "006_b_tag.sql", "007_a_note.sql"]
    assert half_done.ledger() == [("005_first", "adopted"), ("006_b_tag", "adopted")]
    with closing(connection.read(half_done.live)) as opened:
        state = plan.make(ledger.entries(opened), migration.read_folder(half_done.folder))
    assert state.is_clean


def test_renumber_moves_the_files_back_when_the_ledger_cannot_follow(half_done, adopt):
    """A writer holds the database: names and order are what they were."""
    adopt(yes=True)
    before = half_done.files()
    text = (half_done.folder / "order.txt").read_text()
    files = {each.name: each for each in migration.read_folder(half_done.folder)}
    names = renumbering.plan(tuple(files.values()))
    paths = {name: each.path for name, each in files.items()}
    seen = []

    def locked():
        seen.extend(half_done.files())
        raise sqlite3.OperationalError("database is locked")

    block = renumbering.renamed(half_done.folder, names, paths)
    with pytest.raises(sqlite3.OperationalError, match="locked"), block:
        locked()
    assert seen == ["001_b_tag.sql", "002_a_note.sql"]
    assert half_done.files() == before
    assert (half_done.folder / "order.txt").read_text() == text


@pytest.fixture
def of_dbmate(lab):
    """A folder of dbmate's, of which one migration has run, and no table of dbmate's."""
    lab.sql(TAG)
    for name, up in (("20240101000000_tag", TAG), ("20240201000000_note", NOTE)):
        lab.write(**{name: f"-- migrate:up\n{up}\n\n-- migrate:down\nSELECT 1;\n"})
    return lab


def test_another_tools_books_are_kept_in_step(of_dbmate, adopt):
    """What adopt records, marks and unmarks stands in dbmate's table as well."""

    def versions():
        with closing(sqlite3.connect(of_dbmate.live)) as db:
            return db.execute("SELECT version FROM schema_migrations ORDER BY 1").fetchall()

    adopt(yes=True)
    assert of_dbmate.ledger() == [("20240101000000_tag", "adopted")]
    assert versions() == [("20240101000000",)]
    assert "order.txt" not in of_dbmate.files()
    adopt(mark=["20240201000000_note"])
    assert versions() == [("20240101000000",), ("20240201000000",)]
    adopt(unmark=["20240101000000_tag"])
    assert versions() == [("20240201000000",)]
    assert of_dbmate.ledger() == [("20240201000000_note", "marked")]


def test_another_tools_script_can_be_tried_twice(of_dbmate, adopt):
    """dbmate enters a version once; the trial's row is struck before the second run."""
    update = "UPDATE owner SET tag = 'x' WHERE tag IS NULL;"
    text = f"-- migrate:up\n{update}\n-- migrate:down\n"
    of_dbmate.write(**{"20240301000000_rows": text})
    screen = adopt(dry_run=True)
    assert screen.rows[-1].split(None, 2)[::2] == ["pending", "would change 3 rows of owner"]


def test_another_tools_files_keep_their_names(of_dbmate, adopt):
    """The tool knows them by nothing else."""
    before = of_dbmate.files()
    with pytest.raises(renumbering.NotRenumberable) as caught:
        adopt(yes=True, renumber=True)
    assert caught.value.cause == ["dbmate knows its migrations by their names"]
    assert of_dbmate.files() == before


def test_renumber_refuses_an_order_that_numbers_would_have_to_change_for(lab, adopt):
    """A script without a number that comes before a numbered one, as another needs it."""
    lab.write(**{"001_fill": "UPDATE owner SET tag = 'x';", "tag": TAG})
    with pytest.raises(renumbering.NotRenumberable) as caught:
        adopt(yes=True, renumber=True)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert lab.files() == ["001_fill.sql", "tag.sql"]
    assert lab.ledger() == []


def test_an_interrupted_renumbering_is_healed_by_adopting_again(half_done, adopt):
    """Killed after the first file was moved: its row follows it, by its text."""
    adopt(yes=True)
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom drydock import migration\n"
        "from drydock.adopt import renumbering\n"
        "folder = Path(sys.argv[1])\nmove = renumbering._move\n"
        "def once(old, new):\n    move(old, new)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "renumbering._move = once\n"
        "files = migration.read_folder(folder)\n"
        "paths = {each.name: each.path for each in files}\n"
        "renumbering.renamed(folder, renumbering.plan(files), paths).__enter__()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(command.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", program, half_done.folder], env=environment, check=False
    )
    assert done.returncode == -9
    assert half_done.files() == ["001_b_tag.sql", "a_note.sql"]
    adopt(yes=True, renumber=True)
    assert half_done.ledger() == [("001_b_tag", "adopted")]
    assert half_done.files() == ["001_b_tag.sql", "002_a_note.sql"]
