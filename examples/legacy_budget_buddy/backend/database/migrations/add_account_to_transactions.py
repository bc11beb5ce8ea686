import sqlite3

conn = sqlite3.connect('budget_buddy.db')
cursor = conn.cursor()

try:
    cursor.execute("ALTER TABLE transactions ADD COLUMN account TEXT")
    print("Added account column")
except sqlite3.OperationalError as e:
    if "duplicate column" in str(e):
        print("account column already exists, skipping")
    else:
        raise

conn.commit()
conn.close()
