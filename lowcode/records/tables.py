"""SQLAlchemy tables of one app, made from its definition; columns and side tables are named by field id.

``app_<n>`` holds one row per record, ``app_<n>_t<id>`` the rows of a subtable, ``…_f<id>`` the values of a
many-valued field, ``…_search`` the folded texts (for ``like``), ``app_<n>_words`` and ``app_<n>_grams`` the index of
the tolerant search, and ``app_<n>_history`` what changed. Everything a field adds
is nullable, so that adding a field is one cheap statement and old records stay as they are.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import sqlalchemy as sa

from lowcode.db import NAMING, UtcDateTime, text_type
from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Field, ManyValued
from lowcode.fields.subtable import SubtableField
from lowcode.search.index import IndexTables, index_tables

SYSTEM_COLUMNS = (
    "id",
    "revision",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "status",
    "assignees",
    "categories",
)


def row_id_type() -> sa.types.TypeEngine[int]:
    """64-bit ids; SQLite needs the plain INTEGER to make them itself."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


@dataclass(frozen=True, eq=False)
class RowTables:
    """The tables of an app's records, or of the rows of one subtable."""

    main: sa.Table
    search: sa.Table | None
    sides: Mapping[int, sa.Table]

    def side(self, field_id: int) -> sa.Table:
        """The side table of a many-valued field."""
        return self.sides[field_id]


@dataclass(frozen=True, eq=False)
class AppTables(RowTables):
    """All tables of one app."""

    app_id: int
    history: sa.Table
    index: IndexTables
    rows: Mapping[int, RowTables]
    """By id of the subtable field."""

    def all(self) -> tuple[sa.Table, ...]:
        """Every table, parents first."""
        found: list[sa.Table] = []
        for part in (self, *self.rows.values()):
            found.append(part.main)
            if part.search is not None:
                found.append(part.search)
            found.extend(part.sides.values())
        return (*found, self.index.words, self.index.grams, self.history)


def tables_for(app_id: int, definition: AppDefinition) -> AppTables:
    """The tables of app ``app_id`` in the shape of ``definition`` (not cached; see the catalog)."""
    metadata = sa.MetaData(naming_convention=NAMING)
    name = f"app_{app_id}"
    plain = [f for f in definition.fields if not isinstance(f, SubtableField)]
    subtables = [f for f in definition.fields if isinstance(f, SubtableField)]
    main = sa.Table(
        name,
        metadata,
        _id_column(),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("assignees", sa.Text(), nullable=True),
        sa.Column("categories", sa.Text(), nullable=True),
        *_columns(plain),
        sqlite_autoincrement=True,
    )
    parts = {s.id: _row_tables(name, metadata, s) for s in subtables}
    return AppTables(
        main=main,
        search=_search_table(name, metadata, plain),
        sides=MappingProxyType(_sides(name, metadata, plain)),
        app_id=app_id,
        history=_history_table(name, metadata),
        index=index_tables(name, metadata),
        rows=MappingProxyType(parts),
    )


def _id_column() -> sa.Column[int]:
    return sa.Column("id", row_id_type(), sa.Identity(), primary_key=True)


def _columns(fields: Iterable[Field]) -> list[sa.Column[t.Any]]:
    return [column for f in fields for column in f.columns()]


def _row_tables(name: str, metadata: sa.MetaData, subtable: SubtableField) -> RowTables:
    table_name = f"{name}_t{subtable.id}"
    main = sa.Table(
        table_name,
        metadata,
        _id_column(),
        sa.Column("record_id", sa.BigInteger(), nullable=False, index=True),
        sa.Column("position", sa.Integer(), nullable=False),
        *_columns(subtable.fields),
        sqlite_autoincrement=True,
    )
    return RowTables(
        main=main,
        search=_search_table(table_name, metadata, subtable.fields),
        sides=MappingProxyType(_sides(table_name, metadata, subtable.fields)),
    )


def _sides(name: str, metadata: sa.MetaData, fields: Iterable[Field]) -> dict[int, sa.Table]:
    return {f.id: side_table(name, metadata, f) for f in fields if isinstance(f, ManyValued) and f.columns()}


def side_table(name: str, metadata: sa.MetaData, field: ManyValued) -> sa.Table:
    """The side table of one many-valued field of the table called ``name``."""
    table = sa.Table(
        f"{name}_{field.column_name}",
        metadata,
        sa.Column("record_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("value", field.element_type(), nullable=False),
        sqlite_with_rowid=False,
    )
    sa.Index(f"ix_{table.name}_value_record_id", table.c.value, table.c.record_id)
    return table


def _search_table(name: str, metadata: sa.MetaData, fields: Iterable[Field]) -> sa.Table:
    return sa.Table(
        f"{name}_search",
        metadata,
        sa.Column("id", row_id_type(), primary_key=True, autoincrement=False),
        *[sa.Column(f.column_name, text_type(), nullable=True) for f in fields if f.searchable and f.columns()],
    )


def _history_table(name: str, metadata: sa.MetaData) -> sa.Table:
    table = sa.Table(
        f"{name}_history",
        metadata,
        _id_column(),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("actor_kind", sa.String(8), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", text_type(), nullable=False),
        sa.Column("reason", text_type(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sqlite_autoincrement=True,
    )
    sa.Index(f"ix_{table.name}_record_id_revision", table.c.record_id, table.c.revision)
    return table
