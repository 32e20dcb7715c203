"""The first start: one administrator, made only while nobody exists, by whoever can read the machine's console."""

from __future__ import annotations

import secrets
from pathlib import Path

import sqlalchemy as sa

from lowcode import db
from lowcode.access import actor as access
from lowcode.access.actor import Actor
from lowcode.accounts import audit, passwords, sessions, users
from lowcode.config import Settings
from lowcode.errors import Conflict
from lowcode.kept import kept_secret

FIRST_LOCK = 7_103_005
"""PostgreSQL advisory lock: of two people at the first start, one becomes the administrator."""


def administrator(
    engine: sa.Engine, settings: Settings, data: users.UserData, password: str, *, address: str = "", agent: str = ""
) -> sessions.NewSession:
    """Make the first administrator and log in.

    :raises Conflict: somebody exists already. :raises Invalid: see :func:`users.save`.
    """
    prepared, now = passwords.prepare(password), settings.now()
    with db.writing(engine) as connection:
        if not db.is_sqlite(connection):
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": FIRST_LOCK})
        if users.any_user(connection):
            raise Conflict("setup.closed")
        number = users.save(connection, data, access.system("first start"), now, password=prepared)
        session = sessions.start(connection, number, now, address=address, agent=agent)
        who = Actor(kind="user", user_id=number, login=data.login, name=data.name, administrator=True)
        audit.note(connection, who, "login", now, target=data.login, address=address)
    return session


def setup_code(settings: Settings) -> str:
    """The one-time code of the first start: printed by ``lowcode serve``, kept in the data folder till it is used."""
    return kept_secret(_path(settings), lambda: "-".join(f"{secrets.randbelow(10_000):04d}" for _ in range(4)))


def forget_code(settings: Settings) -> None:
    """The first start is over."""
    _path(settings).unlink(missing_ok=True)


def _path(settings: Settings) -> Path:
    return settings.data_dir / "setup-code.txt"
