"""A receipt as one HTML page: self-contained, light and dark, printable, without a script.

Every text is data of somebody else's: escaped by the template, and free of control characters.
The page may fetch nothing; its own policy forbids it. It decides nothing but what words and
widths a number gets.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drydock.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Template
    from jinja2.bccache import Bucket
    from markupsafe import Markup

    from drydock.receipt.facts import DataTold, MigrationTold, Receipt, StatementTold, TableTold

_HERE = Path(__file__).parent
_COMPILED = _HERE / "__pycache__"
_OPEN_MIGRATIONS = 3
"""So many migrations are shown unfolded, those that failed always."""
_SCHEMA_LINES = 200

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WORDS = (
    "abort add after all alter and as asc autoincrement before begin between by cascade case cast "
    "check collate column commit conflict constraint create cross default deferrable delete desc "
    "distinct drop each else end escape except exists explain fail for foreign from full generated "
    "glob group having if ignore in index initially inner insert instead intersect into is join "
    "key left like limit match natural not nothing null of offset on or order outer over partition "
    "pragma primary raise recursive references regexp reindex release rename replace restrict "
    "returning right rollback row savepoint select set stored strict table temp then to "
    "transaction trigger union unique update using vacuum values view virtual when where window "
    "with without"
)
_SQL = re.compile(
    r"(?P<c>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<s>'(?:[^']|'')*')|(?P<i>\"(?:[^\"]|\"\")*\")"
    rf"|(?P<k>\b(?:{'|'.join(_WORDS.split())})\b)|(?P<n>\b\d[\d.]*\b)",
    re.DOTALL | re.IGNORECASE,
)

VERDICTS = {
    "running": ("good", "✓", "Migrated, proven and running"),
    "migrated": ("good", "✓", "Migrated and proven"),
    "went back": ("good", "✓", "Back on the earlier database"),
    "rehearsed": ("good", "✓", "Rehearsed: nothing was published"),
    "done": ("good", "✓", "Done"),
    "failed": ("bad", "✗", "Failed: the database is as it was"),
    "refused": ("bad", "✗", "Refused: the database is as it was"),
    "returned": ("bad", "✗", "Failed: the previous database is back"),
    "stuck": ("bad", "✗", "Stuck: the way back failed too"),
    "interrupted": ("worry", "!", "Interrupted: a later command cleaned up"),
}
"""What kind of verdict, its sign and its words."""


MIGRATIONS_SHOWN = 100
"""Migrations shown with their text and statements; of more, the page gives the names."""


def render(receipt: Receipt, picture: str) -> str:
    """Return the page; `picture` is the schema's diagram as SVG, empty for none."""
    from markupsafe import Markup

    page: str = _template().render(
        r=receipt,
        verdict=VERDICTS[_verdict(receipt)],
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - our own
        picture=Markup(picture),  # noqa: S704 - drydock.schema.drawing escapes every text
        wide=_wide(picture),
        lost=_lost(receipt.data),
        dropped=_dropped(receipt.data),
        counts=_counts,
        share=_share,
        spans=_spans(receipt),
        is_open=_is_open,
        fates=_fates,
        told=_told,
        shown=receipt.migrations[:MIGRATIONS_SHOWN],
        named=receipt.migrations[MIGRATIONS_SHOWN:],
        schema_lines=receipt.schema[:_SCHEMA_LINES],
        schema_left_out=len(receipt.schema[_SCHEMA_LINES:]),
    )
    return page


@cache
def _template() -> Template:
    """Return the compiled page, kept where Python keeps compiled modules."""
    import jinja2

    class Kept(jinja2.FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError):  # installed by somebody else, or the disk is full
                super().dump_bytecode(bucket)

    is_kept = not os.environ.get("PYTHONDONTWRITEBYTECODE")  # Invoke switches Python's own off
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        bytecode_cache=Kept(str(_COMPILED), f"%s.{jinja2.__version__}.page") if is_kept else None,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.filters.update(count=_count, seconds=_seconds, sql=_sql, bytes=_bytes)
    return environment.get_template("page.html.j2")


def _wide(picture: str) -> int:
    """Return the pixels that a picture is wide by itself; 0 without one."""
    found = re.search(r'<svg [^>]*? width="(\d+)', picture)
    return int(found[1]) if found else 0


