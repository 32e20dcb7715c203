"""Deleting what retired fields left behind, for good: the one place where columns and tables are dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.deploy import versions
from lowcode.deploy.apply import operations
from lowcode.deploy.locks import alone, deploying, patiently
from lowcode.errors import Conflict
from lowcode.records import indexing
from lowcode.records.tables import tables_for
from lowcode.search.index import parts_of


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A column or table that the live version does not use."""

    table: str
    column: str | None
    """None: the whole table."""
    label: str
    """The field's label in the newest version that had it; the bare name when no version had it."""
    filled: int
    """How many rows hold something."""


def leftovers(connection: sa.Connection, app: int | str) -> tuple[Leftover, ...]:
    """What a purge of the app would delete, with how much it holds."""
    row = versions.app_row(connection, app)
    if row.live_version is None:
        return ()
    live = tables_for(row.id, versions.definition_of(connection, row.id, row.live_version))
    wanted = {table.name: {column.name for column in table.columns} for table in live.all()}
    kept = parts_of(live.index.grams.name)
    labels = versions.labels_of_columns(connection, row.id)
    inspector = sa.inspect(connection)
    prefix = f"app_{row.id}"
    found = []
    for name in sorted(n for n in inspector.get_table_names() if n == prefix or n.startswith(f"{prefix}_")):
        if name in kept:
            continue
        if name not in wanted:
            found.append(Leftover(table=name, column=None, label=_label(labels, name), filled=_rows(connection, name)))
            continue
        for column in inspector.get_columns(name):
            if column["name"] not in wanted[name]:
                found.append(
                    Leftover(
                        table=name,
                        column=column["name"],
                        label=labels.get(column["name"], column["name"]),
                        filled=_rows(connection, name, column["name"]),
                    )
                )
    return tuple(found)


def _label(labels: Mapping[str, str], table: str) -> str:
    """``app_3_f12`` and ``app_3_t7_search`` belong to the fields 12 and 7."""
    for part in table.split("_")[2:]:
        if part[1:].isdigit():
            return labels.get(f"f{part[1:]}", table)
    return table


def _rows(connection: sa.Connection, table: str, column: str | None = None) -> int:
    found = sa.table(table, sa.column(column)) if column else sa.table(table)
    statement = sa.select(sa.func.count()).select_from(found)
    if column:
        statement = statement.where(found.c[column].is_not(None))
    return connection.scalar(statement) or 0


def purge(engine: sa.Engine, app: int | str, expected: tuple[Leftover, ...]) -> None:
    """Delete exactly what ``expected`` lists (what a person saw and agreed to), in one transaction.

    Versions that had these fields can still be gone back to; the fields are then empty.
    :raises Conflict: something else is left over by now.
    """

    def work(connection: sa.Connection) -> None:
        alone(connection)
        present = {(item.table, item.column) for item in leftovers(connection, app)}
        if present != {(item.table, item.column) for item in expected}:
            raise Conflict("deploy.leftovers_changed")
        op = operations(connection)
        for item in expected:
            if item.column is None:
                op.drop_table(item.table)
                continue
            for index in sa.inspect(connection).get_indexes(item.table):
                # SQLite refuses to drop a column that an index names.
                if item.column in index["column_names"] and index["name"]:
                    op.drop_index(index["name"], table_name=item.table)
            op.drop_column(item.table, item.column)
        if expected:
            # What stood in the purged fields leaves the search with them; a job fills the index anew.
            indexing.start_over(connection, versions.app_row(connection, app).id)

    with deploying(engine):
        patiently(engine, work)
