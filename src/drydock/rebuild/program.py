"""A change from what was asked to the statements that do it: judged, decided and rehearsed.

`make_plan` reads the database and writes nothing. It refuses (see `judgement` and `rows`) or
returns a `Plan` whose statements have all been run on the twin, with the schema that they must
leave behind. How they are run and proved is `execution`'s.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild import aftermath, judgement, steps
from drydock.rebuild.changes import constraints, key_columns, target
from drydock.rebuild.ddl import parse
from drydock.rebuild.decision import Decision, decide, retyped, touched_columns
from drydock.rebuild.dependents import Dependent, Surroundings, children_of
from drydock.rebuild.outcome import Plan
from drydock.rebuild.readings import read_all
from drydock.rebuild.refusals import ContradictoryChangeError, DependentsError
from drydock.rebuild.renames import rename_columns
from drydock.rebuild.rows import Rows
from drydock.rebuild.shape import Schema, SchemaObject, TableShape, read_schema
from drydock.rebuild.twin import Twin, shape_of

if TYPE_CHECKING:
    from drydock.rebuild.changes import Changes
    from drydock.rebuild.ddl import CreateTable


def make_plan(connection: sqlite3.Connection, name: str, changes: Changes) -> Plan:
    """Return the cheapest safe way to the change; the database is only read.

    Raises:
        TransformRefusedError: The names, the dependents or the rows do not allow it.
    """
    schema = read_schema(connection)
    hidden = connection.execute(
        "SELECT name FROM sqlite_temp_master WHERE type IN ('table', 'view')"
    )
    name = judgement.subject(schema, name, [row[0] for row in hidden.fetchall()])
    twin = Twin(schema)
    try:
        return _Planner(connection, schema, twin, name, changes).plan()
    finally:
        twin.close()


class _Planner:
    """One planning; the twin is at the present schema first and at the asked one at the end."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        schema: Schema,
        twin: Twin,
        name: str,
        changes: Changes,
    ) -> None:
        self._connection, self._schema, self._twin = connection, schema, twin
        self._changes = changes
        self._origin = set(twin.schema().objects)
        self._before = twin.table(name)
        self._create = parse(self._before.sql)
        self._readings = read_all(twin)
        self._around = Surroundings(
            schema,
            self._before,
            self._create,
            tuple(self._readings.values()),
            children_of(twin, schema, self._before),
        )

    def plan(self) -> Plan:
        changes, before, around = self._changes, self._before, self._around
        # 1. Names, then dependents: what needs no row read.
        judgement.columns_exist(before, changes)
        judgement.checks_exist(around, changes)
        going = judgement.dependents_allow(around, changes)
        judgement.renames_allow(around, changes)
        create = self._target(going)
        after = self._shape(create)
        judgement.order_allows(around, after, changes)
        judgement.rowids_allow(around, after, changes)
        judgement.sequence_allows(create, changes)
        judgement.nulls_allow(after, changes)
        judgement.implied_keys_allow(around, after)
        # 2. The rows.
        rows = self._judged_rows(after)
        # 3. The way, rehearsed.
        late, watched = rows.late_defaults(), self._watched(after)
        decision = decide(before, after, create, changes, late, watched=watched)
        keys = self._mismatched_keys()
        script, decision = self._rehearse(decision, create, after, going)
        aftermath.keys_stand(keys, self._mismatched_keys(), around)
        tables = frozenset(fold(one.name) for one in self._schema.objects if one.type == "table")
        hidden = after.rowid_alias is None and before.column("rowid") is None
        alias = before.rowid_alias if hidden else None
        readings = read_all(self._twin)
        aftermath.readings_kept(
            self._readings,
            readings,
            before.name,
            changes=changes,
            tables=tables,
            lost_alias=alias,
        )
        return Plan(
            before.name,
            decision.way,
            decision.why,
            tuple(script.statements),
            self._touched(decision, going),
            rows.changed(),
            self._expected(),
            tuple(one.table for one in around.children),
            self._keys_to_check(after, decision),
            self._rules(create, touched_columns(before, after, create, changes)),
        )

    def _judged_rows(self, after: TableShape) -> Rows:
        try:
            rows = Rows(self._connection, self._before, after, self._changes)
            rows.allow()
        except sqlite3.OperationalError as error:
            raise ContradictoryChangeError(
                f"the rows of {self._before.name} cannot be judged",
                cause=[f"SQLite says: {error}"],
                hint="conversions and checks are SQL on the present columns, or Python functions",
            ) from error
        return rows

    def _watched(self, after: TableShape) -> bool:
        """Whether a trigger or a foreign key looks at a value that would be converted."""
        table = fold(self._before.name)
        on = [one.table for one in self._schema.objects if one.type == "trigger"]
        keys = {name for child in self._around.children for name in child.parent_columns}
        for item, one, columns in constraints(self._create):
            if one.kind in ("REFERENCES", "FOREIGN KEY", "PRIMARY KEY"):
                keys |= columns | set(key_columns(item, one))
        converted = {fold(name) for name in retyped(self._before, after)}
        fired = table in map(fold, on) or bool(self._temporary_triggers())
        return fired or bool(keys & converted)

    def _temporary_triggers(self) -> list[str]:
        """Return the connection's own triggers on the table, which no schema shows."""
        found = self._connection.execute(
            "SELECT name, tbl_name FROM sqlite_temp_master WHERE type = 'trigger'"
        )
        return [name for name, on in found.fetchall() if fold(on) == fold(self._before.name)]

    def _mismatched_keys(self) -> dict[str, str]:
        """Return the tables with a foreign key whose parent columns are not unique, and why."""
        errors = {}
        for table in {self._before.name, *(one.table for one in self._around.children)}:
            try:
                self._twin.execute(f"PRAGMA foreign_key_check({quote(table)})")
            except sqlite3.Error as error:
                errors[table] = str(error)
        return errors

    def _rules(self, create: CreateTable, touched: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Return the CHECKs that converted values must meet as well as the old ones did."""
        last = parse(self._twin.table(self._before.name).sql)
        before, after = (
            [
                (item.inner(one), names)
                for item, one, names in constraints(tree)
                if one.kind == "CHECK"
            ]
            for tree in (create, last)
        )
        return tuple(
            (old, new)
            for (old, names), (new, _) in zip(before, after, strict=True)
            if names & touched
        )

    def _target(self, going: list[Dependent]) -> CreateTable:
        """Return the new text; a generated column that goes along is dropped with the rest."""
        from dataclasses import replace

        generated = [one.labels[0] for one in going if one.kind == "generated column"]
        dropped = {fold(name) for name in self._changes.drop}
        more = [name for name in generated if fold(name) not in dropped]
        if more:
            self._changes = replace(self._changes, drop=(*self._changes.drop, *more))
        return target(self._create, self._changes, self._before.primary_key)

    def _shape(self, create: CreateTable) -> TableShape:
        sql = create.render()
        try:
            return shape_of(sql, self._before.name)
        except sqlite3.Error as error:
            raise ContradictoryChangeError(
                f"table {self._before.name} cannot be made so",
                cause=[f"SQLite says: {error}", sql],
                hint=_mend(str(error), self._before),
            ) from error

    def _rehearse(
        self, decision: Decision, create: CreateTable, after: TableShape, going: list[Dependent]
    ) -> tuple[steps.Script, Decision]:
        if decision.way == "rebuild":
            judgement.temporary_triggers_allow(self._before.name, self._temporary_triggers())
        script = steps.Script(self._twin)
        try:
            for kind, name in self._dropped_objects(going):
                script.run(f"DROP {kind} {quote(name)}")
            decision = self._main(script, decision, create, after)
            self._sequence(script, after)
            if self._changes.rename:
                rename_columns(script, self._before.name, self._changes.rename)
        except sqlite3.Error as error:
            raise DependentsError(
                f"table {self._before.name} cannot be changed so",
                dependents=(),
                cause=[f"SQLite says: {error}"],
                hint="change or drop what it names first; afterwards create it in its new form",
            ) from error
        return script, decision

    def _main(
        self, script: steps.Script, decision: Decision, create: CreateTable, after: TableShape
    ) -> Decision:
        table = self._before.name
        if decision.native_drop:
            column = quote(decision.native_drop)
            try:
                script.run_past_broken(f"ALTER TABLE {quote(table)} DROP COLUMN {column}")
            except sqlite3.Error:
                # A comma in a comment before it, for one: SQLite's own edit of the text cannot
                # do it. Ours can.
                decision = Decision("swap", "ALTER TABLE cannot drop it here", decision.reindex)
        if decision.way in ("native", "schema-edit", "update"):
            now = self._twin.schema().find("table", table)
            if now and now.sql != after.sql:
                script.edit_texts({("table", table): after.sql})
            if decision.converted:
                steps.convert(script, self._before, after, decision.converted)
            script.run(*(f"REINDEX {quote(name)}" for name in decision.reindex))
        elif decision.way in ("swap", "rebuild"):
            copy = self._copy(create, after)
            if self._changes.keep_table:
                steps.rebuild_keeping(script, copy, self._changes.keep_table)
            elif decision.way == "rebuild":
                steps.rebuild(script, copy)
            else:
                steps.swap(script, copy, decision.reindex)
        return decision

    def _copy(self, create: CreateTable, after: TableShape) -> steps.Copy:
        table = self._before.name
        mine = [
            one
            for one in self._twin.schema().objects
            if one.type in ("index", "trigger") and fold(one.table) == fold(table) and one.sql
        ]
        values = {fold(name): f"({sql})" for name, sql in self._changes.conversions.items()}
        return steps.Copy(self._before, after, create, values, self._free_name(), tuple(mine))

    def _free_name(self) -> str:
        taken = self._schema.names()
        stem = f"_drydock_{self._changes.tmp_suffix or 'new'}_{self._before.name}"
        numbered = [stem, *(f"{stem}_{number}" for number in range(len(taken) + 1))]
        return next(name for name in numbered if fold(name) not in taken)

    def _sequence(self, script: steps.Script, after: TableShape) -> None:
        had, has = (judgement.autoincrements(parse(one.sql)) for one in (self._before, after))
        if had != has:
            alias = after.rowid_alias or self._before.rowid_alias or "rowid"
            steps.set_sequence(script, self._before.name, alias, wanted=has)

    def _dropped_objects(self, going: list[Dependent]) -> list[tuple[str, str]]:
        """Return what goes along as an object of its own: what was found, and what was named."""
        kinds = ("trigger", "view", "index")
        found = {
            (one.type, one.name)
            for one in self._schema.objects
            if one.type in kinds and one.sql and self._changes.cascades(one.name)
        }
        found |= {(one.kind, one.labels[0]) for one in going if one.kind in kinds}
        names = sorted(found, key=lambda one: kinds.index(one[0]))
        views = {fold(name) for kind, name in names if kind == "view"}
        gone_with_view = {
            fold(one.name)
            for one in self._schema.objects
            if one.type == "trigger" and fold(one.table) in views
        }
        return [
            (kind.upper(), name)
            for kind, name in names
            if kind != "trigger" or fold(name) not in gone_with_view
        ]

    def _touched(self, decision: Decision, going: list[Dependent]) -> tuple[str, ...]:
        now = {one.key: one for one in self._twin.schema().objects}
        lines = [f"{one.kind} {one.labels[0]}: goes along, as declared" for one in going]
        for one in self._schema.objects:
            new = now.get(one.key)
            if new and new.sql != one.sql and one.key != ("table", fold(self._before.name)):
                lines.append(f"{one.type} {one.name}: carries the new name")
        lines += [f"index {name}: built anew" for name in decision.reindex]
        last = parse(self._twin.table(self._before.name).sql)
        if judgement.autoincrements(self._create) and not judgement.autoincrements(last):
            lines.append("AUTOINCREMENT: goes with the key that it stood at")
        return tuple(lines)

    def _expected(self) -> frozenset[SchemaObject]:
        """Return the real schema's objects with what changed on the twin changed in them."""
        new = set(self._twin.schema().objects)
        return frozenset((set(self._schema.objects) - (self._origin - new)) | (new - self._origin))

    def _keys_to_check(self, after: TableShape, decision: Decision) -> tuple[str, ...]:
        """Return the tables whose foreign keys the change could have broken."""
        old_keys, new_keys = (
            {
                " ".join(token.folded for token in one.tokens)
                for _, one, _ in constraints(parse(shape.sql))
                if one.kind in ("REFERENCES", "FOREIGN KEY")
            }
            for shape in (self._before, after)
        )
        # A key finds its parent by the parent's collation (foreignkeys.html, section 3).
        moved = decision.way in ("swap", "rebuild") or bool(self._changes.collate)
        own = (moved and bool(new_keys)) or bool(new_keys - old_keys)
        children = {one.table for one in self._around.children} if moved else set()
        return tuple(sorted({self._before.name} | children if own else children))


def _mend(error: str, shape: TableShape) -> str:
    if "missing datatype" in error and all(one.type for one in shape.columns):
        return 'a column of a STRICT table needs a type: pass types={"…": "INTEGER"} as well'
    if "unknown datatype" in error or "missing datatype" in error:
        allowed = ("INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY")
        stand_in = {"NUMERIC": "ANY"}
        types = {
            one.name: stand_in.get(one.affinity, one.affinity)
            for one in shape.columns
            if one.type.upper() not in allowed
        }
        return f"STRICT knows {', '.join(allowed)}; pass types={types!r}"
    if "AUTOINCREMENT" in error:
        return "AUTOINCREMENT needs an INTEGER PRIMARY KEY in a table with rowids"
    if "PRIMARY KEY missing" in error:
        return "WITHOUT ROWID needs a primary key: pass pk=…"
    return "change what SQLite names and try again"
