"""Process actions: from which state, under which condition, and by whom."""

from __future__ import annotations

import typing as t

import pytest

from lowcode.access.actor import Actor
from lowcode.errors import Forbidden, Invalid
from lowcode.records.record import Change, MergeConflict
from tests.builders import an_app
from tests.records.conftest import House

VIEWER = Actor(kind="user", user_id=7, login="viewer")


def right(kind: str, code: str | None, **may: bool) -> dict[str, t.Any]:
    names = ("appEditable", "recordViewable", "recordAddable", "recordEditable", "recordDeletable")
    more = ("recordImportable", "recordExportable")
    entity = {"type": kind, "code": code}
    return {"entity": entity, "includeSubs": False, **{name: may.get(name, False) for name in (*names, *more)}}


def state(name: str, index: int) -> dict[str, t.Any]:
    return {"name": name, "index": str(index), "assignee": {"type": "ONE", "entities": []}}


LEDGER = (
    an_app("ledger")
    .text("name")
    .part(
        "status",
        {
            "enable": True,
            "states": {name: state(name, at) for at, name in enumerate(("受理", "確認済", "解除"))},
            "actions": [
                {"name": "確認", "from": "受理", "to": "確認済", "filterCond": 'name != ""'},
                {"name": "解除", "from": "確認済", "to": "解除", "filterCond": ""},
            ],
        },
    )
    .part(
        "acl",
        {
            "app": {"rights": [right("GROUP", "everyone", recordViewable=True)]},
            "record": {"rights": []},
            "field": {"rights": []},
        },
    )
)


@pytest.fixture
def ledger(house: House) -> House:
    house.install(LEDGER.definition())
    return house


def act(ledger: House, record_id: int, action: str, revision: int | None = None, actor: Actor | None = None) -> int:
    change = Change(id=record_id, action=action, revision=revision)
    (saved,) = ledger.save("ledger", change, **({} if actor is None else {"actor": actor}))
    return saved.revision


def test_an_action_moves_the_record_and_stands_in_the_history(ledger: House) -> None:
    saved = ledger.add("ledger", name="山田")
    assert act(ledger, saved.id, "確認") == 3
    assert act(ledger, saved.id, "解除") == 5
    with ledger.reading() as space:
        reader = space.reader("ledger")
        assert [e.action for e, _ in reader.history(saved.id)] == ["status", "status", "create"]
        now = reader.definition.status.state(reader.get(saved.id).status or 0)
    assert now is not None
    assert now.name == "解除"


def test_an_action_needs_its_state_and_its_condition(ledger: House) -> None:
    saved = ledger.add("ledger")
    for action, code in (("解除", "process.action_not_possible"), ("確認", "process.condition")):
        with pytest.raises(Invalid) as caught:
            act(ledger, saved.id, action)
        assert [p.code for p in caught.value.problems] == [code]


def test_whoever_may_only_look_moves_nothing(ledger: House) -> None:
    saved = ledger.add("ledger", name="山田")
    with pytest.raises(Forbidden):
        act(ledger, saved.id, "確認", actor=VIEWER)
    assert ledger.get("ledger", saved.id).revision == 1


def test_a_state_that_others_changed_is_a_conflict(ledger: House) -> None:
    saved = ledger.add("ledger", name="山田")
    act(ledger, saved.id, "確認", 1)
    with pytest.raises((MergeConflict, Invalid)):
        act(ledger, saved.id, "確認", 1)
