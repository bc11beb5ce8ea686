"""What a statement, a rebuild or a line of Python asks for, as data that rules can judge.

Several ways lead to one change: a column goes away by ``DROP COLUMN``, by a rebuild that leaves
it out, or by ``transform(drop=…)``. Rules see the change, not the way. Nothing here reads SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.review.table import ForeignKey, Table

Way = Literal["alter", "rebuild", "rows", "transform"]
"""``rows``: a rebuild that Python fills row by row, so that values may live on elsewhere."""


@dataclass(frozen=True, slots=True)
class Image:
    """The rows that a table will hold: a SELECT on the database as it is, and its columns."""

    name: str
    columns: tuple[str, ...]
    select: str


@dataclass(frozen=True, slots=True)
class CreateTable:
    """A new table; `source_table` is the one that its ``AS SELECT`` reads, if any."""

    table: str
    source_table: str | None = None


@dataclass(frozen=True, slots=True)
class CreateIfMissing:
    """``CREATE … IF NOT EXISTS`` of a table, an index, a view or a trigger."""

    kind: Literal["table", "index", "view", "trigger"]
    name: str
    statement: str


@dataclass(frozen=True, slots=True)
class DropTable:
    """``DROP TABLE`` that is no part of a rebuild."""

    table: str


@dataclass(frozen=True, slots=True)
class DropRebuilt:
    """``DROP TABLE`` as a step of a rebuild: its rows are in the other table by then."""

    table: str


@dataclass(frozen=True, slots=True)
class RenameTable:
    """``ALTER TABLE … RENAME TO``; `first` when a rebuild starts by renaming the old table."""

    table: str
    new: str
    first: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """A column under a new name."""

    table: str
    column: str
    new: str


@dataclass(frozen=True, slots=True)
class AddColumn:
    """``ADD COLUMN``. `default` is its text; `constant` says whether SQLite takes it as one."""

    table: str
    column: str
    type: str
    not_null: bool = False
    default: str | None = None
    constant: bool = True
    stored: bool = False
    generated: bool = False
    unique: bool = False
    primary_key: bool = False
    parent: str | None = None
    check: str | None = None


@dataclass(frozen=True, slots=True)
class DropColumn:
    """A column goes away."""

    table: str
    column: str
    way: Way


@dataclass(frozen=True, slots=True)
class Retype:
    """A column's declared type changes; each as it is written."""

    table: str
    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class SetNotNull:
    """A column refuses NULL from now on."""

    table: str
    column: str
    image: Image


@dataclass(frozen=True, slots=True)
class NewCheck:
    """Rows go into a table that has this CHECK."""

    table: str
    expression: str
    image: Image


@dataclass(frozen=True, slots=True)
class NewUnique:
    """A table gets a UNIQUE or PRIMARY KEY, or an index that is; `terms` are SQL expressions."""

    table: str
    terms: tuple[str, ...]
    image: Image
    index: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class NewForeignKey:
    """A table gets a foreign key that it did not have."""

    table: str
    key: ForeignKey
    image: Image


@dataclass(frozen=True, slots=True)
class DropForeignKey:
    """A foreign key disappears."""

    table: str
    key: ForeignKey


@dataclass(frozen=True, slots=True)
class BecomeStrict:
    """A table becomes STRICT; `columns` are those whose declared type stays."""

    table: str
    image: Image
    types: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """The copying step of a rebuild by hand, from `old` (as it was) into `new`."""

    old: Table
    new: Table
    image: Image
    star: bool
    filtered: bool
    ignores: bool


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """A new index."""

    index: str
    table: str


@dataclass(frozen=True, slots=True)
class Write:
    """INSERT, UPDATE, DELETE or REPLACE.

    `where` is the text of its condition, None without one. `plain` says that the condition can
    be asked by itself (no CTE, no FROM, no LIMIT). `rows` is how many it changed, where it ran.
    """

    verb: Literal["insert", "update", "delete", "replace"]
    table: str
    where: str | None = None
    plain: bool = True
    source: str | None = None
    source_table: str | None = None
    source_columns: tuple[str | None, ...] = ()
    star: bool = False
    filtered: bool = False
    ignores: bool = False
    columns: tuple[str, ...] = ()
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """``PRAGMA name = value``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """BEGIN, COMMIT, ROLLBACK, SAVEPOINT or RELEASE; `left_open` at the end of a file."""

    verb: str
    left_open: bool = False


@dataclass(frozen=True, slots=True)
class OtherFile:
    """ATTACH, VACUUM INTO or a loaded extension: `name` is the file, as written."""

    verb: str
    name: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """A ``"name"`` that is no column, so SQLite takes it for the string 'name'."""

    name: str
    table: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """SQLite does not take the statement: `message` is what it said."""

    statement: str
    message: str
    complete: bool
    """True when the place is known exactly: nothing before it could have made it valid."""


@dataclass(frozen=True, slots=True)
class Unbound:
    """A statement of an ``.sql`` file has parameters, for which a file holds no values."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untried:
    """SQLite does not take the statement, and there is no database by which to judge that."""

    message: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """A migration behind the one named `stopped`, where the rehearsal ended."""

    migration: str
    path: Path
    stopped: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of one migration: how things stood before it, to be compared with how they stand.

    `views`, `triggers`, `virtual` tables and `objects` (type, name, SQL) are None where nothing in
    the file could harm them. `keys` are the foreign keys that each touched table had; `counters`
    are rebuilt AUTOINCREMENT tables, each with the highest id ever given and the highest that was
    left.
    """

    views: tuple[tuple[str, str], ...] | None
    triggers: tuple[tuple[str, str], ...] | None
    objects: frozenset[tuple[str, str, str]] | None
    orphans: frozenset[tuple[str, int | None, str, int]]
    keys: tuple[tuple[str, frozenset[ForeignKey]], ...]
    rebuilt: tuple[str, ...]
    virtual: tuple[tuple[str, str], ...] | None
    counters: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """Lines of Python whose SQL is put together at run time."""

    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """A migration without a statement; `unwritten` is one that nobody has filled in yet."""

    comment: str
    unwritten: bool


@dataclass(frozen=True, slots=True)
class Declared:
    """A file's directives, as (rule, line), and the rules that found something in it.

    `told_all` says that the rules had all the rows to ask that they need.
    """

    directives: tuple[tuple[str, int], ...]
    found: frozenset[str]
    told_all: bool
