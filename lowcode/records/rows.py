"""Table rows ↔ values by field code: how a record is read from and written to its tables."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.fields.base import Context, Field, ManyValued, SystemField, Value
from lowcode.fields.lookup import LookupField
from lowcode.fields.subtable import Row, SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.record import Record
from lowcode.records.tables import SYSTEM_COLUMNS, AppTables, RowTables
from lowcode.search.folding import normal
from lowcode.search.index import IndexWriter

SQL_VARIABLES = 900
"""Ids bound in one statement; SQLite's older default limit is 999."""


def chunks(items: Sequence[t.Any], size: int = SQL_VARIABLES) -> Iterable[Sequence[t.Any]]:
    """``items`` in pieces of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


@dataclass(frozen=True, eq=False)
class Selection:
    """Which fields are read: the columns to select and how each becomes a value. Made once per app version."""

    columns: tuple[sa.ColumnElement[t.Any], ...]
    loaders: tuple[tuple[str, int, Callable[[t.Any], Value] | None], ...]
    subtables: tuple[SubtableField, ...]

    @functools.cached_property
    def by_ids(self) -> sa.Select[t.Any]:
        """The rows of ``:ids``, built once: SQLAlchemy then knows at once which compiled statement is meant."""
        return sa.select(*self.columns).where(self.columns[0].in_(sa.bindparam("ids", expanding=True)))

    @functools.cached_property
    def locking(self) -> sa.Select[t.Any]:
        """The same, locked in the order of their ids."""
        return self.by_ids.order_by(self.columns[0]).with_for_update()

    def record(self, row: Sequence[t.Any]) -> dict[str, Value]:
        """Values by code from one selected row (subtables are filled in afterwards)."""
        return {code: row[at] if load is None else load(row[at]) for code, at, load in self.loaders}


def _loader(field: Field) -> Callable[[t.Any], Value] | None:
    plain = type(field).load is Field.load
    return None if plain else field.load


@functools.lru_cache(maxsize=2000)
def selection(live: LiveApp, codes: frozenset[str]) -> Selection:
    """The selection of the fields in ``codes`` (inner codes select nothing: a table is read whole)."""
    definition, tables = live.definition, live.tables
    columns: list[sa.ColumnElement[t.Any]] = [tables.main.c[name] for name in SYSTEM_COLUMNS]
    position = {name: at for at, name in enumerate(SYSTEM_COLUMNS)}
    loaders: list[tuple[str, int, Callable[[t.Any], Value] | None]] = []
    subtables: list[SubtableField] = []
    for field in definition.fields:
        if field.code not in codes or not field.stores_value:
            continue
        if isinstance(field, SubtableField):
            subtables.append(field)
            continue
        if field.column_name not in position:
            position[field.column_name] = len(columns)
            columns.append(tables.main.c[field.column_name])
        loaders.append((field.code, position[field.column_name], _loader(field)))
    return Selection(tuple(columns), tuple(loaders), tuple(subtables))


def to_record(selected: Selection, row: Sequence[t.Any]) -> Record:
    """One record from a row that begins with the system columns."""
    values = selected.record(row)
    for subtable in selected.subtables:
        values[subtable.code] = ()
    return Record(
        id=row[0],
        revision=row[1],
        created_at=row[2],
        created_by=row[3],
        updated_at=row[4],
        updated_by=row[5],
        status=row[6],
        values=values,
    )


def read_rows(
    connection: sa.Connection, tables: AppTables, subtable: SubtableField, record_ids: Sequence[int]
) -> dict[int, tuple[Row, ...]]:
    """The rows of one subtable of many records: one statement per 900 records."""
    part = tables.rows[subtable.id]
    stored = [f for f in subtable.fields if f.stores_value]
    loaders = [(f.code, at + 2, _loader(f)) for at, f in enumerate(stored)]
    columns = [part.main.c.id, part.main.c.record_id, *[part.main.c[f.column_name] for f in stored]]
    found: dict[int, list[Row]] = {}
    for ids in chunks(record_ids):
        statement = (
            sa.select(*columns)
            .where(part.main.c.record_id.in_(ids))
            .order_by(part.main.c.record_id, part.main.c.position, part.main.c.id)
        )
        for row in connection.execute(statement):
            values = {code: row[at] if load is None else load(row[at]) for code, at, load in loaders}
            found.setdefault(row[1], []).append(Row(id=row[0], values=values))
    return {record_id: tuple(rows) for record_id, rows in found.items()}


def with_rows(
    connection: sa.Connection, tables: AppTables, selected: Selection, records: Sequence[Record]
) -> Sequence[Record]:
    """Fill the subtables of ``records`` in: one statement per subtable, whatever the page shows."""
    if records and selected.subtables:
        ids = [r.id for r in records]
        for subtable in selected.subtables:
            rows = read_rows(connection, tables, subtable, ids)
            for record in records:
                t.cast(dict[str, Value], record.values)[subtable.code] = rows.get(record.id, ())
    return records


class RowWriter:
    """Collects what one save writes to the tables of records (or of rows) and executes it in few statements."""

    def __init__(
        self,
        connection: sa.Connection,
        tables: RowTables,
        fields: Sequence[Field],
        index: IndexWriter | None = None,
    ) -> None:
        """:param index: of the records; None for the rows of a subtable, which are indexed with their record."""
        self.connection, self.tables, self.index = connection, tables, index
        self.fields = [f for f in fields if f.stores_value and not isinstance(f, SystemField | SubtableField)]
        self.lookups = [f for f in self.fields if isinstance(f, LookupField)]
        self.searched = [f for f in self.fields if tables.search is not None and f.column_name in tables.search.c]
        self.many = [f for f in self.fields if isinstance(f, ManyValued) and f.id in tables.sides]
        self.inserts: list[dict[str, t.Any]] = []
        self.updates: dict[tuple[str, ...], list[dict[str, t.Any]]] = {}
        self.search_inserts: list[dict[str, t.Any]] = []
        self.search_updates: dict[tuple[str, ...], list[dict[str, t.Any]]] = {}
        self.side_inserts: dict[int, list[dict[str, t.Any]]] = {}
        self.side_deletes: dict[int, list[int]] = {}
        self.deleted: list[int] = []

    def insert(
        self,
        row_id: int,
        system: Mapping[str, t.Any],
        values: Mapping[str, Value],
        sources: Mapping[str, int | None],
        ctx: Context,
    ) -> None:
        """A new row with an id taken beforehand."""
        self.inserts.append({"id": row_id, **system, **self._columns(values, sources)})
        searched = self._search(values, ctx)
        self.search_inserts.append({"id": row_id, **searched})
        if self.index is not None:
            self.index.put(row_id, normal_texts(searched), new=True)
        for field in self.many:
            self._side(field, row_id, values.get(field.code, ()))

    def update(
        self,
        row_id: int,
        system: Mapping[str, t.Any],
        values: Mapping[str, Value],
        sources: Mapping[str, int | None],
        ctx: Context,
    ) -> None:
        """Changed values of an existing row (only those in ``values``)."""
        stored = {**system, **self._columns(values, sources)}
        if stored:
            self.updates.setdefault(tuple(sorted(stored)), []).append({"_id": row_id, **stored})
        searched = self._search(values, ctx)
        if searched:
            self.search_updates.setdefault(tuple(sorted(searched)), []).append({"_id": row_id, **searched})
            if self.index is not None:
                self.index.put(row_id, normal_texts(searched))
        for field in self.many:
            if field.code in values:
                self.side_deletes.setdefault(field.id, []).append(row_id)
                self._side(field, row_id, values[field.code])

    def delete(self, row_id: int) -> None:
        """Remove a row with everything that belongs to it."""
        self.deleted.append(row_id)
        if self.index is not None:
            self.index.delete(row_id)

    def _columns(self, values: Mapping[str, Value], sources: Mapping[str, int | None]) -> dict[str, t.Any]:
        stored: dict[str, t.Any] = {}
        for field in self.fields:
            if field.code in values:
                stored |= field.row_values(values[field.code])
        for lookup in self.lookups:
            if lookup.code in sources:
                stored[lookup.source_column] = sources[lookup.code]
        return stored

    def _search(self, values: Mapping[str, Value], ctx: Context) -> dict[str, str | None]:
        return {
            f.column_name: (f.search_text(values[f.code], ctx) or None) if values[f.code] is not None else None
            for f in self.searched
            if f.code in values
        }

    def _side(self, field: ManyValued, row_id: int, value: Value) -> None:
        for position, element in enumerate(field.elements(value)):
            self.side_inserts.setdefault(field.id, []).append(
                {"record_id": row_id, "position": position, "value": element}
            )

    def flush(self) -> None:
        """Execute everything, deletions first."""
        run = self.connection.execute
        main, search = self.tables.main, self.tables.search
        for ids in chunks(self.deleted):
            run(sa.delete(main).where(main.c.id.in_(ids)))
            if search is not None:
                run(sa.delete(search).where(search.c.id.in_(ids)))
            for side in self.tables.sides.values():
                run(sa.delete(side).where(side.c.record_id.in_(ids)))
        for field_id, row_ids in self.side_deletes.items():
            side = self.tables.side(field_id)
            for ids in chunks(row_ids):
                run(sa.delete(side).where(side.c.record_id.in_(ids)))
        if self.inserts:
            run(sa.insert(main), _same_keys(self.inserts))
        for keys, rows in self.updates.items():
            run(
                sa.update(main).where(main.c.id == sa.bindparam("_id")).values({k: sa.bindparam(k) for k in keys}), rows
            )
        if search is not None:
            if self.search_inserts:
                run(sa.insert(search), _same_keys(self.search_inserts))
            for keys, rows in self.search_updates.items():
                run(
                    sa.update(search)
                    .where(search.c.id == sa.bindparam("_id"))
                    .values({k: sa.bindparam(k) for k in keys}),
                    rows,
                )
        for field_id, rows in self.side_inserts.items():
            run(sa.insert(self.tables.side(field_id)), rows)


def normal_texts(folded: Mapping[str, str | None]) -> dict[str, str]:
    """Folded texts by column as the search index keeps them."""
    return {name: _once(normal(text)) if text else "" for name, text in folded.items()}


def _once(text: str) -> str:
    """A telephone number is folded twice, with its signs and without; its digits are indexed once."""
    before, _, last = text.rpartition(" ")
    return before if len(last) > 5 and last.isdecimal() and before.replace(" ", "") == last else text


def _same_keys(rows: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    # executemany takes its columns from the first row: every row must name the same ones.
    keys = dict.fromkeys(key for row in rows for key in row)
    if all(len(row) == len(keys) for row in rows):
        return rows
    return [{key: row.get(key) for key in keys} for row in rows]


def next_ids(connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Take ``count`` new ids that were never used before; the caller is inside a write transaction."""
    if count == 0:
        return []
    if connection.dialect.name == "sqlite":
        # Safe because a write transaction is the only writer; AUTOINCREMENT keeps the highest id ever used.
        last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        start = int(last or 0) + 1
        return list(range(start, start + count))
    statement = sa.text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return [int(i) for i in connection.scalars(statement, {"name": table.name, "count": count})]
