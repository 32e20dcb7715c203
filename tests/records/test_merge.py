"""Corners of simultaneous edits, one sentence each; ``test_merge_property.py`` plays them by the thousand."""

from __future__ import annotations

import typing as t

import pytest

from lowcode.deploy.publish import create_app
from lowcode.records.record import Change, MergeConflict, Record, clash_key
from tests.builders import an_app
from tests.records.conftest import ADMIN, House

LEDGER = an_app("ledger").text("name").subtable("family", an_app().text("who").number("years"))
OWNERS = an_app("owners").text("number", unique=True).text("name")
CASES = (
    an_app("cases")
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


def row(row_id: int | None = None, /, **values: t.Any) -> dict[str, t.Any]:
    return {"id": row_id, "values": values}


def people(record: Record) -> list[tuple[t.Any, t.Any]]:
    return [(r.values["who"], None if r.values["years"] is None else int(r.values["years"])) for r in record["family"]]


@pytest.fixture
def ledger(house: House) -> House:
    house.install(LEDGER.definition())
    return house


@pytest.fixture
def saved(ledger: House) -> Record:
    return ledger.add("ledger", family=[row(who="父", years=60), row(who="母", years=58)])


def answered(ledger: House, saved: Record, mine: list[dict[str, t.Any]], side: t.Literal["mine", "theirs"]) -> Record:
    """What becomes of my table when I answer every clash in the same way."""
    with pytest.raises(MergeConflict) as caught:
        ledger.edit("ledger", saved.id, 1, family=mine)
    (shown,) = caught.value.records
    choices = {clash_key(c.path): side for c in shown.clashes}
    change = Change(id=saved.id, revision=1, values={"family": mine}, choices=choices, chosen_at=shown.revision)
    return ledger.save("ledger", change)[0]


@pytest.mark.parametrize("side, left", [("theirs", [("父", 61), ("母", 58)]), ("mine", [("母", 58)])])
def test_a_row_that_i_deleted_and_they_edited_stays_when_i_give_way(
    ledger: House, saved: Record, side: t.Literal["mine", "theirs"], left: list[t.Any]
) -> None:
    father, mother = saved["family"]
    ledger.edit("ledger", saved.id, 1, family=[row(father.id, years=61), row(mother.id)])
    assert people(answered(ledger, saved, [row(mother.id)], side)) == left


@pytest.mark.parametrize("side, left", [("theirs", [("母", 58)]), ("mine", [("母", 58), ("父", 61)])])
def test_a_row_that_they_deleted_comes_back_with_the_cells_i_did_not_touch(
    ledger: House, saved: Record, side: t.Literal["mine", "theirs"], left: list[t.Any]
) -> None:
    father, mother = saved["family"]
    ledger.edit("ledger", saved.id, 1, family=[row(mother.id)])
    assert people(answered(ledger, saved, [row(father.id, years=61), row(mother.id)], side)) == left


def test_rows_that_both_add_at_one_place_stand_theirs_first(ledger: House, saved: Record) -> None:
    kept = [row(r.id) for r in saved["family"]]
    ledger.edit("ledger", saved.id, 1, family=[*kept, row(who="彼1"), row(who="彼2")])
    merged = ledger.edit("ledger", saved.id, 1, family=[*kept, row(who="私1"), row(who="私2")])
    assert [who for who, _ in people(merged)] == ["父", "母", "彼1", "彼2", "私1", "私2"]


@pytest.fixture
def three(ledger: House) -> tuple[Record, list[dict[str, t.Any]]]:
    """A record with three people, and their rows as somebody names them who only moves them."""
    record = ledger.add("ledger", family=[row(who="父", years=60), row(who="母", years=58), row(who="子", years=3)])
    return record, [row(r.id) for r in record["family"]]


@pytest.mark.parametrize(
    ("theirs", "mine", "left"),
    [
        ([2, 0, 1], [0, 1, 2], "子父母"),
        ([0, 1, 2], [2, 0, 1], "子父母"),
        ([2, 1, 0], [2, 1, 0], "子母父"),
        ([1, 0], [0, 1, 2], "母父"),
    ],
    ids=["they alone", "I alone", "both alike", "they, who also deleted"],
)
def test_an_order_that_one_of_two_changed_stays(
    ledger: House, three: tuple[Record, list[dict[str, t.Any]]], theirs: list[int], mine: list[int], left: str
) -> None:
    record, rows = three
    ledger.edit("ledger", record.id, 1, family=[rows[n] for n in theirs])
    merged = ledger.edit("ledger", record.id, 1, family=[rows[n] for n in mine])
    assert "".join(who for who, _ in people(merged)) == left


@pytest.mark.parametrize(("side", "left"), [("mine", "母私父子彼"), ("theirs", "子母私父彼")])
def test_an_order_that_two_changed_is_asked(
    ledger: House, three: tuple[Record, list[dict[str, t.Any]]], side: t.Literal["mine", "theirs"], left: str
) -> None:
    record, (father, mother, child) = three
    ledger.edit("ledger", record.id, 1, family=[child, mother, father, row(who="彼")])
    mine = [mother, row(who="私"), father, child]
    with pytest.raises(MergeConflict) as caught:
        ledger.edit("ledger", record.id, 1, family=mine)
    (clash,) = caught.value.records[0].clashes
    assert clash_key(clash.path) == "family/$order"
    sides = ["".join(r.values["who"] for r in s) for s in (clash.before, clash.theirs, clash.mine)]
    assert sides == ["父母子", "子母父", "母父子"]
    merged = answered(ledger, record, mine, side)
    assert "".join(who for who, _ in people(merged)) == left


def test_rows_come_back_from_the_trash_under_their_own_numbers(ledger: House, saved: Record) -> None:
    father, mother = saved["family"]
    ledger.save("ledger", Change(id=saved.id, delete=True))
    with ledger.writing() as space:
        (back,) = space.service("ledger").restore([saved.id])
    assert [r.id for r in back["family"]] == [father.id, mother.id]
    # Whoever opened the record before it was deleted goes on as if nothing had happened.
    merged = ledger.edit("ledger", saved.id, 1, family=[row(father.id, years=61)])
    assert people(merged) == [("父", 61)]


def test_a_copy_keeps_fresh_after_the_trash(house: House) -> None:
    create_app(house.engine, OWNERS.json(), ADMIN)
    create_app(house.engine, CASES.json(), ADMIN)
    owner = house.add("owners", number="1", name="一")
    case = house.add("cases", owner="1")
    house.save("cases", Change(id=case.id, delete=True))
    house.edit("owners", owner.id, name="いち")
    with house.writing() as space:
        (back,) = space.service("cases").restore([case.id])
    assert back["owner_name"] == "いち"
    house.edit("owners", owner.id, name="ひとつ")
    assert house.get("cases", case.id)["owner_name"] == "ひとつ"
