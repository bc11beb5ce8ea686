"""Run one Python migration in a child process whose database is the candidate.

``def migrate(db)`` gets our `Database` in a transaction; any other file runs unchanged, with every
way to the live file leading to the candidate or to an error (see `drydock.executor.child`). A
migration counts as run only when it ran to its end (F14). The child and whatever it started are
one process group, ended whole (F25). This guards against accidents, not against malice.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from drydock import signals
from drydock.executor import journal
from drydock.executor.failures import NOT_YOURS, UNHEARD, MigrationFailed, TimeLimitReached
from drydock.executor.trace import Applied, TracedStatement

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.migration import Migration

_POLL_SECONDS = 0.05
_EMPTY = "empty"
_OUTPUT_LINES = 12
_LOG_BYTES = 500_000
"""Of each end of a migration's output, where it printed more than twice as much."""


def run(
    migration: Migration,
    candidate: Path,
    *,
    live: Path,
    root: Path,
    log: Path,
    time_limit: float,
) -> Applied:
    """Run `migration` on `candidate`.

    Args:
        migration: A Python migration.
        candidate: The candidate's file; no connection to it is open here.
        live: The live database's real path, which the child must not reach.
        root: The folder the migration is run in.
        log: Where its output is kept.
        time_limit: Seconds; 0 for none.

    Raises:
        MigrationFailed: It raised, left early, did nothing, or tried to reach outside.
        TimeLimitReached: It took too long.
    """
    begun = time.monotonic()
    before = _marks(candidate)
    events, answers = os.pipe()
    with log.open("wb") as output, signals.held_back():
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "drydock.executor.child", str(answers)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=root,
            pass_fds=(answers,),
            process_group=0,
        )
    os.close(answers)
    try:
        _send(child, migration, candidate, live, root)
        told = _listen(events, child, begun + time_limit if time_limit else None)
        child.wait(timeout=time_limit or None)
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        raise TimeLimitReached(migration) from error
    finally:
        _end_group(child)
        os.close(events)
    written = _bounded(log)
    _require_end(migration, told, child.returncode, written)
    if _marks(candidate) == before:
        _require_work(migration, told, written)
    statements = tuple(TracedStatement(**each) for each in told.get("statements", []))
    return Applied(migration.name, time.monotonic() - begun, statements, written)


def _send(
    child: subprocess.Popen[bytes], migration: Migration, candidate: Path, live: Path, root: Path
) -> None:
    program = migration.origin.program if migration.origin is not None else ""
    order = {
        "text": program or migration.text,
        "name": f"<{migration.name}>" if program else str(migration.path),
        "file": str(migration.path),
        "kind": migration.kind,
        "entry": migration.entry.name if migration.entry and not program else "",
        "runs_itself": bool(program) or migration.runs_itself,
        "candidate": str(candidate),
        "live": str(live),
        "root": str(root),
        "journal": journal.is_needed(migration),
        "allowed": [each.rule for each in migration.directives],
        "parent": os.getpid(),
    }
    assert child.stdin is not None
    with suppress(BrokenPipeError), child.stdin as pipe:
        pipe.write(json.dumps(order).encode())


def _listen(events: int, child: subprocess.Popen[bytes], deadline: float | None) -> dict[str, Any]:
    """Return what the child told at its end; an empty dictionary when it told nothing."""
    received = b""
    while True:
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError
        # Asked before the pipe is: what it wrote last is there once it has ended.
        has_ended = child.poll() is not None
        ready, _, _ = select.select([events], [], [], 0 if has_ended else _POLL_SECONDS)
        if ready:
            block = os.read(events, 1 << 16)
            if not block:
                break
            received += block
        elif has_ended:
            break  # a grandchild may keep the pipe open
    try:
        told = json.loads(received)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _marks(candidate: Path) -> list[tuple[int, int] | None]:
    """Return what tells whether anything was written: time and size of the file and its WAL."""
    files = (candidate, candidate.with_name(f"{candidate.name}-wal"))
    found = [each.stat() if each.exists() else None for each in files]
    return [each and (each.st_mtime_ns, each.st_size) for each in found]


