"""The rows of every table are accounted for, exactly."""

from __future__ import annotations

import sqlite3

import pytest

from drydock.evidence import (
    ComparisonStopped,
    NotComparable,
    Options,
    Progress,
    SchemaChange,
    compare,
    losses,
)

LONG = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) "


def counts(table):
    return table.kept, table.changed, table.added, table.removed


def column(table, name):
    return next(found for found in table.columns if found.name == name)


def test_two_equal_files_show_nothing(files):
    """Equal files: every table untouched, proved by pages, no row looked at."""
    evidence = files.make().compare()
    assert {(table.kind, table.pages_proved) for table in evidence.tables} == {("untouched", True)}
    assert [table.rows_after for table in evidence.tables] == [4, 3, 3, 5]
    assert evidence.rows_compared == 0
    assert evidence.rows_proved_by_pages == 15
    assert not losses(evidence)
    assert evidence.schema == SchemaChange()


def test_an_update_an_insert_and_a_delete_are_told_apart(files):
    """Changed, added and removed rows are counted, with the column and samples."""
    files.make(
        change="""
        UPDATE "my ""orders" SET note = 'changed' WHERE id = 2;
        DELETE FROM "my ""orders" WHERE id = 5;
        INSERT INTO "my ""orders" VALUES (7, 'n', 1, 'new'), (8, 'n', 1, 'new');
        """
    )
    table = files.table('my "orders')
    assert (table.kind, table.matched_by) == ("changed", "rowid")
    assert counts(table) == (2, 1, 2, 1)
    assert [(found.name, found.changed) for found in table.columns] == [("note", 1)]
    removed, changed = table.samples
    assert (removed.kind, removed.key) == ("removed", "id=5")
    assert ("total", "x'00ff'", None) in [(v.column, v.before, v.after) for v in removed.values]
    assert [(v.column, v.before, v.after) for v in changed.values] == [
        ("note", "NULL", "'changed'")
    ]
    assert [loss.kind for loss in losses(files.compare())] == ["rows-removed"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1", "1.0"),
        ("1.0", "1"),
        ("'a'", "'A'"),
        ("'a'", "X'61'"),
        ("'1'", "1"),
        ("'a' || char(0) || 'b'", "'a' || char(0) || 'c'"),
        ("9007199254740993", "9007199254740992.0"),
        ("0.1 + 0.2", "0.3"),
        ("NULL", "''"),
        ("X''", "''"),
        ("9223372036854775807", "9223372036854775806"),
    ],
)
@pytest.mark.parametrize("key", ["id INTEGER PRIMARY KEY", "id TEXT PRIMARY KEY"])
def test_the_smallest_difference_in_an_untyped_column_is_seen(files, old, new, key):
    """`IS` holds some of these for equal; the evidence does not."""
    end = " WITHOUT ROWID" if "TEXT" in key else ""
    files.make(
        f"CREATE TABLE t({key}, v COLLATE NOCASE){end}; INSERT INTO t VALUES (1, {old}), (2, 1)",
        f"UPDATE t SET v = {new} WHERE id = '1'",
    )
    table = files.table("t")
    assert counts(table) == (1, 1, 0, 0)
    assert column(table, "v").changed == 1


def test_a_rebuild_that_keeps_every_value_keeps_every_row(files):
    """The 12 steps with new DDL: rebuilt, all kept, nothing lost."""
    files.make(
        change="""
        CREATE TABLE new(id INTEGER PRIMARY KEY, "group" TEXT, total, note TEXT NOT NULL);
        INSERT INTO new SELECT id, "group", total, coalesce(note, '') FROM "my ""orders";
        DROP TABLE "my ""orders";
        ALTER TABLE new RENAME TO "my ""orders";
        """
    )
    table = files.table('my "orders')
    assert table.kind == "rebuilt"
    assert counts(table) == (3, 1, 0, 0)
    assert column(table, "note").changed == 1
    assert not losses(files.compare())


