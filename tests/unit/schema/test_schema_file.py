from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drydock.names import quote
from drydock.schema.difference import difference
from drydock.schema.file import HEADER, SchemaTextError, read, read_file, render, renew
from drydock.schema.inventory import inventory


def test_what_was_rendered_reads_back_equal(everything):
    """The round trip keeps every object and its text."""
    assert read(render(everything)) == everything


def test_rendering_twice_gives_the_same_text(everything):
    assert render(read(render(everything))) == render(everything)


def test_the_order_depends_on_names_alone(build):
    """A table made last stands where its name puts it, so a diff of schema.sql is one hunk."""
    parts = [
        "CREATE TABLE b(x)",
        "CREATE TABLE a(x REFERENCES b)",
        "CREATE INDEX i ON b(x)",
        "CREATE VIEW v AS SELECT x FROM a",
        "CREATE TRIGGER r INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
    ]
    moved = [parts[1], parts[3], parts[4], parts[0], parts[2]]
    one, other = (inventory(build(";".join(order))) for order in (parts, moved))
    assert render(one) == render(other)
    assert render(one) == HEADER + "".join(
        f"\n{parts[position]};\n" for position in (1, 0, 2, 3, 4)
    )


def test_ledger_and_shadow_tables_are_left_out(everything):
    text = render(everything)
    assert "_drydock" not in text
    assert "search_data" not in text
    assert "sqlite_sequence" not in text
    assert "CREATE VIRTUAL TABLE search" in text


def test_a_last_comment_does_not_swallow_the_semicolon(schema_of):
    text = "CREATE TABLE t(a) -- note\n; CREATE VIEW v AS SELECT 1 -- note\n; CREATE TABLE u(b)"
    schema = schema_of(text)
    assert read(render(schema)) == schema


def test_an_empty_schema_is_its_header(schema_of):
    assert render(schema_of("")) == HEADER
    assert read(HEADER) == schema_of("")


@pytest.mark.parametrize(
    ("text", "cause", "line"),
    [
        ("CREATE TABLE t(a);\n\nCREATE TABEL u(b);", 'near "TABEL": syntax error', 3),
        ("CREATE TABLE t(a);\nCREATE TABLE t(a);", "table t already exists", 2),
        ("CREATE TABLE t(a)\n/* no end", "comment", 2),
    ],
)
def test_a_text_that_is_no_schema_is_refused_with_its_line(text, cause, line):
    with pytest.raises(SchemaTextError) as caught:
        read(text)
    assert cause in caught.value.cause[0]
    assert caught.value.line == line
    assert caught.value.hint


def test_f24_a_schema_text_cannot_open_another_file(tmp_path):
    """ATTACH in a committed file would make a stray database."""
    stray = tmp_path / "stray.db"
    with pytest.raises(SchemaTextError):
        read(f"ATTACH '{stray}' AS s; CREATE TABLE s.t(a)")
    assert not stray.exists()


def test_collations_and_functions_of_the_application_do_not_stop_the_reading(build):
    """SQLite asks for them when a table is made; what they do is not part of the schema."""
    connection = build("")
    connection.create_collation("swedish å", lambda a, b: 0)
    connection.create_function("luhn", 1, lambda x: 1, deterministic=True)
    connection.executescript("""
        CREATE TABLE t(a COLLATE "swedish å", b CHECK (luhn(b)), c AS (luhn(b)));
        INSERT INTO t VALUES (1, 2);
        CREATE INDEX i ON t(a, luhn(b)) WHERE b IS NOT NULL;
    """)
    schema = inventory(connection)
    assert read(render(schema)) == schema


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
names = st.text(letters, min_size=1, max_size=6)
columns = st.lists(
    st.tuples(
        names,
        st.sampled_from(["", "TEXT", "DECIMAL(10, 2)", "INT"]),
        st.sampled_from(["", "NOT NULL", "DEFAULT 'x''y'", "DEFAULT (1+1)", "COLLATE NOCASE"]),
        st.sampled_from(["", "UNIQUE", "CHECK (1 <> ')')", "REFERENCES p ON DELETE SET NULL"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda column: column[0].casefold(),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(columns, min_size=1, max_size=3))
def test_any_schema_survives_the_round_trip(tables):
    """Whatever the names: reading what was rendered is equal, and has no difference."""
    statements = [
        f"CREATE TABLE t{number}({', '.join(f'{quote(n)} {t} {a} {b}' for n, t, a, b in each)});"
        f"CREATE INDEX i{number} ON t{number}({quote(each[0][0])} DESC);"
        for number, each in enumerate(tables)
    ]
    schema = read("".join(statements))
    again = read(render(schema))
    assert again == schema
    assert not difference(schema, again)
    for table, each in zip(schema.tables, tables, strict=True):
        assert [c.name for c in table.columns] == [column[0] for column in each]
        assert [c.collation for c in table.columns] == [
            "NOCASE" if "NOCASE" in column[2] else "BINARY" for column in each
        ]


def test_renewing_leaves_a_file_alone_that_is_not_ours(tmp_path):
    """A setting that names pyproject.toml, or a migration, must not cost it."""
    schema = read("CREATE TABLE t (a);")
    path = tmp_path / "schema.sql"
    assert "is current" in renew(path, schema)
    assert path.read_text() == render(schema)
    assert renew(path, schema) is None
    newer = read("CREATE TABLE t (a, b);")
    assert "is current" in renew(path, newer)
    assert path.read_text() == render(newer)
    for theirs in ("-- ours, by hand\nCREATE TABLE t (a);\n", "[project]\n"):
        path.write_text(theirs)
        assert "was not written by Drydock" in renew(path, newer)
        assert path.read_text() == theirs
    path.write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in renew(path, newer)
    path.write_text("\n")
    assert "is current" in renew(path, newer)


def test_a_file_in_utf_16_is_refused_with_its_line_and_stays(tmp_path):
    """An editor's own encoding is no fault of Drydock's."""
    path = tmp_path / "schema.sql"
    before = "CREATE TABLE a(b);\n".encode("utf-16")
    path.write_bytes(before)
    with pytest.raises(SchemaTextError) as caught:
        read_file(path)
    assert caught.value.cause == ["schema.sql is not UTF-8"]
    assert caught.value.line == 1
    assert "delete it" in caught.value.hint
    assert "not UTF-8" in renew(path, read(""))
    assert path.read_bytes() == before
