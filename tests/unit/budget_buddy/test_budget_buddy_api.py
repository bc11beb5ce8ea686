from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time

import httpx
import pytest

from backend.api.main import app
from backend.database.session import engine
from backend.sample import history
from drydock.guard import NotCurrent
from tests.unit.budget_buddy.databases import ROOT, change, rows

LAST = max(step.number for step in history.steps())
AREAS = (
    "transactions",
    "budgets",
    "goals",
    "sinking-funds",
    "accounts",
    "reflections",
    "weekly-plans",
    "subscriptions",
    "aggregations",
    "diagnostics",
)


@pytest.fixture
def serve(at, monkeypatch):
    """Return a function that puts the application on a database at a migration."""

    def on(number):
        path = at(number)
        monkeypatch.setenv("BUDGET_BUDDY_DB", str(path))
        return path

    yield on
    engine.dispose()


def ask(method, path, **body):
    """Return the application's answer to one request."""

    async def go():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **({"json": body} if body else {}))

    return asyncio.run(go())


def started():
    """Return "serving" when the application starts as uvicorn starts it."""

    async def go():
        async with app.router.lifespan_context(app):
            return "serving"

    return asyncio.run(go())


def parameterless_gets():
    paths = app.openapi()["paths"]
    return [path for path, methods in paths.items() if "get" in methods and "{" not in path]


@pytest.mark.parametrize("area", AREAS)
def test_each_area_has_an_endpoint_without_parameters(area):
    """The smoke test can ask every area for its data."""
    assert any(path.startswith(f"/api/v2/{area}") for path in parameterless_gets())


def test_every_parameterless_endpoint_answers_with_rows(serve):
    """On a migrated database each GET of the OpenAPI document answers 200 with data."""
    serve(LAST)
    answers = {path: ask("GET", path) for path in parameterless_gets()}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        answers, 200
    )
    assert [path for path, answer in answers.items() if not answer.json()] == []


def test_diagnostics_of_a_migrated_database_are_ok(serve):
    """Schema, migrations, counts and keys as they are in the file."""
    path = serve(LAST)
    found = ask("GET", "/api/v2/diagnostics").json()
    assert found["status"] == "ok"
    assert found["schema"] == {"ok": True, "problems": []}
    assert found["migrations"]["applied"] == LAST
    assert found["foreign_keys"] == {"ok": True, "violations": 0}
    assert found["tables"]["transactions"] == 400
    assert set(found["tables"]) >= {"chat_goals", "transaction_splits", "account_connection_log"}
    change(path, "UPDATE _drydock_ledger SET checksum = 'other' WHERE sequence = 3")
    found = ask("GET", "/api/v2/diagnostics").json()
    assert found["status"] == "degraded"
    assert found["migrations"]["edited"] == ["003_create_sinking_funds"]


def test_diagnostics_count_foreign_key_violations(serve):
    """An orphan makes the state degraded."""
    path = serve(LAST)
    sql = "UPDATE transactions SET account_id = 4711 WHERE id = 1"
    change(path, sql, keys=False)
    found = ask("GET", "/api/v2/diagnostics").json()
    assert (found["status"], found["foreign_keys"]["violations"]) == ("degraded", 1)


def test_a_schema_that_is_behind_is_told_and_the_rest_still_serves(serve):
    """Before `inv migrate`: healthy, degraded, and 503 with what to type where a column lacks."""
    serve(15)
    assert ask("GET", "/health").json() == {"status": "ok"}
    found = ask("GET", "/api/v2/diagnostics").json()
    assert found["status"] == "degraded"
    assert "transactions.trip_tag: no such column" in found["schema"]["problems"]
    assert "transaction_splits: no such table" in found["schema"]["problems"]
    assert len(found["migrations"]["pending"]) == LAST - 15
    answer = ask("GET", "/api/v2/transactions")
    assert (answer.status_code, answer.json()["hint"]) == (503, "run: inv migrate")
    assert ask("GET", "/api/v2/accounts").status_code == 200


def test_it_starts_on_a_schema_that_is_behind(serve):
    """After a migration that failed, the application runs on the old database."""
    serve(15)
    assert started() == "serving"


@pytest.mark.parametrize(
    ("change_of_history", "told"),
    [
        ("UPDATE _drydock_ledger SET checksum = 'other' WHERE sequence = 3", "edited"),
        ("UPDATE _drydock_ledger SET name = '099_of_a_newer_checkout' WHERE sequence = 3", "099_"),
    ],
)
def test_it_refuses_to_start_on_a_database_of_another_history(serve, change_of_history, told):
    """It would write what the code that owns this database does not expect."""
    change(serve(LAST), change_of_history)
    with pytest.raises(NotCurrent, match=told):
        started()


def test_a_migration_that_cannot_be_read_is_told_not_a_fault(serve, monkeypatch, tmp_path):
    """Half-written files of the next migration: 503 with the hint, the rest goes on serving."""
    serve(LAST)
    (tmp_path / "026_next.sql").write_bytes(b"-- caf\xe9\n")
    monkeypatch.setattr("backend.api.routers.diagnostics.MIGRATIONS", tmp_path)
    answer = ask("GET", "/api/v2/diagnostics")
    assert (answer.status_code, answer.json()["hint"]) == (503, "save the file as UTF-8")
    assert ask("GET", "/health").status_code == 200


