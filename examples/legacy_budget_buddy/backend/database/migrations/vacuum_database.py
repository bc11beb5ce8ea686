import sqlite3

# file got big after the cleanup
conn = sqlite3.connect('budget_buddy.db')
conn.isolation_level = None
conn.execute('VACUUM')
conn.execute('ANALYZE')
conn.close()
print('vacuumed')
