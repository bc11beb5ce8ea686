import sqlite3
c = sqlite3.connect('budget_buddy.db')
print("journal mode:", c.execute("PRAGMA journal_mode=WAL").fetchone()[0])
c.close()
