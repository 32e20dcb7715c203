"""Making the tables and indexes of apps anew from their versions: for a restored backup, in an empty database."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from lowcode.deploy import indexes, versions
from lowcode.deploy.apply import operations
from lowcode.deploy.steps import BuildIndex, CreateTable
from lowcode.records.tables import tables_for


def make_tables(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Make the tables without their indexes: what is filled first and indexed afterwards takes a third of the time."""
    op = operations(connection)
    for table in tables:
        CreateTable(table=table.name, shape=table).apply(op)


def make_indexes(connection: sa.Connection) -> None:
    """Make every index that the live versions want."""
    op = operations(connection)
    live = {number: definition for number, _, definition in versions.live_apps(connection).values()}
    for number, definition in live.items():
        tables = tables_for(number, definition)
        by_name = {table.name: table for table in tables.all()}
        others = [other for other_number, other in live.items() if other_number != number]
        for spec in indexes.wanted(tables, definition, others=others):
            BuildIndex(table=spec.table, spec=spec, shape=by_name[spec.table], in_use=False).apply(op)
