"""The affinity of a declared type: which form SQLite gives the values that a column stores.

Refuses nothing: any words can be a type.
"""

from __future__ import annotations

from drydock.names import fold

_RULES = (
    ("INTEGER", ("int",)),
    ("TEXT", ("char", "clob", "text")),
    ("BLOB", ("blob",)),
    ("REAL", ("real", "floa", "doub")),
)


def affinity(declared: str, *, strict: bool = False) -> str:
    """Return the affinity that SQLite gives a declared type (datatype3.html, section 3.1).

    The first of its five rules that fits decides: ``CHARINT`` is an INTEGER. Letters count as
    SQLite folds them, A to Z only. In a STRICT table ANY keeps what it is given
    (stricttables.html).
    """
    words = fold(declared).strip()
    if not words or (strict and words == "any"):
        return "BLOB"
    return next((name for name, marks in _RULES if any(one in words for one in marks)), "NUMERIC")
