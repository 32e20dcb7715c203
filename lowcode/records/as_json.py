"""Rows straight from the driver to JSON: what a page of the API costs is decided here.

The usual way from a column to JSON goes through the SQL type, the field's value and its canonical form; for numbers,
dates and choices that is three objects for one short text. Here each field gets one function from the driver's value
to JSON, worked out once per app version and database. Every function equals ``dump(load(…))``; a test compares them.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import orjson
import sqlalchemy as sa

from lowcode.db import ExactNumber, UtcDateTime
from lowcode.fields.base import Field
from lowcode.fields.subtable import SubtableField
from lowcode.records.catalog import LiveApp

Convert = Callable[[t.Any], t.Any]
Column = Callable[[Sequence[t.Any]], Iterable[t.Any]]
"""A page's column at once: most of them are converted without a line of Python per cell."""


@functools.lru_cache(maxsize=1000)
def json_columns(live: LiveApp, codes: frozenset[str], dialect: sa.Dialect) -> JsonColumns:
    """The columns of the fields in ``codes`` and how each driver value becomes JSON."""
    main = live.tables.main
    columns: list[sa.ColumnElement[t.Any]] = [raw(main.c.id), raw(main.c.revision)]
    converters: list[tuple[str, Column | None]] = []
    subtables: list[SubtableField] = []
    for field in live.definition.fields:
        if field.code not in codes or not field.stores_value or not getattr(field, "exported", True):
            continue
        if isinstance(field, SubtableField):
            subtables.append(field)
            continue
        column = main.c[field.column_name]
        short = short_way(field, column.type, dialect)
        converters.append((field.code, by_column(long_way(field)) if short is NONE else short))
        columns.append(column if short is NONE else raw(column))
    return JsonColumns(main, tuple(columns), tuple(converters), tuple(subtables))


class JsonColumns:
    """What is selected, and how a row becomes ``{"id", "revision", "values"}``."""

    def __init__(
        self,
        main: sa.Table,
        columns: tuple[sa.ColumnElement[t.Any], ...],
        converters: tuple[tuple[str, Column | None], ...],
        subtables: tuple[SubtableField, ...],
    ) -> None:
        self.columns, self.subtables = columns, subtables
        self.codes = tuple(code for code, _ in converters)
        self.converters = tuple(convert for _, convert in converters)
        # Built once: SQLAlchemy then knows at once which compiled statement is meant.
        self.select = sa.select(*columns).select_from(main)
        self.select_ids = self.select.where(main.c.id.in_(sa.bindparam("ids", expanding=True)))
        self.select_newest = (
            self.select.order_by(main.c.id.desc()).limit(sa.bindparam("limit")).offset(sa.bindparam("offset"))
        )

    def json(self, rows: Sequence[Sequence[t.Any]]) -> list[dict[str, t.Any]]:
        """Rows as JSON objects (their subtables are put in afterwards)."""
        if not rows:
            return []
        ids, revisions, *cells = zip(*rows, strict=True)
        shown = [
            column if convert is None else convert(column)
            for column, convert in zip(cells, self.converters, strict=True)
        ]
        codes = self.codes
        values = (
            [dict(zip(codes, row, strict=True)) for row in zip(*shown, strict=True)] if shown else [{} for _ in ids]
        )
        return [
            {"id": record_id, "revision": revision, "values": one}
            for record_id, revision, one in zip(ids, revisions, values, strict=True)
        ]


def raw(column: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    """The column without its SQL type's processing."""
    return sa.type_coerce(column, sa.types.NullType()).label(None)


NONE: t.Final[t.Any] = object()
"""There is no short way."""


def long_way(field: Field) -> Convert:
    """From what the SQL type gives, through the field's value."""
    load, dump = field.load, field.dump
    nothing = dump(load(None))
    return lambda stored: nothing if stored is None else dump(load(stored))


def by_column(convert: Convert) -> Column:
    """A function of one value for a whole column."""
    return functools.partial(map, convert)


def short_way(field: Field, column_type: sa.types.TypeEngine[t.Any], dialect: sa.Dialect) -> Column | None:
    """From the driver's values to the canonical JSON; None when they are the same, ``NONE`` without such a way."""
    plain = field.type_name
    sqlite = dialect.name == "sqlite"
    if (
        plain in ("SINGLE_LINE_TEXT", "MULTI_LINE_TEXT", "RICH_TEXT", "LINK", "SERIAL")
        and type(field).load is Field.load
        and type(field).dump is Field.dump
    ):
        return None
    if plain in ("DROP_DOWN", "RADIO_BUTTON"):
        return by_column(_choice(field))
    if plain in ("CHECK_BOX", "MULTI_SELECT"):
        one = _choice(field)
        many: Convert = lambda stored: [one(each) for each in orjson.loads(stored)] if stored else []  # noqa: E731
        return by_column(many)
    if plain == "DATE":
        return None if sqlite else by_column(lambda stored: None if stored is None else stored.isoformat())
    if plain == "NUMBER" and isinstance(column_type, ExactNumber):
        return by_column(_scaled(column_type.scale) if sqlite else _decimal)
    if plain == "DATETIME" and isinstance(column_type, UtcDateTime) and sqlite:
        return lambda column: [None if stored is None else stored[:16] + ":00Z" for stored in column]
    if plain in ("CREATED_TIME", "UPDATED_TIME") and sqlite:
        return lambda column: [None if stored is None else stored.removesuffix(".000000") + "Z" for stored in column]
    return t.cast(Column, NONE)


def _choice(field: Field) -> Convert:
    keys = {option.id: option.key for option in getattr(field, "options", ())}
    return keys.get


def _scaled(scale: int) -> Convert:
    unit = 10**scale

    # The same few numbers come again and again: ages, temperatures, counts.
    @functools.lru_cache(maxsize=4096)
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
