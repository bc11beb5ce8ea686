"""The SQL formats: read as their tools read them, run on rows, the books as the tools keep them."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing

import pytest

from drydock import evidence, executor
from drydock.executor import MigrationFailed
from drydock.formats import BooksRefused, FormatUnclear, UnknownFormat, recognition
from drydock.formats.siphash import siphash13
from drydock.migration import FolderMissing, MigrationError
from drydock.schema.inventory import inventory
from tests.unit.formats.conftest import ODD

TABLE = '"' + ODD.replace('"', '""') + '"'
UP = (
    "-- why; with a semicolon\n"
    f"ALTER TABLE {TABLE} ADD COLUMN tag TEXT;\n"
    "CREATE TABLE log (what);\n"
    f"CREATE TRIGGER t AFTER UPDATE ON {TABLE} BEGIN\n"
    "  INSERT INTO log VALUES ('a;b'); SELECT 1;\nEND;\n"
    f"UPDATE {TABLE} SET tag = 'x' WHERE id < 3;\n"
)
DOWN = f"DROP TRIGGER t;\nDROP TABLE log;\nALTER TABLE {TABLE} DROP COLUMN tag;\n"
SECOND = "BEGIN;\nPRAGMA foreign_keys=OFF;\nCREATE TABLE second (x);\nCOMMIT;\n"


def crlf(text):
    """As a checkout on Windows has it, with a byte-order mark."""
    return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()


def dbmate(bench):
    bench.write("20240101_odd name.sql", crlf(f"-- migrate:up\n{UP}\n-- migrate:down\n{DOWN}"))
    bench.write(
        "20240203_b.sql", f"-- migrate:up transaction:false\n{SECOND}\n-- migrate:down\nSELECT 1;\n"
    )


def goose(bench):
    bench.write(
        "001_odd name.sql",
        crlf(
            f"-- +goose Up\n-- +goose StatementBegin\n{UP}-- +goose StatementEnd\n"
            f"-- +goose Down\n{DOWN}"
        ),
    )
    bench.write("0010_b.sql", f"-- +goose NO TRANSACTION\n-- +goose Up\n{SECOND}")


def golang(bench):
    bench.write("go.mod", "require github.com/golang-migrate/migrate/v4 v4.17.0")
    bench.write("1_odd name.up.sql", crlf(UP))
    bench.write("1_odd name.down.sql", DOWN)
    bench.write("20_b.up.sql", SECOND)


def sqlx(bench):
    bench.write("Cargo.toml", 'sqlx = "0.8"')
    bench.write("1_odd name.up.sql", crlf(UP))
    bench.write("1_odd name.down.sql", DOWN)
    bench.write("20_b_c.sql", "-- no-transaction\n" + SECOND)


def flyway(bench):
    bench.write("V1__odd name.sql", crlf(UP))
    bench.write("U1__odd name.sql", DOWN)
    bench.write("V1_10.2__b_c.sql", SECOND)


def refinery(bench):
    bench.write("Cargo.toml", 'refinery = "0.8"')
    bench.write("V1__odd.sql", crlf(UP))
    bench.write("V20__b_c.sql", SECOND)


def diesel(bench):
    bench.write("2024-01-01-000000_odd name/up.sql", crlf(UP))
    bench.write("2024-01-01-000000_odd name/down.sql", DOWN)
    bench.write("2024-02-03-000000_b/up.sql", SECOND)
    (bench.folder / "empty").mkdir()


def prisma(bench):
    bench.write("migration_lock.toml", 'provider = "sqlite"')
    bench.write("20240101000000_odd name/migration.sql", crlf(UP))
    bench.write("20240203000000_b/migration.sql", SECOND)


def drizzle(bench):
    parted = UP.replace(";\nCREATE TABLE log", "\n--> statement-breakpoint\nCREATE TABLE log")
    assert parted != UP
    bench.write("0000_odd.sql", crlf(parted))
    bench.write("0001_b.sql", SECOND)
    bench.write("stray.sql", "not SQL at all")
    bench.write(
        "meta/_journal.json",
        '{"entries": [{"idx": 0, "when": 1700000000000, "tag": "0000_odd", "breakpoints": true},'
        ' {"idx": 1, "when": 1700000000001, "tag": "0001_b", "breakpoints": true}]}',
    )


def books(table, columns, *rows):
    return f"SELECT {columns} FROM {table} ORDER BY 1", list(rows)


def crc(text):
    value = zlib.crc32("".join(text.splitlines()).encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def sha(name, data):
    return hashlib.new(name, data if isinstance(data, bytes) else data.encode())


def rust(name, version, data):
    data = data if isinstance(data, bytes) else data.encode()
    return str(siphash13(name.encode() + b"\xff" + version.to_bytes(4, "little") + data + b"\xff"))


CASES = {
    "dbmate": (dbmate, *books("schema_migrations", "version", ("20240101",), ("20240203",))),
    "goose": (
        goose,
        *books("goose_db_version", "id, version_id, is_applied", (1, 0, 1), (2, 1, 1), (3, 10, 1)),
    ),
    "golang-migrate": (golang, *books("schema_migrations", "version, dirty", (20, 0))),
    "sqlx": (
        sqlx,
        *books(
            "_sqlx_migrations",
            "version, description, success, checksum",
            (1, "odd name", 1, sha("sha384", crlf(UP)).digest()),
            (20, "b c", 1, sha("sha384", "-- no-transaction\n" + SECOND).digest()),
        ),
    ),
    "flyway": (
        flyway,
        *books(
            "flyway_schema_history",
            "installed_rank, version, description, type, script, checksum, installed_by, success",
            (1, "1", "odd name", "SQL", "V1__odd name.sql", crc(UP), "", 1),
            (2, "1.10.2", "b c", "SQL", "V1_10.2__b_c.sql", crc(SECOND), "", 1),
        ),
    ),
    "refinery": (
        refinery,
        *books(
            "refinery_schema_history",
            "version, name, checksum",
            (1, "odd", rust("odd", 1, crlf(UP))),
            (20, "b_c", rust("b_c", 20, SECOND)),
        ),
    ),
    "diesel": (
        diesel,
        *books("__diesel_schema_migrations", "version", ("20240101000000",), ("20240203000000",)),
    ),
    "prisma": (
        prisma,
        *books(
            "_prisma_migrations",
            "migration_name, checksum, applied_steps_count, rolled_back_at, logs",
            ("20240101000000_odd name", sha("sha256", crlf(UP)).hexdigest(), 1, None, None),
            ("20240203000000_b", sha("sha256", SECOND).hexdigest(), 1, None, None),
        ),
    ),
    "drizzle": (
        drizzle,
        *books(
            "__drizzle_migrations",
            "created_at, id",
            (1700000000000, None),
            (1700000000001, None),
        ),
    ),
}


@pytest.fixture(params=CASES)
def case(request, bench):
    """A bench with the folder of one tool, and the books that must follow."""
    write, query, rows = CASES[request.param]
    write(bench)
    return bench, request.param, query, rows


def test_a_folder_is_recognised_run_and_entered_in_both_books(case):
    """BOM, CRLF, gaps, a trigger, an own transaction: run as they are, on rows."""
    bench, tool, query, rows = case
    files = bench.read()
    assert {each.origin.tool for each in files} == {tool}
    assert len(bench.apply()) == 2
    assert bench.rows(f"SELECT id, tag FROM {TABLE}") == [(1, "x"), (2, "x"), (3, None)]
    assert bench.rows("SELECT * FROM log") == [("a;b",), ("a;b",)]
    assert bench.rows(query) == rows
    assert bench.pending() == bench.edited() == bench.missing() == []
    assert bench.ledger() == [each.name for each in files]


def test_what_the_tool_applied_itself_is_applied(case):
    """Its books alone, without a ledger: nothing is pending, nothing edited."""
    bench, _, _, _ = case
    bench.apply()
    bench.sql("DROP TABLE _drydock_ledger")
    assert bench.pending() == bench.edited() == []
    bench.apply()
    assert len(bench.ledger()) == 2


def test_a_lost_table_of_the_tool_is_filled_from_the_ledger(case):
    """Both books say the same again, and nothing runs twice."""
    bench, _, query, rows = case
    bench.apply()
    (table,) = {each for each in query.split() if each.endswith(("s", "version", "history"))} & {
        name for (name,) in bench.rows("SELECT name FROM sqlite_schema")
    }
    bench.sql(f"DROP TABLE {table}")
    assert bench.pending() == []
    assert bench.apply() == []
    assert bench.rows(query) == rows


def test_what_was_taken_back_is_pending_again(case):
    """Struck from the tool's books as the tool strikes it; the ledger follows."""
    bench, _, _, _ = case
    files = bench.read()
    bench.apply()
    bench.strike(files[1].name)
    assert bench.pending() == [files[1].name]
    assert bench.ledger() == [files[0].name]
    bench.sql("DROP TABLE second")
    assert bench.apply() == [files[1].name]
    assert bench.pending() == []


