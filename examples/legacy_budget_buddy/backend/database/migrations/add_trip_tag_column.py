"""
Migration: add trip_tag to transactions
Date: 2025-07-20
Author: mara
"""

import sqlite3
import sys


def migrate():
    print("🚀 Starting migration: add_trip_tag_column")
    conn = sqlite3.connect('budget_buddy.db')
    try:
        cur = conn.cursor()
        cur.execute("ALTER TABLE transactions ADD COLUMN trip_tag TEXT")
        cur.execute("CREATE INDEX idx_transactions_trip_tag ON transactions(trip_tag)")
        conn.commit()
        print("✅ Migration completed successfully")
        return True
    except sqlite3.Error as e:
        conn.rollback()
        print(f"❌ Migration failed: {e}")
        return False
    finally:
        conn.close()


if __name__ == "__main__":
    sys.exit(0 if migrate() else 1)