def test_a_new_type_shows_the_values_that_do_not_come_back(files):
    """'007' that became 7 and 2^53+1 that became a float are losses; 1 that became '1' is not."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, code TEXT, big INTEGER, n INTEGER);"
        "INSERT INTO t VALUES (1, '007', 9007199254740993, 1), (2, '8', 2, 2), (3, 'x', 3, NULL)",
        """
        CREATE TABLE new(id INTEGER PRIMARY KEY, code INTEGER, big REAL, n TEXT);
        INSERT INTO new SELECT * FROM t;
        DROP TABLE t;
        ALTER TABLE new RENAME TO t;
        """,
    )
    table = files.table("t")
    assert [
        (c.name, c.changed, c.storage_class_changed, c.irreversible) for c in table.columns
    ] == [("code", 2, 2, 1), ("big", 3, 3, 1), ("n", 2, 2, 0)]
    found = losses(files.compare())
    assert [(loss.kind, loss.column, loss.count) for loss in found] == [
        ("values-changed-class", "code", 1),
        ("values-changed-class", "big", 1),
    ]
    assert "'007' became 7" in found[0].samples


def test_an_update_to_another_type_is_told_and_no_loss(files):
    """A migration may turn numbers into texts on purpose; the evidence counts what it did."""
    files.make(change="UPDATE log SET at = 'some day' WHERE line = 'first'")
    assert column(files.table("log"), "at").irreversible == 1
    assert not losses(files.compare())


def test_f23_a_double_quoted_typo_shows_in_every_row(files):
    """`"typo"` becomes a string in every row: the changed rows are counted and shown."""
    files.make(change="""UPDATE "my ""orders" SET note = "grouop";""")
    table = files.table('my "orders')
    assert counts(table) == (0, 4, 0, 0)
    assert {value.after for sample in table.samples for value in sample.values} == {"'grouop'"}


def test_f15_a_table_emptied_by_a_cascade_is_a_loss(files):
    """A rebuild with foreign keys on deletes the children; every table is accounted for."""
    files.make(
        "CREATE TABLE p(id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2);"
        "CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id) ON DELETE CASCADE);"
        "INSERT INTO c VALUES (1, 1), (2, 1), (3, 2)",
        """
        PRAGMA foreign_keys = ON;
        CREATE TABLE new(id INTEGER PRIMARY KEY, x TEXT);
        INSERT INTO new(id) SELECT id FROM p;
        DROP TABLE p;
        ALTER TABLE new RENAME TO p;
        """,
    )
    evidence = files.compare()
    assert counts(evidence.table("c")) == (0, 0, 0, 3)
    assert [(loss.table, loss.count) for loss in losses(evidence)] == [("c", 3)]


def test_f22_vacuum_renumbers_hidden_rowids_and_loses_nothing(files):
    """Rows 2, 4, 5, 6 that became 1, 2, 3, 4 are kept, and it is told that they moved."""
    files.make(
        "CREATE TABLE log(line, at); INSERT INTO log VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'),"
        "(4.0, 'd'), (5, 'e'); DELETE FROM log WHERE rowid IN (1, 3)",
        "VACUUM",
    )
    table = files.table("log")
    assert counts(table) == (4, 0, 0, 0)
    assert (table.kind, table.matched_by, table.rowids_moved) == ("untouched", "content", True)
    assert not losses(files.compare())


def test_f22_rows_lost_besides_a_vacuum_are_found_by_content(files):
    """Duplicates count by how often they are there; 4 and 4.0 are two values."""
    files.make(
        "CREATE TABLE log(line, at); INSERT INTO log VALUES (0, 0), (4, 'd'), (4, 'd'), (4.0, 'd'),"
        "(5, 'e'); DELETE FROM log WHERE rowid = 1",
        "DELETE FROM log WHERE rowid = 3; INSERT INTO log VALUES (9, 'i'), (9, 'i'); VACUUM",
    )
    table = files.table("log")
    assert counts(table) == (3, 0, 2, 1)
    assert [(v.column, v.before) for v in table.samples[0].values] == [("line", "4"), ("at", "'d'")]


def test_f22_a_declared_key_finds_the_rows_that_moved(files):
    """A rebuild renumbers rowids too; the TEXT key finds the rows, an UPDATE shows as one."""
    files.make(
        "CREATE TABLE t(k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3),"
        "('d', 4); DELETE FROM t WHERE k = 'b'",
        "CREATE TABLE n(k TEXT PRIMARY KEY, v, w); INSERT INTO n(k, v) SELECT * FROM t;"
        "DROP TABLE t; ALTER TABLE n RENAME TO t; UPDATE t SET v = 33 WHERE k = 'c'",
    )
    table = files.table("t")
    assert counts(table) == (2, 1, 0, 0)
    assert table.matched_by == "key (k)"
    assert table.samples[0].key == "k='c'"


def test_f22_content_is_compared_to_the_bit(files):
    """Matched by content, 4 is not 4.0 and 'b' is not 'B', whatever the column's collation."""
    files.make(
        "CREATE TABLE log(x, y TEXT COLLATE NOCASE);"
        "INSERT INTO log VALUES (0, 'z'), (4, 'a'), (5, 'b'), (9, 'q');"
        "DELETE FROM log WHERE x = 0",
        "UPDATE log SET x = 4.0 WHERE x = 4; UPDATE log SET y = 'B' WHERE x = 5; VACUUM",
    )
    table = files.table("log")
    assert table.matched_by == "content"
    assert counts(table) == (1, 0, 2, 2)


