"""What is not as it should be is told with the way to mend just that."""

from __future__ import annotations

import pytest

from drydock.verify import SchemaDiffers, Verification


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
