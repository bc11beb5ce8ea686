"""Fill in merchant from description (uses the app's own engine)."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from sqlalchemy import inspect, text

from backend.database.session import engine

with engine.begin() as conn:
    columns = [c["name"] for c in inspect(conn).get_columns("transactions")]
    if "merchant" not in columns:
        conn.execute(text("ALTER TABLE transactions ADD COLUMN merchant VARCHAR(80)"))
    rows = conn.execute(
        text("SELECT id, description FROM transactions WHERE merchant IS NULL")
    ).fetchall()
    for row in rows:
        name = row.description.split("#")[0].strip().title()
        conn.execute(
            text("UPDATE transactions SET merchant = :name WHERE id = :id"),
            {"name": name, "id": row.id},
        )
print(f"backfilled {len(rows)} rows")
