"""All scripts of a folder: order, dependencies, histories that can be replayed, renamed files."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing

from drydock import ledger, migration
from drydock.adopt import order

ADD_TAG = "ALTER TABLE owner ADD COLUMN tag TEXT;"


def names(found):
    return [each.name for each in found.order]


def verdicts(found):
    return {each.migration.name: each.verdict for each in found.judged}


def test_a_script_is_put_after_the_one_that_makes_what_it_needs(lab):
    """Found by trying: the names say the other way round, for tables and for columns."""
    lab.write(
        a_fill="UPDATE owner SET tag = 'x' WHERE tag IS NULL;",
        b_index="CREATE INDEX by_note ON note (text);",
        c_tag=ADD_TAG,
        d_note="CREATE TABLE note (text);",
    )
    found = lab.survey()
    assert set(verdicts(found).values()) == {"pending"}
    assert names(found) == ["c_tag", "a_fill", "d_note", "b_index"]
    assert not order.is_told_by_names(found.order)


def test_a_view_that_could_not_be_read_waits_for_its_column(lab):
    """SQLite makes a view of anything; only reading it tells that it came too early."""
    lab.write(a_view="CREATE VIEW tagged AS SELECT tag FROM owner;", b_tag=ADD_TAG)
    found = lab.survey()
    assert names(found) == ["b_tag", "a_view"]
    assert verdicts(found) == {"a_view": "pending", "b_tag": "pending"}


def test_what_nothing_makes_is_a_conflict(lab):
    lab.write(needs="UPDATE owner SET shoe_size = 1;")
    (found,) = lab.survey().judged
    assert found.verdict == "conflict"
    assert found.reasons[0].startswith("no such column: shoe_size")


def test_applied_scripts_stand_before_pending_ones(lab):
    """They have run before; else every pending one would be out of order."""
    lab.sql("CREATE TABLE z (a);")
    lab.write(a_tag=ADD_TAG, z_table="CREATE TABLE z (a);")
    found = lab.survey()
    assert verdicts(found) == {"z_table": "applied", "a_tag": "pending"}
    assert names(found) == ["z_table", "a_tag"]


def test_what_was_there_before_is_judged_by_the_live_database(lab):
    """A pending rebuild must not make the script that made the table look like a stranger's."""
    lab.sql("CREATE TABLE goal (a, b); INSERT INTO goal VALUES (1, 2);")
    lab.write(
        a_rebuild="CREATE TABLE g2 (a); INSERT INTO g2 SELECT a FROM goal; DROP TABLE goal;"
        "ALTER TABLE g2 RENAME TO goal;",
        b_create="CREATE TABLE goal (a, b);",
    )
    assert verdicts(lab.survey()) == {"b_create": "applied", "a_rebuild": "pending"}


def test_a_table_that_an_applied_script_changed_since_is_applied(lab):
    """The whole history has run: the first script's table is not as it made it, and that is why."""
    lab.sql("CREATE TABLE goal (a); INSERT INTO goal VALUES (1);")
    lab.write(
        a_create="CREATE TABLE goal (a, b);",
        b_rebuild="CREATE TABLE g2 (a); INSERT INTO g2 SELECT a FROM goal; DROP TABLE goal;"
        "ALTER TABLE g2 RENAME TO goal;",
    )
    found = lab.survey()
    assert verdicts(found) == {"a_create": "applied", "b_rebuild": "applied"}
    assert found.judged[0].reasons == ("there: table goal", "changed since by b_rebuild")


def test_what_only_a_pending_script_makes_is_not_applied(lab):
    """Two make the same: guarded, the second has nothing to do; unguarded, it cannot run."""
    lab.write(
        a="CREATE TABLE twin (a);",
        b="CREATE TABLE IF NOT EXISTS twin (a);",
        c="CREATE TABLE twin (a);",
    )
    found = {each.migration.name: each for each in lab.survey().judged}
    assert {name: each.verdict for name, each in found.items()} == {
        "a": "pending",
        "b": "pending",
        "c": "conflict",
    }
    assert found["c"].reasons[0] == "it cannot run after a"


def test_nothing_to_do_after_a_pending_script_is_not_applied(lab):
    """On the live database it cannot even run: what it reads is not there yet."""
    lab.write(a="CREATE TABLE x (c); INSERT INTO x VALUES (1);", b="DELETE FROM x WHERE c = 2;")
    found = lab.survey().judged
    assert [each.verdict for each in found] == ["pending", "pending"]
    assert found[1].reasons == ("changes nothing once a has run, and cannot run before it",)


