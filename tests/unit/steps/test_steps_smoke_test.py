"""What is asked, and what is told of what is not."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import settings
from drydock.schema.inventory import inventory
from drydock.smoke.check import SmokeFailed
from drydock.steps import Skipped, smoke_test
from drydock.walk import Options, Walk

ADDRESSED = "[smoke]\nchecks = [{path = 'http://127.0.0.1:1/x', seconds = 0.1}]\npasses = 1\n"


@pytest.fixture
def walk(tmp_path):
    """Return a function: a walk with what the settings say besides the database."""

    def make(text, **options):
        (tmp_path / "drydock.toml").write_text(f"database = 'a.db'\n{text}")
        return Walk(settings.load(tmp_path), Options(**options), reporter=None)

    return make


def test_a_check_with_an_address_of_its_own_is_sent_without_a_backend(walk):
    """Configured is configured."""
    with pytest.raises(SmokeFailed, match="1 of 1 check failed"):
        smoke_test.perform(walk(ADDRESSED))


def test_checks_that_are_left_out_are_counted(walk):
    """Nobody takes a run without its checks for one that passed them."""
    for text, options, told in [
        ("", {}, "nothing to ask: no backend and no checks"),
        (ADDRESSED, {"no_backend": True}, "--no-backend; 1 check of the settings not sent"),
        ("[backend]\nport = 1\n", {"no_backend": True}, "--no-backend"),
    ]:
        line = smoke_test.perform(walk(text, **options))
        assert isinstance(line, Skipped)
        assert line == told


def test_f49_a_backend_that_cannot_be_asked_may_have_changed_the_schema(walk, tmp_path):
    """A worker without a port has nothing to be asked, and may start with create_all()."""
    asked = walk("[backend]\nstart = ['worker']\n")
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("CREATE TABLE t(x)")
        asked.schema = inventory(connection)
        assert isinstance(smoke_test.perform(asked), Skipped)
        connection.execute("CREATE TABLE made_by_the_worker(x)")
    with pytest.raises(smoke_test.SchemaChangedByBackend) as raised:
        smoke_test.perform(asked)
    assert "made_by_the_worker" in raised.value.lines[0]
