"""An app made, changed, published and used in Chromium, at a desk and on a phone; a picture of each screen."""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from lowcode import app as application
from lowcode import db, deploy
from lowcode.services import Services
from tests import people
from tests.builders import an_app
from tests.designer.desk import PACKAGES

pytestmark = pytest.mark.browser


@pytest.fixture
def town(tmp_path: Path) -> Iterator[tuple[Services, str]]:
    """A server with one administrator, and its address."""
    engine = db.make_engine(f"sqlite:///{tmp_path / 'test.db'}")
    services = people.make_services(engine, tmp_path)
    people.add(services, "hanako", administrator=True, name="設計 花子")
    server = make_server("127.0.0.1", 0, application.create_app(services=services, packages=PACKAGES), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield services, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    engine.dispose()


def log_in(page: t.Any, address: str) -> None:
    page.goto(f"{address}/login")
    page.fill("input[name=login]", "hanako")
    page.fill("input[name=password]", people.PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")


def picture(page: t.Any, folder: Path, name: str) -> None:
    """A picture of the screen; nothing may be wider than it."""
    page.screenshot(path=folder / f"{name}.png")
    # A phone shrinks a page that is too wide, so the window's own width tells as well.
    assert (
        page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]") == [page.viewport_size["width"]] * 2
    ), name


def add_field(page: t.Any, label: str, kind: str = "", **values: str) -> None:
    page.fill("#add-label", label)
    page.select_option("#add-type", kind)
    page.click("#add-field button")
    for name, value in values.items():
        page.fill(f"[name='{name}']", value)
    page.click(".page-foot .button-primary")


def test_an_app_is_made_published_and_used(
    page: t.Any, phone_page: t.Any, town: tuple[Services, str], tmp_path: Path
) -> None:
    _, address = town
    log_in(page, address)
    page.goto(f"{address}/k/admin/app/new")
    picture(page, tmp_path, "new-desktop")
    page.fill("form[action$='/new/empty'] [name=name]", "健診台帳")
    page.fill("form[action$='/new/empty'] [name=code]", "checkups")
    page.click("form[action$='/new/empty'] .button-primary")
    add_field(page, "氏名", "SINGLE_LINE_TEXT")
    add_field(page, "結果", "DROP_DOWN", **{"s.options.new": "陽性\n陰性"})
    add_field(page, "受診日")
    add_field(page, "基本情報", "GROUP")
    page.click(".outline-line:has-text('氏名') details summary")
    page.click(".outline-line:has-text('氏名') button:has-text('「基本情報」の中へ')")
    picture(page, tmp_path, "fields-desktop")
    page.click(".outline-words a:has-text('結果')")
    picture(page, tmp_path, "field-desktop")
    page.goto(f"{address}/k/admin/app/1/views/edit")
    page.fill("[name=name]", "陽性")
    page.fill("[name=filterCond]", '結果 in ("陽性")')
    picture(page, tmp_path, "view-desktop")
    page.click(".page-foot .button-primary")
    page.goto(f"{address}/k/admin/app/1/settings")
    picture(page, tmp_path, "settings-desktop")
    page.goto(f"{address}/k/admin/app/1/json")
    picture(page, tmp_path, "json-desktop")
    page.click(".page-actions .button-primary")
    picture(page, tmp_path, "review-desktop")
    page.fill("[name=note]", "はじめて")
    page.click(".page-foot .button-primary")
    page.click(".page-actions a:has-text('アプリを開く')")
    page.click(".page-actions .button-primary")
    page.fill("[name='氏名']", "保健 太郎")
    page.select_option("[name='結果']", label="陽性")
    page.click(".page-foot .button-primary")
    page.goto(f"{address}/k/1/?view=陽性")
    assert page.locator("tbody tr:has-text('保健 太郎')").count() == 1
    page.goto(f"{address}/k/admin/app/1/fields/受診日/retire")
    page.click(".card form .button-danger-quiet")
    page.goto(f"{address}/k/admin/app/1/review")
    picture(page, tmp_path, "retire-review-desktop")
    page.goto(f"{address}/k/admin/app/1/versions?show=2")
    picture(page, tmp_path, "versions-desktop")

    page.goto(f"{address}/k/admin/app/1/fields/new?label=医療機関&type=LOOKUP:SINGLE_LINE_TEXT")
    picture(page, tmp_path, "lookup-desktop")
    log_in(phone_page, address)
    for name, path in (
        ("new", "new"),
        ("fields", "1/"),
        ("field", "1/fields/結果"),
        ("field-new", "1/fields/new?label=体温"),
        ("views", "1/views"),
        ("view", "1/views/edit?name=陽性"),
        ("settings", "1/settings"),
        ("json", "1/json"),
        ("review", "1/review"),
        ("versions", "1/versions?show=2"),
    ):
        phone_page.goto(f"{address}/k/admin/app/{path}")
        picture(phone_page, tmp_path, f"{name}-phone")


def test_a_file_a_mistake_and_a_large_app(
    page: t.Any, phone_page: t.Any, town: tuple[Services, str], tmp_path: Path, browser_problems: t.Any
) -> None:
    browser_problems.allow("status of 422")
    _, address = town
    rows = ["番号,発症日,年代,居住地,備考"]
    rows += [f"{n},2022/8/{n % 28 + 1},{n % 8 + 1}0代,{'大阪市' if n % 3 else '堺市'},メモ{n}" for n in range(1, 61)]
    file = {"name": "patients.csv", "mimeType": "text/csv", "buffer": "\r\n".join(rows).encode("cp932")}
    for device, each in (("desktop", page), ("phone", phone_page)):
        log_in(each, address)
        each.goto(f"{address}/k/admin/app/new")
        each.set_input_files("[name=file]", file)
        each.click("form[action$='/new/file'] .button")
        picture(each, tmp_path, f"from-file-{device}")
    page.fill("[name=name]", "患者")
    page.click(".page-foot .button-primary")
    page.wait_for_url(f"{address}/jobs/*")
    assert page.locator("text=60").count()
    page.goto(f"{address}/k/admin/app/1/json")
    text = page.input_value("[name=definition]")
    page.fill("[name=definition]", text.replace('"required": false', '"required": "maybe"', 1))
    page.click(".page-foot .button-primary")
    assert page.locator(".excerpt-row.is-wrong:has-text('maybe')").count() == 1
    assert "maybe" in page.input_value("[name=definition]")
    picture(page, tmp_path, "json-problem-desktop")
    page.goto(f"{address}/k/admin/app/new")
    page.click(".outline-line:has-text('陽性者台帳') button")
    page.wait_for_url(f"{address}/k/*/")
    number = page.url.rstrip("/").rsplit("/", 1)[-1]
    for device, each in (("desktop", page), ("phone", phone_page)):
        each.goto(f"{address}/k/admin/app/{number}/")
        picture(each, tmp_path, f"large-{device}")
        each.goto(f"{address}/k/admin/app/{number}/views")
        picture(each, tmp_path, f"large-views-{device}")


@pytest.mark.slow
def test_axe_finds_nothing_on_the_designers_screens(page: t.Any, phone_page: t.Any, town: tuple[Services, str]) -> None:
    services, address = town
    ward = an_app("ward").text("name", required=True).choice("state", "受付", "入院").view("全件", "name", "state")
    deploy.create_app(services.engine, ward.json(), services.system("test"))
    paths = ("", "fields/state", "fields/new?label=x&type=NUMBER", "views", "settings", "json", "versions", "retired")
    for sheet in (page, phone_page):
        log_in(sheet, address)
        for path in (*(f"/k/admin/app/1/{path}" for path in paths), "/k/admin/app/new", "/search?q=a", "/help"):
            sheet.goto(f"{address}{path}")
            found = Axe().run(sheet, options={"resultTypes": ["violations"]}).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], path
