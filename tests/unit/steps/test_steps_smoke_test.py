"""What is asked, and what is told of what is not."""

from __future__ import annotations

import pytest

from drydock import settings
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
