"""The built wheel, in an empty environment, in another folder, with another application."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import venv
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    """Run a command in a clean environment and require that it succeeds."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env={**clean, **env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_wheel_serves_a_project_that_has_only_a_database_and_migrations(tmp_path):
    """`pip install` of the wheel, two settings and one line of tasks.py are all it takes."""
    source = tmp_path / "source"
    run("git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(source), cwd=tmp_path)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", "dist", ".", cwd=source)
    wheel = next((source / "dist").glob("sqlite_drydock-*.whl"))
    venv.create(tmp_path / "empty", with_pip=True)
    bin_folder = tmp_path / "empty" / "bin"
    run(str(bin_folder / "python"), "-m", "pip", "install", "--quiet", str(wheel), cwd=tmp_path)

    shop = tmp_path / "shop with spaces"
    (shop / "migrations").mkdir(parents=True)
    (shop / "pyproject.toml").write_text('[tool.drydock]\ndatabase = "shop.db"\n')
    (shop / "tasks.py").write_text("from drydock.tasks import namespace\n")
    with closing(sqlite3.connect(shop / "shop.db")) as db, db:
        db.execute("CREATE TABLE article (id INTEGER PRIMARY KEY, price DECIMAL(10,2), code)")
        db.executemany("INSERT INTO article (price, code) VALUES (?, ?)", [(1.5, "007"), (2, 7)])
    (shop / "migrations" / "001_stock.sql").write_text(
        "ALTER TABLE article ADD COLUMN stock INT;\n"
    )
    (shop / "migrations" / "002_price.py").write_text(
        "def migrate(db):\n    db['article'].transform(rename=dict(code='sku'))\n"
    )
    inv = str(bin_folder / "inv")
    assert "2 pending" in run(inv, "status", cwd=shop).stderr
    done = run(inv, "migrate", cwd=shop)
    assert "2 applied, 0 rows lost" in done.stderr
    assert "2 applied; nothing pending" in run(inv, "status", cwd=shop).stderr
    with closing(sqlite3.connect(shop / "shop.db")) as db:
        assert db.execute("SELECT price, typeof(sku), stock FROM article").fetchall() == [
            (1.5, "text", None),
            (2, "integer", None),
        ]
