"""A save that breaks at any of its statements leaves everything as it was: rows, counters, files, outbox, history.

Each case is one save of one kind. It is carried out once to count its statements, then once for each of them with an
error injected right there, and the whole database is compared with what it was before.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.deploy.publish import create_app
from lowcode.files import library
from lowcode.records.record import Change, Record
from lowcode.records.workspace import Workspace
from tests.builders import an_app
from tests.records.conftest import ADMIN, NOW, House

OWNERS = (
    an_app("owners")
    .text("number", unique=True)
    .text("name")
    .field(
        "ROLLUP",
        "visits",
        rollup={
            "relatedApp": {"code": "cases"},
            "keyField": "number",
            "relatedField": "owner",
            "function": "SUM",
            "field": "age",
        },
    )
    .formula("double", "visits * 2")
)
CASES = (
    an_app("cases")
    .field("SERIAL", "serial", pattern="{000000}")
    .text("name")
    .number("age")
    .checks("risks", "高血圧", "透析")
    .field("FILE", "papers")
    .field(
        "SINGLE_LINE_TEXT",
        "owner",
        lookup={
            "relatedApp": {"code": "owners"},
            "relatedKeyField": "number",
            "freshness": "FRESH",
            "fieldMappings": [{"field": "owner_name", "relatedField": "name"}],
            "lookupPickerFields": [],
        },
    )
    .text("owner_name")
    .subtable("family", an_app().text("who").number("years").checks("tags", "同居").field("FILE", "photo"))
    .formula("total", "SUM(years) + age")
)


class Broken(Exception):
    """The error that is injected."""


class Ward:
    """Two linked apps with a record each, and files that wait for a record."""

    def __init__(self, house: House) -> None:
        self.house = house
        create_app(house.engine, OWNERS.json(), ADMIN)
        create_app(house.engine, CASES.json(), ADMIN)
        with db.writing(house.engine) as connection:
            for key in ("a" * 32, "b" * 32, "c" * 32):
                library.register(
                    connection,
                    key=key,
                    size=3,
                    digest="0" * 64,
                    name="写真.txt",
                    user_id=ADMIN.user_id,
                    content_type="text/plain",
                    now=NOW,
                )
        house.save("owners", Change(values={"number": "1", "name": "一"}), Change(values={"number": "2", "name": "二"}))
        (self.case,) = house.save("cases", Change(values=a_case("甲", "a" * 32)))
        metadata = sa.MetaData()
        with house.engine.connect() as connection:
            metadata.reflect(connection)
        # A table of grams cannot be read back on SQLite; what it consists of can, and is among the tables.
        virtual = house.engine.dialect.name == "sqlite"
        self.tables = [table for table in metadata.sorted_tables if not (virtual and table.name.endswith("_grams"))]

    def dump(self) -> dict[str, list[tuple[t.Any, ...]]]:
        """Every row of every table."""
        with self.house.engine.connect() as connection:
            found = {
                table.name: sorted(tuple(map(repr, row)) for row in connection.execute(sa.select(table)))
                for table in self.tables
            }
        assert {"counters", "files", "outbox"} <= {*found}
        return found


def a_case(name: str, file: str, **more: t.Any) -> dict[str, t.Any]:
    rows = [{"values": {"who": "母", "years": 60, "tags": ["同居"]}}, {"values": {"who": "父", "years": 61}}]
    return {
        "name": name,
        "age": 40,
        "risks": ["透析"],
        "papers": [{"fileKey": file}],
        "owner": "1",
        "family": rows,
        **more,
    }


def create(space: Workspace, ward: Ward) -> list[Record]:
    changes = [Change(values=a_case("乙", "b" * 32)), Change(values=a_case("丙", "c" * 32, owner="2"))]
    return space.service("cases").save(changes)


def update(space: Workspace, ward: Ward) -> list[Record]:
    mother, _ = ward.case["family"]
    rows = [
        {"values": {"who": "子", "photo": [{"fileKey": "c" * 32}]}},
        {"id": mother.id, "values": {"years": 62, "tags": []}},
    ]
    values = {
        "name": "丁",
        "age": 41,
        "risks": ["高血圧"],
        "papers": [{"fileKey": "b" * 32}],
        "owner": "2",
        "family": rows,
    }
    return space.service("cases").save([Change(id=ward.case.id, revision=1, values=values)])


def delete(space: Workspace, ward: Ward) -> list[Record]:
    return space.service("cases").save([Change(id=ward.case.id, delete=True)])


def source(space: Workspace, ward: Ward) -> list[Record]:
    """The record that others copy from."""
    owner = space.reader("owners").list()[0]
    return space.service("owners").save([Change(id=owner.id, values={"name": "いち"})])


def mixed(space: Workspace, ward: Ward) -> list[Record]:
    changes = [Change(id=ward.case.id, delete=True), Change(values=a_case("戊", "b" * 32))]
    return space.service("cases").save(changes)


def delete_and_restore(space: Workspace, ward: Ward) -> list[Record]:
    delete(space, ward)
    return space.service("cases").restore([ward.case.id])


CASES_OF_SAVES: Sequence[Callable[[Workspace, Ward], list[Record]]] = (
    create,
    update,
    delete,
    source,
    mixed,
    delete_and_restore,
)


@pytest.mark.parametrize("work", CASES_OF_SAVES, ids=lambda work: work.__name__)
@pytest.mark.parametrize("when", ["before", pytest.param("after", marks=pytest.mark.slow)])
def test_an_error_at_any_statement_leaves_nothing_behind(
    house: House, work: Callable[[Workspace, Ward], list[Record]], when: str
) -> None:
    ward = Ward(house)
    before = ward.dump()
    seen = 0
    break_at: int | None = None

    def on_statement(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == break_at:
            raise Broken(seen)

    def run() -> None:
        with house.writing() as space:
            work(space, ward)
            if break_at is None:
                space.connection.rollback()

    sa.event.listen(house.engine, f"{when}_cursor_execute", on_statement)
    try:
        run()
        count = seen
        assert count >= 8
        for break_at in range(1, count + 1):
            seen = 0
            with pytest.raises(Broken):
                run()
            sa.event.remove(house.engine, f"{when}_cursor_execute", on_statement)
            assert ward.dump() == before, break_at
            sa.event.listen(house.engine, f"{when}_cursor_execute", on_statement)
    finally:
        sa.event.remove(house.engine, f"{when}_cursor_execute", on_statement)
    # The broken tries leave no trace in what follows either: numbers go on where they were.
    with house.writing() as space:
        work(space, ward)
    assert ward.dump() != before


def test_a_failed_save_inside_a_longer_transaction_is_undone_alone(house: House) -> None:
    """As screens and imports do it: the save in a savepoint, the rest of the transaction goes on."""
    ward = Ward(house)
    before = ward.dump()
    for break_at in range(3, 30, 4):
        seen = 0

        def on_statement(*_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == break_at:  # noqa: B023  # used up within the turn
                raise Broken(seen)

        with house.writing() as space:
            sa.event.listen(house.engine, "before_cursor_execute", on_statement)
            try:
                with pytest.raises(Broken), space.connection.begin_nested():
                    update(space, ward)
            finally:
                sa.event.remove(house.engine, "before_cursor_execute", on_statement)
        assert ward.dump() == before
