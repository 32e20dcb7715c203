"""Attaching files: an upload is claimed by one record, so that nobody can attach a file of another record."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from lowcode.fields.context import FileRef
from lowcode.fields.subtable import SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.draft import Draft
from lowcode.records.plan import SavePlan
from lowcode.records.rows import chunks
from lowcode.system import models


def _refs(plan: SavePlan, values: t.Mapping[str, t.Any]) -> Iterator[tuple[tuple[str | int, ...], FileRef]]:
    """(path, file) of every attachment in a record."""
    for field in plan.stored:
        if field.type_name == "FILE":
            for ref in values.get(field.code) or ():
                yield (field.code,), ref
        elif isinstance(field, SubtableField):
            for inner in field.fields:
                if inner.type_name == "FILE":
                    for at, row in enumerate(values.get(field.code) or ()):
                        for ref in row.values.get(inner.code) or ():
                            yield (field.code, at, inner.code), ref


def claim(
    connection: sa.Connection, live: LiveApp, plan: SavePlan, drafts: Sequence[Draft], user_id: int | None
) -> None:
    """Bind newly attached uploads to their records; a file that another record holds is a problem of its field."""
    if not plan.has_files:
        return
    wanted: dict[str, tuple[Draft, tuple[str | int, ...]]] = {}
    for draft in drafts:
        present = {ref.key for _, ref in _refs(plan, draft.old)}
        for path, ref in _refs(plan, draft.values):
            if ref.key not in present:
                wanted[ref.key] = (draft, path)
    files = models.File.__table__
    for keys in chunks(list(wanted)):
        rows = connection.execute(
            sa.select(files.c.key, files.c.claimed, files.c.created_by).where(files.c.key.in_(keys))
        )
        free = {
            r.key
            for r in rows
            if not r.claimed and (r.created_by is None or r.created_by == user_id or user_id is None)
        }
        for key in keys:
            if key not in free:
                draft, path = wanted[key]
                draft.problem("file.not_yours", draft.index, *path)


def settle(connection: sa.Connection, live: LiveApp, plan: SavePlan, drafts: Sequence[Draft]) -> None:
    """Note in the files' rows which record holds them (after the records have their ids)."""
    if not plan.has_files:
        return
    files = models.File.__table__
    rows: list[dict[str, t.Any]] = []
    for draft in drafts:
        present = {ref.key for _, ref in _refs(plan, draft.old)}
        rows.extend(
            {"_key": ref.key, "app_id": live.id, "record_id": draft.id, "claimed": True}
            for _, ref in _refs(plan, draft.values)
            if ref.key not in present
        )
    if rows:
        connection.execute(
            sa.update(files)
            .where(files.c.key == sa.bindparam("_key"))
            .values(
                app_id=sa.bindparam("app_id"), record_id=sa.bindparam("record_id"), claimed=sa.bindparam("claimed")
            ),
            rows,
        )
