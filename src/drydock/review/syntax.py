"""SQL as SQLite's own grammar reads it: one statement's tree, and the texts of its clauses.

The tree comes from syntaqlite and answers questions; the texts are cut out of the statement by
tokens, so that they are the user's own words. It refuses nothing: what does not parse has no tree.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import Any

from drydock.names import fold
from drydock.tokens import Token, code, unquote

_QUOTES = "\"`'["
_QUOTE = re.compile(r"[\"`'\[]")
_ENDS_WHERE = {"RETURNING", "ORDER", "LIMIT"}


@lru_cache(maxsize=1)
def _parser() -> Any:
    from syntaqlite import Syntaqlite  # type: ignore[import-untyped] # ships no py.typed

    return Syntaqlite()


def tree(statement: str) -> Any | None:
    """Return the statement's tree, or None when this grammar cannot read it."""
    if "\0" in statement:
        return None  # the parser never comes back from one; SQLite itself refuses it
    try:
        parsed = _parser().parse(statement)
    except (RuntimeError, ValueError, KeyError):
        # A syntax that it does not know is no reason to stop: SQLite itself is asked next.
        return None
    if len(parsed) != 1:
        return None
    node = parsed[0]
    return None if type(node).__name__ == "Error" else node


def kind(node: Any) -> str:
    """Return the name of a tree node's type."""
    return type(node).__name__


def children(node: Any) -> tuple[Any, ...]:
    """Return a list node's entries; nothing for None."""
    return tuple(node or ())


def words(statement: str) -> tuple[Token, ...]:
    """Return the tokens of a statement without blanks and comments."""
    return tuple(code(statement))


def name_of(node: Any) -> str:
    """Return the identifier that a name node holds."""
    return str(node.source) if hasattr(node, "source") else str(node)


def name_in(statement: str, spelled: str) -> str:
    """Return the name that the statement's tree gives as `spelled`.

    The tree takes a name's outer quotes off, or none, and undoubles nothing.
    """
    if not _QUOTE.search(spelled):
        return spelled
    tokens = [each for each in words(statement) if each.text[:1] in _QUOTES]
    whole = (each.name for each in tokens if each.text == spelled)
    inner = (each.name for each in tokens if each.text[1:-1] == spelled)
    return next(itertools.chain(whole, inner), spelled)


def where_clause(statement: str) -> str | None:
    """Return the text of the outermost WHERE, or None without one."""
    tokens = _outer(statement)
    for place, token in enumerate(tokens):
        if token.text.upper() == "WHERE":
            end = next(
                (each.start for each in tokens[place + 1 :] if each.text.upper() in _ENDS_WHERE),
                len(statement.rstrip().rstrip(";")),
            )
            return statement[token.end : end].strip()
    return None


def select_clause(statement: str) -> str | None:
    """Return the text from the outermost SELECT to the end, without UPSERT or RETURNING."""
    tokens = _outer(statement)
    for place, token in enumerate(tokens):
        if token.text.upper() == "SELECT":
            rest = tokens[place + 1 :]
            end = next(
                (
                    each.start
                    for each, after in itertools.pairwise(rest)
                    if each.text.upper() == "RETURNING"
                    or (each.text.upper() == "ON" and after.text.upper() == "CONFLICT")
                ),
                len(statement.rstrip().rstrip(";")),
            )
            return statement[token.start : end].strip()
    return None


def checks(create_table: str) -> tuple[str, ...]:
    """Return the expressions of a CREATE TABLE's CHECKs, as written, without parentheses."""
    tokens = words(create_table)
    found = []
    for place, token in enumerate(tokens[:-1]):
        if token.text.upper() == "CHECK" and tokens[place + 1].text == "(":
            start = place + 1
            end = _closing(tokens, start)
            found.append(create_table[tokens[start].end : tokens[end].start].strip())
    return tuple(found)


def default_text(definition: str) -> str:
    """Return the text after DEFAULT in a column's definition, one term or one parenthesis."""
    tokens = words(definition)
    for place, token in enumerate(tokens[:-1]):
        if token.text.upper() == "DEFAULT":
            first = place + 1
            if tokens[first].text == "(":
                return definition[tokens[first].start : tokens[_closing(tokens, first)].end]
            last = first + 1 if tokens[first].text in "+-" and first + 1 < len(tokens) else first
            return definition[tokens[first].start : tokens[last].end]
    return "NULL"


def terms(create_index: str) -> tuple[str, ...]:
    """Return the indexed terms as SQL, without ASC and DESC (they take no part in uniqueness)."""
    tokens = words(create_index)
    start = next(place for place, token in enumerate(tokens) if token.text == "(")
    found: list[str] = []
    depth, begin = 0, tokens[start].end
    for place in range(start, len(tokens)):
        token = tokens[place]
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 or (depth == 1 and token.text == ","):
            last = tokens[place - 1]
            end = last.start if last.text.upper() in {"ASC", "DESC"} else last.end
            found.append(create_index[begin:end].strip())
            begin = token.end
        if depth == 0:
            break
    return tuple(found)


def identifiers(text: str) -> frozenset[str]:
    """Return every identifier in a piece of SQL, unquoted and folded."""
    return frozenset(fold(unquote(token.text)) for token in words(text))


def replace_name(text: str, old: str, new: str) -> str:
    """Return `text` with every identifier `old` written as `new` (already quoted)."""
    pieces, position = [], 0
    for token in words(text):
        if token.text[:1] != "'" and fold(unquote(token.text)) == fold(old):
            pieces += [text[position : token.start], new]
            position = token.end
    return "".join([*pieces, text[position:]])


def _outer(statement: str) -> list[Token]:
    """Return the tokens that stand in no parenthesis."""
    depth, outer = 0, []
    for token in words(statement):
        if token.text == ")":
            depth -= 1
        if depth == 0:
            outer.append(token)
        if token.text == "(":
            depth += 1
    return outer


def _closing(tokens: tuple[Token, ...], opening: int) -> int:
    depth = 0
    for place in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[place].text, 0)
        if depth == 0:
            return place
    return len(tokens) - 1
