"""Views (saved lists): added, edited, moved, deleted in the draft."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import flask
from werkzeug.datastructures import MultiDict

from lowcode.definition.schema import AppDefinition
from lowcode.designer import drafting, frame
from lowcode.designer.bench import Bench, open_bench, read_draft, save
from lowcode.designer.blueprint import blueprint
from lowcode.errors import Conflict, Invalid, NotFound, Problem
from lowcode.fields.subtable import SubtableField
from lowcode.query import kintone
from lowcode.web import i18n, state
from lowcode.web.errors import ProblemLine
from lowcode.web.forms import Option

Json = dict[str, t.Any]
Form = MultiDict[str, str]
SORT_KEYS: t.Final = 3
PLAIN_KINDS: t.Final = ("LIST", "CALENDAR")


@blueprint.get("/<int:app>/views")
def list_views(app: int) -> frame.Answer:
    """The views of the draft."""
    with state.reading() as space:
        bench = open_bench(space, app)
    return _list_page(bench)


def _list_page(bench: Bench, problems: t.Sequence[ProblemLine] = (), status: int = 200) -> frame.Answer:
    rows = []
    for name, view in drafting.ordered_views(bench.raw):
        shown = view.get("fields") if isinstance(view.get("fields"), list) else []
        rows.append(
            {
                "name": name,
                "view": view,
                "columns": [_label(bench.definition, str(code)) for code in shown or ()],
                "problems": [i18n.sentence(p) for p in bench.at("views", name)],
            }
        )
    return flask.render_template(
        "designer/views.html", views=rows, problems=problems, **frame.context(bench, "views")
    ), status


def _label(definition: AppDefinition | None, code: str) -> str:
    field = definition.find(code) if definition is not None else None
    return field.display_label(i18n.locale()) if field is not None else code


@blueprint.post("/<int:app>/views/move")
def move_view(app: int) -> frame.Answer:
    """One place up or down among the tabs."""
    form = flask.request.form
    try:
        with state.writing() as space:
            bench = open_bench(space, app)
            step = -1 if form.get("how") == "up" else 1
            save(space, bench, drafting.move_view(bench.raw, form.get("name", ""), step), frame.stamp())
    except Conflict as error:
        return _refused(app, error)
    return flask.redirect(flask.url_for("designer.list_views", app=app))


@blueprint.post("/<int:app>/views/delete")
def delete_view(app: int) -> frame.Answer:
    """Take a view out of the draft."""
    name = flask.request.form.get("name", "")
    try:
        with state.writing() as space:
            bench = open_bench(space, app)
            save(space, bench, drafting.delete_view(bench.raw, name), frame.stamp())
    except Conflict as error:
        return _refused(app, error)
    frame.saved("view_deleted", name=name)
    return flask.redirect(flask.url_for("designer.list_views", app=app))


def _refused(app: int, error: Conflict) -> frame.Answer:
    with state.reading() as space:
        bench = open_bench(space, app)
    return _list_page(bench, frame.refusal(error), error.status)


# -- one view --------------------------------------------------------------------------------------


@blueprint.route("/<int:app>/views/edit", methods=["GET", "POST"])
def edit_view(app: int) -> frame.Answer:
    """Add a view (without ``name``), or change one."""
    name = flask.request.args.get("name", "")
    with state.reading() as space:
        bench = open_bench(space, app)
    if not bench.readable:
        return flask.redirect(flask.url_for("designer.edit_json", app=app))
    stored = dict(drafting.ordered_views(bench.raw))
    if name and name not in stored:
        raise NotFound("definition.no_such_view", name=name[:128])
    before = stored.get(
        name, {"type": "LIST", "name": "", "fields": _first_columns(bench), "filterCond": "", "sort": ""}
    )
    if flask.request.method == "GET":
        problems = (
            [Problem(code=p.code, path=p.path[2:], params=p.params) for p in bench.at("views", name)] if name else []
        )
        return _edit_page(bench, name, before, problems, [])
    view = _read(flask.request.form, before)
    try:
        with state.writing() as space:
            bench = open_bench(space, app)
            _check_name(view)
            made = drafting.put_view(bench.raw, name, view)
            found = _problems(bench, made, view["name"])
            if found and "keep" not in flask.request.form:
                raise Invalid(found)
            save(space, bench, made, frame.stamp())
    except (Invalid, Conflict) as error:
        with state.reading() as space:
            bench = open_bench(space, app)
        problems = list(error.problems) if isinstance(error, Invalid) else []
        return _edit_page(bench, name, view, problems, frame.refusal(error)), error.status
    frame.saved("view_saved", name=view["name"])
    return flask.redirect(flask.url_for("designer.list_views", app=app))


def _check_name(view: Json) -> None:
    if not view["name"]:
        raise Invalid([Problem(code="setting.missing", path=("name",))])


def _problems(bench: Bench, made: Json, name: str) -> list[Problem]:
    _, _, problems = read_draft(bench.app, bench.live, made, bench.known)
    return [Problem(code=p.code, path=p.path[2:], params=p.params) for p in problems if p.path[:2] == ("views", name)]


def _first_columns(bench: Bench) -> list[str]:
    if bench.definition is None:
        return []
    found = [
        f.code
        for f in bench.definition.layout_order
        if f.stores_value and not isinstance(f, SubtableField) and not hasattr(f, "system_column")
    ]
    return found[:6]


def _read(form: Form, before: Json) -> Json:
    """The view that the form describes; what the form does not show stays."""
    made = dict(before)
    made["name"] = form.get("name", "").strip()
    if form.get("type") in PLAIN_KINDS:
        made["type"] = form["type"]
    placed: list[tuple[float, int, str]] = []
    for key, place in form.items():
        if key.startswith("column.") and place.strip():
            placed.append((_place(place), len(placed), key.removeprefix("column.")))
    kept = [code for code in before.get("fields") or () if f"column.{code}" not in form] if before.get("fields") else []
    made["fields"] = [*(code for _, _, code in sorted(placed)), *kept]
    made["filterCond"] = " ".join(form.get("filterCond", "").split())
    made["sort"] = _read_sort(form)
    for key in ("date", "title"):
        if made["type"] == "CALENDAR":
            made[key] = form.get(key, "")
        elif not made.get(key):
            made.pop(key, None)
    english = form.get("english", "").strip()
    rest = {k: v for k, v in (made.get("names") or {}).items() if k != "en"}
    made["names"] = {**rest, **({"en": english} if english else {})}
    return made


def _place(text: str) -> float:
    plain = text.strip().replace("．", ".")
    try:
        return float(plain) if plain.isascii() else 1e6
    except ValueError:
        return 1e6


def _read_sort(form: Form) -> str:
    if "sort" in form:
        return " ".join(form["sort"].split())
    keys = []
    for at in range(SORT_KEYS):
        if code := form.get(f"sort.{at}.field", ""):
            keys.append(f"{code} {'desc' if form.get(f'sort.{at}.order') == 'desc' else 'asc'}")
    return ", ".join(keys)


@dataclass(frozen=True)
class SortRow:
    """One key of a sort text."""

    field: str = ""
    descending: bool = False


def _sort_rows(text: str) -> list[SortRow] | None:
    """A sort text as rows; None when it says more than the rows can."""
    try:
        keys = kintone.parse_order(text) if text.strip() else ()
    except Invalid:
        return None
    if len(keys) > SORT_KEYS:
        return None
    rows = [SortRow(key.field, key.descending) for key in keys]
    return rows + [SortRow()] * (SORT_KEYS - len(rows))


@dataclass(frozen=True)
class Marked:
    """A filter text around its first mistake."""

    before: str
    wrong: str
    after: str


def marked(text: str, problems: t.Iterable[Problem]) -> Marked | None:
    """The text with the place of its first mistake; None when no problem names a place in it."""
    places = [p.params.get("position", 0) for p in problems if p.path == ("filterCond",)]
    found = [place for place in places if isinstance(place, int) and place > 0]
    if not found or not text:
        return None
    at = min(min(found) - 1, len(text))
    end = at
    while end < len(text) and not text[end].isspace():
        end += 1
    return Marked(text[:at], text[at : max(end, at + 1)] or " ", text[max(end, at + 1) :])


def _edit_page(
    bench: Bench, name: str, view: Json, problems: t.Sequence[Problem], lines: t.Sequence[ProblemLine]
) -> str:
    definition = bench.definition
    fields = (
        []
        if definition is None
        else [
            f
            for f in (*definition.layout_order, *(i for s in definition.subtables for i in s.fields))
            if (f.stores_value or isinstance(f, SubtableField)) and f.type_name != "GROUP"
        ]
    )
    seen = dict.fromkeys(f.code for f in fields)
    shown = [str(code) for code in view.get("fields") or ()]
    locale = i18n.locale()
    labels = {f.code: f.display_label(locale) for f in fields}
    columns = [
        (code, labels.get(code, code), str(shown.index(code) + 1) if code in shown else "")
        for code in [*shown, *(code for code in seen if code not in shown)]
    ]
    by_key: dict[str, list[str]] = {}
    for problem in problems:
        by_key.setdefault(str(problem.path[0]) if problem.path else "", []).append(i18n.sentence(problem))
    dates = [
        Option(f.code, labels[f.code])
        for f in fields
        if f.type_name in ("DATE", "DATETIME", "CREATED_TIME", "UPDATED_TIME")
    ]
    sortable = [
        Option(f.code, labels[f.code])
        for f in fields
        if f.sortable and definition is not None and definition.subtable_of(f.code) is None
    ]
    return flask.render_template(
        "designer/view.html",
        name=name,
        view=view,
        columns=columns,
        errors=by_key,
        problems=lines,
        sort_rows=_sort_rows(str(view.get("sort", ""))),
        sortable=sortable,
        dates=dates,
        codes=sorted(labels.items()),
        titles=[Option(code, label) for code, label in labels.items()],
        marked=marked(str(view.get("filterCond", "")), problems),
        kinds=[Option(kind, i18n.translate(f"designer.view.{kind}")) for kind in PLAIN_KINDS],
        **frame.context(bench, "views"),
    )
