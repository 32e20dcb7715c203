"""What changed, when and by whom: written with every save, read for merging, restoring and the timeline.

``before`` and ``after`` are JSON by field id, only of the fields that changed; a deletion keeps the whole record
in ``before``, and a creation keeps nothing, because the record itself can be walked back from today.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid
from lowcode.fields.base import Context, Field, SystemField, Value
from lowcode.fields.subtable import Row, SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.record import SetAside
from lowcode.records.rows import chunks
from lowcode.records.tables import AppTables

Action = t.Literal["create", "update", "delete", "restore", "status", "derive", "import"]

SET_ASIDE = "$set_aside"
"""Key in ``after``: what was typed for fields that had been retired meanwhile."""


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field's change as it is shown: values in the field's present shape."""

    field: Field
    before: Value
    after: Value


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a record's history."""

    id: int
    record_id: int
    revision: int
    at: datetime
    action: Action
    actor_kind: str
    actor_id: int | None
    actor_name: str
    reason: str | None
    version: int
    before: Mapping[str, t.Any]
    after: Mapping[str, t.Any]

    @property
    def set_aside(self) -> tuple[SetAside, ...]:
        """What was typed for fields that had been retired meanwhile; for the author and whoever manages the app."""
        return tuple(SetAside(**one) for one in self.after.get(SET_ASIDE, ()))


def image(
    definition: AppDefinition, values: Mapping[str, Value], codes: t.Iterable[str] | None = None
) -> dict[str, t.Any]:
    """Values as history keeps them: JSON by field id, empty values left out unless asked for by ``codes``."""
    found: dict[str, t.Any] = {}
    for field in definition.fields:
        if not field.stores_value or isinstance(field, SystemField):
            continue
        if codes is None:
            value = values.get(field.code)
            if not field.is_empty(value):
                found[str(field.id)] = field.history_value(value)
        elif field.code in codes:
            found[str(field.id)] = field.history_value(values.get(field.code))
    return found


def write(
    connection: sa.Connection, live: LiveApp, actor: Actor, now: datetime, entries: Sequence[Mapping[str, t.Any]]
) -> None:
    """Add lines; each gives ``record_id, revision, action, before, after`` (the two images may be None)."""
    if not entries:
        return
    name = actor.name or actor.login or actor.kind
    connection.execute(
        sa.insert(live.tables.history),
        [
            {
                "record_id": e["record_id"],
                "revision": e["revision"],
                "action": e["action"],
                "at": now,
                "actor_kind": actor.kind,
                "actor_id": actor.user_id,
                "actor_name": name,
                "reason": e.get("reason") or actor.reason or None,
                "version": live.version,
                "before": _packed(e.get("before")),
                "after": _packed(e.get("after")),
            }
            for e in entries
        ],
    )


def _packed(found: Mapping[str, t.Any] | None) -> str | None:
    return orjson.dumps(found).decode() if found else None


def _entry(row: t.Any) -> Entry:
    return Entry(
        id=row.id,
        record_id=row.record_id,
        revision=row.revision,
        at=row.at,
        action=row.action,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        reason=row.reason,
        version=row.version,
        before=orjson.loads(row.before) if row.before else {},
        after=orjson.loads(row.after) if row.after else {},
    )


def of_record(connection: sa.Connection, tables: AppTables, record_id: int, *, limit: int = 200) -> list[Entry]:
    """The newest lines of one record, newest first."""
    table = tables.history
    statement = sa.select(table).where(table.c.record_id == record_id).order_by(table.c.id.desc()).limit(limit)
    return [_entry(row) for row in connection.execute(statement)]


def since(connection: sa.Connection, tables: AppTables, revisions: Mapping[int, int]) -> dict[int, list[Entry]]:
    """Lines of each record after the given revision, oldest first (derived values left out)."""
    found: dict[int, list[Entry]] = {}
    table = tables.history
    for ids in chunks(sorted(revisions)):
        statement = (
            sa.select(table)
            .where(
                table.c.record_id.in_(ids),
                table.c.revision > min(revisions[i] for i in ids),
                table.c.action != "derive",
            )
            .order_by(table.c.id)
        )
        for row in connection.execute(statement):
            if row.revision > revisions[row.record_id]:
                found.setdefault(row.record_id, []).append(_entry(row))
    return found


def complete(entries: Sequence[Entry], seen: int, present: int) -> bool:
    """Whether ``entries`` tell every step from revision ``seen`` to ``present`` (else history was purged)."""
    return {e.revision for e in entries} >= set(range(seen + 1, present + 1)) or _jumps_ok(entries, seen, present)


def _jumps_ok(entries: Sequence[Entry], seen: int, present: int) -> bool:
    # A status action raises the revision by two and writes one line.
    at = seen
    for entry in entries:
        if entry.revision - at not in ((1, 2) if entry.action == "status" else (1,)):
            return False
        at = entry.revision
    return at == present


def base_values(
    definition: AppDefinition, present: Mapping[str, Value], entries: Sequence[Entry], ctx: Context
) -> dict[str, Value]:
    """The values a record had before ``entries`` (oldest first): the base of a merge."""
    values = dict(present)
    for entry in reversed(entries):
        for field in definition.fields:
            if str(field.id) in entry.before:
                values[field.code] = revived(field, entry.before[str(field.id)], ctx)
            elif entry.action == "create":
                break
    return values


def revived(field: Field, stored: t.Any, ctx: Context) -> Value:
    """A value from its history form; what cannot be read any more is empty."""
    try:
        return field.from_history(stored)
    except (Invalid, ValueError, TypeError, KeyError):
        return field.coerce(None, ctx)


def changes(definition: AppDefinition, entry: Entry, readable: frozenset[str], ctx: Context) -> list[FieldChange]:
    """The field changes of a line that the reader may see, in the form's order; hidden columns of a table are out."""
    found = []
    for field in definition.fields:
        key = str(field.id)
        if field.code not in readable or (key not in entry.before and key not in entry.after):
            continue
        before, after = revived(field, entry.before.get(key), ctx), revived(field, entry.after.get(key), ctx)
        if isinstance(field, SubtableField):
            hidden = frozenset(f.code for f in field.fields) - readable
            before, after = without_columns(before, hidden), without_columns(after, hidden)
        found.append(FieldChange(field=field, before=before, after=after))
    return found


def without_columns(rows: Value, codes: frozenset[str]) -> tuple[Row, ...]:
    """The rows of a table without some of their cells."""
    if not codes:
        return tuple(rows or ())
    return tuple(
        Row(id=row.id, values={code: value for code, value in row.values.items() if code not in codes})
        for row in rows or ()
    )
