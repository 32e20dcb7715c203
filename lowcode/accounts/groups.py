"""Groups: named sets of users across organisations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.accounts import audit, checks, directory
from lowcode.errors import Invalid, NotFound, Problem
from lowcode.system.models import Group, GroupMember, User

_table, _members, _users = Group.__table__, GroupMember.__table__, User.__table__


@dataclass(frozen=True, kw_only=True)
class GroupData:
    """Everything of a group that administrators decide."""

    code: str
    name: str
    active: bool = True
    members: Sequence[str] = ()
    """Log-in names."""
    built_in: bool = False


def find(connection: sa.Connection, code: str) -> int | None:
    """The number of a group by code."""
    return connection.scalar(sa.select(_table.c.id).where(_table.c.code == code.strip()))


def read_all(connection: sa.Connection) -> dict[int, GroupData]:
    """All groups by number, the built-in one first."""
    members: dict[int, list[str]] = {}
    for row in connection.execute(
        sa.select(_members.c.group_id, _users.c.login)
        .join(_users, _users.c.id == _members.c.user_id)
        .order_by(_users.c.login)
    ):
        members.setdefault(row.group_id, []).append(row.login)
    return {
        row.id: GroupData(
            code=row.code,
            name=row.name,
            active=row.active,
            members=tuple(members.get(row.id, ())),
            built_in=row.built_in,
        )
        for row in connection.execute(sa.select(_table).order_by(_table.c.built_in.desc(), _table.c.code))
    }


def read(connection: sa.Connection, group_id: int) -> GroupData:
    """One group. Raises :class:`NotFound`."""
    found = read_all(connection).get(group_id)
    if found is None:
        raise NotFound("group.not_found", group=group_id)
    return found


def save(connection: sa.Connection, data: GroupData, by: Actor, now: datetime, *, group_id: int | None = None) -> int:
    """Add a group or change one; returns its number. Raises :class:`Invalid` with everything wrong."""
    checks.require_administrator(by)
    data = replace(
        data,
        code=data.code.strip(),
        name=checks.clean(data.name),
        members=tuple(sorted({checks.unify(login) for login in data.members} - {""})),
    )
    before = read(connection, group_id) if group_id is not None else None
    numbers = {
        row.login: row.id
        for row in connection.execute(
            sa.select(_users.c.login, _users.c.id).where(_users.c.login.in_(list(data.members)))
        )
    }
    problems = list(_problems(connection, data, group_id, before, numbers))
    if problems:
        raise Invalid(problems)
    values = {"code": data.code, "name": data.name, "active": data.active}
    if group_id is None:
        number = int(connection.execute(sa.insert(_table).values(**values).returning(_table.c.id)).scalar_one())
    else:
        number = group_id
        connection.execute(sa.update(_table).where(_table.c.id == number).values(**values))
    connection.execute(sa.delete(_members).where(_members.c.group_id == number))
    if numbers:
        connection.execute(sa.insert(_members), [{"group_id": number, "user_id": user} for user in numbers.values()])
    directory.changed(connection)
    audit.note(
        connection,
        by,
        "group.added" if before is None else "group.changed",
        now,
        target=data.code,
        details={"name": data.name, "active": data.active, "members": list(data.members)},
    )
    return number


def _problems(
    connection: sa.Connection, data: GroupData, own: int | None, before: GroupData | None, known: dict[str, int]
) -> Iterator[Problem]:
    yield from checks.code_problems(data.code, "code")
    yield from checks.name_problems(data.name)
    other = find(connection, data.code) if data.code else None
    if other is not None and other != own:
        yield Problem(code="people.code_taken", path=("code",), params={"code": data.code})
    if before is not None and before.built_in and (data.code != before.code or not data.active or data.members):
        yield Problem(code="group.built_in", path=("code",), params={"code": before.code})
    for number, login in enumerate(data.members):
        if login not in known:
            yield Problem(code="group.no_user", path=("members", number), params={"login": login})
