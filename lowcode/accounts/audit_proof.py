"""Proof of the audit log: seals on its chain, what was tampered with first, and the end of old entries.

A *seal* is an entry that names the newest entry's number and chain; its keyed hash then stands for everything before
it. The same line goes to a file in the data folder and to the server's log, so that an end that was cut off is missed.
A *cut* takes old entries away and leaves an entry that says where the chain goes on.
"""

from __future__ import annotations

import logging
import os
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts.audit import _head, _table, entry, key_of, linked, mac_of, write

SEALS = "audit-seals.jsonl"
CUT_AT_ONCE = 20_000
PAGE = 2_000
log = logging.getLogger("lowcode.audit")
Kind = t.Literal["missing", "changed", "moved", "seal"]


@dataclass(frozen=True)
class Bad:
    """The first entry that is not as it was written.

    ``missing``: it is gone. ``changed``: its content is another. ``moved``: it stands where it was not written, or its
    chain was changed. ``seal``: between the seal before and this number the chain was made anew.
    """

    number: int
    kind: Kind


@dataclass(frozen=True)
class Report:
    """What :func:`examine` found: how many entries it looked at, and the first bad one."""

    entries: int
    first: int | None
    last: int | None
    sealed: int
    """The newest number that a seal stands for; 0 for none."""
    bad: Bad | None


def examine(connection: sa.Connection, folder: Path, *, newest: int | None = None) -> Report:
    """Go through the log, or only its ``newest`` entries, and name the first one that was tampered with.

    :param connection: a read transaction in which nothing was read yet: a seal stands in the file after its commit.
    :param folder: the data folder, where the seals are kept a second time.
    """
    key = key_of(connection)
    seals, cuts = _kept(folder)
    cuts |= _cuts(connection)
    expected, before = _beginning(connection, cuts)
    earlier = ""
    if newest is not None:
        expected, before = _later(connection, newest, expected, before)
    first = count = sealed = 0
    last = 0
    bad: Bad | None = None
    for row in _rows(connection, expected if newest is not None else 0):
        number = row["id"]
        count += 1
        first, last = first or number, number
        bad = _look(key, row, expected, (earlier, before), seals)
        if bad is not None:
            break
        if row["action"] == "log.sealed":
            sealed = number
        expected, earlier, before = number + 1, before, row["chain"]
    if bad is None:
        given = highest(connection)
        if max([given, *seals]) >= expected:
            bad = Bad(expected, "missing")
        elif given < expected - 1:
            bad = Bad(given + 1, "moved")
    return Report(count, first or None, last or None, max([sealed, *(n for n in seals if n <= last)]), bad)


def _look(
    key: bytes, row: Mapping[str, t.Any], expected: int, chains: tuple[str, str], seals: Mapping[int, str]
) -> Bad | None:
    """What is wrong with an entry. ``chains`` are those after the last but one and after the last before it."""
    number = row["id"]
    if number != expected:
        return Bad(expected, "missing") if number > expected else Bad(number, "moved")
    if mac_of(key, row) != row["mac"]:
        return Bad(number, "changed")
    earlier, before = chains
    if linked(before, row["mac"]) != row["chain"]:
        # Without the one before it would fit: that is the one that was put in.
        return Bad(number - 1 if linked(earlier, row["mac"]) == row["chain"] else number, "moved")
    if row["action"] == "log.sealed":
        said = orjson.loads(row["details"])
        if (said.get("through"), said.get("chain")) != (number - 1, before):
            return Bad(number, "seal")
    if seals.get(number, row["chain"]) != row["chain"]:
        return Bad(number, "seal")
    return None


def _rows(connection: sa.Connection, first: int) -> Iterator[Mapping[str, t.Any]]:
    after = first - 1 if first else None
    while True:
        statement = sa.select(_table).order_by(_table.c.id).limit(PAGE)
        if after is not None:
            statement = statement.where(_table.c.id > after)
        page = connection.execute(statement).all()
        for row in page:
            yield t.cast("Mapping[str, t.Any]", row._mapping)
        if len(page) < PAGE:
            return
        after = page[-1].id


def highest(connection: sa.Connection) -> int:
    """The highest number that the database itself knows to have been given out."""
    if db.is_sqlite(connection):
        sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        return int(connection.scalar(sa.select(sequence.c.seq).where(sequence.c.name == _table.name)) or 0)
    return int(connection.scalar(sa.select(_head.c.number)) or 0)


