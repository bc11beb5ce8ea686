import sqlite3
conn = sqlite3.connect("budget_buddy.db")
conn.executescript("""
DROP TRIGGER IF EXISTS trg_transactions_updated;
CREATE TRIGGER trg_transactions_updated AFTER UPDATE ON transactions
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE transactions SET updated_at = CURRENT_TIMESTAMP
    WHERE id = NEW.id AND updated_at IS NOT CURRENT_TIMESTAMP;
END;
""")
conn.close()
print("trigger created")
