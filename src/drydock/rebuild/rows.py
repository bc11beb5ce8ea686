"""What keeps a change from being made, as far as the stored rows can say.

Every rule that the change brings is asked of every row, as the row would arrive, before anything
is touched. Reads only; refuses with a count and samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild import census, defaults
from drydock.rebuild.decision import retyped
from drydock.rebuild.definition import parse_constraint
from drydock.rebuild.refusals import LossyValuesError, OffendingRowsError

if TYPE_CHECKING:
    import sqlite3

    from drydock.rebuild.changes import Changes
    from drydock.rebuild.shape import TableShape


@dataclass(frozen=True, slots=True)
class _Form:
    """How a column's values fare: the condition of a loss, the new type, and both counts."""

    losing: str
    type: str
    lost: int
    changed: int


class Rows:
    """What the stored rows say, with the table's new shape before their eyes."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        before: TableShape,
        after: TableShape,
        changes: Changes,
    ) -> None:
        self._connection = connection
        self._before = before
        self._after = after
        self._changes = changes
        self._forms = self._count_forms()

    def value(self, column: str) -> str:
        """Return the SQL of the column's value as it would arrive."""
        conversions = {fold(name): sql for name, sql in self._changes.conversions.items()}
        given = conversions.get(fold(column))
        return f"({given})" if given else quote(column)

    def allow(self) -> None:
        """Check the rows against every rule that the change brings.

        Raises:
            OffendingRowsError: Some rows break one.
            LossyValuesError: Some values would lose information.
        """
        for name in self._newly_not_null():
            self._refuse(
                f"{self.value(name)} IS NULL", name,
                f"column {name} of {self._before.name} cannot be NOT NULL",
                f"UPDATE {quote(self._before.name)} SET {quote(name)} = … WHERE {quote(name)} IS "
                f'NULL; or pass conversions={{"{name}": "coalesce({name}, …)"}}',
            )  # fmt: skip
        self._allow_types()
        self._allow_key()
        for check in self._changes.add_check:
            expression = _check_expression(check)
            self._refuse(
                f"NOT ({expression})", self._before.columns[0].name,
                f"table {self._before.name} has rows that break the new {check}",
                f"see them: SELECT * FROM {quote(self._before.name)} WHERE NOT ({expression})",
            )  # fmt: skip
        for name, generated in self._changes.generated.items():
            old = self._before.column(name)
            if generated.expression and old and not old.hidden and not self._changes.may_lose(name):
                self._refuse(
                    f"{quote(name)} IS NOT ({generated.expression})", name,
                    f"column {name} of {self._before.name} holds other values than its expression",
                    f'to give them up: allow_lossy=["{name}"]',
                )  # fmt: skip

    def _allow_types(self) -> None:
        for name, form in self._forms.items():
            if form.lost and not self._changes.may_lose(name):
                self._refuse_lossy(form.losing, name, form.type)
        for new in self._after.columns:
            old = self._before.column(new.name)
            if old is None or not old.stored or new.hidden or not self._after.strict:
                continue
            value = self.value(new.name)
            if self._before.strict and new.type == old.type and value == quote(new.name):
                continue
            if offence := census.not_strict(value, new):
                self._refuse(
                    offence,
                    new.name,
                    f"column {new.name} of {self._before.name} holds values that STRICT refuses",
                    f'pass conversions={{"{new.name}": "…"}}, an SQL expression for the values',
                )

    def _count_forms(self) -> dict[str, _Form]:
        """Count in one pass what becomes of the values of every converted column."""
        forms: dict[str, tuple[str, str]] = {}
        conditions = []
        for name in dict.fromkeys(
            [*retyped(self._before, self._after), *self._changes.conversions]
        ):
            old, new, value = self._before.column(name), self._after.column(name), self.value(name)
            if old is None or new is None:
                continue
            kept = quote(name)
            judged = value == kept and not new.hidden
            losing = census.lossy(value, old, new) if judged else None
            changing = (
                census.changed_form(value, old, new)
                if value == kept
                else f"{value} IS NOT {kept} COLLATE BINARY OR typeof({value}) <> typeof({kept})"
            )
            forms[old.name] = losing or "0", new.type
            conditions.append((losing or "0", changing))
        if not forms:
            return {}
        counts = census.tally(self._connection, self._before.name, conditions)
        return {
            name: _Form(losing, type_, lost, changed)
            for (name, (losing, type_)), (lost, changed) in zip(forms.items(), counts, strict=True)
        }

    def _allow_key(self) -> None:
        old_key, new_key = self._before.primary_key, self._after.primary_key
        alias = self._after.rowid_alias
        if alias and fold(alias) != fold(self._before.rowid_alias or ""):
            value = self.value(alias)
            self._refuse(
                f"typeof({value}) <> 'integer' "
                f"AND CAST(CAST({value} AS INTEGER) AS TEXT) IS NOT {value}",
                alias,
                f"column {alias} of {self._before.name} cannot be the INTEGER PRIMARY KEY",
                "an INTEGER PRIMARY KEY takes whole numbers only",
            )
        if not new_key or [fold(one) for one in old_key] == [fold(one) for one in new_key]:
            return
        if offence := census.duplicates(self._connection, self._before, new_key):
            raise OffendingRowsError(
                f"table {self._before.name} has {offence.count} groups of rows that share the key "
                f"({', '.join(new_key)})",
                count=offence.count,
                cause=offence.lines(),
                hint="make them unique first, or add a column to the key",
            )

    def _newly_not_null(self) -> list[str]:
        names = []
        for new in self._after.columns:
            old = self._before.column(new.name)
            asked = fold(new.name) in {fold(name) for name in self._changes.conversions}
            if old is None or not _forbids_null(self._after, new.name):
                continue
            if asked or not _forbids_null(self._before, new.name):
                names.append(new.name)
        return names

    def _refuse(self, condition: str, shown: str, what: str, hint: str) -> None:
        found = census.offences(self._connection, self._before, condition, quote(shown))
        if found:
            rows = "1 row stands" if found.count == 1 else f"{found.count} rows stand"
            raise OffendingRowsError(
                f"{what}: {rows} against it", count=found.count, cause=found.lines(), hint=hint
            )

    def _refuse_lossy(self, condition: str, name: str, type_: str) -> None:
        found = census.offences(self._connection, self._before, condition, quote(name))
        if found:
            values = "1 value" if found.count == 1 else f"{found.count} values"
            raise LossyValuesError(
                f"column {name} of {self._before.name} cannot become {type_ or 'untyped'}: "
                f"{values} would lose information",
                count=found.count,
                cause=found.lines(),
                hint=f'say how: conversions={{"{name}": "…"}} (an SQL expression), or accept it: '
                f'allow_lossy=["{name}"]',
            )

    def late_defaults(self) -> frozenset[str]:
        """Return the columns (folded) that stored rows may leave to the default.

        A row written before its column's ADD COLUMN holds nothing there and reads the default:
        such a row shows the present one. Where no row shows it, none leaves it.
        """
        late = set()
        for new in self._after.columns:
            old = self._before.column(new.name)
            first = fold(self._before.columns[0].name) == fold(new.name)
            if old is None or old.hidden or old.pk or first:
                continue
            now = defaults.read_otherwise(
                defaults.Declared(old, self._before.strict),
                defaults.Declared(new, self._after.strict),
            )
            shows = f"+{quote(old.name)} COLLATE BINARY IS {now}"
            if now is not None and census.any_row(self._connection, self._before.name, shows):
                late.add(fold(old.name))
        return frozenset(late)

    def changed(self) -> dict[str, int]:
        """Return how many values of each converted column are stored in another form."""
        return {name: form.changed for name, form in self._forms.items()}


def _forbids_null(shape: TableShape, name: str) -> bool:
    column = shape.column(name)
    if column is None:
        return False
    keyed = bool(column.pk) and (shape.without_rowid or shape.strict)
    alias = fold(shape.rowid_alias or "") == fold(name)
    return column.not_null or keyed or alias


def _check_expression(check: str) -> str:
    inner = parse_constraint(check).inner
    return check[slice(*inner)] if inner else check
