"""What the cases of one worker share: a scratch folder, templates, chance, a served project.

A case takes all that it does from seed, kind and number, so that any worker, and ``--case``, does
the same. What a case measured on its way (`answers`, `worth`) is read by whoever asked for it.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.crash.forked import inv
from tests.crash.shapes import SHAPES
from tests.crash.specimen import Template, scratch
from tests.support.project import Project, free_port

if TYPE_CHECKING:
    from types import TracebackType

SMALL = tuple(shape for shape in SHAPES if shape != "large")
LARGE_EVERY = 40
"""In so many rounds of all shapes, `large` takes one turn: a case there costs twenty others."""


class Laboratory:
    """A scratch folder with a template a shape, made when first needed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._folder = tempfile.TemporaryDirectory(prefix="drydock-lab-", dir=scratch())
        self.home = Path(self._folder.name)
        self._templates: dict[str, Template] = {}
        self._served: tuple[Project, str] | None = None
        self.chain_seconds = 3.0
        self.worth = 1  # how many points the last case tried
        self.answers: list[float] = []  # seconds until a signal was answered

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        if self._served is not None:
            inv(self._served[0].root, "stop-backend", "--force")
        self._folder.cleanup()

    def template(self, shape: str) -> Template:
        if shape not in self._templates:
            self._templates[shape] = Template(shape, self.home)
        return self._templates[shape]

    def served(self) -> tuple[Project, str]:
        """Return a project whose backend runs, and its content; started when first needed."""
        if self._served is None:
            project = Project(self.home / "served", rows=40, port=free_port())
            started = inv(project.root, "start-backend")
            assert started.returncode == 0, started.screen
            self._served = project, project.dump()
        return self._served

    def chance(self, kind: str, number: int) -> random.Random:
        return random.Random(f"{self.seed} {kind} {number}")


def turn(number: int) -> tuple[str, int]:
    """Return the shape and the round of a case: shapes take turns, `large` now and then."""
    place, shape = divmod(number, len(SMALL))
    if shape == 0 and place % LARGE_EVERY == LARGE_EVERY - 1:
        return "large", place
    return SMALL[shape], place


def spread(place: int, count: int, seed: int) -> int:
    """Return a call from 1 to `count`; successive places visit all of them, far apart."""
    stride = max(1, int(count * 0.618))
    while count % stride == 0 and stride > 1:
        stride += 1
    return 1 + (place * stride + seed) % count
