#!/usr/bin/env python
"""Rename category 'Dining Out' -> 'Going Out'"""
import sqlite3

OLD = 'Dining Out'
NEW = 'Going Out'


def migrate():
    conn = sqlite3.connect('budget_buddy.db')
    conn.row_factory = sqlite3.Row
    try:
        for table in ('budget_allocations', 'transactions'):
            n = conn.execute(f"SELECT COUNT(*) AS n FROM {table} WHERE category = ?", (OLD,)).fetchone()['n']
            print(f"{table}: {n} rows to update")
            conn.execute(f"UPDATE {table} SET category = ? WHERE category = ?", (NEW, OLD))
        conn.commit()
    except Exception as e:
        conn.rollback()
        print("error:", e)
        raise
    finally:
        conn.close()


migrate()
