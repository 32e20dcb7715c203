"""The first start: the first administrator, the name of the place, the first apps."""

from __future__ import annotations

import hmac

import flask
import wtforms
from werkzeug.wrappers import Response

from lowcode import db
from lowcode.accounts import audit, first, passwords, users
from lowcode.demo import samples
from lowcode.deploy import known_apps
from lowcode.errors import Conflict, Invalid, NotFound, Problem
from lowcode.system import meta
from lowcode.transfer import shipped
from lowcode.web import auth, forms, i18n, state

blueprint = flask.Blueprint("setup", __name__, template_folder="templates")
Answer = str | Response | tuple[str, int]
LONGEST = 100


class PersonForm(forms.PageForm):
    code = forms.Text()
    name = forms.Text()
    login = forms.Text()
    password = forms.Secret()
    again = forms.Secret()


class PlaceForm(forms.PageForm):
    site_name = forms.Text()
    site_unit = forms.Text()


class StartForm(forms.PageForm):
    templates = wtforms.SelectMultipleField(validate_choice=False)
    demo = wtforms.BooleanField()


@blueprint.route("/setup", methods=["GET", "POST"])
@auth.public
def setup() -> Answer:
    """Three steps. The first is open only while nobody exists, the others are for administrators."""
    services = state.services()
    with db.reading(services.engine) as connection:
        closed = users.any_user(connection)
    if not closed:
        return _first_administrator()
    actor = state.find_actor()
    if actor is None or not actor.administrator:
        # Closed for good, and nothing is told to strangers.
        raise NotFound()
    step = flask.request.form.get("step") or flask.request.args.get("step")
    return _start() if step == "3" else _place()


def _is_post() -> bool:
    return flask.request.method == "POST"


def _first_administrator() -> Answer:
    services, form, lines = state.services(), PersonForm.posted(), []
    if _is_post():
        try:
            _check(form)
            data = users.UserData(login=form.login.data or "", name=form.name.data or "", administrator=True)
            entered = first.administrator(
                services.engine,
                services.settings,
                data,
                form.password.data or "",
                address=state.address(),
                agent=flask.request.user_agent.string,
            )
        except Invalid as error:
            lines = form.take(error)
        else:
            first.forget_code(services.settings)
            flask.session.clear()
            return auth.set_cookie(flask.redirect("/setup?step=2"), entered.token)
    else:
        first.setup_code(services.settings)  # so that the file is there to be read
    values = {name: form[name].data for name in ("code", "name", "login")}
    page = flask.render_template(
        "setup.html",
        step=1,
        need_code=True,
        values=values,
        problems=lines,
        rules=i18n.translate("account.password_rules", minimum=passwords.MINIMUM),
    )
    return page, 422 if lines else 200


def _check(form: PersonForm) -> None:
    expected = first.setup_code(state.services().settings)
    if not hmac.compare_digest((form.code.data or "").encode(), expected.encode()):
        raise Invalid([Problem(code="account.setup_code", path=("code",))])
    if form.password.data != form.again.data:
        raise Invalid([Problem(code="password.not_equal", path=("again",))])


def _place() -> Answer:
    facts = flask.g.meta
    form, lines = PlaceForm.posted(), []
    if _is_post():
        values = {"site_name": form.site_name.data or "", "site_unit": form.site_unit.data or ""}
        problems = [
            Problem(code="people.too_long", path=(name,), params={"maximum": LONGEST})
            for name, value in values.items()
            if len(value) > LONGEST
        ]
        if not values["site_name"]:
            problems.append(Problem(code="people.required", path=("site_name",)))
        if not problems:
            now = state.services().settings.now()
            with db.writing(state.services().engine) as connection:
                meta.write(connection, meta.SITE_NAME, values["site_name"])
                meta.write(connection, meta.SITE_UNIT, values["site_unit"])
                audit.note(connection, state.actor(), "site.changed", now, details=values)
            return flask.redirect("/setup?step=3")
        lines = form.take(Invalid(problems))
    else:
        values = {"site_name": facts.get(meta.SITE_NAME, ""), "site_unit": facts.get(meta.SITE_UNIT, "")}
    return flask.render_template("setup.html", step=2, values=values, problems=lines), 422 if lines else 200


def _start() -> Answer:
    services, form, lines = state.services(), StartForm.posted(), []
    with db.reading(services.engine) as connection:
        installed = known_apps(connection)
        ctx = services.context(connection, state.actor())
    offered = [each for each in shipped.catalogue() if each.name not in installed]
    if not offered:
        return flask.redirect("/")
    if _is_post():
        chosen = [each.name for each in offered if each.name in (form.templates.data or ())]
        try:
            made = shipped.install(services.engine, chosen, state.actor(), ctx=ctx) if chosen else {}
            if form.demo.data:
                samples.fill(services.engine, tuple(made), catalog=services.catalog)
        except Conflict as error:
            # Somebody else is doing the same: what is there now is shown on the home page.
            flask.flash(i18n.translate(error.code, **error.params), "error")
            return flask.redirect("/")
        except Invalid as error:
            lines = form.take(error)
        else:
            return flask.redirect("/")
    wanted = form.templates.data if _is_post() else [each.name for each in offered]
    templates = [
        {
            "value": each.name,
            "label": each.titles.get(i18n.locale(), each.title),
            "hint": each.description,
            "checked": each.name in (wanted or ()),
        }
        for each in offered
    ]
    page = flask.render_template(
        "setup.html",
        step=3,
        templates=templates,
        values={"demo": form.demo.data if _is_post() else True},
        problems=lines,
        back_url="/setup?step=2",
    )
    return page, 422 if lines else 200
