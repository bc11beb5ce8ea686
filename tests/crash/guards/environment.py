"""F27 to F40: signals, locks, capacity, the machine."""

from __future__ import annotations

from tests.crash.guards.guard import KILL, SLICE, Guard

BACKUP = "tests/unit/backup/test_backup_taking.py"
CATALOGUE = "tests/unit/backup/test_backup_catalogue.py"
PUBLISH = "tests/unit/publish/test_publish.py"
HOLD = "tests/unit/hold/test_hold.py"
FILES = "tests/unit/files/test_files.py"
RECORD = "tests/unit/record/test_record.py"
OPENING = "tests/unit/connection/test_connection.py"
LOCK = "tests/unit/lock/test_lock.py"
ROOM = "tests/unit/backup/test_backup_room.py"
STEP = "tests/unit/steps/test_steps_migrate.py"
CHECKS = "tests/unit/evidence/test_evidence_checks.py"

GUARDS = (
    Guard(
        "F27",
        "signals walk the way back",
        "commands/session.py",
        "            _listen_for_signals()\n",
        "",
        (KILL, "-k", "f27_a_signal_at_a_point and publish-6 and TERM"),
    ),
    Guard(
        "F27",
        "a signal between two steps is walked back too",
        "commands/session.py",
        "            return chain.abandon(walk, error)\n",
        "            pass\n",
        (KILL, "-k", "f27_a_signal_between"),
    ),
    Guard(
        "F27",
        "no second signal ends the way back half-way",
        "chain.py",
        "    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}\n",
        "    before = {number: signal.getsignal(number) for number in numbers}\n",
        (SLICE, "-k", "f27_a_second_signal"),
    ),
    Guard(
        "F28",
        "one run at a time",
        "lock.py",
        "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n        except",
        "pass\n        except",
        (SLICE, "-k", "eight_runners"),
    ),
    Guard(
        "F28",
        "the lock's file is never unlinked",
        "lock.py",
        "            os.close(self._descriptor)\n",
        "            os.close(self._descriptor)\n            self._path.unlink()\n",
        (LOCK, "-k", "f28_the_file"),
    ),
    Guard(
        "F29",
        "what was not proved leaves nothing behind",
        "backup/taking.py",
        "        shutil.rmtree(self.home, ignore_errors=True)\n",
        "",
        (BACKUP, "-k", "f29_a_full_disk"),
    ),
    Guard(
        "F29",
        "nothing is published to which there is no proved way back",
        "steps/migrate.py",
        "        _conclude_backup(walk)\n        _publish",
        "        _publish",
        (STEP, "-k", "nothing_is_published"),
        ("    if walk.taking is not None and walk.taking.is_over:\n", "    if False:\n"),
    ),
    Guard(
        "F27",
        "a signal waits for no proof, and leaves no half of a backup",
        "steps/take_backup.py",
        "        walk.taking.abandon()\n",
        "        pass\n",
        (STEP, "-k", "a_signal_waits"),
    ),
    Guard(
        "F38",
        "what the disk refused while it was copied is told",
        "backup/copying.py",
        "            failed.append(error)\n",
        "            pass\n",
        (BACKUP, "-k", "refuses_while"),
    ),
    Guard(
        "F29",
        "a folder without its manifest is no backup",
        "backup/catalogue.py",
        "        if manifest and _is_whole(path.parent / manifest.file, manifest):\n",
        "        if manifest:\n",
        (CATALOGUE, "-k", "cut_or_linked"),
    ),
    Guard(
        "F29",
        "free space is what this user can write",
        "files.py",
        "    return state.f_bavail * state.f_frsize\n",
        "    return state.f_bfree * state.f_frsize\n",
        (FILES, "-k", "f29"),
    ),
    Guard(
        "F29 F30",
        "a run that will not fit is refused before it begins",
        "steps/take_backup.py",
        "        if free < needed:\n",
        "        if False:\n",
        (ROOM, "-k", "f30"),
    ),
    Guard(
        "F30",
        "the candidate's growth is counted",
        "steps/take_backup.py",
        "GROWTH = 2.0\n",
        "GROWTH = 1.0\n",
        (ROOM, "-k", "f30"),
    ),
    Guard(
        "F31",
        "the newest backup and those in use are never deleted",
        "backup/catalogue.py",
        "    safe = {*in_use, *(backup.id for backup in every[-1:])}\n",
        "    safe = set()\n",
        (CATALOGUE, "-k", "f31_the_newest_and"),
    ),
    Guard(
        "F31",
        "the last one from before a migration is never deleted",
        "backup/catalogue.py",
        "    safe.update(before_runs[-1:])\n",
        "",
        (CATALOGUE, "-k", "f31_the_last_one"),
    ),
    Guard(
        "F31",
        "order is by sequence, not by the clock",
        "backup/catalogue.py",
        "key=lambda backup: backup.manifest.sequence",
        "key=lambda backup: backup.id",
        (CATALOGUE, "-k", "f31_the_newest_is"),
    ),
    Guard(
        "F32",
        "a file is made once",
        "files.py",
        "os.O_CREAT | os.O_EXCL |",
        "os.O_CREAT |",
        (FILES, "-k", "f32"),
    ),
    Guard(
        "F32",
        "runs of one second have folders of their own",
        "record.py",
        "            folder.mkdir(mode=0o700)\n",
        "            folder.mkdir(mode=0o700, exist_ok=True)\n",
        (RECORD, "-k", "f32"),
    ),
    Guard(
        "F33 F37",
        "a reader that never lets go ends the copy in place",
        "publish.py",
        "        if now - waiting_since >= hold.timeout:\n",
        "        if False:\n",
        (PUBLISH, "-k", "f33"),
    ),
    Guard(
        "F34",
        "an empty file is no database",
        "connection.py",
        "    if state.st_size == 0:\n",
        "    if False:\n",
        (OPENING, "-k", "f34"),
    ),
    Guard(
        "F34",
        "a wrong path makes no new database",
        "connection.py",
        '    except FileNotFoundError:\n        raise DatabaseMissing(path, "does not exist")'
        " from None\n",
        "    except FileNotFoundError:\n"
        "        _open(real, 'rwc', 0).close()\n        return real\n",
        (OPENING, "-k", "f34"),
    ),
    Guard(
        "F35",
        "damage that was there before is told before anything runs",
        "backup/proving.py",
        "        if problems:\n",
        "        if False:\n",
        (BACKUP, "-k", "f35"),
    ),
    Guard(
        "F35",
        "damage from before outranks what the migrations met",
        "steps/migrate.py",
        "        _conclude_backup(walk)  # damage from before outranks what failed on it (F35)\n",
        "",
        (STEP, "-k", "f35"),
    ),
    Guard(
        "F35",
        "a touched table's index is checked",
        "evidence/checks.py",
        "            if check is not None and Check(check.pragma) not in checks:\n",
        "            if False:\n",
        (CHECKS, "-k", "f35"),
    ),
    Guard(
        "F35",
        "damage that the run brought stops it",
        "inspection.py",
        "    if damage:\n",
        "    if False:\n",
        ("tests/unit/inspection/test_inspection.py", "-k", "f35"),
    ),
    Guard(
        "F36",
        "a read-only file system is told first",
        "hold.py",
        "        if os.statvfs(each).f_flag & os.ST_RDONLY:",
        "        if False:",
        (HOLD, "-k", "f36"),
    ),
    Guard(
        "F37",
        "who holds the database is named",
        "hold.py",
        "    return tuple(f\"{' '.join(each.command)[:120]} (pid {each.pid})\""
        " for each in holders(path).found)\n",
        "    return ()\n",
        (HOLD, "-k", "f37"),
    ),
    Guard(
        "F37",
        "a locked database is not taken for a broken one",
        "connection.py",
        '        if "locked" in str(error):\n            raise DatabaseLocked(path, str(error))'
        " from error\n",
        "",
        (OPENING, "-k", "f37"),
    ),
    Guard(
        "F38",
        "the candidate is synced before its rename",
        "files.py",
        "        os.fsync(descriptor)\n",
        "        pass\n",
        (SLICE, "-k", "power_cut"),
    ),
    Guard(
        "F39",
        "a network file system is refused",
        "steps/take_backup.py",
        "    if system and not walk.settings.network_files:\n",
        "    if False:\n",
        (ROOM, "-k", "f39"),
    ),
    Guard(
        "F39",
        "the nearest mount says what a file lies on",
        "files.py",
        "        if inside and len(folder) >= len(best):\n",
        "        if inside and not best:\n",
        (FILES, "-k", "f39"),
    ),
    Guard(
        "F40",
        "an error behind the rename is not 'nothing changed'",
        "steps/migrate.py",
        "        walk.published = outcome.took_place(walk.live, walk.record.record)\n",
        "",
        (KILL, "-k", "error_at_a_point and wal and publish-5"),
    ),
    Guard(
        "F40",
        "texts half written are swept up",
        "recovery.py",
        "    record.sweep(walk.state)\n",
        "",
        (SLICE, "-k", "half_written"),
    ),
)
