"""API tokens: a secret for a program, bound to one app and to what it may do. Only the hash is stored."""

from __future__ import annotations

import hashlib
import secrets
import string
import typing as t
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.accounts import audit
from lowcode.errors import Invalid, Problem, Unauthenticated
from lowcode.system import models

RIGHTS = ("view", "add", "edit", "delete", "manage")
LOGIN = "token-"
"""How the actor of a token is called, before its number."""
LENGTH = 40
"""kintone's tokens have 40 letters and digits; its clients refuse anything else."""
_tokens = models.ApiToken.__table__
# Asked for with every request of a program, and so built only once.
_FIND = sa.select(_tokens.c.id, _tokens.c.app_id, _tokens.c.rights, _tokens.c.name).where(
    _tokens.c.hash == sa.bindparam("token_hash"), _tokens.c.active
)


def hash_of(token: str) -> str:
    """What is stored of a token. It is random enough that a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def add(
    connection: sa.Connection,
    app_id: int,
    rights: Sequence[str],
    *,
    by: Actor,
    now: datetime,
    name: str = "",
    active: bool = True,
) -> str:
    """Make a token and return it; it cannot be shown again.

    :raises Invalid: an unknown right, or none.
    """
    unknown = [right for right in rights if right not in RIGHTS]
    if unknown or not rights:
        raise Invalid([Problem(code="token.rights", path=("allow",), params={"rights": ", ".join(RIGHTS)})])
    token = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(LENGTH))
    stored = " ".join(r for r in RIGHTS if r in rights)
    number = connection.execute(
        sa.insert(_tokens)
        .values(
            hash=hash_of(token),
            app_id=app_id,
            name=name,
            rights=stored,
            active=active,
            created_at=now,
            created_by=by.user_id,
        )
        .returning(_tokens.c.id)
    ).scalar_one()
    details = {"name": name, "rights": stored, "active": active}
    audit.note(connection, by, "token.added", now, target=f"{LOGIN}{number}", app_id=app_id, details=details)
    return token


def actor_of(connection: sa.Connection, token: str, locale: str) -> Actor:
    """The actor behind a token. Raises :class:`Unauthenticated` for an unknown or inactive one."""
    row = connection.execute(_FIND, {"token_hash": hash_of(token)}).first()
    if row is None:
        raise Unauthenticated("token.unknown")
    return _actor(row, locale)


def actor_by_login(connection: sa.Connection, login: str, locale: str) -> Actor:
    """The actor of a token that started a job, with the rights of now.

    :raises Unauthenticated: it was revoked meanwhile.
    """
    number = login.removeprefix(LOGIN)
    row = connection.execute(
        sa.select(_tokens.c.id, _tokens.c.app_id, _tokens.c.rights, _tokens.c.name).where(
            _tokens.c.id == int(number) if number.isdecimal() else sa.false(), _tokens.c.active
        )
    ).first()
    if row is None:
        raise Unauthenticated("token.unknown")
    return _actor(row, locale)


def _actor(row: t.Any, locale: str) -> Actor:
    return Actor(
        kind="token",
        login=f"{LOGIN}{row.id}",
        name=row.name or f"token {row.id}",
        locale=locale,
        token_rights=frozenset(row.rights.split()),
        token_app=row.app_id,
    )
