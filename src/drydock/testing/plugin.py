"""The pytest plugin: the fixtures, and one test for each migration where a test asks for that.

Off unless used: a project's tests that ask for none of these pay for this file alone. The settings
are those nearest to the test's file, upwards. It refuses to touch the project's own database:
every file is one of pytest's temporary ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drydock.migration import Migration
    from drydock.testing.runner import Runner, Sample

_RUNNERS = pytest.StashKey[dict[Any, Any]]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Call a test once for each migration whose name it takes.

    `drydock_migration` is every one, `drydock_reversible` each that has a way back.
    """
    if "drydock_migration" in metafunc.fixturenames:
        names = [each.name for each in _migrations(metafunc)]
        metafunc.parametrize("drydock_migration", names)
    if "drydock_reversible" in metafunc.fixturenames:
        names = [each.name for each in _migrations(metafunc) if each.origin and each.origin.down]
        none = pytest.param("", marks=pytest.mark.skip("no migration has a down"))
        metafunc.parametrize("drydock_reversible", names or [none])


def _migrations(metafunc: pytest.Metafunc) -> tuple[Migration, ...]:
    from drydock import settings
    from drydock.errors import DrydockError
    from drydock.testing.runner import full_text, read

    try:
        return read(settings.load(metafunc.definition.path.parent))
    except DrydockError as error:
        raise pytest.Collector.CollectError(full_text(error)) from error


@pytest.fixture(scope="session")
def drydock_sample() -> Sample | None:
    """A function that fills a database with rows; override it in conftest.py.

    It is called with the path of a database and the name of the last migration applied to it, and
    puts in rows that fit its schema; or it replaces the file, ledger included, by one of its own.
    """
    return None


@pytest.fixture(scope="session")
def drydock_start() -> Path | None:
    """The database that the first migration starts from; override it in conftest.py.

    By default an empty one.
    """
    return None


@pytest.fixture
def migration_runner(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    drydock_sample: Sample | None,
    drydock_start: Path | None,
) -> Runner:
    """The project's migrations, run as Drydock runs them; see `drydock.testing.runner.Runner`."""
    from drydock import settings
    from drydock.testing.runner import Runner

    found = settings.load(request.path.parent)
    # Kept for the session: each migration is applied to an empty database once, not once a test.
    runners = request.config.stash.setdefault(_RUNNERS, {})
    key = (found.root, drydock_sample, drydock_start)
    if key not in runners:
        folder = tmp_path_factory.mktemp("drydock")
        runners[key] = Runner(found, folder, sample=drydock_sample, start=drydock_start)
    runner: Runner = runners[key]
    return runner


@pytest.fixture
def database_at(migration_runner: Runner, tmp_path: Path) -> Callable[..., Path]:
    """A function that makes a database as it was after a migration: ``database_at("014")``.

    The migration is given by its name or its number. With ``rows=True`` it holds the rows of
    `drydock_sample`. Each call makes a new file, for the test to do with as it likes.
    """
    made: list[Path] = []

    def make(name: str, *, rows: bool = False) -> Path:
        path = tmp_path / f"at_{name}_{len(made)}.db"
        made.append(migration_runner.copy(path, name, rows=rows))
        return path

    return make


@pytest.fixture
def migrated_database(migration_runner: Runner, tmp_path: Path) -> Path:
    """A database with every migration applied, and the rows of `drydock_sample` where it is."""
    path = tmp_path / "migrated.db"
    return migration_runner.copy(path, rows=migration_runner.has_sample)