def test_f22_a_key_with_nulls_does_not_find_rows(files):
    """A NULL in a UNIQUE column equals nothing: such a table is matched by content."""
    files.make(
        "CREATE TABLE t(k TEXT UNIQUE, v); INSERT INTO t VALUES ('a', 1), (NULL, 2), ('c', 3),"
        "(NULL, 4); DELETE FROM t WHERE k = 'a'",
        "CREATE TABLE n(k TEXT UNIQUE, v, w); INSERT INTO n(k, v) SELECT * FROM t;"
        "DROP TABLE t; ALTER TABLE n RENAME TO t",
    )
    table = files.table("t")
    assert counts(table) == (3, 0, 0, 0)
    assert table.matched_by == "content"


def test_an_update_of_a_table_without_key_stays_an_update(files):
    """Rows updated in place keep their rowids, so they are changed, not removed and added."""
    files.make(change="UPDATE log SET line = 'new' WHERE at = 3")
    table = files.table("log")
    assert counts(table) == (3, 2, 0, 0)
    assert table.matched_by == "rowid"


def test_a_table_whose_rowid_is_shadowed_is_compared(files):
    """A column called rowid does not hide the rows from the comparison."""
    files.make(change="""UPDATE "Ärger" SET v = 3 WHERE rowid = 'two'""")
    assert counts(files.table("Ärger")) == (2, 1, 0, 0)


def test_a_table_with_every_rowid_name_taken_is_compared_by_content(files):
    """rowid, _rowid_ and oid as columns leave no other identity than the content."""
    files.make(
        "CREATE TABLE t(rowid, _rowid_, oid); INSERT INTO t VALUES (1, 2, 3), (4, 5, 6), (4, 5, 6)",
        "DELETE FROM t WHERE oid = 3; INSERT INTO t VALUES (7, 8, 9)",
    )
    table = files.table("t")
    assert counts(table) == (2, 0, 1, 1)
    assert table.matched_by == "content"


def test_a_table_without_rowid_is_matched_by_its_key(files):
    """WITHOUT ROWID tables are joined by the primary key."""
    files.make(change="UPDATE pair SET v = 'new' WHERE b = 2; DELETE FROM pair WHERE a = 'y'")
    table = files.table("pair")
    assert counts(table) == (1, 1, 0, 1)
    assert table.matched_by == "key (a, b)"


