"""The pages are true: what they say is printed is printed, what they say to type can be typed."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from invoke import Program
from invoke.exceptions import ParseError
from invoke.parser import Parser

from drydock.tasks import namespace
from tests.support.project import Project, free_port

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
OUTPUT = re.compile(r"<!-- output: (.+?) -->\n```\n(.*?)```", re.DOTALL)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home|root|Users|var|private)/\w")
TASKS = {context.name: context for context in namespace.to_contexts()}


def text_of(page: Path) -> str:
    """Return a page's text."""
    return page.read_text(encoding="utf-8")


def named(page: Path) -> str:
    """Return a page's name for a test's title."""
    return page.relative_to(ROOT).as_posix()


def commands_in(text: str) -> list[str]:
    """Return every `inv …` that a page tells to type, in blocks of code and between backquotes."""
    lines = [line for _, code in FENCE.findall(text) for line in code.splitlines()]
    spans = INLINE.findall(FENCE.sub("", text))
    typed = [re.sub(r"^\W*@?", "", line) for line in lines] + spans
    return [each for each in typed if re.match(r"inv(oke)? [a-z-]", each)]


def refused(command: str) -> str | None:
    """Return why Invoke would not take `command`, or None; a flag may stand without its value."""
    words = shlex.split(command.split(" || ", maxsplit=1)[0], comments=True)[1:]
    words = [word for word in words if word not in {"…", "--help", "--list"}]
    if all(word in TASKS for word in words):
        return None
    core = Program(namespace=namespace).initial_context
    try:
        Parser(initial=core, contexts=namespace.to_contexts()).parse_argv(words)
    except ParseError as error:
        return None if "needed value" in str(error) else str(error)
    return None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_on_a_page_can_be_typed(page):
    """Each `inv …` names tasks and flags that there are, as Invoke's own parser reads them."""
    wrong = {each: why for each in commands_in(text_of(page)) if (why := refused(each))}
    assert not wrong


