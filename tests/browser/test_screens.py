"""Every screen of records, Japanese and English, desk and phone: axe finds nothing, nothing is wider than its window.

With ``LOWCODE_SCREENSHOTS=1`` each screen's picture is written to ``docs/screens/``.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe

from lowcode import db
from lowcode.accounts import audit, users
from lowcode.records.reads import numbers
from tests.browser.site import Site, control, guarded, save
from tests.conftest import ROOT, BrowserProblems
from tests.people import NOW
from tests.runtime.town import Town

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PICTURES = ROOT / "docs" / "screens"
DESK, PHONE, NARROW = (1440, 900), (390, 844), (320, 640)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Steps = Callable[["Page", Site], None]


@dataclass(frozen=True)
class Screen:
    """One state of one page."""

    name: str
    open: Steps
    login: str = "ito"


def at(path: str) -> Steps:
    """Just open an address (``{cases}`` and ``{job}`` are filled in)."""
    return lambda page, site: t.cast(None, site.open(page, address(site, path)))


def address(site: Site, path: str) -> str:
    town = site.town
    return path.format(
        cases=town.cases,
        visits=town.visits,
        clinics=town.clinics,
        job=getattr(site, "job", 0),
        key=getattr(site, "key", ""),
    )


def with_errors(page: Page, site: Site) -> None:
    guarded(site.open(page, address(site, "/k/{cases}/edit/3")))
    control(page, "name").fill("")
    control(page, "age").fill("とても")
    control(page, "onset").fill("2月30日")
    page.locator("[name='family-0-years']").fill("x")
    save(page)


def with_conflict(page: Page, site: Site) -> None:
    town = site.town
    guarded(site.open(page, address(site, "/k/{cases}/edit/3")))
    number = town.record(town.cases, 3).revision
    town.edit(
        town.cases, 3, age=60 + number % 9, state="受付" if number % 2 else "調査中", memo="佐藤が電話で聞き取り。"
    )
    control(page, "age").fill(str(70 + number % 9))
    control(page, "memo").fill("伊藤が訪問して聞き取り。")
    save(page)
    page.wait_for_selector("dialog#conflict[open]")


def menu_open(page: Page, site: Site) -> None:
    site.open(page, address(site, "/k/{cases}/"))
    page.locator(".toolbar details > summary").nth(2).click()


def selected(page: Page, site: Site) -> None:
    site.open(page, address(site, "/k/{cases}/"))
    boxes = page.locator("input[name=ids]:visible")
    for number in range(min(3, boxes.count())):
        boxes.nth(number).check()


def restoring(page: Page, site: Site) -> None:
    site.open(page, address(site, "/k/{cases}/show/1"))
    page.goto(site.url + str(page.locator("#timeline a[href*='/restore/']").first.get_attribute("href")))


SCREENS = (
    Screen("login", at("/login"), ""),
    Screen("portal", at("/")),
    Screen("list", at("/k/{cases}/")),
    Screen("list-filtered", at("/k/{cases}/?f.state.in=受付&f.age.gt=30&q=ヤマダ&sort=-age,no")),
    Screen("list-empty", at("/k/{cases}/?q=だれでもない")),
    Screen("list-columns", menu_open),
    Screen("list-selected", selected),
    Screen("calendar", at("/k/{cases}/?view=発症日")),
    Screen("record", at("/k/{cases}/show/3?list=view=全件")),
    Screen("edit", at("/k/{cases}/edit/3")),
    Screen("new", at("/k/{cases}/new")),
    Screen("edit-errors", with_errors),
    Screen("conflict", with_conflict),
    Screen("history-restore", restoring),
    Screen("import", at("/k/{cases}/import")),
    Screen("import-columns", at("/k/{cases}/import/{key}")),
    Screen("export", at("/k/{cases}/export?view=全件")),
    Screen("job", at("/jobs/{job}")),
    Screen("trash", at("/k/{cases}/trash")),
    Screen("error", at("/k/{cases}/show/99999")),
    Screen("audit", at("/admin/audit?app={cases}&since=2026-11-24T00:00"), "sato"),
    Screen("audit-wrong", at("/admin/audit?record=x"), "sato"),
    Screen("audit-records", at("/admin/audit/records?who=ito&action=reads"), "sato"),
)
BY_NAME = {screen.name: screen for screen in SCREENS}


@pytest.fixture(scope="module")
def town(site: Site) -> Site:
    """Records, a finished import with errors, something in the trash."""
    site.fill_in()
    town: Town = site.town
    town.edit(town.cases, 1, age=44, state="入院", memo="入院した。")
    gone = town.add(town.cases, no="X-1", name="削除 した人")
    visitor = town.visitor("ito")
    visitor.get(f"/k/{town.cases}/show/{gone}").form(action="/delete").send()
    page = visitor.get(f"/k/{town.cases}/import").form("import")
    lines = ["受付番号,氏名,年齢,状態", "Z-1,新規 太郎,33,受付", "Z-2,壊れ 次郎,999,不明", "C-0001,山田 花子,45,入院"]
    mapping = page.upload("file", "\r\n".join(lines).encode("cp932"), "HER-SYS 朝の取り込み.csv").send().follow()
    site.key = mapping.path.rsplit("/", 1)[1]  # type: ignore[attr-defined]
    job = mapping.form("import").send(do="run").location
    town.work()
    site.job = int(job.rsplit("/", 1)[1])  # type: ignore[attr-defined]
    seen_by_ito(town)
    return site


def seen_by_ito(town: Town) -> None:
    """Entries of the audit log as they look where an app holds personal data."""
    services = town.services
    ito = services.actor(town.ito)
    scattered = set(range(1, 9_000, 7))
    with db.writing(services.engine) as connection:
        for action, ids, query, outcome in (
            ("records.read", {3}, "", "ok"),
            ("records.searched", {1, 4, 7, 8, 9}, 'state in ("入院") and search "山田 花子"', "ok"),
            ("records.exported", scattered, "order by no asc", "ok"),
            ("records.read", {12}, "", "refused"),
        ):
            made = audit.entry(
                ito, action, NOW, app_id=town.cases, target="cases", records=numbers(ids), query=query,
                address="192.0.2.14", outcome=t.cast(audit.Outcome, outcome), details={"format": "csv"},
            )  # fmt: skip
            audit.write(connection, [made])


@pytest.fixture
def opened(browser: Browser, browser_problems: BrowserProblems) -> Iterator[Callable[..., BrowserContext]]:
    """Browsers of any size and language."""
    contexts: list[BrowserContext] = []
    browser_problems.allow(r"status of (404|409|422)")

    def make(size: tuple[int, int], locale: str = "ja-JP", **options: t.Any) -> BrowserContext:
        context = browser.new_context(
            locale=locale, timezone_id="Asia/Tokyo", viewport={"width": size[0], "height": size[1]}, **options
        )
        browser_problems.watch(context)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


def show(screen: Screen, context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    if screen.login:
        site.enter(context, screen.login)
    screen.open(page, site)
    return page


def too_wide(page: Page) -> list[str]:
    """What makes the page wider than its window, or nothing."""
    return t.cast(
        "list[str]",
        page.evaluate("""() => {
      const wide = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= wide && document.body.scrollWidth <= wide) return [];
      return [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > wide + 1)
        .slice(0, 5).map((e) => `${e.tagName}.${e.className}`).concat('page');
    }"""),
    )


def findings(page: Page) -> list[str]:
    """What axe finds."""
    # What the foot of the window covers at the moment would count as too small to be hit.
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": 4000})
    answer = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]})
    page.set_viewport_size(size)
    return [f"{v['id']}: {v['help']} → {[n['target'] for n in v['nodes']][:3]}" for v in answer.response["violations"]]


@pytest.mark.slow
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", BY_NAME)
def test_axe_finds_nothing(town: Site, opened: Callable[..., BrowserContext], name: str, size: tuple[int, int]) -> None:
    screen = BY_NAME[name]
    for locale in ("ja", "en"):
        language(town, screen, locale)
        context = opened(size, "en-GB" if locale == "en" else "ja-JP")
        page = show(screen, context, town)
        assert page.locator("html").get_attribute("lang") == locale
        assert findings(page) == [], f"{name} {locale}"
        assert too_wide(page) == [], f"{name} {locale}"
        photograph(page, name, size, locale)
    language(town, screen, "ja")


def language(site: Site, screen: Screen, locale: str) -> None:
    """Let the screens' reader read this language."""
    reader = site.town.sato if screen.login == "sato" else site.town.ito
    with db.writing(site.town.services.engine) as connection:
        users.set_own(
            connection,
            reader,
            site.town.services.actor(reader),
            NOW,
            locale=locale,
            zone="",
            preferences="{}",
        )


def photograph(page: Page, name: str, size: tuple[int, int], locale: str) -> None:
    if os.environ.get("LOWCODE_SCREENSHOTS") == "1" and locale == "ja":
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}-{'phone' if size == PHONE else 'desktop'}.png", animations="disabled")


@pytest.mark.parametrize("size", [NARROW, (720, 450)], ids=["320 px", "200 %"])
def test_nothing_is_wider_than_its_window(
    town: Site, opened: Callable[..., BrowserContext], size: tuple[int, int]
) -> None:
    found = {}
    context = opened(size)
    for screen in SCREENS:
        town.enter(context, screen.login or "ito")
        page = context.new_page()
        screen.open(page, town)
        found[screen.name] = too_wide(page)
        page.close()
    assert not {name: wide for name, wide in found.items() if wide}
