"""The settings of the app as a whole."""

from __future__ import annotations

import typing as t

import flask
from werkzeug.datastructures import MultiDict

from lowcode.definition.settings import ROUNDING
from lowcode.designer import drafting, frame
from lowcode.designer.bench import Bench, open_bench, read_draft, save
from lowcode.designer.blueprint import blueprint
from lowcode.errors import Conflict, Invalid, Problem
from lowcode.web import i18n, nav, state
from lowcode.web.forms import Option

Json = dict[str, t.Any]
SWITCHES: t.Final = (
    ("enableThumbnails", "thumbnails", True),
    ("enableBulkDeletion", "bulk_deletion", False),
    ("enableComments", "comments", True),
    ("enableDuplicateRecord", "duplicate_record", True),
    ("enableInlineRecordEditing", "inline_editing", True),
    ("personalData", "personal_data", False),
)
"""Key, word, what it is when a definition leaves it out."""
APP_ICONS: t.Final = (
    "table-2",
    "clipboard-list",
    "file-text",
    "users",
    "user",
    "stethoscope",
    "heart-pulse",
    "thermometer",
    "syringe",
    "pill",
    "test-tube",
    "hospital",
    "ambulance",
    "activity",
    "shield-check",
    "siren",
    "baby",
    "dog",
    "droplets",
    "flame",
    "leaf",
    "truck",
    "package",
    "boxes",
    "briefcase",
    "building-2",
    "landmark",
    "map-pin",
    "phone",
    "mail",
    "message-square",
    "megaphone",
    "bell",
    "calendar-days",
    "clock",
    "chart-column",
    "chart-line",
    "wallet",
    "wrench",
    "key-round",
    "lock",
    "book-open",
    "graduation-cap",
    "globe",
    "scan-barcode",
    "image",
    "star",
    "flag",
)


@blueprint.route("/<int:app>/settings", methods=["GET", "POST"])
def edit_settings(app: int) -> frame.Answer:
    """Name, icon, title, numbers, switches."""
    with state.reading() as space:
        bench = open_bench(space, app)
    if not isinstance(bench.raw.get("settings"), dict):
        return flask.redirect(flask.url_for("designer.edit_json", app=app))
    if flask.request.method == "GET":
        return _page(bench, bench.raw["settings"], str(bench.raw.get("code", "")), None)
    form = flask.request.form
    settings, code = read(form, bench.raw["settings"]), form.get("code", "").strip()
    try:
        with state.writing() as space:
            bench = open_bench(space, app)
            made = drafting.copied(bench.raw)
            made["settings"], made["code"] = settings, code
            _, _, problems = read_draft(bench.app, bench.live, made, bench.known)
            own = [p for p in problems if p.path[:1] in (("settings",), ("code",))]
            if own:
                raise Invalid(own)
            save(space, bench, made, frame.stamp())
    except (Invalid, Conflict) as error:
        with state.reading() as space:
            bench = open_bench(space, app)
        return _page(bench, settings, code, error), error.status
    frame.saved("settings")
    return flask.redirect(flask.url_for("designer.edit_settings", app=app))


def read(form: MultiDict[str, str], before: Json) -> Json:
    """The settings that the form describes; what it does not show stays."""
    made = dict(before)
    made["name"] = form.get("name", "").strip()
    english = form.get("english", "").strip()
    rest = {k: v for k, v in (made.get("names") or {}).items() if k != "en"}
    made["names"] = {**rest, **({"en": english} if english else {})}
    made["description"] = form.get("description", "").replace("\r\n", "\n")
    if icon := form.get("icon", ""):
        made["icon"] = {"type": "PRESET", "key": icon}
    made["hue"] = form.get("hue", "")
    made["space"] = form.get("space", "").strip()
    title = form.get("title", "")
    made["titleField"] = {"selectionMode": "MANUAL" if title else "AUTO", "code": title}
    made["numberPrecision"] = {
        "digits": form.get("digits", "").strip(),
        "decimalPlaces": form.get("decimalPlaces", "").strip(),
        "roundingMode": form.get("roundingMode", ""),
    }
    made["firstMonthOfFiscalYear"] = form.get("firstMonthOfFiscalYear", "")
    for key, _, _ in SWITCHES:
        made[key] = key in form
    return made


def hue_options() -> list[Option]:
    """The colours an app can have."""
    return [
        Option("", i18n.translate("designer.hue.auto")),
        *(Option(hue, i18n.translate(f"designer.hue.{hue}")) for hue in nav.HUES),
    ]


def _page(bench: Bench, settings: Json, code: str, error: Invalid | Conflict | None) -> str:
    problems = error.problems if isinstance(error, Invalid) else tuple(bench.at("settings"))
    precision = settings.get("numberPrecision")
    icon = settings.get("icon")
    key = icon.get("key", "") if isinstance(icon, dict) else ""
    definition = bench.definition
    titles = (
        []
        if definition is None
        else [
            Option(f.code, f.display_label(i18n.locale()))
            for f in definition.layout_order
            if f.stores_value and f.type_name not in ("SUBTABLE", "FILE") and definition.subtable_of(f.code) is None
        ]
    )
    chosen = settings.get("titleField")
    title = chosen.get("code", "") if isinstance(chosen, dict) and chosen.get("selectionMode") == "MANUAL" else ""
    hue = str(settings.get("hue", ""))
    return flask.render_template(
        "designer/settings.html",
        settings=settings,
        code=code,
        precision=precision if isinstance(precision, dict) else {},
        chosen_icon=key,
        icons=APP_ICONS if key in APP_ICONS or not key.islower() else (key, *APP_ICONS),
        hue=nav.BY_COLOUR.get(hue.lower(), hue),
        hues=hue_options(),
        titles=titles,
        title=title,
        spaces=sorted({each.settings.space for each in bench.visible.values() if each.settings.space}),
        rounding=[Option(mode, i18n.translate(f"designer.rounding.{mode}")) for mode in ROUNDING],
        months=[Option(str(n), i18n.translate("designer.month", number=n)) for n in range(1, 13)],
        switches=[
            (name, i18n.translate(f"definition.setting.{word}"), bool(settings.get(name, default)))
            for name, word, default in SWITCHES
        ],
        errors=_by_key(problems),
        problems=frame.refusal(error) if error else [],
        changed_name=isinstance(error, Conflict),
        **frame.context(bench, "settings"),
    )


def _by_key(problems: t.Iterable[Problem]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in problems:
        key = str(problem.path[-1]) if problem.path else ""
        if len(problem.path) > 1 and problem.path[1] in ("titleField", "icon", "names"):
            key = str(problem.path[1])
        found.setdefault(key, []).append(i18n.sentence(problem))
    return found
