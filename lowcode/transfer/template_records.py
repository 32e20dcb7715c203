"""Records inside template files: values as canonical JSON, keyed by field code.

Numbers that the system gives (SERIAL) travel as names: a new installation gives its own, and whatever looked the old
one up is led to the new one. Attachments and tokens stay behind; people travel by code, and who is not known where
the file arrives is left out.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid, Problem
from lowcode.fields.base import Context, Field
from lowcode.fields.entity_select import EntitySelectField
from lowcode.fields.file import FileField
from lowcode.fields.lookup import LookupField
from lowcode.fields.serial import SerialField
from lowcode.fields.subtable import SubtableField
from lowcode.query import ast
from lowcode.records.catalog import LiveApp
from lowcode.records.record import Change, Record
from lowcode.records.workspace import Workspace

Json = dict[str, t.Any]

BATCH: t.Final = 500
MAX_RECORDS: t.Final = 100_000


def travels(field: Field) -> bool:
    """Whether values of a field go into a file."""
    return (field.writable and not isinstance(field, FileField)) or isinstance(field, SerialField)


def carried(definition: AppDefinition) -> tuple[Field, ...]:
    """The fields of an app whose values a file carries; what lookups copy comes again by itself."""
    copied = {code for field in definition.all_fields if isinstance(field, LookupField) for code in field.copy_targets}
    return tuple(field for field in definition.fields if travels(field) and field.code not in copied)


# --- out -------------------------------------------------------------------------------------


def dump(workspace: Workspace, live: LiveApp) -> list[Json]:
    """All records of an app that the actor may see, oldest first, without empty values."""
    fields = carried(live.definition)
    ctx = workspace.context(live)
    order = (ast.SortKey(field=ast.ID, descending=False),)
    found: list[Json] = []
    codes = [f.code for f in fields]
    pages: Iterable[Sequence[Record]] = workspace.reader(live, noted=False).stream(None, order, fields=codes)
    for page in pages:
        if workspace.reads is not None:
            details = {"fields": codes, "format": "template"}
            workspace.reads.note(live, "records.exported", [record.id for record in page], details=details)
        for record in page:
            values = {field.code: record.values.get(field.code) for field in fields}
            found.append(
                {
                    field.code: _dump(field, values[field.code], ctx)
                    for field in fields
                    if not field.is_empty(values[field.code])
                }
            )
    return found


def _dump(field: Field, value: t.Any, ctx: Context) -> t.Any:
    if isinstance(field, SubtableField):
        return [
            {
                inner.code: _dump(inner, row.values.get(inner.code), ctx)
                for inner in field.fields
                if travels(inner) and not inner.is_empty(row.values.get(inner.code))
            }
            for row in value
        ]
    if isinstance(field, EntitySelectField):
        return [item["code"] for item in field.kintone_value(value, ctx)]
    return field.dump(value)


# --- in --------------------------------------------------------------------------------------


def problems(records: t.Any, apps: Mapping[str, AppDefinition]) -> Iterator[Problem]:
    """Everything wrong with the records of a file; paths start with ``records``."""
    if not isinstance(records, Mapping):
        yield Problem(code="setting.not_a_map", path=("records",))
        return
    for code, rows in records.items():
        if code not in apps:
            yield Problem(code="template.records_of_nothing", path=("records", code), params={"code": code[:80]})
        elif not isinstance(rows, list):
            yield Problem(code="setting.not_a_list", path=("records", code))
        elif len(rows) > MAX_RECORDS:
            yield Problem(
                code="template.too_many_records",
                path=("records", code),
                params={"limit": MAX_RECORDS, "count": len(rows)},
            )
        else:
            fields = {field.code: field for field in carried(apps[code])}
            for index, values in enumerate(rows):
                found = _row_problems(values, fields)
                yield from (problem.under("records", code, index) for problem in found)


def _row_problems(values: t.Any, fields: Mapping[str, Field]) -> Iterator[Problem]:
    if not isinstance(values, Mapping):
        yield Problem(code="setting.not_a_map")
        return
    for code, raw in values.items():
        field = fields.get(code)
        if field is None:
            yield Problem(code="field.unknown", path=(code,), params={"field": code[:80]})
        elif isinstance(field, SubtableField):
            if not isinstance(raw, list):
                yield Problem(code="setting.not_a_list", path=(code,))
                continue
            inner = {one.code: one for one in field.fields if travels(one)}
            for index, row in enumerate(raw):
                yield from (problem.under(code, index) for problem in _row_problems(row, inner))
        elif isinstance(field, EntitySelectField):
            if not isinstance(raw, list) or not all(isinstance(one, str) for one in raw):
                yield Problem(code="setting.not_a_list", path=(code,))
        else:
            try:
                value = field.coerce(raw, Context())
                yield from (problem.under(code) for problem in field.check(value, Context()))
            except Invalid as error:
                yield from (problem.under(code) for problem in error.problems)


def restore(
    workspace: Workspace, codes: Sequence[str], records: Mapping[str, Sequence[Mapping[str, t.Any]]]
) -> dict[str, int]:
    """Save the records of a file, app by app in the order of ``codes``. Returns how many, by code.

    :raises Invalid: with every problem of a batch.
    """
    names: dict[tuple[str, str], dict[str, str]] = {}
    """(app, serial field) → number in the file → number given here."""
    counts: dict[str, int] = {}
    for code in codes:
        rows = records.get(code, ())
        counts[code] = len(rows)
        live = workspace.app(code)
        later: dict[int, Json] = {}
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            made = [_values(workspace, live, row, names) for row in part]
            saved = workspace.service(live).save([Change(values=now) for now, _ in made])
            for row, record, (_, rest) in zip(part, saved, made, strict=True):
                for field in live.definition.fields:
                    if isinstance(field, SerialField) and field.code in row:
                        names.setdefault((code, field.code), {})[row[field.code]] = record.values[field.code]
                if rest:
                    later[record.id] = rest
        _save_later(workspace, live, later, names)
    return counts


def _save_later(
    workspace: Workspace, live: LiveApp, later: Mapping[int, Json], names: Mapping[tuple[str, str], Mapping[str, str]]
) -> None:
    """What names records of the same app waits until they are all there."""
    waiting = list(later.items())
    for start in range(0, len(waiting), BATCH):
        changes = [
            Change(
                id=record_id,
                values={
                    code: _renamed(workspace, live.definition.field(code), raw, names) for code, raw in rest.items()
                },
            )
            for record_id, rest in waiting[start : start + BATCH]
        ]
        workspace.service(live).save(changes)


def _values(
    workspace: Workspace, live: LiveApp, row: Mapping[str, t.Any], names: Mapping[tuple[str, str], Mapping[str, str]]
) -> tuple[Json, Json]:
    """What is saved at once, and what has to wait because it names records of the same app."""
    now: Json = {}
    later: Json = {}
    for code, raw in row.items():
        field = live.definition.field(code)
        if isinstance(field, SerialField):
            continue
        if _names_own_app(field, raw, live.code):
            later[code] = raw
        else:
            now[code] = _renamed(workspace, field, raw, names)
    return now, later


def _names_own_app(field: Field, raw: t.Any, app: str) -> bool:
    if isinstance(field, LookupField):
        return field.lookup.related_app.code == app
    if isinstance(field, SubtableField):
        return any(
            _names_own_app(inner, row[inner.code], app) for inner in field.fields for row in raw if inner.code in row
        )
    return False


def _renamed(
    workspace: Workspace, field: Field, raw: t.Any, names: Mapping[tuple[str, str], Mapping[str, str]]
) -> t.Any:
    if isinstance(field, SubtableField):
        inner = {one.code: one for one in field.fields}
        return [
            {"values": {code: _renamed(workspace, inner[code], value, names) for code, value in row.items()}}
            for row in raw
        ]
    if isinstance(field, LookupField) and isinstance(raw, str):
        known = names.get((field.lookup.related_app.code, field.lookup.related_key_field), {})
        return known.get(raw, raw)
    if isinstance(field, EntitySelectField):
        directory = workspace.ctx.directory
        return [{"code": code} for code in raw if directory.by_code(field.kind, code) is not None]
    return raw


__all__ = ["carried", "dump", "problems", "restore", "travels"]
