"""From a draft to a plan: what will be done, what is slow, what cannot be undone. Data, before anything happens."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from lowcode.definition.compare import Change, compare, renamed_codes
from lowcode.definition.related import Reference, references
from lowcode.definition.schema import AppDefinition
from lowcode.deploy import computed, indexes, storage, versions
from lowcode.deploy.convert import Unconvertible, carriers, unconvertible
from lowcode.deploy.indexes import IndexSpec, present_indexes
from lowcode.deploy.steps import AddColumn, BuildIndex, CreateTable, DropIndex, Step
from lowcode.deploy.storage import Conversion, Existing
from lowcode.errors import Path, Problem
from lowcode.fields.base import Context, Field
from lowcode.fields.subtable import SubtableField
from lowcode.records.tables import AppTables, tables_for
from lowcode.search.index import FTS

SLOW_ROWS: t.Final = 50_000
"""From so many rows on, a person should know beforehand that a step takes a while."""
MAX_DUPLICATES: t.Final = 20

Weight = t.Literal["info", "slow", "loss", "problem"]


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something to know before publishing. ``loss`` cannot be undone by going back; ``problem`` stops it."""

    key: str
    weight: Weight
    path: Path = ()
    details: tuple[tuple[str, t.Any], ...] = ()

    @property
    def params(self) -> Mapping[str, t.Any]:
        """What fills the sentence in."""
        return dict(self.details)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that publishing a definition means for one app."""

    app_id: int
    based_on: int | None
    """The live version that the plan starts from; it is refused when another one is live by then."""
    definition: AppDefinition
    """With the column of every field settled."""
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    """In order: tables, columns; then indexes that no conversion has to come before."""
    index_steps: tuple[Step, ...]
    conversions: tuple[Conversion, ...]
    notes: tuple[Note, ...]
    unconvertible: tuple[Unconvertible, ...]
    stale: frozenset[str]
    """Codes of the formulas and roll-ups that are worked out anew."""
    records: int
    old: AppDefinition | None = field(repr=False)
    old_tables: AppTables | None = field(compare=False, repr=False)
    new_tables: AppTables = field(compare=False, repr=False)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What stops the deploy."""
        return tuple(Problem(code=n.key, path=n.path, params=n.params) for n in self.notes if n.weight == "problem")


def make_plan(connection: sa.Connection, app_id: int, definition: AppDefinition, ctx: Context) -> Plan:
    """The plan for publishing ``definition`` (which has been checked) as the next version of the app."""
    row = versions.app_row(connection, app_id)
    live = None if row.live_version is None else versions.definition_of(connection, app_id, row.live_version)
    existing = Existing(connection, app_id)
    ancestors = _ancestors(connection, app_id, live, definition)
    used = versions.columns_used(connection, app_id)
    placed, conversions = storage.place(definition, ancestors, used, existing, app_id)
    conversions = tuple(_with_way_back(connection, app_id, conversion, existing) for conversion in conversions)
    new_tables = tables_for(app_id, placed)
    source = _with_sources(live, placed, conversions)
    old_tables = None if source is None else tables_for(app_id, source)
    others = [d for code, (number, _, d) in versions.live_apps(connection).items() if number != app_id]
    specs = indexes.wanted(new_tables, placed, others=others)
    records = 0 if live is None else _count(connection, new_tables)
    index_steps = (
        *_missing_indexes(connection, new_tables, specs, live, app_id),
        *_indexes_elsewhere(connection, placed, app_id),
    )
    lost: tuple[Unconvertible, ...] = ()
    if old_tables is not None:
        for carrier in carriers(old_tables, new_tables, conversions):
            lost += unconvertible(connection, carrier, ctx)
    changes = compare(live, placed)
    computes = computed.stale(live, placed, conversions)
    notes = (
        *_notes(changes, conversions, lost, records),
        *_computed_notes(placed, computes, records),
        *_index_notes(connection, index_steps, records),
        *_duplicates(connection, placed, new_tables, index_steps, existing, conversions),
        *_too_long(connection, placed, new_tables, index_steps, existing),
    )
    return Plan(
        app_id=app_id,
        based_on=row.live_version,
        definition=placed,
        changes=changes,
        steps=tuple(_table_steps(new_tables, existing)),
        index_steps=index_steps,
        conversions=conversions,
        notes=notes,
        unconvertible=lost,
        records=records,
        old=live,
        stale=computes if records else frozenset(),
        old_tables=old_tables,
        new_tables=new_tables,
    )