def test_the_tool_going_back_by_itself_makes_it_pending(case):
    """The ledger still has it; the tool's books count."""
    bench, tool, _, _ = case
    files = bench.read()
    bench.apply()
    kept = bench.rows("SELECT * FROM _drydock_ledger")
    bench.strike(files[1].name)
    bench.sql("DELETE FROM _drydock_ledger")
    for row in kept:
        values = ", ".join(
            "NULL" if v is None else "'" + str(v).replace("'", "''") + "'" for v in row
        )
        bench.sql(f"INSERT INTO _drydock_ledger VALUES ({values})")
    assert bench.pending() == [files[1].name], tool
    bench.sql("DROP TABLE second")
    assert bench.apply() == [files[1].name]


def test_an_edited_file_is_told(case):
    """By the tool's own checksum where it keeps one, by ours else; a way back does not count."""
    bench, tool, _, _ = case
    bench.apply()
    path = bench.read()[1].path
    path.write_text(path.read_text().replace("second (x)", "second (x, y)"))
    assert len(bench.edited()) == 1, tool


@pytest.mark.parametrize("tool", ["sqlx", "flyway", "refinery", "prisma", "drizzle"])
def test_the_tools_own_checksum_decides_what_was_edited(bench, tool):
    """Without a ledger, and against one that says otherwise."""
    CASES[tool][0](bench)
    bench.apply()
    bench.sql("UPDATE _drydock_ledger SET checksum = 'another'")
    assert bench.edited() == []
    bench.sql("DROP TABLE _drydock_ledger")
    path = bench.read()[1].path
    path.write_text(path.read_text().replace("second (x)", "second (x, y)"))
    assert len(bench.edited()) == 1


