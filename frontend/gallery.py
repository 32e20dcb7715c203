"""Render every shared component and the reference screens, photograph them, and let axe look at them.

    python frontend/gallery.py [--out docs/design-gallery] [--only list] [--no-axe]

Needs Playwright and a Chromium (``CHROMIUM`` or /usr/bin/chromium). Pages are served from a local port with the
product's own Content-Security-Policy, so an inline style or script shows up here as an error.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import sys
import tempfile
import threading
import typing as t
from dataclasses import dataclass
from pathlib import Path

import jinja2
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from examples import home as home_page  # noqa: E402  the script is started by path, so its neighbours are found only now
from examples import lists, records  # noqa: E402

from lowcode import messages  # noqa: E402
from lowcode.web import list_rows  # noqa: E402

STATIC = ROOT / "lowcode" / "web" / "static"
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
BROWSER_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OPTIONS = {
    "items": [
        {"value": 81, "label": "中央内科クリニック", "detail": "中央2-1-8　内科・呼吸器", "side": "020-000-1111"},
        {"value": 82, "label": "あおば中央病院", "detail": "西4-3-2　入院受入 12床", "side": "020-000-2222"},
        {"value": 83, "label": "中央小児科", "detail": "中央5-6-1　小児科", "side": "020-000-3333"},
    ]
}
OPEN_LOOKUP = """(() => {
  const box = document.querySelector('#f7');
  box.focus();
  box.value = '中央';
  box.dispatchEvent(new Event('input'));
})()"""
OPEN_MENU = "document.querySelector('.page-actions summary').click()"
FOCUS_TAB = "document.querySelector('.tab[aria-current]').focus()"
DESKTOP, LAPTOP, PHONE = (1440, 900), (1366, 768), (390, 844)


@dataclass(frozen=True)
class Shot:
    """One photograph: page, window, and what is done before it is taken."""

    page: str
    name: str
    size: tuple[int, int] = DESKTOP
    prepare: str = ""
    """JavaScript run in the page first."""
    forced: bool = False
    whole: bool = False
    ignore: tuple[str, ...] = ()
    """Rules of axe that do not apply: an open menu covers what lies below it."""


LARGE = {"size": 125, "density": "narrow", "focus": "strong", "rail": "folded"}

SHOTS = (
    Shot("list", "list-desktop"),
    Shot("list", "list-phone", PHONE),
    Shot("list-en", "list-desktop-en", LAPTOP),
    Shot("list", "list-forced-colours", forced=True),
    Shot("list-empty", "list-empty"),
    Shot("list", "list-tablet", (1024, 768)),
    Shot("record", "record-desktop"),
    Shot("record", "record-phone", PHONE, whole=True),
    Shot("edit", "edit-desktop", prepare=OPEN_LOOKUP),
    Shot("record", "record-menu", prepare=OPEN_MENU, ignore=("target-size",)),
    Shot("list-large", "list-large-narrow-strong", prepare=FOCUS_TAB),
    Shot("edit", "edit-phone", PHONE, whole=True),
    Shot("conflict", "conflict-desktop"),
    Shot("conflict", "conflict-phone", PHONE),
    Shot("portal", "portal-desktop"),
    Shot("portal", "portal-phone", PHONE, whole=True),
    Shot("login", "login-desktop"),
    Shot("login", "login-phone", PHONE),
    Shot("setup", "setup-desktop"),
    Shot("error", "error-desktop"),
    Shot("components", "components-desktop", (1440, 2300)),
    Shot("components", "components-phone", PHONE, whole=True),
    Shot("components", "components-narrow", (320, 640), whole=True),
    Shot("public", "public-phone", PHONE),
    Shot("public-error", "public-error-phone", PHONE),
)


def environment(locale: str = "ja") -> jinja2.Environment:
    """Jinja with the globals that the product gives to every template."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader([ROOT / "lowcode" / "web" / "templates", HERE / "gallery"]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(
        list_rows=list_rows,
        _=functools.partial(_sentence, locale),
        static=lambda path: f"/s/x/{path}",
        csrf_token=lambda: "token",
        url_for=lambda endpoint, **values: f"#{endpoint}",
        locale=locale,
    )
    return env


def _sentence(locale: str, code: str, /, **params: t.Any) -> str:
    return messages.text(code, locale, **params)


