"""A deploy that does a bit of everything, a way to stop it anywhere, and what must be true afterwards."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Iterator
from decimal import Decimal

import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.deploy import indexes
from tests.builders import an_app
from tests.deploy import apps

BEFORE = (
    an_app("fault")
    .text("name")
    .text("age")
    .text("gone", indexed=True)
    .text("once", unique=True)
    .view("全部", "name", sort="name asc")
)
RECORDS: t.Final = [
    {"name": "a", "age": "1", "gone": "x"},
    {"name": "b", "age": "二", "gone": "y"},
    {"name": "c", "age": "3"},
]


class Fault(Exception):
    """What stops a deploy in these tests."""


def prepare(database: sa.Engine) -> int:
    """The platform, and an app with records and a draft that adds, converts, retires, and wants other indexes."""
    number = deploy.create_app(apps.with_system_tables(database), BEFORE.json(), apps.ACTOR)
    apps.add_records(database, number, RECORDS)
    raw = apps.retype(apps.definition_json(database, number), "age", type="NUMBER")
    del raw["properties"]["gone"]
    raw["properties"]["name"]["unique"] = True
    raw["properties"]["once"]["unique"] = False
    raw["properties"]["signs"] = {"type": "CHECK_BOX", "options": {"咳": {"label": "咳", "index": "0"}}}
    raw["properties"]["rows"] = {"type": "SUBTABLE", "fields": {"day": {"type": "DATE"}}}
    raw["layout"] = []
    raw["views"] = {"年齢": {"type": "LIST", "index": "0", "fields": ["age"], "filterCond": "", "sort": "age desc"}}
    apps.save(database, number, raw)
    return number


@contextlib.contextmanager
def at_statement(database: sa.Engine, number: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Call ``act`` before the ``number``-th statement or commit; yields a list whose first item counts them.

    Every one counts, also those that only read.
    """
    count = [0]

    def tick(*_: object) -> None:
        count[0] += 1
        if count[0] == number:
            act()

    sa.event.listen(database, "before_cursor_execute", tick)
    sa.event.listen(database, "commit", tick)
    try:
        yield count
    finally:
        sa.event.remove(database, "before_cursor_execute", tick)
        sa.event.remove(database, "commit", tick)


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


def require_finished(database: sa.Engine, number: int) -> int:
    """Whole; and published once more, or tidied, everything is there, once, and nothing else.

    Returns the version that was live before.
    """
    version = require_whole(database, number)
    if version == 1:
        assert deploy.deploy(database, number, apps.ACTOR, ctx=apps.CTX) == 2
    else:
        deploy.tidy(database)
    assert require_whole(database, number) == 2
    require_tidy(database, number)
    with db.reading(database) as connection:
        _, definition, tables = apps.live(connection, number)
        there = {c["name"] for c in sa.inspect(connection).get_columns(tables.main.name)}
        age, gone = definition.field("age"), f"f{definition.field('age').id + 1}"
        assert age.column_name == f"f{age.id}_2"
        # The leftovers were taken again: no third column, and the retired one is still there.
        assert there == {c.name for c in tables.main.columns} | {f"f{age.id}", gone}
    return version


def require_tidy(database: sa.Engine, number: int) -> None:
    """The app's tables have the indexes that the live version asks for, all of them usable, and no other."""
    with db.reading(database) as connection:
        _, definition, tables = apps.live(connection, number)
        present = indexes.all_indexes(connection)
        wanted = indexes.wanted(tables, definition)
    for name in (name for name in present if name == tables.main.name or name.startswith(f"{tables.main.name}_")):
        specs = {spec.name: True for spec in wanted if spec.table == name}
        if name == tables.index.grams.name and database.dialect.name == "postgresql":
            specs = {f"gin_{name}": True}  # made with its table
        assert present[name] == specs
