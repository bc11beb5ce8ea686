"""The line that moves: what it says at every width, and that it is silent when it should be."""

from __future__ import annotations

import threading
import time

import pytest

from drydock.terminal.progress import Live, Stand, amount, clock, drawn
from drydock.terminal.text import width_of


def test_it_says_how_far_how_fast_and_how_long_still():
    line = drawn(Stand("backup", 250_000_000, 1_000_000_000, "bytes", 2.0), 79)
    assert line.split() == [
        "…",
        "backup",
        "━━━━━···············",
        "25%",
        "125.0",
        "MB/s",
        "0:06",
        "left",
    ]


def test_it_says_how_long_already_where_nobody_counts():
    """One long statement of a migration."""
    assert drawn(Stand("migrate", seconds=75), 79) == "… migrate  1:15"
    assert drawn(Stand("002_tag applied", 1, 2, "", 3), 79).endswith("50%  0:03")


def test_it_promises_no_time_before_it_can_know():
    assert "left" not in drawn(Stand("backup", 1, 100, "bytes", 0.1), 79)
    assert "left" not in drawn(Stand("backup", 0, 100, "bytes", 9.0), 79)


@pytest.mark.parametrize("width", [20, 39, 40, 59, 60, 79, 200])
@pytest.mark.parametrize("name", ["x", "018_migrate_dining_out_to_going_out applied", "漢字" * 30])
def test_it_never_breaks_into_a_second_line(width, name):
    """A line that wraps cannot be taken away again."""
    for stand in (Stand(name, 3, 7, "rows", 5.0), Stand(name, seconds=5)):
        assert width_of(drawn(stand, width)) <= width


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0:00"), (7.4, "0:07"), (760, "12:40"), (3723, "1:02:03")]
)
def test_times_read_as_on_a_clock(seconds, told):
    assert clock(seconds) == told


@pytest.mark.parametrize(
    ("count", "unit", "told"),
    [(4_100_000, "bytes", "4.1 MB"), (950, "rows", "950 rows"), (2.2e6, "rows", "2.2M rows")],
)
def test_amounts_are_short(count, unit, told):
    assert amount(count, unit) == told


def test_it_moves_while_the_step_works_and_never_after_it_was_stopped():
    """Also while the main thread is inside one call; a line drawn late would eat a result."""
    drawn_lines, moved = [], threading.Event()

    def draw(line):
        drawn_lines.append(line)
        moved.set()

    live = Live(draw, lambda: 79)
    live.start("verify-schema")
    assert moved.wait(10)
    live.stop()
    count = len(drawn_lines)
    assert drawn_lines[0].startswith("… verify-schema")
    live.stop()
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        assert len(drawn_lines) == count


def test_a_quick_step_draws_nothing():
    """A screen that flickers says nothing."""
    drawn_lines = []
    live = Live(drawn_lines.append, lambda: 79)
    live.start("review")
    live.count("review", 1, 2, "rows")
    live.stop()
    assert drawn_lines == []


def test_stopping_waits_for_a_line_that_is_being_drawn():
    """It would land on the line that says how the step ended."""
    inside, finished = threading.Event(), threading.Event()

    def draw(_):
        inside.set()
        threading.Event().wait(0.3)  # a slow terminal
        finished.set()

    live = Live(draw, lambda: 79)
    live.start("backup")
    assert inside.wait(10)
    live.stop()
    assert finished.is_set()
