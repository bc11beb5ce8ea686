"""Collations and functions that only the application knows are no damage, and hide none."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from drydock import strangers
from drydock.evidence import compare, losses
from drydock.evidence.crew import NotComparable
from drydock.evidence.facts import NotCompared

ODD = 'back "wards'
SCHEMA = """
CREATE TABLE keyed (k TEXT COLLATE "back ""wards" PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE coded (id INTEGER PRIMARY KEY, code TEXT COLLATE backwards UNIQUE, v);
CREATE TABLE ruled (id INTEGER PRIMARY KEY, v CHECK (slug(v) <> 'no'));
CREATE TABLE shown (id INTEGER PRIMARY KEY, v);
CREATE INDEX by_slug ON shown (slug(v));
CREATE TABLE child (id INTEGER PRIMARY KEY, code REFERENCES coded (code));
CREATE TABLE plain (id INTEGER PRIMARY KEY, v UNIQUE);
"""


def opened(path):
    """Return a connection of the application's: its order is no order of bytes."""
    db = sqlite3.connect(path, isolation_level=None)
    for name in (ODD, "backwards"):
        db.create_collation(name, lambda a, b: (a < b) - (a > b))
    db.create_function("slug", 1, lambda value: str(value).lower(), deterministic=True)
    return db


@pytest.fixture
def pair(tmp_path):
    before, after = tmp_path / "before.db", tmp_path / "after.db"
    with closing(opened(before)) as db:
        db.executescript(SCHEMA)
        db.execute("BEGIN")
        many = [(n, f"Å{n:04}") for n in range(2_000)]
        for table in ("ruled", "shown", "plain"):
            db.executemany(f"INSERT INTO {table} VALUES (?, ?)", many)
        db.executemany("INSERT INTO keyed VALUES (?, ?)", [(text, n) for n, text in many])
        db.executemany("INSERT INTO coded VALUES (?, ?, ?)", [(n, t, t) for n, t in many])
        db.executemany("INSERT INTO child VALUES (?, ?)", many[:50])
        db.execute("COMMIT")
    shutil.copyfile(before, after)

    def changed(sql):
        with closing(opened(after)) as db:
            db.executescript(sql)
        return compare(before, after)

    return changed


def told(evidence):
    return {each.table: each.reason for each in evidence.not_checked}


def test_a_change_elsewhere_finds_no_damage_and_leaves_nothing_out(pair):
    evidence = pair("UPDATE plain SET v = v || 'x'")
    assert evidence.integrity == ()
    assert told(evidence) == {}
    assert evidence.table("plain").changed == 2_000


@pytest.mark.parametrize(
    ("table", "stranger"),
    [
        ("coded", "the collation backwards"),
        ("ruled", "the function slug"),
        ("shown", "the function slug"),
    ],
)
def test_what_could_not_be_checked_of_a_touched_table_is_told(pair, table, stranger):
    """And its rows are compared all the same, one by one."""
    evidence = pair(
        f"UPDATE {table} SET v = 'other' || id WHERE id < 7; DELETE FROM {table} "
        "WHERE id BETWEEN 100 AND 102"
    )
    assert [each.text for each in evidence.integrity if each.is_new] == []
    assert told(evidence)[table].endswith(f"only the application knows {stranger}")
    found = evidence.table(table)
    assert (found.changed, found.removed, found.kept) == (7, 3, 1_990)


def test_rows_in_an_order_of_the_application_are_found_again(pair):
    """Under its own order SQLite would look in the wrong place, and call every row gone."""
    evidence = pair(
        "UPDATE keyed SET v = -1 WHERE k < 'Å1000'; DELETE FROM keyed WHERE k = 'Å0001';"
        "INSERT INTO keyed VALUES ('new', 1)"
    )
    found = evidence.table("keyed")
    assert (found.changed, found.removed, found.added) == (999, 1, 1)
    assert [loss.table for loss in losses(evidence)] == ["keyed"]
    assert [each.text for each in evidence.integrity if each.is_new] == []


def test_new_tables_and_indexes_that_need_the_application_are_no_damage(pair):
    evidence = pair(
        "CREATE TABLE n (v TEXT COLLATE backwards UNIQUE, w CHECK (slug(w) <> 'no'));"
        "INSERT INTO n SELECT v, id FROM plain; CREATE INDEX by_v ON plain (v COLLATE backwards);"
    )
    assert [each.text for each in evidence.integrity if each.is_new] == []
    assert {"n", "plain"} <= set(told(evidence))
    assert evidence.table("n").rows_after == 2_000


def test_orphans_under_an_order_of_the_application_cannot_be_counted(pair):
    evidence = pair("UPDATE child SET code = 'Å0100' WHERE id = 1; DELETE FROM coded WHERE id = 2")
    assert evidence.foreign_keys == ()
    assert (
        NotCompared(
            "child",
            "its rows without a parent in coded could not be counted: "
            "only the application knows the collation backwards",
        )
        in evidence.not_checked
    )


def test_damage_beside_a_stranger_is_told(pair, tmp_path):
    """A page of the very index that it orders."""
    pair("UPDATE coded SET v = 'x' WHERE id = 1")
    after = tmp_path / "after.db"
    with closing(opened(after)) as db:
        (root,) = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_coded_1'"
        ).fetchone()
    data = bytearray(after.read_bytes())
    data[(root - 1) * 4096 : (root - 1) * 4096 + 64] = b"\xa5" * 64
    after.write_bytes(data)
    try:
        evidence = compare(tmp_path / "before.db", after)
    except NotComparable:
        return
    assert [each.text for each in evidence.integrity if each.is_new] != []


@pytest.mark.parametrize(
    ("message", "stranger"),
    [
        ("no such collation sequence: back wards", "the collation back wards"),
        ("unknown function: slug()", "the function slug"),
        ("no such function: slug", "the function slug"),
        ("no such table: slug", "None"),
    ],
)
def test_a_stranger_is_known_by_what_sqlite_says(message, stranger):
    assert str(strangers.named(message)) == stranger
