"""Options of ``inv new`` become a migration that can be reviewed and run."""

from __future__ import annotations

import pytest

from drydock.errors import ExitCode
from drydock.rebuild.commands import (
    Change,
    UnreadableChangeError,
    migration_text,
    parse_change,
)


def test_one_change_is_one_call():
    text = migration_text("drop-notes", [parse_change("drop", "transactions.notes")])
    assert text == (
        '"""Drop notes: transactions.notes."""\n\n\n'
        "def migrate(db):\n"
        '    db["transactions"].transform(drop=["notes"])\n'
    )


def test_changes_of_one_table_are_one_call_that_does_what_they_say(connection, db):
    """Odd names included: the text is run, not looked at."""
    connection.execute('CREATE TABLE "odd.t"(id INTEGER PRIMARY KEY, "a=b" TEXT, [c"d] TEXT, e)')
    connection.execute("""INSERT INTO "odd.t" VALUES (1, '5', 'x', 'y')""")
    changes = [
        parse_change("retype", '"odd.t"."a=b"=DECIMAL(10, 2)'),
        parse_change("rename", '"odd.t".[c"d]=new "name"'),
        parse_change("not-null", '"odd.t".[a=b]'),
        parse_change("default", '"odd.t"."a=b"=0'),
        parse_change("drop", '"odd.t".e'),
        parse_change("check", 'odd.t: "a=b" < 9'),
    ]
    assert changes[-1] == Change("check", "odd.t", "", '"a=b" < 9')
    names = {}
    exec(compile(migration_text("all of it", changes), "migration", "exec"), names)
    names["migrate"](db)
    columns = {one.name: (one.type, one.notnull) for one in db["odd.t"].columns}
    assert columns == {
        "id": ("INTEGER", 0), "a=b": ("DECIMAL(10, 2)", 1), 'new "name"': ("TEXT", 0),
    }  # fmt: skip
    assert db["odd.t"].default_values == {"a=b": "0"}
    assert 'CHECK ("a=b" < 9)' in db["odd.t"].schema


@pytest.mark.parametrize(
    ("action", "argument"),
    [
        ("drop", "notes"),
        ("drop", "t.notes=5"),
        ("retype", "t.notes"),
        ("rename", "t.notes="),
        ("check", "t"),
        ("drop", ""),
    ],
)
def test_what_cannot_be_read_is_a_usage_error_that_shows_the_form(action, argument):
    with pytest.raises(UnreadableChangeError) as caught:
        parse_change(action, argument)
    assert caught.value.exit_code is ExitCode.USAGE
    assert f"--{action}" in caught.value.hint
