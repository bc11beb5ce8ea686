import os
import sqlite3

# project root is four levels up
DB_PATH = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))),
    "budget_buddy.db",
)

print(f"Using database: {DB_PATH}")
connection = sqlite3.connect(DB_PATH)
try:
    connection.execute("ALTER TABLE transactions ADD COLUMN is_recurring BOOLEAN DEFAULT 0")
except sqlite3.OperationalError as exc:
    if "duplicate column name" not in str(exc):
        raise
    print("already there")
connection.execute(
    "UPDATE transactions SET is_recurring = 1 WHERE description LIKE '%netflix%'"
    " OR description LIKE '%spotify%'"
)
connection.commit()
connection.close()
