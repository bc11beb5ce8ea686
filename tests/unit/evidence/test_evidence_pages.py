"""Identical pages prove a table, and nothing else does."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.evidence import compare
from drydock.evidence.pages import PageProof, read_header

ROWS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) "
# Deep trees (small pages), overflow chains of one and of many pages, free pages, an index with
# long entries, a WITHOUT ROWID table.
DEEP = (
    "CREATE TABLE a(id INTEGER PRIMARY KEY, v TEXT);"
    "CREATE TABLE long(id INTEGER PRIMARY KEY, v TEXT);"
    "CREATE TABLE w(k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID;"
    "CREATE TABLE gone(id INTEGER PRIMARY KEY, v TEXT);"
    + ROWS.format(3000)
    + "INSERT INTO a SELECT i, printf('%040d', i) FROM n;"
    + ROWS.format(60)
    + "INSERT INTO long SELECT i, printf('%.*c', i * i * 20, 'x') FROM n;"
    + ROWS.format(400)
    + "INSERT INTO w SELECT 'key' || i, zeroblob(i * 7) FROM n;"
    + ROWS.format(500)
    + "INSERT INTO gone SELECT i, printf('%0100d', i) FROM n;"
    "DROP TABLE gone; CREATE INDEX long_v ON long(v); CREATE INDEX a_v ON a(v);"
)
SETTINGS = [
    "PRAGMA page_size = 512",
    "PRAGMA page_size = 1024; PRAGMA auto_vacuum = FULL",
    "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA page_size = 65536",
]


def roots(path):
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage"))


def proved(files):
    """The number of entries of every b-tree that pages prove the same."""
    old, new = roots(files.before), roots(files.after)
    with PageProof.read(files.before, files.after, workers=2) as proof:
        proof.know_roots(old.values())
        return {name: proof.rows_if_same(root, new.get(name, 0)) for name, root in old.items()}


@pytest.mark.parametrize("pragma", SETTINGS)
def test_equal_trees_are_proved_with_their_number_of_rows(files, pragma):
    """Page sizes from 512 to 65,536, auto-vacuum or not: the counts are SQLite's own."""
    files.make(DEEP + "CREATE TABLE other(a)", "INSERT INTO other VALUES (1)", pragma=pragma)
    rows = {"a": 3000, "long": 60, "w": 400, "long_v": 60, "a_v": 3000, "other": None}
    assert proved(files) == rows


@pytest.mark.parametrize("pragma", SETTINGS)
@pytest.mark.parametrize("at", [1, 30, 59])
def test_a_change_inside_an_overflow_page_is_seen(files, pragma, at):
    """The last bytes of a long text, overwritten at the same length, change no leaf page."""
    files.make(
        DEEP + "DROP INDEX long_v;",
        f"UPDATE long SET v = substr(v, 1, length(v) - 1) || 'y' WHERE id = {at}",
        pragma=pragma,
    )
    found = proved(files)
    assert found["long"] is None
    assert (found["a"], found["w"], found["a_v"]) == (3000, 400, 3000)


@pytest.mark.parametrize("pragma", SETTINGS)
def test_a_change_in_the_overflow_of_a_key_is_seen(files, pragma):
    """Index entries and WITHOUT ROWID rows spill over too, on interior pages as well."""
    files.make(DEEP, pragma=pragma)
    for at in range(1, 401, 57):
        files.change(f"UPDATE w SET v = substr(v, 2) || X'ff' WHERE k = 'key{at}'")
        assert proved(files)["w"] is None
        files.change(f"UPDATE w SET v = zeroblob({at * 7}) WHERE k = 'key{at}'")
    assert proved(files)["w"] == 400


