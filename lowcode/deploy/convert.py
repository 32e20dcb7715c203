"""Values of a field that changes its type: carried over in batches, and those that cannot be, listed beforehand."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.deploy.storage import Conversion
from lowcode.errors import Invalid
from lowcode.fields.base import Context, Field, ManyValued, Value
from lowcode.records.rows import normal_texts
from lowcode.records.tables import AppTables, RowTables
from lowcode.search.index import IndexTables, IndexWriter

BATCH: t.Final = 500
MAX_LISTED: t.Final = 100
"""Different values that the list of what does not convert holds at most."""
MAX_EXAMPLES: t.Final = 20


@dataclass(frozen=True, kw_only=True)
class Unconvertible:
    """A value that does not convert: it is empty afterwards, and stays in the old column."""

    field_id: int
    code: str
    label: str
    value: str
    count: int
    record_ids: tuple[int, ...]
    """The first records that hold it."""


@dataclass(frozen=True, eq=False)
class Carrier:
    """One conversion with the tables it works on: old shape to read from, new shape to write to."""

    conversion: Conversion
    source: RowTables
    target: RowTables
    index: IndexTables
    """Of the records, also where the rows of a subtable are carried."""

    @property
    def owner(self) -> sa.Column[t.Any]:
        """The column that names the record of a row."""
        return self.source.main.c["id" if self.conversion.subtable_id is None else "record_id"]

    def rows(self, connection: sa.Connection, after: int, limit: int) -> Sequence[t.Any]:
        """(row id, record id, stored value) of the rows behind ``after``."""
        return connection.execute(self._select().where(self.source.main.c.id > after).limit(limit)).all()

    def rows_of(self, connection: sa.Connection, record_ids: Sequence[int]) -> Sequence[t.Any]:
        """The rows of these records."""
        return connection.execute(self._select().where(self.owner.in_(record_ids))).all()

    def _select(self) -> sa.Select[t.Any]:
        main = self.source.main
        old, back = self.conversion.old, self.conversion.back
        columns = [main.c.id, self.owner.label("owner"), main.c[old.column_name].label("old")]
        if back is not None:
            # The live tables do not know this column any more; the database still has it.
            columns.append(sa.column(back.column_name, back.column_type(), _selectable=main).label("back"))
        return sa.select(*columns).order_by(main.c.id)

    def converter(self, ctx: Context) -> Callable[[t.Any], Value]:
        """A function from a row of :meth:`rows` to the new value. It raises :class:`Invalid`."""
        old, new, back = self.conversion.old, self.conversion.new, self.conversion.back
        convert = new.convert_from(old)
        forward = old.convert_from(back) if back is not None else None
        if convert is None:
            return lambda row: _nothing(new)

        def converted(row: t.Any) -> Value:
            value = old.load(row.old)
            if back is not None and forward is not None:
                first = back.load(row.back)
                if not back.is_empty(first) and _same(old, _attempt(old, forward, first, ctx), value):
                    return first  # nobody changed it since it was converted
            return _nothing(new) if old.is_empty(value) else convert(value, ctx)

        return converted

    def carry(self, connection: sa.Connection, rows: Sequence[t.Any], ctx: Context) -> None:
        """Write the new column, its side table and its search text for ``rows``; repeatable."""
        new, main = self.conversion.new, self.target.main
        convert = self.converter(ctx)
        values: dict[int, Value] = {}
        for row in rows:
            try:
                values[row.id] = convert(row)
            except Invalid:
                values[row.id] = _nothing(new)
        if not values:
            return
        stored = {number: new.row_values(value) for number, value in values.items()}
        names = list(next(iter(stored.values())))
        connection.execute(
            sa.update(main)
            .where(main.c.id == sa.bindparam("row"))
            .values({name: sa.bindparam(f"new_{name}", type_=main.c[name].type) for name in names}),
            [{"row": n, **{f"new_{name}": found[name] for name in names}} for n, found in stored.items()],
        )
        if isinstance(new, ManyValued):
            self._write_side(connection, new, values)
        self._write_search(connection, new, values, ctx)
        self._write_index(connection, new, {row.id: row.owner for row in rows if row.id in values})

    def _write_side(self, connection: sa.Connection, new: ManyValued, values: dict[int, Value]) -> None:
        side = self.target.side(new.id)
        connection.execute(sa.delete(side).where(side.c.record_id.in_(list(values))))
        rows = [
            {"record_id": number, "position": position, "value": element}
            for number, value in values.items()
            for position, element in enumerate(new.elements(value))
        ]
        if rows:
            connection.execute(sa.insert(side), rows)

    def _write_search(self, connection: sa.Connection, new: Field, values: dict[int, Value], ctx: Context) -> None:
        search = self.target.search
        if search is None or new.column_name not in search.c:
            return
        connection.execute(
            sa.update(search)
            .where(search.c.id == sa.bindparam("row"))
            .values({new.column_name: sa.bindparam("folded", type_=search.c[new.column_name].type)}),
            [{"row": number, "folded": new.search_text(value, ctx) or None} for number, value in values.items()],
        )

    def _write_index(self, connection: sa.Connection, new: Field, owners: dict[int, int]) -> None:
        main, search, name = self.target.main, self.target.search, new.column_name
        if search is None or name not in search.c:
            return
        records = sorted(set(owners.values()))
        of_rows = self.conversion.subtable_id is not None
        owner = main.c.record_id if of_rows else main.c.id
        place = [main.c.position] if of_rows else []
        statement = (
            sa.select(owner.label("owner"), search.c[name].label("folded"))
            .join(search, search.c.id == main.c.id)
            .where(owner.in_(records))
            .order_by(owner, *place, main.c.id)
        )
        texts: dict[int, list[str]] = {number: [] for number in records}
        for row in connection.execute(statement):
            texts[row.owner] += filter(None, normal_texts({name: row.folded}).values())
        index = IndexWriter(connection, self.index)
        for number, found in texts.items():
            index.put(number, {name: "\n".join(found)})
        index.flush()


def _nothing(field: Field) -> Value:
    return () if isinstance(field, ManyValued) else None


def _attempt(field: Field, convert: Callable[[Value, Context], Value], value: Value, ctx: Context) -> Value:
    try:
        return convert(value, ctx)
    except Invalid:
        return _nothing(field)


def _same(field: Field, one: Value, other: Value) -> bool:
    return bool(one == other) or (field.is_empty(one) and field.is_empty(other))


def carriers(old_tables: AppTables, new_tables: AppTables, conversions: Sequence[Conversion]) -> tuple[Carrier, ...]:
    """The conversions with their tables, those without a way left out."""
    found = []
    for conversion in conversions:
        if not conversion.possible:
            continue
        if conversion.subtable_id is None:
            found.append(Carrier(conversion, old_tables, new_tables, new_tables.index))
        else:
            number = conversion.subtable_id
            found.append(Carrier(conversion, old_tables.rows[number], new_tables.rows[number], new_tables.index))
    return tuple(found)


def batches(
    connection_of: Callable[[], t.ContextManager[sa.Connection]], carrier: Carrier, ctx: Context
) -> Iterator[int]:
    """Carry everything over, one short transaction a batch; yields how many rows each took."""
    after = 0
    while True:
        with connection_of() as connection:
            rows = carrier.rows(connection, after, BATCH)
            carrier.carry(connection, rows, ctx)
        if not rows:
            return
        after = rows[-1].id
        yield len(rows)


def unconvertible(connection: sa.Connection, carrier: Carrier, ctx: Context) -> tuple[Unconvertible, ...]:
    """The values that do not convert, the most frequent first; reads every row once and writes nothing."""
    old, new = carrier.conversion.old, carrier.conversion.new
    convert = carrier.converter(ctx)
    found: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    after = 0
    while rows := carrier.rows(connection, after, BATCH):
        after = rows[-1].id
        for row in rows:
            try:
                convert(row)
            except Invalid:
                shown = old.text(old.load(row.old), ctx)[:200]
                counts[shown] = counts.get(shown, 0) + 1
                examples = found.setdefault(shown, [])
                if len(examples) < MAX_EXAMPLES:
                    examples.append(row.owner)
    ordered = sorted(counts, key=lambda value: (-counts[value], value))[:MAX_LISTED]
    return tuple(
        Unconvertible(
            field_id=new.id,
            code=new.code,
            label=new.label,
            value=value,
            count=counts[value],
            record_ids=tuple(found[value]),
        )
        for value in ordered
    )
