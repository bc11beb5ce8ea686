"""Migrations that reach outside: another database, the live file itself, another program.

Each attempt is caught, told with the file's name, and leaves the database and every file around it
as they were. It is about accidents; a Python migration that means harm is beyond the guard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.crash.specimen import Finding
from tests.crash.sweeps import cleaned

if TYPE_CHECKING:
    from tests.crash.laboratory import Laboratory
    from tests.crash.specimen import Specimen

_PYTHON = "import os, pathlib, shutil, sqlite3, subprocess, sys\n"
_ATTACHES = """db = sqlite3.connect('app.db')
db.execute('ATTACH ? AS s', ('stray.db',))
db.execute('CREATE TABLE s.t (x)')
"""
_FUNCTION = """def migrate(db):
    db.execute('DELETE FROM item')
    open('app.db', 'r+b').write(b'x')
"""
ATTEMPTS: dict[str, tuple[str, str]] = {
    "ATTACH": ("sql", "ATTACH 'stray.db' AS s;\nCREATE TABLE s.t (x);\n"),
    "ATTACH by URI": ("sql", "ATTACH 'file:stray.db?mode=rwc' AS s;\nCREATE TABLE s.t (x);\n"),
    "ATTACH of the live file": ("sql", "ATTACH 'app.db' AS s;\nDELETE FROM s.item;\n"),
    "ATTACH behind a comment": ("sql", "/* it */ ATTACH 'stray.db' AS s;\nCREATE TABLE s.t (x);\n"),
    "VACUUM INTO": ("sql", "VACUUM INTO 'stray.db';\n"),
    "VACUUM main INTO": ("sql", "VACUUM main INTO 'stray.db';\n"),
    ".shell": ("sql", "SELECT 1;\n.shell touch stray.db\n"),
    ".output": ("sql", ".output stray.db\nSELECT 1;\n"),
    "an extension": ("sql", "SELECT load_extension('stray.so');\n"),
    "another database": ("py", "sqlite3.connect('stray.db').execute('CREATE TABLE t (x)')\n"),
    "another by URI": ("py", "sqlite3.connect('file:stray.db', uri=True).execute('BEGIN')\n"),
    "ATTACH in Python": ("py", _ATTACHES),
    "the live file opened": ("py", "open('app.db', 'r+b').write(b'x')\n"),
    "the live file by a path": ("py", "pathlib.Path('app.db').write_bytes(b'x')\n"),
    "the live file replaced": ("py", "os.replace('tasks.py', 'app.db')\n"),
    "the live file removed": ("py", "os.unlink('app.db')\n"),
    "the live file moved": ("py", "shutil.move('app.db', 'stray.db')\n"),
    "the live file cut": ("py", "os.truncate('app.db', 0)\n"),
    "its journal": ("py", "open('app.db-journal', 'w').write('x')\n"),
    "a program": ("py", "subprocess.run(['touch', 'stray.db'])\n"),
    "a shell": ("py", "os.system('touch stray.db')\n"),
    "itself replaced": ("py", "os.execv('/bin/touch', ['touch', 'stray.db'])\n"),
    "swallowed": (
        "py",
        "try:\n    sqlite3.connect('stray.db')\nexcept BaseException:\n    pass\n",
    ),
    "a function": ("py", _FUNCTION),
}
"""What is tried → the file's ending, and its text."""


def case(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """One attempt in a migration between others: refused, told, and nothing anywhere changed."""
    name, (ending, text) = list(ATTEMPTS.items())[number % len(ATTEMPTS)]
    specimen = laboratory.template(("wal", "delete")[number // len(ATTEMPTS) % 2]).specimen()
    attempt = specimen.migrations / f"003_reaches_out.{ending}"
    attempt.write_text(f"{_PYTHON if ending == 'py' else ''}{text}")
    before = _around(specimen)
    done = specimen.inv("migrate", "--yes")
    story = f"exit {done.returncode}, {specimen.standing()}\n{done.screen}"
    finding = specimen.after_fault(done)
    if finding is None and specimen.standing() != "old":
        finding = Finding("mixed", story)
    elif finding is None and (done.returncode == 0 or "003_reaches_out" not in done.screen):
        finding = Finding("silent", story)
    elif finding is None and _around(specimen) != before:
        finding = Finding("left", f"{_around(specimen) ^ before}\n{story}")
    attempt.unlink()
    return name, cleaned(specimen, finding or specimen.after_recovery(), name)


def _around(specimen: Specimen) -> set[tuple[str, bytes]]:
    """Return the project's files but the database's and Drydock's own, with what is in them."""
    return {
        (path.relative_to(specimen.root).as_posix(), path.read_bytes())
        for path in specimen.root.rglob("*")
        if path.is_file()
        and not path.name.startswith("app.db")
        and not {".drydock", "backups", "__pycache__"} & set(path.parts)
    }
