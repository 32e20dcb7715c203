"""Making an app: empty, from a file, from a shipped template, as a copy of another."""

from __future__ import annotations

import secrets
import typing as t

import flask

from lowcode import deploy
from lowcode.definition import codec
from lowcode.designer import drafting, frame, from_file, proposals
from lowcode.designer.blueprint import blueprint
from lowcode.designer.from_file import Choice
from lowcode.designer.settings import APP_ICONS, hue_options
from lowcode.errors import Conflict, Invalid, LowcodeError, Problem
from lowcode.files import library
from lowcode.jobs import imports, queue
from lowcode.jobs.worker import Worker
from lowcode.transfer import app_from_file, shipped
from lowcode.web import auth, i18n, nav, state
from lowcode.web.errors import ProblemLine
from lowcode.web.forms import Option

Json = dict[str, t.Any]
AT_ONCE: t.Final = 20_000
"""So many rows are taken in while the person waits; more become a job."""


@blueprint.get("/new")
def new_app() -> frame.Answer:
    """The four ways to an app."""
    auth.require_administrator()
    return _new_page(None)


def _new_page(error: LowcodeError | None, part: str = "empty") -> frame.Answer:
    with state.reading() as space:
        copies = [
            Option(each.code, each.definition.display_name(i18n.locale()))
            for each in space.snapshot.all()
            if space.policy(each).allows("manage")
        ]
        installed = {each.code: each.id for each in space.snapshot.all()}
    templates = [
        {
            "name": each.name,
            "title": dict(each.titles).get(i18n.locale(), each.title),
            "text": each.description,
            "icon": each.icon,
            "hue_name": nav.app_hue(each.hue, number),
            "fields": each.fields,
            "views": each.views,
            "requires": [name for name in each.requires if name not in installed],
            "app": installed.get(each.name),
        }
        for number, each in enumerate(shipped.catalogue())
    ]
    page = flask.render_template(
        "designer/new.html",
        icons=APP_ICONS,
        hues=hue_options(),
        copies=copies,
        templates=templates,
        part=part,
        problems=frame.refusal(error) if error else [],
        form=flask.request.form,
        errors=_by_key(error),
    )
    return page, error.status if error else 200


