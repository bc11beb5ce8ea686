"""Signals held back where the exception that answers one would do harm (F27).

Starting a thread or a process is such a place: raised inside it, the exception leaves a thread
that the standard library half knows, or a process that nobody knows. It decides nothing about what
a signal means.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Those that ask a program to end."""


@contextmanager
def held_back() -> Iterator[None]:
    """Let a signal that comes in the block be answered right behind it.

    The handlers are exchanged; blocking signals instead would be inherited by a started process,
    which could then not be asked to end. Only the main thread is interrupted by signals: in
    others this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before: dict[signal.Signals, Any] = {}
    try:
        for number in ENDING:
            before[number] = signal.getsignal(number)
            if before[number] is not None:  # one that another language set stays as it is
                signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C end the way back half-way."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def close_what_it_left(error: BaseException) -> None:
    """Forget the variables of the functions that `error` ended.

    A signal may come between the opening of a database and the line that would see to its closing.
    Such a connection lives as long as the error's frames, and would keep the way back from having
    the database for itself.
    """
    import gc
    import traceback
    import warnings

    seen: BaseException | None = error
    while seen is not None:
        traceback.clear_frames(seen.__traceback__)
        seen = seen.__cause__ or seen.__context__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # that it was left open is what we know
        gc.collect()  # a connection and its cache of statements refer to each other
