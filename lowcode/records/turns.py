"""Writers of apps that derive values from each other take turns on PostgreSQL.

Saving a child locks its row and then the parent that shows a roll-up; saving a parent locks it and then the children
that copy from it. Two such writers would wait for each other until the database ends one of them after a second, and
a copy made meanwhile could keep an old value for good. One lock for the whole group of linked apps avoids both; apps
without such links are not held up. SQLite lets one writer in at a time anyway.
"""

from __future__ import annotations

import sqlalchemy as sa

from lowcode.records.catalog import LiveApp, Snapshot

LINKED_APPS_LOCK = 7_103
"""First key of the advisory lock; the second is the least number among the linked apps."""


def take(connection: sa.Connection, snapshot: Snapshot, live: LiveApp) -> None:
    """Wait until no other transaction writes into apps linked with ``live``; held until the transaction ends."""
    if connection.dialect.name != "postgresql":
        return
    group = snapshot.group(live)
    if group is not None:
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(:first, :second)"), {"first": LINKED_APPS_LOCK, "second": group}
        )
