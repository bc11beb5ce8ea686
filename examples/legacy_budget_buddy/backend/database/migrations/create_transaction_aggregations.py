import sqlite3
from datetime import date

def migrate():
    conn = sqlite3.connect('budget_buddy.db')
    conn.executescript("""
        BEGIN TRANSACTION;
        CREATE TABLE IF NOT EXISTS transaction_aggregations (
            month TEXT NOT NULL,
            category TEXT NOT NULL,
            total DECIMAL(10,2) NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (month, category)
        );
        DELETE FROM transaction_aggregations;
        INSERT INTO transaction_aggregations
        SELECT strftime('%Y-%m', date), coalesce(category, 'Uncategorized'), sum(amount), count(*)
        FROM transactions
        WHERE strftime('%Y-%m', date) IS NOT NULL
        GROUP BY 1, 2;
        COMMIT;
    """)
    n = conn.execute("SELECT COUNT(*) FROM transaction_aggregations").fetchone()[0]
    conn.close()
    print(f"{n} aggregations up to {date(2025, 12, 31):%B %Y}")

if __name__ == "__main__":
    migrate()
