"""One comparison in SQL: true or false, never unknown, and the same on both databases."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Decimal
from decimal import Context as DecimalContext

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from lowcode.db import ExactNumber
from lowcode.fields.base import Context, Field, ManyValued
from lowcode.query.functions import Span
from lowcode.query.resolve import Leaf

Condition = sa.ColumnElement[bool]

_CHUNK = 100
_DIGITS: t.Final = DecimalContext(prec=120)
_LARGEST_UNITS: t.Final = 4 * 10**18
_BLANKS = " \t\r\n\u3000"


class bracketed(sa.sql.functions.GenericFunction[bool]):
    """``bracketed(condition)``: the condition in brackets that SQLAlchemy does not take off again."""

    inherit_cache = True
    type = sa.Boolean()


@compiles(bracketed)
def _bracketed(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    return f"({compiler.process(element.clauses, **kwargs)})"


def joined(operator: t.Any, parts: Sequence[Condition]) -> Condition:
    """Parts joined in groups: SQLite allows expressions a thousand deep and reads a long ``or`` as deep."""
    while len(parts) > _CHUNK:
        parts = [bracketed(operator(*parts[at : at + _CHUNK])) for at in range(0, len(parts), _CHUNK)]
    return t.cast(Condition, parts[0] if len(parts) == 1 else operator(*parts))


def predicate(leaf: Leaf, tables: t.Any, ctx: Context) -> Condition:
    """One comparison on one row (or record) of ``tables``; never NULL."""
    match leaf.kind:
        case "id":
            return _simple(tables.main.c.id, leaf.operator, leaf.values)
        case "status":
            return _simple(tables.main.c.status, leaf.operator, leaf.values)
        case "number":
            return _numbers(leaf, tables)
        case "date" | "instant":
            return _spans(t.cast(Field, leaf.field).column(tables), leaf)
    return _by_type(leaf, t.cast(Field, leaf.field), tables, ctx)


def _by_type(leaf: Leaf, field: Field, tables: t.Any, ctx: Context) -> Condition:
    """What the field's type says, made safe to negate."""
    operator, column = leaf.operator, field.column(tables)
    if operator in ("like", "not like") and not leaf.values[0]:
        return sa.true() if operator == "like" else sa.false()  # every text holds the empty one
    if operator == "is empty":
        return _is_blank(column)
    if operator == "is not empty":
        return sa.not_(_is_blank(column))
    if operator in ("in", "not in"):
        found = field.where(operator, tables, list(leaf.values), ctx)
    else:
        found = field.where(operator, tables, leaf.values[0], ctx)
    if field.type_name == "STATUS_ASSIGNEE":
        return sa.func.coalesce(found, sa.false())
    if operator in ("=", "in", ">", "<", ">=", "<=") and not isinstance(field, ManyValued) and None not in leaf.values:
        return sa.and_(column.is_not(None), found)
    return found


def _is_blank(column: sa.ColumnElement[t.Any]) -> Condition:
    """Nothing there, or nothing but white space."""
    if isinstance(column.type, sa.String):
        return sa.or_(column.is_(None), sa.func.trim(column, _BLANKS) == "")
    return column.is_(None)


def _simple(column: sa.ColumnElement[t.Any], operator: str, values: Sequence[t.Any]) -> Condition:
    """Comparison of a whole-number column."""
    if operator == "in":
        return _one_of(column, values)
    if operator == "not in":
        return sa.not_(_one_of(column, values))
    value = values[0]
    if operator in ("=", "!="):
        found = _one_of(column, [value])
        return found if operator == "=" else sa.not_(found)
    return sa.false() if value is None else _present(column, _COMPARE[operator](column, value))


def _one_of(column: sa.ColumnElement[t.Any], values: Sequence[t.Any]) -> Condition:
    present = [value for value in values if value is not None]
    ways: list[Condition] = []
    if present:
        ways.append(_present(column, column.in_(present) if len(present) > 1 else column == present[0]))
    if len(present) < len(values):
        ways.append(column.is_(None))
    return joined(sa.or_, ways) if ways else sa.false()


def _present(column: sa.ColumnElement[t.Any], found: Condition) -> Condition:
    """A comparison that is false, not unknown, where nothing is entered."""
    if isinstance(column, sa.Column) and not column.nullable:
        return found
    return sa.and_(column.is_not(None), found)


_COMPARE: t.Final[dict[str, Callable[[t.Any, t.Any], Condition]]] = {
    ">": lambda column, value: column > value,
    "<": lambda column, value: column < value,
    ">=": lambda column, value: column >= value,
    "<=": lambda column, value: column <= value,
}