def test_a_table_that_becomes_without_rowid_keeps_its_rows(files):
    """From rowid to WITHOUT ROWID: matched by the key that both have."""
    files.make(
        "CREATE TABLE t(k TEXT PRIMARY KEY NOT NULL, v INT);"
        "INSERT INTO t VALUES ('a', 1), ('b', 2)",
        "CREATE TABLE n(k TEXT PRIMARY KEY NOT NULL, v INT) WITHOUT ROWID;"
        "INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t",
    )
    table = files.table("t")
    assert counts(table) == (2, 0, 0, 0)
    assert (table.kind, table.matched_by) == ("rebuilt", "key (k)")


def test_a_dropped_column_is_counted_with_its_values(files):
    """NULLs are no loss, values are; a column added besides is not mistaken for it."""
    files.make(
        change="""
        ALTER TABLE "my ""orders" DROP COLUMN note;
        ALTER TABLE "my ""orders" ADD COLUMN memo TEXT;
        """
    )
    table = files.table('my "orders')
    note, memo = table.columns
    assert (note.name, note.fate, note.dropped_values) == ("note", "dropped", 3)
    assert note.samples == ("'x'", "'z'", "'big'")
    assert (memo.name, memo.fate) == ("memo", "added")
    assert counts(table) == (4, 0, 0, 0)
    assert [loss.sentence for loss in losses(files.compare())] == [
        'column my "orders.note is dropped with 3 values'
    ]


def test_a_renamed_column_is_no_loss(files):
    """RENAME COLUMN changes no page: it is told as a rename."""
    table = files.make(change='ALTER TABLE "my ""orders" RENAME COLUMN note TO "me mo"').table(
        'my "orders'
    )
    assert [(c.name, c.was, c.fate) for c in table.columns] == [("me mo", "note", "renamed")]
    assert table.pages_proved


def test_a_column_renamed_in_a_rebuild_is_known_by_its_values(files):
    """Renamed and moved to another place, with another column gone: still the same column."""
    files.make(
        change="""
        CREATE TABLE n(id INTEGER PRIMARY KEY, memo TEXT, "group" TEXT COLLATE NOCASE);
        INSERT INTO n SELECT id, note, "group" FROM "my ""orders";
        DROP TABLE "my ""orders"; ALTER TABLE n RENAME TO "my ""orders";
        """
    )
    table = files.table('my "orders')
    assert {(c.name, c.was, c.fate) for c in table.columns} == {
        ("memo", "note", "renamed"),
        ("total", None, "dropped"),
    }
    assert [loss.column for loss in losses(files.compare())] == ["total"]


def test_a_column_renamed_and_updated_is_followed_when_told(files):
    """The values alone cannot tell it; with the caller's word the changed values are counted."""
    files.make(
        change="""
        ALTER TABLE log RENAME COLUMN line TO "text";
        UPDATE log SET "text" = 'other' WHERE at = 1;
        """
    )
    assert [loss.kind for loss in losses(files.compare())] == ["column-dropped"]
    table = files.table("log", renamed_columns=(("log", "line", "text"),))
    assert [(c.name, c.was, c.changed) for c in table.columns] == [("text", "line", 1)]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE log RENAME TO journal",
        "CREATE TABLE journal(line TEXT, at); INSERT INTO journal SELECT * FROM log;DROP TABLE log",
        "ALTER TABLE log RENAME TO journal; INSERT INTO journal VALUES ('more', 9)",
    ],
)
def test_a_renamed_table_is_one_table(files, change):
    """Renamed in place, copied under a new name, or renamed and added to."""
    files.make(change=change)
    table = files.table("journal")
    assert (table.kind, table.was, table.kept, table.removed) == ("renamed", "log", 5, 0)
    assert not losses(files.compare())


def test_a_copy_under_another_name_may_not_change_a_row(files):
    """Four of five rows are the same, but nothing says the fifth was updated: a drop is told."""
    files.make(
        change="CREATE TABLE journal(line TEXT, at); INSERT INTO journal SELECT * FROM log;"
        "UPDATE journal SET line = 'other' WHERE at = 1; DROP TABLE log"
    )
    assert [(loss.kind, loss.table) for loss in losses(files.compare())] == [
        ("table-dropped", "log")
    ]


