"""Values that come from other records: roll-ups, and lookups that keep fresh.

They are brought up to date in the transaction that changes the source, without raising the revision of the record
that shows them, so that they never cause a conflict. All touched records are found first and locked in order.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from lowcode.access.actor import system
from lowcode.errors import Invalid
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.lookup import LookupField
from lowcode.fields.rollup import RollupField
from lowcode.query import build, kintone
from lowcode.records import compute, history, lookups
from lowcode.records.catalog import LiveApp
from lowcode.records.draft import Draft
from lowcode.records.plan import SavePlan, plan_for
from lowcode.records.record import Change, Record
from lowcode.records.rows import RowWriter, chunks, selection, to_record, with_rows
from lowcode.records.totals import measure
from lowcode.search.index import IndexWriter

if t.TYPE_CHECKING:
    from lowcode.records.workspace import Workspace

MAX_DEPTH = 8
"""How far a change travels through apps; cycles are refused when an app is published, this only bounds the damage."""


def own_rollups(workspace: Workspace, live: LiveApp, plan: SavePlan, drafts: Sequence[Draft]) -> None:
    """Fill the roll-ups of records that are new or whose key changed."""
    for field in plan.rollups:
        touched = [d for d in drafts if d.changed(field.rollup.key_field) or d.is_new]
        if not touched:
            continue
        values = rollup_values(workspace, live, field, [d.values.get(field.rollup.key_field) for d in touched])
        for draft in touched:
            draft.values[field.code] = values.get(draft.values.get(field.rollup.key_field), _nothing(field))


def _nothing(field: RollupField) -> Value:
    return field.coerce(0, Context()) if field.rollup.function == "COUNT" else None


def rollup_values(workspace: Workspace, live: LiveApp, field: RollupField, keys: Iterable[Value]) -> dict[Value, Value]:
    """The roll-up for each key of ``live``: one statement per 900 keys; keys without related records are left out."""
    part = field.rollup
    child = workspace.snapshot.find(part.related_app.code)
    if child is None:
        return {}
    ctx = workspace.context(child).stored
    relation = child.definition.find(part.related_field)
    key_field = live.definition.find(part.key_field)
    if relation is None or key_field is None:
        return {}
    wanted: dict[t.Any, Value] = {}
    for key in keys:
        if not key_field.is_empty(key):
            wanted[relation.store(lookups.transfer(key_field, relation, key, ctx))] = key
    main = child.tables.main
    column = relation.column(child.tables)
    conditions: list[sa.ColumnElement[bool]] = []
    if part.filter_cond:
        condition = kintone.parse(part.filter_cond).condition
        if condition is not None:
            conditions.append(
                build.condition(condition, child.definition, child.tables, ctx, child.definition.field_codes)
            )
    found: dict[Value, Value] = {}
    for some in chunks(list(wanted)):
        statement = _rollup_statement(field, child, main, column, [column.in_(some), *conditions])
        source = child.definition.find(part.field) if part.function != "COUNT" else None
        for stored, raw in workspace.connection.execute(statement):
            value = raw if source is None or part.function == "SUM" else source.load(raw)
            try:
                found[wanted[stored]] = field.take(None if part.function == "SUM" else source, value, ctx)
            except Invalid:
                found[wanted[stored]] = None
    return found


def _rollup_statement(
    field: RollupField,
    child: LiveApp,
    main: sa.Table,
    column: sa.ColumnElement[t.Any],
    conditions: list[sa.ColumnElement[bool]],
) -> sa.Select[t.Any]:
    part = field.rollup
    if part.function == "COUNT":
        return sa.select(column, sa.func.count()).select_from(main).where(*conditions).group_by(column)
    source = t.cast(Field, child.definition.find(part.field))
    value = source.column(child.tables)
    if part.function in ("SUM", "MIN", "MAX"):
        total = measure(part.function.lower(), source, child.tables).columns[0]
        return sa.select(column, total).select_from(main).where(*conditions).group_by(column)
    order = t.cast(Field, child.definition.find(part.order_field)).column(child.tables)
    newest = part.function == "LATEST"
    ranked = (
        sa.select(
            column.label("key"),
            value.label("value"),
            sa.func.row_number()
            .over(
                partition_by=column,
                order_by=[
                    order.desc().nulls_last() if newest else order.asc().nulls_last(),
                    main.c.id.desc() if newest else main.c.id.asc(),
                ],
            )
            .label("place"),
        )
        .where(*conditions)
        .subquery()
    )
    return sa.select(ranked.c.key, ranked.c.value).where(ranked.c.place == 1)


def refresh(
    workspace: Workspace, live: LiveApp, saved: Sequence[Draft], removed: Sequence[Draft], depth: int = 0
) -> None:
    """Bring values of other records that come from these ones up to date."""
    before_after = [(d.old, d.values if not d.change.delete else {}, d.id, d.is_new) for d in [*saved, *removed]]
    _refresh(workspace, live, before_after, depth)


Step = tuple[Mapping[str, Value], Mapping[str, Value], int, bool]


def _refresh(workspace: Workspace, live: LiveApp, steps: Sequence[Step], depth: int) -> None:
    if not steps or depth >= MAX_DEPTH:
        return
    by_app: dict[int, list[str]] = {}
    for dependent in workspace.snapshot.dependents(live):
        by_app.setdefault(dependent.app_id, []).append(dependent.field_code)
    for app_id in sorted(by_app):
        target = workspace.snapshot.app(app_id)
        plan = plan_for(target)
        ids: set[int] = set()
        rollups: list[RollupField] = []
        fresh: list[LookupField] = []
        for code in by_app[app_id]:
            field = target.definition.find(code)
            if isinstance(field, RollupField):
                touched = _touched_by_rollup(workspace, target, field, live, steps)
                if touched:
                    rollups.append(field)
                    ids |= touched
            elif isinstance(field, LookupField):
                touched = _touched_by_lookup(workspace, target, field, steps)
                if touched:
                    fresh.append(field)
                    ids |= touched
        if ids:
            _update(workspace, target, plan, sorted(ids), rollups, fresh, depth)


def _touched_by_rollup(
    workspace: Workspace, target: LiveApp, field: RollupField, child: LiveApp, steps: Sequence[Step]
) -> set[int]:
    part = field.rollup
    relation = child.definition.find(part.related_field)
    key_field = target.definition.find(part.key_field)
    if relation is None or key_field is None:
        return set()
    keys = set()
    for before, after, _, _ in steps:
        for values in (before, after):
            value = values.get(relation.code)
            if not relation.is_empty(value):
                try:
                    keys.add(key_field.store(lookups.transfer(relation, key_field, value, workspace.ctx)))
                except Invalid:
                    continue
    column = key_field.column(target.tables)
    found: set[int] = set()
    for some in chunks(list(keys)):
        found.update(workspace.connection.scalars(sa.select(target.tables.main.c.id).where(column.in_(some))))
    return found


def _touched_by_lookup(workspace: Workspace, target: LiveApp, field: LookupField, steps: Sequence[Step]) -> set[int]:
    origins = {origin for _, origin in lookups.mappings(field)}
    changed = [
        i
        for before, after, i, is_new in steps
        if not is_new and after and any(before.get(o) != after.get(o) for o in origins)
    ]
    column = target.tables.main.c[field.source_column]
    found: set[int] = set()
    for some in chunks(changed):
        found.update(workspace.connection.scalars(sa.select(target.tables.main.c.id).where(column.in_(some))))
    return found


def _update(
    workspace: Workspace,
    target: LiveApp,
    plan: SavePlan,
    ids: Sequence[int],
    rollups: Sequence[RollupField],
    fresh: Sequence[LookupField],
    depth: int,
) -> None:
    ctx = workspace.context(target).stored
    selected = selection(target, frozenset(plan.by_code))
    index = IndexWriter(workspace.connection, target.tables.index)
    writer = RowWriter(workspace.connection, target.tables, plan.stored, index)
    entries: list[dict[str, t.Any]] = []
    steps: list[Step] = []
    for some in chunks(ids):
        statement = (
            sa.select(*selected.columns)
            .where(target.tables.main.c.id.in_(some))
            .order_by(target.tables.main.c.id)
            .with_for_update()
        )
        records = [to_record(selected, row) for row in workspace.connection.execute(statement)]
        with_rows(workspace.connection, target.tables, selected, records)
        fresh_values = {r.id: dict(r.values) for r in records}
        for field in rollups:
            keys = [r.values.get(field.rollup.key_field) for r in records]
            values = rollup_values(workspace, target, field, keys)
            for record in records:
                fresh_values[record.id][field.code] = values.get(
                    record.values.get(field.rollup.key_field), _nothing(field)
                )
        for lookup in fresh:
            _recopy(workspace, target, lookup, records, fresh_values)
        for record in records:
            after = fresh_values[record.id]
            if plan.formulas:
                compute.evaluate(target.definition, plan, after, ctx)
            codes = {c for c in plan.by_code if after.get(c) != record.values.get(c)}
            if not codes:
                continue
            writer.update(record.id, {}, {c: after.get(c) for c in codes}, {}, ctx)
            entries.append(
                {
                    "record_id": record.id,
                    "revision": record.revision,
                    "action": "derive",
                    "before": history.image(target.definition, record.values, codes),
                    "after": history.image(target.definition, after, codes),
                }
            )
            steps.append((record.values, after, record.id, False))
    writer.flush()
    index.flush()
    history.write(workspace.connection, target, system("derived from related records"), workspace.ctx.now, entries)
    _refresh(workspace, target, steps, depth + 1)


def _recopy(
    workspace: Workspace,
    target: LiveApp,
    field: LookupField,
    records: Sequence[Record],
    values: dict[int, dict[str, Value]],
) -> None:
    """Copy a fresh lookup's fields again; the system reads the source, since the value is the record's own."""
    keyed = [r for r in records if not field.is_empty(r.values.get(field.code))]
    drafts = [
        Draft(index=0, change=Change(id=r.id), before=r, id=r.id, values=dict(r.values), given={field.code})
        for r in keyed
    ]
    actor = system("keeps copied fields fresh")
    lookups.copy_one(workspace.acting_as(actor), target, field, drafts, workspace.context(target))
    for draft in drafts:
        if not draft.problems:
            for code in field.copy_targets:
                values[draft.id][code] = draft.values.get(code)
