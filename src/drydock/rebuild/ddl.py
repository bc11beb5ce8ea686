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
from drydock.tokens import Token, code, tokenize

_COLUMN_STARTERS = (
    "CONSTRAINT",
    "DEFAULT",
    "NULL",
    "NOT",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "REFERENCES",
    "COLLATE",
    "GENERATED",
    "AS",
    "DEFERRABLE",
)
_GROUPED = {
    "CHECK": ("CHECK", 1),
    "UNIQUE": ("UNIQUE", 1),
    "PRIMARY": ("PRIMARY KEY", 2),
    "FOREIGN": ("FOREIGN KEY", 2),
}
_TRAILING = {"PRIMARY KEY": ("ASC", "DESC", "AUTOINCREMENT"), "GENERATED": ("STORED", "VIRTUAL")}
_TABLE_STARTERS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint of a column or a table.

    Attributes:
        kind: ``PRIMARY KEY``, ``NOT NULL``, ``NULL``, ``UNIQUE``, ``CHECK``, ``DEFAULT``,
            ``COLLATE``, ``REFERENCES``, ``FOREIGN KEY``, ``GENERATED`` or, for a name that
            nothing follows, ``CONSTRAINT``.
        name: What ``CONSTRAINT name`` calls it.
        start: Offset in the item's body, ``CONSTRAINT name`` included.
        end: Offset after it.
        tokens: Its code tokens after the name.
        inner: Offsets of what matters in it: the text between the parentheses of a CHECK,
            GENERATED, PRIMARY KEY, UNIQUE or FOREIGN KEY; the value of a DEFAULT; the name after
            COLLATE.
    """

    kind: str
    name: str | None
    start: int
    end: int
    tokens: tuple[Token, ...]
    inner: tuple[int, int] | None = None

    def has(self, word: str) -> bool:
        """Whether the bare word (upper case) stands in it."""
        return any(token.is_word(word) for token in self.tokens)


@dataclass(frozen=True, slots=True)
class Column:
    """What a column's definition says; offsets count in the item's body."""

    name: str
    name_end: int
    type: str
    type_start: int
    type_end: int
    constraints: tuple[Constraint, ...]

    def find(self, kind: str) -> Constraint | None:
        """Return the last constraint of that kind: the one that SQLite lets win."""
        found = [one for one in self.constraints if one.kind == kind]
        return found[-1] if found else None


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
        _, used = _constraint(inside, 0)
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


def parse_column(body: str) -> Column:
    """Return what one column's definition says."""
    tokens = code(body)
    at = 1
    while at < len(tokens) and not _starts_constraint(tokens, at):
        at = _after_group(tokens, at)
    constraints: list[Constraint] = []
    type_start, type_end = (tokens[1].start, tokens[at - 1].end) if at > 1 else (0, 0)
    type_text = body[type_start:type_end]
    while at < len(tokens):
        constraint, at = _constraint(tokens, at)
        constraints.append(constraint)
    name_end = tokens[0].end
    start, end = (type_start, type_end) if type_text else (name_end, name_end)
    return Column(tokens[0].name, name_end, type_text, start, end, tuple(constraints))


def parse_constraint(body: str) -> Constraint:
    """Return what one table constraint says."""
    return _constraint(code(body), 0)[0]


def _starts_constraint(tokens: list[Token], at: int) -> bool:
    if tokens[at].is_word("GENERATED"):  # a type may be called so; ALWAYS AS makes it a keyword
        return any(token.is_word("AS") for token in tokens[at + 1 : at + 3])
    return tokens[at].is_word(*_COLUMN_STARTERS)


def _after_group(tokens: list[Token], at: int) -> int:
    """Return the index after the token at `at`, or after its whole parenthesised group."""
    if at >= len(tokens) or tokens[at].text != "(":
        return at + 1
    depth = 0
    for index in range(at, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if not depth:
            return index + 1
    return len(tokens)


def _constraint(tokens: list[Token], at: int) -> tuple[Constraint, int]:
    """Return the constraint that begins at `at` and the index after it."""
    first, name = at, None
    if tokens[at].is_word("CONSTRAINT"):
        name = tokens[at + 1].name
        at += 2
        if at >= len(tokens) or not tokens[at].is_word(*_COLUMN_STARTERS, "FOREIGN"):
            found = tuple(tokens[at:at])
            return Constraint(
                "CONSTRAINT", name, tokens[first].start, tokens[at - 1].end, found
            ), at
        if tokens[at].is_word("CONSTRAINT"):
            return Constraint("CONSTRAINT", name, tokens[first].start, tokens[at - 1].end, ()), at
    begin = at
    kind, inner, at = _kind(tokens, at)
    at = _clauses(tokens, at, kind)
    return (
        Constraint(
            kind,
            name,
            tokens[first].start,
            tokens[at - 1].end,
            tuple(tokens[begin:at]),
            inner,
        ),
        at,
    )


def _kind(tokens: list[Token], at: int) -> tuple[str, tuple[int, int] | None, int]:
    """Return what begins at `at`, where its inner text is, and the index after its main part."""
    word = tokens[at].text.upper()
    if word in _GROUPED:
        kind, skipped = _GROUPED[word]
        return (kind, *_group(tokens, at + skipped))
    if word in ("GENERATED", "AS"):
        start = next(i for i in range(at, len(tokens)) if tokens[i].is_word("AS"))
        return ("GENERATED", *_group(tokens, start + 1))
    if word == "DEFAULT":
        signed = tokens[at + 1].text in ("+", "-")
        after = _after_group(tokens, at + 1 + signed)
        return ("DEFAULT", (tokens[at + 1].start, tokens[after - 1].end), after)
    if word in ("COLLATE", "REFERENCES"):
        return (word, (tokens[at + 1].start, tokens[at + 1].end), at + 2)
    if word == "NOT":
        deferrable = tokens[at + 1].is_word("DEFERRABLE")
        return ("DEFERRABLE" if deferrable else "NOT NULL", None, at + 2)
    return (word, None, at + 1)


def _group(tokens: list[Token], at: int) -> tuple[tuple[int, int] | None, int]:
    if at >= len(tokens) or tokens[at].text != "(":
        return None, at
    after = _after_group(tokens, at)
    return (tokens[at].end, tokens[after - 1].start), after


def _clauses(tokens: list[Token], at: int, kind: str) -> int:
    """Return the index after the clauses that may trail a constraint of that kind."""
    while at < len(tokens):
        token = tokens[at]
        following = tokens[at + 1] if at + 1 < len(tokens) else token
        if kind in ("REFERENCES", "FOREIGN KEY"):
            if token.is_word("REFERENCES", "MATCH", "ON"):
                at += 3 if token.is_word("ON") else 2
                at += _action_words(tokens, at) if token.is_word("ON") else 0
            elif token.text == "(":
                at = _after_group(tokens, at)
            elif token.is_word("DEFERRABLE", "INITIALLY") or (
                token.is_word("NOT") and following.is_word("DEFERRABLE")
            ):
                at += 1 if token.is_word("DEFERRABLE") else 2
            else:
                break
        elif token.is_word("ON"):  # ON CONFLICT word
            at += 3
        elif token.is_word(*_TRAILING.get(kind, ())):
            at += 1
        else:
            break
    return at


def _action_words(tokens: list[Token], at: int) -> int:
    """How many more words an action has: SET NULL and NO ACTION have one, CASCADE none."""
    return 1 if tokens[at - 1].is_word("SET", "NO") else 0
