"""What is seen of a folder: of every format, from bytes that are read once, and at little cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from drydock.formats import recognition
from drydock.formats.sights import SIGHTS, Look


def test_every_format_can_be_seen():
    """One that is known and never seen would be read as ours."""
    assert (recognition.AUTO, recognition.OURS, *SIGHTS) == recognition.names()


def test_a_table_is_called_as_its_format_calls_it():
    """A sight names the table that its format reads."""
    tables = {recognition.format_named(name).table for name in SIGHTS}
    asked: set[str] = set()

    class Asked(Look):
        files = ("1_a.up.sql", "V1__a.sql")
        texts: dict[str, str] = {}  # noqa: RUF012 - of one look in one test

        @property
        def tables(self):
            class Recorder(frozenset):
                def __contains__(self, name):
                    asked.add(name)
                    return False

            return Recorder()

        def has_column(self, table, _column):
            asked.add(table)
            return False

    for sees in SIGHTS.values():
        sees(Asked(Path("nowhere"), None))
    assert asked
    assert asked <= tables


def test_what_was_recognised_is_what_is_read(tmp_path, monkeypatch):
    """A file that an editor replaces between the two does not run under another tool's marker."""
    file = tmp_path / "001_a.sql"
    file.write_text("CREATE TABLE a (x);\n")
    whole = recognition.recognise

    def replaced(look):
        found = whole(look)
        file.write_text("-- migrate:up\nCREATE TABLE b (x);\n-- migrate:down\n")
        return found

    monkeypatch.setattr(recognition, "recognise", replaced)
    (read,) = recognition.read(tmp_path, None)
    assert read.text == "CREATE TABLE a (x);\n"


def test_a_folder_of_ours_loads_no_format(tmp_path):
    """Thirteen modules take longer to load than small migrations take to run."""
    (tmp_path / "001_a.sql").write_text("CREATE TABLE a (x);\n")
    program = (
        "import sys; from pathlib import Path; from drydock.formats import recognition\n"
        f"recognition.read(Path({str(tmp_path)!r}), None)\n"
        "print(*sorted(name for name in sys.modules if name.startswith('drydock.formats.')))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["drydock.formats.recognition", "drydock.formats.sights"]
