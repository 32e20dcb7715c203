"""The shared elements in a browser, on the gallery's pages."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the gallery, served with the product's own content policy."""
    before = list(sys.path)
    sys.path.insert(0, str(FRONTEND))
    import gallery as module  # stands outside the package, so it is found only now

    folder = tmp_path_factory.mktemp("gallery")
    for name, html in module.pages().items():
        (folder / f"{name}.html").write_text(html, "utf-8")
    server = module.serve(folder)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    sys.path[:] = before
    for name in [n for n in sys.modules if n.split(".")[0] in ("gallery", "examples")]:
        del sys.modules[name]


def test_a_lookup_is_chosen_with_the_keyboard(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/components.html")
    box = page.locator("input[name=clinic][role=combobox]")
    box.fill("中央")
    page.wait_for_selector(".combo-option")
    assert box.get_attribute("aria-expanded") == "true"
    box.press("ArrowDown")
    box.press("Enter")
    assert box.input_value() == "あおば中央病院"
    assert page.locator("input[name='clinic:value']").input_value() == "82"
    assert page.locator(".combo-list").count() == 0


def test_enter_that_ends_a_composition_chooses_nothing(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/components.html")
    box = page.locator("input[name=clinic][role=combobox]")
    box.fill("ちゅうおう")
    page.wait_for_selector(".combo-option")
    box.evaluate("""e => e.dispatchEvent(new KeyboardEvent('keydown', {
      key: 'Enter', keyCode: 229, isComposing: true, bubbles: true,
    }))""")
    assert box.input_value() == "ちゅうおう"
    assert page.locator(".combo-option").count() == 3
    box.press("Escape")
    assert page.locator(".combo-list").count() == 0


DATES = (
    ("S22.5.3", "1947-05-03"),
    ("昭和22年5月3日", "1947-05-03"),
    ("１９４７／０５／０３", "1947-05-03"),
    ("19470503", "1947-05-03"),
    ("5/3", "2026-05-03"),
    ("今日", "2026-11-22"),
    ("明日", "2026-11-23"),
    ("R8.11.22", "2026-11-22"),
    ("令和元年5月1日", "2019-05-01"),
    ("令和元年4月30日", None),
    ("S63.2.30", None),
    ("2026/2/29", None),
    ("2024-2-29", "2024-02-29"),
    ("", ""),
    ("たぶん", None),
)


def test_dates_are_read_as_people_write_them(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/components.html")
    read = page.evaluate(
        """async words => {
          const reader = await import('/s/x/js/date-reading.js');
          return words.map((word) => reader.readDate(word, '2026-11-22'));
        }""",
        [word for word, _ in DATES],
    )
    assert dict(zip([word for word, _ in DATES], read, strict=True)) == dict(DATES)


def test_the_date_box_says_how_it_was_understood(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/components.html")
    box = page.locator("lc-date:has(.understood) input[name=onset]")
    box.fill("S22.5.3")
    assert page.locator("lc-date .understood").first.text_content() == "1947年（昭和22年）5月3日（土）"
    box.fill("S63.2.30")
    box.press("Tab")
    assert page.locator("lc-date .understood").first.text_content() == "日付として読み取れません"


def test_selecting_rows_brings_the_bar_and_counts(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/list.html")
    bar = page.locator(".selection-bar")
    page.wait_for_selector("[data-select-rows][data-ready]")
    assert page.locator("[data-selected-count]").text_content() == "3件を選択中"
    page.locator("[data-select-none]").click()
    assert not bar.is_visible()
    assert page.locator("#list-foot").is_visible()
    ticks = page.locator("tbody .tick")
    ticks.nth(1).click()
    ticks.nth(4).click(modifiers=["Shift"])
    assert page.locator("[data-selected-count]").text_content() == "4件を選択中"
    page.locator("[data-select-everything]").click()
    assert page.locator("input[name=all]").input_value() == "1"


def test_changed_fields_turn_yellow_and_are_counted(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/edit.html")
    page.wait_for_selector("form[data-guard][data-ready]")
    page.locator("#f1").fill("山田 華子")
    assert page.locator("[data-unsaved-count]").text_content() == "編集中・未保存 4件"
    page.locator("#f1").fill("山田 花子")
    assert page.locator("[data-unsaved-count]").text_content() == "編集中・未保存 3件"


def test_rows_are_added_moved_deleted_and_taken_back(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/edit.html")
    rows = page.locator(".subtable tbody tr:visible")
    page.wait_for_selector(".subtable-editor.is-ready")
    page.locator(".subtable-foot button").click()
    assert rows.count() == 3
    assert page.evaluate("document.activeElement.closest('tr').dataset.row") == "2"
    page.keyboard.press("Alt+ArrowUp")
    assert page.locator(".input-place").evaluate_all("all => all.map(e => e.name + '=' + e.value)") == [
        "f90-0:place=1",
        "f90-2:place=2",
        "f90-1:place=3",
    ]
    rows.nth(0).get_by_role("button", name="行を削除").click()
    assert rows.count() == 2
    assert page.locator("input[name='f90-0:delete']").is_checked()
    page.locator(".toast .button-undo").click()
    assert rows.count() == 3
    assert not page.locator("input[name='f90-0:delete']").is_checked()


def test_rows_of_a_spreadsheet_are_pasted(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/edit.html")
    page.wait_for_selector(".subtable-editor.is-ready")
    page.locator(".subtable tbody tr").nth(1).locator("input.input").nth(1).evaluate("""box => {
      const data = new DataTransfer();
      data.setData('text/plain', '山田 一\\t子\\t20\\n山田 二\\t親\\t80\\t咳\\t"二行\\n目"');
      box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }""")
    rows = page.locator(".subtable tbody tr")
    assert rows.count() == 3
    assert rows.nth(1).locator("select").first.input_value() == "子"
    assert rows.nth(2).locator("select").first.input_value() == "親"


def test_menus_close_with_escape_and_give_the_focus_back(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/record.html")
    page.wait_for_selector("html.js")
    menu = page.locator(".page-actions details.menu")
    menu.locator("summary").click()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent").strip() == "複製"
    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_control_k_goes_to_the_search(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/portal.html")
    page.wait_for_function("document.documentElement.classList.contains('js')")
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "global-search"


def test_the_conflict_dialog_opens_by_itself_and_leaves_on_request(page: t.Any, gallery: str) -> None:
    page.goto(f"{gallery}/conflict.html")
    page.wait_for_selector("dialog[open]")
    page.locator("dialog [data-close]").click()
    assert page.locator("dialog[open]").count() == 0
