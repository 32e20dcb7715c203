"""Sample data for freshly installed templates: the preset ``tiny``, for the apps that are there."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from lowcode.demo.load import APPS, load
from lowcode.demo.presets import World
from lowcode.records.catalog import Catalog


def fill(engine: sa.Engine, codes: Sequence[str], *, catalog: Catalog | None = None) -> dict[str, int]:
    """Put sample records into those of the apps ``codes`` that have some; returns how many, by code.

    :raises Conflict: one of them has records already.
    """
    wanted = tuple(app for app in APPS if app in codes)
    if not wanted:
        return {}
    made = load(engine, World.of("tiny"), catalog=catalog, only=wanted)
    return {app: count["rows"] for app, count in made["apps"].items()}
