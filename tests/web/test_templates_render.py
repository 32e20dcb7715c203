"""The shared templates alone: every page renders in both languages, macros say what they promise."""

from __future__ import annotations

import functools
import html.parser
import re
import sys
import typing as t
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup

from lowcode import messages
from lowcode.web import list_rows

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "lowcode" / "web" / "templates"
VOID = {"input", "link", "meta", "br", "hr", "img", "use"}


MISSING: list[str] = []
"""Codes that a page asked for and that no language file has."""


@functools.cache
def environment(locale: str = "ja") -> jinja2.Environment:
    """Jinja as the product sets it up; sentences that do not exist are noted in ``MISSING``."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, ROOT / "frontend" / "gallery"]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def translate(code: str, /, **params: t.Any) -> str:
        if code not in messages.catalog(locale):
            MISSING.append(code)
        return messages.text(code, locale, **params)

    env.globals.update(
        list_rows=list_rows,
        _=translate,
        static=lambda path: f"/s/0/{path}",
        csrf_token=lambda: "token-1",
        url_for=lambda *a, **k: "#",
        locale=locale,
    )
    return env


class Checker(html.parser.HTMLParser):
    """Notes what is not closed, ids that stand twice, and inline styles."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.refs: set[str] = set()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        values = dict(attrs)
        if len(names) != len(set(names)):
            self.wrong.append(f"<{tag}> says something twice: {names}")
        if "style" in values:
            self.wrong.append(f"<{tag}> has a style")
        if (found := values.get("id")) is not None:
            self.ids.append(found)
        self.refs |= set((values.get("aria-describedby") or "").split()) | set(
            (values.get("aria-labelledby") or "").split()
        )
        if tag == "label" and values.get("for"):
            self.refs.add(str(values["for"]))
        if tag not in VOID and tag not in {"path", "rect", "circle", "polyline"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself."""

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes something else at {self.getpos()}")


def check(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.wrong == []
    assert checker.open == []
    assert sorted(checker.ids) == sorted(set(checker.ids))
    assert checker.refs - set(checker.ids) == set()
    return checker


FRAME: dict[str, t.Any] = {
    "site_name": "あおば市",
    "site_unit": "",
    "prefs": {},
    "nav": {},
    "me": {"name": "佐藤 美咲", "login": "sato", "initial": "佐"},
}
PAGES: tuple[tuple[str, dict[str, t.Any]], ...] = (
    ("layout.html", {}),
    ("layout.html", {"me": None, "nav": None}),
    ("layout.html", {"prefs": {"size": 125, "density": "narrow", "focus": "strong", "rail": "folded"}}),
    ("bare.html", {"me": None}),
    ("login.html", {"me": None}),
    ("login.html", {"me": None, "code": True, "next": "/k/3/", "providers": [{"name": "SSO", "url": "/oidc"}]}),
    ("login.html", {"me": None, "problems": [{"field": "login", "text": "違います"}]}),
    ("password.html", {"forced": True}),
    ("setup.html", {"me": None, "step": 1, "need_code": True}),
    ("setup.html", {"me": None, "step": 2, "hues": [{"value": "blue", "label": "青"}]}),
    ("setup.html", {"me": None, "step": 3, "templates": [{"value": "a", "label": "A", "hint": "12", "checked": True}]}),
    (
        "error.html",
        {"me": None, "title": "見つかりません", "code": "not_found", "request_id": "r1", "text": "戻ってください。"},
    ),
    ("portal.html", {}),
    (
        "portal.html",
        {"apps": [{"name": "台帳", "icon": "phone", "hue": "blue", "count": 12, "url": "/k/1/"}], "work": []},
    ),
    ("portal.html", {"create_url": "/new", "checklist": [{"label": "見る", "url": "#", "done": True}]}),
)


@pytest.mark.parametrize("locale", messages.LOCALES)
@pytest.mark.parametrize("name,context", PAGES)
def test_a_page_renders_with_little(name: str, context: dict[str, t.Any], locale: str) -> None:
    MISSING.clear()
    page = environment(locale).get_template(name).render({**FRAME, **context})
    check(page)
    assert MISSING == []
    assert f'<html lang="{locale}"' in page


def test_the_gallery_renders_and_its_pages_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "frontend"))
    from examples import home, lists, records  # the examples stand outside the package

    env = environment()
    ui = env.get_template("macros/ui.html").module
    frame = home.frame()
    shown = {
        "list.html": lists.list_page(ui),
        "record.html": records.record_page(ui),
        "edit.html": {**records.edit_page(), "conflict": records.conflict()},
        "portal.html": home.portal_page(),
    }
    for name, context in shown.items():
        checker = check(env.get_template(name).render({**frame, **context}))
        assert {"main", "live-polite", "live-assertive"} <= set(checker.ids)
    for name in [name for name in sys.modules if name.split(".")[0] == "examples"]:
        monkeypatch.delitem(sys.modules, name)


def ui(source: str, **context: t.Any) -> str:
    return environment().from_string("{% import 'macros/ui.html' as ui %}" + source).render(context).strip()


MACROS: tuple[tuple[str, dict[str, t.Any], tuple[str, ...]], ...] = (
    ("{{ ui.icon('search', 16) }}", {}, ('class="icon icon-16"', 'aria-hidden="true"', "lucide-sprite.svg#search")),
    ("{{ ui.button('保存', kind='primary') }}", {}, ('<button class="button button-primary" type="submit"', "保存")),
    (
        "{{ ui.button('閉じる', icon='x', icon_only=True, href='/a?b=1&c=2') }}",
        {},
        ('href="/a?b=1&amp;c=2"', '<span class="visually-hidden">閉じる</span>'),
    ),
    ("{{ ui.chip(word, 'red', 'triangle') }}", {"word": "<高>"}, ("hue-red", "chip-triangle", "&lt;高&gt;")),
    (
        "{{ ui.text_field('n', '氏名', required=True, hint='全角', error='入れてください') }}",
        {},
        (
            'for="f-n"',
            "※必須",
            'aria-describedby="f-n-hint f-n-errors"',
            'aria-invalid="true"',
            'aria-required="true"',
            'id="f-n-errors"',
        ),
    ),
    ("{{ ui.text_field('n', '数', value=0) }}", {}, ('value="0"',)),
    ("{{ ui.text_field('n', '空', value=None) }}", {}, ('value=""',)),
    ("{{ ui.textarea_field('m', 'メモ', value='</textarea>') }}", {}, ("&lt;/textarea&gt;",)),
    (
        "{{ ui.select_field('s', '地区', [{'value': 1, 'label': '中央'}], value='1', empty='選ぶ') }}",
        {},
        ('<option value="1" selected>', '<option value="">選ぶ'),
    ),
    (
        "{{ ui.radio_field('r', '有無', [{'value': 'a', 'label': 'あり'}], value='a', error='選んでください') }}",
        {},
        ("<fieldset", "<legend", "checked", "is-wrong", 'aria-describedby="f-r-errors"'),
    ),
    (
        "{{ ui.error_summary([{'field': 'a', 'text': 'A'}, {'href': '#b', 'text': 'B'}]) }}",
        {},
        ("入力に2件の誤りがあります", 'href="#f-a"', 'href="#b"', 'tabindex="-1"'),
    ),
    ("{{ ui.error_summary([]) }}", {}, ()),
    (
        "{{ ui.toast('3件を更新しました', '/undo/4') }}",
        {},
        ('action="/undo/4"', 'value="token-1"', "元に戻す", 'data-seconds="10"'),
    ),
    ("{% call ui.menu('そのほか') %}<a href='#'>A</a>{% endcall %}", {}, ("<details", "<summary", "menu-list")),
    (
        "{{ ui.tabs([{'label': 'A', 'url': '/a', 'current': True, 'count': 0}], '一覧') }}",
        {},
        ('aria-current="page"', ">0<"),
    ),
    (
        "{{ ui.pagination(3, 9, url_of) }}",
        {"url_of": lambda n: f"?p={n}"},
        ('href="?p=2" rel="prev"', 'aria-current="page">3<', 'href="?p=9"', "…"),
    ),
    (
        "<table><tr>{{ ui.sort_head('番号', '?o=1', 'descending', True) }}</tr></table>",
        {},
        ('aria-sort="descending"', 'class="num ', "arrow-down"),
    ),
    ("{{ ui.change('体温', '', 37.8) }}", {}, ("<del>空</del>", "<ins>37.8</ins>")),
    (
        "{{ ui.process_bar([{'label': '受付', 'state': 'done'}, {'label': '調査', 'state': 'now'}]) }}",
        {},
        ('aria-current="step"', "済み", "process-now"),
    ),
    ("{{ ui.filter_chips([{'field': '状態', 'words': 'が 受付', 'remove_url': '?'}]) }}", {}, ("条件「状態」を外す",)),
    (
        "{% call ui.dialog('d', '題', small=True, open=True) %}本文{% endcall %}",
        {},
        ("<dialog", "data-open-now", 'aria-labelledby="d-title"'),
    ),
    ("{% call ui.dialog('d', '題', page=True) %}本文{% endcall %}", {}, ("<section", "dialog-page")),
    ("{% call ui.card('A', number=0, fold=True, open=False) %}x{% endcall %}", {}, ("<details", "<summary", ">0<")),
    ("{{ ui.empty_state('ありません', action='追加', href='/new') }}", {}, ('href="/new"', "追加")),
    ("{{ ui.comment('佐藤', '今日', text, url='#c3') }}", {"text": Markup("<b>x</b>")}, ("<b>x</b>", 'id="c3"')),
)


@pytest.mark.parametrize("source,context,expected", MACROS)
def test_a_macro_says_what_it_promises(source: str, context: dict[str, t.Any], expected: tuple[str, ...]) -> None:
    made = ui(source, **context)
    for part in expected:
        assert part in made
    if not expected:
        assert made == ""


def test_every_sentence_of_the_frame_is_used_and_exists() -> None:
    everywhere = "".join(p.read_text("utf-8") for p in (ROOT / "lowcode").rglob("*.html"))
    everywhere += "".join(p.read_text("utf-8") for p in (ROOT / "lowcode").rglob("*.py"))
    used = set(re.findall(r"""['"](web\.[a-z_]+)['"]""", everywhere))
    written = {code for code in messages.catalog("ja") if code.startswith("web.") and code.count(".") == 1}
    assert {code for code in used if code not in written} == set()


def test_every_macro_is_reachable_through_ui() -> None:
    reached = environment().get_template("macros/ui.html").module
    for path in TEMPLATES.glob("macros/*.html"):
        for name in re.findall(r"\{%-? macro ([a-z]\w*)\(", path.read_text("utf-8")):
            assert hasattr(reached, name), f"{path.name}: {name}"
