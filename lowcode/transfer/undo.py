"""An import taken back: every record gets the values it had, unless somebody changed the same places since.

Everything goes through the record service, so that the undo has its own line in each history and can be undone too.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace

import orjson
import sqlalchemy as sa

from lowcode.errors import Conflict, Forbidden, Invalid, NotFound
from lowcode.records import history
from lowcode.records.catalog import LiveApp
from lowcode.records.record import Change
from lowcode.records.workspace import Workspace
from lowcode.transfer.importing import BATCH, REASON

UNDO_REASON = "undo:{batch}"


@dataclass(kw_only=True)
class UndoReport:
    """How far an undo is: records put back, kept because they were changed since, gone already."""

    undone: int = 0
    kept: int = 0
    gone: int = 0
    position: int = 0
    """The last line of history that was dealt with: an interrupted undo goes on behind it."""

    def to_json(self) -> dict[str, t.Any]:
        """As a job's row keeps it."""
        return asdict(self)


def undo_import(
    writing: Callable[[], AbstractContextManager[Workspace]],
    app: int,
    batch: str,
    first: int,
    last: int,
    *,
    report: UndoReport | None = None,
    note: Callable[[sa.Connection, UndoReport], None] | None = None,
    size: int = BATCH,
) -> UndoReport:
    """Take back what the import ``batch`` wrote; its history lies between ``first`` and ``last``.

    :param note: told in the transaction of each batch how far it is.
    :raises Forbidden: the actor may not import, edit or delete.
    """
    made = report or UndoReport()
    made.position = max(made.position, first - 1)
    while True:
        with writing() as space:
            live = space.app(app)
            service = space.service(live)
            service.policy.require("import")
            lines = _lines(space, live, batch, made.position, last, size)
            if not lines:
                return made
            changes = [_change(space, live, line) for line in lines]
            present = {r.id for r in space.reader(live).by_ids([c.id for c in changes if c.id is not None], ())}
            made.gone += sum(c.id not in present for c in changes)
            acting = space.acting_as(replace(space.actor, reason=UNDO_REASON.format(batch=batch)))
            _save(acting, live, [c for c in changes if c.id in present], made)
            made.position = lines[-1].id
            if note is not None:
                note(space.connection, made)


def _lines(space: Workspace, live: LiveApp, batch: str, behind: int, last: int, size: int) -> Sequence[t.Any]:
    table = live.tables.history
    return space.connection.execute(
        sa.select(table.c.id, table.c.record_id, table.c.revision, table.c.before)
        .where(table.c.id > behind, table.c.id <= last, table.c.reason == REASON.format(batch=batch))
        .order_by(table.c.id)
        .limit(size)
    ).all()


def _change(space: Workspace, live: LiveApp, line: t.Any) -> Change:
    if line.revision == 1:
        return Change(id=line.record_id, revision=1, delete=True)
    before = orjson.loads(line.before) if line.before else {}
    ctx = space.context(live)
    values = {
        f.code: history.revived(f, before[str(f.id)], ctx)
        for f in live.definition.fields
        if f.writable and str(f.id) in before
    }
    return Change(id=line.record_id, revision=line.revision, values=values)


def _save(space: Workspace, live: LiveApp, changes: Sequence[Change], made: UndoReport) -> None:
    if not changes:
        return
    try:
        with space.connection.begin_nested():
            space.service(live).save(list(changes))
    except Forbidden:
        raise
    except (Conflict, Invalid, NotFound, sa.exc.IntegrityError):
        if len(changes) == 1:
            made.kept += 1
            return
        half = len(changes) // 2
        _save(space, live, changes[:half], made)
        _save(space, live, changes[half:], made)
    else:
        made.undone += len(changes)


__all__ = ["UndoReport", "undo_import"]
