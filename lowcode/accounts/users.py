"""Users: add, change, switch off, give a password. Every change is checked whole, noted and made known."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from lowcode import messages
from lowcode.access.actor import Actor
from lowcode.accounts import audit, checks, directory, passwords, sessions
from lowcode.errors import Invalid, NotFound, Problem
from lowcode.system.models import Group, GroupMember, Membership, Organization, User

_users, _memberships, _members = User.__table__, Membership.__table__, GroupMember.__table__


@dataclass(frozen=True)
class Place:
    """A membership: code of the organisation, and the position there."""

    organization: str
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class UserData:
    """Everything of a user that administrators decide."""

    login: str
    name: str
    kana: str = ""
    email: str = ""
    locale: str = ""
    zone: str = ""
    active: bool = True
    administrator: bool = False
    must_change_password: bool = False
    expires_on: date | None = None
    places: Sequence[Place] = ()
    """The primary one first."""
    groups: Sequence[str] = field(default=())
    """Codes, without ``everyone``."""


_COLUMNS = (
    "login",
    "name",
    "kana",
    "email",
    "locale",
    "zone",
    "active",
    "administrator",
    "must_change_password",
    "expires_on",
)


def any_user(connection: sa.Connection) -> bool:
    """Whether somebody exists; while nobody does, the first start asks for the first administrator."""
    return bool(connection.scalar(sa.select(sa.exists().where(_users.c.id.is_not(None)))))


def find(connection: sa.Connection, login: str) -> int | None:
    """The number of a user by log-in name."""
    return connection.scalar(sa.select(_users.c.id).where(_users.c.login == normal_login(login)))


def normal_login(login: str) -> str:
    """A log-in name as stored: no blanks around it, lower case, half-width."""
    return checks.unify(login)


def read(connection: sa.Connection, user_id: int) -> UserData:
    """A user as last saved. Raises :class:`NotFound`."""
    found = read_all(connection, user_id=user_id)
    if not found:
        raise NotFound("user.not_found", user=user_id)
    return found[user_id]


def read_all(connection: sa.Connection, *, user_id: int | None = None) -> dict[int, UserData]:
    """All users by number (or the one), in the order people expect."""
    organizations, groups = Organization.__table__, Group.__table__
    places: dict[int, list[Place]] = {}
    for row in connection.execute(
        sa.select(_memberships.c.user_id, organizations.c.code, _memberships.c.title)
        .join(organizations, organizations.c.id == _memberships.c.organization_id)
        .where(sa.true() if user_id is None else _memberships.c.user_id == user_id)
        .order_by(_memberships.c.is_primary.desc(), organizations.c.position, organizations.c.code)
    ):
        places.setdefault(row.user_id, []).append(Place(row.code, row.title))
    codes: dict[int, list[str]] = {}
    for member in connection.execute(
        sa.select(_members.c.user_id, groups.c.code)
        .join(groups, groups.c.id == _members.c.group_id)
        .where(sa.true() if user_id is None else _members.c.user_id == user_id)
        .order_by(groups.c.code)
    ):
        codes.setdefault(member.user_id, []).append(member.code)
    rows = connection.execute(
        sa.select(_users)
        .where(sa.true() if user_id is None else _users.c.id == user_id)
        .order_by(_users.c.kana == "", _users.c.kana, _users.c.name, _users.c.id)
    ).mappings()
    return {
        row["id"]: UserData(
            **{name: row[name] for name in _COLUMNS},
            places=tuple(places.get(row["id"], ())),
            groups=tuple(codes.get(row["id"], ())),
        )
        for row in rows
    }


def save(
    connection: sa.Connection,
    data: UserData,
    by: Actor,
    now: datetime,
    *,
    user_id: int | None = None,
    password: passwords.Prepared | None = None,
) -> int:
    """Add a user, or change the one with ``user_id``; returns the number.

    :param password: the new password, hashed beforehand; None keeps the old one (a new user without one cannot log
        in by password).
    :raises Invalid: everything that is wrong, by the names in :class:`UserData`. :raises Forbidden: see checks.
    """
    checks.require_administrator(by)
    data = tidy(data)
    before = read(connection, user_id) if user_id is not None else None
    problems = list(_problems(connection, data, user_id, before, password))
    if problems:
        raise Invalid(problems)
    values: dict[str, t.Any] = {name: getattr(data, name) for name in _COLUMNS}
    values["updated_at"] = now
    if password is not None:
        values |= {"password_hash": password.hash, "password_changed_at": now}
    if user_id is None:
        inserted = connection.execute(sa.insert(_users).values(**values, created_at=now).returning(_users.c.id))
        number: int = inserted.scalar_one()
    else:
        number = user_id
        connection.execute(sa.update(_users).where(_users.c.id == number).values(**values))
    if before is None or list(before.places) != list(data.places):
        _write_places(connection, number, data.places)
    if before is None or set(before.groups) != set(data.groups):
        _write_groups(connection, number, data.groups)
    if before is not None and (
        password is not None
        or not data.active
        or before.administrator != data.administrator
        or before.login != data.login
    ):
        # Whoever holds an old session must not keep what has just been taken away.
        sessions.end_all(connection, number)
    directory.changed(connection)
    audit.note(
        connection,
        by,
        "user.added" if before is None else "user.changed",
        now,
        target=data.login,
        details=_differences(before, data) | ({"password": True} if password is not None else {}),
    )
    return number


def switch(connection: sa.Connection, user_id: int, active: bool, by: Actor, now: datetime) -> None:
    """Switch a user on or off; switching off ends the sessions at once."""
    before = read(connection, user_id)
    if before.active != active:
        save(connection, replace(before, active=active), by, now, user_id=user_id)


def set_password(
    connection: sa.Connection,
    user_id: int,
    password: passwords.Prepared,
    by: Actor,
    now: datetime,
    *,
    must_change: bool,
    keep_session: str | None = None,
    field: str = "password",
) -> None:
    """A new password, by the person or by an administrator; all sessions end, but for ``keep_session``.

    :raises Invalid: the password breaks the rules.
    """
    if by.user_id != user_id:
        checks.require_administrator(by)
    login = read(connection, user_id).login
    problems = passwords.problems(password.plain, login=login, field_name=field)
    if problems:
        raise Invalid(problems)
    connection.execute(
        sa.update(_users)
        .where(_users.c.id == user_id)
        .values(
            password_hash=password.hash,
            password_changed_at=now,
            updated_at=now,
            must_change_password=must_change,
        )
    )
    sessions.end_all(connection, user_id, keep=keep_session)
    audit.note(connection, by, "user.password", now, target=login)


def set_own(
    connection: sa.Connection, user_id: int, by: Actor, now: datetime, *, locale: str, zone: str, preferences: str
) -> None:
    """What a person decides alone: language, time zone and look."""
    problems = [*_locale_problems(locale), *_zone_problems(zone)]
    if problems:
        raise Invalid(problems)
    connection.execute(
        sa.update(_users)
        .where(_users.c.id == user_id)
        .values(locale=locale, zone=zone, preferences=preferences, updated_at=now)
    )
    directory.changed(connection)


def set_preferences(connection: sa.Connection, user_id: int, preferences: str) -> None:
    """Keep how a person likes the screens (JSON); nobody else need know."""
    connection.execute(sa.update(_users).where(_users.c.id == user_id).values(preferences=preferences))


def tidy(data: UserData) -> UserData:
    """The data as it is stored: without stray blanks, with each group once."""
    return replace(
        data,
        login=normal_login(data.login),
        name=checks.clean(data.name),
        kana=checks.clean(data.kana),
        email=data.email.strip(),
        places=tuple(Place(p.organization.strip(), checks.clean(p.title)) for p in data.places),
        groups=tuple(sorted({g.strip() for g in data.groups} - {directory.EVERYONE, ""})),
    )


def _problems(
    connection: sa.Connection,
    data: UserData,
    user_id: int | None,
    before: UserData | None,
    password: passwords.Prepared | None,
) -> Iterator[Problem]:
    yield from checks.code_problems(data.login, "login")
    yield from checks.name_problems(data.name)
    yield from checks.name_problems(data.kana, "kana", required=False)
    yield from checks.email_problems(data.email)
    yield from _locale_problems(data.locale)
    yield from _zone_problems(data.zone)
    other = find(connection, data.login) if data.login else None
    if other is not None and other != user_id:
        yield Problem(code="user.login_taken", path=("login",), params={"login": data.login})
    seen: set[str] = set()
    known = _codes(connection, Organization.__table__, [p.organization for p in data.places])
    for number, place in enumerate(data.places):
        if place.organization not in known:
            yield Problem(code="user.no_organization", path=("places", number), params={"code": place.organization})
        elif place.organization in seen:
            yield Problem(code="user.organization_twice", path=("places", number), params={"code": place.organization})
        seen.add(place.organization)
    known = _codes(connection, Group.__table__, data.groups)
    for number, group in enumerate(data.groups):
        if group not in known:
            yield Problem(code="user.no_group", path=("groups", number), params={"code": group})
    if password is not None:
        yield from passwords.problems(password.plain, login=data.login)
    if before is not None and before.administrator and before.active and not (data.administrator and data.active):
        others = sa.select(sa.func.count()).where(_users.c.administrator, _users.c.active, _users.c.id != user_id)
        if not connection.scalar(others):
            field = "active" if not data.active else "administrator"
            yield Problem(code="user.last_administrator", path=(field,))


def _locale_problems(locale: str) -> Iterator[Problem]:
    yield from checks.one_of(locale, messages.LOCALES, "locale")


def _zone_problems(zone: str) -> Iterator[Problem]:
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield Problem(code="user.zone", path=("zone",), params={"value": zone})


def _codes(connection: sa.Connection, table: sa.Table, codes: Sequence[str]) -> dict[str, int]:
    if not codes:
        return {}
    return {
        row.code: row.id
        for row in connection.execute(sa.select(table.c.code, table.c.id).where(table.c.code.in_(list(codes))))
    }


def _write_places(connection: sa.Connection, user_id: int, places: Sequence[Place]) -> None:
    connection.execute(sa.delete(_memberships).where(_memberships.c.user_id == user_id))
    ids = _codes(connection, Organization.__table__, [p.organization for p in places])
    rows = [
        {"user_id": user_id, "organization_id": ids[p.organization], "is_primary": n == 0, "title": p.title}
        for n, p in enumerate(places)
    ]
    if rows:
        connection.execute(sa.insert(_memberships), rows)


def _write_groups(connection: sa.Connection, user_id: int, groups: Sequence[str]) -> None:
    connection.execute(sa.delete(_members).where(_members.c.user_id == user_id))
    rows = [{"user_id": user_id, "group_id": number} for number in _codes(connection, Group.__table__, groups).values()]
    if rows:
        connection.execute(sa.insert(_members), rows)


def _differences(before: UserData | None, after: UserData) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for name in (*_COLUMNS, "places", "groups"):
        new = getattr(after, name)
        if before is None or getattr(before, name) != new:
            found[name] = [f"{p.organization}:{p.title}" for p in new] if name == "places" else new
    return found
