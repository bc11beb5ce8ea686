"""What is checked and what came of it, as data; and the errors of the smoke test.

It sends nothing and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Check:
    """One request and what must come back.

    Args:
        path: Below the base URL, or a full URL.
        status: The status expected; None for any below 500, as for checks that were not written
            by hand.
        json: Dotted path into the answer's JSON (``tables.0.rows``) → the value expected there.
        seconds: The longest it may take.
        headers: Sent along; ``env:NAME`` and ``file:PATH`` are replaced by what they hold.
    """

    path: str
    method: str = "GET"
    status: int | None = 200
    json: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 5.0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How it is shown: ``GET /health``."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class SmokeSettings:
    """What the smoke test does; durations in seconds.

    Args:
        base_url: Where paths go.
        openapi: The application's OpenAPI document, whose GETs without required parameters are
            checked too; None for none.
        passes: How many rounds in a row must pass.
        deadline: The time for all rounds.
        exclude: Paths of the OpenAPI document to leave out, with ``*`` for any text.
        allow_hosts: Hosts besides this machine that checks may go to.
    """

    base_url: str
    checks: tuple[Check, ...] = ()
    openapi: str | None = "/openapi.json"
    passes: int = 3
    deadline: float = 30.0
    exclude: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check in one round; it passed when there are no `problems`.

    `note` is worth reading though it is no failure.
    """

    name: str
    status: int | None
    seconds: float
    problems: tuple[str, ...] = ()
    note: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class SmokeReport:
    """A smoke test that passed: the last round's results, and how many rounds in a row."""

    checks: tuple[CheckResult, ...]
    passes: int
    seconds: float


class SmokeFailed(DrydockError):
    """The application does not answer as it should; every failure of the last bad round is told."""

    def __init__(self, what: str, results: Sequence[CheckResult], seconds: float) -> None:
        self.results = tuple(results)
        self.seconds = seconds
        failed = [each for each in self.results if not each.passed]
        super().__init__(
            what,
            cause=[f"{each.name}: {problem}" for each in failed for problem in each.problems],
            hint="look at the application's own log, then run again: inv smoke-test",
        )


class SmokeRefused(DrydockError):
    """The checks cannot be sent as they are configured; nothing was sent."""

    exit_code = ExitCode.USAGE

    def __init__(self, problems: Sequence[str], hint: str) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "the smoke test cannot be run as it is configured; nothing was sent",
            cause=list(problems),
            hint=hint,
        )
