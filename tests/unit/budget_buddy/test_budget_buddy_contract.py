"""What Drydock asks of every project's migrations, asked of Budget Buddy's."""

from __future__ import annotations

from drydock.testing import MigrationContract as TestMigrations  # noqa: F401
