import sqlite3

db = sqlite3.connect("./budget_buddy.db")
cols = [r[1] for r in db.execute("PRAGMA table_info('transactions')")]
if "import_hash" in cols:
    db.execute("DROP INDEX IF EXISTS idx_transactions_hash")
    db.execute("ALTER TABLE transactions DROP COLUMN import_hash")
    db.commit()
    print("dropped import_hash")
else:
    print("nothing to do")
db.close()
