"""The table of docs/architecture.md, and the house rules that a program can hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "drydock"
MODULES = sorted(SOURCE.rglob("*.py"))
ROW = re.compile(r"^\| (\w+) \| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)


def ranks() -> dict[str, int]:
    """Return each module's place in the table: a module may import those with a higher number."""
    table = ROW.findall((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    names = [name for _, cell in table for name in re.findall(r"`(\w+)`", cell)]
    return {name: place for place, name in enumerate(names)}


def unit(path: Path) -> str:
    """Return the top-level module or package that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return the modules of ours that a file imports, wherever it does, for types alone or not."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            parts = node.module.split(".")
            if parts[0] == "drydock":
                found.update([parts[1]] if len(parts) > 1 else [name.name for name in node.names])
        elif isinstance(node, ast.Import):
            found.update(
                name.name.split(".")[1] for name in node.names if name.name.startswith("drydock.")
            )
    return {name for name in found if (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").exists()}


def test_every_module_stands_in_the_table():
    """A newcomer finds each module's layer on one page."""
    missing = {unit(path) for path in MODULES} - set(ranks()) - {"__init__", "__main__"}
    assert missing == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_run_one_way(path):
    """No module imports one that stands above it or to its left in the table."""
    place = ranks()
    own = unit(path)
    if own in ("__init__", "__main__"):
        return
    wrong = {name for name in imports(path) if name != own and place[name] < place[own]}
    assert wrong == set(), f"{own} must not import {wrong}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_opens_by_saying_what_it_is_for(path):
    """Its first paragraph says its job; a plain package may be silent only when it is empty."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "no opening paragraph"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_tells_one_story(path):
    """350 lines at most."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


def test_only_the_task_layer_prints_exits_or_imports_invoke():
    """Everything else returns data or raises; child processes answer on their own pipe."""
    allowed = {"tasks", "reports", "commands", "terminal", "__main__"}
    for path in MODULES:
        if unit(path) in allowed or path.name in ("child.py", "models_child.py", "pages.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            assert called not in ("print", "sys.exit", "input"), f"{path.name}:{node.lineno}"
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [name.name for name in node.names] + [getattr(node, "module", "") or ""]
                assert not any(name.split(".")[0] == "invoke" for name in names), path.name


def test_nothing_is_left_for_later():
    """No marker of unfinished work anywhere."""
    marker = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error)\b")
    for path in [*MODULES, *ROOT.glob("backend/**/*.py"), ROOT / "tasks.py"]:
        assert not marker.search(path.read_text(encoding="utf-8")), path


def test_databases_are_opened_in_one_place():
    """Only `connection` opens by path; the child redirects a stranger's own connect."""
    allowed = {"connection.py", "child.py"}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "sqlite3.connect":
                memory = isinstance(node.args[0], ast.Constant) and node.args[0].value in (
                    "",
                    ":memory:",
                )
                assert memory or path.name in allowed, f"{path}:{node.lineno}"