def test_a_new_table_of_the_same_look_hides_no_dropped_one(files):
    """Same columns, same ids, same root page even, but other rows: a drop and an addition."""
    files.make(
        change="DROP TABLE log; CREATE TABLE journal(line TEXT, at);"
        "INSERT INTO journal VALUES ('1', 1), ('2', 2), ('3', 3), ('4', 4), ('5', 5), ('6', 6)"
    )
    evidence = files.compare()
    assert evidence.table("log").kind == "dropped"
    assert evidence.table("journal").kind == "added"
    loss = losses(evidence)[0]
    assert (loss.kind, loss.count) == ("table-dropped", 5)
    assert "line='first', at=1" in loss.samples


def test_f17_rename_old_first_keeps_the_rows_and_shows_the_lost_trigger(files):
    """The rows are kept under both names; the schema change names what vanished."""
    files.make(
        "CREATE TABLE u(id INTEGER PRIMARY KEY AUTOINCREMENT, n TEXT);"
        "INSERT INTO u VALUES (1, 'a'), (9, 'b'); DELETE FROM u WHERE id = 9;"
        "CREATE TRIGGER tr AFTER INSERT ON u BEGIN SELECT 1; END",
        """
        ALTER TABLE u RENAME TO u_old;
        CREATE TABLE u(id INTEGER PRIMARY KEY AUTOINCREMENT, n TEXT);
        INSERT INTO u SELECT * FROM u_old;
        DROP TABLE u_old;
        """,
    )
    evidence = files.compare()
    assert counts(evidence.table("u")) == (1, 0, 0, 0)
    assert [(item.kind, item.name) for item in evidence.schema.removed] == [("trigger", "tr")]
    assert [(s.table, s.before, s.after) for s in evidence.sequences] == [("u", 9, 1)]
    assert [loss.kind for loss in losses(evidence)] == ["sequence-lowered"]


NUMBERED = (
    'CREATE TABLE "n å"(id INTEGER PRIMARY KEY AUTOINCREMENT, w);'
    "INSERT INTO \"n å\" VALUES (1, 'a'), (9, 'b'); DELETE FROM \"n å\" WHERE id = 9;"
)


@pytest.mark.parametrize("emptied", ["", 'DELETE FROM "n å";'])
def test_a_renamed_table_takes_its_autoincrement_along(files, emptied):
    """SQLite keeps the counter under the new name, and one that goes back is still a loss."""
    files.make(NUMBERED + emptied, 'ALTER TABLE "n å" RENAME TO "M"')
    evidence = files.compare()
    assert (evidence.table("M").was, evidence.sequences, losses(evidence)) == ("n å", (), ())
    files.change("UPDATE sqlite_sequence SET seq = 2")
    (loss,) = losses(files.compare())
    assert (loss.kind, loss.table, loss.count) == ("sequence-lowered", "n å", 7)


def test_an_emptied_column_is_a_loss_in_a_rebuild_and_told_in_an_update(files):
    """A rebuild that forgets a column turns its values to NULL; an UPDATE does so on purpose."""
    files.make(change="UPDATE log SET line = NULL WHERE at = 1")
    assert column(files.table("log"), "line").emptied == 1
    assert not losses(files.compare())
    files.change(
        "CREATE TABLE n(line TEXT, at INT); INSERT INTO n(at) SELECT at FROM log;"
        "DROP TABLE log; ALTER TABLE n RENAME TO log"
    )
    assert [(loss.kind, loss.count) for loss in losses(files.compare())] == [("values-emptied", 4)]


def test_tables_of_drydock_are_left_out(files):
    """The ledger that a run writes is no evidence of anything."""
    files.make(change="CREATE TABLE _drydock_ledger(a); INSERT INTO _drydock_ledger VALUES (1)")
    evidence = files.compare()
    assert "_drydock_ledger" not in [table.name for table in evidence.tables]
    assert not evidence.schema.added
    assert all(table.pages_proved for table in evidence.tables)


