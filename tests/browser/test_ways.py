"""Other ways through the screens: without scripts, with the keyboard alone, with a Japanese input method."""

from __future__ import annotations

import typing as t

import pytest

from tests.browser.site import Site, control, guarded, save
from tests.conftest import BrowserProblems

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, CDPSession, Dialog, Page


@pytest.fixture
def town(site: Site) -> Site:
    site.fill_in()
    return site


# --- no scripts --------------------------------------------------------------------------------


def test_add_edit_and_delete_without_scripts(browser: Browser, browser_problems: BrowserProblems, town: Site) -> None:
    context = browser.new_context(locale="ja-JP", viewport={"width": 1440, "height": 900}, java_script_enabled=False)
    browser_problems.watch(context)
    app = town.town.cases
    page = context.new_page()
    page.goto(f"{town.url}/login")
    page.fill("[name=login]", "ito")
    page.fill("[name=password]", "three quiet ledgers")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{town.url}/")
    page.get_by_role("link", name="患者台帳").first.click()
    page.get_by_role("link", name="レコードを追加").first.click()
    control(page, "name").fill("スクリプトなし")
    page.locator("[name='family-0-who']").fill("母")
    page.locator("button[name=_add_row]").click()
    page.locator("[name='family-1-who']").fill("父")
    page.get_by_label("入院").check() if page.get_by_label("入院").count() else control(page, "state").select_option(
        label="入院"
    )
    # Enter inside a text box saves; it must not press "add a row" or "delete".
    control(page, "name").press("Enter")
    page.wait_for_url("**/show/*")
    number = int(page.url.split("?")[0].rsplit("/", 1)[1])
    assert [r.values["who"] for r in town.record(app, number)["family"]] == ["母", "父"]
    page.get_by_role("link", name="編集").first.click()
    page.locator("[name='family-0:delete']").check()
    control(page, "age").fill("33")
    page.locator(".page-foot .save-button").click()
    page.wait_for_url(f"**/show/{number}")
    record = town.record(app, number)
    assert (record["age"], [r.values["who"] for r in record["family"]]) == (33, ["父"])
    page.locator(".page-actions details > summary").first.click()
    page.get_by_role("button", name="削除").click()
    page.wait_for_url(f"**/k/{app}/")
    page.locator("lc-toast button", has_text="元に戻す").click()
    page.wait_for_url(f"**/show/{number}")
    context.close()


# --- the keyboard ------------------------------------------------------------------------------


def focused(page: Page) -> str:
    """What has the focus, in words."""
    return str(
        page.evaluate(
            """() => {
          const e = document.activeElement;
          return [e.tagName, e.name || '', (e.innerText || e.title || '').trim()].join(' ');
        }"""
        )
    )


def tab_to(page: Page, words: str, most: int = 120) -> None:
    """Press Tab until something with these words has the focus; it must then be in view and have a ring."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if words in focused(page) and not focused(page).startswith("DIV"):
            shown = page.evaluate("""() => {
              const e = document.activeElement, b = e.getBoundingClientRect();
              // A box of several parts wears the ring around all of them.
              const worn = [e, e.parentElement].some((each) => {
                const s = getComputedStyle(each);
                return (s.outlineStyle !== 'none' && s.outlineWidth !== '0px') || s.boxShadow !== 'none';
              });
              const at = document.elementFromPoint(b.left + Math.min(b.width / 2, 20), b.top + b.height / 2);
              return {ring: worn, covered: !(at && (e.contains(at) || at.contains(e)))};
            }""")
            assert shown["ring"], f"no focus ring on {words}"
            assert not shown["covered"], f"{words} is covered"
            return
    raise AssertionError(f"{words} was not reached; the focus is on {focused(page)}")


def test_find_open_edit_and_save_with_the_keyboard_alone(page: Page, town: Site) -> None:
    record = town.town.add(town.town.cases, no="K-1", name="鍵盤 太郎", kana="ケンバン", age=50)
    town.enter(page.context)
    town.open(page, f"/k/{town.town.cases}/")
    tab_to(page, "INPUT q")
    while page.evaluate("document.activeElement.id") != "list-search":
        page.keyboard.press("Tab")
    page.keyboard.type("ケンバン")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "鍵盤 太郎")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "編集")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    guarded(page)
    tab_to(page, "INPUT age")
    page.keyboard.press("Control+a")
    page.keyboard.type("51")
    assert page.locator("[data-field='age'].is-changed").count() == 1
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    assert f"/show/{record}" in page.url
    assert town.record(town.town.cases, record)["age"] == 51


def test_leaving_with_unsaved_words_is_asked_once(page: Page, town: Site) -> None:
    town.enter(page.context)
    guarded(town.open(page, f"/k/{town.town.cases}/edit/1"))
    assert page.locator("[data-unsaved-count]").first.is_hidden()
    control(page, "memo").fill("まだ保存していない")
    assert "1" in page.locator("[data-unsaved-count]").first.inner_text()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("setTimeout(() => { location.href = '/' }, 0)")
    page.wait_for_function("() => true")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert control(page, "memo").input_value() == "まだ保存していない"
    save(page)
    assert asked == ["beforeunload"]


# --- an input method ---------------------------------------------------------------------------


def compose(session: CDPSession, *steps: str) -> None:
    """Type with an input method: each step is what stands in the composition."""
    for text in steps:
        session.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


@pytest.fixture
def form(context: BrowserContext, town: Site) -> Page:
    town.enter(context)
    return guarded(town.open(context.new_page(), f"/k/{town.town.cases}/edit/2"))


def test_a_composition_keeps_its_first_key(form: Page, context: BrowserContext) -> None:
    session = context.new_cdp_session(form)
    for code in ("name", "memo", "clinic"):
        box = control(form, code)
        box.fill("")
        box.focus()
        compose(session, "ｙ", "や", "やｍ", "やま", "山")
        assert box.input_value() == "山"
        session.send("Input.insertText", {"text": "山田"})
        assert box.input_value() == "山田", code


def test_enter_that_ends_a_composition_neither_sends_nor_chooses(form: Page, context: BrowserContext) -> None:
    address = form.url
    session = context.new_cdp_session(form)
    for code in ("name", "clinic"):
        box = control(form, code)
        box.fill("")
        box.focus()
        compose(session, "c", "ち", "ちゅう", "中央")
        for kind in ("rawKeyDown", "keyUp"):
            session.send(
                "Input.dispatchKeyEvent",
                {"type": kind, "key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229},
            )
        session.send("Input.insertText", {"text": "中央"})
        assert box.input_value() == "中央", code
        assert form.url == address
    form.wait_for_selector(".combo-option")
    form.keyboard.press("ArrowDown")
    form.keyboard.press("Enter")
    assert control(form, "clinic").input_value() in ("中央内科クリニック", "あおば中央病院")
    assert form.url == address


# --- what stays behind -------------------------------------------------------------------------


def test_nothing_personal_stays_in_the_browser(page: Page, town: Site) -> None:
    town.enter(page.context)
    for path in ("/", f"/k/{town.town.cases}/", f"/k/{town.town.cases}/show/1", f"/k/{town.town.cases}/edit/1"):
        town.open(page, path)
    kept = page.evaluate("""async () => ({
      local: Object.keys(localStorage), session: Object.keys(sessionStorage),
      databases: (await indexedDB.databases()).map(d => d.name), caches: await caches.keys(), cookies: document.cookie,
    })""")
    assert kept == {"local": [], "session": [], "databases": [], "caches": [], "cookies": ""}
