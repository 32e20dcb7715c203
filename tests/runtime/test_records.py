"""The page of one record: what it shows, and what can be done there."""

from __future__ import annotations

import pytest

from lowcode.records.record import Change
from tests.builders import an_app
from tests.runtime.town import Town, Visitor, a_row


@pytest.fixture
def case(town: Town) -> int:
    town.add(town.clinics, clinic="中央病院", phone="03-1111-1111", kind="病院")
    number = town.add(
        town.cases,
        no="A-1",
        name="山田 <花子>",
        kana="ヤマダ",
        age=30,
        state="受付",
        risks=["高血圧", "透析"],
        onset="2026-11-20",
        clinic="中央病院",
        memo="一行目\n二行目",
        family=[a_row(who="太郎", years=5), a_row(who="次郎", years=3)],
    )
    for day in (1, 2, 3, 4):
        town.add(town.visits, case_no="A-1", at=f"2026-11-0{day}T01:00:00Z", temp=f"36.{day}")
    town.add(town.visits, case_no="A-10", temp="40")
    return number


def test_a_record_shows_everything_that_belongs_to_it(town: Town, clerk: Visitor, case: int) -> None:
    page = clerk.get(f"/k/{town.cases}/show/{case}")
    assert page.status == 200
    assert page.one("//h1") == "山田 <花子>"
    assert "<花子>" not in page.text
    shown = page.values()
    assert shown["受付番号"] == "A-1"
    assert shown["年齢"] == "30 歳"
    assert shown["医療機関の電話"] == "03-1111-1111"
    assert shown["年齢の計"] == "8"
    family = page.all("//table[caption='同居者']/tbody/tr")
    assert family == ["太郎 5", "次郎 3"] or family == ["太郎5", "次郎3"]
    visits = page.all("//table[caption='観察']/tbody/tr")
    assert len(visits) == 3
    assert "36.4" in visits[0]
    anchor = page.attributes("//*[starts-with(@id,'related-')]", "id")[0]
    every = page.attributes("//a[contains(.,'すべて見る')]", "href")[0]
    assert len(clerk.get(every).rows()) == 4
    add = page.attributes(f"//a[contains(@href,'/k/{town.visits}/new')]", "href")[0]
    form = clerk.get(add).form("edit")
    assert form.get("case_no") == "A-1"
    back = form.set(temp="39.9").send()
    assert back.location == f"/k/{town.cases}/show/{case}"
    assert "5" in back.follow().one(f"//*[@id='{anchor}']//*[contains(@class,'count')]")


def test_neighbours_walk_the_list_that_one_came_from(town: Town, clerk: Visitor) -> None:
    first, second, third = (town.add(town.cases, no=f"N-{n}", name=f"患者{n}") for n in (1, 2, 3))
    listed = clerk.get(f"/k/{town.cases}/", [("sort", "-no")])
    links = listed.attributes("//table//tbody//a", "href")
    assert [f"/show/{n}?" in link for n, link in zip((third, second, first), links, strict=True)] == [True] * 3
    page = clerk.get(links[1])
    assert "2 / 3" in page.text
    assert f"/show/{third}?" in page.attributes("//a[@rel='prev']", "href")[0]
    assert f"/show/{first}?" in page.attributes("//a[@rel='next']", "href")[0]
    assert not clerk.get(links[2]).attributes("//a[@rel='next']", "href")


def test_process_actions_move_the_record_on(town: Town, clerk: Visitor, case: int) -> None:
    page = clerk.get(f"/k/{town.cases}/show/{case}")
    after = page.form(action="/action").send().follow()
    moved = town.record(town.cases, case).revision
    assert "確認済" in after.one("//*[@aria-current='step']")
    # The page that was open before does not move it twice.
    late = page.form(action="/action").send().follow()
    assert late.toasts()
    assert town.record(town.cases, case).revision == moved