def _end_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _bounded(log: Path) -> str:
    """Return what it printed; of a flood the log keeps the beginning and the end."""
    left_out = log.stat().st_size - 2 * _LOG_BYTES
    if left_out > 0:
        with log.open("rb") as file:
            first = file.read(_LOG_BYTES)
            file.seek(-_LOG_BYTES, os.SEEK_END)
            last = file.read()
        told = f"\n… ({left_out:,} bytes left out)\n".encode()
        log.write_bytes(first + told + last)
    return log.read_text(encoding="utf-8", errors="replace")


def _require_end(migration: Migration, told: dict[str, Any], code: int, written: str) -> None:
    if outside := told.get("outside"):
        raise MigrationFailed(
            migration,
            outside["what"],
            line=outside["line"],
            hint=f"{outside['hint']}; then run: inv migrate",
        )
    if error := told.get("error"):
        what = ": ".join(filter(None, (error["type"], error["message"])))
        raise MigrationFailed(
            migration,
            [what, *error["more"], *_last_lines(written)],
            line=error["line"],
            statement=error["statement"],
            hint=error["hint"],
        )
    if passed_over := told.get("passed_over"):
        raise MigrationFailed(
            migration,
            ["it went on where something failed, and no rollback journal was kept", passed_over],
            hint="catch the error in the file itself (try … except), so that a journal is kept; "
            "then run: inv migrate",
        )
    if undone := told.get("undone"):
        raise MigrationFailed(
            migration,
            ["an error took back all of its transaction, and it went on without it", undone],
            hint="let the error end it, or use OR ABORT for OR ROLLBACK; then run: inv migrate",
        )
    if rolled_back := told.get("rolled_back"):
        raise MigrationFailed(
            migration,
            ["after an error it rolled its work back, and went on without it", rolled_back[0]],
            statement=rolled_back[1],
            hint="let the error end it, or undo no more than what failed (SAVEPOINT, ROLLBACK TO); "
            "then run: inv migrate",
        )
    if not told.get("finished"):
        how, hint = _ending(code)
        if told.get("left_at"):
            how, hint = "sys.exit", "let it run to its end without sys.exit"
        raise MigrationFailed(
            migration,
            [f"it left before its end ({how})", *_last_lines(written)],
            line=told.get("left_at"),
            hint=f"{hint}, then run: inv migrate",
        )
    if told.get("uncommitted") and told.get("closed") is not None:
        raise MigrationFailed(
            migration,
            "it closed the database that it was given, with changes that were never committed; "
            "SQLite threw them away",
            line=told["closed"],
            hint=NOT_YOURS,
        )
    if told.get("uncommitted"):
        raise MigrationFailed(
            migration,
            "it ended with changes that it never committed; SQLite threw them away",
            hint="call commit() on its connection, then run: inv migrate",
        )


def _require_work(migration: Migration, told: dict[str, Any], written: str) -> None:
    """Raise for a migration that ran to its end, on a database that nothing was written to."""
    if told.get("took_back"):
        raise MigrationFailed(
            migration,
            ["it took back all that it had done", *_last_lines(written)],
            hint="call commit() where its work is to stay, then run: inv migrate",
        )
    is_other_tools = migration.origin is not None and bool(migration.origin.program)
    is_meant = any(each.rule == _EMPTY for each in migration.directives)
    if not (told.get("was_asked") or told.get("statements") or is_other_tools or is_meant):
        raise MigrationFailed(
            migration,
            ["it ran no statement on the database, so it did nothing", *_last_lines(written)],
            hint="name the function that migrates: def migrate(db)\n"
            f"if it is meant to do nothing: # drydock: allow {_EMPTY}: REASON; "
            "then run: inv migrate",
        )


def _ending(code: int) -> tuple[str, str]:
    """Return how a child ended that told nothing, and what may be done about it."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}", "let it run to its end"
    if code == UNHEARD:
        how = "it closed the pipe by which it tells how it ended"
        return how, "let it close only what it has opened, without os.closerange"
    return f"exit status {code}", "let it run to its end without os._exit"


def _last_lines(written: str) -> list[str]:
    """Return what it printed last; the traceback stays in its log."""
    printed = written.partition("Traceback (most recent call last):\n")[0]
    lines = [line for line in printed.splitlines() if line.strip()]
    return [f"it printed: {line}" for line in lines[-_OUTPUT_LINES:]]
