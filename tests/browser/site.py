"""A running installation for Chromium: the three linked apps of ``tests/runtime/town.py`` behind a real server."""

from __future__ import annotations

import threading
import typing as t
from pathlib import Path

import sqlalchemy as sa
from werkzeug.serving import WSGIRequestHandler, make_server

from lowcode import app, db
from lowcode.records.record import Record
from lowcode.system import models
from tests.people import Browser as Client
from tests.runtime.town import PACKAGES, Town, a_row

if t.TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page


class Quiet(WSGIRequestHandler):
    """A server that does not write a line for each request."""

    def log(self, type: str, message: str, *args: t.Any) -> None:
        pass


class Site:
    """A town with a web server."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.town = Town(engine, folder)
        wsgi = app.create_app(services=self.town.services, packages=PACKAGES)
        self.server = make_server("127.0.0.1", 0, wsgi, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._cookies: dict[str, tuple[str, str]] = {}
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def enter(self, context: BrowserContext, login: str = "ito") -> None:
        """Give a browser the session of somebody who has logged in."""
        if login not in self._cookies:
            client = Client(self.town.services, PACKAGES)
            assert client.log_in(login).status_code == 302
            cookie = next(c for c in (client.client._cookies or {}).values() if "visit" not in c.key)
            self._cookies[login] = (cookie.key, cookie.value)
        name, value = self._cookies[login]
        context.add_cookies([{"name": name, "value": value, "url": self.url, "httpOnly": True}])

    def fill_in(self) -> None:
        """A few records of every app, once."""
        town = self.town
        if town.count(town.cases):
            return
        town.add(town.clinics, clinic="中央内科クリニック", phone="03-1111-1111", kind="診療所")
        town.add(town.clinics, clinic="あおば中央病院", phone="03-2222-2222", kind="病院")
        people = ("山田 花子", "鈴木 一郎", "高橋 美咲", "伊藤 健太", "渡辺 節子", "小林 大輔", "加藤 由美")
        for number in range(24):
            town.add(
                town.cases,
                no=f"C-{number + 1:04}",
                name=people[number % 7],
                kana="ヤマダ ハナコ",
                age=20 + number * 3,
                state=("受付", "調査中", "入院")[number % 3],
                risks=["高血圧"] if number % 2 else [],
                onset=f"2026-11-{number % 20 + 1:02}",
                staff=[{"code": "ito"}],
                clinic="中央内科クリニック",
                memo="発熱が続く。\n同居の母も体調不良。",
                family=[a_row(who="山田 一郎", years=70), a_row(who="山田 次郎", years=8)][: number % 3],
            )
        for day in range(1, 6):
            town.add(town.visits, case_no="C-0003", at=f"2026-11-{day:02}T01:00:00Z", temp=f"3{5 + day % 4}.{day}")

    def people(self) -> None:
        """A department and a group, once."""
        with db.writing(self.town.services.engine) as connection:
            if connection.scalar(sa.select(sa.func.count()).select_from(models.Organization.__table__)) == 0:
                connection.execute(sa.insert(models.Organization.__table__).values(code="yobo", name="保健予防課"))
                connection.execute(sa.insert(models.Group.__table__).values(code="nurses", name="保健師"))
                connection.execute(sa.text("UPDATE meta SET value = '1000' WHERE key = 'directory.version'"))

    def open(self, page: Page, path: str) -> Page:
        """Open a page and wait until its scripts have started."""
        page.goto(self.url + path, wait_until="load")
        return page

    def record(self, app: int, number: int) -> Record:
        """A record as it stands."""
        return self.town.record(app, number)


def save(page: Page) -> None:
    """Press the visible save button, and wait for the answer."""
    with page.expect_navigation():
        page.locator(".page-foot .save-button").click()


def control(page: Page, code: str) -> Locator:
    """The control of a field by its code."""
    return page.locator(f"[name='{code}']:not([type=hidden])").first


def guarded(page: Page) -> Page:
    """A form whose scripts have started."""
    page.wait_for_selector("form[data-guard][data-ready]")
    return page
