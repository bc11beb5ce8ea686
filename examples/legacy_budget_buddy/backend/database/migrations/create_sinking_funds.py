#!/usr/bin/env python3
# creates the sinking fund tables
import sqlite3

DB = 'budget_buddy.db'


def main():
    db = sqlite3.connect(DB)
    db.executescript('''
        CREATE TABLE IF NOT EXISTS sinking_funds (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL COLLATE NOCASE,
            target_amount DECIMAL(10,2),
            is_active BOOLEAN DEFAULT 1
        );
        CREATE TABLE IF NOT EXISTS sinking_fund_transactions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            fund_id INTEGER NOT NULL REFERENCES sinking_funds(id) ON DELETE CASCADE,
            date DATE NOT NULL,
            amount DECIMAL(10,2) NOT NULL
        );
    ''')
    db.commit()
    db.close()
    print('Done!')


if __name__ == '__main__':
    main()
