-- Scripts in the styles of many tools, each fit for the shop that the first one makes.
-- A line that begins with three equal signs is the name of the next script.

=== the shop
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
CREATE TABLE "odd ""name"""("select" TEXT, [from] INT, `group by` REAL, "ä" TEXT);
INSERT INTO "odd ""name""" VALUES ('x', 1, 1.5, 'y');
CREATE INDEX posts_user ON posts(user_id);
CREATE VIEW authors AS SELECT u.name, count(*) AS n FROM users u JOIN posts p ON p.user_id = u.id
  GROUP BY u.id;
CREATE TRIGGER touch AFTER UPDATE OF title ON posts BEGIN
  UPDATE posts SET meta = json_set(meta, '$.touched', 1) WHERE id = NEW.id; END;

=== comment only
-- nothing yet
/* really; nothing */

=== empty statement
;;
;

=== create
CREATE TABLE a(id INTEGER PRIMARY KEY, b TEXT);

=== create lower
create table if not exists a (id integer primary key autoincrement, b text);

=== create again, guarded
CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY);

=== add
ALTER TABLE users ADD COLUMN phone TEXT;

=== add short
alter table users add phone text default '';

=== add quoted
ALTER TABLE "users" ADD COLUMN "full name" VARCHAR(80) NOT NULL DEFAULT '';

=== add brackets
ALTER TABLE [users] ADD [full name] NVARCHAR(80) NULL;

=== add backticks
ALTER TABLE `users` ADD COLUMN `age` int unsigned DEFAULT 0;

=== add negative
ALTER TABLE users ADD COLUMN n INTEGER NOT NULL DEFAULT -1;

=== add true
ALTER TABLE users ADD COLUMN ok BOOLEAN NOT NULL DEFAULT TRUE;

=== add blob
ALTER TABLE users ADD COLUMN avatar BLOB DEFAULT x'00';

=== add check
ALTER TABLE users ADD COLUMN age INT CHECK (age IS NULL OR age >= 0);

=== add key
ALTER TABLE posts ADD COLUMN editor_id INTEGER REFERENCES users(id);

=== add key null
ALTER TABLE posts ADD COLUMN e INT DEFAULT NULL REFERENCES users ON DELETE SET NULL;

=== add virtual
ALTER TABLE users ADD COLUMN mail TEXT GENERATED ALWAYS AS (lower(email)) VIRTUAL;

=== add collate
ALTER TABLE users ADD COLUMN nick TEXT COLLATE NOCASE;

=== add default word
ALTER TABLE users ADD COLUMN role TEXT DEFAULT "user";

=== add then fill
ALTER TABLE users ADD COLUMN s TEXT; UPDATE users SET s = lower(name);

=== add, fill, index
ALTER TABLE users ADD s TEXT;
UPDATE users SET s = email;
CREATE UNIQUE INDEX users_s ON users(s);

=== main qualified
ALTER TABLE main.users ADD COLUMN x; UPDATE main.users SET x = 1 WHERE id = 1;

=== rename column
ALTER TABLE posts RENAME COLUMN body TO content;

=== rename without COLUMN
ALTER TABLE posts RENAME body TO content;

=== rename table
ALTER TABLE tags RENAME TO labels;

=== rename used by view
ALTER TABLE users RENAME COLUMN name TO full_name;

=== indexes
CREATE INDEX i1 ON posts(title, score DESC);CREATE INDEX i2 ON posts(lower(title));

=== partial index
CREATE UNIQUE INDEX one_new ON orders(user_id) WHERE state = 'new';

=== unique index
CREATE UNIQUE INDEX IF NOT EXISTS t ON posts(title COLLATE NOCASE);

=== json index
CREATE INDEX j ON posts(json_extract(meta, '$.a'));

=== drop index
DROP INDEX posts_user; DROP INDEX IF EXISTS nope;

=== drop missing
DROP TABLE IF EXISTS no_table; DROP VIEW IF EXISTS no_view;

=== trigger
CREATE TRIGGER t1 AFTER INSERT ON posts FOR EACH ROW WHEN NEW.score > 1 BEGIN
  UPDATE users SET name = 'x; y' WHERE id = NEW.user_id;
  DELETE FROM tags WHERE post_id = 0;
END;

