"""What a run leaves to look at, and what programs are told: by real commands and a real browser."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from drydock.errors import ExitCode
from tests.support.browser import Browser
from tests.support.contract import broken
from tests.support.project import Project, free_port

ODD = (
    'CREATE TABLE "<b>x</b> & ""y""" (id INTEGER PRIMARY KEY, "a b" TEXT DEFAULT \'</script>\');\n'
)
MORE = "".join(f"CREATE TABLE more_{n} (id INTEGER PRIMARY KEY, a, b, c);\n" for n in range(14))
FAILS = "-- Purpose: <img src=x onerror=alert(1)>\nINSERT INTO owner (id, name) VALUES (1, 'x');\n"


def document(done, *, code=0):
    """Return the one JSON document that a command wrote, and nothing else, to standard output."""
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A project's life: every command's JSON, and the receipts of its runs in `runs`."""
    project = Project(tmp_path_factory.mktemp("told") / "Åsa's project", rows=60)
    (project.migrations / "005_odd.sql").write_text("-- Purpose: <i>odd</i> & fine\n" + ODD + MORE)
    found = {"project": project}
    for name in ("status", "review", "backups", "verify-schema", "doctor", "history"):
        found[f"{name} before"] = document(project.inv(name, "--json"))
    found["rehearsed"] = document(project.inv("migrate", "--dry-run", "--json"))
    found["migrated"] = document(project.inv("migrate", "--yes", "--json"))
    found["current"] = document(project.inv("migrate", "--json"))
    with closing(sqlite3.connect(project.database)) as db, db:
        db.execute("INSERT INTO item (owner_id, name) VALUES (1, 'since')")
    assert project.inv("rollback", "--yes").returncode == 0
    found["went back"] = document(project.inv("receipt", "--json"))
    (project.migrations / "006_refused.sql").write_text(
        "-- Purpose: to lose rows\nDROP TABLE log;\n"
    )
    found["refused"] = document(project.inv("migrate", "--json"), code=ExitCode.REFUSED)
    (project.migrations / "006_refused.sql").unlink()
    (project.migrations / "006_fails.sql").write_text(FAILS)
    found["failed"] = document(project.inv("migrate", "--yes", "--json"), code=ExitCode.FAILED)
    found["unknown"] = document(
        project.inv("receipt", "--run", "1999", "--json"), code=ExitCode.USAGE
    )
    for name in ("status", "backups", "history"):
        found[name] = document(project.inv(name, "--json"))
    found["pages"] = {
        name: project.root / f".drydock/app.db/runs/{found[name]['run']}/receipt.html"
        for name in ("rehearsed", "migrated", "went back", "refused", "failed")
    }
    return found


RECEIPT = "inv receipt --json"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("status before", "inv status"),
        ("status", "inv status"),
        ("review before", "inv review"),
        ("backups before", "inv backups"),
        ("backups", "inv backups"),
        ("verify-schema before", "inv verify-schema"),
        ("doctor before", "inv doctor"),
        ("history before", "inv history"),
        ("history", "inv history"),
        ("rehearsed", RECEIPT),
        ("migrated", RECEIPT),
        ("went back", RECEIPT),
        ("failed", RECEIPT),
        ("refused", RECEIPT),
        ("unknown", "When a command fails"),
    ],
)
def test_json_is_what_its_page_promises(told, name, title):
    """Every key is documented, of its type, and always there; additions need a line there."""
    assert told[name]["format"] == 1
    given = {key: value for key, value in told[name].items() if key != "error"}
    keys_of_errors = (
        broken("When a command fails", {"format": 1, "error": told[name]["error"]})
        if told[name].get("error")
        else []
    )
    if title == RECEIPT:
        given["error"] = None
        given["since"], since = None, told[name]["since"]
        if since:
            assert broken(RECEIPT, {**told["migrated"], "data": since, "error": None}) == []
    elif title.startswith("When"):
        given["error"] = told[name]["error"]
    assert broken(title, given) + keys_of_errors == []


def test_json_of_nothing_pending_says_so(told):
    """No run, no receipt, one line."""
    assert told["current"].keys() == {"format", "run", "phase", "summary", "error"}
    assert told["current"]["phase"] == "current"
    assert "nothing pending" in told["current"]["summary"]


def test_a_receipt_tells_what_was_done(told):
    """Steps, statements with their rows, what became of the tables, the way back."""
    receipt = told["migrated"]
    assert (receipt["phase"], receipt["published"], receipt["dry_run"]) == ("finished", True, False)
    assert [step["name"] for step in receipt["steps"]][-1] == "smoke-test"
    assert {each["state"] for each in receipt["migrations"]} == {"applied"}
    tag = receipt["migrations"][0]
    assert tag["name"] == "002_add_tag"
    changed = told["project"].rows("SELECT count(*) FROM item WHERE id % 3 = 0")[0][0]
    assert [each["rows"] for each in tag["statements"]] == [0, changed, 0]
    item = next(each for each in receipt["data"]["tables"] if each["name"] == "item")
    assert (item["kept"], item["removed"]) == (item["rows_before"], 0)
    assert [(each["name"], each["fate"]) for each in item["columns"]] == [("tag", "added")]
    assert {"sign": "+", "subject": "item.tag", "detail": "TEXT"} in receipt["schema"]
    assert receipt["back"][0] == "inv rollback"
    assert Path(receipt["backup"]["file"]).exists()
    assert len(receipt["result_digest"]) == 64


def test_a_dry_run_leaves_a_receipt_of_what_would_be(told):
    """The same evidence and schema, nothing published, no way back needed."""
    receipt, real = told["rehearsed"], told["migrated"]
    assert (receipt["published"], receipt["dry_run"], receipt["back"]) == (False, True, [])
    assert {each["state"] for each in receipt["migrations"]} == {"rehearsed"}
    assert receipt["schema"] == real["schema"]
    assert receipt["data"]["tables"] == real["data"]["tables"]


def test_a_failed_run_leaves_a_receipt_with_its_error(told):
    """Which migration failed, what had run before it, what was not reached."""
    receipt = told["failed"]
    assert receipt["phase"] == "failed"
    states = {each["name"]: each["state"] for each in receipt["migrations"]}
    assert states["002_add_tag"] == states["005_odd"] == "discarded"
    assert states["006_fails"] == "failed"
    assert "UNIQUE" in " ".join(receipt["error"]["cause"])
    assert receipt["error"]["state"].startswith("app.db is as it was")
    assert receipt["error"]["exit_code"] == ExitCode.FAILED


def test_a_run_that_the_review_refused_leaves_a_receipt_with_its_findings(told):
    """Nobody has to run it again to see what was asked."""
    receipt = told["refused"]
    assert (receipt["phase"], receipt["published"], receipt["back"]) == ("failed", False, [])
    assert [(each["name"], each["state"]) for each in receipt["steps"]] == [("review", "failed")]
    last = receipt["migrations"][-1]
    assert (last["name"], last["state"]) == ("006_refused", "pending")
    assert [each["rule"] for each in last["findings"]] == ["drop-table"]
    assert receipt["error"]["exit_code"] == ExitCode.REFUSED
    page = told["pages"]["refused"].read_text(encoding="utf-8")
    assert "Refused: the database is as it was" in page


def test_a_rollback_leaves_a_receipt_with_the_rows_written_since(told):
    """What is only in the database that was kept aside."""
    receipt = told["went back"]
    assert receipt["phase"] == "finished"
    assert Path(receipt["failed_copy"]).exists()
    since = {each["name"]: each["added"] for each in receipt["since"]["tables"]}
    assert since["item"] == 1
    assert {"sign": "-", "subject": "item.tag", "detail": "TEXT"} in receipt["schema"]


def test_a_run_taken_back_leaves_a_receipt_of_both_ways(tmp_path):
    """What it had published, why it went back, what the application wrote in between."""
    project = Project(tmp_path / "served", mode="delete", port=free_port())
    (project.migrations / "005_marker.py").write_text(
        "# drydock: allow empty: it marks\nimport pathlib\n"
        "pathlib.Path('write-at-start').write_text('')\n"
        "pathlib.Path('items-broken').write_text('')\n"
    )
    with project.running():
        receipt = document(project.inv("migrate", "--yes", "--json"), code=ExitCode.ROLLED_BACK)
    assert (receipt["phase"], receipt["published"], receipt["back"]) == ("returned", False, [])
    assert {each["state"] for each in receipt["migrations"]} == {"taken back"}
    assert receipt["steps"][-1]["state"] == "failed"
    assert {each["name"]: each["added"] for each in receipt["since"]["tables"]}["item"] == 1
    assert {"sign": "+", "subject": "item.tag", "detail": "TEXT"} in receipt["schema"]
    assert Path(receipt["failed_copy"]).exists()
    assert broken(RECEIPT, {**receipt, "since": None, "error": None}) == []


def test_the_page_opens_in_the_browser_of_the_user(told, tmp_path):
    """--open hands the page's address to it."""
    asked = tmp_path / "asked"
    done = told["project"].inv("receipt", "--open", BROWSER=f"sh -c 'echo \"$1\" > {asked}' - %s")
    assert done.returncode == 0, done.stderr
    assert asked.read_text().strip() == told["pages"]["failed"].as_uri()


