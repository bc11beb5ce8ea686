"""What all commands of one ``inv`` process share: settings, terminal, the walk, and how they end.

One process may run several tasks in a row; they are one walk. Errors become one screen and an exit
code here and nowhere else.
"""

from __future__ import annotations

import atexit
import functools
import os
import signal
import sqlite3
import sys
from typing import TYPE_CHECKING, ParamSpec

from drydock.errors import DrydockError, Interrupted
from drydock.setting import SettingsError, every_name, nearest
from drydock.settings import Settings, load
from drydock.terminal import Terminal, outlet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from invoke.context import Context

    from drydock.walk import Options, Walk

    P = ParamSpec("P")


# As `drydock.signals.ENDING`, which a start need not load.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")

_PREFIX = "INVOKE_DRYDOCK_"


class _Session:
    """The one walk of this process, None until a task needs it, and the terminal of the task.

    `is_inside` says that a task of ours is at work, which catches what is raised in it.
    """

    walk: Walk | None = None
    terminal: Terminal | None = None
    is_inside: bool = False


def settings_of(context: Context) -> Settings:
    """Return the project's settings, with what Invoke's configuration says."""
    require_known(os.environ)
    return load(overrides=context.config.get("drydock"))


def require_known(variables: Iterable[str]) -> None:
    """Refuse an environment variable of ours by which Invoke would set nothing.

    Raises:
        SettingsError: It is called as no setting is.
    """
    ours = [name for name in variables if name.startswith(_PREFIX)]
    known = [each.replace(".", "_").upper() for each in every_name()] if ours else []
    for name in ours:
        if (rest := name.removeprefix(_PREFIX)) not in known:
            raise SettingsError(
                "the environment",
                f"no setting is called {name}",
                hint=nearest(rest, known, _PREFIX),
            )


def terminal_of(_: Context) -> Terminal:
    """Return the terminal of the task at hand, as its flags want it."""
    if _Session.terminal is None:
        _Session.terminal = Terminal()
    return _Session.terminal


def walk_of(context: Context, options: Options | None = None, *, task: str | None = None) -> Walk:
    """Return this process's walk; the first task that asks with options sets them.

    A walk that `task` does not go on with is ended, and another begun (`chain.goes_on`). A run
    that was killed is finished or cleaned up before anything new begins.
    """
    from drydock import chain  # also for `_end`: Python cannot load all of it when it exits
    from drydock.walk import Options, Walk

    if _Session.walk is not None and not chain.goes_on(_Session.walk, task):
        _end()
        _Session.walk = None
    if _Session.walk is None:
        _Session.walk = Walk(settings_of(context), options or Options(), terminal_of(context))
        atexit.unregister(_end)
        atexit.register(_end)
    elif options is not None:
        _Session.walk.options = options
    _Session.walk.reporter = terminal_of(context)
    return _Session.walk


def is_under_way() -> bool:
    """Return whether this process has begun a run, and not ended it."""
    return _Session.walk is not None and _Session.walk.is_under_way


def _end() -> None:
    walk = _Session.walk
    if walk is None:
        return
    if not walk.is_under_way:
        walk.close()  # as the program ends, what no run has loaded cannot be loaded any more
        return
    from drydock import chain, signals

    with signals.undisturbed():
        chain.finish(walk, "done")


def guarded(function: Callable[P, None]) -> Callable[P, None]:
    """Turn errors of a task into one screen and an exit code, and signals into errors.

    The flags ``--quiet``, ``--verbose`` and ``--json`` mean the same in every task that has them.

    Raises:
        SystemExit: With the exit code of the error.
    """

    @functools.wraps(function)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        outlet.occupy_closed()
        shown = _Session.terminal = Terminal(
            quiet=bool(options.get("quiet")),
            verbose=bool(options.get("verbose")),
            as_json=bool(options.get("json")),
        )
        try:
            _Session.is_inside = True
            _listen_for_signals()
            try:
                function(*arguments, **options)
            finally:
                _Session.is_inside = False
        except (DrydockError, OSError, sqlite3.OperationalError) as error:
            known = _walked_back(error)
            shown.error(known)
            sys.exit(int(known.exit_code))

    return run


def _walked_back(error: DrydockError | OSError | sqlite3.OperationalError) -> DrydockError:
    """Return what is to be shown; a run that the error left between two steps is taken back."""
    from drydock import hold

    hold.name_holders(error)
    walk = _Session.walk
    if walk is not None and walk.run is not None:
        from drydock import chain

        try:
            return chain.abandon(walk, error)
        except DrydockError as stuck:
            return stuck
    if isinstance(error, Interrupted):
        error.state = error.state or "the database was not touched"
    if isinstance(error, DrydockError):
        return error
    return DrydockError(
        f"the system refused: {getattr(error, 'strerror', None) or error}"
        f" ({getattr(error, 'filename', None) or 'no file named'})",
        state="the database was not touched",
        hint="look at the disk and the permissions: inv doctor",
    )


def _listen_for_signals() -> None:
    """Make signals that end programs raise here, so that the way back is walked (F27)."""
    for name in _ENDING:
        signal.signal(getattr(signal, name), _interrupt)
    sys.unraisablehook = _unraised


def _interrupt(number: int, _: FrameType | None) -> None:
    """Answer a signal inside a task by an error; between tasks, where nobody would catch that."""
    said = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
    if _Session.walk is not None:
        _Session.walk.heard = said
    if _Session.is_inside:
        raise Interrupted(said)
    if _Session.walk is not None and _Session.walk.is_under_way:
        known = _walked_back(Interrupted(said))
        Terminal().error(known)
        sys.exit(int(known.exit_code))
    # Ours is done: the program ends as any other does.
    is_key = number == signal.SIGINT
    signal.signal(number, signal.default_int_handler if is_key else signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _unraised(lost: sys.UnraisableHookArgs) -> None:
    """Show what Python could not raise; not a signal, which the walk answers (`Walk.heed`)."""
    if not isinstance(lost.exc_value, Interrupted):
        sys.__unraisablehook__(lost)
