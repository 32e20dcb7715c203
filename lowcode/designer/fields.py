"""Adding, changing, retiring and restoring fields."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import flask
from werkzeug.datastructures import MultiDict

from lowcode.definition.codec import property_json
from lowcode.definition.complete import SYSTEM_TYPES
from lowcode.definition.related import references
from lowcode.deploy import versions
from lowcode.designer import controls, drafting, frame, outline, placing, proposals, words
from lowcode.designer.bench import Bench, open_bench, read_draft, save
from lowcode.designer.blueprint import blueprint
from lowcode.designer.overview import type_options
from lowcode.errors import Conflict, Invalid, NotFound, Problem
from lowcode.fields.base import Field
from lowcode.fields.lookup import LOOKUPS
from lowcode.fields.registry import TYPES
from lowcode.query import ast
from lowcode.records.workspace import Workspace
from lowcode.web import i18n, state
from lowcode.web.errors import ProblemLine
from lowcode.web.forms import Option

Json = dict[str, t.Any]
Form = MultiDict[str, str]
FILLED: t.Final[tuple[tuple[str, tuple[str, ...]], ...]] = (("is not empty", ()), ("!=", ("",)), ("not in", ("",)))
"""How a field is asked whether it holds something; the first way that its type knows."""


# -- adding ----------------------------------------------------------------------------------------


@blueprint.get("/<int:app>/fields/new")
def new_field(app: int) -> frame.Answer:
    """The settings of a field that is to be added."""
    args = flask.request.args
    label = args.get("label", "").strip()
    kind, extra = (args.get("type", ""), {}) if args.get("type") else proposals.by_label(label)
    with state.reading() as space:
        bench = _bench(space, app)
    settings = {**extra, "label": label, "code": proposals.code_for(label, drafting.codes(bench.raw)) if label else ""}
    return _new_page(bench, kind, settings, args.get("place", ""), None)


@blueprint.post("/<int:app>/fields/new")
def add_field(app: int) -> frame.Answer:
    """Add the field to the draft."""
    form = flask.request.form
    kind, place = form.get("type", ""), form.get("place", "")
    with state.reading() as space:
        bench = _bench(space, app)
    _class_of(kind)
    settings, _ = _read(kind, form, {}, bench)
    try:
        with state.writing() as space:
            bench = _bench(space, app)
            made = _with_new(bench, kind, settings, place)
            problems = _own_problems(bench, made, settings["code"])
            if problems and "keep" not in form:
                raise Invalid(problems)
            save(space, bench, made, frame.stamp())
    except (Invalid, Conflict) as error:
        with state.reading() as space:
            bench = _bench(space, app)
        return _new_page(bench, kind, settings, place, error), error.status
    frame.saved("field_added", label=settings["label"])
    return flask.redirect(flask.url_for("designer.overview", app=app) + f"#part-{settings['code']}")


def _with_new(bench: Bench, kind: str, settings: Json, place: str) -> Json:
    where, _, key = place.partition(":")
    if kind in drafting.LAYOUT_ONLY:
        return drafting.add_part(bench.raw, kind, settings["label"], after=key if where == "after" else "")
    if not settings["code"]:
        raise Invalid([Problem(code="setting.missing", path=("code",))])
    try:
        return drafting.add_field(
            bench.raw, settings, table=key if where == "table" else "", after=key if where == "after" else ""
        )
    except NotFound:
        return drafting.add_field(bench.raw, settings)


def _new_page(bench: Bench, kind: str, settings: Json, place: str, error: Invalid | Conflict | None) -> str:
    target = _class_of(kind)
    form = flask.request.form if flask.request.method == "POST" else None
    problems = error.problems if isinstance(error, Invalid) else ()
    drawn = (
        []
        if kind in drafting.LAYOUT_ONLY
        else controls.draw(
            target,
            _typed(kind, settings),
            own=sorted(drafting.codes(bench.raw)),
            apps=bench.visible,
            problems=problems,
            form=form,
        )
    )
    return flask.render_template(
        "designer/field_new.html",
        kind=kind,
        kind_words=words.type_words(kind),
        settings=settings,
        controls=drawn,
        more=controls.MORE,
        types=type_options(),
        place=place,
        places=[Option(*pair) for pair in outline.place_choices(bench)],
        errors=_by_key(problems),
        problems=frame.refusal(error) if error else [],
        bare=kind in drafting.LAYOUT_ONLY,
        **frame.context(bench, "fields"),
    )


# -- changing --------------------------------------------------------------------------------------


@blueprint.get("/<int:app>/fields/<code>")
def edit_field(app: int, code: str) -> frame.Answer:
    """A field's settings."""
    with state.reading() as space:
        bench = _bench(space, app)
        settings = _settings(bench, code)
        return _edit_page(bench, code, settings, None)


