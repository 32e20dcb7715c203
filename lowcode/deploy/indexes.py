"""Which indexes an app's tables want: for duplicates, keys, lookups, roll-ups, saved views and where somebody asks.

And which ones are there.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode import db
from lowcode.definition.related import references
from lowcode.definition.schema import AppDefinition, View
from lowcode.errors import Invalid
from lowcode.fields.base import Field, ManyValued, SystemField, Tables
from lowcode.query import ast, kintone
from lowcode.records.tables import AppTables, RowTables

MAX_VIEW_INDEXES: t.Final = 8
"""Composite indexes for saved views: each costs every write, so only the first views get theirs."""
MAX_RIGHT_INDEXES: t.Final = 4
"""Indexes for the conditions of record rights: most apps have one, on the ward."""
LONGEST_KEY: t.Final = 600
"""Characters: four bytes each still fit an index row (2,704 bytes)."""
_EQUAL: t.Final = ("=", "in")


@dataclass(frozen=True, kw_only=True)
class IndexSpec:
    """One index. The name comes from table and columns, so it is the same wherever it is worked out."""

    table: str
    columns: tuple[str, ...]
    unique: bool = False

    @property
    def name(self) -> str:
        """``ix_app_3_f12_id`` or ``uq_app_3_f12``."""
        return f"{'uq' if self.unique else 'ix'}_{self.table}_{'_'.join(self.columns)}"

    def on(self, table: sa.Table, dialect: sa.Dialect) -> sa.Index:
        """The index for a table object.

        Empty values come first on both databases: SQLite does so by itself and refuses the words.
        """
        columns: list[t.Any] = [table.c[name] for name in self.columns]
        if dialect.name == "postgresql" and not self.unique:
            columns = [column.nulls_first() if column.nullable else column for column in columns]
        return sa.Index(self.name, *columns, unique=self.unique)


def wanted(
    tables: AppTables, definition: AppDefinition, *, others: Iterable[AppDefinition] = ()
) -> tuple[IndexSpec, ...]:
    """Every index that the app's tables should have.

    :param others: the other live apps: their lookups, roll-ups and lists of related records ask for indexes here.
    """
    found: dict[str, IndexSpec] = {}
    for spec in (
        *_of_tables(tables),
        *_of_fields(tables, definition),
        *_of_views(tables, definition),
        *_of_rights(tables, definition),
        *_of_references(tables, definition, (definition, *others)),
    ):
        found.setdefault(spec.name, spec)
    return tuple(_without_prefixes(found.values()))


def _without_prefixes(specs: Iterable[IndexSpec]) -> Iterator[IndexSpec]:
    """Leave out what a longer index on the same columns does as well."""
    kept = list(specs)
    for spec in kept:
        longer = (
            other.table == spec.table
            and len(other.columns) > len(spec.columns)
            and other.columns[: len(spec.columns)] == spec.columns
            for other in kept
        )
        if spec.unique or not any(longer):
            yield spec


def _of_tables(tables: AppTables) -> Iterator[IndexSpec]:
    for table in tables.all():
        for index in sorted(table.indexes, key=lambda i: str(i.name)):
            yield IndexSpec(table=table.name, columns=tuple(c.name for c in index.columns), unique=bool(index.unique))


def _of_fields(tables: AppTables, definition: AppDefinition) -> Iterator[IndexSpec]:
    for part, fields in _parts(tables, definition):
        for field in fields:
            if (
                field.has_index()
                and _bounded(field)
                and not isinstance(field, SystemField)
                and all(name in part.main.c for name in field.index_columns())
            ):
                if part is tables and field.is_unique():
                    yield IndexSpec(table=part.main.name, columns=field.index_columns(), unique=True)
                else:
                    owner = "id" if part is tables else "record_id"
                    yield IndexSpec(table=part.main.name, columns=(*field.index_columns(), owner))


def _parts(tables: AppTables, definition: AppDefinition) -> Iterator[tuple[RowTables, tuple[Field, ...]]]:
    yield tables, definition.fields
    for subtable in definition.subtables:
        yield tables.rows[subtable.id], subtable.fields


def _of_views(tables: AppTables, definition: AppDefinition) -> Iterator[IndexSpec]:
    found: dict[str, IndexSpec] = {}
    for view in definition.views:
        spec = _of_view(tables, definition, view)
        if spec is not None:
            found.setdefault(spec.name, spec)
    yield from list(found.values())[:MAX_VIEW_INDEXES]


def _of_view(tables: AppTables, definition: AppDefinition, view: View) -> IndexSpec | None:
    """(column of an equality, column of the sort, id): one seek, then rows in order."""
    try:
        condition, order = kintone.parse_condition(view.filter_cond), kintone.parse_order(view.sort)
    except Invalid:
        return None  # the check tells the author; an index is no place for it
    columns: list[str] = []
    for compare in _conjuncts(condition):
        column = _column(tables, definition, compare.field)
        if compare.operator in _EQUAL and column is not None and column not in ("id", "created_at", "updated_at"):
            columns.append(column)
            break
    if view.type == "CALENDAR":
        column = _column(tables, definition, view.date)
    else:
        column = _column(tables, definition, order[0].field) if order else None
    if column is not None and column not in columns and column != "id":
        columns.append(column)
    return IndexSpec(table=tables.main.name, columns=(*columns, "id")) if columns else None


def _of_rights(tables: AppTables, definition: AppDefinition) -> Iterator[IndexSpec]:
    """Whoever sees only some records has every page chosen by the conditions of the record rights."""
    codes: dict[str, None] = {}
    for right in definition.acl.record.rights:
        with contextlib.suppress(Invalid):  # as above
            codes |= {
                c.field: None for c in _conjuncts(kintone.parse_condition(right.filter_cond)) if c.operator in _EQUAL
            }
    for code in list(codes)[:MAX_RIGHT_INDEXES]:
        column = _column(tables, definition, code)
        if column is not None and column not in ("id", "created_at", "updated_at"):
            yield IndexSpec(table=tables.main.name, columns=(column, "id"))


def _conjuncts(condition: ast.Node | None) -> Iterator[ast.Compare]:
    if isinstance(condition, ast.Compare):
        yield condition
    elif isinstance(condition, ast.And):
        yield from (child for child in condition.children if isinstance(child, ast.Compare))


def _column(tables: AppTables, definition: AppDefinition, code: str) -> str | None:
    """The main table's column of a field that an index can serve; None where there is none."""
    field = definition.find(code)
    if field is None or definition.subtable_of(code) or isinstance(field, ManyValued) or not field.stores_value:
        return None
    if not field.sortable or field.type_name in ("MULTI_LINE_TEXT", "RICH_TEXT", "STATUS_ASSIGNEE", "CATEGORY"):
        return None
    if field.column_name not in tables.main.c or not _bounded(field):
        return None
    sorts = field.sort_column(t.cast(Tables, tables))
    return sorts.name if isinstance(sorts, sa.Column) else field.column_name


