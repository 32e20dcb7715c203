"""What some field types can or cannot do, as small subclasses of :class:`Field`."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from lowcode.errors import invalid
from lowcode.fields.context import Context, Tables, Value
from lowcode.fields.field import Field


@dataclass(frozen=True, kw_only=True)
class ManyValued(Field):
    """A field that holds several values: a tuple in memory.

    The main table keeps them as one JSON text, so that a page of records is read with one statement; a side table
    (``record_id``, ``position``, ``value``) with an index on ``value`` answers "is one of".
    """

    operators: t.ClassVar[tuple[str, ...]] = ("in", "not in")
    json_schema: t.ClassVar[Mapping[str, t.Any]] = {"type": "array", "items": {"type": "string"}}
    sortable: t.ClassVar[bool] = False

    # Not a setting here: the side table is always indexed.
    indexed: bool = False

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.Text()

    def element_type(self) -> sa.types.TypeEngine[t.Any]:
        """The SQL type of one value in the side table."""
        return sa.BigInteger()

    def has_index(self) -> bool:
        return False

    def elements(self, value: Value) -> Sequence[t.Any]:
        """What the side table holds for a value, in order."""
        return tuple(value or ())

    def store(self, value: Value) -> Value:
        return orjson.dumps(list(value)).decode() if value else None

    def load(self, stored: t.Any) -> Value:
        return tuple(orjson.loads(stored)) if stored else ()

    def default(self, ctx: Context) -> Value:
        return ()

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return self.dump(value)

    def where(self, operator: str, tables: Tables, operand: t.Any, ctx: Context) -> sa.ColumnElement[bool]:
        if operator in ("in", "not in"):
            operands = list(operand)
            present = [v for v in operands if not self.is_empty(v)]
            side = tables.side(self.id)
            conditions: list[sa.ColumnElement[bool]] = []
            if present:
                conditions.append(tables.main.c.id.in_(sa.select(side.c.record_id).where(side.c.value.in_(present))))
            if len(present) < len(operands):
                conditions.append(self.column(tables).is_(None))
            found = sa.or_(*conditions) if conditions else sa.false()
            return found if operator == "in" else sa.not_(found)
        return super().where(operator, tables, operand, ctx)


@dataclass(frozen=True, kw_only=True)
class Computed(Field):
    """A stored value that the record service derives; never written by people."""

    @property
    def computes(self) -> bool:
        return True


@dataclass(frozen=True, kw_only=True)
class SystemField(Field):
    """A view on a system column of the record table (number, creator, times, status …)."""

    inside_subtable: t.ClassVar[bool] = False
    searchable: t.ClassVar[bool] = False
    system_column: t.ClassVar[str]

    # No settings here (attributes without `setting`): there is no column of its own.
    indexed: bool = False
    stored_as: str = ""

    @property
    def computes(self) -> bool:
        return True

    @property
    def column_name(self) -> str:
        return self.system_column

    def columns(self) -> tuple[sa.Column[t.Any], ...]:
        return ()

    def row_values(self, value: Value) -> dict[str, t.Any]:
        return {}

    def has_index(self) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class Decoration(Field):
    """A part of the form that holds no value."""

    stores_value: t.ClassVar[bool] = False
    searchable: t.ClassVar[bool] = False
    sortable: t.ClassVar[bool] = False
    operators: t.ClassVar[tuple[str, ...]] = ()

    # No settings here (attributes without `setting`): there is no column of its own.
    indexed: bool = False
    stored_as: str = ""

    def row_values(self, value: Value) -> dict[str, t.Any]:
        return {}

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return None

    def where(self, operator: str, tables: Tables, operand: t.Any, ctx: Context) -> sa.ColumnElement[bool]:
        raise invalid("query.operator_not_allowed", operator=operator, field=self.code)
