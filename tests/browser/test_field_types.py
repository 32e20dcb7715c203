"""Each field type in a real form: a good value, nothing, and a bad value. A new type without a case fails."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lowcode.fields.registry import TYPES
from tests.browser.site import Site, guarded, save
from tests.builders import an_app, some_options
from tests.conftest import BrowserProblems

if t.TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Fill = Callable[["Locator"], None]
Json = dict[str, t.Any]


@dataclass(frozen=True)
class Case:
    """How one type is entered.

    :param shown: what the record's page then says. :param bad: None where no wrong value can be typed: then nothing
        is entered although the field is required.
    """

    good: Fill
    shown: str
    empty: Fill
    bad: Fill | None = None
    settings: Json = field(default_factory=dict)
    stays: str = ""
    """What of the refused value still stands in the form."""


@dataclass(frozen=True)
class Given:
    """A type that nobody enters: the form offers no control for it, and the page says this (a pattern)."""

    shown: str = ""
    settings: Json = field(default_factory=dict)
    parts: Json = field(default_factory=dict)


def typed(text: str) -> Fill:
    return lambda control: control.fill(text)


def chosen(*labels: str) -> Fill:
    return lambda control: t.cast(None, control.select_option(label=list(labels)))


def ticked(*labels: str) -> Fill:
    def fill(control: Locator) -> None:
        for box in control.locator("label").all():
            wanted = box.inner_text().strip() in labels
            if box.locator("input").get_attribute("type") == "radio":
                if wanted:
                    box.locator("input").check()
            else:
                box.locator("input").set_checked(wanted)

    return fill


def unknown_option(control: Locator) -> None:
    """An option that the app does not have (any more): no form offers one, so the page is changed by hand."""
    control.locator("input").first.evaluate("input => { input.value = '黒'; input.checked = true; }")


def attached(name: str) -> Fill:
    return lambda control: control.set_input_files({"name": name, "mimeType": "text/plain", "buffer": b"x"})


def all_removed(control: Locator) -> None:
    for box in control.page.locator("input[name='f:remove']").all():
        box.check()


def row(**cells: str) -> Fill:
    def fill(control: Locator) -> None:
        for code, text in cells.items():
            control.locator(f"[name='f-0-{code}']").fill(text)

    return fill


def row_deleted(control: Locator) -> None:
    control.locator("tbody tr").first.get_by_role("button", name=re.compile("削除")).click()


OPTIONS = some_options(("赤", "青", "緑"))
ROWS = dict(an_app().text("who").number("years").properties)
ROLLUP = {
    "relatedApp": {"code": "visits"},
    "keyField": "title",
    "relatedField": "case_no",
    "function": "COUNT",
    "field": "",
    "orderField": "",
    "filterCond": "",
}
LOOKUP = {
    "relatedApp": {"code": "clinics"},
    "relatedKeyField": "clinic",
    "fieldMappings": [],
    "lookupPickerFields": [],
    "filterCond": "",
    "sort": "",
}
NOW = r"2026.11.24.*12:00"
PROCESS = {
    "status": {
        "enable": True,
        "actions": [],
        "states": {"はじめ": {"name": "はじめ", "index": "0", "assignee": {"type": "ONE", "entities": []}}},
    }
}

CASES: dict[str, Case | Given] = {
    "SINGLE_LINE_TEXT": Case(
        typed("山田 𠮷"), "山田 𠮷", typed(""), typed("長すぎる言葉"), {"maxLength": "5"}, "長すぎる言葉"
    ),
    "MULTI_LINE_TEXT": Case(typed("一\n二"), "一\n二", typed("")),
    "RICH_TEXT": Case(typed("<b>太字</b>"), "太字", typed("")),
    "NUMBER": Case(typed("１２．５"), "12.5", typed(""), typed("十二"), {}, "十二"),
    "RADIO_BUTTON": Case(ticked("青"), "青", ticked("赤"), unknown_option, {"options": OPTIONS, "defaultValue": "赤"}),
    "CHECK_BOX": Case(ticked("青", "緑"), "青.*緑", ticked(), None, {"options": OPTIONS}),
    "MULTI_SELECT": Case(chosen("赤", "緑"), "赤.*緑", chosen(), None, {"options": OPTIONS}),
    "DROP_DOWN": Case(chosen("青"), "青", lambda c: t.cast(None, c.select_option("")), None, {"options": OPTIONS}),
    "DATE": Case(typed("令和8年11月3日"), "2026.11.0?3", typed(""), typed("2月30日"), {}, "2月30日"),
    "TIME": Case(typed("9:05"), "9:05", typed(""), typed("25:00"), {}, "25:00"),
    "DATETIME": Case(
        typed("2026-11-03 9:05"), "2026.11.0?3 0?9:05", typed(""), typed("2026-13-01 9:05"), {}, "2026-13-01 9:05"
    ),
    "LINK": Case(
        typed("https://example.jp/a"),
        "https://example.jp/a",
        typed(""),
        typed("javascript:alert(1)"),
        {},
        "javascript:alert(1)",
    ),
    "USER_SELECT": Case(lambda c: t.cast(None, c.select_option(label=["伊藤 健太"])), "伊藤 健太", chosen()),
    "ORGANIZATION_SELECT": Case(lambda c: t.cast(None, c.select_option(index=[0])), "保健予防課", chosen()),
    "GROUP_SELECT": Case(lambda c: t.cast(None, c.select_option(label=["保健師"])), "保健師", chosen()),
    "FILE": Case(attached("診断書.txt"), "診断書.txt", all_removed),
    "SUBTABLE": Case(
        row(who="太郎", years="5"), "太郎\\s*5", row_deleted, row(who="太郎", years="五"), {"fields": ROWS}, "五"
    ),
    "CALC": Given("^3$", {"expression": "1 + 2"}),
    "SERIAL": Given("^S-000[0-9]$", {"pattern": "S-{0000}"}),
    "ROLLUP": Given("^0$", {"rollup": ROLLUP, "format": "NUMBER"}),
    "TOKEN": Given(),
    "REFERENCE_TABLE": Given(
        "f",
        {
            "referenceTable": {
                "relatedApp": {"code": "visits"},
                "condition": {"field": "title", "relatedField": "case_no"},
                "displayFields": ["temp"],
            }
        },
    ),
    "GROUP": Given(),
    "LABEL": Given("見出しの言葉", {"label": "見出しの言葉"}),
    "SPACER": Given(),
    "HR": Given(),
    "RECORD_NUMBER": Given("-1$"),
    "CREATOR": Given("伊藤 健太"),
    "MODIFIER": Given("伊藤 健太"),
    "CREATED_TIME": Given(NOW),
    "UPDATED_TIME": Given(NOW),
    "STATUS": Given("はじめ", {}, PROCESS),
    "STATUS_ASSIGNEE": Given("", {}, PROCESS),
    "CATEGORY": Given(),
}
LOOKUPS = Case(
    typed("中央内科クリニック"),
    "中央内科クリニック",
    typed(""),
    typed("どこにもない"),
    {"lookup": LOOKUP},
    "どこにもない",
)
PLAIN = {"GROUP", "STATUS", "STATUS_ASSIGNEE", "CATEGORY"}
"""Types that do not stand in a row of the form."""
PAINTED = {"LABEL", "SPACER", "HR"}
"""Types that stand in a row only and are no fields."""


def test_every_type_has_a_case() -> None:
    assert set(CASES) == set(TYPES)


def app_of(site: Site, type_name: str, case: Case | Given, *, required: bool = False) -> int:
    """An app with a title and one field of the type, called ``f``."""
    number = next(NUMBERS)
    made = an_app(f"t{number}", name=type_name).text("title")
    settings = {**case.settings, **({"required": True} if required else {})}
    if type_name not in PLAIN | PAINTED:
        made = made.field(type_name, "f", **settings)
    for key, value in getattr(case, "parts", {}).items():
        made = made.part(key, value)
    json = made.json()
    if type_name in PAINTED:
        json["layout"].append({"type": "ROW", "fields": [{"type": type_name, **case.settings}]})
    if type_name == "STATUS":
        json["properties"]["f"] = {"type": "STATUS", "code": "f", "label": "f"}
    return site.town.install(json)


NUMBERS = iter(range(1, 10_000))


@pytest.fixture(scope="module")
def town(site: Site) -> Site:
    site.fill_in()
    site.people()
    return site


def open_form(site: Site, page: Page, path: str) -> None:
    site.enter(page.context)
    guarded(site.open(page, path))


def the_control(page: Page) -> Locator:
    """The element of field ``f`` by the id that its label names."""
    return page.locator("[data-field='f'] [id^='f']").first


def said(page: Page) -> str:
    """What the record's page says about ``f``."""
    own = page.locator("dl.values .value", has=page.locator("dt", has_text=re.compile("^f$"))).locator("dd")
    return own.first.inner_text() if own.count() else page.locator(".record-main").inner_text()


