"""Run one Python migration in a child process whose database is the candidate.

``def migrate(db)`` gets our `Database` in a transaction; any other file runs unchanged, with every
way to the live file leading to the candidate or to an error (see `drydock.executor.child`). A
migration counts as run only when it ran to its end (F14). The child and whatever it started are
one process group, ended whole (F25). This guards against accidents, not against malice.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from drydock.executor.failures import MigrationFailed, TimeLimitReached
from drydock.executor.trace import Applied, TracedStatement

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.migration import Migration

_POLL_SECONDS = 0.05
_OUTPUT_LINES = 12


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
        MigrationFailed: It raised, left early, or tried to reach outside.
        TimeLimitReached: It took too long.
    """
    begun = time.monotonic()
    events, answers = os.pipe()
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "drydock.executor.child", str(answers)],
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
        # It may have told of its end and still hang in a thread of its own.
        child.wait(timeout=time_limit or None)
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        raise TimeLimitReached(migration) from error
    finally:
        _end_group(child)
        os.close(events)
    written = log.read_text(encoding="utf-8", errors="replace")
    _require_end(migration, told, child.returncode, written)
    statements = tuple(TracedStatement(**each) for each in told.get("statements", []))
    return Applied(migration.name, time.monotonic() - begun, statements, written)


def _send(
    child: subprocess.Popen[bytes], migration: Migration, candidate: Path, live: Path, root: Path
) -> None:
    order = {
        "text": migration.text,
        "file": str(migration.path),
        "kind": migration.kind,
        "entry": migration.entry.name if migration.entry else "",
        "runs_itself": _runs_itself(migration),
        "candidate": str(candidate),
        "live": str(live),
        "root": str(root),
        "allowed": [each.rule for each in migration.directives],
    }
    assert child.stdin is not None
    with suppress(BrokenPipeError), child.stdin as pipe:
        pipe.write(json.dumps(order).encode())


def _runs_itself(migration: Migration) -> bool:
    """Say whether running the file as a program calls its entry: at top level, or under a guard."""
    import ast

    name = migration.entry.name if migration.entry else ""
    bodies = [node for node in migration.tree.body if not isinstance(node, ast.FunctionDef)]
    calls = (node for top in bodies for node in ast.walk(top) if isinstance(node, ast.Call))
    called = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
    others = {
        node.name
        for node in migration.tree.body
        if isinstance(node, ast.FunctionDef) and node.name in called
    }
    return not name or name in called or bool(others)


def _listen(events: int, child: subprocess.Popen[bytes], deadline: float | None) -> dict[str, Any]:
    """Return what the child told at its end; an empty dictionary when it told nothing."""
    import select

    received = b""
    while True:
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError
        ready, _, _ = select.select([events], [], [], _POLL_SECONDS)
        if ready:
            block = os.read(events, 1 << 16)
            if not block:
                break
            received += block
        elif child.poll() is not None:
            break  # a grandchild may keep the pipe open
    try:
        told = json.loads(received)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _end_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _require_end(migration: Migration, told: dict[str, Any], code: int, written: str) -> None:
    if outside := told.get("outside"):
        raise MigrationFailed(
            migration,
            outside["what"],
            line=outside["line"],
            hint="use the connection that migrate(db) is given, or sqlite3.connect with the "
            "database's own path; then run: inv migrate",
        )
    if error := told.get("error"):
        raise MigrationFailed(
            migration,
            [f"{error['type']}: {error['message']}", *error["more"], *_last_lines(written)],
            line=error["line"],
            statement=error["statement"],
            hint=error["hint"],
        )
    if told.get("uncommitted"):
        raise MigrationFailed(
            migration,
            "it ended with changes that it never committed; SQLite threw them away",
            hint="call commit() on its connection, then run: inv migrate",
        )
    if not told.get("finished"):
        raise MigrationFailed(
            migration,
            [f"it left before its end ({_ending(code)})", *_last_lines(written)],
            hint="let it run to its end without sys.exit, then run: inv migrate",
        )


def _ending(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"


def _last_lines(written: str) -> list[str]:
    lines = [line for line in written.splitlines() if line.strip()]
    if not lines or lines[0].startswith("Traceback"):
        return []
    return [f"it printed: {line}" for line in lines[-_OUTPUT_LINES:]]
