import sqlite3

conn = sqlite3.connect('budget_buddy.db')
c = conn.cursor()
before = c.execute("SELECT COUNT(*) FROM transactions").fetchone()[0]
c.execute("""
    DELETE FROM transactions WHERE id NOT IN (
        SELECT MIN(id) FROM transactions GROUP BY date, description, amount, account
    )
""")
after = c.execute("SELECT COUNT(*) FROM transactions").fetchone()[0]
conn.commit()
conn.close()
print("removed", before - after, "duplicates")
