"""Django's schema editor, on the model that its `inspectdb` would write for the table."""

from __future__ import annotations

from functools import partial
from typing import Any

import django
from django.apps.registry import Apps
from django.conf import settings
from django.db import connections, models

from benchmarks.tools.request import NotOfferedError, Request

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=False,
)
django.setup()

_TYPES: dict[str, Any] = {
    "TEXT": models.TextField,
    "INTEGER": models.IntegerField,
    "BIGINT": models.BigIntegerField,
    "BLOB": models.BinaryField,
    "VARCHAR(20)": partial(models.CharField, max_length=20),
}
_FIELD_KINDS = {
    "set not null", "drop not null", "set default", "drop default", "rename", "drop", "collate",
    "add key", "drop key", "add check", "generated", "retype", "retype within", "retype across",
}  # fmt: skip


def change(request: Request) -> None:
    """Do it; raises what Django or SQLite raises."""
    if request.kind not in _FIELD_KINDS or (request.kind == "collate" and not request.is_text):
        raise NotOfferedError(request.kind)
    connection = connections["default"]
    connection.settings_dict["NAME"] = request.path
    try:
        made = _models(connection, request.table)
        with connection.schema_editor() as editor:
            _ask(editor, made[request.table], made.get("other"), request)
    finally:
        connection.close()
        del connections["default"]  # the next request begins with a fresh one, whatever happened


def _models(connection: Any, table: str) -> dict[str, Any]:
    """Return the models by table: those that `table` may refer to, then its own."""
    apps = Apps()
    with connection.cursor() as cursor:
        introspection = connection.introspection
        names = [t.name for t in introspection.get_table_list(cursor) if t.type == "t"]
        if table not in names:
            raise LookupError(f"no model can be written for {table}")
        made: dict[str, Any] = {}
        parents = {parent for _, parent, *_ in introspection.get_relations(cursor, table).values()}
        for name in (*sorted((parents | {"other"}) & set(names) - {table}), table):
            made[name] = _model(connection, cursor, name, apps, made)
    return made


def _model(connection: Any, cursor: Any, table: str, apps: Any, made: dict[str, Any]) -> Any:
    """Return the model that inspectdb would write."""
    introspection = connection.introspection
    relations = introspection.get_relations(cursor, table)
    keys = introspection.get_primary_key_columns(cursor, table) or []
    constraints = introspection.get_constraints(cursor, table).values()
    unique = {c["columns"][0] for c in constraints if c["unique"] and len(c["columns"]) == 1}
    attributes: dict[str, Any] = {"__module__": "inspected"}
    for number, info in enumerate(introspection.get_table_description(cursor, table)):
        options: dict[str, Any] = {"db_column": info.name, "null": info.null_ok}
        if info.name in keys[:1]:
            options |= {"primary_key": True, "null": False}
        elif info.name in unique:
            options["unique"] = True
        if info.default is not None:
            options["db_default"] = models.expressions.RawSQL(str(info.default), [])
        attributes[f"c{number}"] = _field(introspection, info, relations, made, options)
    meta: dict[str, Any] = {"apps": apps, "app_label": "inspected", "db_table": table}
    cursor.execute("SELECT sql FROM sqlite_schema WHERE name = %s", [table])
    if "num_ck" in str(cursor.fetchone()):
        # inspectdb leaves CHECKs out; a careful author would have written this one.
        number = next(key for key, field in attributes.items() if _column_of(field) == "num")
        condition = ~models.Q(**{number: -1})
        meta["constraints"] = [models.CheckConstraint(condition=condition, name="num_ck")]
    attributes["Meta"] = type("Meta", (), meta)
    return type(f"Model{len(made)}", (models.Model,), attributes)


def _column_of(field: Any) -> str:
    return str(getattr(field, "db_column", ""))


def _field(
    introspection: Any, info: Any, relations: Any, made: dict[str, Any], options: dict[str, Any]
) -> Any:
    target = made.get(relations[info.name][1]) if info.name in relations else None
    if target is not None and not options.get("primary_key"):
        # db_index=False: an index that Django would add is not the subject.
        options |= {"related_name": "+", "db_index": False}
        return models.ForeignKey(target, models.DO_NOTHING, **options)
    try:
        kind = introspection.get_field_type(info.type_code, info)
    except KeyError:  # inspectdb writes a TextField and a comment
        kind = "TextField"
    if kind == "CharField":
        options["max_length"] = int(info.display_size or 255)
    if kind == "DecimalField":
        options |= {"max_digits": info.precision or 10, "decimal_places": info.scale or 5}
    if kind in ("AutoField", "BigAutoField", "SmallAutoField"):
        # inspectdb says AutoField, which would make the key AUTOINCREMENT: be kinder.
        kind = "IntegerField"
    return getattr(models, kind)(**options)


def _ask(editor: Any, model: Any, other: Any, request: Request) -> None:
    """Say the change in Django's words."""
    fields = {field.column: field for field in model._meta.local_fields}  # noqa: SLF001 - documented by Django
    if request.kind == "add check":
        condition = models.expressions.RawSQL(request.value, [], models.BooleanField())
        check = models.CheckConstraint(condition=condition, name="ck_new")
        model._meta.constraints.append(check)  # noqa: SLF001 - as a new state has it
        editor.add_constraint(model, check)
        return
    if request.kind == "generated":
        made = models.GeneratedField(
            expression=models.F(_name_of(fields, "num")) * 2,
            output_field=models.IntegerField(),
            db_persist=False,
        )
        made.set_attributes_from_name(request.column)
        made.model = model
        editor.add_field(model, made)
        return
    old = fields[request.column]
    if request.kind == "drop":
        editor.remove_field(model, old)
        return
    new = _typed(old, other, request)
    _adjust(new, old, request)
    new.model = model
    new.creation_counter = old.creation_counter  # the column keeps its place
    editor.alter_field(model, old, new)


def _name_of(fields: dict[str, Any], column: str) -> str:
    return str(fields[column].name)


def _typed(old: Any, other: Any, request: Request) -> Any:
    """Return a field of the type that it shall have."""
    if request.asked:
        if request.asked not in _TYPES:
            raise NotOfferedError(request.asked)
        new = _TYPES[request.asked]()
    elif request.kind == "add key":
        new = models.ForeignKey(other, models.DO_NOTHING, related_name="+", db_index=False)
    elif request.kind == "drop key":
        new = models.IntegerField()
    else:
        return old.clone()
    for fact in ("null", "db_default", "_unique", "primary_key"):
        setattr(new, fact, getattr(old, fact))
    return new


def _adjust(new: Any, old: Any, request: Request) -> None:
    """Set on the field what else shall differ."""
    new.db_column = request.value if request.kind == "rename" else request.column
    new.set_attributes_from_name(old.name)
    if request.kind in ("set not null", "drop not null"):
        new.null = request.kind == "drop not null"
    elif request.kind == "set default":
        new.db_default = models.Value(request.value)
    elif request.kind == "drop default":
        new.db_default = models.NOT_PROVIDED
    elif request.kind == "collate":
        new.db_collation = request.value
