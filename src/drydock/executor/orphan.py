"""A migration's process ends when the run that started it is gone.

Killed with SIGKILL a run cannot end its children; the migration would go on beside the next run,
and make the candidate that was cleaned up anew. It watches its parent and refuses to outlive it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_SECONDS = 0.1


def end_with(parent: int) -> None:
    """From now on, kill this process's whole group as soon as `parent` is not its parent."""
    threading.Thread(target=_watch, args=(parent, time.sleep), daemon=True).start()


def _watch(parent: int, sleep: Callable[[float], None]) -> None:
    # `sleep` is the real one, whatever the migration puts in its place.
    while os.getppid() == parent:
        sleep(_LOOK_SECONDS)
    os.killpg(0, signal.SIGKILL)
