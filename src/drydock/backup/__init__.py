"""Backups: taken through SQLite, proved, and kept until they are surely not needed.

A backup is a folder of its own with the database and a manifest; the database gets its name last,
so a folder without both is not a backup, whatever it looks like (F29). Nothing is called a backup
that has not been compared with its source and checked by SQLite.
"""

from drydock.backup.catalogue import (
    MANIFEST,
    Backup,
    Manifest,
    NoSuchBackup,
    find,
    proved,
    prune,
    to_prune,
    unproved,
    verify,
)
from drydock.backup.proof import (
    content_digest,
    count_rows,
    digest_of,
    quick_check,
    start_digest,
)
from drydock.backup.proving import BackupFailed, DatabaseDamaged
from drydock.backup.taking import Taking, begin, take

__all__ = [
    "MANIFEST",
    "Backup",
    "BackupFailed",
    "DatabaseDamaged",
    "Manifest",
    "NoSuchBackup",
    "Taking",
    "begin",
    "content_digest",
    "count_rows",
    "digest_of",
    "find",
    "proved",
    "prune",
    "quick_check",
    "start_digest",
    "take",
    "to_prune",
    "unproved",
    "verify",
]
