import os
import sqlite3

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..'))

CATEGORIES = [
    ('Groceries', '🛒'), ('Going Out', '🍜'), ('Transport', '🚌'), ('Housing', '🏠'),
    ("Kids' stuff", '🧸'), ('Health', '💊'),
]

conn = sqlite3.connect('budget_buddy.db', isolation_level=None)
conn.execute('BEGIN')
conn.execute('CREATE TABLE IF NOT EXISTS categories (name TEXT PRIMARY KEY COLLATE NOCASE, icon TEXT)')
conn.executemany('INSERT OR IGNORE INTO categories VALUES (?, ?)', CATEGORIES)
conn.execute('COMMIT')
conn.close()