def test_a_stale_row_of_the_ledger_stands_in_nobodys_way(bench):
    """Where only the pending ones are known, as when a run is made again."""
    dbmate(bench)
    pending = bench.read()
    bench.apply()
    bench.sql("DELETE FROM schema_migrations", "DROP TABLE second")
    executor.apply(
        pending[1:],
        bench.database,
        live=bench.root / "live.db",
        root=bench.root,
        run="again",
        logs=bench.root / "logs",
    )
    assert bench.rows("SELECT name, run FROM _drydock_ledger")[-1] == (pending[1].name, "again")


def test_an_error_names_the_real_file_and_line(case):
    """Whatever else is in the file."""
    bench, _, _, _ = case
    path = bench.read()[1].path
    text = path.read_text()
    path.write_text(text.replace("CREATE TABLE second (x)", "CREATE TABLE log (x)"))
    at = path.read_text().splitlines().index("CREATE TABLE log (x);") + 1
    with pytest.raises(MigrationFailed) as failed:
        bench.apply()
    assert failed.value.at.splitlines()[0] == f"{path}:{at}"


@pytest.mark.parametrize("tool", ["dbmate", "goose", "golang-migrate", "sqlx", "flyway", "diesel"])
def test_the_way_back_is_read_with_its_lines(bench, tool):
    """It is the tool's own, at its own lines."""
    CASES[tool][0](bench)
    down = bench.read()[0].origin.down
    assert down is not None
    lines = down.path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    assert lines.index("DROP TRIGGER t;") == down.text.split("\n").index("DROP TRIGGER t;")
    assert "CREATE" not in down.text


def test_dbmate_refuses_what_dbmate_refuses(bench):
    """Named with the line, before anything runs."""
    for text, problem in [
        ("CREATE TABLE x (a);\n-- migrate:up\n-- migrate:down\n", "before the line"),
        ("-- migrate:up\nSELECT 1;\n", "its own -- migrate:down"),
        ("-- migrate:down\nSELECT 1;\n-- migrate:up\n", "SQL stands before"),
        ("SELECT 1;\n", "no line -- migrate:up"),
    ]:
        dbmate(bench)
        bench.write("30_bad.sql", text)
        with pytest.raises(MigrationError) as refused:
            bench.read()
        assert problem in refused.value.problem


