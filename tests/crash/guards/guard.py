"""A guard of ours, and the edit that takes it out."""

from __future__ import annotations

from dataclasses import dataclass

KILL = "tests/crash/test_kill.py"
SLICE = "tests/crash/test_laboratory.py"
PROCESSES = "tests/crash/test_processes.py"
CHAIN = "tests/end_to_end/test_chain.py"


@dataclass(frozen=True)
class Guard:
    """Without it (`old` replaced by `new` in src/drydock/`file`) one of `tests` must fail.

    `rows` are those it answers; `name` says what it does; `tests` are words for pytest. Where a
    second place holds what the first lets through, `also` is the edit that takes that one out.
    """

    rows: str
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    also: tuple[str, str] | None = None

    def edited(self, text: str) -> str:
        """Return the file's text without the guard.

        Raises:
            AssertionError: It stands elsewhere now.
        """
        for old, new in ((self.old, self.new), *([self.also] if self.also else [])):
            assert text.count(old) == 1, f"{self}: it stands elsewhere now"
            text = text.replace(old, new)
        return text

    def __str__(self) -> str:
        return f"{self.rows} {self.name}"
