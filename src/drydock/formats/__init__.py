"""The folders of other migration tools, read as they are, with their bookkeeping kept in step.

`read` recognises the tool by its folder and by its table in the database, or takes the setting
``format``; `entries` is the ledger that follows, the tool's books and ours together; `enter` keeps
both. A folder that looks like two tools', or like one that only a table could tell from another,
is refused with a question: never a guess that runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "agree": "books",
    "enter": "books",
    "entries": "books",
    "strike": "books",
    "NoWayBack": "downs",
    "chosen": "downs",
    "BooksRefused": "format",
    "Format": "format",
    "FormatUnclear": "recognition",
    "UnknownFormat": "recognition",
    "format_of": "recognition",
    "names": "recognition",
    "read": "recognition",
}


def __getattr__(name: str) -> Any:
    """Import a name of the package when it is first used: `inv status` needs few of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    # Kept, since a run of a thousand migrations asks for `enter` a thousand times.
    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
