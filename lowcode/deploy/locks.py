"""One deploy at a time, and a switch of versions that never waits long in front of everybody else."""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
import threading
import time
import typing as t
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from lowcode import db
from lowcode.errors import Busy

DEPLOY_LOCK: t.Final = 7_103_003
"""PostgreSQL advisory lock of the session that deploys; it falls with the connection, so a kill frees it."""
WAIT_SECONDS: t.Final = 30.0
LOCK_TIMEOUT: t.Final = "2s"
TRIES: t.Final = 15
_LOCK_NOT_AVAILABLE: t.Final = ("55P03", "40P01", "40001")
_threads = threading.Lock()

T = t.TypeVar("T")


@contextlib.contextmanager
def deploying(engine: sa.Engine, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the one deploy lock of the installation. Raises :class:`Busy` when another deploy keeps it too long."""
    deadline = time.monotonic() + wait
    if not _threads.acquire(timeout=wait):
        raise Busy("deploy.busy")
    try:
        with _on_sqlite(engine, deadline) if engine.dialect.name == "sqlite" else _on_postgresql(engine, deadline):
            yield
    finally:
        _threads.release()


@contextlib.contextmanager
def _on_postgresql(engine: sa.Engine, deadline: float) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Taken out of the pool: the lock falls when the connection closes, whatever happened before.
        connection.detach()
        _until(
            deadline,
            lambda: bool(connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": DEPLOY_LOCK})),
        )
        yield


@contextlib.contextmanager
def _on_sqlite(engine: sa.Engine, deadline: float) -> Iterator[None]:
    path = engine.url.database
    if not path or path == ":memory:":
        yield  # such a database belongs to this process alone
        return
    # The kernel frees the lock when the process ends, however it ends.
    with open(f"{path}-deploy", "ab") as file:
        _until(deadline, lambda: _try_lock(file.fileno()))
        try:
            yield
        finally:
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def _try_lock(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _until(deadline: float, attempt: Callable[[], bool]) -> None:
    while not attempt():
        if time.monotonic() > deadline:
            raise Busy("deploy.busy")
        time.sleep(0.1)


def patiently(engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
    """Run ``work`` in a write transaction that gives up a lock it cannot have at once, and tries again.

    A statement that queues for a table lock makes everybody else queue behind it; short tries let them pass.
    Raises :class:`Busy` after the last try.
    """
    for attempt in range(TRIES):
        try:
            with db.writing(engine) as connection:
                if not db.is_sqlite(connection):
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                return work(connection)
        except sa.exc.OperationalError as error:
            if isinstance(error.orig, sqlite3.OperationalError) and "locked" in str(error.orig):
                raise Busy("deploy.busy") from error  # the driver has waited long enough
            if getattr(error.orig, "sqlstate", None) not in _LOCK_NOT_AVAILABLE:
                raise
            time.sleep(min(0.05 * 2**attempt, 2.0))
    raise Busy("deploy.busy")


def alone(connection: sa.Connection) -> None:
    """Wait until no writer uses live versions, and let none begin before the transaction ends."""
    if not db.is_sqlite(connection):
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": db.LIVE_VERSIONS_LOCK})
