"""Real threads on real connections: no acknowledged write is lost, and no lost race reaches the caller."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from lowcode.deploy.publish import create_app
from lowcode.errors import Busy, Invalid
from lowcode.records import history
from lowcode.records.record import Change, MergeConflict
from lowcode.records.retry import TRIES, retried
from tests.builders import an_app
from tests.records.conftest import ADMIN, House

WRITERS, SAVES, RECORDS = 6, 50, 5
NOTES = an_app("notes").text("code", unique=True).text("text").subtable("log", an_app().text("line"))
for _writer in range(WRITERS):
    NOTES = NOTES.text(f"w{_writer}")
OWNERS = (
    an_app("owners")
    .text("number", unique=True)
    .text("name")
    .field(
        "ROLLUP",
        "seen",
        rollup={"relatedApp": {"code": "cases"}, "keyField": "number", "relatedField": "owner", "function": "COUNT"},
    )
)
CASES = (
    an_app("cases")
    .text("memo")
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
)


def together(work: Callable[[int], None]) -> None:
    """Run ``work`` by all writers at once; the first error of any of them is the test's."""
    start = threading.Barrier(WRITERS)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_six_writers_lose_nothing(house: House) -> None:
    house.install(NOTES.definition())
    ids = [r.id for r in house.save("notes", *[Change(values={"code": str(n)}) for n in range(RECORDS)])]
    acknowledged: list[list[tuple[int, str]]] = [[] for _ in range(WRITERS)]
    clashes = [0] * WRITERS

    def write(number: int) -> None:
        dice = random.Random(number)
        for turn in range(SAVES):
            words = f"{number}:{turn}"
            # Several records in one call, in an order that differs from call to call: locks must not depend on it.
            chosen = dice.sample(ids, dice.choice((1, 1, 2, 3)))
            with house.reading() as space:
                seen = {r.id: r for r in space.reader("notes").by_ids(chosen)}
            own = dice.random() < 0.7
            changes = [
                Change(
                    id=i,
                    revision=seen[i].revision,
                    values={f"w{number}": words, "log": [*seen[i]["log"], {"id": None, "values": {"line": words}}]}
                    if own
                    else {"text": words},
                )
                for i in chosen
            ]
            try:
                retried(lambda changes=changes: house.save("notes", *changes))  # type: ignore[misc]  # bound now
            except MergeConflict:
                assert not own, "fields of one's own and new rows never clash"
                clashes[number] += 1
            else:
                acknowledged[number] += [(i, words) for i in chosen if own]

    together(write)
    records = {i: house.get("notes", i) for i in ids}
    for number, kept in enumerate(acknowledged):
        last = dict(kept)
        for i in ids:
            assert records[i][f"w{number}"] == last.get(i)
    lines = sorted((i, row.values["line"]) for i in ids for row in records[i]["log"])
    assert lines == sorted(pair for kept in acknowledged for pair in kept)
    with house.reading() as space:
        told = history.since(space.connection, space.app("notes").tables, dict.fromkeys(ids, 0))
    for i in ids:
        assert [e.revision for e in told[i]] == list(range(1, records[i].revision + 1))


def test_writers_that_lock_two_apps_crosswise_all_get_through(house: House) -> None:
    """Saving a case counts at its owner; saving an owner renames at its cases: each locks what the other has."""
    create_app(house.engine, OWNERS.json(), ADMIN)
    create_app(house.engine, CASES.json(), ADMIN)
    owners = house.save("owners", *[Change(values={"number": str(n), "name": "a"}) for n in range(2)])
    cases = house.save("cases", *[Change(values={"owner": str(n % 2)}) for n in range(4)])

    def write(number: int) -> None:
        dice = random.Random(number)
        for turn in range(12):
            changes = (
                [Change(id=o.id, values={"name": f"{number}:{turn}"}) for o in dice.sample(owners, 2)]
                if number % 2
                else [
                    Change(id=c.id, values={"memo": f"{number}:{turn}", "owner": dice.choice("01")})
                    for c in dice.sample(cases, 2)
                ]
            )
            retried(lambda changes=changes: house.save("owners" if number % 2 else "cases", *changes))  # type: ignore[misc]

    together(write)
    names = {r["number"]: (r["name"], r["seen"]) for r in house.find("owners")}
    stored = house.find("cases")
    assert {(r["owner"], r["owner_name"]) for r in stored} <= {(number, name) for number, (name, _) in names.items()}
    assert {n: int(seen) for n, (_, seen) in names.items()} == {n: sum(r["owner"] == n for r in stored) for n in names}


def test_a_unique_value_that_two_give_at_once_is_a_problem_of_the_second(house: House) -> None:
    create_app(house.engine, NOTES.json(), ADMIN)
    refused: list[Invalid] = []

    def write(number: int) -> None:
        for turn in range(10):
            try:
                retried(lambda turn=turn: house.save("notes", Change(values={"code": str(turn)})))  # type: ignore[misc]
            except Invalid as error:
                refused.append(error)

    together(write)
    assert sorted(int(r["code"]) for r in house.find("notes")) == list(range(10))
    assert len(refused) == 10 * (WRITERS - 1)
    assert {(p.code, p.path) for error in refused for p in error.problems} == {("unique", (0, "code"))}


class Raced(Exception):
    """A driver's error with PostgreSQL's state."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    "state, failures, runs, raised",
    [
        ("40P01", 0, 1, None),
        ("40P01", 2, 3, None),
        ("40001", 3, TRIES, Busy),
        ("23505", 2, 3, None),
        ("23505", 3, TRIES, sa.exc.DBAPIError),
        ("42601", 1, 1, sa.exc.DBAPIError),
    ],
)
def test_three_tries(state: str, failures: int, runs: int, raised: type[Exception] | None) -> None:
    done: list[int] = []
    pauses: list[float] = []

    def work() -> str:
        done.append(1)
        if len(done) <= failures:
            raise sa.exc.DBAPIError("", {}, Raced(state))
        return "written"

    if raised is None:
        assert retried(work, pause=pauses.append) == "written"
    else:
        with pytest.raises(raised):
            retried(work, pause=pauses.append)
    assert (len(done), len(pauses)) == (runs, runs - 1)
    assert all(0 < p < 0.2 for p in pauses)


def test_a_retried_write_starts_from_nothing(house: House) -> None:
    """What the loser had already written is not written twice."""
    house.install(NOTES.definition())
    turns: list[int] = []

    def work() -> None:
        turns.append(1)
        with house.writing() as space:
            space.service("notes").save([Change(values={"code": "1"})])
            if len(turns) < TRIES:
                raise sa.exc.DBAPIError("", {}, Raced("40P01"))

    retried(work, pause=lambda _: None)
    assert len(house.find("notes")) == 1
