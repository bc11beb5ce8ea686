import sqlite3


def create_table():
    with sqlite3.connect('budget_buddy.db') as conn:
        conn.execute("""
            CREATE TABLE chat_goals (
                id INTEGER PRIMARY KEY,
                title TEXT NOT NULL,
                dimension TEXT,
                dimension_value TEXT,
                target_amount REAL,
                status TEXT DEFAULT 'active'
            )
        """)
    conn.close()


create_table()
