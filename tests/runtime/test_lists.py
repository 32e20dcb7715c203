"""The list of an app."""

from __future__ import annotations

import typing as t

import pytest

from tests.builders import an_app
from tests.runtime.town import Pairs, Town, Visitor

PEOPLE: tuple[tuple[t.Any, ...], ...] = (
    ("A-1", "山田 花子", "ヤマダ ハナコ", 30, "受付", ["高血圧"], "2026-11-20"),
    ("A-2", "鈴木 一郎", "スズキ イチロウ", 45, "調査中", [], "2026-11-21"),
    ("A-3", "高橋 節子", "タカハシ セツコ", 82, "入院", ["高血圧", "透析"], "2026-11-22"),
    ("A-4", "<b>伊藤</b>", "イトウ", None, None, [], None),
)


@pytest.fixture
def people(town: Town) -> Town:
    for no, name, kana, age, state, risks, onset in PEOPLE:
        town.add(
            town.cases,
            no=no,
            name=name,
            kana=kana,
            age=age,
            state=state,
            risks=risks,
            onset=onset,
            staff=[{"code": "ito"}],
        )
    return town


def test_a_list_shows_its_view_as_a_table_and_as_cards(people: Town, clerk: Visitor) -> None:
    page = clerk.get(f"/k/{people.cases}/")
    assert page.status == 200
    assert page.column(0) == ["A-1", "A-2", "A-3", "A-4"]
    assert page.rows()[0][:4] == ["A-1", "山田 花子ヤマダ ハナコ", "30 歳", "受付"]
    assert page.rows()[3][1] == "<b>伊藤</b>イトウ"
    assert "<b>伊藤" not in page.text
    assert page.title.startswith("患者台帳")
    assert page.all("//nav[@class='tabs']//a") == ["全件4", "入院", "発症日"]
    cards = page.all("//ul[@class='row-cards']/li")
    assert len(cards) == 4
    assert "山田 花子" in cards[0]
    other = clerk.get(f"/k/{people.cases}/", [("view", "入院")])
    assert other.rows() == [["A-3", "高橋 節子タカハシ セツコ"]]
    by_code = clerk.get("/k/cases/")
    assert by_code.location.endswith(f"/k/{people.cases}/")


FILTERS: list[tuple[str, Pairs, list[str]]] = [
    ("eq", [("f.name.eq", "山田 花子")], ["A-1"]),
    ("ne", [("f.name.ne", "山田 花子")], ["A-2", "A-3", "A-4"]),
    ("gt", [("f.age.gt", "30")], ["A-2", "A-3"]),
    ("lt", [("f.age.lt", "45")], ["A-1"]),
    ("ge", [("f.age.ge", "45")], ["A-2", "A-3"]),
    ("le", [("f.age.le", "45")], ["A-1", "A-2"]),
    ("in", [("f.state.in", "受付"), ("f.state.in", "入院")], ["A-1", "A-3"]),
    ("notin", [("f.state.notin", "受付")], ["A-2", "A-3", "A-4"]),
    ("like", [("f.name.like", "高橋")], ["A-3"]),
    ("notlike", [("f.name.notlike", "高橋")], ["A-1", "A-2", "A-4"]),
    ("empty", [("f.memo.empty", "1")], ["A-1", "A-2", "A-3", "A-4"]),
    ("notempty", [("f.memo.notempty", "1")], []),
    ("function", [("f.onset.lt", "TODAY()")], ["A-1", "A-2", "A-3"]),
    ("several", [("f.age.gt", "20"), ("f.risks.in", "高血圧")], ["A-1", "A-3"]),
    ("query text", [("filter", 'age > 40 or state in ("受付")')], ["A-1", "A-2", "A-3"]),
    ("search", [("q", "ヤマダ")], ["A-1"]),
    ("search by half-width kana", [("q", "ﾔﾏﾀﾞ")], ["A-1"]),
    ("down", [("sort", "-age")], ["A-3", "A-2", "A-1", "A-4"]),
    ("two keys", [("sort", "-state,no")], []),
]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_operator_by_address(people: Town, clerk: Visitor) -> None:
    for name, query, expected in FILTERS:
        page = clerk.get(f"/k/{people.cases}/", query)
        assert page.status == 200, name
        assert not page.all("//*[contains(@class,'notice-error')]"), name
        if name == "two keys":
            assert sorted(page.column(0)) == ["A-1", "A-2", "A-3", "A-4"]
        else:
            assert page.column(0) == expected, name
        if not query[0][0].startswith("sort"):
            chips = page.all("//li[@class='filter-chip']")
            assert len(chips) == len({k for k, _ in query}), name
            rest = page.attributes("//a[@class='filter-chip-x']", "href")[0]
            assert clerk.get(rest).status == 200, name


