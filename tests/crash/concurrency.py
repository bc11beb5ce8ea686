"""Many at once: runners that race, writers that hammer, browsers that were left open.

Exactly one runner does the work; every row that SQLite acknowledged to anybody is in the final
database, whichever file it was written to.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

from drydock.errors import ExitCode
from tests.crash.faults import Fault
from tests.crash.forked import Child
from tests.crash.specimen import Finding
from tests.crash.sweeps import cleaned
from tests.support.stray import Stray

if TYPE_CHECKING:
    from tests.crash.laboratory import Laboratory
    from tests.crash.specimen import Specimen

RUNNERS = 8
WRITER = """
import sqlite3, sys, time
database, name, wait, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
keeps = sys.argv[5] == "keeps"  # one connection for all, or one each
db = sqlite3.connect(database, timeout=wait, isolation_level=None) if keeps else None
print("ready", flush=True)
end = time.monotonic() + seconds
n = 0
while time.monotonic() < end:
    n += 1
    try:
        used = db or sqlite3.connect(database, timeout=wait, isolation_level=None)
        try:
            used.execute("INSERT INTO item (owner_id, name) VALUES (1, ?)", (f"{name} {n}",))
            print(f"{name} {n}", flush=True)
        finally:
            if used is not db:
                used.close()
    except sqlite3.Error:
        pass
    time.sleep(0.002)
"""


def runners(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Eight runners at once: one migrates, the others are told who does, or that it is done."""
    shape = ("wal", "delete")[number % 2]
    specimen = laboratory.template(shape).specimen()
    words = ("migrate", "--yes")
    children = [Child(specimen.root, words, {}, Fault()) for _ in range(RUNNERS)]
    ended = [child.wait() for child in children]
    screens = "\n---\n".join(f"exit {each.returncode}\n{each.screen}" for each in ended)
    winners = [each for each in ended if "✓ migrate" in each.screen]
    told = all(
        each in winners
        or (each.returncode == ExitCode.BUSY and "another run" in each.screen)
        or (each.returncode == 0 and "nothing pending" in each.screen)
        for each in ended
    )
    finding = None
    if len(winners) != 1 or not told:
        finding = Finding("silent", f"{len(winners)} runners did the work:\n{screens}")
    finding = finding or specimen.after_recovery()
    if finding is None:
        specimen.remove()
    return shape, finding


def writers(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Writers before, during and after: each acknowledged row is in the final database."""
    shape = ("delete", "wal", "truncate")[number % 3]
    chance = laboratory.chance("writers", number)
    specimen = laboratory.template(shape).specimen()
    styles = [(chance.choice((0, 2.0)), chance.choice(("keeps", "opens"))) for _ in range(3)]
    seconds = 1.5 + chance.random()
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", WRITER, str(specimen.database), f"writer {place}"),
                *(str(wait), str(seconds), style),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for place, (wait, style) in enumerate(styles)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    time.sleep(0.2 * chance.random())
    done = specimen.inv("migrate", "--yes")
    acknowledged = set()
    for process in processes:
        lines, _ = process.communicate(timeout=30)
        acknowledged.update(lines.split("\n")[:-1])
    with closing(sqlite3.connect(specimen.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = {row[0] for row in db.execute("SELECT name FROM item WHERE name LIKE 'writer %'")}
    lost = acknowledged - rows
    finding = None
    if lost:
        finding = Finding(
            "lost", f"{len(lost)} of {len(acknowledged)} rows, exit {done.returncode}"
        )
    elif done.returncode not in (0, ExitCode.BUSY):
        finding = Finding("silent", f"exit {done.returncode}\n{done.screen}")
    elif (done.returncode == 0) != (len(specimen.applied()) == 4):
        finding = Finding("silent", f"exit {done.returncode} is not true\n{done.screen}")
    if finding is None:
        specimen.remove()
    return f"{shape} ({'won' if done.returncode == 0 else 'refused'})", finding


HABITS = {
    "idle": ("SELECT count(*) FROM item",),
    "reading": ("BEGIN", "SELECT count(*) FROM item"),
    "writing": ("BEGIN IMMEDIATE", "INSERT INTO log VALUES (0, 'not committed')"),
}
"""What a browser that was left open has last done."""


def browsers(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Database browsers left open, idle or in a transaction: in the way by name, or harmless.

    A run that is not let through changes nothing and names them. After one that is, what they
    write is in the database or refused to them, and what they read is one whole state.
    """
    mode, habit = divmod(number, len(HABITS))
    shape = ("wal", "delete", "truncate")[mode % 3]
    name = list(HABITS)[habit]
    chance = laboratory.chance("browsers", number)
    specimen = laboratory.template(shape).specimen()
    with ExitStack() as stack:
        count = chance.choice((1, 3))
        left_open = [stack.enter_context(Stray(specimen.database)) for _ in range(count)]
        for browser in left_open:
            for statement in HABITS[name] if browser is left_open[0] else HABITS["idle"]:
                browser.sql(statement)
        done = specimen.inv("migrate", "--yes")
        finding = specimen.after_fault(done) or _let_through(shape, name, done, left_open)
        for browser in left_open:
            finding = finding or _writes_late(specimen, browser, habit=name)
    what = f"{shape}, {name}"
    return what, cleaned(specimen, finding or specimen.after_recovery(), what)


def _let_through(shape: str, habit: str, done, left_open: list[Stray]) -> Finding | None:
    """In WAL mode nobody may be connected; in the others only a writer is in the way."""
    is_in_the_way = shape == "wal" or habit == "writing"
    named = [f"pid {browser.pid}" in done.screen for browser in left_open]
    if is_in_the_way and done.returncode == ExitCode.BUSY and all(named):
        return None
    if not is_in_the_way and done.returncode == 0:
        return None
    return Finding("silent", f"{habit} in {shape}: exit {done.returncode}, {named}\n{done.screen}")


def _writes_late(specimen: Specimen, browser: Stray, *, habit: str) -> Finding | None:
    """Let a browser end what it had begun, and write: in the live database, or refused."""
    mark = f"late {browser.pid}"
    try:
        if habit != "idle":
            with suppress(sqlite3.OperationalError):
                browser.sql("ROLLBACK")
        browser.sql(f"INSERT INTO log VALUES (0, '{mark}')")
    except sqlite3.OperationalError:
        return None
    with closing(sqlite3.connect(specimen.database)) as db, db:
        found = db.execute("DELETE FROM log WHERE what = ?", (mark,)).rowcount
    return None if found else Finding("lost", f"{mark} was acknowledged, and is nowhere")
