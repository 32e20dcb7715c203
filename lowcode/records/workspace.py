"""One transaction of one actor: the apps as they are live in it, and readers and services on them."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator
from dataclasses import replace

import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.access.policy import Policies, Policy
from lowcode.errors import NotFound
from lowcode.fields.base import Context
from lowcode.files.library import AttachableFiles
from lowcode.records.catalog import Catalog, LiveApp
from lowcode.records.reader import RecordReader
from lowcode.records.reads import Reads

if t.TYPE_CHECKING:
    from lowcode.records.service import RecordService


class Workspace:
    """Everything a caller needs inside one transaction; made by :func:`reading` or :func:`writing`."""

    def __init__(
        self, connection: sa.Connection, catalog: Catalog, actor: Actor, ctx: Context, reads: Reads | None = None
    ) -> None:
        self.connection, self.catalog, self.actor, self.ctx, self.reads = connection, catalog, actor, ctx, reads
        self.snapshot = catalog.snapshot(connection)
        self.policies = self._policies()

    def _policies(self) -> Policies:
        return Policies(self.actor, self.snapshot.find, lambda app: self.context(t.cast(LiveApp, app)))

    def app(self, app: int | str) -> LiveApp:
        """A live app by number or code.

        :raises NotFound: there is none, or the actor may do nothing in it; the answer is the same.
        """
        found = self.snapshot.app(app)
        if not self.policies.of(found).known:
            raise NotFound("app.not_found", app=app)
        return found

    def policy(self, app: int | str | LiveApp) -> Policy:
        """What the actor may do in an app."""
        return self.policies.of(app if isinstance(app, LiveApp) else self.app(app))

    def context(self, live: LiveApp) -> Context:
        """The fields' context inside an app: its number and code join, and the files of this transaction."""
        return replace(self.ctx, app_id=live.id, app_code=live.code, files=AttachableFiles(self.connection))

    def reader(self, app: int | str | LiveApp, *, noted: bool = True) -> RecordReader:
        """The reader of an app for this actor.

        :param noted: False where the caller has the audit log tell of the same records in its own words (an export).
        """
        live = app if isinstance(app, LiveApp) else self.app(app)
        reads = self.reads.of_reader(live, self.actor) if noted and self.reads is not None else None
        return RecordReader(self.snapshot, live, self.connection, self.policies, self.context(live), reads=reads)

    def service(self, app: int | str | LiveApp) -> RecordService:
        """The writer of an app for this actor; only inside :func:`writing`."""
        from lowcode.records.service import RecordService  # the service works on a workspace in turn

        live = app if isinstance(app, LiveApp) else self.app(app)
        return RecordService(self, live)

    def acting_as(self, actor: Actor, ctx: Context | None = None) -> Workspace:
        """The same transaction for another actor (the system, for derived values).

        :param ctx: what the fields may know when that actor asks; by default the same.
        """
        other = Workspace.__new__(Workspace)
        other.connection, other.catalog, other.ctx, other.snapshot = (
            self.connection,
            self.catalog,
            self.ctx if ctx is None else ctx,
            self.snapshot,
        )
        other.actor, other.reads = actor, self.reads
        other.policies = other._policies()
        return other


@contextlib.contextmanager
def reading(engine: sa.Engine, catalog: Catalog, actor: Actor, ctx: Context) -> Iterator[Workspace]:
    """A workspace in a short read transaction."""
    with db.reading(engine) as connection:
        yield Workspace(connection, catalog, actor, ctx)


@contextlib.contextmanager
def writing(engine: sa.Engine, catalog: Catalog, actor: Actor, ctx: Context) -> Iterator[Workspace]:
    """A workspace in a write transaction that holds the live versions until it ends."""
    with db.writing(engine) as connection:
        db.hold_live_versions(connection)
        yield Workspace(connection, catalog, actor, ctx)