def go_on_from(connection: sa.Connection, number: int) -> None:
    """Let the log of a restored backup go on behind ``number``, the highest that was given out where it was made."""
    if db.is_sqlite(connection):
        db.set_last_number(connection, _table.name, number)
        return
    chain = connection.scalar(sa.select(_table.c.chain).order_by(_table.c.id.desc()).limit(1)) or ""
    connection.execute(sa.delete(_head))
    connection.execute(sa.insert(_head).values(id=1, number=number, before="", chain=chain))


def _beginning(connection: sa.Connection, cuts: Mapping[int, str]) -> tuple[int, str]:
    """The number that must come first, and the chain before it."""
    lowest = connection.scalar(sa.select(sa.func.min(_table.c.id)))
    through = max((n for n in cuts if lowest is None or n < lowest), default=0)
    return through + 1, cuts.get(through, "")


def _later(connection: sa.Connection, newest: int, expected: int, before: str) -> tuple[int, str]:
    last = connection.scalar(sa.select(sa.func.max(_table.c.id))) or 0
    start = last - newest
    chain = connection.scalar(sa.select(_table.c.chain).where(_table.c.id == start)) if start >= expected else None
    return (expected, before) if chain is None else (start + 1, chain)


def _cuts(connection: sa.Connection) -> dict[int, str]:
    found = {}
    for details in connection.scalars(sa.select(_table.c.details).where(_table.c.action == "log.cut")):
        said = _json(details)
        if isinstance(said.get("through"), int) and isinstance(said.get("chain"), str):
            found[said["through"]] = said["chain"]
    return found


def _json(text: str) -> Mapping[str, t.Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, Mapping) else {}


# --- seals and cuts ------------------------------------------------------------------------------


def seal(engine: sa.Engine, folder: Path, actor: Actor, now: datetime) -> int | None:
    """Seal the chain as it is. Returns the number of the newest entry before the seal; None when nothing was added."""
    with db.writing(engine) as connection:
        newest = _newest(connection)
        if newest is None or newest.action == "log.sealed":
            return None
        write(
            connection,
            [entry(actor, "log.sealed", now, details={"through": newest.id, "chain": newest.chain})],
        )
        sealed = _newest(connection)
    if sealed is not None:
        _keep(folder, {"at": now.isoformat(), "sealed": sealed.id, "chain": sealed.chain})
    return int(newest.id)


def cut(engine: sa.Engine, folder: Path, actor: Actor, before: datetime, now: datetime) -> int:
    """Take away the entries of before ``before``, at most :data:`CUT_AT_ONCE`. Returns how many."""
    with db.writing(engine) as connection:
        _newest(connection)
        rows = connection.execute(
            sa.select(_table.c.id, _table.c.at, _table.c.chain).order_by(_table.c.id).limit(CUT_AT_ONCE)
        )
        old = []
        for row in rows:
            if row.at >= before:
                break
            old.append(row)
        if not old:
            return 0
        last = old[-1]
        said = {"through": last.id, "chain": last.chain, "count": len(old), "until": last.at.isoformat()}
        write(connection, [entry(actor, "log.cut", now, details=said)])
        connection.execute(sa.delete(_table).where(_table.c.id <= last.id))
    _keep(folder, {"at": now.isoformat(), "cut": last.id, "chain": last.chain})
    return len(old)


def _newest(connection: sa.Connection) -> t.Any:
    """The newest entry; nobody adds another one until the transaction ends."""
    if not db.is_sqlite(connection):
        connection.execute(sa.select(_head.c.number).with_for_update())
    return connection.execute(
        sa.select(_table.c.id, _table.c.chain, _table.c.action).order_by(_table.c.id.desc()).limit(1)
    ).one_or_none()


def _keep(folder: Path, line: Mapping[str, t.Any]) -> None:
    text = orjson.dumps(dict(line))
    log.info("audit log: %s", text.decode())
    descriptor = os.open(folder / SEALS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(text + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _kept(folder: Path) -> tuple[dict[int, str], dict[int, str]]:
    """Seals and cuts of the file: number → chain."""
    seals: dict[int, str] = {}
    cuts: dict[int, str] = {}
    try:
        lines = (folder / SEALS).read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return seals, cuts
    for line in lines:
        said = _json(line)
        for name, found in (("sealed", seals), ("cut", cuts)):
            if isinstance(said.get(name), int) and isinstance(said.get("chain"), str):
                found[said[name]] = said["chain"]
    return seals, cuts


__all__ = ["SEALS", "Bad", "Report", "cut", "examine", "go_on_from", "highest", "seal"]
