"""F01 to F09: files, backup, restore."""

from __future__ import annotations

from tests.crash.guards.guard import CHAIN, KILL, SLICE, Guard

STEPS = "tests/unit/steps/test_steps_migrate.py"
PUBLISH = "tests/unit/publish/test_publish.py"
BACKUP = "tests/unit/backup/test_backup_taking.py"
HOLD = "tests/unit/hold/test_hold.py"

GUARDS = (
    Guard(
        "F01",
        "another process reads the live file, for its digest",
        "backup/proof.py",
        '    return digest_of(start_pages("digest", str(live)))\n',
        '    live.read_bytes()\n    return digest_of(start_pages("digest", str(live)))\n',
        (PUBLISH, "-k", "f01"),
    ),
    Guard(
        "F01",
        "publish looks at the live file by stat alone",
        "publish.py",
        "    announce(way, old.st_ino, candidate.stat().st_ino)\n",
        "    live.read_bytes()\n    announce(way, old.st_ino, candidate.stat().st_ino)\n",
        (PUBLISH, "-k", "f01"),
    ),
    Guard(
        "F01",
        "another process copies the held file's bytes",
        "backup/copying.py",
        "    total = held.stat().st_size\n",
        "    total = len(held.read_bytes())\n",
        (PUBLISH, "-k", "f01"),
    ),
    Guard(
        "F02",
        "a backup is copied by SQLite, not as a file",
        "backup/copying.py",
        "    with _written_meanwhile(target), closing(connection.copy_target(target)) as opened:\n",
        "    import shutil\n"
        "    shutil.copyfile(source.execute('PRAGMA database_list').fetchone()[2], target)\n"
        "    return\n"
        "    with _written_meanwhile(target), closing(connection.copy_target(target)) as opened:\n",
        (BACKUP, "-k", "f02"),
    ),
    Guard(
        "F03",
        "SQLite opens the live file, and recovers it first",
        "connection.py",
        "?mode={mode}",
        "?mode={mode}&immutable=1",
        (HOLD, "-k", "f03"),
    ),
    Guard(
        "F04",
        "no sidecar survives a publish: the database is taken out of WAL mode",
        "hold.py",
        "        _leave_wal(live, path, timeout)\n",
        "",
        (SLICE, "-k", "power_cut or kills"),
        (
            '== "wal":\n            raise DatabaseLocked(path, "a program keeps',
            '== "":\n            raise DatabaseLocked(path, "a program keeps',
        ),
    ),
    Guard(
        "F02 F04",
        "a -wal that could not be removed ends the hold",
        "hold.py",
        '        if Path(f"{path}-wal").exists():\n',
        "        if False:\n",
        (HOLD, "-k", "f04"),
    ),
    Guard(
        "F04 F05",
        "what stands beside the live file is removed before the rename",
        "publish.py",
        '        Path(f"{live}{suffix}").unlink(missing_ok=True)\n',
        "        pass\n",
        (PUBLISH, "-k", "f04_f05"),
    ),
    Guard(
        "F05",
        "no power cut brings a journal back beside the new database",
        "publish.py",
        "    files.sync(live.parent)\n    # Whoever",
        "    # Whoever",
        (SLICE, "-k", "power_cut"),
    ),
    Guard(
        "F06",
        "the record says what is about to be published",
        "recovery.py",
        'found.phase in ("publishing", "published") and outcome.took_place(walk.live, found)',
        "False",
        (KILL, "-k", "killed_in_a_rollback and wal and publish-5"),
    ),
    Guard(
        "F06",
        "what a killed attempt kept is removed first",
        "publish.py",
        "        keep_old.unlink(missing_ok=True)\n    reach",
        "        pass\n    reach",
        (PUBLISH, "-k", "f06"),
    ),
    Guard(
        "F07",
        "the target of a publish in place is out of WAL mode, which allows another page size",
        "hold.py",
        "        _leave_wal(live, path, timeout)\n",
        "",
        (PUBLISH, "-k", "f07"),
        (
            '== "wal":\n            raise DatabaseLocked(path, "a program keeps',
            '== "":\n            raise DatabaseLocked(path, "a program keeps',
        ),
    ),
    Guard(
        "F08",
        "the candidate gets the live file's mode and attributes",
        "publish.py",
        "        shutil.copystat(live, candidate)\n",
        "",
        (PUBLISH, "-k", "f08_mode"),
    ),
    Guard(
        "F08",
        "the candidate gets the live file's owner",
        "publish.py",
        "            os.chown(candidate, state.st_uid, state.st_gid)\n",
        "            pass\n",
        (PUBLISH, "-k", "f08_mode"),
    ),
    Guard(
        "F08",
        "a link is resolved: the file behind it is replaced",
        "walk.py",
        "        self.live = Path(os.path.realpath(settings.database))\n",
        "        self.live = Path(os.path.abspath(settings.database))\n",
        (CHAIN, "-k", "f08_a_symlinked"),
    ),
    Guard(
        "F08",
        "nothing is replaced under who opened the file meanwhile",
        "publish.py",
        "    return bool(named(live))\n",
        "    return False\n",
        (PUBLISH, "-k", "f08_nothing_is_replaced"),
    ),
    Guard(
        "F08",
        "who opened the file in the last moment is looked for",
        "publish.py",
        '    watched = way == "rename" and into_wal\n',
        "    watched = False\n",
        (PUBLISH, "-k", "f08_who_opened"),
    ),
    Guard(
        "F08",
        "no WAL mode while somebody has the replaced file open",
        "walk.py",
        '        if mode == "wal" and left_behind:\n',
        "        if False:\n",
        (STEPS, "-k", "f08"),
    ),
    Guard(
        "F08",
        "a killed run's replaced file is looked for before WAL mode",
        "recovery.py",
        "walk.left_behind() if is_new else ()",
        "()",
        (STEPS, "-k", "f08_after_a_kill"),
    ),
    Guard(
        "F09",
        "a file with a second name is written in place",
        "publish.py",
        "    if state.st_nlink > 1:\n",
        "    if False:\n",
        (PUBLISH, "-k", "f09"),
    ),
    Guard(
        "F01 F45",
        "the hold keeps writers out",
        "hold.py",
        '        live.execute("PRAGMA locking_mode=EXCLUSIVE")\n',
        "",
        (SLICE, "-k", "writers"),
    ),
    Guard(
        "F04",
        "a hold given up half-way restores the journal mode",
        "hold.py",
        "        restore_journal_mode(path, mode, timeout=0)\n",
        "        pass\n",
        (KILL, "-k", "error_at_a_point and wal and hold-3"),
    ),
    Guard(
        "F04",
        "a killed run's journal mode is restored",
        "recovery.py",
        "    if found.journal_mode:\n",
        "    if False:\n",
        (KILL, "-k", "killed_at_a_point and wal and hold-3"),
    ),
)
