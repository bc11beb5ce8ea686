"""``inv diagram``: the database's own schema as a picture or a page, and Budget Buddy's page."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drydock import settings as settings_module
from drydock.commands import diagram
from drydock.terminal import Terminal

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def budget(tmp_path_factory):
    """Budget Buddy's database with every migration applied."""
    sys.path.insert(0, str(ROOT))
    from backend.sample.build import build

    folder = tmp_path_factory.mktemp("budget")
    build(folder / "budget_buddy.db", rows=100, at=25, seed=3)
    (folder / "pyproject.toml").write_text('[tool.drydock]\ndatabase = "budget_buddy.db"\n')
    return settings_module.load(folder)


def test_the_page_in_docs_is_what_the_command_makes(budget, tmp_path):
    """After a migration of Budget Buddy: inv diagram --output docs/schema.md."""
    output = tmp_path / "schema.md"
    diagram.run(budget, Terminal(), form="", output=str(output))
    assert (ROOT / "docs" / "schema.md").read_text(encoding="utf-8") == output.read_text("utf-8")


def test_without_an_output_the_picture_is_data(budget, capsys):
    """Whole SVG to standard output, so that it can be piped; the database is only read."""
    before = budget.database.read_bytes()
    diagram.run(budget, Terminal(), form="", output="")
    assert ET.fromstring(capsys.readouterr().out).tag.endswith("svg")
    diagram.run(budget, Terminal(), form="mermaid", output="")
    assert capsys.readouterr().out.startswith("erDiagram\n")
    assert budget.database.read_bytes() == before


@pytest.mark.parametrize(
    ("form", "output"), [("", "budget_buddy.db"), ("svg", "x.md"), ("pdf", ""), ("", "README")]
)
def test_nothing_is_written_over_that_is_no_diagram(budget, tmp_path, monkeypatch, form, output):
    """A slip of the fingers must not replace the database by its own picture."""
    monkeypatch.chdir(tmp_path)
    if output:
        (tmp_path / output).write_text("mine")
    with pytest.raises(diagram.NotADiagram):
        diagram.run(budget, Terminal(), form=form, output=output)
    assert not output or (tmp_path / output).read_text() == "mine"
