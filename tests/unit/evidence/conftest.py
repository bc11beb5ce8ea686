"""Pairs of real database files: one before, one after some statements."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from drydock.evidence import Evidence, Options, TableEvidence, compare

if TYPE_CHECKING:
    from pathlib import Path

# Odd identifiers as a habit: a space, a quote, a keyword, a rowid that is shadowed, NOCASE.
ORDERS = """
CREATE TABLE "my ""orders" (id INTEGER PRIMARY KEY, "group" TEXT COLLATE NOCASE, total, note TEXT);
INSERT INTO "my ""orders" VALUES (1, 'a', 1, 'x'), (2, 'B', 1.5, NULL), (5, 'c', X'00ff', 'z'),
  (9223372036854775807, 'd', 9007199254740993, 'big');
CREATE TABLE "Ärger"(rowid TEXT, v REAL);
INSERT INTO "Ärger" VALUES ('one', 1), ('two', 2.5), ('three', NULL);
CREATE TABLE pair(a TEXT, b INT, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO pair VALUES ('x', 1, 'p'), ('x', 2, 'q'), ('y', 1, NULL);
CREATE TABLE log(line TEXT, at);
INSERT INTO log VALUES ('first', 1), ('second', 2), ('third', 3), ('third', 3), (NULL, NULL);
"""


@dataclass
class Files:
    """Two files and how to make them."""

    folder: Path
    before: Path = field(init=False)
    after: Path = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.folder / "be fore%.db"
        self.after = self.folder / "after?.db"

    def make(self, sql: str = ORDERS, change: str = "", *, pragma: str = "") -> Files:
        with closing(sqlite3.connect(self.before, isolation_level=None)) as connection:
            connection.executescript(pragma)
            connection.executescript(sql)
        shutil.copyfile(self.before, self.after)
        return self.change(change)

    def change(self, change: str) -> Files:
        with closing(sqlite3.connect(self.after, isolation_level=None)) as connection:
            connection.executescript(change)
        return self

    def compare(self, **options: object) -> Evidence:
        return compare(self.before, self.after, options=Options(**options))

    def table(self, name: str, **options: object) -> TableEvidence:
        return self.compare(**options).table(name)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)
