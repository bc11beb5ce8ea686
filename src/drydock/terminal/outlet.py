"""Writing to the two streams of a command: narrative may get lost, data may not.

A window that was closed, ``| head`` that has seen enough, a log on a full disk: no run is taken
back because nobody can read of it any more. Narrative that cannot be written is dropped. Data was
asked for: where it does not arrive that is an error, unless its reader has left by itself.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from typing import TextIO


class OutputLost(DrydockError):
    """What a command was asked for could not be written to standard output."""

    exit_code = ExitCode.FAILED

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"standard output cannot be written: {error.strerror or error}",
            hint="make room where it goes to, then run the command again; "
            "what became of a run: inv history",
        )


def tell(text: str) -> None:
    """Write narrative to standard error; never fails."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):  # ValueError: it was closed
        _silence(stream)


def hand_over(text: str) -> None:
    """Write data to standard output.

    Raises:
        OutputLost: It could not be written, and not because its reader has left.
    """
    stream = sys.stdout
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
    except OSError as error:
        _silence(stream)
        raise OutputLost(error) from error


def answer() -> str | None:
    """Return the line that the user types, None where nobody can."""
    if sys.stdin is None:
        return None
    try:
        return sys.stdin.readline().strip()
    except OSError:
        return None


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether somebody sits at a stream; a closed one has nobody."""
    return stream is not None and not stream.closed and stream.isatty()


def occupy_closed() -> None:
    """Give descriptors 0, 1 and 2 to the null device where the caller closed them (``2>&-``).

    Else the next file that is opened takes the number, and what a child process writes to its
    standard error lands in a database.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            taken = os.open(os.devnull, os.O_RDWR)
            if taken != number:
                os.dup2(taken, number)
                os.close(taken)
            os.set_inheritable(number, True)


def _silence(stream: TextIO) -> None:
    """Let the rest of the output go nowhere, the flush of Python's own exit included."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
