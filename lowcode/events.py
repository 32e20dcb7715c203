"""Announcements: kept in the transaction that causes them, delivered after it is committed.

What must happen later (mail, notice, webhook) is a row of ``outbox``; whoever delivers it does so at least once.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime

import orjson
import sqlalchemy as sa

from lowcode.db import UtcDateTime

# A light image of the table: the real one belongs to ``system``, which stands above this module.
_outbox = sa.table(
    "outbox",
    sa.column("kind", sa.Text()),
    sa.column("payload", sa.Text()),
    sa.column("created_at", UtcDateTime()),
    sa.column("attempts", sa.Integer()),
)


def announce(connection: sa.Connection, kind: str, payload: Mapping[str, t.Any], now: datetime) -> None:
    """Note that ``kind`` happened (``records.saved``); it is lost with the transaction when that fails."""
    connection.execute(
        sa.insert(_outbox).values(kind=kind, payload=orjson.dumps(dict(payload)).decode(), created_at=now, attempts=0)
    )
