"""Slows down password guessing, with one count in the database for all workers.

Three counts: the *pair* of log-in name and address, the *login* from anywhere, the *address* for any name. Each lets
a few failures pass, then closes for a time that doubles up to a limit, and forgets after an hour of quiet. While a
count is closed, tries are refused unread and do not count, so nobody can keep a person out for ever; and where the
person has logged in before (an office's address), what strangers do elsewhere to the same name does not matter.
"""

from __future__ import annotations

import hashlib
import ipaddress
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from lowcode.db import is_sqlite
from lowcode.errors import TooMany
from lowcode.system.models import LoginAttempt

MEMORY = timedelta(hours=1)
KNOWN = timedelta(days=90)
COUNT_LOCK = 7_103_004
"""PostgreSQL advisory lock: one count at a time."""
_table = LoginAttempt.__table__


@dataclass(frozen=True)
class Rule:
    """How many failures pass freely, and how long the pause may become (seconds)."""

    free: int
    longest: int
    step: int = 1
    """Further failures until the pause doubles."""


RULES: t.Final[dict[str, Rule]] = {
    "pair": Rule(free=5, longest=900),
    "login": Rule(free=25, longest=300),
    # A whole office may stand behind one address.
    "address": Rule(free=60, longest=900, step=10),
}
FIRST_PAUSE = 15


def begin(connection: sa.Connection, login: str, address: str, now: datetime) -> None:
    """Count a try as failed before it is looked at, so that a hundred at once do not slip through.

    :raises TooMany: one of the counts is closed; ``seconds`` says for how long.
    """
    _alone(connection)
    keys = _keys(login, address)
    found = {
        row.kind: row
        for row in connection.execute(
            sa.select(_table).where(
                sa.tuple_(_table.c.kind, _table.c.key).in_([*keys.items(), ("known", keys["pair"])])
            )
        )
    }
    known = "known" in found and found["known"].last_at > now - KNOWN
    watched = [kind for kind in RULES if not (kind == "login" and known)]
    waits = [
        (row.blocked_until - now).total_seconds()
        for kind in watched
        if (row := found.get(kind)) is not None and row.blocked_until is not None and row.blocked_until > now
    ]
    if waits:
        raise TooMany("login.too_many", seconds=max(1, round(max(waits))))
    for kind in watched:
        row = found.get(kind)
        failures = 1 if row is None or row.last_at < now - MEMORY else row.failures + 1
        _write(connection, kind, keys[kind], failures, now)


def succeeded(connection: sa.Connection, login: str, address: str, now: datetime) -> None:
    """Take the try back, forget the pair, and remember the address as one of this person's."""
    _alone(connection)
    keys = _keys(login, address)
    connection.execute(sa.delete(_table).where(_table.c.kind == "pair", _table.c.key == keys["pair"]))
    for kind in ("login", "address"):
        # Only this try: somebody with an account must not wipe out the count of his guesses at others.
        failures = connection.scalar(
            sa.select(_table.c.failures).where(_table.c.kind == kind, _table.c.key == keys[kind])
        )
        if failures:
            _write(connection, kind, keys[kind], failures - 1, now, blocked=False)
    _write(connection, "known", keys["pair"], 0, now)
    connection.execute(
        sa.delete(_table).where(
            sa.or_(
                sa.and_(_table.c.kind != "known", _table.c.last_at < now - MEMORY),
                sa.and_(_table.c.kind == "known", _table.c.last_at < now - KNOWN),
            )
        )
    )


def _alone(connection: sa.Connection) -> None:
    # Counting is short, and first failures have no row that could be locked.
    if not is_sqlite(connection):
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": COUNT_LOCK})


def pause(kind: str, failures: int) -> int:
    """Seconds that a count stays closed after its ``failures``-th failure."""
    rule = RULES[kind]
    if failures < rule.free:
        return 0
    return t.cast(int, min(rule.longest, FIRST_PAUSE * 2 ** min((failures - rule.free) // rule.step, 10)))


def _write(
    connection: sa.Connection, kind: str, key: str, failures: int, now: datetime, *, blocked: bool = True
) -> None:
    seconds = pause(kind, failures) if kind in RULES and blocked else 0
    values = {
        "failures": failures,
        "last_at": now,
        "blocked_until": now + timedelta(seconds=seconds) if seconds else None,
    }
    changed = connection.execute(sa.update(_table).where(_table.c.kind == kind, _table.c.key == key).values(**values))
    if not changed.rowcount:
        connection.execute(sa.insert(_table).values(kind=kind, key=key, **values))


def _keys(login: str, address: str) -> dict[str, str]:
    name, address = login.strip().casefold(), _place(address)
    return {
        "pair": _digest(f"{name}\0{address}"),
        "login": _digest(name),
        "address": _digest(address),
    }


def _place(address: str) -> str:
    """The address as far as somebody is given it by others: whoever has IPv6 has 2^64 addresses of their own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