def _ancestors(
    connection: sa.Connection, app_id: int, live: AppDefinition | None, definition: AppDefinition
) -> dict[int, tuple[Field, int | None]]:
    found: dict[int, tuple[Field, int | None]] = {}
    if live is None:
        return found
    for old in live.all_fields:
        home = live.subtable_of(old.code)
        found[old.id] = (old, home.id if home else None)
    missing = frozenset(f.id for f in definition.all_fields) - frozenset(found)
    if missing:
        found.update(versions.latest_fields(connection, app_id, missing))
    return found


def _with_way_back(connection: sa.Connection, app_id: int, conversion: Conversion, existing: Existing) -> Conversion:
    table = f"app_{app_id}" if conversion.subtable_id is None else f"app_{app_id}_t{conversion.subtable_id}"

    def fits(field: Field) -> bool:
        return (
            storage.shape(field) == storage.shape(conversion.new)
            and field.column_name != conversion.old.column_name
            and existing.has(table, field.column_name)
        )

    if conversion.old.convert_from(conversion.new) is None:
        return conversion
    back = versions.earlier_field(connection, app_id, conversion.new.id, conversion.subtable_id, fits)
    return replace(conversion, back=back)


def _with_sources(
    live: AppDefinition | None, placed: AppDefinition, conversions: Sequence[Conversion]
) -> AppDefinition | None:
    """The live definition, and in it the fields of older versions that come back in another type."""
    if live is None:
        return None
    fields = {field.id: field for field in live.fields}
    for conversion in conversions:
        old = conversion.old
        if conversion.subtable_id is None:
            fields.setdefault(old.id, old)
            continue
        home = fields.get(conversion.subtable_id)
        if not isinstance(home, SubtableField):
            home = replace(t.cast(SubtableField, placed.by_id(conversion.subtable_id)), fields=())
        if all(inner.id != old.id for inner in home.fields):
            home = replace(home, fields=(*home.fields, old))
        fields[home.id] = home
    return replace(live, fields=tuple(fields.values()))


def _count(connection: sa.Connection, tables: AppTables) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(tables.main)) or 0


# -- steps -----------------------------------------------------------------------------------------


def _table_steps(tables: AppTables, existing: Existing) -> t.Iterator[Step]:
    for table in tables.all():
        if not existing.has(table.name):
            yield CreateTable(table=table.name, shape=table)
            continue
        if FTS in table.info:
            continue  # made once and never changed
        for column in table.columns:
            if not existing.has(table.name, column.name):
                yield AddColumn(table=table.name, column=column.name, shape=column)


def _missing_indexes(
    connection: sa.Connection, tables: AppTables, specs: Sequence[IndexSpec], live: AppDefinition | None, app_id: int
) -> t.Iterator[Step]:
    in_use = set() if live is None else {table.name for table in tables_for(app_id, live).all()}
    by_name = {table.name: table for table in tables.all()}
    present: dict[str, dict[str, bool]] = {}
    for spec in specs:
        if spec.table not in present:
            present[spec.table] = present_indexes(connection, spec.table)
        usable = present[spec.table].get(spec.name)
        if usable is False:
            yield DropIndex(table=spec.table, name=spec.name)
        if not usable:
            yield BuildIndex(table=spec.table, spec=spec, shape=by_name[spec.table], in_use=spec.table in in_use)


def _indexes_elsewhere(connection: sa.Connection, definition: AppDefinition, app_id: int) -> t.Iterator[Step]:
    """What this app's lookups and roll-ups need in the tables of the apps that they name."""
    named = {reference.app for reference in references(definition)} - {definition.code}
    if not named:
        return
    live = versions.live_apps(connection)
    for code in sorted(named & set(live)):
        number, _, other = live[code]
        rest = [d for n, _, d in live.values() if n not in (number, app_id)]
        tables = tables_for(number, other)
        specs = indexes.wanted(tables, other, others=(*rest, definition))
        yield from _missing_indexes(connection, tables, specs, other, number)


# -- notes -----------------------------------------------------------------------------------------


def _note(key: str, weight: Weight, path: Path = (), **details: t.Any) -> Note:
    return Note(key=f"deploy.note.{key}", weight=weight, path=path, details=tuple(details.items()))


