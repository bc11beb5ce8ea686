"""
Migration: Add buddy_insights column to monthly_reflections
Date: 2025-01-18
"""
import sqlite3


def migrate():
    conn = sqlite3.connect('budget_buddy.db')
    cursor = conn.cursor()

    cursor.execute("PRAGMA table_info(monthly_reflections)")
    columns = [row[1] for row in cursor.fetchall()]

    if 'buddy_insights' not in columns:
        cursor.execute("ALTER TABLE monthly_reflections ADD COLUMN buddy_insights TEXT")
        conn.commit()
        print("✅ Added buddy_insights column")
    else:
        print("ℹ️  buddy_insights column already exists")

    conn.close()


if __name__ == '__main__':
    migrate()