def test_history_has_every_run_with_its_end(told):
    """A run that failed is never told as finished, whatever ends the process."""
    runs = told["history"]["runs"]
    phases = ["finished", "returned", "finished", "failed", "failed"]
    assert [each["phase"] for each in runs] == phases
    assert runs[-1]["receipt"] == str(told["pages"]["failed"])


def test_inv_receipt_finds_a_run_by_how_its_name_begins(told):
    """And says where the page is, as data."""
    project, name = told["project"], told["failed"]["run"]
    others = [each["run"] for each in told["history"]["runs"] if each["run"] != name]
    starts = [name[:n] for n in range(len(name))]
    # Of two runs in one second, the second is named like the first, and more: then it takes all.
    start = next((s for s in starts if not any(o.startswith(s) for o in others)), name)
    done = project.inv("receipt", "--run", start)
    assert done.stdout == f"{told['pages']['failed']}\n"


@pytest.fixture(scope="module")
def browser():
    """One browser for all; the test is skipped, loudly, where there is none."""
    opened = Browser()
    yield opened
    opened.close()


NAMES = ("rehearsed", "migrated", "went back", "failed")
SCRIPTS = Path(__file__).resolve().parents[1] / "support"
AUDIT = (SCRIPTS / "audit.js").read_text(encoding="utf-8")
CONTRAST = (SCRIPTS / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_page_opens_without_a_complaint_and_fetches_nothing(told, browser, name):
    """No console error, no request but the page itself, no script of anybody's."""
    browser.open(told["pages"][name])
    assert browser.complaints == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [
        told["pages"][name].as_uri()
    ]
    assert browser.ask("document.querySelectorAll('b, img, script').length") == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_page_can_be_read_by_everyone(told, browser, name):
    """Landmarks, headings in order, named regions, table heads, links that lead somewhere."""
    browser.open(told["pages"][name])
    assert browser.ask(AUDIT) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_every_text_stands_out_from_what_is_behind_it(told, browser, name, dark):
    """WCAG AA, computed from what the browser shows: 4.5 to 1, and 3 to 1 where it is large."""
    browser.look(width=1100, dark=dark)
    browser.open(told["pages"][name])
    assert browser.ask(CONTRAST) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_fits_its_window(told, browser, width):
    """Nothing but what scrolls by itself is wider than the window, down to the narrowest phone."""
    for name in NAMES:
        browser.look(width=width)
        browser.open(told["pages"][name])
        browser.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert browser.ask("document.documentElement.scrollWidth") <= width, name


def test_what_is_folded_opens_by_click_and_by_key_and_is_there_in_print(told, browser):
    """Without any script: details and summary; paper cannot be clicked."""
    browser.look(width=1100)
    browser.open(told["pages"]["migrated"])
    shown = "document.querySelector('.migration .body').checkVisibility()"
    assert browser.ask(shown) is False
    browser.look(width=794, media="print")
    assert browser.ask(shown) is True
    browser.look(width=1100)
    assert browser.ask(shown) is False
    browser.ask("document.querySelector('.migration summary').click()")
    assert browser.ask(shown) is True
    browser.ask("document.querySelector('.migration summary').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.send(
            "Input.dispatchKeyEvent",
            type=kind,
            key="Enter",
            code="Enter",
            text="\r",
            windowsVirtualKeyCode=13,
        )
    assert browser.ask(shown) is False


def test_the_page_shows_changes_by_sign_and_in_the_diagram(told, browser):
    """The difference as a list and as a picture, with odd names as they are."""
    browser.open(told["pages"]["migrated"])
    lines = browser.ask("[...document.querySelectorAll('.changes li')].map(l => l.innerText)")
    assert any(re.match(r"\+\s+item\.tag\s+TEXT", line) for line in lines)
    assert any('<b>x</b> & "y"' in line for line in lines)
    assert browser.ask("document.querySelectorAll('.diagram svg .added').length") > 0


def test_the_diagram_grows_to_its_size_on_demand(told, browser):
    """An overview first; its letters can be read after one click, without a script."""
    browser.look(width=700)
    browser.open(told["pages"]["migrated"])
    wide = "document.querySelector('.diagram svg').getBoundingClientRect().width"
    full = browser.ask("document.querySelector('.diagram svg').width.baseVal.value")
    assert browser.ask(wide) < full
    browser.ask("document.querySelector('label[for=actual-size]').click()")
    assert browser.ask(wide) == full
    assert browser.ask("document.documentElement.scrollWidth") <= 700
