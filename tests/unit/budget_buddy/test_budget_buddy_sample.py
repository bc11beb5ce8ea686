from __future__ import annotations

import hashlib
import re
import shlex
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from backend import demo
from backend.sample import history
from backend.sample.build import build
from tests.unit.budget_buddy.databases import ROOT, change, dump, files, rows

LAST = max(step.number for step in history.steps())


@pytest.mark.parametrize("number", [1, 9, 15, LAST])
def test_the_same_seed_gives_the_same_dump(at, number):
    """Byte for byte, at any moment of its history."""
    assert dump(at(number, name="a.db")) == dump(at(number, name="b.db"))


def test_another_seed_gives_other_rows(tmp_path):
    """The seed is what decides."""
    for seed in (1, 2):
        build(tmp_path / f"{seed}.db", rows=100, at=5, seed=seed)
    assert dump(tmp_path / "1.db") != dump(tmp_path / "2.db")


@pytest.mark.parametrize("number", range(1, LAST + 1))
def test_every_column_there_is_has_values(at, number):
    """Whatever the schema, no table is empty and no column holds only NULLs."""
    path = at(number)
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND name NOT LIKE 'transactions_fts%'"
        ).fetchall()
        empty = [
            f"{table}.{column}"
            for (table,) in tables
            for (column,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
            if not connection.execute(f'SELECT count("{column}") FROM "{table}"').fetchone()[0]
        ]
    assert empty == []
    assert rows(path, "SELECT count(*) FROM transactions") == [(400,)]


def test_the_sample_is_sound_and_its_totals_are_its_own(at):
    """Keys hold, the search index agrees, and weekly totals are those of the transactions."""
    path = at(LAST)
    assert rows(path, "PRAGMA foreign_key_check") == []
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    change(path, "INSERT INTO transactions_fts (transactions_fts) VALUES ('integrity-check')")
    found = rows(path, "SELECT count(*) FROM transactions_fts WHERE transactions_fts MATCH 'zoe'")
    assert found[0][0] > 0
    for table, column in (
        ("weekly_summaries", "total_spent"),
        ("transaction_aggregations", "spent"),
    ):
        total = f"SELECT (SELECT sum({column}) FROM {table}) + sum(amount) FROM transactions"
        assert rows(path, total + " WHERE NOT is_income")[0][0] == pytest.approx(0, abs=0.5)


def test_the_ledger_is_as_drydock_keeps_it(at):
    """Each migration with the checksum of its text, its kind and what it declared."""
    from drydock.migration import read_folder

    path = at(LAST)
    found = rows(path, "SELECT name, checksum, text, kind, declared FROM _drydock_ledger")
    assert found == [
        (
            migration.name,
            migration.checksum,
            migration.text,
            migration.path.suffix[1:],
            "\n".join(f"{each.rule}: {each.reason}" for each in migration.directives),
        )
        for migration in read_folder(ROOT / "migrations")
    ]


def test_f21_the_checksum_is_blind_to_line_ends_and_a_byte_order_mark(tmp_path):
    """A checkout with CRLF is the same migration."""
    (tmp_path / "001_a.sql").write_bytes(b"\xef\xbb\xbfCREATE TABLE t (a);\r\n")
    (step,) = history.steps(tmp_path)
    assert step.checksum == hashlib.sha256(b"CREATE TABLE t (a);\n").hexdigest()


def test_an_existing_file_is_never_built_over(at):
    """build() refuses what is there."""
    path = at(3)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        build(path, rows=10, at=3, seed=1)
    assert path.read_bytes() == before


def test_the_demo_starts_after_015_in_wal_mode_for_its_owner_only(tmp_path, capsys):
    """A fresh clone has real pending work over real rows."""
    path = tmp_path / "budget buddy.db"
    assert demo.main(["--if-missing", "--path", str(path), "--rows", "1,000"]) == 0
    assert "1,000 transactions at migration 015" in capsys.readouterr().err
    assert rows(path, "SELECT max(name) FROM _drydock_ledger") == [
        ("015_create_transaction_aggregations",)
    ]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files(tmp_path) == [path.name]


def test_if_missing_leaves_a_database_that_is_there(at, capsys):
    """The second `make migrate` does not begin again; without a flag that is a refusal."""
    path = at(20)
    before = path.read_bytes()
    assert demo.main(["--if-missing", "--path", str(path)]) == 0
    assert "left as it is" in capsys.readouterr().err
    assert demo.main(["--path", str(path)]) == 3
    assert path.read_bytes() == before


def test_f04_no_sidecar_of_an_older_database_stays(at, tmp_path):
    """Whoever deletes the database by hand leaves its -wal; the new one must not get its pages."""
    path = at(20)
    for ending in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).write_bytes(b"stale")
    path.unlink()
    assert demo.main(["--if-missing", "--path", str(path), "--rows", "100"]) == 0
    assert files(tmp_path) == [path.name]


