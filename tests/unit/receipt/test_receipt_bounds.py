"""A receipt is bounded, escaped, private, found again, and never in the way."""

from __future__ import annotations

import json
import shutil
import stat
import time
from html.parser import HTMLParser

import pytest

from drydock import receipt
from drydock.evidence import Evidence, Sample, SampleValue, SchemaChange, TableEvidence
from drydock.executor import MigrationFailed
from drydock.receipt import gathering
from drydock.receipt.files import DATA, PAGE, NoReceipt, NoSuchRun, SeveralRuns
from drydock.review import Finding
from tests.unit.receipt.conftest import applied, migration

EVIL = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)> \x1b[31m \u202eevil & \"q\" 'q'"
)


class Elements(HTMLParser):
    """The names and attributes of a page's elements, and its text."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes, self.text = [], [], ""
        self.open = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def left(walk, error=None):
    """End the run, leave its receipt; return its JSON and its page."""
    walk.record.end("finished" if error is None else "failed", "done")
    receipt.leave(walk, error)
    assert walk.reporter.notes == []
    folder = walk.record.folder
    return json.loads((folder / DATA).read_text("utf-8")), (folder / PAGE).read_text("utf-8")


def evil_walk(walk):
    each = migration(f"001_{EVIL}", f"-- Purpose: {EVIL}\n-- Author: {EVIL}\nSELECT '{EVIL}';")
    walk.pending = (each,)
    walk.applied = (
        applied(each, [f"SELECT '{EVIL}'", f'INSERT INTO "{EVIL}" VALUES (1) -- {EVIL}']),
    )
    walk.findings = (
        Finding(EVIL, "warning", each.name, each.path, 1, (EVIL,), EVIL, EVIL, EVIL, EVIL),
        Finding("r", "note", each.name, each.path, 1, (), "w", "", allowed=EVIL),
    )
    sample = Sample("changed", EVIL, (SampleValue(EVIL, EVIL, None),))
    table = TableEvidence(EVIL, "changed", 1, 1, 0, 1, samples=(sample,), was=EVIL)
    walk.evidence = Evidence((table,), SchemaChange(), (), (), (), (), 0.1, 1, 1)
    walk.took("migrate", "failed", EVIL, walk.began)
    return each


def test_no_text_of_the_data_is_more_than_text(walk):
    """Names, statements, findings, values, causes: all shown, none of it an element."""
    each = evil_walk(walk)
    error = MigrationFailed(each, [EVIL], statement=EVIL, hint=EVIL)
    _, page = left(walk, error)
    found = Elements(page)
    assert found.open == []
    assert not {"script", "img", "iframe", "object"} & set(found.names)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert found.text.count("<script>alert(1)</script>") > 12
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_page_may_fetch_nothing(walk):
    """Its own policy says so, and no address stands where one would be fetched."""
    _, page = left(walk)
    found = Elements(page)
    assert "default-src 'none'" in page
    fetching = {
        (name, value) for name, value in found.attributes if name in ("src", "href", "srcset")
    }
    assert all(value.startswith(("#", "data:,")) for _, value in fetching)


def test_a_thousand_migrations_make_a_page_that_opens(walk):
    """Bounded in size and time, with a count of all that was left out."""
    walk.pending = tuple(
        migration(f"{n:04}_m", f"SELECT {n};" + " -- x" * 400) for n in range(1000)
    )
    walk.applied = tuple(
        applied(each, [f"SELECT {n}" for n in range(100)]) for each in walk.pending
    )
    begun = time.process_time()
    told, page = left(walk)
    assert time.process_time() - begun < 5
    assert len(page) < 4_000_000
    assert len(told["migrations"]) == 1000
    for each, whole in zip(told["migrations"], walk.pending, strict=True):
        assert len(each["statements"]) + each["statements_left_out"] == 100
        assert len(each["text"]) + each["text_left_out"] == len(whole.text)
    assert sum(len(each["statements"]) for each in told["migrations"]) == (
        gathering.STATEMENTS_IN_ALL
    )
    assert sum(len(each["text"]) for each in told["migrations"]) == gathering.TEXT_IN_ALL
    assert "60 more statements" in page


def test_a_loop_of_a_million_letters_is_cut(walk):
    """One statement, one output, one text can be as large as the data itself."""
    each = migration("001_big", "SELECT 1; --" + "x" * 100_000)
    walk.pending = (each,)
    walk.applied = (applied(each, ["INSERT INTO t VALUES ('" + "y" * 1_000_000 + "')"]),)
    told, page = left(walk)
    (shown,) = told["migrations"]
    assert len(shown["statements"][0]["sql"]) == gathering.SQL_LETTERS
    assert shown["text_left_out"] == len(each.text) - gathering.TEXT_LETTERS
    assert len(page) < 100_000


def test_more_tables_than_a_page_holds_are_counted(walk):
    tables = tuple(TableEvidence(f"t{n}", "changed", 1, 1, 0, 1) for n in range(500))
    walk.evidence = Evidence(tables, SchemaChange(), (), (), (), (), 0.1, 500, 0)
    told, page = left(walk)
    assert len(told["data"]["tables"]) == gathering.TABLES
    assert told["data"]["tables_left_out"] == 500 - gathering.TABLES
    assert "300 more tables changed" in page


def test_a_receipt_that_cannot_be_written_is_a_note(walk):
    """The run has ended; its end is not undone by a full disk."""
    walk.record.end("finished", "done")
    shutil.rmtree(walk.record.folder)
    receipt.leave(walk)
    (note,) = walk.reporter.notes
    assert "receipt could not be written" in note


def test_without_a_run_there_is_no_receipt(walk):
    """A command that only reads leaves nothing behind."""
    walk.run = None
    receipt.leave(walk)
    assert walk.reporter.notes == []


def test_only_its_owner_reads_it(walk):
    """It holds rows of the data."""
    left(walk)
    for name in (PAGE, DATA):
        assert stat.S_IMODE((walk.record.folder / name).stat().st_mode) == 0o600


def test_a_run_is_found_by_its_name_or_how_it_begins(walk):
    """The newest that left one where none is named; what is unclear or unknown is said."""
    with pytest.raises(NoSuchRun):
        receipt.find(walk.state)
    first = walk.record.record.id
    with pytest.raises(NoReceipt):
        receipt.find(walk.state, first)
    left(walk)
    walk.begin()
    assert receipt.find(walk.state)[0].id == first
    assert receipt.find(walk.state, first)[1] == walk.state / "runs" / first / PAGE
    for unknown in ("1999", "../runs"):
        with pytest.raises(NoSuchRun):
            receipt.find(walk.state, unknown)
    with pytest.raises(SeveralRuns, match="2 runs begin with '2'") as raised:
        receipt.find(walk.state, "2")
    assert raised.value.cause == [walk.record.record.id, first]


def test_an_interrupted_run_is_told_from_its_record_alone(walk):
    """The command that cleans up after it must not lend it its own migrations."""
    walk.pending = (migration("009_of_the_other_run"),)
    walk.took("backup", "done", "of the other run", walk.began)
    walk.record.note(result="d" * 64)
    walk.record.end("interrupted", "app.db is the migrated database, whole")
    receipt.leave(walk)
    page = (walk.record.folder / PAGE).read_text("utf-8")
    told = json.loads((walk.record.folder / DATA).read_text("utf-8"))
    assert walk.reporter.notes == []
    assert (told["phase"], told["published"], told["migrations"]) == ("interrupted", True, [])
    assert "Interrupted: a later command cleaned up" in page
    assert "other" not in page
