"""What every screen of the designer shows around its content: the app, tabs, the state of the draft."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass

import flask
from werkzeug.wrappers import Response

from lowcode.access.actor import Actor
from lowcode.designer import words
from lowcode.designer.bench import Bench, Stamp
from lowcode.errors import Invalid, LowcodeError, Path, Problem
from lowcode.records.catalog import LiveApp
from lowcode.web import i18n, nav, state
from lowcode.web.errors import ProblemLine

Answer = str | Response | tuple[str, int]
TABS: t.Final = (
    ("fields", "", "list"),
    ("views", "views", "table-2"),
    ("settings", "settings", "settings"),
    ("rights", "rights/see-as", "shield-check"),
    ("json", "json", "braces"),
    ("versions", "versions", "history"),
)


@dataclass(frozen=True)
class Line:
    """One problem of a draft: where, what, and the screen on which it is mended."""

    place: str
    text: str
    url: str


def context(bench: Bench, tab: str) -> dict[str, t.Any]:
    """The variables of ``designer/base.html``."""
    base = f"/k/admin/app/{bench.app.id}"
    hue = str((bench.raw.get("settings") or {}).get("hue", "")) if isinstance(bench.raw.get("settings"), dict) else ""
    icon = bench.raw.get("settings") or {}
    key = icon.get("icon", {}).get("key", "") if isinstance(icon, dict) and isinstance(icon.get("icon"), dict) else ""
    return {
        "bench": bench,
        "base": base,
        "app_name": bench.name,
        "app_icon": key if isinstance(key, str) and key.islower() else "table-2",
        "app_hue": nav.app_hue(hue, bench.app.id),
        "designer_tabs": [
            {
                "label": i18n.translate(f"designer.tab.{name}"),
                "url": f"{base}/{path}",
                "icon": icon_name,
                "current": name == tab,
            }
            for name, path, icon_name in TABS
        ],
        "problem_lines": problem_lines(bench, bench.problems),
        "change_count": len(bench.changes),
    }


def problem_lines(bench: Bench, problems: Iterable[Problem]) -> list[Line]:
    """Problems with their places in words and links."""
    return [
        Line(words.place_words(p.path, bench.definition), i18n.sentence(p), words.place_url(bench.app.id, p.path))
        for p in problems
    ]


def stamp() -> Stamp:
    """What the form was drawn from. Raises :class:`Invalid` for a form without it."""
    live, _, revision = flask.request.form.get("revision", "").partition(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (live, revision)):
        raise Invalid([Problem(code="designer.no_revision")])
    return Stamp(int(live), int(revision))


def refusal(error: LowcodeError) -> list[ProblemLine]:
    """What a form says above itself when it could not be saved."""
    if isinstance(error, Invalid):
        return [ProblemLine(i18n.sentence(problem), field=_field(problem.path)) for problem in error.problems]
    return [ProblemLine(i18n.translate(error.code, **error.params))]


def _field(path: Path) -> str:
    return next((str(step) for step in reversed(path) if isinstance(step, str)), "")


def saved(key: str, /, **params: t.Any) -> None:
    """Say at the next page that the draft was kept."""
    flask.flash(i18n.translate(f"designer.saved.{key}", **params))


def system_for_counting() -> Actor:
    """Counts must tell the whole truth about data, whatever the designer's own view of the records is."""
    return state.services().system("designer: counting values")


def live_link(live: LiveApp) -> nav.AppLink:
    """An app as cards and choices show it."""
    return nav.app_link(live)
