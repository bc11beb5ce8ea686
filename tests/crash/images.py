"""Power cuts: what a disk may hold when it stops, from a recorded run, and what SQLite makes of it.

Whatever was synced is there. Of the rest any part may be: each write since its file's last sync
may be lost, kept or torn at a sector; each name changed since its folder's last sync may be the
old or the new one. It is stricter than ext4 or XFS, which keep the order of names.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.laboratory import SMALL
from tests.crash.recording import Change, Recording, apply, record
from tests.crash.specimen import Finding, Specimen, content, scratch

if TYPE_CHECKING:
    import random

    from tests.crash.laboratory import Laboratory

SECTOR = 512
A_CASE = 200
SHAPES = (
    *("wal", "delete", "truncate", "hot-wal", "hard-link", "page-1024", "hot-journal"),
    "proving-wal",
)
KEEP = ("all", "none", "some", "prefix")
RECORDED = ("migrate", "rollback", "after hold-3", "after migrate-2", "after publish-4")
"""What is recorded: a migration, a way back, the next migration after a kill at a point."""
REPLAYED = tuple(shape for shape in SMALL if shape not in {"symlink", "python"})
"""Shapes whose every write is the recorded process's own, to a file called app.db."""
RUNS = len(REPLAYED) * len(RECORDED)
TRIO = ("app.db", "app.db-journal", "app.db-wal")
_recordings: dict[tuple[str, str], Recording] = {}


