"""A deploy that does a bit of everything, and ways to stop it in the middle.

Run as a program (``python -m tests.deploy.faults URL APP N``) it deploys and kills itself at the N-th statement.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import typing as t
from collections.abc import Callable, Iterator
from decimal import Decimal

import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.deploy import versions
from lowcode.deploy.indexes import wanted
from lowcode.deploy.plan import present_indexes
from tests.builders import an_app
from tests.deploy import apps

BEFORE = an_app("fault").text("name").text("age").text("gone", indexed=True).view("全部", "name", sort="name asc")
RECORDS: t.Final = [
    {"name": "a", "age": "1", "gone": "x"},
    {"name": "b", "age": "二", "gone": "y"},
    {"name": "c", "age": "3"},
]


READING: t.Final = ("SELECT", "PRAGMA", "SHOW", "SET LOCAL", "WITH", "BEGIN")


class Fault(Exception):
    """What stops a deploy in these tests."""


def prepare(database: sa.Engine, code: str) -> int:
    """An app with records and a draft that adds, converts, retires, and wants other indexes."""
    number = deploy.create_app(database, {**BEFORE.json(), "code": code}, apps.ACTOR)
    apps.add_records(database, number, RECORDS)
    raw = apps.retype(apps.definition_json(database, number), "age", type="NUMBER")
    del raw["properties"]["gone"]
    raw["properties"]["name"]["unique"] = True
    raw["properties"]["signs"] = {"type": "CHECK_BOX", "options": {"咳": {"label": "咳", "index": "0"}}}
    raw["properties"]["rows"] = {"type": "SUBTABLE", "fields": {"day": {"type": "DATE"}}}
    raw["layout"] = []
    raw["views"] = {"年齢": {"type": "LIST", "index": "0", "fields": ["age"], "filterCond": "", "sort": "age desc"}}
    apps.save(database, number, raw)
    return number


@contextlib.contextmanager
def at_statement(database: sa.Engine, number: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Call ``act`` before the ``number``-th statement or commit; yields a list whose first item counts them.

    Statements that only read are not counted: stopping there leaves what stopping at the next one leaves.
    """
    count = [0]
    written = [False]

    def tick() -> None:
        count[0] += 1
        if count[0] == number:
            act()

    def before_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.lstrip().upper().startswith(READING):
            written[0] = True
            tick()

    def before_commit(_connection: object) -> None:
        if written[0]:
            written[0] = False
            tick()

    sa.event.listen(database, "before_cursor_execute", before_statement)
    sa.event.listen(database, "commit", before_commit)
    try:
        yield count
    finally:
        sa.event.remove(database, "before_cursor_execute", before_statement)
        sa.event.remove(database, "commit", before_commit)


def stop() -> None:
    """Fail like a statement that the database refuses."""
    raise Fault


def require_whole(database: sa.Engine, number: int) -> int:
    """A reader sees the old version or the new one, all of it. Returns which."""
    with db.reading(database) as connection:
        version, definition, _ = apps.live(connection, number)
        assert apps.values(connection, number, "name") == ["a", "b", "c"]
        if version == 1:
            assert apps.values(connection, number, "age") == ["1", "二", "3"]
            assert apps.values(connection, number, "gone") == ["x", "y", None]
        else:
            assert apps.values(connection, number, "age") == [Decimal(1), None, Decimal(3)]
            assert apps.values(connection, number, "signs") == [(), (), ()]
            assert definition.find("gone") is None
    return version


def forget(database: sa.Engine, number: int) -> None:
    """Delete the app, so that many tries in one database stay quick."""
    with db.writing(database) as connection:
        table = versions.apps
        connection.execute(sa.update(table).where(table.c.id == number).values(deleted_at=apps.NOW))


def require_finished(database: sa.Engine, number: int) -> None:
    """Published once more, everything is there, once, and nothing else."""
    if require_whole(database, number) == 1:
        assert deploy.deploy(database, number, apps.ACTOR, ctx=apps.CTX) == 2
    deploy.tidy(database, [number])
    assert require_whole(database, number) == 2
    with db.reading(database) as connection:
        _, definition, tables = apps.live(connection, number)
        there = {c["name"] for c in sa.inspect(connection).get_columns(tables.main.name)}
        age, gone = definition.field("age"), f"f{definition.field('age').id + 1}"
        assert age.column_name == f"f{age.id}_2"
        # The leftovers were taken again: no third column, and the retired one is still there.
        assert there == {c.name for c in tables.main.columns} | {f"f{age.id}", gone}
        for table in tables.all():
            specs = {spec.name for spec in wanted(tables, definition) if spec.table == table.name}
            assert present_indexes(connection, table.name) == dict.fromkeys(specs, True)


if __name__ == "__main__":
    engine = db.make_engine(sys.argv[1])
    with at_statement(engine, int(sys.argv[3]), lambda: os.kill(os.getpid(), signal.SIGKILL)):
        deploy.deploy(engine, int(sys.argv[2]), apps.ACTOR, ctx=apps.CTX)
    print("finished")
