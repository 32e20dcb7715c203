"""Engines, transactions and the few differences between SQLite and PostgreSQL.

Everybody opens transactions here: :func:`reading` for a short snapshot, :func:`writing` for a write.
On SQLite a write takes ``BEGIN IMMEDIATE``, so that two writers queue instead of failing half-way.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import typing as t
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.functions import FunctionElement

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
WRITE_OPTION = "lowcode_write"
AT_END_OPTION = "lowcode_at_end"
T = t.TypeVar("T")
BUSY_SECONDS = 30


def make_engine(url: str, *, echo: bool = False, schema: str | None = None) -> sa.Engine:
    """An engine for ``sqlite:///…`` or ``postgresql+psycopg://…`` with our connection rules.

    :param schema: PostgreSQL only: the schema that all tables live in (tests use one each).
    """
    if url.startswith("sqlite"):
        # A pool keeps connections (and their page cache) open; each is used by one thread at a time.
        engine = sa.create_engine(
            url,
            echo=echo,
            poolclass=sa.QueuePool,
            pool_size=10,
            max_overflow=20,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "cached_statements": 512},
        )
        sa.event.listen(engine, "connect", _on_sqlite_connect)
        sa.event.listen(engine, "begin", _on_sqlite_begin)
        return engine
    # Compiling a statement takes longer than our short ones run: 40 conditions took 340 ms with it, 30 ms without.
    options = "-c jit=off" + (f" -c search_path={schema}" if schema else "")
    # Driver-side prepared statements led to generic plans 15 times slower (docs/decisions).
    return sa.create_engine(
        url,
        echo=echo,
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        connect_args={"prepare_threshold": None, "options": options},
    )


def _on_sqlite_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    raw = t.cast(sqlite3.Connection, connection)
    # The driver must not begin transactions on its own, else DDL and savepoints misbehave.
    raw.isolation_level = None
    raw.create_function("sha256_hex", 1, _sha256_hex, deterministic=True)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-65536",
        "mmap_size=1073741824",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")


@contextlib.contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in a short read transaction (one snapshot on PostgreSQL too)."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def beside(engine: sa.Engine, connection: sa.Connection) -> Callable[[], t.ContextManager[sa.Connection]]:
    """Short transactions that see exactly what the read transaction of ``connection`` sees, as long as that is open.

    PostgreSQL keeps the lock of a table that was read until the transaction ends; a long one would stop every deploy
    and need as many locks as there are tables and indexes. SQLite has no such locks and gives the connection itself.
    """
    if is_sqlite(connection):
        return lambda: contextlib.nullcontext(connection)
    # https://www.postgresql.org/docs/current/sql-set-transaction.html; the name is the server's own.
    name = connection.scalar(sa.select(sa.func.pg_export_snapshot()))

    @contextlib.contextmanager
    def another() -> Iterator[sa.Connection]:
        with reading(engine) as other:
            other.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{name}'")
            yield other

    return another


@contextlib.contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in a write transaction: committed at the end, rolled back on any exception."""
    last: dict[Callable[[sa.Connection, list[t.Any]], None], list[t.Any]] = {}
    options = {WRITE_OPTION: True, AT_END_OPTION: last}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection
        if connection.in_transaction():  # else whoever used it has rolled it back
            for work, items in last.items():
                work(connection, items)


def at_end(connection: sa.Connection, work: Callable[[sa.Connection, list[T]], None], item: T) -> None:
    """Let ``work`` do all its items as the last thing of the write transaction; elsewhere at once.

    For what others wait for: it is then held for the time of a commit, not for that of a transaction.
    """
    last = connection.get_execution_options().get(AT_END_OPTION)
    if last is None:
        work(connection, [item])
    else:
        last.setdefault(work, []).append(item)


def is_sqlite(connection: sa.Connection) -> bool:
    """Whether the connection speaks to the embedded database."""
    return connection.dialect.name == "sqlite"


