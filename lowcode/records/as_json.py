"""Rows straight from the driver to JSON: what a page of the API costs is decided here.

The usual way from a column to JSON goes through the SQL type, the field's value and its canonical form; for numbers,
dates and choices that is three objects for one short text. Here each field gets one function from the driver's value
to JSON, worked out once per app version and database. Every function equals ``dump(load(…))``; a test compares them.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable
from decimal import Decimal

import orjson
import sqlalchemy as sa

from lowcode.db import ExactNumber, UtcDateTime
from lowcode.fields.base import Field
from lowcode.fields.subtable import SubtableField
from lowcode.records.catalog import LiveApp

Convert = Callable[[t.Any], t.Any]


@functools.lru_cache(maxsize=1000)
def json_columns(live: LiveApp, codes: frozenset[str], dialect: sa.Dialect) -> JsonColumns:
    """The columns of the fields in ``codes`` and how each driver value becomes JSON."""
    main = live.tables.main
    columns: list[sa.ColumnElement[t.Any]] = [raw(main.c.id), raw(main.c.revision)]
    converters: list[tuple[str, int, Convert | None]] = []
    subtables: list[SubtableField] = []
    for field in live.definition.fields:
        if field.code not in codes or not field.stores_value or not getattr(field, "exported", True):
            continue
        if isinstance(field, SubtableField):
            subtables.append(field)
            continue
        column = main.c[field.column_name]
        short = short_way(field, column.type, dialect)
        converters.append((field.code, len(columns), long_way(field) if short is NONE else short))
        columns.append(column if short is NONE else raw(column))
    return JsonColumns(tuple(columns), tuple(converters), tuple(subtables))


class JsonColumns:
    """What is selected, and how a row becomes ``{"id", "revision", "values"}``."""

    def __init__(
        self, columns: tuple[sa.ColumnElement[t.Any], ...], converters: tuple[tuple[str, int, Convert | None], ...],
        subtables: tuple[SubtableField, ...],
    ) -> None:
        self.columns, self.converters, self.subtables = columns, converters, subtables

    def json(self, row: t.Any) -> dict[str, t.Any]:
        """One row (its subtables are put in afterwards)."""
        return {
            "id": row[0], "revision": row[1],
            "values": {code: row[at] if convert is None else convert(row[at]) for code, at, convert in self.converters},
        }


def raw(column: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    """The column without its SQL type's processing."""
    return sa.type_coerce(column, sa.types.NullType()).label(None)


NONE: t.Final[t.Any] = object()
"""There is no short way."""


def long_way(field: Field) -> Convert:
    """From what the SQL type gives, through the field's value."""
    load, dump = field.load, field.dump
    return lambda stored: dump(load(stored))


def short_way(field: Field, column_type: sa.types.TypeEngine[t.Any], dialect: sa.Dialect) -> Convert | None:
    """From the driver's value to the field's canonical JSON; None when they are the same, ``NONE`` without such a way."""
    plain = field.type_name
    sqlite = dialect.name == "sqlite"
    if plain in ("SINGLE_LINE_TEXT", "MULTI_LINE_TEXT", "RICH_TEXT", "LINK", "SERIAL") and type(field).load is Field.load and type(field).dump is Field.dump:
        return None
    if plain in ("DROP_DOWN", "RADIO_BUTTON"):
        return _choice(field)
    if plain in ("CHECK_BOX", "MULTI_SELECT"):
        one = _choice(field)
        return lambda stored: [one(each) for each in orjson.loads(stored)] if stored else []
    if plain == "DATE":
        return None if sqlite else lambda stored: None if stored is None else stored.isoformat()
    if plain == "NUMBER" and isinstance(column_type, ExactNumber):
        return _scaled(column_type.scale) if sqlite else _decimal
    if plain == "DATETIME" and isinstance(column_type, UtcDateTime) and sqlite:
        return lambda stored: None if stored is None else f"{stored[:16]}:00Z"
    if plain in ("CREATED_TIME", "UPDATED_TIME") and sqlite:
        return lambda stored: None if stored is None else stored.removesuffix(".000000") + "Z"
    return t.cast(Convert, NONE)


def _choice(field: Field) -> Convert:
    keys = {option.id: option.key for option in getattr(field, "options", ())}
    return lambda stored: None if stored is None else keys.get(stored)


def _scaled(scale: int) -> Convert:
    unit = 10**scale

    def text(stored: int | None) -> str | None:
        if stored is None:
            return None
        whole, rest = divmod(abs(stored), unit)
        sign = "-" if stored < 0 else ""
        return f"{sign}{whole}" if not rest else f"{sign}{whole}.{rest:0{scale}d}".rstrip("0")

    return text


def _decimal(stored: Decimal | None) -> str | None:
    if stored is None:
        return None
    text = f"{stored:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text
