"""A form drawn from an older version is saved as its author meant it, whatever was renamed meanwhile."""

from __future__ import annotations

import copy
import typing as t
from decimal import Decimal

import pytest

from lowcode.definition import dump
from lowcode.deploy.publish import apply_definition, create_app
from lowcode.deploy.purge import leftovers, purge
from lowcode.errors import Invalid, NotFound
from lowcode.records.record import Change, MergeConflict, Record
from tests.builders import a_field, an_app
from tests.records.conftest import ADMIN, House

Json = dict[str, t.Any]
FIRST = (
    an_app("ledger")
    .text("name", required=True)
    .text("memo")
    .text("size")
    .choice("ward", "門司区", "小倉北区")
    .checks("risks", "高血圧", "透析")
    .subtable("family", an_app().text("who").text("job").number("years"))
)


class Ledger:
    """An app that changes under the hands of its users."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.app = create_app(house.engine, FIRST.json(), ADMIN)

    def definition(self) -> Json:
        with self.house.reading() as space:
            return copy.deepcopy(dict(dump(space.app(self.app).definition)))

    def publish(self, definition: Json) -> int:
        return apply_definition(self.house.engine, self.app, definition, ADMIN)

    def change(self, **values: t.Any) -> Change:
        return Change(version=1, values=values)

    def save(self, *changes: Change) -> list[Record]:
        return self.house.save(self.app, *changes)


@pytest.fixture
def ledger(house: House) -> Ledger:
    return Ledger(house)


def rename(properties: Json, old: str, new: str) -> None:
    properties[new] = {**properties.pop(old), "code": new}


def without(definition: Json, *codes: str) -> Json:
    for code in codes:
        del definition["properties"][code]
    definition["layout"] = [row for row in definition["layout"] if row.get("code") not in codes]
    for row in definition["layout"]:
        if "fields" in row:
            row["fields"] = [f for f in row["fields"] if f.get("code") not in codes]
    definition["layout"] = [row for row in definition["layout"] if row["type"] != "ROW" or row["fields"]]
    return definition


def renamed(definition: Json) -> Json:
    """``name`` and ``memo`` change places; options and a column are called something else."""
    properties = definition["properties"]
    rename(properties, "name", "spare")
    rename(properties, "memo", "name")
    rename(properties, "spare", "memo")
    options = properties["ward"]["options"]
    options["門司"] = {**options.pop("門司区"), "label": "門司"}
    rename(properties["family"]["fields"], "who", "person")
    definition["layout"] = []
    return definition


def test_renamed_codes_options_and_columns_are_found_by_id(ledger: Ledger) -> None:
    (saved,) = ledger.save(Change(values={"name": "山田", "family": [{"values": {"who": "母", "years": 60}}]}))
    assert ledger.publish(renamed(ledger.definition())) == 2
    (mother,) = saved["family"]
    changes = {"name": "鈴木", "memo": "済", "ward": "門司区", "family": [{"id": mother.id, "values": {"who": "父"}}]}
    (after,) = ledger.save(Change(id=saved.id, revision=1, version=1, values=changes))
    assert (after["memo"], after["name"]) == ("鈴木", "済")
    with ledger.house.reading() as space:
        assert space.app(ledger.app).definition.field("ward").dump(after["ward"]) == "門司"
    assert [(r.id, r.values["person"], r.values["years"]) for r in after["family"]] == [(mother.id, "父", Decimal(60))]
    assert after.set_aside == ()


def test_problems_and_clashes_carry_todays_codes(ledger: Ledger) -> None:
    (saved,) = ledger.save(Change(values={"name": "山田"}))
    ledger.publish(renamed(ledger.definition()))
    with pytest.raises(Invalid) as caught:
        ledger.save(Change(id=saved.id, version=1, values={"name": "", "ward": "月"}))
    assert {p.path for p in caught.value.problems} == {(0, "ward")}
    with pytest.raises(Invalid) as caught:
        ledger.save(Change(id=saved.id, version=1, values={"name": ""}))
    assert {(p.code, p.path) for p in caught.value.problems} == {("required", (0, "memo"))}
    ledger.house.edit(ledger.app, saved.id, memo="theirs")
    with pytest.raises(MergeConflict) as conflict:
        ledger.save(Change(id=saved.id, revision=1, version=1, values={"name": "mine"}))
    (clash,) = conflict.value.records[0].clashes
    assert (clash.path, clash.before, clash.theirs, clash.mine) == (("memo",), "山田", "theirs", "mine")


def test_what_was_typed_for_a_retired_field_stays_in_the_history_and_before_its_author(ledger: Ledger) -> None:
    (saved,) = ledger.save(
        Change(values={"name": "山田", "memo": "古い", "family": [{"values": {"who": "母", "job": "教員"}}]})
    )
    (mother,) = saved["family"]
    definition = without(ledger.definition(), "memo")
    del definition["properties"]["family"]["fields"]["job"]
    definition["layout"] = []
    ledger.publish(definition)
    cells = {"who": "母", "job": "看護師"}
    typed = Change(
        id=saved.id,
        revision=1,
        version=1,
        values={"name": "鈴木", "memo": "新しい", "family": [{"id": mother.id, "values": cells}]},
    )
    (after,) = ledger.save(typed)
    assert after["name"] == "鈴木"
    assert [(s.label, s.text) for s in after.set_aside] == [("memo", "新しい"), ("family › job", "看護師")]
    with ledger.house.reading() as space:
        entry, _ = space.reader(ledger.app).history(saved.id)[0]
        assert entry.set_aside == after.set_aside
        assert space.reader(ledger.app).get(saved.id).values == after.values


def test_a_whole_form_sets_only_aside_what_its_author_changed(ledger: Ledger) -> None:
    (saved,) = ledger.save(
        Change(values={"name": "山田", "memo": "古い", "risks": ["透析"], "family": [{"values": {"who": "母"}}]})
    )
    (mother,) = saved["family"]
    ledger.publish(without(ledger.definition(), "memo", "risks", "family"))
    whole = {
        "name": "山田",
        "memo": "古い",
        "risks": ["透析"],
        "family": [{"id": mother.id, "values": {"who": "母", "job": None, "years": None}}],
    }
    (same,) = ledger.save(Change(id=saved.id, revision=1, version=1, values=whole))
    assert (same.revision, same.set_aside) == (1, ())
    (after,) = ledger.save(Change(id=saved.id, revision=1, version=1, values={**whole, "risks": ["高血圧", "透析"]}))
    assert (after.revision, [(s.label, s.text) for s in after.set_aside]) == (2, [("risks", "高血圧\n透析")])


def test_purged_columns_do_not_stop_a_late_save(ledger: Ledger) -> None:
    (saved,) = ledger.save(Change(values={"name": "山田", "memo": "古い"}))
    ledger.publish(without(ledger.definition(), "memo"))
    with ledger.house.reading() as space:
        expected = leftovers(space.connection, ledger.app)
    purge(ledger.house.engine, ledger.app, expected)
    (after,) = ledger.save(Change(id=saved.id, revision=1, version=1, values={"name": "鈴木", "memo": "古い"}))
    assert (after["name"], [s.text for s in after.set_aside]) == ("鈴木", ["古い"])


def test_a_new_record_keeps_what_was_typed_for_a_retired_field(ledger: Ledger) -> None:
    ledger.publish(without(ledger.definition(), "memo"))
    (after,) = ledger.save(ledger.change(name="山田", memo="済"))
    with ledger.house.reading() as space:
        ((entry, _),) = space.reader(ledger.app).history(after.id)
    assert [(s.label, s.text) for s in entry.set_aside] == [("memo", "済")]


def test_a_changed_type_converts_or_says_what_it_cannot_read(ledger: Ledger) -> None:
    definition = ledger.definition()
    was = definition["properties"]["size"]
    definition["properties"]["size"] = {"type": "NUMBER", "code": "size", "label": "size", "id": was["id"]}
    definition["layout"] = []
    ledger.publish(definition)
    (after,) = ledger.save(ledger.change(name="山田", size="１２"))
    assert after["size"] == Decimal(12)
    with pytest.raises(Invalid) as caught:
        ledger.save(ledger.change(name="山田", size="大"))
    assert {p.path for p in caught.value.problems} == {(0, "size")}


def test_a_question_that_the_form_did_not_ask_is_asked_on_the_next_edit(ledger: Ledger) -> None:
    definition = ledger.definition()
    definition["properties"]["kana"] = a_field("SINGLE_LINE_TEXT", "kana", required=True)
    definition["properties"]["memo"]["required"] = True
    definition["layout"] = []
    assert ledger.publish(definition) == 2
    (after,) = ledger.save(ledger.change(name="山田", memo=""))
    assert after["kana"] is None
    with pytest.raises(Invalid) as caught:
        ledger.save(Change(id=after.id, version=2, values={"name": "鈴木"}))
    assert {(p.code, p.path) for p in caught.value.problems} == {("required", (0, "kana")), ("required", (0, "memo"))}
    with pytest.raises(Invalid):
        ledger.save(ledger.change(name=""))


def test_a_version_that_never_was_is_refused(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.save(Change(version=9, values={"name": "山田"}))