def test_filter_search_sort_and_paging(people: Town, clerk: Visitor) -> None:
    page = clerk.get(f"/k/{people.cases}/", [("sort", "-no"), ("f.age.gt", "20")])
    assert len([f for f in page.root.iter("form") if f.xpath(".//select[@name='add.field']")]) == 1
    kept = [("sort", "-no"), ("f.age.gt", "20")]
    joined = clerk.get(f"/k/{people.cases}/", [*kept, ("add.field", "risks"), ("add.op", "in"), ("add.value", "透析")])
    assert joined.status == 302
    assert joined.follow().column(0) == ["A-3"]
    nothing = clerk.get(f"/k/{people.cases}/", [("q", "だれでもない")])
    assert "条件に合うレコードがありません" in nothing.text
    for number in range(5, 25):
        people.add(people.cases, no=f"B-{number:02}", name=f"患者 {number}")
    first = clerk.get(f"/k/{people.cases}/", [("size", "20")])
    assert len(first.rows()) == 20
    second = clerk.get(first.attributes("//a[@rel='next']", "href")[0])
    assert len(second.rows()) == 4
    assert second.attributes("//a[@rel='prev']", "href")
    assert clerk.get(f"/k/{people.cases}/", [("page", "99")]).status == 200


def test_columns_are_chosen_in_the_address(people: Town, clerk: Visitor) -> None:
    page = clerk.get(f"/k/{people.cases}/", [("cols", "age,name,nothing,family")])
    assert page.rows()[0] == ["30 歳", "山田 花子ヤマダ ハナコ"]
    assert page.attributes("//tbody/tr[1]//a", "href")[0].startswith(f"/k/{people.cases}/show/")
    assert page.all("//tbody/tr[1]//a") == ["山田 花子"]
    assert clerk.get(f"/k/{people.cases}/", [("cols", "age,state")]).all("//tbody/tr[1]//a") == ["30 歳"]
    form = next(f for f in page.root.iter("form") if f.xpath(".//input[@name='col']"))
    assert form.get("method") == "get"
    chosen = clerk.get(
        f"/k/{people.cases}/",
        [("col", "name"), ("col", "state"), ("place:state", "1"), ("place:name", "2"), ("sort", "-no")],
    )
    assert chosen.status == 302
    assert chosen.follow().rows()[1] == ["入院", "高橋 節子タカハシ セツコ"]


def test_several_sort_keys_in_the_address(people: Town, clerk: Visitor) -> None:
    for number in (5, 6):
        people.add(people.cases, no=f"A-{number}", name="z", age=45)
    page = clerk.get(f"/k/{people.cases}/", [("sort", "-age,-no")])
    assert page.column(0) == ["A-3", "A-6", "A-5", "A-2", "A-1", "A-4"]
    assert page.attributes("//th[@aria-sort]", "aria-sort")[0] == "descending"


def test_ticked_rows_go_to_the_trash_and_come_back(people: Town, clerk: Visitor) -> None:
    page = clerk.get(f"/k/{people.cases}/")
    form = page.form("bulk")
    ids = page.attributes("//input[@name='ids'][not(@form='')]", "value")[:2]
    gone = form.put({"ids": ids}).send(do="delete").follow()
    assert gone.column(0) == ["A-3", "A-4"]
    assert any("2 件" in words for words in gone.toasts())
    trash = clerk.get(f"/k/{people.cases}/trash")
    assert set(trash.all("//tbody/tr/th")) == {"山田 花子", "鈴木 一郎"}
    back = trash.form(action="/restore").put({"ids": ids}).send().follow()
    assert back.column(0) == ["A-1", "A-2", "A-3", "A-4"]
    assert "ごみ箱は空です" in clerk.get(f"/k/{people.cases}/trash").text


def test_a_calendar_shows_a_month(people: Town, clerk: Visitor) -> None:
    address = f"/k/{people.cases}/"
    people.add(people.cases, no="A-9", name="月末", onset="2026-12-06")
    people.add(people.cases, no="A-8", name="来年", onset="2027-01-15")
    page = clerk.get(address, [("view", "発症日")])
    assert page.one("//table/caption") == "2026年11月"
    assert page.all("//td[.//li]") == ["20山田 花子", "21鈴木 一郎", "22高橋 節子", "6月末"]
    assert page.attributes("//time[@aria-current='date']", "datetime") == ["2026-11-24"]
    assert clerk.get(page.attributes("//td//a", "href")[0]).one("//h1") == "山田 花子"
    following = clerk.get(page.attributes("//a[contains(@href,'month=2026-12')]", "href")[0])
    assert following.all("//td[.//li]") == ["6月末"]
    assert clerk.get(address, [("view", "発症日"), ("month", "2027-01"), ("f.name.like", "来")]).all("//td[.//li]") == [
        "15来年"
    ]
    assert clerk.get(address, [("view", "発症日"), ("month", "9999-99")]).one("//table/caption") == "2026年11月"


def test_a_phones_card_offers_to_call(town: Town, clerk: Visitor) -> None:
    app = town.install(an_app("phones").text("name").field("LINK", "tel", protocol="CALL").view("名簿", "name").json())
    town.add(app, name="山田", tel="090-1234-5678")
    town.add(app, name="電話なし")
    page = clerk.get(f"/k/{app}/")
    assert page.attributes("//a[@class='call-button']", "href") == ["tel:09012345678"]
    assert "山田" in page.one("//a[@class='call-button']")