def _notes(
    changes: Sequence[Change], conversions: Sequence[Conversion], lost: Sequence[Unconvertible], records: int
) -> t.Iterator[Note]:
    for change in changes:
        if change.kind == "field_retired":
            yield _note("retired", "info", change.path, label=change.params["label"])
        elif change.kind == "field_setting_changed" and change.params["setting"] == "required" and records:
            if change.params["after"] == "True":
                yield _note("required", "info", change.path, label=change.params["label"], records=records)
        elif change.kind == "option_retired":
            yield _note("option_retired", "info", change.path, **change.params)
        elif change.kind == "field_moved" and records:
            yield _note("moved", "loss", change.path, label=change.params["label"])
    for conversion in conversions:
        new = conversion.new
        path: Path = ("properties", new.code, "type")
        if not conversion.possible:
            yield _note("no_way", "loss", path, label=new.label, before=conversion.old.type_name, after=new.type_name)
        elif records:
            yield _note("converts", "slow" if records >= SLOW_ROWS else "info", path, label=new.label, records=records)
        wrong = sum(item.count for item in lost if item.field_id == new.id)
        if wrong:
            yield _note("unconvertible", "loss", path, label=new.label, count=wrong)


def _computed_notes(definition: AppDefinition, computes: frozenset[str], records: int) -> t.Iterator[Note]:
    if computes and records:
        labels = ", ".join(definition.field(code).label for code in sorted(computes))
        yield _note("computes", "slow" if records >= SLOW_ROWS else "info", label=labels, records=records)


def _index_notes(connection: sa.Connection, steps: Sequence[Step], records: int) -> t.Iterator[Note]:
    if records < SLOW_ROWS:
        return
    for step in steps:
        if isinstance(step, BuildIndex) and step.in_use:
            key = "index_blocks" if connection.dialect.name == "sqlite" else "index_slow"
            yield _note(
                key, "slow", records=records, columns=", ".join(step.spec.columns), seconds=records // 300_000 + 1
            )


def _duplicates(
    connection: sa.Connection,
    definition: AppDefinition,
    tables: AppTables,
    steps: Sequence[Step],
    existing: Existing,
    conversions: Sequence[Conversion],
) -> t.Iterator[Note]:
    converted = {c.new.id for c in conversions}
    for step in steps:
        if not isinstance(step, BuildIndex) or not step.spec.unique or step.table != tables.main.name:
            continue
        if not all(existing.has(step.table, column) for column in step.spec.columns):
            continue
        field = next((f for f in definition.unique_fields if f.index_columns() == step.spec.columns), None)
        if field is not None and field.id not in converted:
            yield from duplicates(connection, tables, field)


def _too_long(
    connection: sa.Connection, definition: AppDefinition, tables: AppTables, steps: Sequence[Step], existing: Existing
) -> t.Iterator[Note]:
    """Texts that are there already and do not fit the index that is asked for."""
    main, columns = (
        tables.main,
        {
            column
            for step in steps
            if isinstance(step, BuildIndex) and step.table == tables.main.name
            for column in step.spec.columns
        },
    )
    for text in definition.fields:
        if text.type_name not in ("SINGLE_LINE_TEXT", "LINK") or text.column_name not in columns:
            continue
        if not existing.has(main.name, text.column_name):
            continue
        column = main.c[text.column_name]
        long = sa.func.length(column) > indexes.LONGEST_KEY
        count = connection.scalar(sa.select(sa.func.count()).select_from(main).where(long)) or 0
        if count:
            ids = connection.scalars(sa.select(main.c.id).where(long).order_by(main.c.id).limit(MAX_DUPLICATES)).all()
            yield _note(
                "too_long",
                "problem",
                ("properties", text.code, "indexed"),
                label=text.label,
                count=count,
                limit=indexes.LONGEST_KEY,
                records=", ".join(map(str, ids)),
            )


def duplicates(connection: sa.Connection, tables: AppTables, field: Field) -> t.Iterator[Note]:
    """The values that occur more than once in a field that is to hold each only once."""
    main = tables.main
    columns = [main.c[name] for name in field.index_columns()]
    shown = main.c[field.column_name]
    groups = connection.execute(
        sa.select(*columns, sa.func.count().label("times"), sa.func.min(shown).label("shown"))
        .where(*[c.is_not(None) for c in columns])
        .group_by(*columns)
        .having(sa.func.count() > 1)
        .order_by(sa.desc("times"))
        .limit(MAX_DUPLICATES)
    ).all()
    for group in groups:
        ids = connection.scalars(
            sa.select(main.c.id)
            .where(*[c == v for c, v in zip(columns, group, strict=False)])
            .order_by(main.c.id)
            .limit(MAX_DUPLICATES)
        ).all()
        yield _note(
            "duplicates",
            "problem",
            ("properties", field.code, "unique"),
            label=field.label,
            value=str(group.shown),
            count=group.times,
            records=", ".join(map(str, ids)),
        )


__all__ = ["Note", "Plan", "Reference", "duplicates", "make_plan", "renamed_codes"]
