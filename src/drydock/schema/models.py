"""The schema that the application's SQLAlchemy models would create.

Importing an application's module runs the application's code: it may make an engine, connect,
read its environment, print. So it happens in a child process that has no database file to open
and nothing of ours to disturb; what comes back over a private pipe is DDL, and its meaning is
read from a database in memory. Refuses to guess: models that cannot be loaded are an error with
the line that failed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from drydock.errors import DrydockError, ExitCode
from drydock.schema.file import SchemaTextError, built

if TYPE_CHECKING:
    from drydock.schema.objects import Schema

DEADLINE = 60.0
"""Seconds an application may take to import; then its process group is ended."""

CHILD = Path(__file__).with_name("models_child.py")


class ModelsUnusable(DrydockError):
    """The models could not be loaded; no database was asked and nothing was touched."""

    exit_code = ExitCode.USAGE

    def __init__(
        self, target: str, cause: str | list[str], *, at: str | None = None, hint: str | None = None
    ) -> None:
        self.target = target
        super().__init__(
            f"the models {target} cannot be loaded; nothing was touched",
            cause=cause,
            at=at,
            hint=hint or "set models in the settings to module:Base, or leave it out",
        )


def from_models(target: str, *, root: Path, deadline: float = DEADLINE) -> Schema:
    """Return the schema that ``metadata.create_all()`` builds for the models `target`.

    Args:
        target: ``module:attribute``; the attribute is a declarative base or a MetaData.
        root: The project's folder, put first on the child's module path and its work folder.
        deadline: Seconds that loading may take.

    Raises:
        ModelsUnusable: The target is malformed, cannot be imported, holds no metadata, or takes
            too long; SQLAlchemy is missing; or SQLite refuses the DDL.
    """
    module, _, attribute = target.partition(":")
    if not module or not attribute:
        raise ModelsUnusable(
            target,
            "it must read module:attribute",
            hint='write it as in models = "backend.database.models:Base"',
        )
    answer = _asked(target, [module, attribute], root, deadline)
    if "cause" in answer:
        raise _refused(target, answer)
    try:
        return built((statement, 1) for statement in answer["ddl"])
    except SchemaTextError as error:
        raise ModelsUnusable(
            target, f"SQLite refuses their DDL: {error.cause[0]}", at=error.statement
        ) from error


def _asked(target: str, arguments: list[str], root: Path, deadline: float) -> dict[str, list[str]]:
    """Run the child and return its answer: ``ddl``, or ``kind``, ``cause`` and ``at``."""
    # -P: the folder of the child's file must not shadow the application's own `models` or `file`.
    # -B: a reading command writes nothing, no __pycache__ either.
    command = [sys.executable, "-P", "-B", os.fspath(CHILD), *arguments]
    # What the application prints goes to a file: a pipe that a process of its making inherits
    # would keep us waiting after the child is gone.
    with (
        tempfile.TemporaryFile() as printed,
        subprocess.Popen(
            command,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=printed,
            start_new_session=True,
        ) as child,
    ):
        try:
            answer, _ = child.communicate(timeout=deadline)
        except subprocess.TimeoutExpired as error:
            os.killpg(child.pid, signal.SIGKILL)
            raise ModelsUnusable(
                target,
                f"importing them took more than {deadline:g} s",
                hint="models should import without connecting or starting anything",
            ) from error
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        if not answer:
            raise ModelsUnusable(target, _ended(child.returncode, printed))
    told: dict[str, list[str]] = json.loads(answer)
    return told


def _ended(status: int, printed: IO[bytes]) -> list[str]:
    """Return the cause when the child went without an answer, and the last that it said."""
    printed.seek(0)
    said = printed.read().decode(errors="replace").strip().splitlines()
    return [f"importing them ended the process (status {status})", *said[-1:]]


def _refused(target: str, answer: dict[str, list[str]]) -> ModelsUnusable:
    """Return the error that a child's refusal becomes."""
    hints = {
        "sqlalchemy": "pip install 'sqlite-drydock[models]'",
        "import": "mend the module; it must import on its own, from the project's folder",
    }
    at = answer["at"][0]
    cause = answer["cause"][0]
    if answer["kind"] == ["attribute"] and at:
        return ModelsUnusable(target, [cause, f"it has: {at}"])
    return ModelsUnusable(target, cause, at=at or None, hint=hints.get(answer["kind"][0]))
