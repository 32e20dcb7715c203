"""The administration's pages. Everything is decided and checked in :mod:`lowcode.accounts`; here it is shown."""

from __future__ import annotations

import math
import typing as t
import unicodedata
import urllib.parse
from dataclasses import replace
from datetime import datetime

import flask
import sqlalchemy as sa
from werkzeug.wrappers import Response

from lowcode import db, messages
from lowcode.accounts import audit, groups, organizations, passwords, people_csv, users
from lowcode.admin.forms import GroupForm, OrganizationForm, UserForm
from lowcode.errors import Invalid
from lowcode.web import auth, forms, i18n, state
from lowcode.web.errors import problem_lines

blueprint = flask.Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates")
Answer = str | Response | tuple[str, int]
PAGE = 50
SPARE_PLACES = 2
KINDS: t.Final = ("users", "organizations", "groups")


@blueprint.before_request
def _administrators_only() -> None:
    auth.require_administrator()


@blueprint.context_processor
def _tabs() -> dict[str, t.Any]:
    names = ("users", "organizations", "groups", "audit", "backups")
    here = flask.request.path.split("/")[2] if flask.request.path.count("/") > 1 else ""
    return {
        "admin_tabs": [
            {"label": i18n.translate(f"admin.{name}"), "url": f"/admin/{name}", "current": name == here}
            for name in names
        ]
    }


@blueprint.get("/")
def home() -> Answer:
    """The administration begins with the people."""
    return flask.redirect(flask.url_for("admin.list_users"))


# --- users ---------------------------------------------------------------------------------------


@blueprint.get("/users")
def list_users() -> Answer:
    """All users, with search over log-in, name, reading, mail and organisation."""
    with _reading() as connection:
        found = users.read_all(connection)
        names = {each.code: each.name for each in organizations.read_all(connection).values()}
    query = _fold(flask.request.args.get("q", ""))
    if query:
        found = {
            number: user
            for number, user in found.items()
            if query
            in _fold(
                " ".join(
                    (
                        user.login,
                        user.name,
                        user.kana,
                        user.email,
                        *(f"{p.organization} {names.get(p.organization, '')} {p.title}" for p in user.places),
                    )
                )
            )
        }
    page, pages = _page(len(found))
    shown = list(found.items())[(page - 1) * PAGE : page * PAGE]
    return flask.render_template(
        "admin/users.html",
        users=shown,
        total=len(found),
        names=names,
        query=flask.request.args.get("q", ""),
        page=page,
        pages=pages,
        url_of=_url_of,
    )


@blueprint.route("/users/new", methods=["GET", "POST"])
def new_user() -> Answer:
    """Add a user; a password may be made by the machine."""
    form = UserForm.sent() if _is_post() else UserForm.of(users.UserData(login="", name="", must_change_password=True))
    return _edit_user(form, None, active=True)


@blueprint.route("/users/<int:number>", methods=["GET", "POST"])
def edit_user(number: int) -> Answer:
    """Change a user."""
    with _reading() as connection:
        data = users.read(connection, number)
    return _edit_user(UserForm.sent() if _is_post() else UserForm.of(data), number, active=data.active)


def _edit_user(form: UserForm, number: int | None, *, active: bool) -> Answer:
    lines = []
    if _is_post():
        made = ""
        try:
            data = form.data_of(active=active)
            typed = form.password.data or ""
            if number is None and not typed:
                made = typed = passwords.random_password()
            prepared = passwords.prepare(typed) if typed else None
            with _writing() as connection:
                saved = users.save(connection, data, state.actor(), _now(), user_id=number, password=prepared)
        except Invalid as error:
            lines = form.take(error)
        else:
            if made:
                return _show_password(saved, made)
            flask.flash(i18n.translate("admin.user_saved", name=data.name))
            return flask.redirect(flask.url_for("admin.list_users"))
    with _reading() as connection:
        places = _organization_options(connection)
        named = [
            forms.Option(each.code, each.name) for each in groups.read_all(connection).values() if not each.built_in
        ]
    page = flask.render_template(
        "admin/user.html",
        form=form,
        number=number,
        active=active,
        problems=lines,
        organizations=places,
        groups=named,
        places=[*form.places, *[users.Place("")] * SPARE_PLACES],
        locales=forms.options(("", "account.locale_default"), *((x, f"account.locale_{x}") for x in messages.LOCALES)),
        rules=i18n.translate("account.password_rules", minimum=passwords.MINIMUM),
    )
    return page, 422 if lines else 200


