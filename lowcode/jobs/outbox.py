"""Announcements of committed transactions, handed to whoever listens; at least once, in order per listener."""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.errors import LowcodeError
from lowcode.services import Services
from lowcode.system import models

Listener = Callable[[Services, int, Mapping[str, t.Any]], None]
"""Is given the services, the announcement's number (a key that makes a second delivery harmless) and its content."""
BATCH = 200
KEPT = timedelta(days=7)
FIRST_RETRY = timedelta(seconds=10)
LONGEST_RETRY = timedelta(hours=6)
_outbox = models.OutboxEntry.__table__
_listeners: dict[str, list[Listener]] = {}
log = logging.getLogger(__name__)


def listen(kind: str, listener: Listener) -> None:
    """Have ``listener`` called for every announcement of a kind."""
    _listeners.setdefault(kind, []).append(listener)


def deliver(services: Services, now: datetime) -> int:
    """Deliver what waits and is due; what fails is tried again later. Returns how many were delivered."""
    due = sa.or_(_outbox.c.retry_at.is_(None), _outbox.c.retry_at <= now)
    with db.reading(services.engine) as connection:
        rows = connection.execute(
            sa.select(_outbox.c.id, _outbox.c.kind, _outbox.c.payload, _outbox.c.attempts)
            .where(_outbox.c.delivered_at.is_(None), due)
            .order_by(_outbox.c.id)
            .limit(BATCH)
        ).all()
    if not rows:
        return 0
    done: list[int] = []
    failed: list[tuple[int, int, str]] = []
    for row in rows:
        try:
            for listener in _listeners.get(row.kind, ()):
                listener(services, row.id, orjson.loads(row.payload))
            done.append(row.id)
        except (LowcodeError, OSError, sa.exc.SQLAlchemyError, ValueError, KeyError) as error:
            log.warning("announcement %s (%s) is tried again: %r", row.id, row.kind, error)
            failed.append((row.id, row.attempts + 1, type(error).__name__))
    with db.writing(services.engine) as connection:
        if done:
            connection.execute(
                sa.update(_outbox)
                .where(_outbox.c.id.in_(done))
                .values(delivered_at=now, attempts=_outbox.c.attempts + 1, error=None)
            )
        for entry_id, attempts, name in failed:
            wait = min(FIRST_RETRY * 2 ** min(attempts - 1, 16), LONGEST_RETRY)
            connection.execute(
                sa.update(_outbox)
                .where(_outbox.c.id == entry_id)
                .values(attempts=attempts, retry_at=now + wait, error=name)
            )
    return len(done)


def forget(connection: sa.Connection, now: datetime) -> int:
    """Delete what was delivered some days ago."""
    done = connection.execute(sa.delete(_outbox).where(_outbox.c.delivered_at < now - KEPT))
    return int(done.rowcount)


__all__ = ["Listener", "deliver", "forget", "listen"]