def case(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Cut the power `A_CASE` times in one recorded run; recover from one of the images."""
    shape = SHAPES[number % len(SHAPES)]
    command = RECORDED[number % len(RECORDED)]
    template = laboratory.template(shape)
    recording = _recording(laboratory, shape, command)
    chance = laboratory.chance("image", number)
    goal = template.old if command == "rollback" else template.new
    start = template.new if command in ("rollback", "after publish-4") else template.old
    known: dict[str, str] = {}
    moments = [
        place
        for place, change in enumerate(recording.changes)
        if change.name in TRIO or change.other in TRIO
    ]
    moments = moments or list(range(len(recording.changes)))  # the live file was not touched
    instant = next(
        (place for place in moments if recording.changes[place].what == "rename"), moments[-1]
    )
    for attempt in range(A_CASE):
        cut = chance.randrange(len(recording.changes) + 1)
        if attempt % 2:  # around a change of the live file's name, or of a sidecar's
            cut = min(chance.choice(moments) + chance.randrange(3), len(recording.changes))
        if attempt % 5 == 1:  # the instant
            cut = min(instant + 1, len(recording.changes))
        if attempt % 10 == 0:
            cut = len(recording.changes)  # a run that said "done" stays done
        image = Disk(recording, cut).after_power_cut(chance)
        found = _standing({name: image[name][1] for name in TRIO if name in image}, known)
        wanted = {goal} if cut >= recording.done_at else {goal, start}
        if found not in wanted:
            word = "lost" if found in (goal, start) else "mixed"
            story = (
                f"{command}, image {attempt}, cut after {cut} of {len(recording.changes)}: {found}"
            )
            return shape, Finding(word, story)
    if shape == "hard-link":
        return shape, None  # its second name cannot be laid out from an image
    return shape, _recovers(laboratory, shape, recording, image, cut)


case.worth = A_CASE


def kills(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Stop one recorded run before each of its changes in turn, nothing lost: a SIGKILL there."""
    place, which = divmod(number, len(REPLAYED))
    shape, command = REPLAYED[which], RECORDED[place]
    template = laboratory.template(shape)
    recording = _recording(laboratory, shape, command)
    known: dict[str, str] = {}
    for cut in range(len(recording.changes) + 1):
        image = Disk(recording, cut).after_kill()
        found = _standing({name: image[name] for name in TRIO if name in image}, known)
        if found not in (template.old, template.new):
            story = f"{command} killed after {cut} of {len(recording.changes)}: {found}"
            return f"{command} {shape}", Finding("mixed", story)
    laboratory.worth = len(recording.changes) + 1
    return f"{command} {shape}", None


def _recording(laboratory: Laboratory, shape: str, command: str) -> Recording:
    if (shape, command) not in _recordings:
        specimen = laboratory.template(shape).specimen()
        if command == "rollback":
            assert specimen.inv("migrate", "--yes").returncode == 0
        if command.startswith("after"):
            point = command.split()[1]
            assert specimen.inv("migrate", "--yes", DRYDOCK_FAULT=f"kill:{point}").was_killed
        words = ("rollback" if command == "rollback" else "migrate", "--yes")
        _recordings[shape, command] = record(specimen, *words)
        specimen.remove()
    return _recordings[shape, command]


class Disk:
    """The files and names up to a moment: what is durable, and what is only in memory."""

    def __init__(self, recording: Recording, cut: int) -> None:
        self.names = {name: file for name, (file, _) in recording.before.items()}
        self.content = {file: bytearray(data) for file, data in recording.before.values()}
        self.unsynced: dict[int, list[Change]] = {}
        self.renamed: list[Change] = []
        for change in recording.changes[:cut]:
            self._take(change)

    def _take(self, change: Change) -> None:
        if change.what == "sync" and change.file:
            for write in self.unsynced.pop(change.file, ()):
                apply(self.content[change.file], write)
        elif change.what == "sync":
            here = [each for each in self.renamed if _folder(each) == change.name]
            self.renamed = [each for each in self.renamed if each not in here]
            for each in here:
                _rename(self.names, each)
        elif change.what in ("write", "truncate"):
            self.unsynced.setdefault(change.file, []).append(change)
        else:
            self.content.setdefault(change.file, bytearray())
            self.renamed.append(change)

    def after_kill(self) -> dict[str, bytes]:
        """Return name → bytes when the process is killed and the machine goes on."""
        names = dict(self.names)
        for change in self.renamed:
            _rename(names, change)
        found = {name: bytearray(self.content[file]) for name, file in names.items()}
        for name, file in names.items():
            for write in self.unsynced.get(file, ()):
                apply(found[name], write)
        return {name: bytes(data) for name, data in found.items()}

    def after_power_cut(self, chance: random.Random) -> dict[str, tuple[int, bytes]]:
        """Return name → file and bytes as they may be found afterwards."""
        names = dict(self.names)
        for change in _kept(self.renamed, chance):
            _rename(names, change)
        found = {}
        for name, file in names.items():
            data = bytearray(self.content[file])
            for write in _kept(self.unsynced.get(file, []), chance):
                apply(data, _torn(write, chance))
            found[name] = (file, bytes(data))
        return found


def _kept(changes: list[Change], chance: random.Random) -> list[Change]:
    how = chance.choice(KEEP)
    if how == "prefix":
        return changes[: chance.randint(0, len(changes))]
    if how == "some":
        return [change for change in changes if chance.random() < 0.5]
    return changes if how == "all" else []


def _torn(write: Change, chance: random.Random) -> Change:
    sectors = len(write.data) // SECTOR
    if sectors < 2 or chance.random() < 0.8:
        return write
    return Change(
        "write",
        write.file,
        offset=write.offset,
        data=write.data[: SECTOR * chance.randrange(sectors)],
    )


def _folder(change: Change) -> str:
    return str(Path(change.other or change.name).parent)


def _rename(names: dict[str, int], change: Change) -> None:
    """Change the names; a change whose beginning was lost changes nothing."""
    if change.what == "unlink":
        names.pop(change.name, None)
    elif change.what == "create":
        names[change.name] = change.file
    elif names.get(change.name) == change.file:
        names[change.other] = change.file
        if change.what == "rename":
            del names[change.name]


def _standing(files: dict[str, bytes], known: dict[str, str]) -> str:
    """Return the content that SQLite makes of the files; each different set is opened once."""
    key = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
    if key not in known:
        with tempfile.TemporaryDirectory(dir=scratch()) as folder:
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            try:
                known[key] = content(Path(folder) / "app.db")
            except (sqlite3.Error, AssertionError) as error:
                known[key] = f"{type(error).__name__} {error}"
    return known[key]


def _recovers(
    laboratory: Laboratory, shape: str, recording: Recording, image: dict, cut: int
) -> Finding | None:
    """Lay one image out as a project and let the next commands run on it."""
    template = laboratory.template(shape)
    specimen = template.specimen()
    shutil.rmtree(specimen.root)
    for name, (_, data) in image.items():
        path = specimen.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    _correct_inodes(specimen, recording, image, cut)
    finding = specimen.after_recovery()
    if finding is None:
        specimen.remove()
        return None
    return Finding(
        finding.kind, f"recovery from a cut after {cut}; {specimen.root}\n{finding.story}"
    )


def _correct_inodes(specimen: Specimen, recording: Recording, image: dict, cut: int) -> None:
    """A laid out file has another inode than the recorded one; the record is told which."""
    new = [
        each.file
        for each in recording.changes[:cut]
        if each.what == "rename" and each.other == "app.db"
    ]
    is_new = bool(new) and image["app.db"][0] == new[-1]
    for path in specimen.root.glob(".drydock/app.db/runs/*/run.json"):
        try:
            found = json.loads(path.read_text())
        except ValueError:
            continue
        found["new_inode"] = specimen.database.stat().st_ino if is_new else 0
        path.write_text(json.dumps(found))
