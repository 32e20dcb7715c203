"""Bringing deleted records back from their last image in the history."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from lowcode import events
from lowcode.access.actor import system
from lowcode.errors import NotFound
from lowcode.fields.subtable import Row, SubtableField
from lowcode.records import compute, derived, history, indexing, lookups, turns, unique
from lowcode.records.draft import Draft
from lowcode.records.merge import empty_value
from lowcode.records.record import Change, Record
from lowcode.records.rows import RowWriter
from lowcode.search.index import IndexWriter

if t.TYPE_CHECKING:
    from lowcode.records.service import RecordService


def restore(service: RecordService, record_ids: Sequence[int]) -> list[Record]:
    """Insert the records again under their own ids; roll-ups and formulas are computed anew.

    :raises NotFound: there is nothing deleted under an id. :raises Invalid: a unique value is taken meanwhile.
    """
    turns.take(service.connection, service.workspace.snapshot, service.live)
    table, main = service.tables.history, service.tables.main
    drafts: list[Draft] = []
    texts = IndexWriter(service.connection, service.tables.index)
    writer = RowWriter(service.connection, service.tables, service.plan.stored, texts)
    entries = []
    for index, record_id in enumerate(dict.fromkeys(record_ids)):
        newest = service.connection.execute(
            sa.select(table).where(table.c.record_id == record_id).order_by(table.c.id.desc()).limit(1)
        ).first()
        alive = service.connection.scalar(sa.select(main.c.id).where(main.c.id == record_id))
        if newest is None or newest.action != "delete" or alive is not None:
            raise NotFound("record.not_in_trash", id=record_id)
        entry = history._entry(newest)
        if service.policy.visible("delete") is not None and entry.actor_id != service.actor.user_id:
            raise NotFound("record.not_in_trash", id=record_id)  # see RecordReader.trash
        draft = Draft(index=index, change=Change(), before=None, id=record_id)
        for field in service.plan.stored:
            stored = entry.before.get(str(field.id))
            draft.values[field.code] = (
                empty_value(field) if stored is None else history.revived(field, stored, service.ctx)
            )
        draft.system = {
            "revision": newest.revision + 1,
            "status": entry.before.get("status"),
            "created_at": datetime.fromisoformat(entry.before["$created_at"]),
            "created_by": entry.before.get("$created_by"),
            "updated_at": service.ctx.now,
            "updated_by": service.actor.user_id,
            "assignees": entry.before.get("$assignees"),
            "categories": entry.before.get("$categories"),
        }
        drafts.append(draft)
        entries.append({"record_id": record_id, "revision": newest.revision + 1, "action": "restore"})
    _find_sources(service, drafts)
    derived.own_rollups(service.workspace, service.live, service.plan, drafts)
    for draft in drafts:
        compute.evaluate(service.definition, service.plan, draft.values, service.stored_ctx)
    unique.check(service.connection, service.live, service.plan, drafts)
    service._stop_on_problems(drafts)
    for draft in drafts:
        writer.insert(draft.id, draft.system, draft.values, draft.sources, service.stored_ctx)
    writer.flush()
    for subtable in service.plan.subtables:
        _restore_rows(service, subtable, drafts)
    indexing.put_rows(texts, service.plan, drafts, service.stored_ctx)
    indexing.put_files(service.connection, texts, service.plan, drafts)
    texts.flush()
    history.write(service.connection, service.live, service.actor, service.ctx.now, entries)
    derived.refresh(service.workspace, service.live, drafts, [])
    events.announce(
        service.connection,
        "records.saved",
        {"app": service.live.id, "created": [d.id for d in drafts], "updated": [], "deleted": []},
        service.ctx.now,
    )
    return service.workspace.reader(service.live).by_ids([d.id for d in drafts])


def _find_sources(service: RecordService, drafts: Sequence[Draft]) -> None:
    """Tie lookups to their source records again; those that keep fresh take what the source says today."""
    space = service.workspace.acting_as(system("keeps copied fields fresh"))
    for field in service.plan.lookups:
        keyed = [d for d in drafts if not field.is_empty(d.values.get(field.code))]
        tried = [Draft(index=0, change=d.change, before=None, id=d.id, values=dict(d.values)) for d in keyed]
        lookups.copy_one(space, service.live, field, tried, service.ctx)
        for draft, found in zip(keyed, tried, strict=True):
            if found.problems:
                continue  # the source is gone: what was copied stays
            draft.sources.update(found.sources)
            if field.lookup.freshness == "FRESH":
                draft.values.update({code: found.values.get(code) for code in field.copy_targets})


def _restore_rows(service: RecordService, subtable: SubtableField, drafts: Sequence[Draft]) -> None:
    """Rows come back under their own ids too: whoever opened the record before it was deleted names them by these."""
    part = service.tables.rows[subtable.id]
    writer = RowWriter(service.connection, part, subtable.fields)
    rows: list[tuple[Draft, int, Row]] = [
        (d, at, row) for d in drafts for at, row in enumerate(d.values.get(subtable.code) or ())
    ]
    for draft, at, row in rows:
        if row.id is not None:
            writer.insert(row.id, {"record_id": draft.id, "position": at}, row.values, {}, service.stored_ctx)
    writer.flush()