def test_values_come_back_from_the_history(town: Town, clerk: Visitor, case: int) -> None:
    town.edit(town.cases, case, name="山田 次子", age=31, memo=None)
    page = clerk.get(f"/k/{town.cases}/show/{case}")
    timeline = page.one("//*[@id='timeline']")
    assert "山田 次子" in timeline
    assert "山田 <花子>" in timeline
    link = page.attributes("//*[@id='timeline']//a[contains(@href,'/restore/')]", "href")[0]
    choose = clerk.get(link)
    assert set(choose.attributes("//input[@name='codes']", "value")) == {"name", "age", "memo"}
    form = next(f for f in choose.root.iter("form") if f.xpath(".//input[@name='codes']"))
    assert form is not None
    pairs = [("codes", "name"), ("codes", "memo")]
    clerk.post(link, pairs).follow()
    now = town.record(town.cases, case)
    assert (now["name"], now["age"], now["memo"]) == ("山田 <花子>", 31, "一行目\n二行目")


def test_delete_and_undo(town: Town, clerk: Visitor, case: int) -> None:
    page = clerk.get(f"/k/{town.cases}/show/{case}")
    listed = page.form(action="/delete").send().follow()
    assert listed.rows() == []
    assert clerk.get(f"/k/{town.cases}/show/{case}").status == 404
    undo = listed.attributes("//lc-toast//form", "action")[0]
    ask = clerk.get(undo)
    assert clerk.get(f"/k/{town.cases}/show/{case}").status == 404
    shown = next(f for f in ask.root.iter("form") if f.xpath(".//input[@name='ids']"))
    assert shown.xpath(".//input[@name='ids']/@value") == [str(case)]
    back = listed.form(action=undo).send()
    assert back.follow().one("//h1") == "山田 <花子>"


def test_a_record_that_somebody_changed_is_not_deleted_unseen(town: Town, clerk: Visitor, case: int) -> None:
    page = clerk.get(f"/k/{town.cases}/show/{case}")
    town.edit(town.cases, case, age=31)
    assert page.form(action="/delete").send().status == 409
    assert town.record(town.cases, case)["age"] == 31


def test_drift_is_shown_and_fetched_again(town: Town, clerk: Visitor, case: int) -> None:
    clinic = town.clinics
    town.save(clinic, Change(id=1, values={"phone": "03-9999-9999"}))
    page = clerk.get(f"/k/{town.cases}/show/{case}")
    assert page.values()["医療機関の電話"].startswith("03-1111-1111")
    assert "03-9999-9999" in page.values()["医療機関の電話"]
    # Saving the form for another reason copies nothing.
    clerk.get(f"/k/{town.cases}/edit/{case}").form("edit").set(age="44").send()
    assert town.record(town.cases, case)["clinic_phone"] == "03-1111-1111"
    after = clerk.get(f"/k/{town.cases}/show/{case}").form(action="/copy").send().follow()
    assert after.values()["医療機関の電話"] == "03-9999-9999"


def test_a_fragment_address_is_followed(town: Town, clerk: Visitor, case: int) -> None:
    page = clerk.get(f"/k/{town.cases}/show")
    assert page.status == 200
    assert clerk.get(f"/k/{town.cases}/show", [("record", str(case))]).location.endswith(f"/show/{case}")


def test_words_between_the_fields_are_no_program(town: Town, clerk: Visitor) -> None:
    json = an_app("labelled").text("title").json()
    evil = "<b>注意</b><script>alert(1)</script><form action=/login><input name=password></form>"
    evil += "<img src=x onerror=alert(1)>"
    json["layout"].append({"type": "ROW", "fields": [{"type": "LABEL", "label": evil}]})
    app = town.install(json)
    town.add(app, title="題")
    for address in (f"/k/{app}/show/1", f"/k/{app}/edit/1"):
        page = clerk.get(address)
        assert page.all("//b[.='注意']") == ["注意"]
        assert not page.root.xpath("//script[contains(., 'alert')] | //*[@onerror] | //input[@name='password']")