def test_dbmate_runs_all_ups_and_goes_back_from_the_last(bench):
    """Several pairs in one file."""
    bench.write(
        "1_a.sql",
        "-- migrate:up\nCREATE TABLE a (x);\n-- migrate:down\nDROP TABLE a;\n"
        "-- migrate:up\nCREATE TABLE b (x);\n-- migrate:down\nDROP TABLE b;\n",
    )
    (only,) = bench.read()
    assert [each.line for each in only.statements] == [2, 6]
    assert only.origin.down.text.split("\n")[:4] == [
        "-- migrate:down",
        "DROP TABLE b;",
        "",
        "-- migrate:down",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 1;", "no line -- +goose Up"),
        ("SELECT 1;\n-- +goose Up\n", "SQL stands before"),
        ("-- +goose Up\n-- +goose Up\n", "does not allow"),
        ("-- +goose Down\n-- +goose Up\n", "does not allow"),
        ("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n", "no StatementEnd"),
        ("-- +goose Up\n-- +goose StatementEnd\n", "without StatementBegin"),
        ("-- +goose Up\n-- +goose Sideways\n", "no annotation"),
    ],
)
def test_goose_refuses_what_goose_refuses(bench, text, problem):
    """Named, before anything runs."""
    goose(bench)
    bench.write("30_bad.sql", text)
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert problem in refused.value.problem


def test_goose_substitutes_where_it_is_told_to(bench, monkeypatch):
    """Between ENVSUB ON and OFF; a variable that is not set is an error with its line."""
    monkeypatch.setenv("DRY_NAME", "from env")
    path = bench.write(
        "1_a.sql",
        "-- +goose Up\n-- +goose ENVSUB ON\nCREATE TABLE e AS SELECT '${DRY_NAME}' AS a,"
        " '${DRY_NONE:-otherwise}' AS b;\n-- +goose ENVSUB OFF\n"
        "INSERT INTO e VALUES ('${X}', 1);\n",
    )
    bench.apply()
    assert bench.rows("SELECT * FROM e") == [("from env", "otherwise"), ("${X}", 1)]
    path.write_text("-- +goose Up\n-- +goose ENVSUB ON\nSELECT '$DRY_NONE';\n")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert refused.value.at == f"{path}:3"


def test_goose_refuses_a_migration_in_go(bench):
    """It runs only inside goose."""
    goose(bench)
    bench.write("00020_c.go", "package x")
    with pytest.raises(MigrationError, match="00020_c"):
        bench.read()


def test_golang_migrate_stops_at_a_dirty_mark(bench):
    """A run of the tool failed halfway; only a person can say where it stands."""
    golang(bench)
    bench.sql("CREATE TABLE schema_migrations (version uint64, dirty bool)")
    bench.sql("INSERT INTO schema_migrations VALUES (1, 1)")
    with pytest.raises(BooksRefused) as refused:
        bench.pending()
    assert "force 0" in refused.value.hint
    bench.sql("UPDATE schema_migrations SET dirty = 0")
    assert bench.pending() == ["20_b"]
    bench.sql("UPDATE schema_migrations SET version = 99")
    assert bench.missing() == ["99"]


def test_sqlx_and_prisma_stop_at_what_never_finished(bench):
    """The books say that part of it may be there."""
    sqlx(bench)
    bench.apply()
    bench.sql("UPDATE _sqlx_migrations SET success = 0 WHERE version = 20")
    with pytest.raises(BooksRefused, match="sqlx"):
        bench.pending()


def test_prisma_stops_at_what_never_finished_and_goes_on_when_it_was_resolved(bench):
    """Rolled back means pending again."""
    prisma(bench)
    bench.apply()
    bench.sql("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%b'")
    with pytest.raises(BooksRefused) as refused:
        bench.pending()
    assert "--rolled-back 20240203000000_b" in refused.value.hint
    bench.sql("UPDATE _prisma_migrations SET rolled_back_at = 1 WHERE migration_name LIKE '%b'")
    assert bench.pending() == ["20240203000000_b"]


def test_flyway_replaces_placeholders_or_refuses(bench):
    """From flyway.conf; one without a value is an error with its line."""
    flyway(bench)
    path = bench.write("V2__p.sql", "\nCREATE TABLE p AS SELECT '${who}' AS a;\n")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert refused.value.at == f"{path}:2"
    (bench.root / "flyway.conf").write_text("# c\nflyway.placeholders.who = me; you\n")
    bench.apply()
    assert bench.rows("SELECT a FROM p") == [("me; you",)]
    assert bench.rows("SELECT checksum FROM flyway_schema_history WHERE version = '2'") == [
        (crc("\nCREATE TABLE p AS SELECT '${who}' AS a;\n"),)
    ]