@blueprint.post("/users/<int:number>/password")
def reset_password(number: int) -> Answer:
    """A new password made by the machine, shown once; the person has to change it."""
    made = passwords.random_password()
    prepared = passwords.prepare(made)
    with _writing() as connection:
        users.set_password(connection, number, prepared, state.actor(), _now(), must_change=True)
    return _show_password(number, made)


def _show_password(number: int, password: str) -> Answer:
    with _reading() as connection:
        data = users.read(connection, number)
    return flask.render_template("admin/password_shown.html", person=data, password=password)


@blueprint.post("/users/<int:number>/active")
def switch_user(number: int) -> Answer:
    """Switch a user on or off."""
    active = flask.request.form.get("active") == "1"
    with _writing() as connection:
        users.switch(connection, number, active, state.actor(), _now())
        name = users.read(connection, number).name
    flask.flash(i18n.translate("admin.user_enabled" if active else "admin.user_disabled", name=name))
    return flask.redirect(flask.url_for("admin.edit_user", number=number))


# --- organisations -------------------------------------------------------------------------------


@blueprint.get("/organizations")
def list_organizations() -> Answer:
    """The tree of organisations."""
    with _reading() as connection:
        found = organizations.read_all(connection)
        order = _tree(connection)
        sizes: dict[str, int] = {}
        for user in users.read_all(connection).values():
            for place in user.places if user.active else ():
                sizes[place.organization] = sizes.get(place.organization, 0) + 1
    query = _fold(flask.request.args.get("q", ""))
    shown = [
        (number, found[number], depth)
        for number, depth in order
        if query in _fold(f"{found[number].code} {found[number].name}")
    ]
    return flask.render_template(
        "admin/organizations.html", organizations=shown, sizes=sizes, query=flask.request.args.get("q", "")
    )


@blueprint.route("/organizations/new", methods=["GET", "POST"])
def new_organization() -> Answer:
    """Add an organisation."""
    parent = flask.request.args.get("parent", "")
    form = OrganizationForm.posted() if _is_post() else OrganizationForm(data={"active": True, "parent": parent})
    return _edit_organization(form, None)


@blueprint.route("/organizations/<int:number>", methods=["GET", "POST"])
def edit_organization(number: int) -> Answer:
    """Change an organisation."""
    with _reading() as connection:
        data = organizations.read(connection, number)
    if _is_post():
        return _edit_organization(OrganizationForm.posted(), number)
    return _edit_organization(
        OrganizationForm(
            data={
                "code": data.code,
                "name": data.name,
                "parent": data.parent,
                "position": str(data.position),
                "wards": "、".join(data.wards),
                "active": data.active,
            }
        ),
        number,
    )


def _edit_organization(form: OrganizationForm, number: int | None) -> Answer:
    lines = []
    if _is_post():
        try:
            data = form.data_of()
            with _writing() as connection:
                organizations.save(connection, data, state.actor(), _now(), organization_id=number)
        except Invalid as error:
            lines = form.take(error)
        else:
            flask.flash(i18n.translate("admin.organization_saved", name=data.name))
            return flask.redirect(flask.url_for("admin.list_organizations"))
    with _reading() as connection:
        places = _organization_options(connection)
    page = flask.render_template(
        "admin/organization.html", form=form, number=number, problems=lines, organizations=places
    )
    return page, 422 if lines else 200


# --- groups --------------------------------------------------------------------------------------


@blueprint.get("/groups")
def list_groups() -> Answer:
    """All groups."""
    with _reading() as connection:
        found = groups.read_all(connection)
    query = _fold(flask.request.args.get("q", ""))
    shown = [(number, each) for number, each in found.items() if query in _fold(f"{each.code} {each.name}")]
    return flask.render_template("admin/groups.html", groups=shown, query=flask.request.args.get("q", ""))


@blueprint.route("/groups/new", methods=["GET", "POST"])
def new_group() -> Answer:
    """Add a group."""
    return _edit_group(GroupForm.posted() if _is_post() else GroupForm(data={"active": True}), None, built_in=False)


