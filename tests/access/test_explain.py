"""What an explanation of rights concludes is what the policy, the reader and the service do; and each reason holds."""

from __future__ import annotations

import random
import typing as t
from collections import Counter

import pytest

from lowcode import db
from lowcode.access.actor import Actor, system
from lowcode.access.compiled import ACTIONS, RECORD_ACTIONS
from lowcode.access.explain import Explanation, FieldReason, explain, people_fields
from lowcode.errors import NotFound
from lowcode.records.explaining import explain_rights
from lowcode.records.reader import RecordReader
from lowcode.records.record import Change
from tests.access import rights_world as world
from tests.access.test_rights_property import Case, FakeSnapshot, fill
from tests.access.test_rights_property import town as town
from tests.builders import an_app
from tests.records.conftest import House
from tests.records.conftest import house as house

ROUNDS, PAIRS = 3, 25


def test_the_explanation_concludes_what_the_reader_says(town: House) -> None:
    told: Counter[str] = Counter()
    for number in range(ROUNDS):
        round_ = fill(town, random.Random(number))
        for seed in range(number * PAIRS, (number + 1) * PAIRS):
            dice = random.Random(seed)
            case = Case(seed, round_, world.Author(dice).pair(), dice.choice(world.PEOPLE), dice)
            _judge(case, told)
    kinds = {"nobody", "row", "table", "here", "elsewhere", "record", "app", "varies", "open", "fixed"}
    assert {kind for kind in kinds if not told[f"field {kind}"]} == set(), told
    assert {kind for kind in ("app", "free", "unlimited", "row", "nobody") if not told[f"record {kind}"]} == set(), told
    assert told["field by field"], told


def _judge(case: Case, told: Counter[str]) -> None:
    house = case.round.house
    snapshot = FakeSnapshot(house, case.pair)
    with db.reading(house.engine) as connection:
        space = case.workspace(connection, snapshot)
        live = snapshot.app("cases")
        reader = space.reader(live)
        general = explain_rights(space, live)
        _judge_app(general, reader, case)
        told.update(f"field {field.why}" for field in general.fields if field.why in ("app", "varies"))
        access = reader.access(sorted(case.values["cases"]))
        for record_id, values in case.values["cases"].items():
            found = explain_rights(space, live, record_id)
            place = (case.seed, record_id)
            assert found.may("view") == (record_id in access), place
            for reason in found.records:
                assert reason.allowed == case.model.record(case.app, values, reason.action), place
                told[f"record {reason.why}"] += 1
                told["field by field"] += reason.row is not None and reason.row.grantee.entity.type == "FIELD_ENTITY"
                if reason.row is not None:
                    assert (reason.action in reason.row.gives) == reason.allowed, place
            assert sum(condition.decides for condition in found.conditions) <= 1, place
            levels = {field.code: field.level for field in found.fields}
            assert levels.keys() == case.app.fields, place
            if record_id not in access:
                assert set(levels.values()) <= {"none"}, place
            else:
                seen = access[record_id]
                for field in found.fields:
                    told[f"field {field.why}"] += 1
                    expected = "write" if field.code in seen.writable else "read"
                    assert field.level == (expected if field.code in seen.readable else "none"), (place, field)
                    _judge_reason(field, levels, found, place)
            for field in found.fields:
                told[f"field {field.why}"] += record_id not in access
            _judge_general(general, found, reader)


def _judge_app(found: Explanation, reader: RecordReader, case: Case) -> None:
    assert [reason.action for reason in found.app] == list(ACTIONS)
    for reason in found.app:
        assert reason.allowed == reader.policy.allows(reason.action), case.seed
        if reason.why == "row":
            assert reason.row is not None
            assert (reason.action in reason.row.gives) == reason.allowed, case.seed
        assert (reason.why == "administrator") == case.who.administrator
    shown = reader.shown if reader.policy.known else frozenset()
    for field in found.fields:
        assert (field.level != "none") == (field.code in shown), (case.seed, field)
        if field.level in ("read", "write"):
            assert field.code in reader.readable, (case.seed, field)
        assert (field.level == "write") == (field.code in reader.policy.writable), (case.seed, field)


def _judge_reason(
    field: FieldReason, levels: t.Mapping[str, str | None], found: Explanation, place: tuple[int, int]
) -> None:
    match field.why:
        case "open":
            assert field.level == "write", (place, field)
        case "fixed":
            assert field.level == "read", (place, field)
        case "nobody":
            assert field.level == "none", (place, field)
        case "row":
            assert field.row is not None
            assert ("read" in field.row.gives) == (field.level != "none"), (place, field)
            assert "write" in field.row.gives or field.level != "write", (place, field)
        case "here":
            assert levels[field.source] == field.level == "none", (place, field)
        case "table":
            assert levels[field.source] == field.level or field.level == "read", (place, field)
        case "elsewhere":
            assert field.unseen is not None, (place, field)
            assert field.level == "none", (place, field)
        case _:
            raise AssertionError((place, field))


def _judge_general(general: Explanation, one: Explanation, reader: RecordReader) -> None:
    """What is said of every record holds for each."""
    for action in RECORD_ACTIONS:
        assert general.may(action) in (None, one.may(action))
    if one.may("view"):
        for overall, here in zip(general.fields, one.fields, strict=True):
            assert overall.level in (None, here.level), (overall, here)


def test_a_condition_that_names_somebody_who_is_gone_shows_nothing_and_says_so(house: House) -> None:
    rows = [{"entity": {"type": "GROUP", "code": "everyone"}, "viewable": True, "editable": True, "deletable": True}]
    acl = {
        "app": {"rights": [{"entity": rows[0]["entity"], "recordViewable": True, "recordEditable": True}]},
        "record": {
            "rights": [
                {"filterCond": 'name = "a"', "entities": rows},
                {"filterCond": '作成者 in ("gone")', "entities": rows},
            ]
        },
    }
    house.install(an_app("ward").text("name").part("acl", acl).definition())
    ids = [r.id for r in house.save("ward", *[Change(values={"name": n}) for n in "ab"], actor=system("test"))]
    clerk = Actor(kind="user", user_id=7, login="clerk")
    with house.reading(clerk) as space:
        live = space.app("ward")
        first, second = (explain_rights(space, live, record_id) for record_id in ids)
        assert [r.id for r in space.reader(live).list()] == ids[:1]
    assert [c.met for c in first.conditions] == ["met", "unknown"]
    assert [(r.action, r.allowed, r.why) for r in first.records] == [
        ("view", True, "row"),
        ("edit", True, "row"),
        ("delete", False, "app"),
    ]
    assert [c.met for c in second.conditions] == ["unmet", "unknown"]
    assert [(r.allowed, r.why, r.condition) for r in second.records][:2] == [(False, "unknown", 1)] * 2


def test_only_people_are_explained_and_a_record_must_be_there(house: House) -> None:
    house.install(an_app("ward").text("name").definition())
    with house.reading(system("test")) as space:
        live = space.app("ward")
        assert people_fields(live.definition) == frozenset()
        with pytest.raises(ValueError, match="people"):
            explain(space.policy(live))
    with house.reading() as space, pytest.raises(NotFound):
        explain_rights(space, space.app("ward"), 99)