def _verdict(receipt: Receipt) -> str:
    if receipt.phase == "failed" and receipt.error is not None:
        return "refused" if receipt.error.exit_code == ExitCode.REFUSED else "failed"
    if receipt.phase != "finished":
        return receipt.phase
    if receipt.dry_run:
        return "rehearsed"
    if receipt.published and receipt.result_digest:
        asked = any((each.name, each.state) == ("smoke-test", "done") for each in receipt.steps)
        return "running" if asked else "migrated"
    return "went back" if receipt.published else "done"


def _clean(value: Any) -> Any:
    """Keep what came from data from steering whoever reads the page: no controls, no bidi marks."""
    if isinstance(value, str) and _UNPRINTABLE.search(value):
        return type(value)(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value))
    return value


def _count(number: int, noun: str = "") -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}" if noun else f"{number:,}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 100 else f"{value // 60:.0f} min {value % 60:.0f} s"


def _bytes(count: int) -> str:
    from drydock.steps.take_backup import size

    return size(count)


def _sql(text: str) -> Markup:
    """Return SQL with its words, texts, numbers and comments marked; all of it escaped."""
    from markupsafe import Markup

    parts: list[str] = []
    at = 0
    for match in _SQL.finditer(text):
        parts += [escape(text[at : match.start()])]
        parts += [f'<i class="{match.lastgroup}">{escape(match[0])}</i>']
        at = match.end()
    return Markup("".join([*parts, escape(text[at:])]))  # noqa: S704 - each part is escaped


def _lost(data: DataTold | None) -> int:
    tables = data.tables if data else ()
    return sum(each.rows_before if each.kind == "dropped" else each.removed for each in tables)


def _dropped(data: DataTold | None) -> int:
    tables = data.tables if data else ()
    return sum(column.dropped_values for each in tables for column in each.columns)


def _counts(migration: MigrationTold) -> list[tuple[str, int]]:
    """Return how many findings of each severity there are; what is declared as meant is apart."""
    words = [
        "allowed" if each.allowed is not None else each.severity for each in migration.findings
    ]
    order = ("error", "warning", "note", "allowed")
    return [(word, words.count(word)) for word in order if word in words]


def _share(table: TableTold) -> Iterable[tuple[str, int, float]]:
    """Return the parts of a table's bar, in percent; what is there is wide enough to be seen."""
    counts = {
        "kept": table.kept,
        "changed": table.changed,
        "added": table.added,
        "removed": table.rows_before if table.kind == "dropped" else table.removed,
    }
    shown = {word: count for word, count in counts.items() if count}
    total = sum(shown.values())
    widths = {word: max(1.5, 100 * count / total) for word, count in shown.items()}
    scale = 100 / sum(widths.values()) if widths else 1
    return [(word, shown[word], round(width * scale, 2)) for word, width in widths.items()]


def _spans(receipt: Receipt) -> list[tuple[float, float]]:
    """Return where each step's bar begins and how wide it is, in percent of the run."""
    whole = receipt.seconds or 1.0
    return [
        (
            min(99.0, round(100 * each.began / whole, 2)),
            max(1.0, round(100 * each.seconds / whole, 2)),
        )
        for each in receipt.steps
    ]


def _is_open(migration: MigrationTold, receipt: Receipt) -> bool:
    return migration.state == "failed" or len(receipt.migrations) <= _OPEN_MIGRATIONS


def _told(statement: StatementTold) -> str:
    parts = [f"line {statement.line}"] if statement.line else []
    parts += [f"{statement.times:,} times"] if statement.times > 1 else []
    parts += [f"{_count(statement.rows, 'row')} changed"] if statement.rows else []
    parts += [f"carried out as a {statement.way}"] if statement.way else []
    return ", ".join(parts)


def _fates(table: TableTold) -> list[str]:
    """Return what became of the columns, one line each: ``+ tag``, ``old → new``."""
    lines = []
    for column in table.columns:
        if column.fate == "added":
            lines.append(f"+ {column.name}")
        elif column.fate == "dropped":
            values = _count(column.dropped_values, "value")
            lines.append(f"\N{MINUS SIGN} {column.name} ({values})")
        elif column.fate == "renamed":
            lines.append(f"{column.was} → {column.name}")
        elif column.changed:
            lines.append(f"~ {column.name} ({_count(column.changed, 'value')})")
    return lines