def test_flyway_runs_a_repeatable_again_when_its_text_changed(bench):
    """After the versions; its row in the ledger is the newest."""
    flyway(bench)
    path = bench.write("R__a_view.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 1 AS a;\n")
    assert bench.apply() == ["V1__odd name", "V1_10.2__b_c", "R__a_view"]
    path.write_text("DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 2 AS a;\n")
    assert bench.edited() == []
    assert bench.apply() == ["R__a_view"]
    assert bench.rows("SELECT * FROM v") == [(2,)]
    rows = bench.rows("SELECT version, description FROM flyway_schema_history")
    assert rows[2:] == [(None, "a view"), (None, "a view")]
    assert bench.pending() == []


def test_flyway_a_repeatable_runs_again_when_a_placeholder_changed(bench):
    """What counts is the text as it runs, as Flyway counts it."""
    conf = bench.root / "flyway.conf"
    conf.write_text("flyway.placeholders.n=1\n")
    bench.write("R__v.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT ${n} AS a;\n")
    assert bench.apply() == ["R__v"]
    assert bench.pending() == []
    conf.write_text("flyway.placeholders.n=2\n")
    assert bench.apply() == ["R__v"]
    assert bench.rows("SELECT * FROM v") == [(2,)]


def test_flyway_a_baseline_stands_for_what_is_below_it(bench):
    """BASELINE rows, undone versions, and version 1.0 for 1."""
    flyway(bench)
    bench.apply()
    bench.sql("DELETE FROM flyway_schema_history")
    bench.sql(
        "INSERT INTO flyway_schema_history VALUES (1, '1.0', '<< base >>', 'BASELINE', 'x', NULL,"
        " '', '', 0, 1)"
    )
    assert bench.pending() == ["V1_10.2__b_c"]
    bench.sql("UPDATE flyway_schema_history SET success = 0")
    with pytest.raises(BooksRefused, match="flyway"):
        bench.pending()


def test_flyway_a_baseline_migration_runs_only_where_nothing_below_it_is_left(bench):
    """On an empty database it is the first; on any other it is no news."""
    bench.write("B5__all.sql", "CREATE TABLE five (x);\n")
    bench.write("V6__more.sql", "CREATE TABLE six (x);\n")
    assert bench.apply() == ["B5__all", "V6__more"]
    assert bench.rows("SELECT type FROM flyway_schema_history") == [("SQL_BASELINE",), ("SQL",)]
    bench.sql("DELETE FROM flyway_schema_history WHERE version = '5'")
    assert bench.pending() == []
    bench.write("V4__less.sql", "SELECT 1;")
    assert [each.name for each in bench.read()] == ["V4__less", "V6__more"]


