import sqlite3
from pathlib import Path

DB_PATH = Path(__file__).resolve().parents[3] / 'budget_buddy.db'


def run():
    conn = sqlite3.connect(DB_PATH)
    fixed = 0
    for row_id, value in conn.execute("SELECT id, date FROM transactions").fetchall():
        if '/' in value:
            y, m, d = value.split('/')
            conn.execute(
                "UPDATE transactions SET date = ? WHERE id = ?",
                (f"{y}-{int(m):02d}-{int(d):02d}", row_id),
            )
            fixed += 1
            if fixed % 100 == 0:
                conn.commit()  # don't hold the lock too long
    conn.commit()
    conn.close()
    print(fixed, 'dates fixed')


if __name__ == '__main__':
    run()
