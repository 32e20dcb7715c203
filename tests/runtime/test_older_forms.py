"""Forms that stay open while the app changes, or while their record goes."""

from __future__ import annotations

import copy
import typing as t

import pytest

from lowcode.definition import dump
from lowcode.deploy.publish import apply_definition
from lowcode.records.record import Change
from tests.runtime.town import Form, Town, Visitor, a_row


@pytest.fixture
def case(town: Town) -> int:
    town.add(town.clinics, clinic="中央病院", phone="03-1111-1111")
    return town.add(
        town.cases, no="A-1", name="山田 花子", age=30, risks=["高血圧"], memo="前", family=[a_row(who="太郎", years=5)]
    )


def publish(town: Town, change: t.Callable[[dict[str, t.Any]], None]) -> None:
    definition = copy.deepcopy(dict(dump(town.definition(town.cases))))
    change(definition["properties"])
    definition |= {"layout": [], "views": {}}
    apply_definition(town.services.engine, town.cases, definition, town.services.system("test"))


def renamed(properties: dict[str, t.Any]) -> None:
    properties["note"] = {**properties.pop("memo"), "code": "note"}
    family = properties["family"]["fields"]
    family["person"] = {**family.pop("who"), "code": "person"}
    properties["kana"] = {"type": "SINGLE_LINE_TEXT", "code": "kana", "label": "かな", "required": True}


def edit(visitor: Visitor, town: Town, record: int) -> Form:
    return visitor.get(f"/k/{town.cases}/edit/{record}").form("edit")


def test_a_form_of_yesterday_is_saved_under_todays_names(town: Town, clerk: Visitor, case: int) -> None:
    form = edit(clerk, town, case).set(memo="後").put({"family-0-who": "太郎さん"})
    publish(town, renamed)
    form.send().follow()
    record = town.record(town.cases, case)
    assert record["note"] == "後"
    assert [(r.values["person"], r.values["years"]) for r in record["family"]] == [("太郎さん", 5)]


def test_mistakes_and_clashes_of_such_a_form_are_shown_in_the_new_one(town: Town, clerk: Visitor, case: int) -> None:
    form = edit(clerk, town, case).set(memo="私", age="とても")
    publish(town, renamed)
    page = form.send()
    assert page.status == 422
    again = page.form("edit")
    assert (again.get("note"), again.get("age"), again.get("memo")) == ("私", "とても", None)
    form.set(age="31")
    town.edit(town.cases, case, note="彼", kana="あ")
    page = form.send()
    assert page.status == 409
    settle = next(f for f in page.root.iter("form") if f.xpath(".//button[@name='choose']"))
    Form(page, settle).put({"choose:note": "mine"}).send(choose="each").follow()
    record = town.record(town.cases, case)
    assert (record["note"], record["age"]) == ("私", 31)


def test_what_has_no_field_any_more_is_told_to_its_author(town: Town, clerk: Visitor, case: int) -> None:
    form = edit(clerk, town, case).set(memo="後", age="31")
    publish(town, lambda properties: properties.pop("memo"))
    page = form.send().follow()
    assert any("後" in words and "変更履歴" in words for words in page.toasts())
    assert page.values()["年齢"] == "31 歳"
    assert "後" in page.one("//*[@id='timeline']")


def test_what_was_typed_survives_that_the_record_was_deleted(town: Town, clerk: Visitor, case: int) -> None:
    form = edit(clerk, town, case).set(memo="後").put({"family-0-who": "母"})
    town.save(town.cases, Change(id=case, delete=True))
    page = form.send()
    assert page.status == 409
    assert "削除されました" in page.problems()[0]
    again = page.form("edit")
    assert (again.get("memo"), again.get("family-0-who")) == ("後", "母")
    assert town.count(town.cases) == 0
    again.send().follow()
    record = town.record(town.cases, case + 1)
    assert (record["memo"], [r.values["who"] for r in record["family"]]) == ("後", ["母"])
