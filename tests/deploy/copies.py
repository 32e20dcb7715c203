"""A database that is prepared once, and a fresh copy of it for every try: quicker than preparing each."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from lowcode import db

LOOKS = 1000
_busy = sa.table("pg_stat_activity", sa.column("datname"))


class Copies:
    """One copy at a time, always at the same address, so that statements once compiled stay so."""

    app = 0
    """The number that ``prepare`` returned."""

    def __init__(self, url: str, renew: Callable[[], None]) -> None:
        self.url = url
        self.engine = db.make_engine(url)
        self._renew = renew

    def fresh(self) -> sa.Engine:
        """The engine, on a database as it was prepared; whoever still works in the last copy is cut off."""
        self.engine.dispose()
        self._renew()
        return self.engine


@contextlib.contextmanager
def copies_of(url: str, prepare: Callable[[sa.Engine], int]) -> Iterator[Copies]:
    """Fill the empty database at ``url`` with ``prepare`` and offer copies of it."""
    engine = db.make_engine(url)
    app = prepare(engine)
    engine.dispose()
    with _of_file(url) if engine.dialect.name == "sqlite" else _of_database(url) as copies:
        copies.app = app
        yield copies


@contextlib.contextmanager
def _of_file(url: str) -> Iterator[Copies]:
    address = sa.make_url(url)
    assert address.database is not None
    original, copy = Path(address.database), Path(f"{address.database}-copy")
    # Its log must be empty: only the file itself is copied.
    assert not Path(f"{original}-wal").exists()

    def renew() -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{copy}{end}").unlink(missing_ok=True)
        shutil.copyfile(original, copy)

    copies = Copies(address.set(database=str(copy)).render_as_string(), renew)
    yield copies
    copies.engine.dispose()


@contextlib.contextmanager
def _of_database(url: str) -> Iterator[Copies]:
    address = sa.make_url(url)
    original, copy = address.database, f"{address.database}_copy"
    server = sa.create_engine(
        address.set(database="postgres"), isolation_level="AUTOCOMMIT", connect_args={"prepare_threshold": None}
    )
    with server.connect() as connection:

        def drop() -> None:
            # Connections need a moment to close; a drop that meets one waits a tenth of a second.
            for _ in range(LOOKS):
                if not connection.scalar(sa.select(sa.func.count()).select_from(_busy).where(_busy.c.datname == copy)):
                    break
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")

        def renew() -> None:
            drop()
            connection.exec_driver_sql(f"CREATE DATABASE {copy} TEMPLATE {original}")

        copies = Copies(address.set(database=copy).render_as_string(), renew)
        try:
            yield copies
        finally:
            copies.engine.dispose()
            drop()
    server.dispose()
