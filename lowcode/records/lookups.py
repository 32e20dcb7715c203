"""Lookups: fetch the source record by its key and copy the mapped fields, with the actor's rights on the source."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.errors import Invalid
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.lookup import LookupField
from lowcode.fields.subtable import Row
from lowcode.records.catalog import LiveApp
from lowcode.records.draft import Draft
from lowcode.records.merge import empty_value
from lowcode.records.plan import SavePlan
from lowcode.records.rows import chunks

if t.TYPE_CHECKING:
    from lowcode.records.workspace import Workspace


@dataclass
class Want:
    """One place where a key was given: at the top level of a draft, or in a row of it."""

    draft: Draft
    value: Value
    subtable: str | None = None
    row: int = 0


def mappings(field: LookupField) -> list[tuple[str, str]]:
    """(own field, field of the source) of everything the lookup copies."""
    return [(m.field, m.related_field) for m in field.lookup.field_mappings]


def copy(workspace: Workspace, live: LiveApp, plan: SavePlan, drafts: Sequence[Draft], ctx: Context) -> None:
    """Copy the mapped fields of every lookup whose key was given or changed; one statement per lookup field."""
    for field in plan.lookups:
        wants = [
            Want(d, d.values.get(field.code))
            for d in drafts
            if field.code in d.given or (d.is_new and not field.is_empty(d.values.get(field.code)))
        ]
        _copy_field(workspace, live, field, plan.by_code, wants, ctx)
    for subtable in plan.subtables:
        inner_by_code = {f.code: f for f in subtable.fields}
        for inner in subtable.fields:
            if not isinstance(inner, LookupField):
                continue
            wants = [
                Want(d, row.values.get(inner.code), subtable.code, at)
                for d in drafts
                if subtable.code in d.given
                for at, row in enumerate(d.values.get(subtable.code) or ())
            ]
            _copy_field(workspace, live, inner, inner_by_code, wants, ctx)


def copy_one(workspace: Workspace, live: LiveApp, field: LookupField, drafts: Sequence[Draft], ctx: Context) -> None:
    """Copy one top-level lookup again for every draft, whether or not its key changed."""
    targets = {f.code: f for f in live.definition.fields}
    _copy_field(workspace, live, field, targets, [Want(d, d.values.get(field.code)) for d in drafts], ctx)


def _copy_field(
    workspace: Workspace,
    live: LiveApp,
    field: LookupField,
    targets: t.Mapping[str, Field],
    wants: Sequence[Want],
    ctx: Context,
) -> None:
    if not wants:
        return
    source = workspace.snapshot.find(field.lookup.related_app.code)
    if source is None:
        return  # the app is not installed yet: the key is kept as typed and nothing can be copied
    found = dict(_sources(workspace, field, source, [w.value for w in wants if not field.is_empty(w.value)]))
    for want in wants:
        mapped: dict[str, Value] = {}
        source_id: int | None = None
        if field.is_empty(want.value):
            mapped = {to: empty_value(targets[to]) for to, _ in mappings(field) if to in targets}
        elif want.value in found:
            source_id, values = found[want.value]
            for to, origin in mappings(field):
                if to not in targets:
                    continue
                try:
                    mapped[to] = transfer(source.definition.find(origin), targets[to], values.get(origin), ctx)
                except Invalid:
                    want.draft.problem("lookup.cannot_copy", *_path(want, to), field=targets[to].label)
        else:
            want.draft.problem("lookup.not_found", *_path(want, field.code), field=field.label, value=str(want.value))
            continue
        _put(want, field, mapped, source_id)


def _path(want: Want, code: str) -> tuple[str | int, ...]:
    if want.subtable is None:
        return (want.draft.index, code)
    return (want.draft.index, want.subtable, want.row, code)


def _put(want: Want, field: LookupField, mapped: dict[str, Value], source_id: int | None) -> None:
    draft = want.draft
    if want.subtable is None:
        draft.values.update(mapped)
        draft.sources[field.code] = source_id
        return
    rows = list(draft.values[want.subtable])
    rows[want.row] = Row(id=rows[want.row].id, values={**rows[want.row].values, **mapped})
    draft.values[want.subtable] = tuple(rows)
    draft.row_sources[(want.subtable, want.row, field.code)] = source_id


def _sources(
    workspace: Workspace, field: LookupField, source: LiveApp, keys: Sequence[Value]
) -> Iterator[tuple[Value, tuple[int, t.Mapping[str, Value]]]]:
    """(key, (record id, values)) of the source records that the actor may see."""
    reader = workspace.reader(source)
    key_field = source.definition.find(field.lookup.related_key_field)
    if key_field is None or key_field.code not in reader.readable or not reader.policy.allows("view"):
        return
    column = key_field.column(source.tables)
    wanted = {}
    for key in dict.fromkeys(keys):
        try:
            wanted[key] = key_field.coerce(key, workspace.ctx)
        except Invalid:
            continue
    by_stored = {key_field.store(v): k for k, v in wanted.items() if not key_field.is_empty(v)}
    fields = [key_field.code, *[origin for _, origin in mappings(field)]]
    for part in chunks(list(by_stored)):
        statement = sa.select(source.tables.main.c.id, column).where(column.in_(part)).order_by(source.tables.main.c.id)
        ids = {row[0]: row[1] for row in workspace.connection.execute(statement)}
        for record in reader.by_ids(list(ids), fields):
            yield by_stored[ids[record.id]], (record.id, record.values)


def transfer(origin: Field | None, target: Field, value: Value, ctx: Context) -> Value:
    """A value of a source field as a value of the copy target: choices by their names, the rest by canonical JSON."""
    if origin is None or origin.is_empty(value):
        return empty_value(target)
    if origin.type_name == target.type_name and not hasattr(origin, "options"):
        return value
    if hasattr(origin, "options") and hasattr(target, "options"):
        return target.coerce(origin.dump(value), ctx)
    return target.parse(origin.text(value, ctx), ctx)


def drift(workspace: Workspace, live: LiveApp, field: LookupField, values: t.Mapping[str, Value]) -> dict[str, Value]:
    """For a lookup that shows drift: the copied fields whose source holds something else now, with that value."""
    source = workspace.snapshot.find(field.lookup.related_app.code)
    key = values.get(field.code)
    if source is None or field.is_empty(key):
        return {}
    found = dict(_sources(workspace, field, source, [key])).get(key)
    if found is None:
        return {}
    different = {}
    for to, origin in mappings(field):
        target = live.definition.find(to)
        if target is None or origin not in found[1]:
            continue  # what the source says there is not the reader's to see
        now = transfer(source.definition.find(origin), target, found[1].get(origin), workspace.ctx)
        if now != values.get(to):
            different[to] = now
    return different
