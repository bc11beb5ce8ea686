"""Scripts in the styles of many tools, fit for their database: the review has no error for them."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from drydock.executor.trace import Applied
from drydock.review import review_rehearsed, review_statically

HERE = Path(__file__).parent
NAMED = dict(
    re.findall(
        r"^=== (.+)\n((?:(?!^=== ).*\n?)*)",
        (HERE / "real_world.sql").read_text("utf-8"),
        re.MULTILINE,
    )
)
SHOP = NAMED.pop("the shop")
SCRIPTS = NAMED | {"crlf": "CREATE TABLE a(b);\r\nALTER TABLE a ADD COLUMN c;\r\n"}


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SHOP)
    return path


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_fitting_script_gets_no_error(script, shop, migration):
    """A script that SQLite runs, and that loses nothing undeclared, never gets an error."""
    pending = [migration(script.replace("\r\n", "\n"))]
    with closing(sqlite3.connect(shop)) as connection:
        found = review_statically(pending, connection)
    assert [each for each in found if each.severity == "error"] == []
    rehearsal = review_rehearsed(pending, shop, lambda _: Applied("", 0, ()))
    assert [each for each in rehearsal.findings if each.severity == "error"] == []
    assert rehearsal.stopped is None


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_script_without_a_database_gets_no_error(script, migration):
    """Where nothing is known of the database, nothing is claimed to be wrong."""
    found = review_statically([migration(script)], None)
    assert [each for each in found if each.severity == "error"] == []


def test_there_are_a_hundred_scripts():
    """The promise is made on a hundred of them."""
    assert len(SCRIPTS) >= 100
