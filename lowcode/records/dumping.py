"""The tables of records as a backup must see them: with what every version of an app has ever kept in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from lowcode.db import NAMING
from lowcode.definition import codec
from lowcode.records.tables import tables_for
from lowcode.search.index import REBUILT
from lowcode.system import models

_apps, _versions = models.App.__table__, models.AppVersion.__table__


def every_app(connection: sa.Connection) -> list[int]:
    """The number of every app that was ever published, those that were deleted too."""
    return list(connection.scalars(sa.select(_versions.c.app_id).distinct().order_by(_versions.c.app_id)))


def tables_of_all_versions(
    connection: sa.Connection, app_id: int, there: Mapping[str, Collection[str]]
) -> tuple[sa.Table, ...]:
    """The tables of an app, parents first, each with the columns of all versions: of retired fields, too.

    A column has one type for life (see :mod:`lowcode.deploy.storage`), so it does not matter which version tells it.

    :param there: by table: the columns that are there, since a purge takes away what only older versions name.
        Tables that are filled anew (:data:`REBUILT`) are given in any case.
    """
    live = sa.select(_apps.c.live_version).where(_apps.c.id == app_id).scalar_subquery()
    # The live version first: all of its columns are there, and in its order.
    newest = sa.case((_versions.c.version == live, 0), else_=1), _versions.c.version.desc()
    texts = connection.scalars(sa.select(_versions.c.definition).where(_versions.c.app_id == app_id).order_by(*newest))
    metadata = sa.MetaData(naming_convention=NAMING)
    found: dict[str, sa.Table] = {}
    for text in texts.all():
        for table in tables_for(app_id, codec.loads(text)).all():
            if table.name not in there and not table.info.get(REBUILT):
                continue
            known = found.get(table.name)
            if known is None:
                found[table.name] = table.to_metadata(metadata)
                continue
            for column in table.columns:
                if column.name not in known.c and column.name in there.get(table.name, ()):
                    known.append_column(sa.Column(column.name, column.type, nullable=True))
    return tuple(found.values())


__all__ = ["REBUILT", "every_app", "tables_of_all_versions"]
