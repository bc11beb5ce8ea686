"""The line that moves while a step lasts: how far, how fast, how long still, or at least how long.

A thread of its own draws it, so that it also moves while SQLite works on one long statement. It
appears only when a step takes longer than a moment, and is gone when anything else is written.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import signals
from drydock.terminal.text import padded, shortened, width_of

if TYPE_CHECKING:
    from collections.abc import Callable

_MOMENT = 0.4
_EVERY = 0.2
_BAR = 20
_ROOM_FOR_BAR = 60


@dataclass(frozen=True, slots=True)
class Stand:
    """How a step stands: `done` of `total` of something, 0 of 0 where nobody counts."""

    what: str
    done: int = 0
    total: int = 0
    unit: str = ""
    seconds: float = 0.0


def drawn(stand: Stand, width: int) -> str:
    """Return the line for `stand` in at most `width` columns (pure)."""
    if not stand.total:
        return shortened(f"… {stand.what}  {clock(stand.seconds)}", width)
    share = min(1.0, stand.done / stand.total)
    facts = [f"{share:4.0%}"]
    if stand.unit and stand.seconds > 0.5 and stand.done:
        speed = stand.done / stand.seconds
        facts.append(f"{amount(speed, stand.unit)}/s")
        facts.append(f"{clock((stand.total - stand.done) / speed)} left")
    elif not stand.unit:
        facts.append(clock(stand.seconds))
    end = "  ".join(facts)
    if width >= _ROOM_FOR_BAR:
        full = round(share * _BAR)
        end = f"{'━' * full}{'·' * (_BAR - full)} {end}"
    name = shortened(f"… {stand.what}", max(6, width - width_of(end) - 2))
    return shortened(
        f"{padded(name, 18)}  {end}" if width >= _ROOM_FOR_BAR else f"{name}  {end}", width
    )


def clock(seconds: float) -> str:
    """Return a time as it is read on a clock: ``0:07``, ``12:40``, ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def amount(count: float, unit: str) -> str:
    """Return a count with its unit, short: ``4.1 MB``, ``220k rows``."""
    if unit == "bytes":
        from drydock.steps.take_backup import size

        return size(count)
    for limit, sign in ((1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.1f}{sign} {unit}"
    return f"{count:.0f} {unit}"


class Live:
    """Draws the stand of a step through `draw` from a thread, until it is stopped.

    `draw` gets a line to show in place of the last one. It is never called after `stop` returned.
    """

    def __init__(self, draw: Callable[[str], None], width: Callable[[], int]) -> None:
        self._draw = draw
        self._width = width
        self._stand = Stand("")
        self._began = self._counted_from = time.monotonic()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, step: str) -> None:
        """Begin with a step's name and no count."""
        self._stand = Stand(step)
        self._began = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._over,), daemon=True)
        with signals.held_back():
            self._thread.start()

    def count(self, what: str, done: int, total: int, unit: str) -> None:
        """Tell how far `what` is; a new one starts its own clock."""
        if what != self._stand.what:
            self._counted_from = time.monotonic()
        self._stand = Stand(what, done, total, unit)

    def stop(self) -> None:
        """Draw no more; harmless the second time."""
        thread, self._thread = self._thread, None
        self._over.set()
        if thread is not None:
            thread.join()

    def _run(self, over: threading.Event) -> None:
        pause = _MOMENT
        while not over.wait(pause):
            pause = _EVERY
            stand, now = self._stand, time.monotonic()
            since = self._counted_from if stand.unit else self._began
            timed = Stand(stand.what, stand.done, stand.total, stand.unit, now - since)
            self._draw(drawn(timed, self._width()))