def test_reset_replaces_the_database(at, tmp_path, capsys):
    """What was there is gone, the new one is at the schema that was asked for; one line says so."""
    path = at(20)
    change(path, "UPDATE accounts SET name = 'of the old one'")
    assert demo.main(["--reset", "--path", str(path), "--rows", "100", "--at", "012"]) == 0
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert rows(path, "SELECT max(sequence) FROM _drydock_ledger") == [(12,)]
    assert rows(path, "SELECT count(*) FROM accounts WHERE name = 'of the old one'") == [(0,)]
    assert files(tmp_path) == [path.name]


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_f08_reset_refuses_a_database_that_somebody_uses(at, capsys, mode):
    """Replacing the file under a running backend would leave it on a database without a name."""
    path = at(15)
    with closing(sqlite3.connect(path, isolation_level=None)) as user:
        user.execute(f"PRAGMA journal_mode = {mode}")
        user.execute("BEGIN")
        user.execute("SELECT count(*) FROM accounts").fetchone()
        assert demo.main(["--reset", "--path", str(path), "--rows", "100"]) == 3
    assert "inv stop-backend" in capsys.readouterr().err
    assert rows(path, "SELECT count(*) FROM transactions") == [(400,)]
    assert files(path.parent) == [path.name]


@pytest.mark.parametrize("content", ["another's database", "no database"])
def test_reset_refuses_what_is_not_budget_buddy_s(tmp_path, capsys, content):
    """A wrong --path must not cost somebody else's file."""
    path = tmp_path / "precious.db"
    if content == "no database":
        path.write_text("a letter to my aunt")
    else:
        change(path, "CREATE TABLE precious (a)")
    before = path.read_bytes()
    assert demo.main(["--reset", "--path", str(path), "--rows", "100"]) == 3
    assert "--path" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_path_that_cannot_be_written_is_told_in_one_line(tmp_path, capsys):
    """No traceback for a folder that is not there."""
    assert demo.main(["--path", str(tmp_path / "none" / "b.db"), "--rows", "10"]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "No such file or directory" in line


def test_a_migration_that_is_not_there_is_named(capsys):
    """--at 99 says which there are."""
    with pytest.raises(SystemExit, match="2"):
        demo.main(["--at", "099"])
    assert f"001 to {LAST:03d}" in capsys.readouterr().err


def test_the_command_runs_without_drydock(tmp_path):
    """The demo's history needs only sqlite-utils, so it can be made before Drydock is there."""
    path = tmp_path / "plain.db"
    without = "import runpy, sys; sys.modules['drydock'] = None; runpy.run_module('backend.demo'"
    command = [sys.executable, "-c", without + ", run_name='__main__', alter_sys=True)"]
    arguments = ["--path", str(path), "--rows", "50"]
    subprocess.run([*command, *arguments], cwd=ROOT, check=True, capture_output=True)
    assert rows(path, "SELECT count(*) FROM transactions") == [(50,)]


def test_the_page_on_budget_buddy_is_current():
    """docs/budget-buddy.md names every migration, and its commands are ones the program knows."""
    page = (ROOT / "docs/budget-buddy.md").read_text(encoding="utf-8")
    assert [step.name for step in history.steps() if f"| `{step.name}` |" not in page] == []
    commands = re.findall(r"^python -m backend\.demo (.*)$", page, re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        demo.arguments(shlex.split(command))
