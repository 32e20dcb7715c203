"""Regular upkeep: old rows, dead sessions, files nobody attached, leftovers of deploys, the database's statistics."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.accounts import audit_proof
from lowcode.files import previews
from lowcode.jobs import outbox, queue
from lowcode.jobs.previews import root
from lowcode.jobs.running import Handler, JobRun
from lowcode.records import once
from lowcode.system import models

FILE_GRACE = timedelta(days=3)
"""Longer than any backup takes, and than anybody keeps an upload open."""
JOB_GRACE = timedelta(days=90)
FORM_GRACE = timedelta(days=30)
"""Longer than anybody keeps a form open and then sends it twice."""
FILES_AT_ONCE = 500


def database(run: JobRun) -> Mapping[str, t.Any]:
    """Empty SQLite's log and keep the statistics fresh that both planners go by."""
    engine = run.services.engine
    if engine.dialect.name != "sqlite":
        return {}
    with engine.connect() as connection:
        # Outside a transaction; never waits for readers.
        raw = t.cast(t.Any, connection.connection.driver_connection)
        busy, pages, done = raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        raw.execute("PRAGMA optimize=0x10002")
    return {"busy": busy, "pages": pages, "done": done}


def indexes(run: JobRun) -> Mapping[str, t.Any]:
    """Drop the indexes that a deploy left behind when it was killed; while somebody deploys, the job comes again."""
    return {"indexes": deploy.tidy(run.services.engine, wait=0)}


def sessions(run: JobRun) -> Mapping[str, t.Any]:
    """Delete sessions and counted failures that are over."""
    session, attempt = models.Session.__table__, models.LoginAttempt.__table__
    now = run.clock()
    with db.writing(run.services.engine) as connection:
        ended = connection.execute(sa.delete(session).where(session.c.expires_at < now))
        calm = connection.execute(sa.delete(attempt).where(attempt.c.last_at < now - timedelta(days=1)))
    return {"sessions": ended.rowcount, "attempts": calm.rowcount}


def files(run: JobRun) -> Mapping[str, t.Any]:
    """Delete uploads that nobody attached to a record, and bytes that no row names (a crash between the two)."""
    return {"files": _unclaimed(run), "bytes": _nameless(run)}


def _unclaimed(run: JobRun) -> int:
    """The row goes first, so that nothing ever points to no bytes."""
    table = models.File.__table__
    before = run.clock() - FILE_GRACE
    count = 0
    while True:
        with db.writing(run.services.engine) as connection:
            keys = list(
                connection.scalars(
                    sa.select(table.c.key)
                    .where(table.c.claimed.is_(sa.false()), table.c.created_at < before)
                    .limit(FILES_AT_ONCE)
                )
            )
            connection.execute(sa.delete(table).where(table.c.key.in_(keys)))
            texts = models.FileText.__table__
            connection.execute(sa.delete(texts).where(texts.c.key.in_(keys)))
        for key in keys:
            _delete(run, key)
        count += len(keys)
        if len(keys) < FILES_AT_ONCE:
            return count
        run.check_ending()


def _nameless(run: JobRun) -> int:
    """Old bytes without a row: uploads of commands, error lists in parts, what a crash left."""
    table = models.File.__table__
    before = (run.clock() - FILE_GRACE).timestamp()
    count = 0
    for folder in sorted(p for p in run.services.store.folder.glob("*") if p.is_dir()):
        old = [path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < before]
        for start in range(0, len(old), FILES_AT_ONCE):
            part = old[start : start + FILES_AT_ONCE]
            with db.reading(run.services.engine) as connection:
                named = set(connection.scalars(sa.select(table.c.key).where(table.c.key.in_([p.name for p in part]))))
            for path in part:
                if path.name not in named:
                    path.unlink(missing_ok=True)
                    count += 1
        run.check_ending()
    return count


def _delete(run: JobRun, key: str) -> None:
    run.services.store.delete(key)
    previews.forget(root(run.services.settings), key)


def rows(run: JobRun) -> Mapping[str, t.Any]:
    """Delete finished jobs, delivered announcements and keys of forms of long ago."""
    now = run.clock()
    with db.writing(run.services.engine) as connection:
        return {
            "jobs": queue.forget(connection, now - JOB_GRACE),
            "announcements": outbox.forget(connection, now),
            "forms": once.forget(connection, now - FORM_GRACE),
        }


def seal(run: JobRun) -> Mapping[str, t.Any]:
    """Seal the chain of the audit log as it is now."""
    settings = run.services.settings
    return {"through": audit_proof.seal(run.services.engine, settings.data_dir, run.actor(), run.clock())}


def cut(run: JobRun) -> Mapping[str, t.Any]:
    """Take entries of the audit log away that are older than the installation keeps them."""
    settings, count = run.services.settings, 0
    if settings.audit_years == 0:
        return {"entries": 0}
    now = run.clock()
    before = now - timedelta(days=settings.audit_years * 366)
    while part := audit_proof.cut(run.services.engine, settings.data_dir, run.actor(), before, now):
        count += part
        run.check_ending()
    return {"entries": count}


KINDS: Mapping[str, Handler] = MappingProxyType(
    {
        "upkeep.database": database,
        "upkeep.indexes": indexes,
        "upkeep.sessions": sessions,
        "upkeep.files": files,
        "upkeep.rows": rows,
        "audit.seal": seal,
        "audit.cut": cut,
    }
)

__all__ = ["KINDS"]