=== trigger with case
CREATE TRIGGER t2 BEFORE UPDATE ON posts BEGIN SELECT CASE WHEN NEW.title = '' THEN RAISE(ABORT, 'empty; title') END; END;

=== temp trigger
CREATE TEMP TRIGGER t3 AFTER INSERT ON posts BEGIN SELECT 1; END;

=== instead of
CREATE TRIGGER t4 INSTEAD OF INSERT ON authors BEGIN INSERT INTO users(email) VALUES (NEW.name); END;

=== replace view
DROP VIEW IF EXISTS authors;
CREATE VIEW authors(name) AS SELECT name FROM users;

=== view with window
CREATE VIEW ranked AS SELECT title, rank() OVER (PARTITION BY user_id ORDER BY score DESC NULLS LAST) AS r FROM posts;

=== replace trigger
DROP TRIGGER touch; CREATE TRIGGER touch AFTER UPDATE ON posts BEGIN SELECT 1; END;

=== insert
INSERT INTO users(email, name) VALUES ('d@x.org', 'D;E'), ('e@x.org', 'it''s');

=== insert select
INSERT INTO kv SELECT email, name FROM users WHERE name IS NOT NULL;

=== insert or ignore
INSERT OR IGNORE INTO users(email) VALUES ('ada@x.org');

=== upsert
INSERT INTO kv VALUES ('a', 2) ON CONFLICT (k) DO UPDATE SET v = excluded.v + kv.v;

=== upsert nothing
INSERT INTO kv SELECT 'a', 3 WHERE true ON CONFLICT DO NOTHING;

=== returning
INSERT INTO users(email) VALUES ('r@x.org') RETURNING id, email;

=== update
UPDATE posts SET score = score * 2 WHERE score IS NOT NULL;

=== update from
UPDATE posts SET body = u.name FROM users AS u WHERE u.id = posts.user_id;

=== update all
UPDATE posts SET meta = json_set(meta, '$.v', 2);

=== update case
UPDATE orders SET state = CASE state WHEN 'new' THEN 'paid' ELSE state END;

=== update cte
WITH best AS (SELECT user_id, max(score) m FROM posts GROUP BY 1)
UPDATE users SET name = name || '!' WHERE id IN (SELECT user_id FROM best);

=== update rowvalue
UPDATE posts SET (title, body) = ('t', 'b') WHERE id = 2;

=== update double quoted names
UPDATE "orders" SET "order" = "order" + 1 WHERE "state" = 'new';

=== delete duplicates
DELETE FROM tags WHERE rowid NOT IN (SELECT min(rowid) FROM tags GROUP BY name);

=== delete with cte
WITH old AS (SELECT id FROM orders WHERE at < '2026-01-15') DELETE FROM orders WHERE id IN old;

=== delete returning
DELETE FROM tags WHERE name = 'blue' RETURNING *;

=== recursive
CREATE TABLE days(d); WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO days SELECT date('2026-01-01', '+' || i || ' days') FROM n;

=== window update
UPDATE posts SET score = (SELECT r FROM (SELECT id, row_number() OVER (ORDER BY id) AS r FROM posts) x WHERE x.id = posts.id);

=== json each
INSERT INTO tags SELECT value, 3 FROM json_each('["x","y"]');

=== json arrows
UPDATE posts SET score = meta ->> '$.a' WHERE meta -> '$.a' IS NOT NULL;

=== replace
REPLACE INTO kv VALUES ('a', 9); INSERT OR REPLACE INTO kv VALUES ('c', 1);

=== odd names
UPDATE "odd ""name""" SET "select" = "ä" || [from], `group by` = 2 WHERE [from] = 1;

=== unicode
UPDATE "odd ""name""" SET "ä" = 'Größe → ☃' WHERE "ä" = 'y';

=== blob and hex
UPDATE kv SET v = x'CAFE' WHERE k = 'b' AND v = x'00ff';

=== multi line string
UPDATE posts SET body = 'line;
-- not a comment
/* nor this */' WHERE id = 1;

=== select only
SELECT count(*) FROM users; SELECT 'x' AS "a b";

=== values
VALUES (1, 2), (3, 4);

=== strict
CREATE TABLE s(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b ANY, c BLOB) STRICT;

=== strict without rowid
CREATE TABLE s(k TEXT PRIMARY KEY, v INT) STRICT, WITHOUT ROWID;

