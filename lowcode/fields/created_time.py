"""CREATED_TIME: when the record was made."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from lowcode.db import UtcDateTime
from lowcode.errors import invalid
from lowcode.fields.base import ORDER, SystemField
from lowcode.fields.context import Context, Tables, Value
from lowcode.fields.datetime import DateTimeField, coerce_instant, in_zone, local_text

_INSTANTS = DateTimeField(id=0, code="instants", label="")
"""What people type about a system time is read as any instant."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class SystemTimeField(SystemField):
    """What CREATED_TIME and UPDATED_TIME share: kept to the microsecond, shown and compared by the minute."""

    operators: t.ClassVar[tuple[str, ...]] = ("=", "!=", *ORDER)
    json_schema: t.ClassVar[t.Mapping[str, t.Any]] = {"type": ["string", "null"], "format": "date-time"}

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return UtcDateTime()

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return coerce_instant(raw, seconds=True)

    def dump(self, value: Value) -> t.Any:
        return None if value is None else f"{value.replace(tzinfo=None).isoformat()}Z"

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return _INSTANTS.dump(value) or ""

    def text(self, value: Value, ctx: Context) -> str:
        return "" if value is None else local_text(value, ctx)

    def parse(self, text: str, ctx: Context) -> Value:
        return _INSTANTS.parse(text, ctx)

    def cell(self, value: Value, ctx: Context) -> t.Any:
        return None if value is None else in_zone(value, ctx).replace(tzinfo=None)

    def from_cell(self, raw: t.Any, ctx: Context) -> Value:
        return _INSTANTS.from_cell(raw, ctx)

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        return _INSTANTS.operand(raw, ctx)

    def where(self, operator: str, tables: Tables, operand: t.Any, ctx: Context) -> sa.ColumnElement[bool]:
        """Compares minutes: 14:11:30 is ``=`` and ``<=`` 14:11, and not ``>`` it, as people see it."""
        if operator not in self.operators or not isinstance(operand, datetime):
            return super().where(operator, tables, operand, ctx)
        column, start = self.column(tables), operand.replace(second=0, microsecond=0)
        after = start + _MINUTE
        match operator:
            case "=":
                return sa.and_(column >= start, column < after)
            case "!=":
                return sa.or_(column.is_(None), column < start, column >= after)
            case ">":
                return column >= after
            case "<=":
                return column < after
            case ">=":
                return column >= start
            case "<":
                return column < start
        raise invalid("query.operator_not_allowed", operator=operator, field=self.code)


@dataclass(frozen=True, kw_only=True)
class CreatedTimeField(SystemTimeField):
    """When the record was made."""

    type_name: t.ClassVar[str] = "CREATED_TIME"
    system_column: t.ClassVar[str] = "created_at"
