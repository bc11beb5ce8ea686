"""Django: its own command runs each migration on the candidate; ``django_migrations`` is its own.

After Django 4.2 to 5.2. The order, with that of installed applications such as auth, is asked of
Django's own loader in a process of its own, which opens no database. `migrate APP NAME` is run in
the child process, where the database of the settings leads to the candidate. Django must be
installed beside Drydock. It refuses a project whose settings cannot be loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drydock.formats import sections
from drydock.formats.format import BooksRefused, Format, Mark, version_of
from drydock.formats.sights import DJANGO_SETTINGS
from drydock.origin import Down, Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from drydock.migration import Migration

_SECONDS = 60
_SETUP = """\
import os, sys
sys.path.insert(0, {home!r})
os.environ.setdefault("DJANGO_SETTINGS_MODULE", {settings!r})
import django
django.setup()
"""
_ASK = """
import json
from django.db.migrations.loader import MigrationLoader
loader = MigrationLoader(None, ignore_no_migrations=True)
plan = []
for leaf in sorted(loader.graph.leaf_nodes()):
    plan += [key for key in loader.graph.forwards_plan(leaf) if key not in plan]
told = []
for key in plan:
    found = loader.graph.nodes[key]
    below = [name for app, name in found.dependencies if app == key[0]]
    told.append({
        "app": key[0], "name": key[1], "below": below[-1] if below else "zero",
        "file": sys.modules[type(found).__module__].__file__,
        "replaces": [".".join(each) for each in found.replaces],
    })
sys.stdout.write("\\n" + json.dumps(told))
"""
_RUN = """
from django.core.management import call_command
call_command("migrate", {app!r}, {name!r}, verbosity=0, interactive=False)
"""


class Django(Format):
    """A Django project's migrations and books."""

    name = "django"
    table = "django_migrations"
    how_to_make = "python manage.py makemigrations"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the migrations of all installed applications, in Django's order."""
        home, settings = _project(folder)
        setup = _SETUP.format(home=str(home), settings=settings)
        return sections.in_order(_read(setup, told) for told in _ask(home, setup))

    def marks(self, connection: sqlite3.Connection, files: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return what was applied of the applications that are installed.

        A squashed migration counts where all that it replaces was applied.
        """
        rows = connection.execute(f"SELECT app, name, applied FROM {self.table} ORDER BY id")
        found = {f"{app}.{name}": Mark(f"{app}.{name}", str(at)) for app, name, at in rows}
        squashed: set[str] = set()
        for each in files:
            assert each.origin is not None
            replaced = each.origin.description.split()
            if replaced and all(name in found for name in replaced):
                found.setdefault(each.origin.version, Mark(each.origin.version))
            squashed.update(replaced)
        apps = {version_of(each).partition(".")[0] for each in files}
        return tuple(
            mark
            for version, mark in found.items()
            if version not in squashed and version.partition(".")[0] in apps
        )

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Leave that to Django, which makes its table with the first migration it applies."""

    def enter(
        self, _connection: sqlite3.Connection, migration: Migration, _at: datetime, _seconds: float
    ) -> None:
        """Refuse: only Django writes its table.

        Raises:
            BooksRefused: The ledger knows what the table does not.
        """
        app, _, name = version_of(migration).partition(".")
        raise BooksRefused(
            self.name,
            f"the ledger has {migration.name} as applied, and the table {self.table} is gone",
            hint=f"say where the database stands: python manage.py migrate --fake {app} {name}",
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        files: Sequence[Migration],
        at: datetime,
    ) -> None:
        """Leave that to Django, which does it as it goes down."""


def _project(folder: Path) -> tuple[Path, str]:
    """Return the folder of manage.py, and the settings it names.

    Raises:
        MigrationError: There is none, or it names none.
    """
    for home in (folder, *folder.parents[:3]):
        manage = home / "manage.py"
        if manage.is_file():
            found = DJANGO_SETTINGS.search(sections.read(manage)[1])
            if found is not None:
                return home, found["module"]
    raise MigrationError(
        folder / "manage.py",
        "no manage.py that names DJANGO_SETTINGS_MODULE, here or above",
        hint='set migrations in the settings to the folder of manage.py: migrations = "."',
    )


def _ask(home: Path, setup: str) -> list[dict[str, Any]]:
    """Return what Django's loader says of the project's migrations, in the order of its plan."""
    try:
        asked = subprocess.run(
            [sys.executable, "-c", setup + _ASK],
            cwd=home,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
        told: list[dict[str, Any]] = json.loads(asked.stdout.rpartition("\n")[2])
    except (subprocess.SubprocessError, ValueError) as error:
        written = str(getattr(error, "stderr", None) or error).strip().splitlines()
        raise MigrationError(
            home / "manage.py",
            f"Django cannot load the project: {written[-1]}",
            hint="see all of it: python manage.py showmigrations",
        ) from error
    return told


def _read(setup: str, told: dict[str, Any]) -> Migration:
    path = Path(told["file"])
    _, text = sections.read(path)
    version = f"{told['app']}.{told['name']}"
    back = setup + _RUN.format(app=told["app"], name=told["below"])
    origin = Origin(
        "django",
        version,
        description=" ".join(told["replaces"]),
        down=Down(path, "", back),
        program=setup + _RUN.format(app=told["app"], name=told["name"]),
        is_placed_by_needs=True,
        keeps_books=True,
    )
    return sections.made(version, path, text, origin)
