"""The order file: names without numbers run in its order, and it is never followed half."""

from __future__ import annotations

import pytest

from drydock import migration, plan, settings
from drydock.commands import new
from drydock.errors import ExitCode
from drydock.ledger import Entry


@pytest.fixture
def folder(tmp_path):
    """Scripts as people name them, one of them with a number and one with a blank."""
    home = tmp_path / "old scripts"
    home.mkdir()
    for name in ("zebra.sql", "add tags.sql", "001_first.sql", "middle.py"):
        (home / name).write_text("-- nothing\n" if name.endswith("sql") else "pass\n")
    return home


def names(folder):
    return [each.name for each in migration.read_folder(folder)]


def test_without_an_order_file_numbers_come_first_and_names_after(folder):
    assert names(folder) == ["001_first", "add tags", "middle", "zebra"]


def test_the_order_file_decides_and_new_files_come_after(folder):
    """Comments, blank lines and CRLF are no names; a file it does not know is a new one."""
    (folder / "order.txt").write_bytes(b"\xef\xbb\xbf# by adopt\r\nzebra\r\n\r\nadd tags # old\r\n")
    assert names(folder) == ["zebra", "add tags", "001_first", "middle"]


def test_the_order_file_decides_what_is_out_of_order(folder):
    """Pending before an applied one is told by places, not by names."""
    (folder / "order.txt").write_text("zebra\nadd tags\n001_first\nmiddle\n")
    files = migration.read_folder(folder)
    applied = [Entry(1, "add tags", files[1].checksum, "2026-01-01T00:00:00+00:00", 0.0, "adopted")]
    found = plan.make(applied, files)
    assert [each.name for each in found.out_of_order] == ["zebra"]
    assert [each.name for each in found.pending] == ["zebra", "001_first", "middle"]


def test_a_new_migration_gets_a_free_number_and_the_last_place(folder):
    """The order file may hold numbers against their order."""
    (folder / "002_second.sql").write_text("-- nothing\n")
    (folder / "order.txt").write_text("002_second\n001_first\nzebra\n")
    (folder.parent / "drydock.toml").write_text(
        f'database = "a.db"\nmigrations = "{folder.name}"\n'
    )
    path = new.write(settings.load(folder.parent), "later", python=False)
    assert path.name == "003_later.sql"
    assert names(folder) == ["002_second", "001_first", "zebra", "003_later", "add tags", "middle"]


def test_where_a_file_stands_no_migration_is_written(tmp_path):
    """Told as the settings' mistake, not as the system's refusal."""
    (tmp_path / "drydock.toml").write_text('database = "a.db"\nmigrations = "file"\n')
    (tmp_path / "file").touch()
    with pytest.raises(migration.FolderMissing, match="is a file; nothing was touched"):
        new.write(settings.load(tmp_path), "later", python=False)


@pytest.mark.parametrize(
    ("line", "problem"), [("zebr", "is no file of this folder"), ("middle", "stands here twice")]
)
def test_a_line_that_cannot_be_followed_is_refused_with_its_number(folder, line, problem):
    """A typing error must not send a migration to the end in silence."""
    (folder / "order.txt").write_text(f"middle\nzebra\n{line}\n")
    with pytest.raises(migration.OrderError) as caught:
        migration.read_folder(folder)
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.cause == [f"{line} {problem}"]
    assert caught.value.at.endswith("order.txt:3")