def _bounded(field: Field) -> bool:
    """Whether every value fits an index row of PostgreSQL: others are texts without a limit that is kept."""
    match field.type_name:
        case "SINGLE_LINE_TEXT" | "LINK":
            longest = getattr(field, "max_length", None)
            return field.has_index() or (longest is not None and longest <= LONGEST_KEY)
        case "ROLLUP":
            return getattr(field, "format", "") != "TEXT"
    return True


def _of_references(tables: AppTables, definition: AppDefinition, apps: Iterable[AppDefinition]) -> Iterator[IndexSpec]:
    """Indexes by which parents find their children, and children their parents."""
    for app in apps:
        for reference in references(app):
            codes: list[str] = []
            if app.code == definition.code and reference.kind == "rollup":
                codes.append(reference.part.key_field)
            if reference.app == definition.code:
                match reference.kind:
                    case "lookup":
                        codes.append(reference.part.related_key_field)
                    case "rollup":
                        codes.append(reference.part.related_field)
                    case _:
                        codes.append(reference.part.condition.related_field)
            for code in codes:
                column = _column(tables, definition, code)
                field = definition.find(code)
                if column is not None and column != "id" and field is not None and not field.is_unique():
                    yield IndexSpec(table=tables.main.name, columns=(column, "id"))


def present_indexes(connection: sa.Connection, table: str) -> dict[str, bool]:
    """The indexes of a table by name, and whether each is usable (a broken concurrent build leaves one that is not)."""
    return all_indexes(connection, table).get(table, {})


def all_indexes(connection: sa.Connection, table: str | None = None) -> dict[str, dict[str, bool]]:
    """By table (or of one ``table`` alone): its indexes by name, and whether each is usable. Primary keys left out."""
    statement = _present_on_sqlite() if db.is_sqlite(connection) else _present_on_postgresql()
    if table is not None:
        statement = statement.where(statement.selected_columns[0] == table)
    found: dict[str, dict[str, bool]] = {}
    for owner, name, usable in connection.execute(statement):
        found.setdefault(owner, {})[name] = bool(usable)
    return found


def _present_on_sqlite() -> sa.Select[t.Any]:
    # https://www.sqlite.org/schematab.html: an index that a constraint made has no text.
    schema = sa.table("sqlite_master", *map(sa.column, ("type", "name", "tbl_name", "sql")))
    return sa.select(schema.c.tbl_name, schema.c.name, sa.true()).where(
        schema.c.type == "index", schema.c.sql.is_not(None)
    )


def _present_on_postgresql() -> sa.Select[t.Any]:
    # https://www.postgresql.org/docs/current/catalog-pg-index.html
    flags = ("indexrelid", "indrelid", "indisvalid", "indisready", "indisprimary")
    index = sa.table("pg_index", *map(sa.column, flags))
    named = sa.table("pg_class", *map(sa.column, ("oid", "relname", "relnamespace")))
    owner, own = named.alias("owner"), named.alias("own")
    space = sa.table("pg_namespace", *map(sa.column, ("oid", "nspname")))
    return (
        sa.select(owner.c.relname, own.c.relname, sa.and_(index.c.indisvalid, index.c.indisready))
        .select_from(index)
        .join(own, own.c.oid == index.c.indexrelid)
        .join(owner, owner.c.oid == index.c.indrelid)
        .join(space, space.c.oid == owner.c.relnamespace)
        .where(space.c.nspname == sa.func.current_schema(), sa.not_(index.c.indisprimary))
    )