@blueprint.post("/<int:app>/fields/<code>")
def change_field(app: int, code: str) -> frame.Answer:
    """Keep a field's settings in the draft."""
    form = flask.request.form
    settings: Json = {}
    try:
        with state.writing() as space:
            bench = _bench(space, app)
            before = _settings(bench, code)
            kind = words.type_of(before)
            settings, renamed = _read(f"LOOKUP:{before['type']}" if kind == "LOOKUP" else kind, form, before, bench)
            made = drafting.change_field(bench.raw, code, settings, renamed)
            problems = _own_problems(bench, made, settings["code"])
            if problems and "keep" not in form:
                raise Invalid(problems)
            save(space, bench, made, frame.stamp())
    except (Invalid, Conflict) as error:
        with state.reading() as space:
            bench = _bench(space, app)
        return _edit_page(bench, code, {**_settings(bench, code), **settings}, error), error.status
    frame.saved("field_changed", label=settings["label"])
    return flask.redirect(flask.url_for("designer.overview", app=app) + f"#part-{settings['code']}")


@blueprint.post("/<int:app>/fields/<code>/type")
def change_type(app: int, code: str) -> frame.Answer:
    """Give a field another type; what its values become is shown before publishing."""
    kind = flask.request.form.get("type", "")
    with state.writing() as space:
        bench = _bench(space, app)
        _class_of(kind)
        if kind in drafting.LAYOUT_ONLY or kind in ("SUBTABLE", "GROUP"):
            raise NotFound("not_found")
        made = drafting.copied(bench.raw)
        owner, _ = drafting.owner_of(made, code)
        _changeable(owner[code])
        owner[code] = drafting.retype(owner[code], kind)
        placing.find(made["layout"], code).part["type"] = owner[code]["type"]
        save(space, bench, made, frame.stamp())
    frame.saved("type_changed", label=owner[code].get("label", code), type=words.type_words(kind))
    return flask.redirect(flask.url_for("designer.edit_field", app=app, code=code))


def _edit_page(bench: Bench, code: str, settings: Json, error: Invalid | Conflict | None) -> str:
    path = drafting.path_of(bench.raw, code)
    inside = tuple(p for p in bench.problems if p.path[: len(path)] == path)
    problems: tuple[Problem, ...] = tuple(
        Problem(code=p.code, path=p.path[len(path) :], params=p.params) for p in inside
    )
    if isinstance(error, Invalid):
        problems = error.problems
    form = flask.request.form if error is not None else None
    target = controls.field_type(settings)
    shown = _settings(bench, code) if form is not None else settings
    drawn = (
        []
        if target is None
        else controls.draw(
            target,
            {**settings, "options": shown.get("options", {})} if "options" in settings else settings,
            own=sorted(drafting.codes(bench.raw)),
            apps=bench.visible,
            problems=problems,
            form=form,
            published=_published_options(bench, settings),
        )
    )
    kind = words.type_of(settings)
    return flask.render_template(
        "designer/field.html",
        code=code,
        settings=settings,
        kind=kind,
        kind_words=words.type_words(kind),
        controls=drawn,
        more=controls.MORE,
        errors=_by_key(problems),
        problems=frame.refusal(error) if error else [ProblemLine(i18n.sentence(p)) for p in inside],
        types=[
            (family, [o for o in found if o.value.split(":")[0] not in ("SUBTABLE", "GROUP", "LABEL", "HR", "SPACER")])
            for family, found in type_options()
        ],
        system=settings.get("type") in SYSTEM_TYPES,
        columns=_columns(bench, code) if kind == "SUBTABLE" else (),
        uses=uses(bench, code),
        **frame.context(bench, "fields"),
    )


def _columns(bench: Bench, code: str) -> list[outline.Entry]:
    inner = bench.raw["properties"].get(code, {}).get("fields") or {}
    return [entry for entry in outline.entries(bench) if entry.code in inner]


