"""Identifiers as SQLite reads them: quoting them, and folding their case.

Refuses nothing: any string without a NUL can be a name in SQLite.
"""

from __future__ import annotations

import string

_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def quote(name: str) -> str:
    """Return `name` as a double-quoted SQL identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def fold(name: str) -> str:
    """Return `name` with its case folded as SQLite folds it: A to Z only.

    ``ÅÄÖ`` and ``åäö`` are two columns to SQLite, so `str.lower` must not decide identity.
    """
    return name.translate(_FOLD)
