"""Saving: what a person gives becomes a record, or everything wrong with it is said at once."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.errors import Conflict, Forbidden, Invalid, NotFound
from lowcode.fields.subtable import Row
from lowcode.records.record import Change, MergeConflict, clash_key
from lowcode.system import models
from tests.builders import an_app
from tests.records.conftest import House

LEDGER = (
    an_app("ledger")
    .text("name", required=True)
    .text("number", unique=True)
    .number("age", minValue="0", maxValue="130")
    .choice("ward", "門司区", "小倉北区")
    .checks("risks", "高血圧", "糖尿病", "透析")
    .subtable("family", an_app().text("who").number("years"))
    .formula("total", "SUM(years) + age")
)


@pytest.fixture
def ledger(house: House) -> House:
    house.install(LEDGER.definition())
    return house


def row(row_id: int | None = None, /, **values: object) -> dict[str, object]:
    return {"id": row_id, "values": values}


def problems(error: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, tuple[str | int, ...]]]:
    return {(p.code, p.path) for p in error.value.problems}


def test_a_new_record_is_stored_with_defaults_formulas_rows_and_system_fields(ledger: House) -> None:
    saved = ledger.add(
        "ledger", name="山田", age="40", ward="門司区", risks=["糖尿病", "高血圧"], family=[row(who="母", years=70)]
    )
    stored = ledger.get("ledger", saved.id)
    assert stored.revision == 1
    assert stored["name"] == "山田"
    assert stored["age"] == Decimal(40)
    assert stored["total"] == Decimal(110)
    definition = LEDGER.definition()
    assert definition.field("risks").dump(stored["risks"]) == ["高血圧", "糖尿病"]
    assert [r.values["who"] for r in stored["family"]] == ["母"]
    assert stored["作成者"] == 1 or stored["作成者"] == (1,)
    assert stored.values == saved.values


def test_every_problem_of_every_record_is_named_and_nothing_is_written(ledger: House) -> None:
    with pytest.raises(Invalid) as caught:
        ledger.save(
            "ledger",
            Change(values={"name": "", "age": "200"}),
            Change(values={"name": "鈴木", "ward": "月", "family": [row(who="子", years="x")], "nowhere": 1}),
        )
    assert problems(caught) >= {("choice.unknown", (1, "ward")), ("field.unknown", (1, "nowhere"))}
    assert any(p[1][:3] == (1, "family", 0) for p in problems(caught))
    with pytest.raises(Invalid) as caught:
        ledger.save("ledger", Change(values={"name": "", "age": "200"}), Change(values={"age": -1}))
    assert {p[1] for p in problems(caught)} == {(0, "name"), (0, "age"), (1, "name"), (1, "age")}
    assert ledger.find("ledger") == []


def test_a_unique_value_is_refused_in_the_store_and_within_one_save(ledger: House) -> None:
    first = ledger.add("ledger", name="a", number="7")
    with pytest.raises(Invalid) as caught:
        ledger.save(
            "ledger",
            Change(values={"name": "b", "number": "7"}),
            Change(values={"name": "c", "number": "8"}),
            Change(values={"name": "d", "number": "8"}),
        )
    assert problems(caught) == {("unique", (0, "number")), ("unique", (2, "number"))}
    assert ledger.edit("ledger", first.id, number="7").revision == 1


def test_nothing_changed_writes_nothing(ledger: House) -> None:
    saved = ledger.add("ledger", name="a", risks=["透析"])
    again = ledger.edit("ledger", saved.id, saved.revision, name="a", risks=["透析"])
    assert again.revision == 1
    with ledger.reading() as space:
        assert len(space.reader("ledger").history(saved.id)) == 1


def test_rows_keep_their_ids_and_unnamed_cells(ledger: House) -> None:
    saved = ledger.add("ledger", name="a", family=[row(who="父", years=60), row(who="母", years=58)])
    father, mother = saved["family"]
    changed = ledger.edit("ledger", saved.id, family=[row(mother.id, years=59), row(who="子", years=3)])
    assert [(r.id, r.values["who"], r.values["years"]) for r in changed["family"]] == [
        (mother.id, "母", Decimal(59)),
        (changed["family"][1].id, "子", Decimal(3)),
    ]
    assert ledger.get("ledger", saved.id)["family"] == changed["family"]
    assert father.id not in {r.id for r in changed["family"]}


def test_different_fields_merge_and_the_same_field_clashes(ledger: House) -> None:
    saved = ledger.add("ledger", name="a", age=1, risks=["透析"])
    ledger.edit("ledger", saved.id, 1, age=2, risks=["透析", "高血圧"])
    merged = ledger.edit("ledger", saved.id, 1, name="b", risks=["透析", "糖尿病"])
    assert (merged["name"], merged["age"]) == ("b", Decimal(2))
    assert LEDGER.definition().field("risks").dump(merged["risks"]) == ["高血圧", "糖尿病", "透析"]
    with pytest.raises(MergeConflict) as caught:
        ledger.edit("ledger", saved.id, 1, age=5, name="b")
    (clash,) = caught.value.records[0].clashes
    assert (clash.path, clash.before, clash.theirs, clash.mine) == (("age",), Decimal(1), Decimal(2), Decimal(5))
    assert caught.value.records[0].who == "佐藤"
    assert ledger.get("ledger", saved.id)["age"] == Decimal(2)
    resolved = ledger.edit("ledger", saved.id, caught.value.records[0].revision, age=5)
    assert resolved["age"] == Decimal(5)


def test_rows_merge_by_row_and_cell(ledger: House) -> None:
    saved = ledger.add("ledger", name="a", family=[row(who="父", years=60), row(who="母", years=58)])
    father, mother = saved["family"]
    ledger.edit("ledger", saved.id, 1, family=[row(father.id, years=61), row(mother.id)])
    merged = ledger.edit("ledger", saved.id, 1, family=[row(father.id, who="お父さん"), row(mother.id), row(who="子")])
    assert [(r.values["who"], r.values["years"]) for r in merged["family"]] == [
        ("お父さん", Decimal(61)),
        ("母", Decimal(58)),
        ("子", None),
    ]
    with pytest.raises(MergeConflict) as caught:
        ledger.edit("ledger", saved.id, 1, family=[row(mother.id)])
    assert caught.value.records[0].clashes[0].path == ("family", father.id)


def test_a_strict_change_needs_the_present_revision(ledger: House) -> None:
    saved = ledger.add("ledger", name="a")
    ledger.edit("ledger", saved.id, name="b")
    with pytest.raises(Conflict):
        ledger.save("ledger", Change(id=saved.id, revision=1, strict=True, values={"age": 3}))


def test_deleting_and_restoring(ledger: House) -> None:
    saved = ledger.add("ledger", name="a", number="9", family=[row(who="父")], risks=["透析"])
    ledger.save("ledger", Change(id=saved.id, delete=True))
    with pytest.raises(NotFound):
        ledger.get("ledger", saved.id)
    with ledger.reading() as space:
        (gone,) = space.reader("ledger").trash()
        assert (gone.id, gone.values["name"]) == (saved.id, "a")
    with ledger.writing() as space:
        (back,) = space.service("ledger").restore([saved.id])
    assert {k: v for k, v in back.values.items() if k not in ("family", "更新日時")} == {
        k: v for k, v in saved.values.items() if k not in ("family", "更新日時")
    }
    assert [r.values["who"] for r in back["family"]] == ["父"]
    with ledger.reading() as space:
        assert space.reader("ledger").trash() == []
        assert [e.action for e, _ in space.reader("ledger").history(saved.id)] == ["restore", "delete", "create"]
    assert ledger.add("ledger", name="b").id > saved.id


def test_a_delete_of_a_record_that_others_changed_is_a_conflict(ledger: House) -> None:
    saved = ledger.add("ledger", name="a")
    ledger.edit("ledger", saved.id, name="b")
    with pytest.raises(MergeConflict):
        ledger.save("ledger", Change(id=saved.id, revision=1, delete=True))
    ledger.save("ledger", Change(id=saved.id, revision=2, delete=True))


def test_history_shows_each_field_with_old_and_new_value(ledger: House) -> None:
    saved = ledger.add("ledger", name="a", ward="門司区")
    ledger.edit("ledger", saved.id, name="b", ward="小倉北区")
    with ledger.reading() as space:
        reader = space.reader("ledger")
        entry, changes = reader.history(saved.id)[0]
        assert (entry.action, entry.actor_name, entry.revision) == ("update", "佐藤", 2)
        shown = {c.field.code: (c.field.text(c.before, reader.ctx), c.field.text(c.after, reader.ctx)) for c in changes}
    assert shown == {"name": ("a", "b"), "ward": ("門司区", "小倉北区")}


def test_values_that_are_computed_cannot_be_given(ledger: House) -> None:
    with pytest.raises(Invalid) as caught:
        ledger.add("ledger", name="a", total=5)
    assert problems(caught) == {("field.not_writable", (0, "total"))}


def test_without_rights_nothing_is_read_or_written(ledger: House) -> None:
    saved = ledger.add("ledger", name="a")
    nobody = Actor(kind="form", name="form")
    with pytest.raises((Forbidden, NotFound)):
        ledger.save("ledger", Change(id=saved.id, values={"name": "x"}), actor=nobody)
    with pytest.raises(NotFound):
        ledger.save("ledger", Change(values={"name": "x"}), actor=nobody)
    with ledger.writing(nobody) as space, pytest.raises(Forbidden):
        space.service(space.snapshot.app("ledger")).save([Change(values={"name": "x"})])
    with ledger.reading(nobody) as space:
        reader = space.reader(space.snapshot.app("ledger"))
        assert reader.list() == []
        assert reader.count() == 0
        with pytest.raises(NotFound):
            reader.get(saved.id)


def test_a_save_is_announced_once(ledger: House) -> None:
    ledger.save("ledger", Change(values={"name": "a"}), Change(values={"name": "b"}))
    with ledger.reading() as space:
        kinds = space.connection.scalars(sa.select(models.OutboxEntry.__table__.c.kind)).all()
    assert kinds == ["records.saved"]


def test_the_number_of_statements_does_not_grow_with_the_number_of_records(ledger: House) -> None:
    def statements(count: int) -> int:
        seen = 0

        def on_execute(*_: object) -> None:
            nonlocal seen
            seen += 1

        sa.event.listen(ledger.engine, "before_cursor_execute", on_execute)
        try:
            ledger.save(
                "ledger",
                *[
                    Change(
                        values={"name": f"n{i}", "number": f"{count}-{i}", "risks": ["透析"], "family": [row(who="x")]}
                    )
                    for i in range(count)
                ],
            )
        finally:
            sa.event.remove(ledger.engine, "before_cursor_execute", on_execute)
        return seen

    statements(1)  # the first save also loads the definition
    few = statements(2)
    assert statements(50) == few
    assert few <= 20


def test_rows_are_values(ledger: House) -> None:
    assert Row(id=1, values={"a": 1}) == Row(id=1, values={"a": 1})


def test_choices_settle_the_clashes_that_were_shown(ledger: House) -> None:
    saved = ledger.add("ledger", name="a", age=1, family=[row(who="父", years=60), row(who="母", years=50)])
    father, mother = saved["family"]
    ledger.edit("ledger", saved.id, 1, name="theirs", age=2, family=[row(father.id, years=61), row(mother.id)])
    mine = {"name": "mine", "age": 3, "family": [row(father.id, who="父", years=62)]}
    with pytest.raises(MergeConflict) as caught:
        ledger.edit("ledger", saved.id, 1, **mine)
    shown = caught.value.records[0]
    assert {clash_key(c.path) for c in shown.clashes} == {"name", "age", f"family/{father.id}/years"}
    choices: dict[str, t.Literal["mine", "theirs"]] = {
        "name": "theirs",
        "age": "mine",
        f"family/{father.id}/years": "mine",
    }
    (settled,) = ledger.save(
        "ledger", Change(id=saved.id, revision=1, values=mine, choices=choices, chosen_at=shown.revision)
    )
    assert (settled["name"], settled["age"]) == ("theirs", Decimal(3))
    assert [(r.values["who"], r.values["years"]) for r in settled["family"]] == [("父", Decimal(62))]
    with pytest.raises(MergeConflict):
        ledger.save("ledger", Change(id=saved.id, revision=1, values=mine, choices=choices, chosen_at=shown.revision))
