"""What a newcomer does on the screens, step by step; each step says what it read."""

from __future__ import annotations

import io
import os
import re
import typing as t
from pathlib import Path

from PIL import Image

from tests.newcomer.clone import ROOT

if t.TYPE_CHECKING:
    from playwright.sync_api import Download, Locator, Page

PICTURES = ROOT / "docs" / "screens"
PATIENCE = 120_000
"""Milliseconds: a machine that runs a whole suite beside this is slow."""
HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}


class Case(t.NamedTuple):
    """A demo case as the list shows it."""

    number: str
    name: str
    kana: str


class Newcomer:
    """A person with a browser."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        page.set_default_timeout(PATIENCE)
        page.set_default_navigation_timeout(PATIENCE)
        self._photographs = os.environ.get("LOWCODE_SCREENSHOTS") == "1"

    def picture(self, name: str) -> None:
        """Keep a picture of the screen for the pages of the documentation."""
        if self._photographs:
            PICTURES.mkdir(parents=True, exist_ok=True)
            self.page.wait_for_load_state("networkidle")
            self.page.evaluate("document.querySelector('.toasts')?.remove()")
            content = Image.open(io.BytesIO(self.page.screenshot(animations="disabled", caret="hide")))
            # Screens have few colours; a palette halves what every clone of the project carries.
            few = content.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            few.save(PICTURES / f"newcomer-{name}.png", optimize=True)

    def fits(self) -> bool:
        """Whether the page is no wider than the screen."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    def button(self, name: str, within: Locator | None = None) -> Locator:
        """The button or link that has these words."""
        place = within if within is not None else self.page.locator("main")
        return (
            place.locator("button:not(.visually-hidden), a.button")
            .filter(has_text=re.compile(rf"^\s*{re.escape(name)}\s*$"))
            .first
        )

    def press(self, name: str, within: Locator | None = None) -> None:
        """Press a button by its words and wait for what comes."""
        self.button(name, within).click()
        self.page.wait_for_load_state()

    def heading(self) -> str:
        """The words at the top of the page."""
        return self.page.locator("h1").first.inner_text().strip()

    def open_app(self, name: str) -> None:
        """Click an app in the rail."""
        self.page.goto(self.address)
        self.page.locator(".app-grid").get_by_role("link", name=name, exact=True).click()
        self.page.wait_for_url("**/k/*/")
        assert name in self.heading()

    # -- logging in, finding -------------------------------------------------------------------------

    def log_in(self, login: str, password: str, pictures: str = "") -> None:
        """Type what the console printed."""
        self.page.goto(f"{self.address}/")
        self.page.wait_for_url("**/login*")
        self.picture(f"{pictures}login")
        self.page.get_by_label("ログイン名").fill(login)
        self.page.get_by_label("パスワード").fill(password)
        self.press("ログイン")
        self.page.wait_for_url(f"{self.address}/")
        self.page.locator(".app-grid").wait_for()
        self.picture(f"{pictures}home")

    def a_case(self) -> Case:
        """A case with people in its household, from the view 全件 of the ledger."""
        self.open_app("陽性者台帳")
        self.page.locator(".tabs").get_by_role("link", name=re.compile("^全件")).click()
        self.page.wait_for_load_state()
        self.picture("list")
        heads = [text.strip() for text in self.page.locator("table.table-list thead th").all_inner_texts()]
        cells = [
            text.strip()
            for text in self.page.locator("table.table-list tbody tr").nth(4).locator("td, th").all_inner_texts()
        ]
        row = dict(zip(heads, cells, strict=True))
        return Case(row["管理番号"], row["氏名"], row["フリガナ"])

    def find_by_kana(self, case: Case) -> None:
        """Type the reading in hiragana into the list's search box, open the case."""
        typed = case.kana.translate(HIRAGANA).replace("\u3000", "")
        box = self.page.get_by_role("searchbox", name="この一覧を検索")
        box.fill(typed)
        box.press("Enter")
        self.page.wait_for_url("**q=*")
        rows = self.page.locator("table.table-list tbody tr")
        kanas = rows.locator("td", has_text=re.compile(re.escape(case.kana)))
        assert kanas.count() == rows.count() >= 1, self.page.locator("table.table-list").inner_text()
        self.picture("search")
        rows.filter(has_text=case.number).locator("th a").click()
        self.page.wait_for_url("**/show/*")
        assert case.name in self.heading()

    # -- editing, history ----------------------------------------------------------------------------

    def value(self, label: str) -> str:
        """What a shown record says beside a label."""
        item = self.page.locator(".values .value").filter(
            has=self.page.locator("dt", has_text=re.compile(rf"^{label}$"))
        )
        return item.locator("dd").first.inner_text().strip() if item.count() else ""

    def field(self, code: str) -> Locator:
        """A field of a form, by its code."""
        return self.page.locator(f'[data-field="{code}"]')

    def edit_case(self, doctor: str, job: str, relative: str) -> None:
        """Change two fields and add somebody to the household."""
        self.press("編集")
        self.page.wait_for_url("**/edit/*")
        self.field("doctor").locator("input").fill(doctor)
        self.field("job_note").locator("input").fill(job)
        household = self.field("family")
        before = household.locator("tbody tr").count()
        household.locator(".subtable-foot button").click()
        row = household.locator("tbody tr").nth(before)
        row.get_by_label(re.compile("^同居者名")).fill(relative)
        row.get_by_label(re.compile("^続柄")).select_option(label="親")
        row.get_by_label(re.compile("^年齢")).fill("７２")
        self.picture("edit")
        self.press("保存")
        self.page.wait_for_url("**/show/*")
        assert (self.value("医師氏名"), self.value("職業詳細")) == (doctor, job)
        assert relative in self.page.locator(".record-main").inner_text()

    def latest_change(self) -> str:
        """The words of the newest entry of the history."""
        return self.page.locator("#timeline .timeline > li").first.inner_text()

    def restore(self, label: str, *, keep: str) -> None:
        """Bring one of two fields back to what it was before the newest change."""
        self.page.locator("#timeline .timeline > li").first.get_by_role("link", name="この変更の前に戻す").click()
        self.page.wait_for_url("**/restore/*")
        ticks = self.page.locator("main tbody input[type=checkbox]")
        for at in range(ticks.count()):
            ticks.nth(at).set_checked(ticks.nth(at).get_attribute("aria-label") == label)
        assert keep in self.page.locator("main table").inner_text()
        self.picture("restore")
        self.press("選んだ項目を戻す")
        self.page.wait_for_url("**/show/*")

    def observe(self, temperature: str, at: str) -> None:
        """Add an observation from the case; the link brings its number along."""
        related = self.page.locator(".card").filter(
            has=self.page.get_by_role("heading", name=re.compile("^健康観察記録"))
        )
        self.press("追加", related)
        self.page.wait_for_url(re.compile(r"/new\?"))
        assert self.field("case_no").locator("input").first.input_value()
        self.field("observed_at").locator("input").first.fill(at)
        self.field("temp").locator("input").fill(temperature)
        self.field("overall").get_by_text("悪くなった").click()
        self.picture("observation")
        self.press("保存")
        self.page.wait_for_url("**/show/*")

    # -- an app of one's own -------------------------------------------------------------------------

    def app_from_file(self, file: Path, name: str, rows: int) -> None:
        """Make an app, and its records, from a file."""
        self.page.goto(self.address)
        self.page.locator(".page-actions").get_by_role("link", name="アプリをつくる").click()
        self.page.wait_for_url("**/k/admin/app/new")
        self.picture("new-app")
        self.page.locator('input[name="file"]').set_input_files(file)
        self.press("中身を確かめる")
        self.page.wait_for_url("**/new/file/*")
        self.page.get_by_label("アプリ名").fill(name)
        assert self.page.locator("tr", has_text="番号").get_by_role("checkbox").first.is_checked()
        self.picture("from-file")
        self.press(f"アプリをつくって{rows:,}行を取り込む")
        assert self.job_counts() == {"created": f"{rows:,}", "updated": "0", "unchanged": "0", "failed": "0"}
        self.press("一覧へ")
        self.page.wait_for_url("**/k/*/")
        assert name in self.heading()
        self.picture("own-app")

    def job_counts(self) -> dict[str, str]:
        """The numbers of a job, once it is done; its page loads itself again until then."""
        self.page.wait_for_url("**/jobs/*")
        self.page.locator('#job-state[data-state="done"]').wait_for()
        shown = self.page.locator("[data-count]")
        found = {
            str(shown.nth(at).get_attribute("data-count")): shown.nth(at).inner_text() for at in range(shown.count())
        }
        return {name: found[name] for name in ("created", "updated", "unchanged", "failed")}

    def add_field_and_view(self, label: str, view: str) -> None:
        """Declare a field and a view, look at what changes, publish."""
        self.press("アプリの設定")
        self.page.wait_for_url("**/k/admin/app/*/")
        form = self.page.locator("#add-field")
        form.get_by_label("項目名").fill(label)
        form.get_by_label("種類").select_option(label="文字（1行）")
        self.press("設定へ進む", form)
        self.page.wait_for_url(re.compile(r"/fields/new\?"))
        self.picture("new-field")
        self.page.locator(".save-button").click()
        self.page.wait_for_url(re.compile(r"/k/admin/app/\d+/#"))
        assert label in self.page.locator(".outline").first.inner_text()
        self.picture("designer")
        self.page.locator(".tabs").get_by_role("link", name="一覧").click()
        self.page.wait_for_url("**/views")
        self.press("一覧を足す")
        self.page.wait_for_url("**/views/edit")
        self.page.get_by_label("一覧名").fill(view)
        for label_of_column, place in (("番号", "1"), ("居住地", "2"), (label, "3"), ("退院・解除", "4")):
            self.page.locator(".column-choice", has_text=re.compile(rf"^{label_of_column}$")).locator("input").fill(
                place
            )
        for column in self.page.locator(".column-choice").all():
            if column.inner_text().strip() not in ("番号", "居住地", label, "退院・解除"):
                column.locator("input").fill("")
        self.page.locator('select[name="sort.0.field"]').select_option(label="番号")
        self.picture("view")
        self.page.locator(".save-button").click()
        self.page.wait_for_url("**/views")
        self.page.locator(".page-actions a.button-primary").click()
        self.page.wait_for_url("**/review")
        review = self.page.locator("main").inner_text()
        assert {word for word in (label, view) if word not in review} == set(), review
        self.picture("review")
        self.page.locator(".save-button").click()
        self.page.wait_for_url(lambda url: not url.endswith(("/review", "/publish")))

    def open_view(self, app: str, view: str) -> None:
        """Open a view of an app."""
        self.open_app(app)
        self.page.locator(".tabs").get_by_role("link", name=re.compile(f"^{view}")).click()
        self.page.wait_for_url("**view=*")

    def open_row(self, number: str) -> None:
        """Open the record of the list that has this 番号."""
        row = self.page.locator("table.table-list tbody tr").filter(
            has=self.page.locator("td, th", has_text=re.compile(rf"^{number}$"))
        )
        row.first.locator("th a").click()
        self.page.wait_for_url("**/show/*")

    def type_into(self, code: str, words: str) -> None:
        """Type into one field of the open record."""
        self.press("編集")
        self.page.wait_for_url("**/edit/*")
        self.field(code).locator("input").fill(words)
        self.press("保存")
        self.page.wait_for_url("**/show/*")

    def import_by_key(self, file: Path, key: str) -> dict[str, str]:
        """Import a file so that known keys are updated and new ones added."""
        self.page.locator(".toolbar details.menu summary").last.click()
        self.page.locator(".toolbar").get_by_role("link", name="取り込む").click()
        self.page.wait_for_url("**/import")
        self.page.locator("#import-file").set_input_files(file)
        self.press("次へ")
        self.page.locator("#import-key").select_option(label=key)
        self.page.locator("#import-mode").select_option(value="upsert")
        self.picture("import")
        self.press("取り込む")
        counts = self.job_counts()
        self.picture("import-result")
        self.press("一覧へ")
        return counts

    def look_on_a_phone(self, case: Case) -> None:
        """Find the case with a phone, read it and open its form; nothing is wider than the screen."""
        self.open_app("陽性者台帳")
        assert self.fits()
        self.picture("phone-list")
        box = self.page.get_by_role("searchbox", name="この一覧を検索")
        box.fill(case.number)
        box.press("Enter")
        self.page.wait_for_url("**q=*")
        card = self.page.locator(".row-card").filter(has_text=case.number)
        called = card.locator(".call-button").get_attribute("href")
        card.get_by_role("link", name=case.name, exact=True).click()
        self.page.wait_for_url("**/show/*")
        assert called == "tel:" + self.value("電話番号1").replace("-", ""), "the patient's own number, not the clinic's"
        assert self.fits()
        assert self.page.evaluate("scrollY") == 0, "a record opens at its top"
        self.picture("phone-record")
        self.press("編集")
        self.page.wait_for_url("**/edit/*")
        assert self.fits()
        self.picture("phone-edit")

    def export_csv(self) -> Download:
        """Download the list as CSV."""
        self.page.locator(".toolbar details.menu summary").last.click()
        self.page.locator(".toolbar").get_by_role("link", name="書き出す").click()
        self.page.wait_for_url("**/export*")
        self.picture("export")
        with self.page.expect_download() as found:
            self.button("書き出す").click()
        return found.value