def test_a_type_edit_in_the_schema_text_is_compared_by_storage_class(files):
    """The same bytes under another affinity: every value is looked at, none is different."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, '1'), (2, 'x')",
        "PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE t(id INTEGER PRIMARY KEY, v REAL)';",
    )
    table = files.table("t")
    assert not table.pages_proved
    assert counts(table) == (2, 0, 0, 0)


def test_a_changed_default_of_an_added_column_shows_in_the_old_rows(files):
    """No byte of the table changed, but every row reads another value: pages must not prove it."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);"
        "ALTER TABLE t ADD COLUMN v DEFAULT 'old'",
        "PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = replace(sql, '''old''', '''new''')",
    )
    assert counts(files.table("t")) == (0, 2, 0, 0)


def test_long_tables_are_cut_into_stretches_that_sum_up(files):
    """More rows than one stretch, sparse and negative rowids, two threads, progress told."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
        + LONG.format(600_000)
        + "INSERT INTO t SELECT (i - 300000) * 1000003, 'v' || i FROM n",
        "UPDATE t SET v = 'x' WHERE id % 100003 = 0; DELETE FROM t WHERE id > 299990 * 1000003;"
        "INSERT INTO t VALUES (1, 'new')",
    )
    seen: list[Progress] = []
    options = Options(workers=2, small_bytes=0, integrity="none")
    evidence = compare(files.before, files.after, options=options, progress=seen.append)
    expected = sum(1 for i in range(1, 600_001) if (i - 300_000) * 1_000_003 % 100_003 == 0)
    assert counts(evidence.table("t")) == (600_000 - expected - 10, expected, 1, 10)
    assert len(seen) == 3
    assert seen[-1].rows == seen[-1].rows_in_all == 600_000
    assert seen[-1].seconds_left == 0
    assert {sample.kind for sample in evidence.table("t").samples} == {"removed", "changed"}


@pytest.mark.parametrize("workers", [1, 2])
def test_f26_a_comparison_can_be_stopped(files, workers):
    """`should_stop` ends a long join, in one thread as in two."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
        + LONG.format(300_000)
        + "INSERT INTO t SELECT i, i FROM n",
        "UPDATE t SET v = 'x'",
    )
    asked = iter(range(50))
    options = Options(workers=workers, small_bytes=0)
    with pytest.raises(ComparisonStopped):
        compare(
            files.before,
            files.after,
            options=options,
            should_stop=lambda: next(asked, None) is None,
        )


def test_a_damaged_file_is_an_error_that_names_it(files):
    """A table that SQLite cannot read ends the comparison with a cause, from a thread too."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
        + LONG.format(20_000)
        + "INSERT INTO t SELECT i, i FROM n"
    )
    raw = bytearray(files.after.read_bytes())
    raw[4096 * 20 : 4096 * 21] = b"\xff" * 4096
    files.after.write_bytes(raw)
    with pytest.raises(NotComparable) as raised:
        compare(files.before, files.after, options=Options(workers=2, small_bytes=0))
    assert str(files.after) in raised.value.what
    assert raised.value.cause


def test_files_of_two_encodings_are_refused(files):
    """SQLite cannot hold both in one connection; it is said, not raised as an accident."""
    files.make("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
    files.after.unlink()
    with sqlite3.connect(files.after) as connection:
        connection.executescript("PRAGMA encoding = 'UTF-16'; CREATE TABLE t(a)")
    connection.close()
    with pytest.raises(NotComparable, match="cannot be compared"):
        files.compare()


def test_a_table_of_very_many_columns_is_compared(files):
    """2,000 columns: more than one SELECT can count and deeper than one expression may be."""
    names = ", ".join(f"c{at}" for at in range(1999))
    files.make(
        f"CREATE TABLE w(id INTEGER PRIMARY KEY, {names});"
        "INSERT INTO w(id, c0) VALUES (1, 1), (2, 2)",
        "UPDATE w SET c1998 = 'x', c0 = 1.0 WHERE id = 1",
    )
    table = files.table("w")
    assert counts(table) == (1, 1, 0, 0)
    assert [(c.name, c.storage_class_changed) for c in table.columns] == [("c0", 1), ("c1998", 0)]


def test_samples_are_short_escaped_and_hide_secrets(files):
    """A terminal escape in the data stays data; a token stays hidden; long values are cut."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, api_token TEXT, v);"
        "INSERT INTO t VALUES (1, 'abc', char(27) || '[2J' || 'it''s'), (2, 'x', zeroblob(100000))",
        "DELETE FROM t",
    )
    one, two = files.table("t").samples
    assert [value.before for value in one.values] == ["1", "(hidden)", r"'\x1b[2Jit''s'"]
    assert two.values[2].before == f"x'{'00' * 20}…'"


