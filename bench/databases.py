"""Two empty databases for one run: SQLite files, or databases of a PostgreSQL server that are dropped again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from lowcode import db

NAMES = ("lowcode_bench_ours", "lowcode_bench_hand")


def kind() -> str:
    """``sqlite`` or ``postgresql``, as the environment says (``DB``)."""
    return os.environ.get("DB", "sqlite")


@contextlib.contextmanager
def two(folder: Path) -> Iterator[tuple[str, str]]:
    """The addresses of ours and of the hand-written one's; ``LOWCODE_BENCH_PG_URL`` names the server."""
    (folder / "ours").mkdir(exist_ok=True)
    if kind() == "sqlite":
        yield f"sqlite:///{folder / 'ours' / 'lowcode.db'}", f"sqlite:///{folder / 'hand.db'}"
        return
    server = sa.make_url(os.environ["LOWCODE_BENCH_PG_URL"]).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for name in NAMES:
                connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                connection.execute(sa.text(f"CREATE DATABASE {name}"))
        ours_url, hand_url = (server.set(database=name).render_as_string(hide_password=False) for name in NAMES)
        yield ours_url, hand_url
        with engine.connect() as connection:
            for name in NAMES:
                connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    finally:
        engine.dispose()


def version(url: str) -> str:
    """The database's name and version."""
    engine = db.make_engine(url)
    with engine.connect() as connection:
        if db.is_sqlite(connection):
            found = connection.scalar(sa.select(sa.literal("SQLite ") + sa.func.sqlite_version()))
        else:
            found = connection.scalar(sa.select(sa.func.split_part(sa.func.version(), " on ", 1)))
    engine.dispose()
    return str(found)
