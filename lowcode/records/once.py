"""A form that is sent twice makes one record: each empty form carries a key, and a key makes one record only."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from lowcode.access.actor import Actor
from lowcode.system import models

KEYS: sa.Table = models.FormKey.__table__


def new_key() -> str:
    """A key for a form that is about to be shown."""
    return secrets.token_urlsafe(18)


def take(connection: sa.Connection, actor: Actor, app_id: int, key: str, now: datetime) -> int | None:
    """Take a key in the transaction that will make the record, and tell the record when it was taken before.

    A second sender waits here until the first one's transaction has ended; if that one failed, the key is free again.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    stored = _stored(actor, app_id, key)
    statement = insert(KEYS).values(key=stored, created_at=now).on_conflict_do_nothing().returning(KEYS.c.key)
    if connection.execute(statement).first() is not None:
        return None
    record: int | None = connection.scalar(sa.select(KEYS.c.record_id).where(KEYS.c.key == stored))
    return record


def made(connection: sa.Connection, actor: Actor, app_id: int, key: str, record_id: int) -> None:
    """Note which record the key made."""
    stored = _stored(actor, app_id, key)
    connection.execute(sa.update(KEYS).where(KEYS.c.key == stored).values(record_id=record_id))


def forget(connection: sa.Connection, before: datetime) -> int:
    """Delete keys that were taken before a time. Returns how many."""
    return connection.execute(sa.delete(KEYS).where(KEYS.c.created_at < before)).rowcount


def _stored(actor: Actor, app_id: int, key: str) -> str:
    # Bound to the sender and the app: nobody can learn of or block another person's form.
    return hashlib.sha256(f"{actor.kind}\n{actor.user_id}\n{app_id}\n{key}".encode()).hexdigest()


__all__ = ["forget", "made", "new_key", "take"]