=== generated
CREATE TABLE g(a INT, b INT AS (a * 2) STORED, c TEXT GENERATED ALWAYS AS (a || 'x'));INSERT INTO g(a) VALUES (1);

=== fts5
CREATE VIRTUAL TABLE search USING fts5(title, body, content='posts', content_rowid='id');
INSERT INTO search(search) VALUES ('rebuild');
CREATE TRIGGER posts_ai AFTER INSERT ON posts BEGIN INSERT INTO search(rowid, title, body) VALUES (new.id, new.title, new.body); END;

=== fts5 delete command
CREATE VIRTUAL TABLE f USING fts5(a, tokenize = 'porter unicode61');INSERT INTO f VALUES ('x'); INSERT INTO f(f, rank) VALUES ('rank', 'bm25(10.0)');

=== rtree
CREATE VIRTUAL TABLE box USING rtree(id, x0, x1, y0, y1);INSERT INTO box VALUES(1,0,1,0,1);

=== create as
CREATE TABLE names AS SELECT id, name FROM users; CREATE INDEX n ON names(name);

=== temp table
CREATE TEMP TABLE x AS SELECT * FROM users; UPDATE posts SET score = (SELECT count(*) FROM temp.x) WHERE id = 1; DROP TABLE temp.x;

=== temp table unqualified
CREATE TEMPORARY TABLE pick(id); INSERT INTO pick SELECT id FROM users; DELETE FROM pick; DROP TABLE pick;

=== many to many
CREATE TABLE post_tag(post_id INT NOT NULL REFERENCES posts(id) ON DELETE CASCADE, tag TEXT, PRIMARY KEY (post_id, tag), FOREIGN KEY (tag, post_id) REFERENCES tags(name, post_id));

=== self reference
CREATE TABLE tree(id INTEGER PRIMARY KEY, up INT REFERENCES tree(id));

=== forward reference
CREATE TABLE c(p INT REFERENCES p(id)); CREATE TABLE p(id INTEGER PRIMARY KEY);

=== deferred
CREATE TABLE d(u INT REFERENCES users(id) DEFERRABLE INITIALLY DEFERRED);

=== constraint names
CREATE TABLE q(a INT CONSTRAINT pos CHECK (a > 0), CONSTRAINT u UNIQUE (a));

=== twelve steps
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE new_orders(id INTEGER PRIMARY KEY, user_id INT REFERENCES users(id), total DECIMAL(10,2), state TEXT CHECK (state IN ('new', 'paid', 'sent')) DEFAULT 'new', "order" INT, at DATETIME);
INSERT INTO new_orders SELECT id, user_id, total, state, "order", at FROM orders;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
PRAGMA foreign_key_check;
COMMIT;
PRAGMA foreign_keys=ON;

=== django
CREATE TABLE "new__kv" ("k" varchar(10) NOT NULL PRIMARY KEY, "v" BLOB NULL);
INSERT INTO "new__kv" ("k", "v") SELECT "k", "v" FROM "kv";
DROP TABLE "kv";
ALTER TABLE "new__kv" RENAME TO "kv";

=== alembic batch
CREATE TABLE _alembic_tmp_tags (
	name TEXT NOT NULL, 
	post_id INTEGER, 
	x TEXT, 
	PRIMARY KEY (name, post_id)
);
INSERT INTO _alembic_tmp_tags (name, post_id) SELECT tags.name, tags.post_id 
FROM tags;
DROP TABLE tags;
ALTER TABLE _alembic_tmp_tags RENAME TO tags;

=== prisma
-- RedefineTables
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_kv" ("k" TEXT NOT NULL PRIMARY KEY, "v" BLOB, "w" TEXT);
INSERT INTO "new_kv" ("k", "v") SELECT "k", "v" FROM "kv";
DROP TABLE "kv";
ALTER TABLE "new_kv" RENAME TO "kv";
PRAGMA foreign_key_check;
PRAGMA foreign_keys=ON;

