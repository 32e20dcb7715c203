"""Two people on one record, each in a Chromium of their own."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

from tests.browser.site import Site, control, guarded, save
from tests.conftest import BrowserProblems
from tests.runtime.town import a_row

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Two = tuple["Page", "Page", int]


@pytest.fixture
def two(browser: Browser, browser_problems: BrowserProblems, each_site: Site) -> Iterator[Two]:
    """The edit form of one record, open before two people."""
    browser_problems.allow("status of 409")
    town = each_site.town
    record = town.add(
        town.cases, name="山田 花子", age=30, memo="前", family=[a_row(who="太郎", years=5), a_row(who="次郎", years=3)]
    )
    pages = []
    for login in ("ito", "sato"):
        context = browser.new_context(locale="ja-JP", viewport={"width": 1440, "height": 900})
        browser_problems.watch(context)
        each_site.enter(context, login)
        page = context.new_page()
        guarded(each_site.open(page, f"/k/{town.cases}/edit/{record}"))
        pages.append(page)
    yield pages[0], pages[1], record
    for page in pages:
        page.context.close()


def test_different_fields_merge(two: Two, each_site: Site) -> None:
    ito, sato, record = two
    control(ito, "age").fill("31")
    control(sato, "memo").fill("佐藤の追記")
    save(ito)
    save(sato)
    assert f"/show/{record}" in sato.url
    now = each_site.record(each_site.town.cases, record)
    assert (now["age"], now["memo"]) == (31, "佐藤の追記")


@pytest.mark.parametrize("choice", ["mine", "theirs", "all theirs"])
def test_the_same_field_is_asked(two: Two, each_site: Site, choice: str) -> None:
    ito, sato, record = two
    control(ito, "age").fill("40")
    save(ito)
    control(sato, "age").fill("50")
    control(sato, "memo").fill("消えない")
    save(sato)
    dialog = sato.locator("dialog#conflict[open]")
    assert dialog.is_visible()
    words = dialog.inner_text()
    assert all(each in words for each in ("伊藤 健太", "30", "40", "50"))
    assert dialog.locator("input[type=radio]:checked").count() == 0
    # Back to the form and nothing is lost.
    dialog.locator(".leave").click()
    assert (control(sato, "age").input_value(), control(sato, "memo").input_value()) == ("50", "消えない")
    save(sato)
    if choice == "all theirs":
        with sato.expect_navigation():
            dialog.locator("button[value=theirs]").click()
    else:
        dialog.locator(f"input[value={choice}]").check()
        with sato.expect_navigation():
            dialog.locator("button[value=each]").click()
    assert f"/show/{record}" in sato.url
    now = each_site.record(each_site.town.cases, record)
    assert (now["age"], now["memo"]) == (50 if choice == "mine" else 40, "消えない")


def test_the_same_row_of_a_table(two: Two, each_site: Site) -> None:
    ito, sato, record = two
    ito.locator("[name='family-0-years']").fill("6")
    save(ito)
    sato.locator("[name='family-0-who']").fill("太郎さん")
    sato.locator("[name='family-0-years']").fill("7")
    sato.locator("[name='family-1-who']").fill("次郎さん")
    save(sato)
    dialog = sato.locator("dialog#conflict[open]")
    assert dialog.locator("tbody tr").count() == 1
    assert "同居者" in dialog.locator("tbody th").inner_text()
    dialog.locator("input[value=mine]").check()
    with sato.expect_navigation():
        dialog.locator("button[value=each]").click()
    rows = [(r.values["who"], r.values["years"]) for r in each_site.record(each_site.town.cases, record)["family"]]
    assert rows == [("太郎さん", 7), ("次郎さん", 3)]
