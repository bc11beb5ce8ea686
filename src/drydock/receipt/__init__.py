"""The receipt: what one run did, as a page to look at and as JSON for programs.

Every run that has a record leaves both in its folder, whatever became of it, as the last thing it
does. A receipt can never fail a run: what goes wrong here is told in a note. It decides nothing
and changes no database.
"""

from drydock.receipt.facts import FORMAT, Receipt
from drydock.receipt.files import find, leave, read

__all__ = ["FORMAT", "Receipt", "find", "leave", "read"]
