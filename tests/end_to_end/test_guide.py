"""The guide's commands, word for word and in order, in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(
    shutil.which("sqlite3") is None, reason="needs the sqlite3 tool: apt-get install sqlite3"
)
def test_the_guide_is_true(tmp_path):
    """Every command of docs/guide.md works, and it ends where the page says."""
    blocks = BLOCK.findall((ROOT / "docs" / "guide.md").read_text(encoding="utf-8"))
    assert len(blocks) == 8
    here = tmp_path / "bin"
    here.mkdir()
    (here / "inv").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m invoke "$@"\n')
    (here / "inv").chmod(0o755)
    done = subprocess.run(
        ["bash", "-euc", "\n".join(blocks)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{here}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Traceback" not in said
    assert "refused, as it should be" in said
    assert 'did you mean "article"?' in said
    assert "refused: nobody was there to answer the question" in said
    assert done.stdout.rstrip().endswith("lamp|12.5\nchair|80\ndesk|240\nshelf|60")