def test_a_numbered_history_is_known_by_replaying_it(lab):
    """Later scripts changed what earlier ones made; only the replay can tell. Rows it cannot."""
    with closing(sqlite3.connect(lab.live)) as db:
        tables = [row[0] for row in db.execute("SELECT sql FROM sqlite_schema WHERE sql NOT NULL")]
    lab.sql("ALTER TABLE owner RENAME COLUMN name TO full; CREATE TABLE spare (b);")
    lab.write(
        **{
            "001_first": ";\n".join(tables) + ";",
            "002_rows": "UPDATE owner SET name = upper(name);",
            "003_rename": "ALTER TABLE owner RENAME COLUMN name TO full; CREATE TABLE spare (a);",
            "004_spare": "DROP TABLE spare; CREATE TABLE spare (b);",
            "005_names": "UPDATE owner SET full = 'nobody' WHERE full IS NULL;",
            "006_tag": ADD_TAG,
        }
    )
    found = lab.survey()
    assert list(verdicts(found).values()) == ["applied"] * 4 + ["pending"] * 2
    reason = "replayed: the first 4 make this schema exactly"
    assert [each.reasons for each in found.judged[:4]] == [(reason,)] * 4
    assert order.is_told_by_names(found.order)


def test_what_the_ledger_knows_is_not_judged_again(lab):
    """An edited file either: that it differs is for status to tell."""
    lab.write(a_tag=ADD_TAG, b_note="CREATE TABLE note (x);")
    known = migration.read_file(lab.folder / "a_tag.sql")
    with closing(sqlite3.connect(lab.live)) as db, db:
        ledger.create(db)
        ledger.record(db, known, applied_at="2026-01-01T00:00:00+00:00", seconds=0, run="marked")
    lab.write(a_tag=ADD_TAG + "-- edited")
    found = lab.survey()
    assert verdicts(found) == {"b_note": "pending"}
    assert names(found) == ["a_tag", "b_note"]


def test_a_renamed_file_keeps_its_row(lab):
    """The ledger's name has no file, and an unknown file has its text."""
    lab.write(tag=ADD_TAG)
    known = migration.read_file(lab.folder / "tag.sql")
    with closing(sqlite3.connect(lab.live)) as db, db:
        ledger.create(db)
        ledger.record(db, known, applied_at="2026-01-01T00:00:00+00:00", seconds=0, run="marked")
    (lab.folder / "tag.sql").rename(lab.folder / "001_tag.sql")
    found = lab.survey()
    assert [(old, each.name) for old, each in found.renamed] == [("tag", "001_tag")]
    assert found.judged == ()


def test_dates_in_names_and_headers_come_before_the_alphabet(lab):
    """Numbers first; then dates, wherever they stand; then names. What is no date is none."""
    lab.write(
        **{
            "zebra": "-- Date: 2024-03-01\nSELECT 1;",
            "add_2023-12-31_tags": "SELECT 1;",
            "add_99999999": "SELECT 1;",
            "beta": "SELECT 1;",
            "alpha": "SELECT 1;",
            "7_late": "-- Date: 2030-01-01\nSELECT 1;",
        }
    )
    derived = order.derive(migration.read_folder(lab.folder), lab.folder)
    assert [each.name for each in derived] == [
        "7_late",
        "add_2023-12-31_tags",
        "zebra",
        "add_99999999",
        "alpha",
        "beta",
    ]


def test_git_tells_when_a_file_first_came(lab):
    """The first commit of each file, not the last; a header's date has the last word."""

    def git(*words, at="2024-01-01T00:00:00Z"):
        environment = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "HOME": str(lab.root)}
        names = {
            f"GIT_{who}_{what}": "a@b.c"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        subprocess.run(["git", *words], cwd=lab.root, env=environment | names, check=True)

    git("init", "-q")
    for number, name in enumerate(("zebra", "älg", "alpha"), start=1):
        lab.write(**{name: "SELECT 1;"})
        git("add", ".")
        git("commit", "-q", "-m", name, at=f"2024-0{number}-01T00:00:00Z")
    lab.write(zebra="SELECT 2;", dated="-- Date: 2024-02-15\nSELECT 1;", fresh="SELECT 1;")
    git("add", "old scripts/zebra.sql")
    git("commit", "-q", "-m", "edited", at="2025-01-01T00:00:00Z")
    derived = order.derive(migration.read_folder(lab.folder), lab.folder)
    assert [each.name for each in derived] == ["zebra", "älg", "dated", "alpha", "fresh"]
