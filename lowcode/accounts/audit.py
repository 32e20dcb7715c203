"""The audit log: who did what, when. Each row carries a hash of itself and of the row before."""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.db import is_sqlite
from lowcode.system.models import AuditEntry

AUDIT_LOCK = 7_103_003
"""PostgreSQL advisory lock: one writer at a time, else two rows would follow the same one."""
_table = AuditEntry.__table__
_HASHED = ("at", "actor_kind", "actor_id", "actor_name", "address", "action", "target", "app_id", "details")


def note(
    connection: sa.Connection,
    actor: Actor,
    action: str,
    now: datetime,
    *,
    target: str = "",
    app_id: int | None = None,
    address: str = "",
    details: Mapping[str, t.Any] | None = None,
) -> None:
    """Add one row, in the transaction of what it tells about.

    :param action: stable dotted name, for example ``user.added``. :param target: a code or ``app/record``.
    """
    if not is_sqlite(connection):
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})
    before = connection.scalar(sa.select(_table.c.chain).order_by(_table.c.id.desc()).limit(1)) or ""
    row: dict[str, t.Any] = {
        "at": now,
        "actor_kind": actor.kind,
        "actor_id": actor.user_id,
        "actor_name": actor.reason if actor.kind == "system" else actor.name,
        "address": address,
        "action": action,
        "target": target,
        "app_id": app_id,
        "details": orjson.dumps(dict(details or {}), option=orjson.OPT_SORT_KEYS).decode(),
    }
    connection.execute(sa.insert(_table).values(**row, chain=_chain(before, row)))


def first_broken(connection: sa.Connection) -> int | None:
    """The number of the first row that was changed, or that stands where one was removed; None when all is whole."""
    before = ""
    for row in connection.execute(sa.select(_table).order_by(_table.c.id)).mappings():
        if row["chain"] != _chain(before, dict(row)):
            return int(row["id"])
        before = row["chain"]
    return None


def _chain(before: str, row: Mapping[str, t.Any]) -> str:
    values = [row[name].astimezone(UTC).isoformat() if name == "at" else row[name] for name in _HASHED]
    return hashlib.sha256(orjson.dumps([before, *values])).hexdigest()
