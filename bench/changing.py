"""Adding a field and an index to a full table while a reader and a writer go on."""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Callable

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from bench import ledger
from bench.handwritten import TABLE
from bench.pairs import Call, Callers, Row
from lowcode import db, deploy
from lowcode.services import Services

FIELD, INDEXED = "contact_no", "clinic"
"""The new field, which has an index too, and the field that gets one."""
BEFORE_AND_AFTER = 1.0
"""Seconds during which the reader and the writer are alone."""


class Change(t.NamedTuple):
    """Seconds of the change, and the longest read and write that met it (milliseconds), with how many there were."""

    seconds: float
    longest_read: float
    longest_write: float
    reads: int
    writes: int


def ours(services: Services, app: int) -> Callable[[], None]:
    """Publishes a definition that has the field and the index."""
    definition = ledger.definition()
    definition["properties"][FIELD] = {"type": "SINGLE_LINE_TEXT", "code": FIELD, "label": FIELD, "indexed": True}
    definition["properties"][INDEXED]["indexed"] = True
    definition["layout"].append({"type": "ROW", "fields": [{"type": "SINGLE_LINE_TEXT", "code": FIELD}]})

    def change() -> None:
        deploy.apply_definition(services.engine, app, definition, services.system("benchmark"))

    return change


def handwritten(url: str) -> Callable[[], None]:
    """The same as a person would write it: ALTER TABLE, and the indexes without stopping writers where that exists."""

    def change() -> None:
        engine = db.make_engine(url)
        with db.writing(engine) as connection:
            Operations(MigrationContext.configure(connection)).add_column(TABLE.name, sa.Column(FIELD, sa.Text()))
            embedded = db.is_sqlite(connection)
        for code in (FIELD, INDEXED):
            # PostgreSQL builds an index beside the writers, but not inside a transaction.
            opened = (
                db.writing(engine) if embedded else engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            )
            with opened as connection:
                Operations(MigrationContext.configure(connection)).create_index(
                    f"ix_ledger_{code}", TABLE.name, [code, "id"], postgresql_concurrently=True
                )
        engine.dispose()

    return change


def measure(change: Callable[[], None], read: Call, write: Call, callers: Callers, start: int) -> Change:
    """Run ``change`` while ``read`` and ``write`` are called without a pause, each on a connection of its own.

    :param start: the number that the calls count from.
    """
    done = threading.Event()
    spans: dict[str, list[tuple[float, float]]] = {"read": [], "write": []}
    failures: list[Exception] = []

    def go_on(kind: str, call: Call) -> None:
        own, n = callers.again(), start
        try:
            while not done.is_set():
                begin = time.perf_counter()
                call(own, n)
                spans[kind].append((begin, time.perf_counter()))
                n += 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=go_on, args=pair) for pair in (("read", read), ("write", write))]
    for thread in threads:
        thread.start()
    try:
        time.sleep(BEFORE_AND_AFTER)
        begin = time.perf_counter()
        change()
        end = time.perf_counter()
        time.sleep(BEFORE_AND_AFTER)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    met = {kind: [b - a for a, b in times if b > begin and a < end] for kind, times in spans.items()}
    longest = {kind: 1000 * max(times, default=0.0) for kind, times in met.items()}
    return Change(end - begin, longest["read"], longest["write"], len(met["read"]), len(met["write"]))


def both(
    services: Services, app: int, hand_url: str, reading: Row, writing: Row, callers: Callers, start: int
) -> tuple[Change, Change]:
    """The change of both sides, one after the other."""
    return (
        measure(ours(services, app), reading.mine, writing.mine, callers, start),
        measure(handwritten(hand_url), reading.theirs, writing.theirs, callers, start),
    )