@pytest.mark.parametrize("pragma", SETTINGS)
def test_every_single_changed_byte_takes_a_table_from_the_proof(files, pragma):
    """Flip one byte anywhere in the file: what is still proved reads the same in SQLite."""
    files.make(DEEP, pragma=pragma)
    raw = files.before.read_bytes()
    size = read_header(files.before).page_size
    old = {name: rows(files.before, name) for name in ("a", "long", "w")}
    step = max(size, len(raw) // 40 // size * size) + 7
    for at in range(size + 11, len(raw), step):
        files.after.write_bytes(raw[:at] + bytes([raw[at] ^ 0x15]) + raw[at + 1 :])
        found = proved(files)
        for name, known in old.items():
            if found[name] is not None:
                assert rows(files.after, name) == known


def rows(path, table):
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        try:
            return connection.execute(f"SELECT * FROM {table}").fetchall()
        except sqlite3.DatabaseError as error:
            return str(error)


def test_a_moved_root_page_does_not_hide_an_equal_tree(files):
    """Two tables that swapped places in the schema are told by their pages."""
    files.make(
        "CREATE TABLE a(v); CREATE TABLE b(v); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)"
    )
    old = roots(files.before)
    with PageProof.read(files.before, files.after) as proof:
        assert proof.rows_if_same(old["a"], old["a"]) == 1
        assert proof.rows_if_same(old["a"], old["b"]) is None
    files.change("DELETE FROM b; INSERT INTO b VALUES (1)")
    with PageProof.read(files.before, files.after) as proof:
        assert proof.rows_if_same(old["a"], old["b"]) == 1


def test_a_file_with_pages_outside_it_is_not_proved_by_pages(files):
    """A -wal beside the file holds newer pages: rows are compared through SQLite."""
    files.make("PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)")
    with closing(sqlite3.connect(files.after, isolation_level=None)) as held:
        held.execute("PRAGMA journal_mode = WAL")
        held.execute("UPDATE t SET a = 3 WHERE a = 2")
        assert PageProof.read(files.before, files.after) is None
        table = compare(files.before, files.after).table("t")
        assert (table.kept, table.changed, table.pages_proved) == (1, 1, False)


@pytest.mark.parametrize(
    "change",
    ["PRAGMA page_size = 8192; VACUUM", "PRAGMA auto_vacuum = FULL; VACUUM", "VACUUM"],
)
def test_a_file_written_anew_is_compared_by_rows(files, change):
    """Another page size or every page moved: nothing is proved, all rows are found the same."""
    files.make(DEEP, change)
    evidence = files.compare()
    assert {(t.kind, t.kept) for t in evidence.tables} == {
        ("untouched", 3000),
        ("untouched", 60),
        ("untouched", 400),
    }
    assert not any(t.pages_proved for t in evidence.tables if t.name != "a" or "8192" in change)


def test_no_database_is_no_proof(tmp_path):
    """Files that are no databases, or cut in the middle of a page, prove nothing."""
    one, two = tmp_path / "one", tmp_path / "two"
    for content in (b"", b"SQLite format 3\x00", b"x" * 5000):
        one.write_bytes(content)
        two.write_bytes(content)
        assert PageProof.read(one, two) is None


@pytest.mark.parametrize(
    ("at", "value"), [(20, 32), (47, 1), (59, 2)], ids=["reserved", "schema format", "encoding"]
)
def test_equal_pages_under_another_header_prove_nothing(files, at, value):
    """The same bytes mean other values under another encoding or schema format."""
    files.make(DEEP)
    raw = bytearray(files.after.read_bytes())
    raw[at] = value
    files.after.write_bytes(raw)
    assert PageProof.read(files.before, files.after) is None


def test_a_file_with_half_a_page_is_not_proved_by_pages(files):
    """A size that is no whole number of pages is no file that SQLite has finished."""
    files.make(DEEP)
    files.after.write_bytes(files.after.read_bytes() + bytes(100))
    assert PageProof.read(files.before, files.after) is None


def test_a_shorter_file_after_is_different_where_it_ends(files):
    """Pages that the file after does not have are changed pages."""
    files.make(DEEP)
    raw = files.after.read_bytes()
    files.after.write_bytes(raw[: len(raw) // 2 // 4096 * 4096])
    old = roots(files.before)
    with PageProof.read(files.before, files.after) as proof:
        proof.know_roots(old.values())
        found = {name: proof.rows_if_same(root, root) for name, root in old.items()}
    assert found["a"] == 3000
    assert found["a_v"] is None


def test_a_stopped_comparison_proves_nothing(files):
    """What was not read counts as different."""
    files.make(DEEP)
    old = roots(files.before)
    with PageProof.read(files.before, files.after, should_stop=lambda: True) as proof:
        assert proof.rows_if_same(old["a"], old["a"]) is None
