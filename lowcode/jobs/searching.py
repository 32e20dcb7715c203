"""The search index as jobs: filling it where it is not complete, and reading what stands in attachments."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa

from lowcode import db
from lowcode.errors import NotFound
from lowcode.files import texts
from lowcode.jobs import queue
from lowcode.jobs.running import Handler, JobRun
from lowcode.records import indexing
from lowcode.records.catalog import LiveApp
from lowcode.search.folding import normal
from lowcode.services import Services
from lowcode.system import models

REASON: t.Final = "fills the search index"
AT_ONCE: t.Final = 200
_files = models.File.__table__
_texts = models.FileText.__table__


def start_over(services: Services, app: int | str) -> LiveApp:
    """Empty the index of an app; searches go on without it until :func:`fill` is done.

    :raises NotFound: there is no such app.
    """

    def work(space: t.Any) -> LiveApp:
        live: LiveApp = space.app(app)
        indexing.start_over(space.connection, live.id)
        return live

    return services.write(services.system(REASON), work)


def fill(services: Services, app_id: int, told: Callable[[int], None] = lambda count: None) -> int:
    """Index every record of an app that is not in the index yet, in short transactions. Returns how many.

    :param told: is called with the number so far after each transaction.
    """
    after: int | None = 0
    count = 0
    while after is not None:
        behind = after

        def work(space: t.Any, behind: int = behind) -> tuple[int | None, int]:
            return indexing.fill(space.connection, space.app(app_id), behind)

        after, done = services.write(services.system(REASON), work)
        count += done
        told(count)
    return count


def run_fill(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``search.fill``: every app whose index is not complete, after a new release or a purge."""
    services = run.services
    indexing.notice_version(services.engine)
    with db.reading(services.engine) as connection:
        waiting = indexing.wanting(connection)
    count = 0
    for app_id in waiting:
        try:
            # The index of an older folding is emptied first; what is in one that was begun stays.
            count += fill(services, app_id, lambda _: run.check_ending())
        except NotFound:
            continue  # deleted meanwhile
    return {"apps": len(waiting), "records": count}


# -- attachments -----------------------------------------------------------------------------------


def enqueue_text(connection: sa.Connection, key: str, name: str, size: int, now: datetime) -> int | None:
    """A job that reads what stands in an attachment; None where there is nothing to read."""
    if not texts.may_hold_text(name, size):
        return None
    return queue.add(connection, "files.text", {"file": key}, now, unique_key=f"text:{key}")


def run_text(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``files.text``: one file."""
    return {"characters": read_file(run.services, run.job.payload["file"])}


def run_texts(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``search.files``: attachments that came another way and were not read yet."""
    missing = (
        sa.select(_files.c.key, _files.c.name, _files.c.size)
        .outerjoin(_texts, _texts.c.key == _files.c.key)
        .where(_files.c.claimed, _files.c.record_id.is_not(None), _texts.c.key.is_(None))
        .order_by(_files.c.key)
        .limit(AT_ONCE)
    )
    with db.reading(run.services.engine) as connection:
        waiting = connection.execute(missing).all()
    for row in waiting:
        run.check_ending()
        read_file(run.services, row.key, worth_it=texts.may_hold_text(row.name, row.size))
    return {"files": len(waiting)}


def read_file(services: Services, key: str, *, worth_it: bool = True) -> int:
    """Read a file, keep its text, and take it into the index of the record that has it. Returns its length."""
    text = normal(texts.read(services.store.path(key))) if worth_it else ""
    with db.writing(services.engine) as connection:
        if connection.scalar(sa.select(_texts.c.key).where(_texts.c.key == key)) is None:
            connection.execute(sa.insert(_texts).values(key=key, text=text))

    def work(space: t.Any) -> None:
        # Locked: a save that attaches the file either has it by now, or will read the text that was just kept.
        held = space.connection.execute(
            sa.select(_files.c.app_id, _files.c.record_id).where(_files.c.key == key).with_for_update()
        ).first()
        live = None if held is None or held.record_id is None else space.snapshot.find(held.app_id)
        if live is not None:
            indexing.put_file_text(space.connection, live, held.record_id)

    if text:
        services.write(services.system("reads attachments for the search"), work)
    return len(text)


KINDS: Mapping[str, Handler] = MappingProxyType(
    {"search.fill": run_fill, "search.files": run_texts, "files.text": run_text}
)

__all__ = ["KINDS", "enqueue_text", "fill", "read_file", "start_over"]
