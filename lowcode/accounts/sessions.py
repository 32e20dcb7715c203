"""Server-side sessions: one row per log-in, revocable at once. The cookie holds the token, the row its hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from lowcode.system.models import Session, User

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
TOUCH = timedelta(seconds=60)
"""``seen_at`` is written at most this often: reading pages must not become writing."""
_sessions, _users = Session.__table__, User.__table__
# Asked for with every request, and so built only once.
_OVER = sa.or_(_sessions.c.expires_at <= sa.bindparam("now"), _sessions.c.seen_at <= sa.bindparam("idle_since"))
_FIND = (
    sa.select(_sessions, _users.c.must_change_password, _users.c.preferences, _users.c.expires_on)
    .join(_users, _users.c.id == _sessions.c.user_id)
    .where(_sessions.c.hash == sa.bindparam("token_hash"), _users.c.active, ~_OVER)
)


@dataclass(frozen=True)
class NewSession:
    """What the browser gets: ``token`` for the cookie, ``csrf`` for its forms. Neither can be read back later."""

    token: str
    csrf: str


@dataclass(frozen=True)
class OpenSession:
    """A valid session of an active user."""

    hash: str
    user_id: int
    csrf: str
    created_at: datetime
    seen_at: datetime
    must_change_password: bool
    preferences: str

    def is_stale(self, now: datetime) -> bool:
        """Whether ``seen_at`` should be written again."""
        return now - self.seen_at >= TOUCH


@dataclass(frozen=True)
class SessionLine:
    """One line of the list of sessions that a person sees."""

    hash: str
    created_at: datetime
    seen_at: datetime
    address: str
    agent: str


def start(connection: sa.Connection, user_id: int, now: datetime, *, address: str = "", agent: str = "") -> NewSession:
    """A new session; older ones that have run out are swept away in passing."""
    connection.execute(sa.delete(_sessions).where(_OVER), _limits(now))
    made = NewSession(token=secrets.token_urlsafe(32), csrf=secrets.token_urlsafe(24))
    connection.execute(
        sa.insert(_sessions).values(
            hash=hash_token(made.token),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
            csrf=made.csrf,
            address=address[:64],
            agent=agent[:300],
        )
    )
    return made


def find(connection: sa.Connection, token: str, now: datetime) -> OpenSession | None:
    """The session behind a cookie, or None when it is unknown, over, idle, or its user may not log in any more."""
    row = connection.execute(_FIND, {"token_hash": hash_token(token), **_limits(now)}).one_or_none()
    if row is None or (row.expires_on is not None and row.expires_on < (now - timedelta(days=1)).date()):
        return None
    return OpenSession(
        hash=row.hash,
        user_id=row.user_id,
        csrf=row.csrf,
        created_at=row.created_at,
        seen_at=row.seen_at,
        must_change_password=row.must_change_password,
        preferences=row.preferences,
    )


def touch(connection: sa.Connection, session: OpenSession, now: datetime) -> None:
    """Note that the session is in use."""
    connection.execute(sa.update(_sessions).where(_sessions.c.hash == session.hash).values(seen_at=now))


def end(connection: sa.Connection, hash: str, *, user_id: int | None = None) -> bool:
    """End one session (of ``user_id``, when given); whether there was one."""
    condition = _sessions.c.hash == hash
    if user_id is not None:
        condition &= _sessions.c.user_id == user_id
    return connection.execute(sa.delete(_sessions).where(condition)).rowcount > 0


def end_all(connection: sa.Connection, user_id: int, *, keep: str | None = None) -> int:
    """End all sessions of a user, but for the one with the hash ``keep``; how many there were."""
    condition = _sessions.c.user_id == user_id
    if keep is not None:
        condition &= _sessions.c.hash != keep
    return connection.execute(sa.delete(_sessions).where(condition)).rowcount


def of_user(connection: sa.Connection, user_id: int, now: datetime) -> list[SessionLine]:
    """The open sessions of a user, the latest used first."""
    columns = (_sessions.c.hash, _sessions.c.created_at, _sessions.c.seen_at, _sessions.c.address, _sessions.c.agent)
    rows = connection.execute(
        sa.select(*columns)
        .where(_sessions.c.user_id == user_id, ~_OVER)
        .order_by(_sessions.c.seen_at.desc(), _sessions.c.hash),
        _limits(now),
    )
    return [SessionLine(*row) for row in rows]


def hash_token(token: str) -> str:
    """What is stored of a token. A random 256-bit token needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _limits(now: datetime) -> dict[str, datetime]:
    return {"now": now, "idle_since": now - IDLE}