def _numbers(leaf: Leaf, tables: t.Any) -> Condition:
    """Exact comparison, also with more places than the column keeps: ``> 0.5`` of whole numbers is ``> 0``."""
    field = t.cast(Field, leaf.field)
    column, scale = field.column(tables), t.cast(ExactNumber, field.column_type()).scale
    operator = leaf.operator
    if operator in ("is empty", "is not empty"):
        return column.is_(None) if operator == "is empty" else column.is_not(None)
    if operator in ("=", "!=", "in", "not in"):
        wanted = [value if value is None else _units(value, scale) for value in leaf.values]
        found = _one_of(column, [None if w is None else w[0] for w in wanted if w is None or w[1]])
        return found if operator in ("=", "in") else sa.not_(found)
    if leaf.values[0] is None:
        return sa.false()
    value, exact = _units(leaf.values[0], scale)
    if not exact:
        operator = {">=": ">", "<": "<="}.get(operator, operator)
    return _present(column, _COMPARE[operator](column, value))


def _units(value: Decimal, scale: int) -> tuple[Decimal, bool]:
    """The largest number of ``scale`` places that is not above ``value``, and whether it is ``value``.

    Numbers beyond what a column can hold become one just outside: they compare the same and can be bound.
    """
    if value.is_zero():
        return Decimal(0), True
    if value.adjusted() > 18:
        return Decimal(_LARGEST_UNITS if value > 0 else -_LARGEST_UNITS).scaleb(-scale), False
    units = _DIGITS.scaleb(value, scale)
    whole = units.to_integral_value(ROUND_FLOOR)
    if abs(whole) > _LARGEST_UNITS:
        return Decimal(_LARGEST_UNITS if value > 0 else -_LARGEST_UNITS).scaleb(-scale), False
    return whole.scaleb(-scale), whole == units


def _spans(column: sa.ColumnElement[t.Any], leaf: Leaf) -> Condition:
    """Comparison with days and minutes: each is a span, half open."""
    operator = leaf.operator
    if operator in ("is empty", "is not empty"):
        return column.is_(None) if operator == "is empty" else column.is_not(None)
    if operator in ("=", "in", "!=", "not in"):
        inside = joined(sa.or_, [_inside(column, span) for span in leaf.values]) if leaf.values else sa.false()
        return inside if operator in ("=", "in") else sa.not_(inside)
    span: Span | None = leaf.values[0] if leaf.values else None
    if span is None:
        return sa.false()
    edge = span.start if operator in ("<", ">=") else span.end
    if edge is None:
        # Beyond the calendar: nothing is before its beginning or after its end, and everything is within.
        return column.is_not(None) if operator in (">=", "<=") else sa.false()
    return _present(column, column < edge if operator in ("<", "<=") else column >= edge)


def _inside(column: sa.ColumnElement[t.Any], span: Span | None) -> Condition:
    if span is None:
        return column.is_(None)
    if (
        isinstance(column.type, sa.Date)
        and span.start is not None
        and span.end is not None
        and (span.end - span.start).days == 1
    ):
        return _present(column, column == span.start)
    edges: list[Condition] = [column.is_not(None)]
    if span.start is not None:
        edges.append(column >= span.start)
    if span.end is not None:
        edges.append(column < span.end)
    return sa.and_(*edges)


class scaled(sa.sql.functions.GenericFunction[Decimal]):
    """``scaled(number, factor)``: a number of few places as the database keeps one of many."""

    inherit_cache = True
    type = sa.Numeric()


@compiles(scaled, "sqlite")
def _scaled_sqlite(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    number, factor = element.clauses
    return f"({compiler.process(number, **kwargs)} * {compiler.process(factor, **kwargs)})"


@compiles(scaled, "postgresql")
def _scaled_postgresql(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    return str(compiler.process(next(iter(element.clauses)), **kwargs))


def same(own: sa.ColumnElement[t.Any], other: sa.ColumnElement[t.Any]) -> Condition:
    """Equality of two columns; SQLite keeps decimals as integers of possibly different scale."""
    scales = [column.type.scale if isinstance(column.type, ExactNumber) else 0 for column in (own, other)]
    numbers = any(isinstance(column.type, ExactNumber) for column in (own, other))
    if not numbers or scales[0] == scales[1]:
        return own == other
    if scales[0] < scales[1]:
        return scaled(own, _factor(scales[1] - scales[0])) == other
    return own == scaled(other, _factor(scales[0] - scales[1]))


def _factor(places: int) -> sa.ColumnElement[int]:
    # Part of the text and not a bound value: it belongs to the columns, and statements are cached by their text.
    return sa.literal_column(str(10**places), sa.Integer())
