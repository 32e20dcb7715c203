"""What happens regularly: each entry becomes a job when its time has come, once for all workers."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

import orjson
import sqlalchemy as sa

from lowcode.jobs import queue
from lowcode.system import models

LAST_RUNS = "schedule"


class Regular(t.NamedTuple):
    """One kind of job and how often it is added."""

    kind: str
    every: timedelta
    at_start: bool = False
    """Also whenever a worker starts: what a killed process left is then put right."""


SCHEDULE: t.Final = (
    Regular("upkeep.database", timedelta(minutes=5)),
    Regular("upkeep.indexes", timedelta(hours=1), at_start=True),
    Regular("search.fill", timedelta(minutes=5)),
    Regular("search.files", timedelta(minutes=5)),
    Regular("upkeep.sessions", timedelta(hours=1)),
    Regular("upkeep.files", timedelta(days=1)),
    Regular("upkeep.rows", timedelta(days=1)),
    # A day is the least; what is sealed cannot be made anew unseen, and a seal is one entry.
    Regular("audit.seal", timedelta(hours=1)),
    Regular("audit.cut", timedelta(days=1)),
    Regular("backup.daily", timedelta(days=1)),
)


def add_due(connection: sa.Connection, now: datetime, *, starting: bool = False) -> int:
    """Add the jobs whose time has come, in the caller's transaction. Returns how many.

    What was missed while no worker ran happens once, not as often as it was missed.

    :param starting: the caller is a worker that has just started.
    """
    table = models.Meta.__table__
    stored = connection.scalar(sa.select(table.c.value).where(table.c.key == LAST_RUNS).with_for_update())
    last: dict[str, str] = orjson.loads(stored) if stored else {}
    added = 0
    for entry in SCHEDULE:
        ran = last.get(entry.kind)
        due = ran is None or now - datetime.fromisoformat(ran) >= entry.every
        if not due and not (starting and entry.at_start):
            continue
        queue.add(connection, entry.kind, {}, now, unique_key=entry.kind)
        last[entry.kind] = now.isoformat()
        added += 1
    if added:
        value = orjson.dumps(last).decode()
        if stored is None:
            connection.execute(sa.insert(table).values(key=LAST_RUNS, value=value))
        else:
            connection.execute(sa.update(table).where(table.c.key == LAST_RUNS).values(value=value))
    return added


__all__ = ["SCHEDULE", "Regular", "add_due"]
