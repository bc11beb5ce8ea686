"""A real pseudo-terminal of a given width in place of standard error."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios

import pytest

_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Screen:
    """What was written to the pseudo-terminal."""

    def __init__(self, columns):
        self._outside, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        attributes = termios.tcgetattr(inside)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(inside, termios.TCSANOW, attributes)
        self.inside = os.fdopen(inside, "w", encoding="utf-8")
        os.set_blocking(self._outside, False)
        self.raw = ""

    def read(self):
        """Return all that was written so far, as it was written."""
        self.inside.flush()
        while True:
            try:
                self.raw += os.read(self._outside, 1 << 16).decode()
            except BlockingIOError:
                return self.raw

    def lines(self):
        """Return the lines that stay: without colours, and what was written over is gone."""
        return [_ESCAPE.sub("", each.split("\r\x1b[2K")[-1]) for each in self.read().split("\n")]

    def close(self):
        self.inside.close()
        os.close(self._outside)


@pytest.fixture
def screen(monkeypatch):
    """Return a function that puts a terminal of so many columns in place of standard error."""
    opened = []
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(columns):
        opened.append(Screen(columns))
        monkeypatch.setattr(sys, "stderr", opened[-1].inside)
        return opened[-1]

    yield make
    for each in opened:
        each.close()
