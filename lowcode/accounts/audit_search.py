"""Questions to the audit log: entries by person, action, app, record and time; and whose records somebody saw."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lowcode.accounts import audit, record_numbers
from lowcode.system.models import AuditEntry

SCANNED = 2_000
"""So many entries are read at once."""
_table = AuditEntry.__table__


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What is looked for; what is empty does not narrow."""

    who: str = ""
    """Part of a log-in name or of a name."""
    actions: frozenset[str] = frozenset()
    app_id: int | None = None
    record: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Up to this instant, itself left out."""

    def condition(self) -> sa.ColumnElement[bool]:
        """The same for the database; of the records, only where one may be among them."""
        found: list[sa.ColumnElement[bool]] = []
        if self.who:
            names = (_table.c.actor_login, _table.c.actor_name)
            found.append(sa.or_(*[name.contains(self.who, autoescape=True) for name in names]))
        if self.actions:
            found.append(_table.c.action.in_(sorted(self.actions)))
        if self.app_id is not None:
            found.append(_table.c.app_id == self.app_id)
        if self.record is not None:
            found.append(_table.c.first_record <= self.record)
            found.append(_table.c.last_record >= self.record)
        if self.since is not None:
            found.append(_table.c.at >= self.since)
        if self.until is not None:
            found.append(_table.c.at < self.until)
        return sa.and_(sa.true(), *found)

    def names(self, row: sa.Row[t.Any]) -> bool:
        """Whether an entry that the condition found really names the record."""
        if self.record is None or row.first_record == row.last_record:
            return True
        return any(number == self.record for number in numbers_of(row))


@dataclass
class Seen:
    """A record that somebody saw: how often, when first and last, and in which ways."""

    times: int
    first: datetime
    last: datetime
    actions: set[str]


def numbers_of(row: sa.Row[t.Any]) -> Iterator[int]:
    """The records that an entry names; none where somebody tampered with them."""
    with contextlib.suppress(ValueError):
        yield from record_numbers.unpacked(row.records)


def entries(
    connection: sa.Connection, wanted: Filter, *, before: int | None = None, limit: int = SCANNED
) -> list[sa.Row[t.Any]]:
    """The newest entries, or those before a number, the latest first."""
    found: list[sa.Row[t.Any]] = []
    while len(found) < limit:
        statement = sa.select(_table).where(wanted.condition()).order_by(_table.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(_table.c.id < before)
        page = connection.execute(statement).all()
        found.extend(row for row in page if wanted.names(row))
        if len(page) < limit:
            break
        before = page[-1].id
    return found[:limit]


def everything(reading: t.Callable[[], t.ContextManager[sa.Connection]], wanted: Filter) -> Iterator[sa.Row[t.Any]]:
    """Every entry, the latest first, in short transactions."""
    before: int | None = None
    while True:
        with reading() as connection:
            page = entries(connection, wanted, before=before)
        yield from page
        if len(page) < SCANNED:
            return
        before = page[-1].id


def records_seen(rows: t.Iterable[sa.Row[t.Any]]) -> dict[int, dict[int, Seen]]:
    """By app and record: exactly the records that the entries name."""
    found: dict[int, dict[int, Seen]] = {}
    for row in rows:
        if row.action not in audit.READS or row.app_id is None:
            continue
        app = found.setdefault(row.app_id, {})
        for number in numbers_of(row):
            seen = app.get(number)
            if seen is None:
                app[number] = Seen(1, row.at, row.at, {row.action})
                continue
            seen.times += 1
            seen.first, seen.last = min(seen.first, row.at), max(seen.last, row.at)
            seen.actions.add(row.action)
    return found


__all__ = ["Filter", "Seen", "entries", "everything", "numbers_of", "records_seen"]
