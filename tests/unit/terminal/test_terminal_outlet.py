"""Output that nobody can receive: narrative is dropped, data is not lost in silence."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from drydock.terminal import Terminal, outlet


class Full(io.StringIO):
    """A log on a full disk."""

    def write(self, _):
        raise OSError(28, "No space left on device")


def run(code, **streams):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=not streams, text=True, check=False, **streams
    )


def test_narrative_that_cannot_be_written_is_no_failure(monkeypatch):
    """A run is not taken back because its window is gone."""
    monkeypatch.setattr(sys, "stderr", Full())
    shown = Terminal()
    shown.step_began("backup")
    shown.step_ended("backup", "proved", 0.1, skipped=False)
    shown.step_failed("migrate", 0.1)
    shown.note("a note")


@pytest.mark.parametrize("gone", [None, "closed"])
def test_a_stream_that_was_closed_has_nobody_at_it(monkeypatch, gone):
    """Python has None for a descriptor that the caller closed: ``2>&-``."""
    stream = None if gone is None else io.StringIO()
    if stream:
        stream.close()
    for name in ("stdin", "stderr"):
        monkeypatch.setattr(sys, name, stream)
    shown = Terminal()
    shown.line("lost")
    assert shown.ask("sure?") is None
    assert shown.width == 100


def test_data_that_cannot_be_written_is_an_error(monkeypatch):
    """``inv status --json > file`` on a full disk must not exit 0."""
    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(outlet.OutputLost, match="No space left"):
        Terminal().data("{}")


def test_a_reader_that_has_seen_enough_is_no_failure():
    """``inv status | head -1``: no traceback, also not from Python's own flush at the end."""
    reading, writing = os.pipe()
    os.close(reading)
    code = (
        "from drydock.terminal import Terminal\n"
        "for number in range(9): Terminal().data('x' * 9000)\n"
    )
    done = run(code, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_descriptor_is_not_given_to_the_next_file(tmp_path):
    """Else a database becomes standard error, and a child's complaint its first page."""
    code = (
        "import os\n"
        "from drydock.terminal import outlet\n"
        "for number in (0, 2): os.close(number)\n"
        "outlet.occupy_closed()\n"
        f"opened = os.open({str(tmp_path / 'database')!r}, os.O_RDWR | os.O_CREAT)\n"
        "print(opened > 2, os.get_inheritable(2), os.readlink('/proc/self/fd/2'))\n"
    )
    assert run(code).stdout == "True True /dev/null\n"
