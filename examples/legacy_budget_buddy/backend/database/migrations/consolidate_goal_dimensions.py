import sqlite3
import sys


def main():
    conn = sqlite3.connect('budget_buddy.db')
    cur = conn.cursor()
    cur.execute("""
        CREATE TABLE chat_goals_new (
            id INTEGER PRIMARY KEY,
            title TEXT NOT NULL,
            dimension TEXT NOT NULL DEFAULT 'category:*',
            target_amount REAL,
            status TEXT DEFAULT 'active'
        )
    """)
    for goal_id, title, dim, value, target, status in cur.execute(
        "SELECT id, title, dimension, dimension_value, target_amount, status FROM chat_goals"
    ).fetchall():
        merged = f"{dim or 'category'}:{value or '*'}"
        cur.execute(
            "INSERT INTO chat_goals_new VALUES (?, ?, ?, ?, ?)",
            (goal_id, title, merged, target, status),
        )
    cur.execute("DROP TABLE chat_goals")
    cur.execute("ALTER TABLE chat_goals_new RENAME TO chat_goals")
    conn.commit()
    conn.close()
    return 0


sys.exit(main())