def test_a_command_that_cannot_be_typed_is_seen():
    """The check above bites: a task, a flag and a missing word."""
    assert commands_in("`inv migrate` ```\n```\n```sh\n  @inv review --static\n```\n") == [
        "inv review --static",
        "inv migrate",
    ]
    assert refused("inv migrat")
    assert refused("inv migrate --dry-runs")
    assert refused("inv backups extra")
    assert refused("inv restore --yes")
    assert refused("inv migrate --dry-run --to 004") is None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    """A relative link is a file of the repository."""
    links = [link.split("#")[0] for link in LINK.findall(FENCE.sub("", text_of(page)))]
    relative = [link for link in links if link and not link.startswith(("http:", "https:"))]
    assert not [link for link in relative if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_tells_where_it_was_written(page):
    """A path of one machine helps nobody."""
    assert not MACHINE_PATH.findall(text_of(page))


def test_every_page_can_be_reached():
    """docs/index.md links to every page under docs, README to all but the tools' own."""
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")} - {"index.md"}
    assert not pages - set(LINK.findall(text_of(docs / "index.md")))
    of_readme = {f"docs/{page}" for page in pages if "/" not in page}
    assert not of_readme - set(LINK.findall(text_of(ROOT / "README.md")))


def test_every_make_target_on_a_page_exists():
    """`make x` in README, CONTRIBUTING or docs names a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for page in PAGES:
        asked = re.findall(r"(?:^|`)make ([a-z]+)\b", text_of(page), re.MULTILINE)
        assert set(asked) <= targets, page


def test_help_fits_a_window_of_80_columns():
    """Invoke breaks a docstring in the middle of a word, and make breaks nothing at all."""
    for name, task in namespace.tasks.items():
        assert len(f"  {task.__doc__.splitlines()[0]}") <= 80, name
    make = shutil.which("make") or pytest.skip("there is no make")
    told = subprocess.run([make, "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line for line in told.stdout.splitlines() if len(line) > 80] == []


def test_every_entry_of_the_changelog_says_what_to_do():
    """An entry says what was before, what is now, and what to do, in this order."""
    entries = re.findall(r"^- (.*)$", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert entries
    assert not [each for each in entries if not re.match(r"[^:]+: before, .+ Now .+ To do: ", each)]


def sections() -> dict[str, str]:
    """Return the sections of docs/tasks.md by their heading."""
    parts = re.split(r"^## (.+)\n", text_of(ROOT / "docs" / "tasks.md"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_task_has_a_section():
    """docs/tasks.md has one section a task, and none for a task that there is not."""
    assert set(sections()) == set(TASKS)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_section_names_every_flag(task):
    """The table of a task's section holds its flags, all of them and no other."""
    section = sections().get(task, "")
    told = set(re.findall(r"^\| `(--[a-z-]+)", section, re.MULTILINE))
    every = TASKS[task].args.values()
    flags = [each for each in every if not each.positional or each.default is not None]
    assert told == {f"--{each.name.strip('_').replace('_', '-')}" for each in flags}
    assert re.search(r"^Exit codes: .", section, re.MULTILINE)


def masked(output: str, root: Path) -> list[str]:
    """Return the lines of a run that stay, with what differs from run to run masked."""
    kept = []
    for line in output.replace(f"{root}/", "").splitlines():
        if line.startswith(("…", "  note:")):
            continue
        hidden = re.sub(r"\d{8}T\d{6}Z\w*", "ID", line)
        hidden = re.sub(r"\(pid \d+\)", "(pid N)", hidden)
        hidden = re.sub(r"127\.0\.0\.1:\d+", "HOST", hidden)
        hidden = re.sub(r"\(\d+\.\d [kM]B", "(SIZE", hidden)
        hidden = re.sub(r"\s*\d+\.\d s$", " SECONDS", hidden)
        kept.append(hidden.rstrip())
    return kept


@pytest.fixture(scope="module")
def budget_buddy(tmp_path_factory):
    """Budget Buddy in a folder of its own, on a free port, and a function that runs `inv` there."""
    root = tmp_path_factory.mktemp("budget")
    for name in ("backend", "migrations"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tasks.py", root)
    settings = text_of(ROOT / "pyproject.toml").replace("8000", str(free_port()))
    (root / "pyproject.toml").write_text(settings)
    environment = Project.environment(None) | {"PYTHONPATH": f"{ROOT / 'src'}:{root}"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    made = run("backend.demo", "--reset")
    assert made.returncode == 0, made.stderr
    yield root, run
    run("invoke", "stop-backend", "--force")


REFUNDS = '''"""Mark what came back.

Migration: mark refunds
Purpose: A refund looks like income on every page.
"""


def migrate(db):
    db["transactions"].add_column("is_refund", int, not_null_default=0)
    for row in db["transactions"].rows_where("amount > 0"):
        refund = "refund" in row["descripton"].lower()
        db["transactions"].update(row["id"], {"is_refund": refund})
'''


def test_the_output_in_the_readme_is_real(budget_buddy):
    """Both runs on README's first screen print what it says, but for times, pids, sizes and ids."""
    root, run = budget_buddy
    (done, good), (failed, bad) = OUTPUT.findall(text_of(ROOT / "README.md"))
    assert (done, failed) == (
        "inv migrate --yes",
        "inv migrate --yes with migrations/026_mark_refunds.py",
    )
    migrated = run("invoke", "migrate", "--yes")
    assert migrated.returncode == 0, migrated.stderr
    (root / "migrations" / "026_mark_refunds.py").write_text(REFUNDS)
    stopped = run("invoke", "migrate", "--yes")
    assert stopped.returncode == 4, stopped.stderr
    for finished, told in ((migrated, good), (stopped, bad)):
        lines = masked(finished.stdout + finished.stderr, root)
        start = next(i for i, line in enumerate(lines) if line.startswith("✓ stop-backend"))
        assert lines[start:] == masked(told, root)


SHOP = """
CREATE TABLE customer (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, fax TEXT, street TEXT, city TEXT
);
CREATE TABLE "order" (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
  total TEXT,
  state TEXT
);
CREATE INDEX order_by_customer ON "order" (customer_id);
CREATE VIEW city_total AS
  SELECT c.city, sum(o.total) AS total
  FROM customer c JOIN "order" o ON o.customer_id = c.id GROUP BY c.city;
"""


def recipes() -> dict[str, str]:
    """Return the migrations of docs/recipes.md: file name, and text."""
    blocks = [code for _, code in FENCE.findall(text_of(ROOT / "docs" / "recipes.md"))]
    found = [(re.match(r"(?:--|#) (migrations/\S+)\n", code), code) for code in blocks]
    return {match[1]: code for match, code in found if match}


def test_the_recipes_work_on_a_database_with_rows(tmp_path):
    """All recipes run as one chain of `inv migrate`, nothing is lost, each did what it says."""
    database = tmp_path / "shop.db"
    with closing(sqlite3.connect(database)) as db, db:
        db.executescript(SHOP)
        db.executemany(
            "INSERT INTO customer VALUES (?, ?, ?, ?, ?)",
            [
                (key, f"Åsa O'Brien {key}", f"0{key}", f"{key} Main", ("Lund", None)[key % 2])
                for key in range(1, 201)
            ],
        )
        db.executemany(
            'INSERT INTO "order" VALUES (?, ?, ?, ?)',
            [(key, key % 200 + 1, f"{key}.50", None) for key in range(1, 501)],
        )
    (tmp_path / "pyproject.toml").write_text('[tool.drydock]\ndatabase = "shop.db"\n')
    (tmp_path / "tasks.py").write_text("from drydock.tasks import namespace\n")
    found = recipes()
    assert len(found) == 8
    for name, code in found.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(code, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "invoke", "migrate"],
        cwd=tmp_path,
        env=Project.environment(None),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "8 applied, 0 rows lost" in done.stderr
    with closing(sqlite3.connect(database)) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(customer)")]
        assert columns == ["id", "country", "slug", "full_name", "points"]
        assert db.execute("SELECT * FROM customer WHERE id = 7").fetchall() == [
            (7, "SE", "åsa-obrien-7-7", "Åsa O'Brien 7", 10)
        ]
        assert db.execute("SELECT count(*), sum(total) FROM 'order'").fetchone() == (500, 125500)
        assert db.execute("SELECT DISTINCT typeof(total) FROM 'order'").fetchall() == [("real",)]
        assert db.execute(
            "SELECT count(*) FROM address JOIN customer c ON c.id = customer_id "
            "WHERE street = c.id || ' Main'"
        ).fetchone() == (200,)
        assert db.execute("SELECT sum(total) FROM city_total").fetchone() == (125500,)
        assert not db.execute("PRAGMA foreign_key_check").fetchall()
