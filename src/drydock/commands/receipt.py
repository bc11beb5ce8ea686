"""``inv receipt``: where a run's page is; in the browser where that was asked for; reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.errors import DrydockError
from drydock.receipt import files
from drydock.settings import state_folder

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.settings import Settings
    from drydock.terminal import Terminal


class NoBrowser(DrydockError):
    """There is no browser that could be started from here."""

    def __init__(self, page: Path) -> None:
        super().__init__("no browser could be started", hint=f"open this file in one: {page}")


def show(settings: Settings, terminal: Terminal, run: str, *, in_browser: bool) -> None:
    """Print the page's path, the receipt as JSON, or open the page.

    Args:
        settings: The project's.
        terminal: Where it is shown.
        run: The run's id, or how it begins; empty: the newest that left a receipt.
        in_browser: Open the page.

    Raises:
        NoSuchRun, SeveralRuns, NoReceipt: As they say.
        NoBrowser: There is none.
    """
    record, page = files.find(state_folder(settings.database), run)
    if terminal.as_json:
        terminal.document(files.read(page))
    else:
        terminal.data(str(page))
        terminal.line(f"run {record.id} ({record.command}): {record.phase}")
    if in_browser:
        import webbrowser

        if not webbrowser.open(page.as_uri()):
            raise NoBrowser(page)
