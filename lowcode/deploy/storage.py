"""Where the values of each field are kept: which columns go on, and which fields need a new one.

A column never changes its type. A field whose values are stored differently from now on gets a new column
(``f12_2``), which the deploy fills from the old one; ``column`` in the definition remembers it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Field, ManyValued, SystemField
from lowcode.fields.subtable import SubtableField
from lowcode.search.index import parts_of

_FAMILIES: t.Final[Mapping[str, str]] = {
    "RADIO_BUTTON": "one option",
    "DROP_DOWN": "one option",
    "CHECK_BOX": "options",
    "MULTI_SELECT": "options",
}
"""Types whose stored values mean the same, so that one may become the other in place."""
_POSTGRESQL: t.Final = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """Values that have to be carried from one column to another."""

    subtable_id: int | None
    """The subtable in whose rows the field stands; None for the record itself."""
    old: Field
    new: Field
    back: Field | None = None
    """The field as an earlier version had it, stored as ``new`` will be: values that nobody changed since then
    come back in their first form, even those that the change in between could not convert."""

    @property
    def possible(self) -> bool:
        """Whether there is a way at all; if not, the new column starts empty and the old one stays."""
        return self.new.convert_from(self.old) is not None


def shape(field: Field) -> tuple[str, ...]:
    """How values are stored, as words: equal shapes share a column."""
    columns = field.columns()
    if not columns:
        return ()
    first = columns[0].type.compile(dialect=_POSTGRESQL)
    element = field.element_type().compile(dialect=_POSTGRESQL) if isinstance(field, ManyValued) else ""
    return (_FAMILIES.get(field.type_name, field.type_name), str(first), str(element))


def has_column(field: Field) -> bool:
    """Whether the field has a column of its own in the table of its records or rows."""
    return bool(field.columns()) and not isinstance(field, SystemField | SubtableField)


class Existing:
    """The tables and columns that are there now, read once."""

    def __init__(self, connection: sa.Connection, app_id: int) -> None:
        inspector = sa.inspect(connection)
        prefix = f"app_{app_id}"
        grams = f"{prefix}_grams"
        own = {grams, *parts_of(grams)}
        names = [n for n in inspector.get_table_names() if n == prefix or n.startswith(f"{prefix}_")]
        self.dialect = connection.dialect
        self.columns: dict[str, dict[str, str]] = {
            name: {c["name"]: self._words(c["type"]) for c in inspector.get_columns(name)}
            for name in names
            if name not in own
        }
        if grams in names:
            self.columns[grams] = {}  # its columns have no types on SQLite, and never change

    def _words(self, kind: sa.types.TypeEngine[t.Any]) -> str:
        return str(kind.compile(dialect=self.dialect)).split(" COLLATE")[0].upper()

    def has(self, table: str, column: str | None = None) -> bool:
        """Whether the table, or the column in it, is there."""
        found = self.columns.get(table)
        return found is not None and (column is None or column in found)

    def fits(self, table: str, column: sa.Column[t.Any]) -> bool:
        """Whether the column is there with the type that it should have."""
        return self.columns.get(table, {}).get(column.name) == self._words(column.type)


def place(
    definition: AppDefinition,
    ancestors: Mapping[int, tuple[Field, int | None]],
    used: frozenset[str],
    existing: Existing,
    app_id: int,
) -> tuple[AppDefinition, tuple[Conversion, ...]]:
    """The definition with every field's column settled, and the values to carry over.

    :param ancestors: each field as the live version has it, or else the newest version that did.
    :param used: columns of any version; what is there beside them is left over from a broken deploy and is taken
        again where it fits.
    """
    conversions: list[Conversion] = []

    def settled(field: Field, subtable_id: int | None) -> Field:
        if not has_column(field):
            return field
        table = f"app_{app_id}" if subtable_id is None else f"app_{app_id}_t{subtable_id}"
        old, home = ancestors.get(field.id, (None, None))
        if old is not None and has_column(old) and home == subtable_id and shape(old) == shape(field):
            return replace(field, stored_as=old.stored_as)
        made = _free_column(field, table, used, existing)
        if old is not None and has_column(old) and home == subtable_id:
            conversions.append(Conversion(subtable_id=subtable_id, old=old, new=made))
        return made

    fields: list[Field] = []
    for field in definition.fields:
        if isinstance(field, SubtableField):
            field = replace(field, fields=tuple(settled(inner, field.id) for inner in field.fields))
        fields.append(settled(field, None))
    return replace(definition, fields=tuple(fields)), tuple(conversions)


def _free_column(field: Field, table: str, used: frozenset[str], existing: Existing) -> Field:
    number = 1
    while True:
        name = f"f{field.id}" if number == 1 else f"f{field.id}_{number}"
        made = replace(field, stored_as="" if number == 1 else name)
        number += 1
        if name in used:
            continue
        if all(not existing.has(table, c.name) or existing.fits(table, c) for c in made.columns()):
            side = f"{table}_{name}"
            if (
                not isinstance(made, ManyValued)
                or not existing.has(side)
                or existing.fits(side, sa.Column("value", made.element_type()))
            ):
                return made