def skipped_rows_are_read(connection: sa.Connection) -> bool:
    """Whether ``OFFSET`` reads the whole rows it skips, so that finding the ids first pays.

    PostgreSQL: 25 → 2.5 ms at offset 50,000. SQLite walks over keys and reads the columns only of what it returns.
    """
    return connection.dialect.name == "postgresql"


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware instant: ``timestamptz`` on PostgreSQL, ISO text of fixed width in UTC on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[t.Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(26))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> t.Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        if value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        if dialect.name == "sqlite":
            return value.isoformat(timespec="microseconds")[:26]
        return value

    def process_result_value(self, value: t.Any, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return t.cast(datetime, value).astimezone(UTC)


class ExactNumber(sa.TypeDecorator[Decimal]):
    """An exact decimal: NUMERIC on PostgreSQL, a scaled 64-bit integer on SQLite.

    SQLite has no decimals; the integer is exact, ordered, summable and indexable.
    Limit there: 18 digits in all.
    """

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int = 6) -> None:
        super().__init__()
        self.scale = scale

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[t.Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(18 + self.scale, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> t.Any:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return int(Decimal(value).scaleb(self.scale).to_integral_value(ROUND_HALF_EVEN))
        return Decimal(value)

    def process_result_value(self, value: t.Any, dialect: sa.Dialect) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(int(value)).scaleb(-self.scale)
        return t.cast(Decimal, value)


class Sha256Hex(FunctionElement[str]):
    """SHA-256 of a text in the database, as 64 hexadecimal digits."""

    name = "sha256_hex"
    type = sa.Text()
    inherit_cache = True


@compiles(Sha256Hex)
def _sha256_on_sqlite(element: Sha256Hex, compiler: t.Any, **options: t.Any) -> str:
    return f"sha256_hex({compiler.process(element.clauses, **options)})"


@compiles(Sha256Hex, "postgresql")
def _sha256_on_postgresql(element: Sha256Hex, compiler: t.Any, **options: t.Any) -> str:
    return f"encode(sha256(convert_to({compiler.process(element.clauses, **options)}, 'UTF8')), 'hex')"


def _sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def text_type(length: int | None = None) -> sa.types.TypeEngine[str]:
    """Text ordered by code point on both databases (people sort by a stored kana key)."""
    plain: sa.types.TypeEngine[str] = sa.String(length) if length else sa.Text()
    collated: sa.types.TypeEngine[str] = sa.String(length, collation="C") if length else sa.Text(collation="C")
    return plain.with_variant(collated, "postgresql")


LIVE_VERSIONS_LOCK = 7_103_001
"""PostgreSQL advisory lock: writers share it while they use live versions, a switch of versions takes it alone."""


def hold_live_versions(connection: sa.Connection) -> None:
    """Keep every app's live version as it is until the transaction ends (writers call this first).

    SQLite needs nothing: ``BEGIN IMMEDIATE`` lets one writer in at a time.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": LIVE_VERSIONS_LOCK})


# --- numbers that are never given twice -----------------------------------------------------------


def last_numbers(connection: sa.Connection, tables: Iterable[str]) -> dict[str, int]:
    """By table that numbers its rows itself: the last number it gave out, whether the row is there or not."""
    wanted = set(tables)
    if is_sqlite(connection):
        counted = connection.execute(sa.select(_sqlite_sequence.c.name, _sqlite_sequence.c.seq))
        return {row.name: int(row.seq) for row in counted if row.name in wanted}
    # https://www.postgresql.org/docs/current/view-pg-sequences.html: last_value is NULL until the first number.
    view = sa.table("pg_sequences", *map(sa.column, ("schemaname", "sequencename", "last_value")))
    given = {
        row.sequencename: row.last_value
        for row in connection.execute(sa.select(view).where(view.c.schemaname == sa.func.current_schema()))
    }
    found = {}
    for table in sorted(wanted):
        number = given.get(_sequence_of(table))
        if number is not None:
            found[table] = int(number)
    return found


def set_last_number(connection: sa.Connection, table: str, number: int) -> None:
    """Let ``table`` go on behind ``number``; it is never set back."""
    if is_sqlite(connection):
        mine = _sqlite_sequence.c.name == table
        known = connection.scalar(sa.select(_sqlite_sequence.c.seq).where(mine))
        if known is None:
            connection.execute(sa.insert(_sqlite_sequence).values(name=table, seq=number))
        elif known < number:
            connection.execute(sa.update(_sqlite_sequence).where(mine).values(seq=number))
        return
    highest = connection.scalar(sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(table))) or 0
    connection.execute(sa.select(sa.func.setval(_sequence_of(table), max(number, highest, 1))))


_sqlite_sequence: t.Final = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))


def _sequence_of(table: str) -> str:
    """PostgreSQL names the sequence of a serial or identity column after both."""
    return f"{table}_id_seq"
