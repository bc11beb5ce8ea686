"""What `inv migrate --create` made goes when nothing came of it, and only while it is nobody's."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import connection, empty, settings
from drydock.errors import DrydockError
from drydock.source import MigrationError
from drydock.walk import Options, Walk
from tests.support.stray import Stray


@pytest.fixture
def walk(tmp_path):
    """A walk that has made an empty database, in a project without a migration."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "drydock.toml").write_text('database = "app.db"\ntimeout = 0.2\n')
    made = Walk(settings.load(tmp_path), Options(create=True), reporter=None)
    empty.make(made)
    return made


def names(walk):
    return sorted(each.name for each in walk.live.parent.iterdir())


def execute(path, sql):
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(sql)


def test_what_was_made_is_a_database_and_goes_again(walk):
    """Nothing of it is left."""
    connection.read(walk.live).close()
    empty.remove(walk)
    assert names(walk) == ["drydock.toml", "migrations"]


def test_a_file_that_cannot_be_read_leaves_nothing(walk):
    """It is read while the database is made, whose header may be for it to say."""
    empty.remove(walk)
    (walk.settings.migrations / "001_a.sql").write_bytes(b"\xff")
    with pytest.raises(MigrationError):
        empty.make(walk)
    assert names(walk) == ["drydock.toml", "migrations"]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (x)",
        "PRAGMA user_version=3",
        "PRAGMA application_id=3",
        "PRAGMA journal_mode=WAL",
    ],
)
def test_what_somebody_has_begun_to_use_stays(walk, sql):
    """A table, a version, another mode: it is not ours any more."""
    execute(walk.live, sql)
    empty.remove(walk)
    assert walk.live.exists()


def test_what_somebody_has_open_stays(walk):
    """He is about to write into it."""
    with Stray(walk.live):
        empty.remove(walk)
        assert walk.live.exists()


def test_another_file_of_that_name_stays(walk):
    """It is not the one that was made, however empty."""
    other = walk.live.with_name("other.db")
    connection.create_empty(other)
    other.replace(walk.live)
    empty.remove(walk)
    assert walk.live.exists()


def test_what_was_published_into_it_stays(walk):
    """Then it is the user's database."""
    walk.published = True
    empty.remove(walk)
    assert walk.live.exists()


def test_one_that_was_there_is_left_as_it_is(walk):
    """Neither made anew nor removed."""
    execute(walk.live, "CREATE TABLE t (x)")
    again = Walk(walk.settings, Options(create=True), reporter=None)
    empty.make(again)
    empty.remove(again)
    with closing(connection.read(walk.live)) as opened:
        assert opened.execute("SELECT name FROM sqlite_schema").fetchall() == [("t",)]


def test_the_hint_makes_it_again_where_it_is_gone(walk):
    """Once, in every command; where it is there, --create is not wanted."""
    error = DrydockError("no", hint="mend it: inv migrate\nor agree: inv migrate --create --yes")
    empty.make_again(walk, error)
    assert error.hint.startswith("mend it: inv migrate\n")
    empty.remove(walk)
    empty.make_again(walk, error)
    assert error.hint == ("mend it: inv migrate --create\nor agree: inv migrate --create --yes")
