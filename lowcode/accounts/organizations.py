"""Organisations: a tree of departments, each with a code."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.accounts import audit, checks, directory
from lowcode.errors import Invalid, NotFound, Problem
from lowcode.system.models import Organization

DEEPEST = 20
MOST_WARDS = 200
# What stands between wards in a line, a cell or a text of several lines; so it cannot stand in the name of one.
_BETWEEN: t.Final = re.compile(r"[、，,；;\r\n]")
_NO_NAME: t.Final = re.compile(_BETWEEN.pattern + r"|[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_table = Organization.__table__


@dataclass(frozen=True, kw_only=True)
class OrganizationData:
    """Everything of an organisation that administrators decide."""

    code: str
    name: str
    parent: str = ""
    """Code of the organisation above; empty at the top."""
    position: int = 0
    """Order among its neighbours."""
    active: bool = True
    wards: tuple[str, ...] = ()
    """Names of the wards it serves, as they stand in the apps; without any, those of the organisation above."""


def ward_names(text: str) -> tuple[str, ...]:
    """The wards in a text as people write several of them: with commas or semicolons between, or one a line."""
    return _tidy(_BETWEEN.split(text))


def _tidy(names: Iterable[str]) -> tuple[str, ...]:
    clean = (unicodedata.normalize("NFC", name).strip() for name in names)
    return tuple(dict.fromkeys(name for name in clean if name))


def find(connection: sa.Connection, code: str) -> int | None:
    """The number of an organisation by code."""
    return connection.scalar(sa.select(_table.c.id).where(_table.c.code == code.strip()))


def read_all(connection: sa.Connection) -> dict[int, OrganizationData]:
    """All organisations by number, in the order of position and code (not of the tree)."""
    rows = connection.execute(sa.select(_table).order_by(_table.c.position, _table.c.code)).all()
    codes = {row.id: row.code for row in rows}
    return {
        row.id: OrganizationData(
            code=row.code,
            name=row.name,
            parent=codes.get(row.parent_id, ""),
            position=row.position,
            active=row.active,
            wards=tuple(orjson.loads(row.wards)),
        )
        for row in rows
    }


def read(connection: sa.Connection, organization_id: int) -> OrganizationData:
    """One organisation. Raises :class:`NotFound`."""
    found = read_all(connection).get(organization_id)
    if found is None:
        raise NotFound("organization.not_found", organization=organization_id)
    return found


def save(
    connection: sa.Connection, data: OrganizationData, by: Actor, now: datetime, *, organization_id: int | None = None
) -> int:
    """Add an organisation or change one; returns its number. Raises :class:`Invalid` with everything wrong."""
    checks.require_administrator(by)
    data = replace(
        data,
        code=data.code.strip(),
        name=checks.clean(data.name),
        parent=data.parent.strip(),
        wards=_tidy(data.wards),
    )
    everything = read_all(connection)
    problems = list(_problems(data, organization_id, everything))
    if problems:
        raise Invalid(problems)
    numbers = {each.code: number for number, each in everything.items()}
    values = {
        "code": data.code,
        "name": data.name,
        "position": data.position,
        "active": data.active,
        "parent_id": numbers[data.parent] if data.parent else None,
        "wards": orjson.dumps(data.wards).decode(),
    }
    if organization_id is None:
        number = int(connection.execute(sa.insert(_table).values(**values).returning(_table.c.id)).scalar_one())
    else:
        number = organization_id
        connection.execute(sa.update(_table).where(_table.c.id == number).values(**values))
    directory.changed(connection)
    audit.note(
        connection,
        by,
        "organization.added" if organization_id is None else "organization.changed",
        now,
        target=data.code,
        details={"name": data.name, "parent": data.parent, "active": data.active, "wards": data.wards},
    )
    return number


def _problems(data: OrganizationData, own: int | None, everything: dict[int, OrganizationData]) -> Iterator[Problem]:
    yield from checks.code_problems(data.code, "code")
    yield from checks.name_problems(data.name)
    yield from _ward_problems(data.wards)
    if own is not None and own not in everything:
        raise NotFound("organization.not_found", organization=own)
    by_code = {each.code: (number, each) for number, each in everything.items()}
    if data.code in by_code and by_code[data.code][0] != own:
        yield Problem(code="people.code_taken", path=("code",), params={"code": data.code})
    if not data.parent:
        return
    above, steps = data.parent, 0
    while above:
        if above not in by_code:
            yield Problem(code="organization.no_parent", path=("parent",), params={"code": above})
            return
        number, each = by_code[above]
        if number == own:
            yield Problem(code="organization.own_parent", path=("parent",), params={"code": data.parent})
            return
        above, steps = each.parent, steps + 1
        if steps > DEEPEST:
            yield Problem(code="organization.too_deep", path=("parent",), params={"maximum": DEEPEST})
            return


def _ward_problems(wards: tuple[str, ...]) -> Iterator[Problem]:
    if len(wards) > MOST_WARDS:
        yield Problem(code="organization.too_many_wards", path=("wards",), params={"maximum": MOST_WARDS})
    for name in wards:
        if _NO_NAME.search(name):
            yield Problem(code="organization.ward_letters", path=("wards",), params={"value": name})
        elif len(name) > checks.NAME_LENGTH:
            yield Problem(code="people.too_long", path=("wards",), params={"maximum": checks.NAME_LENGTH})
