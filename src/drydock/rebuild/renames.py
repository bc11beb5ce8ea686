"""Column renames by SQLite's own ALTER TABLE, which carries them through the whole schema.

SQLite resolves every name; this module only gives back what its rewriting takes along the way: the
author's way of quoting, and strings in double quotes. It refuses nothing: whether every view and
trigger still reads what it read is compared afterwards, on the twin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild.edit import spell
from drydock.tokens import Token, code, tokenize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drydock.rebuild.steps import Script

_QUOTES = {"[": ("[", "]"), "`": ("`", "`"), '"': ('"', '"'), "'": ("'", "'")}


def rename_columns(script: Script, table: str, renames: Mapping[str, str]) -> None:
    """Rename the columns, all at once as far as anyone can tell: two may trade names.

    Raises:
        sqlite3.Error: SQLite refuses one of the renames.
    """
    texts = {one.key: one.sql or "" for one in script.twin.schema().objects}
    quotes = _quotes_freely(script.twin.table(table).sql)
    for old, new in _in_order(script, table, renames):
        script.run_past_broken(
            f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(old)} TO {spell(new)}"
        )
    script.edit_texts(
        {
            (one.type, one.name): mended
            for one in script.twin.schema().objects
            if one.sql and texts.get(one.key) not in (None, one.sql)
            for mended in [restyle(texts[one.key], one.sql, renames, quotes=quotes)]
            if mended != one.sql
        }
    )


def _in_order(script: Script, table: str, renames: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return single renames that come to the same: by way of free names where names trade."""
    taken = {fold(one.name) for one in script.twin.table(table).columns}
    plain, first, last = [], [], []
    for number, (old, new) in enumerate(renames.items()):
        if fold(new) in taken and fold(new) != fold(old):
            between = f"_drydock_{number}"
            first.append((old, between))
            last.append((between, new))
        else:
            plain.append((old, new))
    return [*first, *plain, *last]


def _quotes_freely(sql: str) -> bool:
    """Whether the author quotes names that could stand bare."""
    return any(one.text[0] == '"' and spell(one.name) == one.name for one in code(sql))


def restyle(before: str, after: str, renames: Mapping[str, str], *, quotes: bool) -> str:
    """Return `after` with every name quoted as it was in `before`, and all else as it was.

    `quotes` says that the table's author quotes names without need, too.
    Where SQLite did more than replace tokens one for one, its text stands.
    """
    old, new = tokenize(before), code(after)
    if len(new) != sum(one.is_code for one in old):
        return after
    wanted = {fold(source): target for source, target in renames.items()}
    appearing = {fold(target) for target in renames.values()}
    pieces, following = [], iter(new)
    for token in old:
        if not token.is_code:
            pieces.append(token.text)
            continue
        became = next(following)
        renamed = became.folded != token.folded and token.folded in wanted
        if renamed and became.folded == fold(wanted[token.folded]):
            pieces.append(_in_style(token, wanted[token.folded], quotes=quotes))
        elif renamed or token.folded in appearing:
            pieces.append(became.text)  # a string "b" must not become the new column b
        else:
            pieces.append(token.text)
    return "".join(pieces)


def _in_style(token: Token, name: str, *, quotes: bool) -> str:
    """Return `name` quoted as the token is; bare where it is bare and the name can be.

    Where nobody quotes without need, double quotes go with the need: so a rename there and back
    leaves the text as it was.
    """
    opening, closing = _QUOTES.get(token.text[0], ("", ""))
    if not opening or (opening == '"' and not quotes):
        return spell(name)
    if opening == "[" and "]" in name:
        return quote(name)
    return opening + (name if opening == "[" else name.replace(closing, closing * 2)) + closing
