"""One column's definition, or one table constraint, read by SQLite's grammar.

Works on code tokens; every offset counts in the text it was given. It refuses nothing and keeps
no comment: the text stays with whoever holds it.
"""

from __future__ import annotations

from dataclasses import dataclass

from drydock.tokens import Token, code

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


def constraint_end(tokens: list[Token]) -> int:
    """Return how many of the code tokens the constraint takes that begins with the first."""
    return _constraint(tokens, 0)[1]


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
