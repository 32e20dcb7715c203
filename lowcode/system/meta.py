"""Small facts of the installation, by name."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from lowcode.system.models import Meta

_table = Meta.__table__
_ALL = sa.select(_table)
SITE_NAME, SITE_UNIT, SITE_HUE = "site.name", "site.unit", "site.hue"
DIRECTORY_VERSION = "directory.version"
LAST_BACKUP, FAILED_BACKUP = "backup.last", "backup.failed"
"""JSON: the newest backup that succeeded (``made_at``, ``file``, ``size``, …); why the newest one failed (``at``,
``code``, ``params``), gone with the next success."""


def everything(connection: sa.Connection) -> Mapping[str, str]:
    """All facts: there are only a handful, so one statement reads them."""
    return {row.key: row.value for row in connection.execute(_ALL)}


def write(connection: sa.Connection, key: str, value: str) -> None:
    """Set one fact."""
    if not connection.execute(sa.update(_table).where(_table.c.key == key).values(value=value)).rowcount:
        connection.execute(sa.insert(_table).values(key=key, value=value))