@pytest.mark.parametrize("type_name", [n for n, c in CASES.items() if isinstance(c, Case)] + ["LOOKUP"])
def test_a_type_is_entered(
    town: Site, page: Page, browser_problems: BrowserProblems, type_name: str, tmp_path: Path
) -> None:
    browser_problems.allow("status of 422")
    case = t.cast(Case, LOOKUPS if type_name == "LOOKUP" else CASES[type_name])
    own_type = "SINGLE_LINE_TEXT" if type_name == "LOOKUP" else type_name
    app = app_of(town, own_type, case)
    open_form(town, page, f"/k/{app}/new")
    page.locator("[name=title]").fill("題")
    case.good(the_control(page))
    save(page)
    assert re.search(case.shown, said(page), re.S), said(page)
    page.goto(f"{town.url}/k/{app}/edit/1")
    guarded(page)
    case.empty(the_control(page))
    save(page)
    assert "/show/1" in page.url
    assert not re.search(case.shown, said(page), re.S)

    target = app if case.bad is not None else app_of(town, own_type, case, required=True)
    open_form(town, page, f"/k/{target}/new")
    page.locator("[name=title]").fill("残る")
    (case.bad or case.empty)(the_control(page))
    save(page)
    assert page.title().startswith("エラー：")
    assert page.locator("[data-field='f'] .field-error").count() >= 1
    assert page.locator("[name=title]").input_value() == "残る"
    assert page.locator("#errors").evaluate("e => e === document.activeElement")
    if case.stays:
        values = page.locator("[data-field='f'] :is(input, textarea)").evaluate_all("all => all.map(e => e.value)")
        assert case.stays in values


@pytest.mark.parametrize("type_name", [n for n, c in CASES.items() if isinstance(c, Given)])
def test_a_type_that_nobody_enters(town: Site, page: Page, type_name: str) -> None:
    case = t.cast(Given, CASES[type_name])
    app = app_of(town, type_name, case)
    open_form(town, page, f"/k/{app}/new")
    assert page.locator(":is(input, select, textarea)[name='f']").count() == 0
    page.locator("[name=title]").fill("題")
    save(page)
    assert "/show/1" in page.url
    if case.shown:
        words = said(page)
        assert re.search(case.shown, words, re.S | re.M), words
