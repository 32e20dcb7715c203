"""Dropping the indexes that no live version asks for: after every switch, and after a deploy that was cut off.

A deploy that ends between its first index and its last step leaves indexes behind. Most only cost space; a unique one
goes on refusing values that the live version allows. Columns and tables stay, since the next deploy takes them again.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Collection

import sqlalchemy as sa

from lowcode import db
from lowcode.deploy import apply, indexes, versions
from lowcode.deploy.locks import WAIT_SECONDS, deploying
from lowcode.deploy.steps import DropIndex
from lowcode.records.tables import tables_for

_OWNER: t.Final = re.compile(r"app_(\d+)(?:_.*)?")


def tidy(engine: sa.Engine, *, wait: float = WAIT_SECONDS) -> int:
    """Drop what deploys that were cut off left in any app. Returns how many indexes that were.

    One look at the live versions and at the database's list of indexes, and no lock, where nothing is left over.

    :raises Busy: somebody deploys for longer than ``wait`` seconds; such indexes may be for the version to come.
    """
    with db.reading(engine) as connection:
        if not superfluous(connection):
            return 0
    with deploying(engine, wait):
        return drop_superfluous(engine)


def drop_superfluous(engine: sa.Engine, apps: Collection[int] | None = None) -> int:
    """Drop the indexes that the live versions of ``apps`` (None: of all) do not ask for. Returns how many.

    The caller holds the deploy lock.
    """
    with db.reading(engine) as connection:
        drops = superfluous(connection, apps)
    apply.clean(engine, drops)
    return len(drops)


def superfluous(connection: sa.Connection, apps: Collection[int] | None = None) -> tuple[DropIndex, ...]:
    """What would be dropped, in order of name."""
    live = {number: definition for number, _, definition in versions.live_apps(connection).values()}
    wanted: dict[int, frozenset[str]] = {}
    for number, definition in live.items():
        if apps is None or number in apps:
            others = [other for other_number, other in live.items() if other_number != number]
            specs = indexes.wanted(tables_for(number, definition), definition, others=others)
            wanted[number] = frozenset(spec.name for spec in specs)
    found = []
    for table, present in sorted(indexes.all_indexes(connection).items()):
        owner = _OWNER.fullmatch(table)
        if owner is not None and int(owner[1]) in wanted:
            found += [
                DropIndex(table=table, name=name)
                for name in sorted(present)
                if name not in wanted[int(owner[1])] and name.startswith(("ix_", "uq_"))
            ]
    return tuple(found)
