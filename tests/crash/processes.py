"""Whose process is it? Real strangers, real backends that will not go, and nobody else is harmed.

A bystander notes every signal that it gets. Each case puts one into the way of a run (its pid in
the pid file, its listener on the port, its command line like the backend's) or gives the backend a
bad habit, and then the judge looks: no bystander was signalled, the database is the one that must
be there, exit status and screen say so, and no process of ours is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from drydock.errors import ExitCode
from drydock.service import identity, listener, process
from tests.crash.faults import Fault
from tests.crash.specimen import Finding
from tests.crash.sweeps import cleaned
from tests.support.project import free_port

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.crash.forked import Finished
    from tests.crash.laboratory import Laboratory
    from tests.crash.specimen import Specimen

PATIENCE = 15.0
ANSWERS = """
import http.server, os, signal, socket, sqlite3, subprocess, sys, time

class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        if os.path.exists("shares"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        unwell = has("flaps") and Handler.asked % 3 == 0
        if self.path == "/items" and has("joined"):
            unwell = True
            open("join", "w").close()
            while not os.path.exists("joined-it"):
                time.sleep(0.01)
        self.send_response(503 if unwell else 200)
        self.end_headers()
        self.wfile.write(b'{"openapi": "3.1.0", "paths": {}}')
    def log_message(self, *arguments):
        pass

def has(habit):
    "Say whether it has a habit; these are had on the migrated database alone."
    if not os.path.exists(habit):
        return False
    db = sqlite3.connect("app.db")
    try:
        return "tag" in [row[1] for row in db.execute("PRAGMA table_info(item)")]
    finally:
        db.close()
"""
BACKEND = (
    ANSWERS
    + """
def bequeath(file):
    "Give the port to a process that is none of its tree, and see that it has it."
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            words = [sys.executable, *open(file).read().split(chr(10))]
            os.execve(sys.executable, words, {})
        os._exit(0)
    os.wait()
    while socket.socket().connect_ex(("127.0.0.1", int(sys.argv[1]))):
        time.sleep(0.01)

def leave(number, frame):
    if os.path.exists("heir"):
        server.socket.close()
        bequeath("heir")
    os._exit(0)

if has("traitor"):
    bequeath("traitor")
    sys.exit("I let somebody else in")
signal.signal(signal.SIGTERM, signal.SIG_IGN if os.path.exists("deaf") else leave)
try:
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
except OSError as error:
    sys.exit(str(error))
server.serve_forever()
"""
)
BYSTANDER = (
    ANSWERS
    + """
os.set_inheritable(1, False)
def note(number, frame):
    with open(noted, "a") as file:
        file.write(signal.Signals(number).name + " ")

noted, port, wait = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
    signal.signal(each, note)
with open(noted, "w") as file:
    file.write(f"{os.getpid()} ")
while port:
    if wait < 0:  # beside the one that is there, when it is asked to
        while not os.path.exists("join"):
            time.sleep(0.01)
        server = Server(("127.0.0.1", port), Handler)
        open("joined-it", "w").close()
        server.serve_forever()
    try:
        with socket.create_connection(("127.0.0.1", port), 0.2):
            time.sleep(0.003)
            if not wait:
                break
    except OSError:
        time.sleep(wait)
        try:
            server = Server(("127.0.0.1", port), Handler)
        except OSError:
            break
        server.serve_forever()
while True:
    time.sleep(60)
"""
)
SETTINGS = """[tool.drydock]
database = "app.db"
timeout = 1
[tool.drydock.backend]
start = ["python", {words}]
port = {port}
grace = {grace}
ready = {ready}
[tool.drydock.smoke]
passes = 1
deadline = 5
checks = [{{ path = "/items" }}]
"""


class Scene:
    """A specimen with a backend and bystanders; all processes are ended by pid in the end."""

    def __init__(self, specimen: Specimen, chance: random.Random, *, ready: float = 10.0) -> None:
        self.specimen = specimen
        self.chance = chance
        self.port = free_port()
        self.root = specimen.root
        self.bystanders: dict[Path, subprocess.Popen | None] = {}
        (self.root / "server.py").write_text(BACKEND)
        (self.root / "bystander.py").write_text(BYSTANDER)
        self.backend(f'"server.py", "{self.port}"', ready=ready)

    def backend(self, words: str, *, ready: float = 10.0, grace: float = 0.4) -> None:
        """Say in the settings how the backend is started."""
        text = SETTINGS.format(words=words, port=self.port, ready=ready, grace=grace)
        (self.root / "pyproject.toml").write_text(text)

    def habit(self, name: str, text: str = "") -> None:
        (self.root / name).write_text(text)

    def start(self) -> None:
        started = self.specimen.inv("start-backend")
        assert started.returncode == 0, started.screen

    def roots(self) -> set[int]:
        """Return the pids that listen on the port."""
        found = listener.listeners("127.0.0.1", self.port)
        return {each.pid for each in found if each.pid}

    def words(self, port: int = 0, wait: float = 0.0) -> list[str]:
        """Return the arguments of a bystander; its note is a file that says whom it met."""
        note = self.root / f"met-{len(self.bystanders)}"
        self.bystanders[note] = None
        like_it = ["server.py", str(self.port)]  # as if it were the backend
        return ["bystander.py", str(note), str(port), str(wait), *like_it]

    def stands_by(self, port: int = 0, wait: float = 0.0) -> psutil.Process:
        """Let a bystander run in the same folder; with a port it listens there when it is free."""
        words = self.words(port, wait)
        note = list(self.bystanders)[-1]
        self.bystanders[note] = subprocess.Popen(
            [sys.executable, *words], cwd=self.root, stdin=subprocess.DEVNULL
        )
        wait_until(lambda: note.exists() and note.read_text().endswith(" "))
        return psutil.Process(self.bystanders[note].pid)

    def harmed(self) -> str:
        """Return which bystander got a signal, or is gone."""
        for note in self.bystanders:
            if not note.exists():
                continue  # an heir that was never needed
            pid, *met = note.read_text().split()
            if met:
                return f"a bystander got {' '.join(met)}"
            if not psutil.pid_exists(int(pid)) or _is_zombie(int(pid)):
                return f"a bystander (pid {pid}) is gone"
        return ""

    def ours(self) -> list[psutil.Process]:
        """Return every process in this folder that is no bystander."""
        found = []
        for each in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                is_here = Path(each.cwd()).is_relative_to(self.root)
                if is_here and "bystander.py" not in each.cmdline():
                    found.append(each)
        return found

    def close(self) -> None:
        for note, started in self.bystanders.items():
            if note.exists():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(note.read_text().split()[0]), signal.SIGKILL)
            if started is not None:
                started.wait(PATIENCE)
        for each in self.ours():
            with contextlib.suppress(psutil.Error):
                each.kill()


def case(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Play one situation; the judge's verdict, and nobody harmed on the way back either."""
    name, play = list(SITUATIONS.items())[number % len(SITUATIONS)]
    chance = laboratory.chance("process", number)
    specimen = laboratory.template(chance.choice(("wal", "delete"))).specimen()
    scene = Scene(specimen, chance)
    try:
        finding = play(scene) or _ended(scene)
    finally:
        scene.close()
    return name, cleaned(specimen, finding, name)


def _ended(scene: Scene) -> Finding | None:
    """Stop what runs, by force, and look for what is left of it; nobody else is harmed."""
    stopped = scene.specimen.inv("stop-backend", "--force")
    left = [each.pid for each in scene.ours()]
    if left:
        return Finding("left", f"processes of ours go on: {left}\n{stopped.screen}")
    if harmed := scene.harmed():
        return Finding("silent", f"{harmed}, by stop-backend --force\n{stopped.screen}")
    return None


def _judged(scene: Scene, done: Finished, want: str, codes: tuple[int, ...]) -> Finding | None:
    standing = scene.specimen.standing()
    story = f"exit {done.returncode}, {standing}\n{done.screen}"
    if harmed := scene.harmed():
        return Finding("silent", f"{harmed}; {story}")
    if standing not in ("old", "new"):
        return Finding("mixed", story)
    if standing != want or done.returncode not in codes or "Traceback" in done.screen:
        return Finding("silent", f"wanted {want} and one of {codes}: {story}")
    if done.returncode and ("hint:" not in done.screen or "state:" not in done.screen):
        return Finding("silent", f"no next step: {story}")
    return None


def reused_pid(scene: Scene) -> Finding | None:
    """F42: the pid file of a backend that is gone names a stranger who has its pid now."""
    stranger = process.identify(scene.stands_by().pid)
    assert stranger is not None
    started = stranger.started + scene.chance.choice((-86400.0, -5.0, 3600.0))
    old = identity.Identity(stranger.pid, started, stranger.command)
    file = scene.root / ".drydock" / "app.db" / "backend.pid"
    identity.write(file, identity.Record(old, "m4rk"))
    if scene.chance.random() < 0.5:
        killed = scene.specimen.inv("migrate", "--yes", fault=Fault("kill", _any_call(scene)))
        if finding := scene.specimen.after_fault(killed):
            return finding
    done = scene.specimen.inv("migrate", "--yes")
    return _judged(scene, done, "new", (ExitCode.DONE,))


def foreign_listener(scene: Scene) -> Finding | None:
    """F46: somebody else is on the port."""
    scene.stands_by(scene.port)
    wait_until(scene.roots)
    done = scene.specimen.inv("migrate", "--yes", *_perhaps(scene, "--force"))
    return _judged(scene, done, "old", (ExitCode.BUSY,))


def deaf(scene: Scene) -> Finding | None:
    """F44: the backend ignores SIGTERM; it is killed only where that was asked for."""
    scene.habit("deaf")
    scene.start()
    scene.stands_by()
    before = scene.roots()
    done = scene.specimen.inv("migrate", "--yes")
    finding = _judged(scene, done, "old", (ExitCode.FAILED,))
    if finding is None and scene.roots() != before:
        finding = Finding("silent", f"it was killed without --force\n{done.screen}")
    if finding is None:
        done = scene.specimen.inv("migrate", "--yes", "--force")
        finding = _judged(scene, done, "new", (ExitCode.DONE,))
    if finding is None and scene.roots() & before:
        finding = Finding("silent", f"the old one goes on\n{done.screen}")
    return finding


def orphans(scene: Scene) -> Finding | None:
    """F43: the parent of uvicorn's workers was killed; they go on serving."""
    scene.backend(
        f'"-m", "uvicorn", "application:app", "--port", "{scene.port}", "--workers", "2"',
        grace=10.0,
    )
    scene.start()
    scene.stands_by()
    parent = identity.read(scene.root / ".drydock" / "app.db" / "backend.pid")
    assert parent is not None
    tree = process.tree([parent.identity])
    wait_until(lambda: len(process.tree([parent.identity])) >= 3)
    os.kill(parent.identity.pid, signal.SIGKILL)
    old = {each.pid for each in process.tree(tree)} - {parent.identity.pid}
    if scene.chance.random() < 0.3:
        killed = scene.specimen.inv("migrate", "--yes", fault=Fault("kill", _any_call(scene)))
        if finding := scene.specimen.after_fault(killed):
            return finding
    done = scene.specimen.inv("migrate", "--yes")
    left = {pid for pid in old if psutil.pid_exists(pid) and not _is_zombie(pid)}
    if left and done.returncode == 0:
        return Finding("silent", f"workers of the old backend go on: {left}\n{done.screen}")
    return _judged(scene, done, "new", (ExitCode.DONE,))


def heir(scene: Scene) -> Finding | None:
    """F46: told to end, the backend leaves the port to a process that is not ours."""
    scene.habit("heir", "\n".join(scene.words(scene.port, 0.001)))
    scene.start()
    done = scene.specimen.inv("migrate", "--yes")
    return _judged(scene, done, "old", (ExitCode.FAILED, ExitCode.NEEDS_YOU))


def traitor(scene: Scene) -> Finding | None:
    """F46, F50: the new backend ends and leaves a stranger on the port: it cannot come back.

    The database goes back all the same, and the screen says what keeps the backend down.
    """
    scene.start()
    scene.habit("traitor", "\n".join(scene.words(scene.port, 0.001)))
    done = scene.specimen.inv("migrate", "--yes")
    return _judged(scene, done, "old", (ExitCode.NEEDS_YOU,))


def joiner(scene: Scene) -> Finding | None:
    """F46: a stranger listens beside the new backend, which then fails its smoke test.

    Ours is stopped and the database goes back; the stranger stays.
    """
    scene.habit("shares")
    scene.start()
    scene.stands_by(scene.port, -1)
    scene.habit("joined")
    done = scene.specimen.inv("migrate", "--yes")
    return _judged(scene, done, "old", (ExitCode.NEEDS_YOU,))


def usurper(scene: Scene) -> Finding | None:
    """F46: an old program answers the health check in the place, or beside, the new backend."""
    if scene.chance.random() < 0.5:
        scene.habit("shares")  # both listen: the kernel gives each of them some of the requests
        scene.backend(f'"server.py", "{scene.port}"', ready=3.0)
    scene.start()
    scene.stands_by(scene.port, 0.001 + scene.chance.random() * 0.3)
    done = scene.specimen.inv("migrate", "--yes")
    met = scene.roots() - {each.pid for each in scene.ours()}
    if not met:  # the new backend was on the port first
        return _judged(scene, done, "new", (ExitCode.DONE,))
    codes = (ExitCode.FAILED, ExitCode.BUSY, ExitCode.ROLLED_BACK, ExitCode.NEEDS_YOU)
    if done.returncode == 0 and len(scene.roots()) > 1:
        return None  # it joined a backend that had been found well
    return _judged(scene, done, "old", codes)


def flapping(scene: Scene) -> Finding | None:
    """F47: on the new database two of three health checks pass; on the old one all."""
    scene.backend(f'"server.py", "{scene.port}"', ready=1.5)
    scene.habit("flaps")
    scene.start()
    scene.stands_by()
    done = scene.specimen.inv("migrate", "--yes")
    finding = _judged(scene, done, "old", (ExitCode.ROLLED_BACK,))
    if finding is None and not scene.roots():
        finding = Finding("silent", f"the backend is down\n{done.screen}")
    return finding


SITUATIONS: dict[str, Callable[[Scene], Finding | None]] = {
    "reused pid": reused_pid,
    "foreign listener": foreign_listener,
    "SIGTERM ignored": deaf,
    "orphaned workers": orphans,
    "heir on the port": heir,
    "health from another": usurper,
    "stranger let in": traitor,
    "stranger beside it": joiner,
    "flapping health": flapping,
}


def _any_call(scene: Scene) -> int:
    return scene.chance.randrange(1, len(scene.specimen.template.calls))


def _perhaps(scene: Scene, word: str) -> tuple[str, ...]:
    return (word,) if scene.chance.random() < 0.5 else ()


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: It was not in time.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE:g} s: {condition}")
        time.sleep(0.005)
