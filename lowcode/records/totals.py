"""Exact totals: sums that neither overflow nor pass through floating point, on both databases."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from lowcode.errors import invalid
from lowcode.fields.base import Field, Tables

SPLIT = 1_000_000_000


class ExactSum(sa.sql.functions.GenericFunction[Decimal]):
    """``SUM`` of an exact number column.

    SQLite keeps decimals as scaled 64-bit integers, and its SUM fails when they overflow: there the high and the
    low part are added apart and come back as one text ``high:low``.
    """

    name = "exact_sum"
    inherit_cache = True


@compiles(ExactSum, "sqlite")
def _sum_on_sqlite(element: ExactSum, compiler: t.Any, **kwargs: t.Any) -> str:
    column = compiler.process(element.clauses, **kwargs)
    return f"(sum({column} / {SPLIT}) || ':' || sum({column} % {SPLIT}))"


@compiles(ExactSum, "postgresql")
def _sum_on_postgresql(element: ExactSum, compiler: t.Any, **kwargs: t.Any) -> str:
    return f"sum({compiler.process(element.clauses, **kwargs)})"


class SummedNumber(sa.TypeDecorator[Decimal]):
    """What :class:`ExactSum` gives, as a Decimal."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, scale: int = 6) -> None:
        super().__init__()
        self.scale = scale

    def process_result_value(self, value: t.Any, dialect: sa.Dialect) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, str) and ":" in value:
            high, low = value.split(":")
            return (Decimal(high) * SPLIT + Decimal(low)).scaleb(-self.scale)
        return Decimal(value)


@dataclass(frozen=True, eq=False)
class Measure:
    """One total: the columns it selects and how their results become its value."""

    columns: tuple[sa.ColumnElement[t.Any], ...]
    value: Callable[[Sequence[t.Any]], t.Any]


def measure(name: str, field: Field | None, tables: Tables) -> Measure:
    """``count`` (no field), ``sum``, ``avg``, ``min`` or ``max`` of a field. Raises :class:`Invalid`."""
    if name == "count":
        return Measure((sa.func.count(sa.distinct(tables.main.c.id)),), lambda r: int(r[0]))
    if field is None or name not in ("sum", "avg", "min", "max"):
        raise invalid("query.unknown_measure", measure=name)
    column = field.column(tables)
    if name in ("min", "max"):
        function = sa.func.min if name == "min" else sa.func.max
        return Measure((function(column, type_=column.type),), lambda r: field.load(r[0]))
    scale = getattr(column.type, "scale", None)
    if scale is None:
        raise invalid("query.unknown_measure", measure=name, field=field.code)
    total: sa.ColumnElement[t.Any] = ExactSum(column, type_=SummedNumber(scale))
    if name == "sum":
        return Measure((total,), lambda r: r[0])
    return Measure((total, sa.func.count(column)), lambda r: r[0] / r[1] if r[1] else None)
