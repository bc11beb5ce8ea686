"""Many at once: runners that race, writers that hammer, browsers that were left open.

Exactly one runner does the work; every row that SQLite acknowledged to anybody is in the final
database, whichever file it was written to.
"""

from __future__ import annotations

import os
import signal
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
    from tests.crash.forked import Finished
    from tests.crash.laboratory import Laboratory
    from tests.crash.specimen import Specimen

RUNNERS = 8
WRITER = """
import sqlite3, sys, time
database, name, wait, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
keeps = sys.argv[5] == "keeps"  # one connection for all, or one each
statement = sys.argv[6]
db = sqlite3.connect(database, timeout=wait, isolation_level=None) if keeps else None
print("ready", flush=True)
end = time.monotonic() + seconds
n = 0
while time.monotonic() < end:
    n += 1
    try:
        used = db or sqlite3.connect(database, timeout=wait, isolation_level=None)
        try:
            used.execute(statement, (f"{name} {n}",))
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
        _writer(specimen, f"writer {place}", _INTO_ITEM, wait=wait, seconds=seconds, style=style)
        for place, (wait, style) in enumerate(styles)
    ]
    time.sleep(0.2 * chance.random())
    done = specimen.inv("migrate", "--yes")
    finding = _unaccounted(specimen, _acknowledged(processes), "SELECT name FROM item", done)
    if finding is None and (done.returncode == 0) != (len(specimen.applied()) == 4):
        finding = Finding("silent", f"exit {done.returncode} is not true\n{done.screen}")
    if finding is None:
        specimen.remove()
    return f"{shape} ({'won' if done.returncode == 0 else 'refused'})", finding


def latecomers(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Programs that open the database while a run holds it, and go on after its publish.

    They wait their turn, or have only opened it. Behind a rename they would keep the old file, and
    take the -wal of the new one, which they find by its name, for their own.
    """
    shape = ("wal", "proving-wal", "delete")[number % 3]
    chance = laboratory.chance("latecomers", number)
    template = laboratory.template(shape)
    specimen = template.specimen()
    held, published = (template.calls.index(call) + 1 for call in (_HELD, _PUBLISHED))
    at = chance.randint(held + 1, published + 8)
    child = Child(specimen.root, ("migrate", "--yes"), specimen.environment, Fault("SIGSTOP", at))
    acknowledged: set[str] = set()
    with ExitStack() as stack:
        child.wait_for_stop()
        late = [stack.enter_context(Stray(specimen.database)) for _ in range(chance.choice((0, 2)))]
        for browser in late[1:]:
            with suppress(sqlite3.OperationalError):
                browser.sql("SELECT count(*) FROM log")
        processes = [
            _writer(
                specimen,
                f"late {place}",
                _INTO_LOG,
                wait=chance.choice((0.3, 5.0)),
                seconds=0.6 + chance.random() / 2,
                style=chance.choice(("keeps", "opens")),
            )
            for place in range(3)
        ]
        os.kill(child.pid, signal.SIGCONT)
        done = child.wait()
        for turn in range(20):
            for browser in late:
                row = f"late {browser.pid} {turn}"
                with suppress(sqlite3.OperationalError):
                    browser.sql(f"INSERT INTO log VALUES (0, '{row}')")
                    acknowledged.add(row)
        acknowledged |= _acknowledged(processes)
    finding = _unaccounted(specimen, acknowledged, "SELECT what FROM log", done)
    if finding is None:
        with closing(sqlite3.connect(specimen.database)) as db, db:
            db.execute("DELETE FROM log WHERE what LIKE 'late %'")
        finding = specimen.after_fault(done) or specimen.after_recovery()
    told = f"{shape} ({'won' if done.returncode == 0 else 'refused'})"
    return told, cleaned(specimen, finding, f"stopped at call {at}: {template.calls[at - 1]}")


_INTO_ITEM = "INSERT INTO item (owner_id, name) VALUES (1, ?)"
_INTO_LOG = "INSERT INTO log VALUES (0, ?)"
_HELD, _PUBLISHED = "sql BEGIN IMMEDIATE", "os.rename candidate.db"


def _writer(
    specimen: Specimen, name: str, statement: str, *, wait: float, seconds: float, style: str
) -> subprocess.Popen[str]:
    """Start a program that writes for so many seconds; return when it is about to."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", WRITER, str(specimen.database), name),
            *(str(wait), str(seconds), style, statement),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _acknowledged(processes: list[subprocess.Popen[str]]) -> set[str]:
    """Wait for the writers; return what SQLite told them is in the database."""
    told: set[str] = set()
    for process in processes:
        lines, _ = process.communicate(timeout=30)
        told.update(lines.split("\n")[:-1])
    return told


def _unaccounted(
    specimen: Specimen, acknowledged: set[str], query: str, done: Finished
) -> Finding | None:
    """Say which acknowledged rows are not there, what SQLite finds damaged, how else it ended."""
    screen = f"exit {done.returncode}\n{done.screen}"
    try:
        with closing(sqlite3.connect(specimen.database)) as db:
            problems = db.execute("PRAGMA integrity_check").fetchall()
            rows = {row[0] for row in db.execute(query)}
    except sqlite3.DatabaseError as error:
        return Finding("mixed", f"{error}\n{screen}")
    if problems != [("ok",)]:
        return Finding("mixed", f"{problems[:5]}\n{screen}")
    lost = acknowledged - rows
    if lost:
        return Finding("lost", f"{len(lost)} of {len(acknowledged)} rows, {screen}")
    if done.returncode not in (0, ExitCode.BUSY):
        return Finding("silent", screen)
    return None


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
    """In WAL mode nobody may be connected; in the others only a transaction is in the way."""
    is_in_the_way = shape == "wal" or habit != "idle"
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
