"""The contract that every project's migrations should keep, as tests to be inherited.

``from drydock.testing import MigrationContract as TestMigrations`` is all that a project writes.
Where a test fails, it says what Drydock itself would say, with the file and the line. The checks
are those of ``inv migrate``: nothing is judged here that is not judged there, but for determinism.
"""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from drydock import breakage, candidate, connection, inspection, verify
from drydock.errors import DrydockError
from drydock.review import Finding, review_rehearsed, review_statically
from drydock.schema.difference import difference
from drydock.schema.inventory import inventory
from drydock.testing.determinism import differences, in_rows
from drydock.testing.runner import Runner, full_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SHOWN = 10


class MigrationContract:
    """Tests of a project's migrations; inherit from it, or import it under a name of a test class.

    Attributes:
        review_since: The first migration that the review is asked about. A file that was applied
            long ago cannot declare anything any more: editing it would make it another one.
    """

    review_since: str | None = None

    def test_all_apply_to_an_empty_database(self, migration_runner: Runner) -> None:
        """A new installation gets its schema from the migrations alone, in their order."""
        with _told():
            for each in migration_runner.migrations:
                migration_runner.empty(each.name)

    def test_applies_to_a_populated_database(
        self, drydock_migration: str, migration_runner: Runner, tmp_path: Path
    ) -> None:
        """With rows in it the migration runs, and loses nothing that nobody declared."""
        if not migration_runner.has_sample:
            pytest.skip("no rows: override the fixture drydock_sample (docs/testing.md)")
        migration = migration_runner.named(drydock_migration)
        after = tmp_path / "after.db"
        with _told():
            before = _before(migration_runner, drydock_migration)
            candidate.copy(before, after)
            applied = migration_runner.apply(after, migration)
            with closing(connection.read_only(before)) as opened:
                findings = review_statically([migration], opened)
            statements = [each.sql for one in applied for each in one.statements]
            evidence = inspection.inspect(before, after, _silent, statements)
            inspection.require_sound(evidence)
            breakage.require_none(breakage.find(before, after), [migration])
            inspection.require_declared(
                evidence,
                findings,
                [migration],
                applied,
                before,
                allow=False,
                ask=lambda _: None,
            )

    def test_has_no_undeclared_finding(
        self, drydock_migration: str, migration_runner: Runner, tmp_path: Path
    ) -> None:
        """``inv review`` has nothing to say of the migration that its file does not declare."""
        if _is_before(migration_runner, drydock_migration, self.review_since):
            pytest.skip(f"older than {self.review_since}")
        migration = migration_runner.named(drydock_migration)
        rehearsed = tmp_path / "rehearsed.db"
        with _told():
            candidate.copy(_before(migration_runner, drydock_migration), rehearsed)
            findings = review_rehearsed(
                [migration], rehearsed, lambda each: migration_runner.run_python(each, rehearsed)
            ).findings
        told = [_line(each) for each in findings if each.allowed is None and _matters(each)]
        if told:
            pytest.fail("\n".join(told), pytrace=False)

    def test_is_deterministic(
        self,
        drydock_migration: str,
        migration_runner: Runner,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Run twice on the same rows, the migration leaves the same: rehearsed is what is run."""
        migration = migration_runner.named(drydock_migration)
        began = time.time()
        made = []
        with _told():
            before = _before(migration_runner, drydock_migration)
            for seed in ("1", "2"):  # the order of a set of texts is another one with each
                monkeypatch.setenv("PYTHONHASHSEED", seed)
                made.append(tmp_path / f"run_{seed}.db")
                candidate.copy(before, made[-1])
                migration_runner.apply(made[-1], migration)
        with (
            closing(connection.read_only(made[0])) as first,
            closing(connection.read_only(made[1])) as second,
        ):
            found = differences(first, second, began, time.time(), leave_out=migration_runner.books)
        if found:
            shown = [f"{drydock_migration} leaves something else each time:", *found[:_SHOWN]]
            pytest.fail("\n  ".join(shown), pytrace=False)

    def test_down_is_the_inverse(
        self, drydock_reversible: str, migration_runner: Runner, tmp_path: Path
    ) -> None:
        """Taken back by its own down, the migration leaves schema and rows as they were."""
        migration = migration_runner.named(drydock_reversible)
        there_and_back = tmp_path / "there_and_back.db"
        began = time.time()
        with _told():
            before = _before(migration_runner, drydock_reversible)
            candidate.copy(before, there_and_back)
            migration_runner.apply(there_and_back, migration)
            migration_runner.take_back(there_and_back, migration)
        with (
            closing(connection.read_only(before)) as was,
            closing(connection.read_only(there_and_back)) as now,
        ):
            lines = difference(inventory(was), inventory(now)).lines()
            found = ["  ".join(line) for line in lines] or in_rows(
                was, now, began, time.time(), leave_out=migration_runner.books
            )
        if found:
            shown = [f"{drydock_reversible}, taken back, leaves something else:", *found[:_SHOWN]]
            pytest.fail("\n  ".join(shown), pytrace=False)

    def test_the_result_matches_the_models(self, migration_runner: Runner, tmp_path: Path) -> None:
        """After the last migration: sound, and what models and schema file say, where there are."""
        with _told():
            path = migration_runner.copy(tmp_path / "migrated.db")
            with closing(connection.read_only(path)) as opened:
                found = verify.verify(
                    migration_runner.settings,
                    opened,
                    migration_runner.migrations,
                    all_applied=True,
                )
        if found.problems:
            pytest.fail("\n".join(found.problems), pytrace=False)


@contextmanager
def _told() -> Iterator[None]:
    """Make a foreseen error the failure of the test, with all that it says and no traceback."""
    try:
        yield
    except DrydockError as error:
        raise pytest.fail.Exception(full_text(error), pytrace=False) from None


def _before(runner: Runner, name: str) -> Path:
    """Return the database before the migration, with rows where the project has a sample."""
    choose: Callable[[str | None], Path] = runner.populated if runner.has_sample else runner.empty
    return choose(runner.before(name))


def _is_before(runner: Runner, name: str, since: str | None) -> bool:
    if since is None:
        return False
    return runner.migrations.index(runner.named(name)) < runner.migrations.index(
        runner.named(since)
    )


def _matters(finding: Finding) -> bool:
    return finding.destructive or finding.severity != "note"


def _line(finding: Finding) -> str:
    parts = [f"{finding.path}:{finding.line}: {finding.rule}: {finding.why}", *finding.evidence]
    return "\n    ".join([*parts, f"fix: {finding.fix}"])


def _silent(*_: Any) -> None:
    """Take the progress of an inspection that nobody watches."""
