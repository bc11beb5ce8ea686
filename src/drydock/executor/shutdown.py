"""What Python does when a program ends, done to a migration before its end is told.

The child leaves by `os._exit`, so that nothing of the migration runs behind the report. Threads,
functions of `atexit` and the destructors of what was left open are part of what it does: they are
waited for, and run, while their work still counts.
"""

from __future__ import annotations

import _io
import atexit
import gc
import sys
import threading
from contextlib import suppress
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_STAYS = (type, FunctionType, BuiltinFunctionType, ModuleType, dict, str)


def watch(fail: Callable[[BaseException], None]) -> None:
    """From now on, tell `fail` of each error that ends a thread or a function of `atexit`."""
    told, passed_over = threading.excepthook, sys.unraisablehook

    def end_thread(given: threading.ExceptHookArgs) -> None:
        _tell(fail, given.exc_value)
        told(given)

    def end_function(given: Any) -> None:
        if "atexit" in (given.err_msg or ""):
            _tell(fail, given.exc_value)
        passed_over(given)

    threading.excepthook, sys.unraisablehook = end_thread, end_function


def _tell(fail: Callable[[BaseException], None], error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        fail(error)


def wait() -> None:
    """Wait for threads and run what was registered for the end, as Python does, in its order."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - ends pools too
    atexit._run_exitfuncs()  # noqa: SLF001 - the one way to them before the end
    # What a daemon thread meets from now on is no error: Python would have ended it.
    threading.excepthook = lambda _: None


def clear(names: dict[str, Any]) -> None:
    """Let go of what a module's names hold, so that files and connections left open end.

    The last that was made goes first, and functions stay until the end: a destructor uses both.
    """
    for name in reversed(list(names)):
        if not isinstance(names[name], _STAYS):
            del names[name]
    gc.collect()
    names.clear()
    gc.collect()


def flush() -> None:
    """Write out what files hold back, wherever they are held."""
    for each in gc.get_objects():
        # isinstance() would ask a stranger's __class__.
        if issubclass(type(each), _io._IOBase):  # noqa: SLF001 - the one class of them all
            with suppress(Exception):  # closed, or for reading
                each.flush()