def test_text_that_is_no_utf8_is_compared(files):
    """F21's Latin-1 bytes are values like others: compared by bytes, shown with escapes."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
        "INSERT INTO t VALUES (1, CAST(X'e4' AS TEXT)), (2, CAST(X'e5' AS TEXT))",
        "UPDATE t SET v = CAST(X'e6' AS TEXT) WHERE id = 1",
    )
    table = files.table("t")
    assert counts(table) == (1, 1, 0, 0)
    assert table.samples[0].values[0].before == r"'\xe4'"


W = "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w VALUES {values};"
TO_W = "DROP TABLE w; ALTER TABLE w2 RENAME TO w;"


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("k TEXT PRIMARY KEY COLLATE NOCASE", "('a', 1), ('A', 2), ('b', 3)"),
        ("k INT PRIMARY KEY", "('1', 1), ('01', 2), ('b', 3)"),
    ],
)
@pytest.mark.parametrize("more", ["", "INSERT INTO w2 VALUES ('new', 9);"])
def test_two_rows_that_become_one_are_a_row_gone(files, key, values, more):
    """Both are equal to the one that is left, under its new collation or type."""
    files.make(
        W.format(values=values),
        f"CREATE TABLE w2({key}, v) WITHOUT ROWID; INSERT OR IGNORE INTO w2 SELECT * FROM w;"
        + more
        + TO_W,
    )
    found = files.table("w")
    assert found.removed >= 1
    assert found.rows_before == found.kept + found.changed + found.removed
    assert any(loss.kind == "rows-removed" for loss in losses(files.compare()))


def test_a_key_under_another_collation_that_still_tells_rows_apart_is_one(files):
    """Nothing is lost, and a changed value is told as one."""
    files.make(
        W.format(values="('a', 1), ('B', 2), ('c', 3)"),
        "CREATE TABLE w2(k TEXT PRIMARY KEY COLLATE NOCASE, v) WITHOUT ROWID;"
        "INSERT INTO w2 SELECT * FROM w; UPDATE w2 SET v = 9 WHERE k = 'b';" + TO_W,
    )
    found = files.table("w")
    assert (found.kept, found.changed, found.removed, found.added) == (2, 1, 0, 0)
    assert found.matched_by == "key (k)"


def test_a_column_s_collation_that_is_wider_than_its_key_hides_no_row(files):
    """`a` and `A` are two keys, and each is found again by its bytes."""
    files.make(
        "CREATE TABLE w(k TEXT COLLATE NOCASE, v, PRIMARY KEY (k COLLATE BINARY)) WITHOUT ROWID;"
        "INSERT INTO w VALUES ('a', 1), ('A', 2), ('b', 3);",
        "DELETE FROM w WHERE k = 'A' COLLATE BINARY",
    )
    found = files.table("w")
    assert (found.kept, found.changed, found.removed) == (2, 0, 1)


def test_rows_that_meet_in_a_table_with_hidden_rowids_are_gone(files):
    """A new row brings the number back to what it was."""
    files.make(
        "CREATE TABLE w(k TEXT UNIQUE, v);"
        "INSERT INTO w VALUES ('a', 1), ('A', 2), ('b', 3), ('c', 4);",
        "CREATE TABLE w2(k TEXT UNIQUE COLLATE NOCASE, v);"
        "INSERT OR IGNORE INTO w2 SELECT * FROM w ORDER BY rowid DESC;"
        "INSERT INTO w2 VALUES ('new', 5);" + TO_W,
    )
    assert files.table("w").removed == 1
