"""Saves from a form that an older version of the definition drew: what was typed is read as it was meant.

Fields and options are found by id, so renames do no harm; a changed type converts; what was typed for a field that
has been retired meanwhile is set aside: kept with the record's history and shown to its author. Questions that the
old form did not ask (a new required field) are asked on the next edit.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.lookup import LookupField
from lowcode.fields.subtable import Row, SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.draft import Draft
from lowcode.records.record import SetAside
from lowcode.records.rows import chunks, selection, to_record, with_rows

if t.TYPE_CHECKING:
    from lowcode.records.workspace import Workspace


def translate(workspace: Workspace, live: LiveApp, drafts: Sequence[Draft], ctx: Context) -> None:
    """Put what older forms posted into the words of ``live``: fills ``translated``, ``set_aside`` and ``unasked``.

    :raises NotFound: there never was such a version.
    """
    by_version: dict[int, list[Draft]] = {}
    for draft in drafts:
        if draft.change.version not in (None, live.version) and not draft.change.delete:
            by_version.setdefault(draft.change.version, []).append(draft)
    for version, group in sorted(by_version.items()):
        old = workspace.catalog.version(workspace.connection, live.id, live.code, version)
        writable = workspace.policies.of(old).writable
        unasked = frozenset(_unasked(old.definition, live.definition))
        gone = _gone(old.definition, live.definition)
        stored = _stored(workspace.connection, old, gone, [d.id for d in group if not d.is_new]) if gone else {}
        for draft in group:
            draft.unasked = unasked
            draft.translated = {}
            for code, raw in draft.change.values.items():
                _one(draft, code, raw, old.definition, live.definition, writable, stored.get(draft.id, {}), ctx)


def _unasked(old: AppDefinition, new: AppDefinition) -> Iterator[str]:
    for field in new.all_fields:
        before = old.by_id(field.id)
        if before is None or (field.is_required() and not before.is_required()):
            yield field.code


def _gone(old: AppDefinition, new: AppDefinition) -> frozenset[str]:
    """Top-level codes whose stored values the old version must be asked for."""
    found = set()
    for field in old.fields:
        inner = field.fields if isinstance(field, SubtableField) else ()
        if field.stores_value and (_top(new, field) is None or any(new.by_id(f.id) is None for f in inner)):
            found.add(field.code)
    return frozenset(found)


def _top(definition: AppDefinition, field: Field) -> Field | None:
    found = definition.by_id(field.id)
    return found if found is not None and definition.subtable_of(found.code) is None else None


def _stored(
    connection: sa.Connection, old: LiveApp, codes: frozenset[str], ids: Sequence[int]
) -> dict[int, Mapping[str, Value]]:
    """What retired columns hold for these records; nothing when they were purged."""
    selected = selection(old, codes)
    found: dict[int, Mapping[str, Value]] = {}
    try:
        with connection.begin_nested():
            for part in chunks(ids):
                statement = sa.select(*selected.columns).where(old.tables.main.c.id.in_(part))
                records = [to_record(selected, row) for row in connection.execute(statement)]
                for record in with_rows(connection, old.tables, selected, records):
                    found[record.id] = record.values
    except sa.exc.DBAPIError as error:
        if not isinstance(error, sa.exc.OperationalError | sa.exc.ProgrammingError):
            raise
        return {}
    return found


def _one(
    draft: Draft,
    code: str,
    raw: t.Any,
    old: AppDefinition,
    new: AppDefinition,
    writable: frozenset[str],
    stored: Mapping[str, Value],
    ctx: Context,
) -> None:
    translated = t.cast(dict[str, t.Any], draft.translated)
    before = old.find(code) if old.subtable_of(code) is None else None
    if before is None:
        translated[code] = raw  # no field of that version: the usual answer is right
        return
    after = _top(new, before)
    if not before.writable or (after is not None and not after.stores_value):
        if after is not None:
            translated[after.code] = raw
        return
    try:
        value = before.coerce(raw, ctx)
    except Invalid as error:
        draft.problems.extend(
            p.under(draft.index, before.code if after is None else after.code) for p in error.problems
        )
        return
    if after is None or not after.writable:
        if code in writable and not before.is_empty(value) and stored.get(code) != value:
            draft.set_aside.append(_aside(before, value, ctx))
        return
    if isinstance(after, LookupField) and not draft.is_new and draft.old.get(after.code) == value:
        return  # a key that nobody touched must not copy again
    if isinstance(before, SubtableField) and isinstance(after, SubtableField):
        translated[after.code] = _rows(draft, before, after, value, stored.get(code) or (), ctx)
        return
    try:
        translated[after.code] = _converted(before, after, value, ctx)
    except Invalid as error:
        draft.problems.extend(p.under(draft.index, after.code) for p in error.problems)


def _converted(before: Field, after: Field, value: Value, ctx: Context) -> Value:
    if before.type_name == after.type_name:
        return value
    convert = after.convert_from(before)
    if convert is None:
        return after.parse(before.plain_text(value, ctx), ctx)
    return convert(value, ctx)


def _aside(field: Field, value: Value, ctx: Context, table: SubtableField | None = None) -> SetAside:
    label = field.display_label(ctx.locale)
    return SetAside(
        field_id=field.id,
        label=label if table is None else f"{table.display_label(ctx.locale)} › {label}",
        text=field.plain_text(value, ctx),
        value=field.history_value(value),
    )


def _rows(
    draft: Draft, before: SubtableField, after: SubtableField, rows: Sequence[Row], stored: Sequence[Row], ctx: Context
) -> tuple[Row, ...]:
    inner_by_id = {f.id: f for f in after.fields}
    known = {row.id: row.values for row in stored}
    found = []
    for at, row in enumerate(rows):
        cells: dict[str, Value] = {}
        for code, value in row.values.items():
            inner = t.cast(Field, before.find(code))
            target = inner_by_id.get(inner.id)
            if target is not None and target.stores_value:
                try:
                    cells[target.code] = _converted(inner, target, value, ctx)
                except Invalid as error:
                    draft.problems.extend(p.under(draft.index, after.code, at, target.code) for p in error.problems)
            elif not inner.is_empty(value) and inner.writable and known.get(row.id, {}).get(code) != value:
                draft.set_aside.append(_aside(inner, value, ctx, before))
        found.append(Row(id=row.id, values=cells))
    return tuple(found)