def pages() -> dict[str, str]:
    """Every gallery page as HTML, by name."""
    env = environment()
    ui = env.get_template("macros/ui.html").module
    english = environment("en")
    frame = home_page.frame()
    home = home_page.frame("")
    edit = records.edit_page()
    problem = [{"field": "birth", "text": "生年月日の「日」を入力してください"}]

    def render(name: str, *contexts: dict[str, t.Any], env: jinja2.Environment = env) -> str:
        return env.get_template(name).render({k: v for context in contexts for k, v in context.items()})

    empty = lists.list_page(ui)
    empty["table"] = {**empty["table"], "rows": [], "empty": {"action": "レコードを追加", "href": "#"}}
    return {
        "list": render("list.html", frame, lists.list_page(ui)),
        "list-en": render(
            "list.html",
            frame,
            lists.list_page(english.get_template("macros/ui.html").module, english=True),
            env=english,
        ),
        "list-large": render("list.html", frame, lists.list_page(ui), {"prefs": LARGE}),
        "list-empty": render("list.html", frame, empty, {"selection": None}),
        "record": render("record.html", frame, records.record_page(ui)),
        "edit": render("edit.html", frame, edit),
        "conflict": render("edit.html", frame, edit, {"conflict": records.conflict()}),
        "portal": render("portal.html", home, home_page.portal_page()),
        "login": render(
            "login.html",
            home,
            {"problems": [{"field": "login", "text": "ログイン名またはパスワードが違います"}], "login": "sato"},
        ),
        "setup": render("setup.html", home, {"step": 1, "need_code": True}),
        "password": render("password.html", home, {"forced": True}),
        "error": render(
            "error.html",
            home,
            {
                "title": "このページは見つかりません",
                "text": "アドレスが変わったか、見る権限がないかもしれません。",
                "code": "not_found",
            },
        ),
        "components": render(
            "components.html",
            home,
            {
                "areas": [{"value": "1", "label": "中央"}, {"value": "2", "label": "西"}],
                "url_of": lambda page: f"?page={page}",
                "get_flashed_messages": lambda with_categories: [
                    ("message", {"text": "3件を更新しました", "undo_url": "#"})
                ],
            },
        ),
        "public": render("public.html", home, {"problems": []}),
        "public-error": render("public.html", home, {"problems": problem}),
    }


class Handler(http.server.SimpleHTTPRequestHandler):
    """Gallery pages, static files of the product, and one list of options."""

    def translate_path(self, path: str) -> str:
        clean = path.split("?")[0].split("#")[0]
        if clean.startswith("/s/x/"):
            return str(STATIC / clean.removeprefix("/s/x/"))
        return super().translate_path(path)

    def do_GET(self) -> None:
        if self.path.startswith("/options.json"):
            body = json.dumps(OPTIONS).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: t.Any) -> None:
        """Quiet."""


def serve(folder: Path) -> http.server.ThreadingHTTPServer:
    """A server of ``folder`` on a free local port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _note_message(found: list[str], name: str, message: t.Any) -> None:
    if message.type == "error":
        found.append(f"{name}: {message.text}")


def _note_error(found: list[str], name: str, error: t.Any) -> None:
    found.append(f"{name}: {error}")


def photograph(out: Path, only: str, axe_wanted: bool) -> list[str]:
    """Take the photographs; returns what axe, the console or the reflow check found."""
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for name, html in pages().items():
            (Path(folder) / f"{name}.html").write_text(html, "utf-8")
        server = serve(Path(folder))
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=BROWSER_ARGS
        )
        for shot in SHOTS:
            if only and only not in shot.name:
                continue
            width, height = shot.size
            context = browser.new_context(
                viewport={"width": width, "height": height},
                device_scale_factor=2 if width < 500 else 1,
                locale="ja-JP",
                has_touch=width < 500,
                forced_colors="active" if shot.forced else "none",
            )
            page = context.new_page()
            page.on("console", functools.partial(_note_message, found, shot.name))
            page.on("pageerror", functools.partial(_note_error, found, shot.name))
            page.goto(f"http://127.0.0.1:{server.server_port}/{shot.page}.html")
            page.wait_for_load_state("networkidle")
            if shot.prepare:
                page.evaluate(shot.prepare)
                page.wait_for_timeout(600)
            page.wait_for_timeout(250)
            page.screenshot(path=str(out / f"{shot.name}.png"), full_page=shot.whole)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{shot.name}: the page is {wide} px wide in a window of {width}")
            if axe_wanted and not shot.forced:
                result = Axe().run(
                    page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
                )
                found += [
                    f"{shot.name}: axe {v['id']} ({v['impact']}): {v['help']} → {[n['target'] for n in v['nodes']][:4]}"
                    for v in result.response["violations"]
                    if v["id"] not in shot.ignore
                ]
            context.close()
        browser.close()
        server.shutdown()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "design-gallery")
    parser.add_argument("--only", default="", help="only photographs whose name contains this")
    parser.add_argument("--no-axe", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    found = photograph(options.out, options.only, not options.no_axe)
    print("\n".join(found) or "axe and the console found nothing")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
