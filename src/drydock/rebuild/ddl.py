"""A stored CREATE TABLE statement as a tree of its own text.

`parse` splits the text into head, items (columns and table constraints) and tail, each holding
the exact characters it came from, comments and spaces included: `render` of a parsed text is the
text again, to the byte. It refuses nothing that SQLite accepts and judges no meaning; what an
expression reads, or whether a type exists, is for others to ask of SQLite itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from drydock.names import fold
from drydock.rebuild.definition import (
    Column,
    Constraint,
    constraint_end,
    parse_column,
    parse_constraint,
)
from drydock.tokens import Token, code, tokenize

_TABLE_STARTERS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")


@dataclass(frozen=True, slots=True)
class Item:
    """One column or table constraint between the outer parentheses.

    Joined as ``before + body + gap + comma + trail`` the items are the text. A comment on the
    line of an item is its `trail` and goes where the item goes.
    """

    before: str
    body: str
    gap: str = ""
    comma: str = ""
    trail: str = ""
    column: Column | None = None
    constraint: Constraint | None = None

    def inner(self, constraint: Constraint) -> str:
        """Return the text inside a constraint of this item, without its outer spaces."""
        if constraint.inner is None:
            return ""
        return self.body[slice(*constraint.inner)].strip()


@dataclass(frozen=True, slots=True)
class CreateTable:
    """The whole statement; `tail` runs from the last item to the closing parenthesis."""

    head: str
    name: Token
    items: tuple[Item, ...]
    tail: str
    options: str

    def render(self) -> str:
        """Return the statement's text."""
        pieces = [self.head]
        for item in self.items:
            pieces += [item.before, item.body, item.gap, item.comma, item.trail]
        return join([*pieces, self.tail, self.options])

    @property
    def columns(self) -> list[tuple[Item, Column]]:
        """Every column with the item that defines it, in the order of the text."""
        return [(item, item.column) for item in self.items if item.column]

    @property
    def constraints(self) -> list[tuple[Item, Constraint]]:
        """Every table constraint with its item."""
        return [(item, item.constraint) for item in self.items if item.constraint]

    def column(self, name: str) -> tuple[Item, Column]:
        """Return the column of that name and its item; KeyError where there is none."""
        for item, column in self.columns:
            if fold(column.name) == fold(name):
                return item, column
        raise KeyError(name)

    def option(self, *words: str) -> bool:
        """Whether a table option such as ``WITHOUT ROWID`` or ``STRICT`` is set."""
        found = [token.text.upper() for token in code(self.options)[1:]]
        return any(found[i : i + len(words)] == list(words) for i in range(len(found)))


def join(pieces: list[str]) -> str:
    """Return the pieces as one text, with a line end where a ``--`` comment would swallow code."""
    text = ""
    for piece in filter(None, pieces):
        text += "\n" + piece if _ends_in_comment(text) and piece[0] != "\n" else piece
    return text


def _ends_in_comment(text: str) -> bool:
    last_line = text.rpartition("\n")[2]
    if "--" not in last_line:
        return False
    last = tokenize(text)[-1]
    return last.kind == "comment" and last.text.startswith("--")


@lru_cache(maxsize=256)
def parse(sql: str) -> CreateTable:
    """Return the tree of a stored ``CREATE TABLE name (…)``.

    Raises:
        ValueError: `sql` is something else, as a virtual table's statement is.
    """
    tokens = tokenize(sql)
    seen = [token for token in tokens if token.is_code]
    if len(seen) < 5 or not (seen[0].is_word("CREATE") and seen[1].is_word("TABLE")):
        raise ValueError(f"not a CREATE TABLE statement: {sql[:60]}")
    opening = next(token for token in seen if token.text == "(")
    chunks, closing = _chunks(tokens, opening)
    items: list[Item] = []
    for position, (start, end) in enumerate(chunks):
        is_last = position == len(chunks) - 1
        items += _items(sql, tokens, start, end, is_last=is_last)
    for position in range(1, len(items)):
        # What a chunk says after its comma belongs to the item before it.
        before, rest = items[position - 1], items[position]
        if before.comma:
            trail = _own_line_end(rest.before)
            items[position - 1] = replace(before, trail=trail)
            items[position] = replace(rest, before=rest.before[len(trail) :])
    last = items[-1]
    trail = _own_line_end(last.gap, closes=True)
    tail = last.gap[len(trail) :]
    items[-1] = replace(last, gap=trail)
    return CreateTable(
        head=sql[: opening.end],
        name=seen[2],
        items=tuple(items),
        tail=tail,
        options=sql[closing.start :],
    )


def _chunks(tokens: list[Token], opening: Token) -> tuple[list[tuple[int, int]], Token]:
    """Return where the comma-separated pieces begin and end, and the closing parenthesis."""
    chunks: list[tuple[int, int]] = []
    depth, start = 0, opening.end
    for token in tokens:
        if token.start < opening.end or not token.is_code:
            continue
        if token.text == "(":
            depth += 1
        elif token.text == ")" and depth:
            depth -= 1
        elif token.text == ")":
            return [*chunks, (start, token.start)], token
        elif token.text == "," and not depth:
            chunks.append((start, token.start))
            start = token.end
    raise ValueError("not a CREATE TABLE statement: no closing parenthesis")


def _items(sql: str, tokens: list[Token], start: int, end: int, *, is_last: bool) -> list[Item]:
    """Return the column of a chunk, or its constraints: the grammar lets commas between go."""
    inside = [one for one in tokens if start <= one.start < end and one.is_code]
    comma = "" if is_last else ","
    if not inside[0].is_word(*_TABLE_STARTERS):
        body = sql[inside[0].start : inside[-1].end]
        before, gap = sql[start : inside[0].start], sql[inside[-1].end : end]
        return [Item(before, body, gap, comma, column=parse_column(body))]
    items: list[Item] = []
    while inside:
        offset = inside[0].start
        used = constraint_end(inside)
        finish = inside[used - 1].end
        body = sql[offset:finish]
        inside = inside[used:]
        items.append(Item(sql[start:offset], body, constraint=parse_constraint(body)))
        start = finish
    items[-1] = replace(items[-1], gap=sql[start:end], comma=comma)
    return items


def _own_line_end(text: str, *, closes: bool = False) -> str:
    """Return the start of `text` that is a comment ending its line: it is about what it follows."""
    taken, length = 0, 0
    for token in tokenize(text):
        if token.kind == "comment":
            taken = length = token.end
        elif "\n" in token.text:
            return text[:taken]
        else:
            length = token.end
    return text[:taken] if closes and length else ""
