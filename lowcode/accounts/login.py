"""Logging in and changing one's own password."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import audit, passwords, sessions, throttle, users
from lowcode.config import Settings
from lowcode.errors import invalid
from lowcode.system.models import User

_users = User.__table__


@dataclass(frozen=True)
class LoggedIn:
    """A successful log-in."""

    user_id: int
    session: sessions.NewSession
    must_change_password: bool


def log_in(
    engine: sa.Engine, settings: Settings, login: str, password: str, *, address: str = "", agent: str = ""
) -> LoggedIn:
    """Check a name and a password and open a session.

    The answer and its time are the same for an unknown name, a wrong password, and a user switched off or run out.

    :raises Invalid: ``login.failed``. :raises TooMany: too many failures; the password was not looked at.
    """
    now = settings.now()
    with _checked(engine, settings, login, password, address) as (connection, row):
        session = sessions.start(connection, row.id, now, address=address, agent=agent)
        who = Actor(kind="user", user_id=row.id, login=row.login, name=row.name)
        audit.note(connection, who, "login", now, target=row.login, address=address)
    return LoggedIn(row.id, session, row.must_change_password)


def check_password(engine: sa.Engine, settings: Settings, login: str, password: str, *, address: str = "") -> int:
    """The number of the user whose name and password a program sent with its request; opens no session.

    :raises Invalid: ``login.failed``; also while the person still has to change the password on a screen.
    :raises TooMany: too many failures; the password was not looked at.
    """
    with _checked(engine, settings, login, password, address) as (_, row):
        if row.must_change_password:
            raise invalid("login.failed", "login")
    return int(row.id)


@contextlib.contextmanager
def _checked(
    engine: sa.Engine, settings: Settings, login: str, password: str, address: str
) -> Iterator[tuple[sa.Connection, sa.Row[t.Any]]]:
    """The row of the user, in a write transaction in which the password still is what was looked at."""
    now = settings.now()
    login = users.normal_login(login)
    with db.writing(engine) as connection:
        # A refused try is not noted: a flood of them must not flood the log.
        throttle.begin(connection, login, address, now)
        row = connection.execute(sa.select(_users).where(_users.c.login == login)).one_or_none()
    # Outside any transaction: the hash takes longer than a write may hold the database.
    right = passwords.verify(row.password_hash if row is not None else "", password)
    if row is None or not right or not _may_log_in(row, now, settings):
        with db.writing(engine) as connection:
            # The name is not kept: people type passwords into the wrong field.
            known = row.login if row is not None else ""
            audit.note(connection, _nobody(), "login.failed", now, target=known, address=address)
        raise invalid("login.failed", "login")
    renewed = passwords.hash_password(password) if passwords.needs_rehash(row.password_hash) else row.password_hash
    with db.writing(engine) as connection:
        unchanged = sa.update(_users).where(
            _users.c.id == row.id, _users.c.password_hash == row.password_hash, _users.c.active
        )
        # Somebody changed the password or switched the person off while we were hashing.
        if not connection.execute(unchanged.values(password_hash=renewed)).rowcount:
            raise invalid("login.failed", "login")
        throttle.succeeded(connection, login, address, now)
        yield connection, row


def change_password(
    engine: sa.Engine,
    settings: Settings,
    actor: Actor,
    old: str,
    new: str,
    *,
    address: str = "",
    keep_session: str | None = None,
) -> None:
    """The person's own change; other sessions end.

    :raises Invalid: the old password is wrong, or the new one breaks the rules (paths ``old`` and ``new``).
    """
    now = settings.now()
    if actor.user_id is None:
        raise invalid("password.wrong_old", "old")
    with db.writing(engine) as connection:
        throttle.begin(connection, actor.login, address, now)
        stored = connection.scalar(sa.select(_users.c.password_hash).where(_users.c.id == actor.user_id)) or ""
    if not passwords.verify(stored, old):
        raise invalid("password.wrong_old", "old")
    if old == new:
        raise invalid("password.unchanged", "new")
    prepared = passwords.prepare(new)
    with db.writing(engine) as connection:
        throttle.succeeded(connection, actor.login, address, now)
        users.set_password(
            connection, actor.user_id, prepared, actor, now, must_change=False, keep_session=keep_session, field="new"
        )


def _may_log_in(row: sa.Row[t.Any], now: datetime, settings: Settings) -> bool:
    today = now.astimezone(settings.zone).date()
    return bool(row.active) and (row.expires_on is None or row.expires_on >= today)


def _nobody() -> Actor:
    return Actor(kind="user", name="")