@blueprint.route("/groups/<int:number>", methods=["GET", "POST"])
def edit_group(number: int) -> Answer:
    """Change a group."""
    with _reading() as connection:
        data = groups.read(connection, number)
    form = (
        GroupForm.posted()
        if _is_post()
        else GroupForm(
            data={
                "code": data.code,
                "name": data.name,
                "members": "\n".join(data.members),
                "active": data.active,
            }
        )
    )
    return _edit_group(form, number, built_in=data.built_in)


def _edit_group(form: GroupForm, number: int | None, *, built_in: bool) -> Answer:
    lines = []
    if _is_post():
        try:
            data = form.data_of()
            if built_in:
                data = replace(data, active=True, members=())
            with _writing() as connection:
                groups.save(connection, data, state.actor(), _now(), group_id=number)
        except Invalid as error:
            lines = form.take(error)
        else:
            flask.flash(i18n.translate("admin.group_saved", name=data.name))
            return flask.redirect(flask.url_for("admin.list_groups"))
    page = flask.render_template("admin/group.html", form=form, number=number, problems=lines, built_in=built_in)
    return page, 422 if lines else 200


# --- CSV -----------------------------------------------------------------------------------------


@blueprint.get("/<any(users, organizations, groups):kind>/export.csv")
def export(kind: people_csv.Kind) -> Answer:
    """All of a kind as a file."""
    with _writing() as connection:
        content = people_csv.dump(connection, kind, i18n.locale())
        audit.note(connection, state.actor(), "people.exported", _now(), target=kind, address=state.address())
    response = flask.make_response(content)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
    return response


@blueprint.route("/<any(users, organizations, groups):kind>/import", methods=["GET", "POST"])
def load(kind: people_csv.Kind) -> Answer:
    """Take a file: first only look, then do it. It lands whole or not at all."""
    lines, counts, dry_run = [], None, flask.request.form.get("do") != "import"
    if _is_post():
        upload = flask.request.files.get("file")
        content = upload.read() if upload is not None else b""
        services = state.services()
        try:
            counts = people_csv.load(services.engine, kind, content, state.actor(), _now(), dry_run=dry_run)
        except Invalid as error:
            lines = [
                line._replace(text=_placed(error.problems[i].path, line.text), field="")
                for i, line in enumerate(problem_lines(error.problems))
            ]
        else:
            if not dry_run:
                flask.flash(i18n.translate("admin.csv_done", created=counts.created, updated=counts.updated))
                return flask.redirect(f"/admin/{kind}")
    columns = [people_csv.column_name(name, i18n.locale()) for name in people_csv.COLUMNS[kind]]
    page = flask.render_template("admin/import.html", kind=kind, problems=lines, counts=counts, columns=columns)
    return page, 422 if lines else 200


def _placed(path: t.Sequence[str | int], text: str) -> str:
    row = next((step for step in path if isinstance(step, int)), None)
    name = next((step for step in path if isinstance(step, str) and step), "")
    if row is None:
        return text
    column = people_csv.column_name(name, i18n.locale()) if name else ""
    return i18n.translate("admin.csv_place" if column else "admin.csv_row", row=row, column=column, text=text)


# --- shared --------------------------------------------------------------------------------------


def _is_post() -> bool:
    return flask.request.method == "POST"


def _reading() -> t.ContextManager[sa.Connection]:
    return db.reading(state.services().engine)


def _writing() -> t.ContextManager[sa.Connection]:
    return db.writing(state.services().engine)


def _now() -> datetime:
    return state.services().settings.now()


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _page(total: int) -> tuple[int, int]:
    pages = max(1, math.ceil(total / PAGE))
    asked = flask.request.args.get("page", "1")
    return min(max(int(asked) if asked.isdecimal() and len(asked) < 9 else 1, 1), pages), pages


def _url_of(page: int) -> str:
    arguments = {name: value for name, value in flask.request.args.items() if name != "page" and value}
    return f"{flask.request.path}?{urllib.parse.urlencode({**arguments, 'page': page})}"


def _tree(connection: sa.Connection) -> list[tuple[int, int]]:
    """Numbers of the organisations in the order of the tree, each with its depth."""
    directory = state.services().directories.current(connection)
    return [(number, len(directory.above([number]))) for number in directory.organizations]


def _organization_options(connection: sa.Connection) -> list[forms.Option]:
    found = organizations.read_all(connection)
    return [forms.Option(found[number].code, "　" * depth + found[number].name) for number, depth in _tree(connection)]


from lowcode.admin import audit_views, backup_views  # noqa: E402, F401  # their views register themselves