def test_refinerys_checksum_is_rusts(bench):
    """Against Python's own SipHash-1-3, which PYTHONHASHSEED=0 gives the same key."""
    if sys.hash_info.algorithm != "siphash13":
        pytest.skip("this Python hashes otherwise; run the suite with CPython 3.11 or newer")
    texts = ["", "a", "1234567", "12345678", "x" * 1000]
    told = subprocess.run(
        [sys.executable, "-c", f"print(*[hash(t.encode()) % 2**64 for t in {texts[1:]!r}])"],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [siphash13(each.encode()) for each in texts[1:]] == [int(x) for x in told.stdout.split()]
    assert siphash13(b"") == 15130871412783076140  # what Rust documents of DefaultHasher


def test_diesel_refuses_a_folder_without_its_file(bench):
    """And an empty one, as diesel does."""
    diesel(bench)
    path = bench.write("2024-03-01-000000_c/down.sql", "SELECT 1;")
    with pytest.raises(MigrationError, match="2024-03-01"):
        bench.read()
    path.with_name("up.sql").write_text("")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "empty" in refused.value.problem


def test_drizzle_refuses_a_journal_that_names_what_is_not_there(bench):
    """Or that is none."""
    drizzle(bench)
    (bench.folder / "0001_b.sql").unlink()
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "0001_b.sql" in refused.value.problem
    bench.write("meta/_journal.json", "{}")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "no journal" in refused.value.problem


def test_a_mixed_folder_is_a_question(bench):
    """What was seen of each, and the setting that decides."""
    dbmate(bench)
    goose(bench)
    with pytest.raises(FormatUnclear) as unclear:
        bench.read()
    assert [name for name, _ in unclear.value.seen] == ["dbmate", "goose"]
    assert 'format = "dbmate" or format = "goose"' in unclear.value.hint
    bench.wanted = "dbmate"
    with pytest.raises(MigrationError):
        bench.read()  # said, and still goose's files are none of dbmate's


@pytest.mark.parametrize(
    ("file", "tools"),
    [("1_a.up.sql", ["golang-migrate", "sqlx"]), ("V1__a.sql", ["flyway", "refinery"])],
)
def test_files_that_two_tools_share_are_a_question(bench, file, tools):
    """Only a table, or a project's file, could tell."""
    bench.write(file, "SELECT 1;")
    with pytest.raises(FormatUnclear) as unclear:
        bench.read()
    assert [name for name, _ in unclear.value.seen] == tools
    for tool in tools:
        bench.wanted = tool
        assert bench.read()[0].origin.tool == tool


def test_a_tools_table_tells_shared_files_apart(bench):
    """sqlx's table for names that could be golang-migrate's, and for plain ones."""
    bench.write("1_a.up.sql", "SELECT 1;")
    bench.sql("CREATE TABLE _sqlx_migrations (version)")
    assert bench.read()[0].origin.tool == "sqlx"
    bench.sql("DROP TABLE _sqlx_migrations", "CREATE TABLE schema_migrations (version, dirty)")
    assert bench.read()[0].origin.tool == "golang-migrate"


def test_dbmate_and_golang_migrate_do_not_take_each_others_table(bench):
    """The same name, told apart by the column dirty."""
    dbmate(bench)
    bench.sql("CREATE TABLE schema_migrations (version uint64, dirty bool)")
    with pytest.raises(BooksRefused, match="dbmate"):
        bench.pending()
    bench.sql("DROP TABLE schema_migrations", "CREATE TABLE schema_migrations (version)")
    assert len(bench.pending()) == 2
    bench.folder = bench.root / "golang"
    bench.folder.mkdir()
    golang(bench)
    with pytest.raises(BooksRefused, match="golang-migrate"):
        bench.pending()


def test_plain_numbered_files_stay_drydocks_own(bench):
    """Nothing of another tool: no origin, our own reading."""
    bench.write("001_a.sql", "SELECT 1;")
    assert bench.read()[0].origin is None
    bench.wanted = "drydock"
    dbmate(bench)
    assert {each.origin for each in bench.read()} == {None}
    bench.wanted = "dbmat"
    with pytest.raises(UnknownFormat) as unknown:
        bench.read()
    assert "dbmate" in unknown.value.hint


def test_two_files_of_one_version_are_refused(bench):
    """The tool would take one for the other."""
    dbmate(bench)
    bench.write("20240101_twin.sql", "-- migrate:up\n-- migrate:down\n")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "20240101" in refused.value.problem
    bench.folder = bench.root / "other"
    bench.folder.mkdir()
    golang(bench)
    bench.write("01_twin.up.sql", "SELECT 1;")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "same number" in refused.value.problem


def test_a_link_out_of_the_folder_is_refused(bench, tmp_path):
    """As in a folder of our own."""
    dbmate(bench)
    outside = tmp_path / "outside.sql"
    outside.write_text("-- migrate:up\n-- migrate:down\n")
    (bench.folder / "99_link.sql").symlink_to(outside)
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "symbolic link" in refused.value.problem


def test_a_folder_that_is_not_there_is_told(bench):
    """Also where the setting says whose it is."""
    bench.folder.rmdir()
    for made in (False, True):
        if made:  # a file, which is sqlite-utils' alone
            bench.folder.touch()
        for wanted in sorted({*recognition.names()} - {made and "sqlite-utils"}):
            bench.wanted = wanted
            with pytest.raises(FolderMissing):
                bench.read()


def test_dates_in_names_are_no_numbers_of_ours(bench):
    """diesel's folders of one year are no twins; what comes late is told."""
    diesel(bench)
    assert bench.plan().twins == ()
    bench.apply()
    bench.write("2024-01-15-000000_late/up.sql", "SELECT 1;")
    assert [each.name for each in bench.plan().out_of_order] == ["2024-01-15-000000_late"]


def test_other_tools_books_are_no_part_of_schema_or_evidence(bench):
    """Verification against models, the schema file and the evidence leave them out."""
    goose(bench)
    bench.apply()
    before = bench.root / "before.db"
    before.write_bytes(bench.database.read_bytes())
    bench.sql("DELETE FROM goose_db_version", "CREATE TABLE yoyo_lock (x)")
    assert evidence.losses(evidence.compare(before, bench.database)) == ()
    assert {each.name for each in evidence.compare(before, bench.database).schema.added} == set()
    with closing(sqlite3.connect(bench.database)) as db:
        names = {each.name for each in inventory(db).own_tables}
    assert names == {ODD, "log", "second"}
