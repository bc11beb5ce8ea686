"""What is not as it should be is told with the way to mend just that."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import settings
from drydock.verify import SchemaDiffers, Verification, verify


@pytest.mark.parametrize(
    ("problems", "history", "hint"),
    [
        (("a file is gone",), ("a file is gone",), "what to do about the files: inv review"),
        (("t is missing",), (), "write the migration that makes it so (inv new NAME)"),
        (
            ("a file is gone", "t is missing"),
            ("a file is gone",),
            "inv review\nwrite the migration",
        ),
    ],
)
def test_the_hint_is_about_what_was_found(problems, history, hint):
    """No migration brings an edited file back, and no file a missing column."""
    found = Verification(1, "files", problems, history, (), schema=None)
    error = SchemaDiffers("app.db", found)
    assert hint in error.hint
    assert ("inv new" in error.hint) == (problems != history)
    assert error.cause == list(problems)


def test_a_schema_file_that_is_not_there_is_told(tmp_path):
    """A deleted file would count as a match for ever."""
    path = tmp_path / "schema.sql"
    (tmp_path / "drydock.toml").write_text('database = "app.db"\nschema = "schema.sql"\n')
    ours = settings.load(tmp_path)
    with closing(sqlite3.connect(ours.database)) as opened:
        opened.execute("CREATE TABLE a(b)")
        found = verify(ours, opened, ())
        assert found.problems == ()
        assert "schema.sql is not there, so it was not compared" in found.notes[0]
        assert verify(ours, opened, (), after_publish=True).notes == ()
        path.write_text("CREATE TABLE a(b);")
        assert verify(ours, opened, ()).notes == ()