def test_diagnostics_answer_without_a_ledger(serve):
    """A database that Drydock has never seen has applied nothing, and says so."""
    path = serve(LAST)
    change(path, "DROP TABLE _drydock_ledger")
    found = ask("GET", "/api/v2/diagnostics").json()["migrations"]
    assert (found["applied"], found["last"], len(found["pending"])) == (0, None, LAST)


def test_f34_a_wrong_path_is_unhealthy_and_creates_nothing(tmp_path, monkeypatch):
    """A new, empty database would look like a household without money."""
    missing = tmp_path / "budget_buddy.db"
    monkeypatch.setenv("BUDGET_BUDDY_DB", str(missing))
    assert ask("GET", "/health").status_code == 503
    assert ask("GET", "/api/v2/diagnostics").status_code == 503
    assert not missing.exists()
    engine.dispose()


def test_the_application_writes(serve):
    """POST and PUT are committed, found by the search, and the triggers keep updated_at."""
    path = serve(LAST)
    made = ask(
        "POST",
        "/api/v2/transactions",
        date="2026-11-20",
        description="Bäckerei's rye",
        amount="-4.60",
        category="groceries",
    )
    assert (made.status_code, made.json()["amount"]) == (201, "-4.60")
    number = made.json()["id"]
    change(path, "UPDATE transactions SET updated_at = '2020-01-01' WHERE id = ?", number)
    tagged = ask("PUT", f"/api/v2/transactions/{number}/trip", trip_tag="nan's 80th")
    assert tagged.json()["trip_tag"] == "nan's 80th"
    assert ask("GET", "/api/v2/transactions/search?q=rye").json()[0]["id"] == number
    assert ask("GET", f"/api/v2/transactions/{number}").json()["splits"] == []
    stored = rows(path, "SELECT typeof(amount), amount FROM transactions WHERE id = ?", number)
    assert stored == [("real", -4.6)]

    budget = {"household": "Home", "month": "2026-10", "category": "GROCERIES", "amount": "700"}
    assert ask("PUT", "/api/v2/budgets", **budget).json()["amount"] == "700.00"
    again = "SELECT count(*), max(amount) FROM budget_allocations WHERE household = 'Home'"
    month = " AND month = '2026-10' AND category = 'groceries'"
    assert rows(path, again + month) == [(1, 700)]
    since = "SELECT updated_at > '2026-10-31 23:59:59' FROM budget_allocations WHERE amount = 700"
    assert rows(path, since) == [(1,)]

    goal = ask("POST", "/api/v2/goals", title="Less tea", dimension="merchant:Café Zoë").json()
    concluded = ask("PUT", f"/api/v2/goals/{goal['id']}", status="reached").json()
    assert concluded["status"] == "reached"
    moved = {"date": "2026-11-02", "amount": "25.00"}
    before = ask("GET", "/api/v2/sinking-funds").json()[0]["saved"]
    assert ask("POST", "/api/v2/sinking-funds/1/transactions", **moved).status_code == 201
    assert ask("GET", "/api/v2/sinking-funds").json()[0]["saved"] == pytest.approx(before + 25)
    page = {"week_start": "2026-11-02", "proud_of": "No takeaway", "mood": 4}
    for _ in range(2):
        assert ask("PUT", "/api/v2/reflections/weekly", **page).json()["mood"] == 4
    plan = {"week_start": "2026-11-30", "focus_category": "Fun"}
    assert ask("POST", "/api/v2/weekly-plans", **plan).status_code == 201
    assert ask("POST", "/api/v2/weekly-plans", **plan).status_code == 409
    assert ask("PUT", "/api/v2/subscriptions/1", is_active=False).json()["is_active"] is False
    total = ask("POST", "/api/v2/aggregations/refresh", household="Home", month="2026-10").json()
    assert total["categories"] > 0
    assert rows(path, "PRAGMA foreign_key_check") == []


def test_a_refreshed_month_is_what_its_transactions_add_up_to(serve):
    """Refreshing changes nothing where nothing has changed."""
    path = serve(LAST)
    sql = (
        "SELECT lower(category), spent, income, transaction_count FROM transaction_aggregations"
        " WHERE household = 'Home' AND month = '2026-09' ORDER BY 1"
    )
    before = rows(path, sql)
    ask("POST", "/api/v2/aggregations/refresh", household="Home", month="2026-09")
    assert rows(path, sql) == before
    assert before


def test_uvicorn_serves_it_on_the_port_of_the_environment(at):
    """The command of the README starts from the project's root, healthy within seconds."""
    path = at(LAST)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"BUDGET_BUDDY_DB": str(path), "BUDGET_BUDDY_PORT": str(port)}
    command = [sys.executable, "-m", "backend.api"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            answer = answered(f"http://127.0.0.1:{port}/api/v2/diagnostics")
        finally:
            server.terminate()
    assert answer["status"] == "ok"


def answered(url):
    deadline = time.monotonic() + 20
    while True:
        try:
            return httpx.get(url).json()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