def _published_options(bench: Bench, settings: Json) -> list[int]:
    field = bench.live.by_id(settings.get("id", 0)) if bench.live is not None else None
    return [option.id for option in getattr(field, "options", ())]


# -- retiring and restoring ------------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """Something that names a field."""

    place: str
    url: str
    breaks: bool
    """Whether it is wrong once the field is gone; otherwise it simply shows one field less."""


def uses(bench: Bench, code: str) -> list[Use]:
    """What names a field, found by taking it away and looking at what is wrong then."""
    without = drafting.retire_field(bench.raw, code)
    _, _, problems = read_draft(bench.app, None, without, bench.known)
    before = {(p.code, p.path) for p in bench.problems}
    found = [
        Use(i18n.translate("designer.use.column", name=name), f"/k/admin/app/{bench.app.id}/views", False)
        for name, view in drafting.ordered_views(bench.raw)
        if code in (view.get("fields") or ())
    ]
    places = {p.path: p for p in problems if (p.code, p.path) not in before and p.path[:1] != ("layout",)}
    found += [
        Use(words.place_words(path, bench.definition), words.place_url(bench.app.id, path), True) for path in places
    ]
    for other in bench.known.values():
        for reference in references(other) if other.code != bench.app.code else ():
            if reference.app == bench.app.code and code in _named(reference.part):
                label = reference.field.display_label(i18n.locale())
                found.append(Use(i18n.translate("designer.use.app", app=other.name, label=label), "", True))
    return found


def _named(part: t.Any) -> set[str]:
    names = {getattr(part, key, "") for key in ("related_key_field", "related_field", "field", "order_field")}
    names |= {mapping.related_field for mapping in getattr(part, "field_mappings", ())}
    names |= set(getattr(part, "display_fields", ())) | set(getattr(part, "lookup_picker_fields", ()))
    condition = getattr(part, "condition", None)
    return names | ({condition.related_field} if condition is not None else set())


@blueprint.route("/<int:app>/fields/<code>/retire", methods=["GET", "POST"])
def retire_field(app: int, code: str) -> frame.Answer:
    """Take a field off the form; its values stay."""
    if flask.request.method == "POST":
        with state.writing() as space:
            bench = _bench(space, app)
            settings = _settings(bench, code)
            _changeable(settings)
            save(space, bench, drafting.retire_field(bench.raw, code), frame.stamp())
        frame.saved("field_retired", label=settings.get("label", code))
        return flask.redirect(flask.url_for("designer.overview", app=app))
    with state.reading() as space:
        bench = _bench(space, app)
        settings = _settings(bench, code)
        _changeable(settings)
        count = filled(space, bench, settings.get("id", 0))
    return flask.render_template(
        "designer/retire.html",
        code=code,
        settings=settings,
        uses=uses(bench, code),
        filled_count=count,
        kind_words=words.type_words(words.type_of(settings)),
        **frame.context(bench, "fields"),
    )


def filled(space: Workspace, bench: Bench, field_id: int) -> int:
    """How many records hold a value in a field of the live version."""
    field = bench.live.by_id(field_id) if bench.live is not None else None
    if field is None or bench.live is None or not field.stores_value or bench.live.subtable_of(field.code):
        return 0
    reader = space.acting_as(frame.system_for_counting()).reader(bench.app.id)
    for operator, operands in FILLED:
        if operator in field.operators:
            return reader.count(ast.Compare(field.code, operator, tuple(ast.Literal(each) for each in operands)))
    # A type that cannot be asked for emptiness; every record may hold something.
    return reader.count()


@dataclass(frozen=True)
class Retired:
    """A field of an older version that the draft does not have."""

    id: int
    code: str
    label: str
    kind_words: str
    version: int
    table: str
    settings: Json


def retired_fields(space: Workspace, bench: Bench) -> list[Retired]:
    """The fields of older versions that are gone, as their newest version has them."""
    present = {settings.get("id") for _, settings, _ in drafting.all_fields(bench.raw)}
    found: dict[int, Retired] = {}
    for version in versions.list_versions(space.connection, bench.app.id):
        if version.version == bench.app.live_version and not bench.has_draft:
            continue
        definition = versions.definition_of(space.connection, bench.app.id, version.version)
        for field in definition.all_fields:
            if field.id in present or field.id in found or field.type_name in SYSTEM_TYPES:
                continue
            home = definition.subtable_of(field.code)
            if home is not None and home.id not in present:
                continue  # it comes back with its table
            found[field.id] = _retired(field, version.version, home.code if home else "")
    return list(found.values())


