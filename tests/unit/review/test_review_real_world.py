"""Scripts in the styles of many tools, fit for their database: the review has no error for them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.executor.trace import Applied
from drydock.review import review_rehearsed, review_statically

SHOP = """
CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, name TEXT,
  created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, is_admin INTEGER NOT NULL DEFAULT 0);
INSERT INTO users(email, name) VALUES ('ada@x.org', 'Ada'), ('bo@x.org', 'Bo'), ('cy@x.org', NULL);
CREATE TABLE posts(id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id)
  ON DELETE CASCADE, title VARCHAR(200) NOT NULL, body TEXT, meta TEXT DEFAULT '{}', score REAL);
INSERT INTO posts VALUES (1, 1, 'Hello', 'b1', '{"a":1}', 1.5), (2, 1, 'Hi', NULL, '{}', 2),
  (3, 2, 'Yo', 'b3', '{"a":2}', NULL);
CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INT REFERENCES users(id), total DECIMAL(10,2),
  state TEXT CHECK (state IN ('new', 'paid')) DEFAULT 'new', "order" INT, at DATETIME);
INSERT INTO orders VALUES (1, 1, 10.5, 'new', 1, '2026-01-01'), (2, 2, 7, 'paid', 2, '2026-02-01');
CREATE TABLE kv(k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID;
INSERT INTO kv VALUES ('a', 1), ('b', x'00ff');
CREATE TABLE tags(name TEXT NOT NULL COLLATE NOCASE, post_id INT, PRIMARY KEY (name, post_id));
INSERT INTO tags VALUES ('red', 1), ('blue', 1), ('red', 2);
CREATE TABLE "odd ""name""\"("select" TEXT, [from] INT, `group by` REAL, "ä" TEXT);
INSERT INTO "odd ""name""\" VALUES ('x', 1, 1.5, 'y');
CREATE INDEX posts_user ON posts(user_id);
CREATE VIEW authors AS SELECT u.name, count(*) AS n FROM users u JOIN posts p ON p.user_id = u.id
  GROUP BY u.id;
CREATE TRIGGER touch AFTER UPDATE OF title ON posts BEGIN
  UPDATE posts SET meta = json_set(meta, '$.touched', 1) WHERE id = NEW.id; END;
"""

SCRIPTS = {
    # plain SQL, by hand
    "comment only": "-- nothing yet\n/* really; nothing */\n",
    "empty statement": ";;\n;",
    "create": "CREATE TABLE a(id INTEGER PRIMARY KEY, b TEXT);",
    "create lower": "create table if not exists a (id integer primary key autoincrement, b text);",
    "create again, guarded": "CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY);",
    "add": "ALTER TABLE users ADD COLUMN phone TEXT;",
    "add short": "alter table users add phone text default '';",
    "add quoted": 'ALTER TABLE "users" ADD COLUMN "full name" VARCHAR(80) NOT NULL DEFAULT \'\';',
    "add brackets": "ALTER TABLE [users] ADD [full name] NVARCHAR(80) NULL;",
    "add backticks": "ALTER TABLE `users` ADD COLUMN `age` int unsigned DEFAULT 0;",
    "add negative": "ALTER TABLE users ADD COLUMN n INTEGER NOT NULL DEFAULT -1;",
    "add true": "ALTER TABLE users ADD COLUMN ok BOOLEAN NOT NULL DEFAULT TRUE;",
    "add blob": "ALTER TABLE users ADD COLUMN avatar BLOB DEFAULT x'00';",
    "add check": "ALTER TABLE users ADD COLUMN age INT CHECK (age IS NULL OR age >= 0);",
    "add key": "ALTER TABLE posts ADD COLUMN editor_id INTEGER REFERENCES users(id);",
    "add key null": "ALTER TABLE posts ADD COLUMN e INT DEFAULT NULL REFERENCES users ON DELETE SET NULL;",
    "add virtual": "ALTER TABLE users ADD COLUMN mail TEXT GENERATED ALWAYS AS (lower(email)) VIRTUAL;",
    "add collate": "ALTER TABLE users ADD COLUMN nick TEXT COLLATE NOCASE;",
    "add default word": 'ALTER TABLE users ADD COLUMN role TEXT DEFAULT "user";',
    "add then fill": "ALTER TABLE users ADD COLUMN s TEXT; UPDATE users SET s = lower(name);",
    "add, fill, index": "ALTER TABLE users ADD s TEXT;\nUPDATE users SET s = email;\n"
    "CREATE UNIQUE INDEX users_s ON users(s);",
    "main qualified": "ALTER TABLE main.users ADD COLUMN x; UPDATE main.users SET x = 1 WHERE id = 1;",
    "rename column": "ALTER TABLE posts RENAME COLUMN body TO content;",
    "rename without COLUMN": "ALTER TABLE posts RENAME body TO content;",
    "rename table": "ALTER TABLE tags RENAME TO labels;",
    "rename used by view": "ALTER TABLE users RENAME COLUMN name TO full_name;",
    "indexes": "CREATE INDEX i1 ON posts(title, score DESC);CREATE INDEX i2 ON posts(lower(title));",
    "partial index": "CREATE UNIQUE INDEX one_new ON orders(user_id) WHERE state = 'new';",
    "unique index": "CREATE UNIQUE INDEX IF NOT EXISTS t ON posts(title COLLATE NOCASE);",
    "json index": "CREATE INDEX j ON posts(json_extract(meta, '$.a'));",
    "drop index": "DROP INDEX posts_user; DROP INDEX IF EXISTS nope;",
    "drop missing": "DROP TABLE IF EXISTS no_table; DROP VIEW IF EXISTS no_view;",
    # triggers and views
    "trigger": "CREATE TRIGGER t1 AFTER INSERT ON posts FOR EACH ROW WHEN NEW.score > 1 BEGIN\n"
    "  UPDATE users SET name = 'x; y' WHERE id = NEW.user_id;\n  DELETE FROM tags WHERE post_id = 0;\nEND;",
    "trigger with case": "CREATE TRIGGER t2 BEFORE UPDATE ON posts BEGIN SELECT CASE WHEN NEW.title = '' "
    "THEN RAISE(ABORT, 'empty; title') END; END;",
    "temp trigger": "CREATE TEMP TRIGGER t3 AFTER INSERT ON posts BEGIN SELECT 1; END;",
    "instead of": "CREATE TRIGGER t4 INSTEAD OF INSERT ON authors BEGIN INSERT INTO users(email) "
    "VALUES (NEW.name); END;",
    "replace view": "DROP VIEW IF EXISTS authors;\nCREATE VIEW authors(name) AS SELECT name FROM users;",
    "view with window": "CREATE VIEW ranked AS SELECT title, rank() OVER (PARTITION BY user_id ORDER BY "
    "score DESC NULLS LAST) AS r FROM posts;",
    "replace trigger": "DROP TRIGGER touch; CREATE TRIGGER touch AFTER UPDATE ON posts BEGIN SELECT 1; END;",
    # writes
    "insert": "INSERT INTO users(email, name) VALUES ('d@x.org', 'D;E'), ('e@x.org', 'it''s');",
    "insert select": "INSERT INTO kv SELECT email, name FROM users WHERE name IS NOT NULL;",
    "insert or ignore": "INSERT OR IGNORE INTO users(email) VALUES ('ada@x.org');",
    "upsert": "INSERT INTO kv VALUES ('a', 2) ON CONFLICT (k) DO UPDATE SET v = excluded.v + kv.v;",
    "upsert nothing": "INSERT INTO kv SELECT 'a', 3 WHERE true ON CONFLICT DO NOTHING;",
    "returning": "INSERT INTO users(email) VALUES ('r@x.org') RETURNING id, email;",
    "update": "UPDATE posts SET score = score * 2 WHERE score IS NOT NULL;",
    "update from": "UPDATE posts SET body = u.name FROM users AS u WHERE u.id = posts.user_id;",
    "update all": "UPDATE posts SET meta = json_set(meta, '$.v', 2);",
    "update case": "UPDATE orders SET state = CASE state WHEN 'new' THEN 'paid' ELSE state END;",
    "update cte": "WITH best AS (SELECT user_id, max(score) m FROM posts GROUP BY 1)\nUPDATE users SET "
    "name = name || '!' WHERE id IN (SELECT user_id FROM best);",
    "update rowvalue": "UPDATE posts SET (title, body) = ('t', 'b') WHERE id = 2;",
    "update double quoted names": 'UPDATE "orders" SET "order" = "order" + 1 WHERE "state" = \'new\';',
    "delete duplicates": "DELETE FROM tags WHERE rowid NOT IN (SELECT min(rowid) FROM tags GROUP BY name);",
    "delete with cte": "WITH old AS (SELECT id FROM orders WHERE at < '2026-01-15') "
    "DELETE FROM orders WHERE id IN old;",
    "delete returning": "DELETE FROM tags WHERE name = 'blue' RETURNING *;",
    "recursive": "CREATE TABLE days(d); WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 9) INSERT INTO days SELECT date('2026-01-01', '+' || i || ' days') FROM n;",
    "window update": "UPDATE posts SET score = (SELECT r FROM (SELECT id, row_number() OVER (ORDER BY id) "
    "AS r FROM posts) x WHERE x.id = posts.id);",
    "json each": "INSERT INTO tags SELECT value, 3 FROM json_each('[\"x\",\"y\"]');",
    "json arrows": "UPDATE posts SET score = meta ->> '$.a' WHERE meta -> '$.a' IS NOT NULL;",
    "replace": "REPLACE INTO kv VALUES ('a', 9); INSERT OR REPLACE INTO kv VALUES ('c', 1);",
    "odd names": 'UPDATE "odd ""name\"\"\" SET "select" = "ä" || [from], `group by` = 2 WHERE [from] = 1;',
    "unicode": "UPDATE \"odd \"\"name\"\"\" SET \"ä\" = 'Größe → ☃' WHERE \"ä\" = 'y';",
    "blob and hex": "UPDATE kv SET v = x'CAFE' WHERE k = 'b' AND v = x'00ff';",
    "multi line string": "UPDATE posts SET body = 'line;\n-- not a comment\n/* nor this */' WHERE id = 1;",
    "select only": "SELECT count(*) FROM users; SELECT 'x' AS \"a b\";",
    "values": "VALUES (1, 2), (3, 4);",
    # newer tables
    "strict": "CREATE TABLE s(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b ANY, c BLOB) STRICT;",
    "strict without rowid": "CREATE TABLE s(k TEXT PRIMARY KEY, v INT) STRICT, WITHOUT ROWID;",
    "generated": "CREATE TABLE g(a INT, b INT AS (a * 2) STORED, c TEXT GENERATED ALWAYS AS (a || 'x'));"
    "INSERT INTO g(a) VALUES (1);",
    "fts5": "CREATE VIRTUAL TABLE search USING fts5(title, body, content='posts', content_rowid='id');\n"
    "INSERT INTO search(search) VALUES ('rebuild');\n"
    "CREATE TRIGGER posts_ai AFTER INSERT ON posts BEGIN INSERT INTO search(rowid, title, body) VALUES "
    "(new.id, new.title, new.body); END;",
    "fts5 delete command": "CREATE VIRTUAL TABLE f USING fts5(a, tokenize = 'porter unicode61');"
    "INSERT INTO f VALUES ('x'); INSERT INTO f(f, rank) VALUES ('rank', 'bm25(10.0)');",
    "rtree": "CREATE VIRTUAL TABLE box USING rtree(id, x0, x1, y0, y1);INSERT INTO box VALUES(1,0,1,0,1);",
    "create as": "CREATE TABLE names AS SELECT id, name FROM users; CREATE INDEX n ON names(name);",
    "temp table": "CREATE TEMP TABLE x AS SELECT * FROM users; UPDATE posts SET score = (SELECT count(*) "
    "FROM temp.x) WHERE id = 1; DROP TABLE temp.x;",
    "temp table unqualified": "CREATE TEMPORARY TABLE pick(id); INSERT INTO pick SELECT id FROM users; "
    "DELETE FROM pick; DROP TABLE pick;",
    "many to many": "CREATE TABLE post_tag(post_id INT NOT NULL REFERENCES posts(id) ON DELETE CASCADE, "
    "tag TEXT, PRIMARY KEY (post_id, tag), FOREIGN KEY (tag, post_id) REFERENCES tags(name, post_id));",
    "self reference": "CREATE TABLE tree(id INTEGER PRIMARY KEY, up INT REFERENCES tree(id));",
    "forward reference": "CREATE TABLE c(p INT REFERENCES p(id)); CREATE TABLE p(id INTEGER PRIMARY KEY);",
    "deferred": "CREATE TABLE d(u INT REFERENCES users(id) DEFERRABLE INITIALLY DEFERRED);",
    "constraint names": "CREATE TABLE q(a INT CONSTRAINT pos CHECK (a > 0), CONSTRAINT u UNIQUE (a));",
    # rebuilds
    "twelve steps": "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE new_orders(id INTEGER "
    "PRIMARY KEY, user_id INT REFERENCES users(id), total DECIMAL(10,2), state TEXT CHECK (state IN "
    "('new', 'paid', 'sent')) DEFAULT 'new', \"order\" INT, at DATETIME);\nINSERT INTO new_orders SELECT "
    "id, user_id, total, state, \"order\", at FROM orders;\nDROP TABLE orders;\nALTER TABLE new_orders "
    "RENAME TO orders;\nPRAGMA foreign_key_check;\nCOMMIT;\nPRAGMA foreign_keys=ON;",
    "django": 'CREATE TABLE "new__kv" ("k" varchar(10) NOT NULL PRIMARY KEY, "v" BLOB NULL);\n'
    'INSERT INTO "new__kv" ("k", "v") SELECT "k", "v" FROM "kv";\nDROP TABLE "kv";\n'
    'ALTER TABLE "new__kv" RENAME TO "kv";',
    "alembic batch": "CREATE TABLE _alembic_tmp_tags (\n\tname TEXT NOT NULL, \n\tpost_id INTEGER, \n\tx "
    "TEXT, \n\tPRIMARY KEY (name, post_id)\n);\nINSERT INTO _alembic_tmp_tags (name, post_id) SELECT "
    "tags.name, tags.post_id \nFROM tags;\nDROP TABLE tags;\nALTER TABLE _alembic_tmp_tags RENAME TO tags;",
    "prisma": '-- RedefineTables\nPRAGMA foreign_keys=OFF;\nCREATE TABLE "new_kv" ("k" TEXT NOT NULL '
    'PRIMARY KEY, "v" BLOB, "w" TEXT);\nINSERT INTO "new_kv" ("k", "v") SELECT "k", "v" FROM "kv";\n'
    'DROP TABLE "kv";\nALTER TABLE "new_kv" RENAME TO "kv";\nPRAGMA foreign_key_check;\n'
    "PRAGMA foreign_keys=ON;",
    "drizzle": "PRAGMA foreign_keys=OFF;--> statement-breakpoint\nCREATE TABLE `__new_kv` (`k` text PRIMARY "
    "KEY NOT NULL,\n\t`v` blob\n);\n--> statement-breakpoint\nINSERT INTO `__new_kv`(\"k\", \"v\") SELECT "
    '"k", "v" FROM `kv`;--> statement-breakpoint\nDROP TABLE `kv`;--> statement-breakpoint\n'
    "ALTER TABLE `__new_kv` RENAME TO `kv`;",
    "rails": 'CREATE TEMPORARY TABLE "atags" ("name" TEXT, "post_id" INT);\nINSERT INTO "atags" '
    'SELECT "name", "post_id" FROM "tags";\nDROP TABLE "atags";',
    "set aside": "CREATE TABLE kv_backup AS SELECT * FROM kv;\nDROP TABLE kv;\nCREATE TABLE kv(k TEXT PRIMARY "
    "KEY, v, w);\nINSERT INTO kv(k, v) SELECT k, v FROM kv_backup;\nDROP TABLE kv_backup;",
    "rename first, no children": "ALTER TABLE tags RENAME TO tags_old;\nCREATE TABLE tags(name TEXT NOT NULL "
    "COLLATE NOCASE, post_id INT, weight REAL, PRIMARY KEY (name, post_id));\nINSERT INTO tags(name, "
    "post_id) SELECT name, post_id FROM tags_old;\nDROP TABLE tags_old;",
    "legacy alter": "PRAGMA legacy_alter_table=ON;\nCREATE TABLE p2(id INTEGER PRIMARY KEY, user_id INTEGER "
    "NOT NULL REFERENCES users(id), title TEXT NOT NULL, body TEXT, meta TEXT, score REAL);\nINSERT INTO p2 "
    "SELECT id, user_id, title, body, meta, score FROM posts;\nDROP TABLE posts;\nALTER TABLE p2 RENAME TO "
    "posts;\nCREATE INDEX posts_user ON posts(user_id);\nCREATE TRIGGER touch AFTER UPDATE OF title ON "
    "posts BEGIN SELECT 1; END;",
    "writable schema": "PRAGMA writable_schema=ON;\nUPDATE sqlite_master SET sql = replace(sql, 'body TEXT', "
    "'body CLOB') WHERE name = 'posts';\nPRAGMA writable_schema=OFF;",
    "fill then not null": "UPDATE users SET name = 'nobody' WHERE name IS NULL;\nCREATE TABLE u2(id INTEGER "
    "PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_at TEXT NOT NULL "
    "DEFAULT CURRENT_TIMESTAMP, is_admin INTEGER NOT NULL DEFAULT 0);\nDROP VIEW authors;\nINSERT INTO u2 "
    "SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE u2 RENAME TO users;\nCREATE VIEW authors AS "
    "SELECT name FROM users;",
    # tools' frames
    "goose": "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE a(b);\n-- +goose StatementEnd\n",
    "dbmate": "-- migrate:up\nALTER TABLE users ADD COLUMN x TEXT;\n\n",
    "flyway header": "/*\n * V12: tags; with semicolons\n */\nCREATE TABLE a(b);",
    "savepoints": "SAVEPOINT a; INSERT INTO kv VALUES ('z', 1); ROLLBACK TO a; RELEASE a;",
    "begin immediate": "BEGIN IMMEDIATE; INSERT INTO kv VALUES ('z', 1); END TRANSACTION;",
    "begin rollback": "BEGIN; INSERT INTO kv VALUES ('z', 1); ROLLBACK;",
    "dump": "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE dumped(a);\nINSERT INTO dumped "
    "VALUES('x'||char(10)||'y');\nDELETE FROM sqlite_sequence WHERE name = 'none';\nCOMMIT;",
    "sequence": "UPDATE sqlite_sequence SET seq = 100 WHERE name = 'users';",
    "maintenance": "ANALYZE; REINDEX; VACUUM; PRAGMA optimize; PRAGMA user_version = 7;",
    "explain": "EXPLAIN QUERY PLAN SELECT * FROM users WHERE email = 'x';",
    "pragmas": "PRAGMA synchronous=NORMAL; PRAGMA journal_mode; PRAGMA cache_size=-2000; PRAGMA main.page_size;",
    "crlf": "CREATE TABLE a(b);\r\nALTER TABLE a ADD COLUMN c;\r\n",
    "no last semicolon": "CREATE TABLE a(b); INSERT INTO a VALUES (1)",
    "memory attach": "ATTACH ':memory:' AS m; CREATE TABLE m.x(a); INSERT INTO m.x SELECT id FROM users;",
    "full join": "CREATE VIEW fj AS SELECT u.id, p.title FROM users u FULL OUTER JOIN posts p ON 1 = 0;",
    "distinct from": "UPDATE posts SET body = '' WHERE body IS NOT DISTINCT FROM NULL;",
    "iif and format": "UPDATE posts SET body = iif(score > 1, format('%05d', id), body) WHERE id = 1;",
    "lateral names": "INSERT INTO kv(k, v) SELECT p.title AS \"the title\", count(*) FROM posts AS p "
    "GROUP BY \"the title\" HAVING count(*) >= 1;",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SHOP)
    return path


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_fitting_script_gets_no_error(script, shop, migration):
    """A script that SQLite runs, and that loses nothing undeclared, never gets an error."""
    pending = [migration(script.replace("\r\n", "\n"))]
    with closing(sqlite3.connect(shop)) as connection:
        found = review_statically(pending, connection)
    assert [each for each in found if each.severity == "error"] == []
    rehearsal = review_rehearsed(pending, shop, lambda _: Applied("", 0, ()))
    assert [each for each in rehearsal.findings if each.severity == "error"] == []
    assert rehearsal.stopped is None


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_script_without_a_database_gets_no_error(script, migration):
    """Where nothing is known of the database, nothing is claimed to be wrong."""
    found = review_statically([migration(script)], None)
    assert [each for each in found if each.severity == "error"] == []


def test_there_are_a_hundred_scripts():
    """The promise is made on a hundred of them."""
    assert len(SCRIPTS) >= 100
