"""The search page and the search box of a list: best first, the field named, the words marked, rights kept."""

from __future__ import annotations

import pytest

from tests.runtime.town import Town, Visitor


@pytest.fixture
def people(town: Town) -> Town:
    town.add(town.cases, no="A-1", name="渡邉 太郎", kana="ワタナベ タロウ")
    town.add(town.cases, no="A-2", name="中嶋 花子", kana="ナカジマ ハナコ")
    town.add(town.cases, no="渡辺-3", name="佐藤 一", kana="サトウ ハジメ")
    town.add(town.clinics, clinic="渡辺医院", phone="093-582-1234")
    return town


def test_the_page_shows_the_best_first_and_marks_the_words(people: Town, clerk: Visitor) -> None:
    page = clerk.get("/search", [("q", "渡辺")])
    assert page.status == 200
    marked = [mark.text_content() for mark in page.root.iter("mark")]
    assert "渡邉" in marked
    assert "渡辺" in marked
    assert "受付番号" in page.text  # the field that holds the word
    assert [a for a in page.attributes("//a[contains(@class,'button-small')]", "href") if "view=all" in a]


def test_nothing_found_offers_the_fuzzy_search_in_one_click(people: Town, clerk: Visitor) -> None:
    page = clerk.get("/search", [("q", "ナカシマ")])
    assert "見つかりませんでした" in page.text
    (link,) = page.attributes("//div[@class='empty-state']//a", "href")
    found = clerk.get(link)
    assert "中嶋 花子" in found.text
    assert [mark.text_content() for mark in found.root.iter("mark")] == ["ナカジマ"]
    assert found.attributes("//input[@name='fuzzy']", "checked")


def test_a_list_shows_the_best_first_and_where_the_words_stand(people: Town, clerk: Visitor) -> None:
    page = clerk.get(f"/k/{people.cases}/", [("q", "わたなべ")])
    assert page.column(0) == ["A-1"]
    assert "ワタナベ" in [mark.text_content() for mark in page.root.iter("mark")]
    both = clerk.get(f"/k/{people.cases}/", [("q", "渡辺")])
    assert len(both.rows()) == 2
    sorted_up = clerk.get(f"/k/{people.cases}/", [("q", "渡辺"), ("sort", "no")])
    assert sorted_up.column(0) == ["A-1", "渡辺-3"]
    fuzzy = clerk.get(f"/k/{people.cases}/", [("q", "ナカシマ"), ("fuzzy", "1")])
    assert fuzzy.column(0) == ["A-2"]
    assert clerk.get(f"/k/{people.cases}/", [("q", "ナカシマ")]).rows() == []


def test_a_search_and_filters_go_together(people: Town, clerk: Visitor) -> None:
    page = clerk.get(f"/k/{people.cases}/", [("q", "渡辺"), ("f.no.eq", "A-1")])
    assert page.column(0) == ["A-1"]


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "\"'&", "a" * 3_000, "渡 " * 40, "%_\\", "\x00x"])
def test_what_is_typed_is_never_markup_nor_too_much(people: Town, clerk: Visitor, words: str) -> None:
    for path in ("/search", f"/k/{people.cases}/"):
        page = clerk.get(path, [("q", words), ("fuzzy", "1")])
        assert page.status == 200, path
        assert "<script>alert" not in page.text
