"""What one process of the product holds: settings, database, caches. Made once, for the web, jobs and commands."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import secrets
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from lowcode import db
from lowcode.access import actor as access
from lowcode.access.actor import Actor
from lowcode.accounts import audit
from lowcode.accounts.actor import context_for, user_actor
from lowcode.accounts.directory import DirectoryCache
from lowcode.config import ConfigurationError, Settings
from lowcode.fields.context import Context
from lowcode.files.library import AttachableFiles
from lowcode.files.store import FileStore
from lowcode.kept import kept_secret
from lowcode.records.catalog import Catalog
from lowcode.records.reads import Reads
from lowcode.records.retry import retried
from lowcode.records.workspace import Workspace

SHORTEST_KEY = 16
T = t.TypeVar("T")


@dataclass(frozen=True)
class Services:
    """Everything that is shared between requests, jobs and commands of one process."""

    settings: Settings
    engine: sa.Engine
    catalog: Catalog = field(default_factory=Catalog)
    directories: DirectoryCache = field(default_factory=DirectoryCache)

    def __post_init__(self) -> None:
        # Asked for with the first entry: the key is made when the data folder is there.
        self.engine.update_execution_options(**{audit.KEY_OPTION: functools.cache(lambda: audit_key(self.settings))})

    @classmethod
    def open(cls, settings: Settings | None = None, engine: sa.Engine | None = None) -> Services:
        """From the environment, unless given. Makes the data folder."""
        settings = settings or Settings.from_environment()
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o750)
        return cls(settings, engine or db.make_engine(settings.database_url))

    @property
    def store(self) -> FileStore:
        """Where the bytes of attachments lie."""
        return FileStore(self.settings.data_dir / "files")

    def actor(self, user_id: int) -> Actor:
        """The actor of an active user. Raises :class:`~lowcode.errors.NotFound`."""
        with db.reading(self.engine) as connection:
            return user_actor(self.directories.current(connection), user_id, self.settings)

    def system(self, reason: str) -> Actor:
        """The system, acting for a stated reason, in the installation's language."""
        return access.system(reason, locale=self.settings.locale)

    def context(self, connection: sa.Connection, actor: Actor, directory_version: str | None = None) -> Context:
        """What the fields may know when ``actor`` asks in the transaction of ``connection``.

        :param directory_version: where the caller has read it in this transaction already.
        """
        directory = self.directories.current(connection, directory_version)
        return context_for(actor, directory, self.settings, files=AttachableFiles(connection))

    def reads(self, actor: Actor) -> Reads:
        """Collects what this actor reads of apps with personal data."""
        return Reads(self.engine, actor, self.settings.now)

    @contextlib.contextmanager
    def reading(self, actor: Actor, reads: Reads | None = None) -> Iterator[Workspace]:
        """A workspace in a short read transaction.

        :param reads: of a caller who writes it to the audit log later, but before anything leaves; else it is written
            when the transaction has ended.
        """
        collected = self.reads(actor) if reads is None else reads
        with db.reading(self.engine) as connection:
            yield Workspace(connection, self.catalog, actor, self.context(connection, actor), collected)
        if reads is None:
            collected.write()

    @contextlib.contextmanager
    def writing(self, actor: Actor, reads: Reads | None = None) -> Iterator[Workspace]:
        """A workspace in a write transaction that holds the live versions until it ends.

        :param reads: of a caller who shows what was read; what a save reads for itself is nobody's reading.
        """
        with db.writing(self.engine) as connection:
            db.hold_live_versions(connection)
            yield Workspace(connection, self.catalog, actor, self.context(connection, actor), reads)

    def as_person(self, space: Workspace, user_id: int) -> Workspace:
        """The same transaction as an active user would read in it, in order to explain what they see.

        :raises NotFound: there is no such user, or they are switched off.
        """
        actor = user_actor(self.directories.current(space.connection), user_id, self.settings)
        return space.acting_as(actor, self.context(space.connection, actor))

    def write(self, actor: Actor, work: Callable[[Workspace], T], reads: Reads | None = None) -> T:
        """``work`` in a write transaction, tried again when it loses a race (:func:`lowcode.records.retry.retried`).

        :raises Busy: it lost three times.
        """

        def once() -> T:
            with self.writing(actor, reads) as workspace:
                return work(workspace)

        return retried(once)


def secret_key(settings: Settings) -> str:
    """The installation's secret: from the environment, or made once and kept in the data folder (mode 600).

    :raises ConfigurationError: it is too short to be one.
    """
    key = settings.secret_key
    if key is None:
        key = kept_secret(settings.data_dir / "secret.key", lambda: secrets.token_urlsafe(48))
    if len(key) < SHORTEST_KEY:
        raise ConfigurationError("configuration.secret_key", minimum=SHORTEST_KEY)
    return key


def audit_key(settings: Settings) -> bytes:
    """The key of the audit log's hashes, from the installation's secret."""
    return hmac.new(secret_key(settings).encode(), b"lowcode audit log", hashlib.sha256).digest()
