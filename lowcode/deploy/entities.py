"""People, organisations and groups in a definition get their ids, so that rights survive a new code or log-in name."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from lowcode.system import models

_TABLES: t.Final = {
    "USER": (models.User.__table__, "login"),
    "ORGANIZATION": (models.Organization.__table__, "code"),
    "GROUP": (models.Group.__table__, "code"),
}


def name_entities(connection: sa.Connection, raw: Mapping[str, t.Any], creator: int | None) -> dict[str, t.Any]:
    """A copy of a definition in which rights and assignees carry ids; who is not known yet stays a code.

    :param creator: whom rights of the creator mean.
    """
    made = copy.deepcopy(dict(raw))
    found = [entity for key in ("acl", "status") for entity in _entities(made.get(key))]
    for kind, (table, column) in _TABLES.items():
        codes = {
            entity["code"]
            for entity in found
            if entity["type"] == kind and isinstance(entity.get("code"), str) and not isinstance(entity.get("id"), int)
        }
        if not codes:
            continue
        rows = connection.execute(sa.select(table.c.id, table.c[column]).where(table.c[column].in_(sorted(codes))))
        ids = {code: number for number, code in rows}
        for entity in found:
            if entity["type"] == kind and entity.get("code") in ids and not isinstance(entity.get("id"), int):
                entity["id"] = ids[entity["code"]]
    for entity in found:
        if entity["type"] == "CREATOR" and creator is not None:
            entity["id"] = creator
    return made


def _entities(part: t.Any) -> Iterator[dict[str, t.Any]]:
    if isinstance(part, dict):
        entity = part.get("entity")
        if isinstance(entity, dict) and isinstance(entity.get("type"), str):
            yield entity
        for inner in part.values():
            yield from _entities(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _entities(inner)