def _retired(field: Field, version: int, table: str) -> Retired:
    settings = property_json(field)
    return Retired(
        field.id,
        field.code,
        field.display_label(i18n.locale()),
        words.type_words(words.type_of(settings)),
        version,
        table,
        settings,
    )


@blueprint.route("/<int:app>/retired", methods=["GET", "POST"])
def restore_field(app: int) -> frame.Answer:
    """The fields of older versions; each can come back with its values."""
    problems: list[ProblemLine] = []
    status = 200
    if flask.request.method == "POST":
        try:
            with state.writing() as space:
                bench = _bench(space, app)
                wanted = flask.request.form.get("id", "")
                found = next((r for r in retired_fields(space, bench) if str(r.id) == wanted), None)
                if found is None:
                    raise NotFound("definition.no_such_field", code=wanted)
                made = drafting.restore_field(bench.raw, found.code, found.settings, found.table)
                save(space, bench, made, frame.stamp())
        except (Invalid, Conflict) as error:
            problems, status = frame.refusal(error), error.status
        else:
            frame.saved("field_restored", label=found.label)
            return flask.redirect(flask.url_for("designer.overview", app=app) + f"#part-{found.code}")
    with state.reading() as space:
        bench = _bench(space, app)
        gone = retired_fields(space, bench)
    return flask.render_template(
        "designer/retired.html", retired=gone, problems=problems, **frame.context(bench, "fields")
    ), status


# -- shared ----------------------------------------------------------------------------------------


def _bench(space: Workspace, app: int) -> Bench:
    """A bench whose fields can be shown; a draft beyond that is mended as JSON first."""
    bench = open_bench(space, app)
    if not bench.readable:
        raise Invalid([Problem(code="designer.mend_json")])
    return bench


def _settings(bench: Bench, code: str) -> Json:
    owner, _ = drafting.owner_of(bench.raw, code)
    return t.cast(Json, owner[code])


def _changeable(settings: Json) -> None:
    if settings.get("type") in SYSTEM_TYPES:
        raise Invalid([Problem(code="designer.system_field")])


def _base(kind: str) -> str:
    return kind.partition(":")[0]


def _class_of(kind: str) -> type[Field]:
    base, _, lookup = kind.partition(":")
    found = LOOKUPS.get(lookup) if base == "LOOKUP" else TYPES.get(base)
    if kind not in proposals.OFFERED or found is None:
        raise NotFound("setting.unknown_type", value=kind[:40])
    return found


def _typed(kind: str, settings: Json) -> Json:
    base, _, lookup = kind.partition(":")
    return {"type": lookup or base, **({"lookup": {}} if base == "LOOKUP" else {}), **settings}


def _read(kind: str, form: Form, before: Json, bench: Bench) -> tuple[Json, dict[str, str]]:
    """The property that a form describes."""
    base, _, lookup = kind.partition(":")
    label = form.get("label", "").strip()
    if kind in drafting.LAYOUT_ONLY:
        return {"label": label, "code": ""}, {}
    target = LOOKUPS.get(lookup) if base == "LOOKUP" else TYPES.get(base)
    made, renamed = controls.read(target, form, before) if target is not None else (dict(before), {})
    code = form.get("code", "").strip()
    if not code and not before:
        code = proposals.code_for(label, drafting.codes(bench.raw)) if label else ""
    made = {**made, "type": lookup or base, "code": code or before.get("code", ""), "label": label}
    if base == "SUBTABLE":
        made.setdefault("fields", {})
    return made, renamed


def _own_problems(bench: Bench, made: Json, code: str) -> list[Problem]:
    """What is wrong with one field of a draft that is not kept yet; a table may wait for its columns."""
    if not code:
        return []
    path = drafting.path_of(made, code)
    _, _, problems = read_draft(bench.app, bench.live, made, bench.known)
    table = drafting.owner_of(made, code)[0][code].get("type") == "SUBTABLE"
    return [
        Problem(code=p.code, path=p.path[len(path) :], params=p.params)
        for p in problems
        if p.path[: len(path)] == path and not (table and p.path[len(path) : len(path) + 1] == ("fields",))
    ]


def _by_key(problems: t.Iterable[Problem]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in problems:
        key = str(problem.path[0]) if problem.path else ""
        found.setdefault(key, []).append(i18n.sentence(problem))
    return found
