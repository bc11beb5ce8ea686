from fastapi import FastAPI
from sqlalchemy import text

from backend.database.models import BudgetAllocation, Transaction
from backend.database.session import SessionLocal

app = FastAPI(title="Budget Buddy (legacy)")


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/api/v2/transactions")
def transactions(limit: int = 50):
    with SessionLocal() as db:
        rows = db.query(Transaction).order_by(Transaction.id.desc()).limit(limit)
        return [
            {"id": r.id, "date": r.date, "description": r.description, "amount": r.amount}
            for r in rows
        ]


@app.get("/api/v2/budgets")
def budgets():
    with SessionLocal() as db:
        rows = db.query(BudgetAllocation).order_by(BudgetAllocation.id).limit(100)
        return [{"month": r.month, "category": r.category, "amount": r.amount} for r in rows]


@app.get("/api/v2/diagnostics")
def diagnostics():
    with SessionLocal() as db:
        count = db.execute(text("SELECT count(*) FROM transactions")).scalar()
        return {"status": "ok", "tables": {"transactions": count}}
