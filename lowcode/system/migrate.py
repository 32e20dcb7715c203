"""Brings the system tables to the shape that this release expects. Forward only."""

from __future__ import annotations

import functools

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from lowcode import db, resources
from lowcode.errors import LowcodeError

UPGRADE_LOCK = 7_103_002
"""PostgreSQL advisory lock: of several processes that start together, one upgrades and the others wait."""


class DatabaseTooNew(LowcodeError):
    """The database was written by a newer release; going back is refused."""

    status = 500
    default_code = "system.database_too_new"


class DatabaseTooOld(LowcodeError):
    """The database needs ``lowcode init`` before this release can work with it."""

    status = 503
    default_code = "system.database_too_old"


def upgrade(engine: sa.Engine) -> tuple[str | None, str]:
    """Create or upgrade the system tables; does nothing where nothing is to do.

    All steps are one transaction on both databases, so that a killed upgrade leaves the old tables.

    :returns: the revision before (None for an empty database) and after.
    :raises DatabaseTooNew: a newer release wrote this database.
    """
    with db.reading(engine) as connection:
        before = _known_revision(connection)
    if before == head():
        return before, before
    with db.writing(engine) as connection:
        if not db.is_sqlite(connection):
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        before = _known_revision(connection)
        if before != head():
            upgrade_to(connection, head())
    return before, head()


def upgrade_to(connection: sa.Connection, revision: str) -> None:
    """Bring the tables to ``revision`` in the caller's write transaction.

    :raises DatabaseTooNew: this release does not know the revision.
    """
    require_known(revision)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def check(engine: sa.Engine) -> None:
    """Raise :class:`DatabaseTooNew` or :class:`DatabaseTooOld` unless the tables fit this release."""
    with db.reading(engine) as connection:
        revision = _known_revision(connection)
    if revision != head():
        raise DatabaseTooOld(revision=revision or "-", wanted=head())


def revision_of(connection: sa.Connection) -> str | None:
    """The revision that the database is at, or None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


@functools.cache
def head() -> str:
    """The revision that this release expects."""
    found = _scripts().get_current_head()
    if found is None:
        raise FileNotFoundError("the migrations are missing; install lowcode again")
    return found


def require_known(revision: str) -> None:
    """Raise :class:`DatabaseTooNew` for a revision that only a newer release has."""
    if revision not in _revisions():
        raise DatabaseTooNew(revision=revision, wanted=head())


def _known_revision(connection: sa.Connection) -> str | None:
    revision = revision_of(connection)
    if revision is not None:
        require_known(revision)
    return revision


@functools.cache
def _revisions() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


@functools.cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    # A percent sign in a folder's name would be taken for a reference to another option.
    config.set_main_option("script_location", str(resources.folder("migrations")).replace("%", "%%"))
    return config
