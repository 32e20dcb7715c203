"""The audit log: who did what, when, from where, to which records. The one log; entries are only ever added.

An entry is written by one statement, as the last thing of its transaction. It carries a keyed hash of its content
(``mac``) and the hash of the chain before it together with that (``chain``); :mod:`lowcode.accounts.audit_proof`
seals the chain and finds what somebody changed.
"""

from __future__ import annotations

import contextvars
import functools
import hashlib
import hmac
import re
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.system.models import AuditEntry, AuditHead

Outcome = t.Literal["ok", "refused", "failed"]
ACTIONS: t.Final = frozenset(
    {
        "login", "login.failed", "logout", "sessions.ended",
        "user.added", "user.changed", "user.password",
        "organization.added", "organization.changed", "group.added", "group.changed", "people.exported",
        "token.added", "site.changed", "app.added", "app.published", "app.rights_changed",
        "records.read", "records.searched", "records.totalled", "records.exported", "records.printed",
        "file.downloaded", "file.previewed", "access.refused",
        "job.added", "job.done", "job.failed", "job.stopped", "job.stop_asked",
        "log.read", "log.exported", "log.sealed", "log.cut", "backup.made", "backup.restored",
    }
)  # fmt: skip
"""Every action there is. Each has its words in the locale files."""
READS: t.Final = frozenset(
    {
        "records.read", "records.searched", "records.totalled", "records.exported", "records.printed",
        "file.downloaded", "file.previewed",
    }
)  # fmt: skip
"""Those of them that tell whose records somebody saw."""
KEY_OPTION = "lowcode_audit_key"
"""Execution option of an engine: a function that gives the key (the services set it)."""
AT_ONCE = 20
"""So many entries go into one statement: the text of it grows with their square."""
LONGEST = 20_000
_table = AuditEntry.__table__
_head = AuditHead.__table__
CONTENT: t.Final = tuple(c.name for c in _table.c if c.name not in ("id", "mac", "chain"))
"""The columns that ``mac`` covers, in this order."""
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    address: str = ""
    request_id: str = ""


origin: contextvars.ContextVar[Origin] = contextvars.ContextVar("lowcode_origin", default=Origin())  # noqa: B039
"""Set by the web at the beginning of each request; elsewhere nobody is far away."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A set of records as an entry names it."""

    text: str = ""
    count: int | None = None
    first: int | None = None
    last: int | None = None


NO_RECORDS = Numbers()


def note(
    connection: sa.Connection,
    actor: Actor,
    action: str,
    now: datetime,
    *,
    target: str = "",
    app_id: int | None = None,
    address: str | None = None,
    details: Mapping[str, t.Any] | None = None,
) -> None:
    """Add one entry, in the transaction of what it tells about.

    :param action: one of :data:`ACTIONS`. :param target: a code or ``app/record``.
    :param address: where it is not that of the request.
    """
    db.at_end(
        connection,
        write,
        entry(actor, action, now, target=target, app_id=app_id, address=address, details=details),
    )


def entry(
    actor: Actor,
    action: str,
    now: datetime,
    *,
    target: str = "",
    app_id: int | None = None,
    address: str | None = None,
    details: Mapping[str, t.Any] | None = None,
    records: Numbers = NO_RECORDS,
    query: str = "",
    outcome: Outcome = "ok",
) -> dict[str, t.Any]:
    """An entry for :func:`write`. Raises :class:`ValueError` for an action that is not in the list."""
    if action not in ACTIONS:
        raise ValueError(f"no action of the audit log: {action}")
    came = origin.get()
    return {
        "at": now,
        "actor_kind": actor.kind,
        "actor_id": actor.user_id,
        "actor_login": _line(actor.login),
        "actor_name": _line(actor.reason if actor.kind == "system" else actor.name),
        "address": _line(came.address if address is None else address),
        "request_id": came.request_id,
        "action": action,
        "outcome": outcome,
        "target": _line(target),
        "app_id": app_id,
        "records": records.text,
        "record_count": records.count,
        "first_record": records.first,
        "last_record": records.last,
        "query": _line(query),
        "details": orjson.dumps(dict(details or {}), option=orjson.OPT_SORT_KEYS).decode(),
    }


def write(connection: sa.Connection, entries: Sequence[Mapping[str, t.Any]]) -> None:
    """Add entries: one statement for up to :data:`AT_ONCE` of them."""
    key = key_of(connection)
    for start in range(0, len(entries), AT_ONCE):
        part = entries[start : start + AT_ONCE]
        values = {
            f"{name}_{at}": value
            for at, row in enumerate(part)
            for name, value in (*row.items(), ("mac", mac_of(key, row)))
        }
        connection.execute(_statement(len(part), connection.dialect.name), values)


def key_of(connection: sa.Connection) -> bytes:
    """The key of the installation's log; without services (a tool on a bare database) there is none."""
    give: Callable[[], bytes] | None = connection.get_execution_options().get(KEY_OPTION)
    return b"" if give is None else give()


def mac_of(key: bytes, row: Mapping[str, t.Any]) -> str:
    """The keyed hash of an entry's content."""
    values = [row[name] for name in CONTENT]
    values[0] = values[0].astimezone(UTC).isoformat(timespec="microseconds")
    return hmac.new(key, orjson.dumps(values), hashlib.sha256).hexdigest()


def linked(before: str, mac: str) -> str:
    """The chain after an entry; the database computes the same while it inserts."""
    return hashlib.sha256((before + mac).encode()).hexdigest()


@functools.cache
def _statement(count: int, dialect: str) -> sa.Insert:
    """Insert ``count`` entries behind the newest one: its number and chain are looked up by the statement itself."""
    macs = [sa.bindparam(f"mac_{at}", type_=_table.c.mac.type) for at in range(count)]

    def chained(chain: sa.ColumnElement[t.Any], upto: int) -> sa.ColumnElement[t.Any]:
        for mac in macs[:upto]:
            chain = db.Sha256Hex(chain + mac)
        return chain

    newest: sa.FromClause
    if dialect == "postgresql":
        # Writers queue at this row for the time of their commit; the condition is looked at again after the wait.
        newest = (
            sa.update(_head)
            .values(number=_head.c.number + count, before=_head.c.chain, chain=chained(_head.c.chain, count))
            .returning((_head.c.number - count).label("number"), _head.c.before.label("chain"))
            .cte("newest")
        )
    else:
        last = sa.select(_table.c.id, _table.c.chain).order_by(_table.c.id.desc()).limit(1).subquery()
        newest = sa.select(
            sa.func.coalesce(sa.select(last.c.id).scalar_subquery(), 0).label("number"),
            sa.func.coalesce(sa.select(last.c.chain).scalar_subquery(), "").label("chain"),
        ).cte("newest")
    rows = [
        sa.select(
            newest.c.number + (at + 1),
            *[sa.bindparam(f"{name}_{at}", type_=_table.c[name].type) for name in CONTENT],
            macs[at],
            chained(newest.c.chain, at + 1),
        )
        for at in range(count)
    ]
    source = rows[0] if count == 1 else sa.union_all(*rows)
    return sa.insert(_table).from_select(["id", *CONTENT, "mac", "chain"], source)


def _line(text: str) -> str:
    """The text on one line, printable: what somebody sends must not look like another entry."""
    if _UNSAFE.search(text):
        text = _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[:LONGEST]}… (sha256 {digest}, {len(text)})"


__all__ = [
    "ACTIONS",
    "KEY_OPTION",
    "NO_RECORDS",
    "READS",
    "Numbers",
    "Origin",
    "entry",
    "linked",
    "mac_of",
    "note",
    "origin",
    "write",
]