def _by_key(error: LowcodeError | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for problem in error.problems if isinstance(error, Invalid) else ():
        found.setdefault(str(problem.path[-1]) if problem.path else "", []).append(i18n.sentence(problem))
    if isinstance(error, Conflict) and error.code == "deploy.code_taken":
        found["code"] = [i18n.translate(error.code, **error.params)]
    return found


@blueprint.post("/new/empty")
def create_empty() -> frame.Answer:
    """An app without fields of its own, published at once so that it has a place."""
    auth.require_administrator()
    form = flask.request.form
    name = form.get("name", "").strip()
    settings: Json = {"name": name, "hue": form.get("hue", ""), "space": form.get("space", "").strip()}
    if icon := form.get("icon", ""):
        settings["icon"] = {"type": "PRESET", "key": icon}
    code = form.get("code", "").strip() or proposals.app_code_for(name)
    return _create({"format": 1, "code": code, "settings": settings, "properties": {}}, "empty")


@blueprint.post("/new/copy")
def create_copy() -> frame.Answer:
    """The definition of another app under a new name; no records."""
    auth.require_administrator()
    form = flask.request.form
    with state.reading() as space:
        source = space.app(form.get("source", ""))
        space.policy(source).require("manage")
        made = codec.dump(source.definition)
    name = form.get("name", "").strip() or i18n.translate("designer.copy_of", name=source.definition.name)[:64]
    made["settings"] = {**made["settings"], "name": name}
    made["settings"].pop("names", None)
    for _, settings, _ in drafting.all_fields(made):
        settings.pop("column", None)  # a new table begins with plain columns
    code = form.get("code", "").strip() or proposals.app_code_for(name)
    return _create({**made, "code": code}, "copy")


def _create(definition: Json, part: str) -> frame.Answer:
    if not definition["settings"]["name"]:
        return _new_page(Invalid([Problem(code="setting.missing", path=("settings", "name"))]), part)
    try:
        app = deploy.create_app(state.services().engine, definition, state.actor(), ctx=state.context())
    except (Invalid, Conflict) as error:
        return _new_page(error, part)
    frame.saved("created", name=definition["settings"]["name"])
    return flask.redirect(f"/k/admin/app/{app}/")


@blueprint.post("/new/template")
def create_from_template() -> frame.Answer:
    """A shipped template, and what it needs."""
    auth.require_administrator()
    name = flask.request.form.get("name", "")
    try:
        made = shipped.install(state.services().engine, [name], state.actor(), ctx=state.context())
    except (Invalid, Conflict) as error:
        return _new_page(error, "template")
    frame.saved("installed", count=len(made))
    return flask.redirect(f"/k/{made[name]}/" if name in made else "/")


# -- from a file -----------------------------------------------------------------------------------


@blueprint.post("/new/file")
def upload() -> frame.Answer:
    """Take the file and look at it."""
    auth.require_administrator()
    part = flask.request.files.get("file")
    if part is None or not part.filename:
        return _new_page(Invalid([Problem(code="designer.file_missing", path=("file",))]), "file")
    services = state.services()
    # Hashing and syncing stay outside the write transaction.
    key, size, digest = services.store.write(t.cast(t.BinaryIO, part.stream))
    with state.writing() as space:
        library.register(
            space.connection,
            key=key,
            size=size,
            digest=digest,
            name=part.filename,
            content_type=part.mimetype,
            user_id=state.actor().user_id,
            now=services.settings.now(),
        )
    try:
        from_file.look(services.store.path(key), {})
    except LowcodeError as error:
        return _new_page(error, "file")
    return flask.redirect(flask.url_for("designer.preview_file", key=key), 303)


@blueprint.route("/new/file/<key>", methods=["GET", "POST"])
def preview_file(key: str) -> frame.Answer:
    """What was found in the file, to be corrected, and the app made of it."""
    auth.require_administrator()
    path, file_name = from_file.own_file(key)
    form = flask.request.form
    posted = flask.request.method == "POST"
    try:
        found = from_file.look(path, form if posted else flask.request.args)
    except LowcodeError as error:
        return _new_page(error, "file")
    choices = from_file.choices(found, form if posted else None)
    name = form.get("name", "").strip() if posted else app_from_file.app_name(file_name.rpartition(".")[0] or file_name)
    code = form.get("code", "").strip() if posted else proposals.app_code_for(name)
    problems: list[ProblemLine] = []
    status = 200
    if posted and form.get("do") == "make":
        try:
            return _make(key, file_name, found, choices, code, name)
        except (Invalid, Conflict) as error:
            problems, status = frame.refusal(error), error.status
    page = flask.render_template(
        "designer/from_file.html",
        key=key,
        file_name=file_name,
        found=found,
        choices=choices,
        name=name,
        code=code,
        problems=problems,
        types=from_file.type_options(),
        sheets=[Option(each, each) for each in found.preview.sheets],
        rows=[[str("" if cell is None else cell) for cell in cells[:12]] for _, cells in found.preview.first_rows[:8]],
    )
    return page, status


def _make(
    key: str, file_name: str, found: from_file.Found, choices: t.Sequence[Choice], code: str, name: str
) -> frame.Answer:
    proposal = from_file.decided(found, choices)
    services, actor = state.services(), state.actor()
    app = deploy.create_app(
        services.engine, proposal.definition(code=code, name=name), actor, note=file_name, ctx=state.context()
    )
    direct = found.preview.total <= AT_ONCE
    worker = Worker(services, name=f"web:{secrets.token_hex(8)}")
    with state.writing() as space:
        plan = app_from_file.plan_records(space, app, proposal)
        job = imports.enqueue_import(
            space.connection,
            plan,
            key,
            actor,
            services.settings.now(),
            name=file_name,
            leased_by=worker.name if direct else None,
        )
    if direct:
        with state.reading() as space:
            row = queue.find(space.connection, job)
        worker.work(row)
    frame.saved("created_with_records", name=name)
    return flask.redirect(f"/jobs/{job}", 303)