=== drizzle
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_kv` (`k` text PRIMARY KEY NOT NULL,
	`v` blob
);
--> statement-breakpoint
INSERT INTO `__new_kv`("k", "v") SELECT "k", "v" FROM `kv`;--> statement-breakpoint
DROP TABLE `kv`;--> statement-breakpoint
ALTER TABLE `__new_kv` RENAME TO `kv`;

=== rails
CREATE TEMPORARY TABLE "atags" ("name" TEXT, "post_id" INT);
INSERT INTO "atags" SELECT "name", "post_id" FROM "tags";
DROP TABLE "atags";

=== set aside
CREATE TABLE kv_backup AS SELECT * FROM kv;
DROP TABLE kv;
CREATE TABLE kv(k TEXT PRIMARY KEY, v, w);
INSERT INTO kv(k, v) SELECT k, v FROM kv_backup;
DROP TABLE kv_backup;

=== rename first, no children
ALTER TABLE tags RENAME TO tags_old;
CREATE TABLE tags(name TEXT NOT NULL COLLATE NOCASE, post_id INT, weight REAL, PRIMARY KEY (name, post_id));
INSERT INTO tags(name, post_id) SELECT name, post_id FROM tags_old;
DROP TABLE tags_old;

=== legacy alter
PRAGMA legacy_alter_table=ON;
CREATE TABLE p2(id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id), title TEXT NOT NULL, body TEXT, meta TEXT, score REAL);
INSERT INTO p2 SELECT id, user_id, title, body, meta, score FROM posts;
DROP TABLE posts;
ALTER TABLE p2 RENAME TO posts;
CREATE INDEX posts_user ON posts(user_id);
CREATE TRIGGER touch AFTER UPDATE OF title ON posts BEGIN SELECT 1; END;

=== writable schema
PRAGMA writable_schema=ON;
UPDATE sqlite_master SET sql = replace(sql, 'body TEXT', 'body CLOB') WHERE name = 'posts';
PRAGMA writable_schema=OFF;

=== fill then not null
UPDATE users SET name = 'nobody' WHERE name IS NULL;
CREATE TABLE u2(id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, is_admin INTEGER NOT NULL DEFAULT 0);
DROP VIEW authors;
INSERT INTO u2 SELECT * FROM users;
DROP TABLE users;
ALTER TABLE u2 RENAME TO users;
CREATE VIEW authors AS SELECT name FROM users;

=== goose
-- +goose Up
-- +goose StatementBegin
CREATE TABLE a(b);
-- +goose StatementEnd

=== dbmate
-- migrate:up
ALTER TABLE users ADD COLUMN x TEXT;

=== flyway header
/*
 * V12: tags; with semicolons
 */
CREATE TABLE a(b);

=== savepoints
SAVEPOINT a; INSERT INTO kv VALUES ('z', 1); ROLLBACK TO a; RELEASE a;

=== begin immediate
BEGIN IMMEDIATE; INSERT INTO kv VALUES ('z', 1); END TRANSACTION;

=== begin rollback
BEGIN; INSERT INTO kv VALUES ('z', 1); ROLLBACK;

=== dump
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE dumped(a);
INSERT INTO dumped VALUES('x'||char(10)||'y');
DELETE FROM sqlite_sequence WHERE name = 'none';
COMMIT;

=== sequence
UPDATE sqlite_sequence SET seq = 100 WHERE name = 'users';

=== maintenance
ANALYZE; REINDEX; VACUUM; PRAGMA optimize; PRAGMA user_version = 7;

=== explain
EXPLAIN QUERY PLAN SELECT * FROM users WHERE email = 'x';

=== pragmas
PRAGMA synchronous=NORMAL; PRAGMA journal_mode; PRAGMA cache_size=-2000; PRAGMA main.page_size;

=== no last semicolon
CREATE TABLE a(b); INSERT INTO a VALUES (1)

=== memory attach
ATTACH ':memory:' AS m; CREATE TABLE m.x(a); INSERT INTO m.x SELECT id FROM users;

=== full join
CREATE VIEW fj AS SELECT u.id, p.title FROM users u FULL OUTER JOIN posts p ON 1 = 0;

=== distinct from
UPDATE posts SET body = '' WHERE body IS NOT DISTINCT FROM NULL;

=== iif and format
UPDATE posts SET body = iif(score > 1, format('%05d', id), body) WHERE id = 1;

=== lateral names
INSERT INTO kv(k, v) SELECT p.title AS "the title", count(*) FROM posts AS p GROUP BY "the title" HAVING count(*) >= 1;
