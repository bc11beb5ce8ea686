"""The folders of other migration tools, read as they are, with their bookkeeping kept in step.

`read` recognises the tool by its folder and by its table in the database, or takes the setting
``format``; `entries` is the ledger that follows, the tool's books and ours together; `enter` keeps
both. A folder that looks like two tools', or like one that only a table could tell from another,
is refused with a question: never a guess that runs.
"""

from __future__ import annotations

from drydock.formats.books import agree, enter, entries, strike
from drydock.formats.downs import NoWayBack, chosen
from drydock.formats.format import BooksRefused, Format
from drydock.formats.recognition import FormatUnclear, UnknownFormat, format_of, names, read

__all__ = [
    "BooksRefused",
    "Format",
    "FormatUnclear",
    "NoWayBack",
    "UnknownFormat",
    "agree",
    "chosen",
    "enter",
    "entries",
    "format_of",
    "names",
    "read",
    "strike",
]
