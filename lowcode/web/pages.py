"""Pages of the product itself: log-in, password, one's own settings, and signs of life."""

from __future__ import annotations

import typing as t
import zoneinfo
from datetime import datetime

import flask
import orjson
import sqlalchemy as sa
import wtforms
from werkzeug.wrappers import Response

from lowcode import db, messages
from lowcode.accounts import audit, passwords, sessions, users
from lowcode.accounts.login import change_password, log_in
from lowcode.errors import Forbidden, Invalid, LowcodeError, NotFound, Problem, TooMany
from lowcode.system import migrate
from lowcode.web import auth, forms, i18n, nav, state
from lowcode.web.errors import ProblemLine, problem_lines

blueprint = flask.Blueprint("pages", __name__, template_folder="templates")
Answer = str | Response | tuple[str, int]


# --- log-in --------------------------------------------------------------------------------------


class LoginForm(forms.PageForm):
    login = forms.Text()
    password = forms.Secret()


@blueprint.get("/login")
@auth.public
def login() -> Answer:
    """The log-in form; somebody logged in is led on, and the first start to the set-up."""
    target = auth.local_path(flask.request.args.get("next"))
    if state.find_actor() is not None:
        return flask.redirect(target)
    with db.reading(state.services().engine) as connection:
        if not users.any_user(connection):
            return flask.redirect("/setup")
    return flask.render_template("login.html", next=target if target != "/" else "", login="", problems=[])


@blueprint.post("/login")
@auth.public
def do_login() -> Answer:
    """Check name and password; a new session at every log-in, so that nobody can plant one beforehand."""
    form = LoginForm.posted()
    target = auth.local_path(flask.request.form.get("next") or flask.request.args.get("next"))
    services = state.services()
    try:
        entered = log_in(
            services.engine,
            services.settings,
            form.login.data or "",
            form.password.data or "",
            address=state.address(),
            agent=flask.request.user_agent.string,
        )
    except (Invalid, TooMany) as error:
        text = i18n.translate(error.code, **error.params)
        lines = problem_lines(error.problems) if isinstance(error, Invalid) else [ProblemLine(text)]
        page = flask.render_template(
            "login.html", next=target if target != "/" else "", login=form.login.data, problems=lines
        )
        response = flask.make_response(page, error.status)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.params["seconds"])
        return response
    old = state.session()
    if old is not None:
        with db.writing(services.engine) as connection:
            sessions.end(connection, old.hash)
    flask.session.clear()
    return auth.set_cookie(
        flask.redirect("/password" if entered.must_change_password else target), entered.session.token
    )


@blueprint.post("/logout")
@auth.public
def logout() -> Answer:
    """End the session."""
    session, actor = state.session(), state.find_actor()
    if session is not None and actor is not None:
        with db.writing(state.services().engine) as connection:
            sessions.end(connection, session.hash)
            audit.note(connection, actor, "logout", _now(), target=actor.login, address=state.address())
    flask.session.clear()
    return auth.drop_cookie(flask.redirect("/login"))


# --- password ------------------------------------------------------------------------------------


class PasswordForm(forms.PageForm):
    old = forms.Secret()
    new = forms.Secret()
    again = forms.Secret()


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> Answer:
    """A new password for oneself; all other sessions end."""
    actor, session = state.actor(), state.session()
    form, lines = PasswordForm.posted(), []
    if flask.request.method == "POST":
        services = state.services()
        try:
            if form.new.data != form.again.data:
                raise Invalid([Problem(code="password.not_equal", path=("again",))])
            change_password(
                services.engine,
                services.settings,
                actor,
                form.old.data or "",
                form.new.data or "",
                address=state.address(),
                keep_session=session.hash if session else None,
            )
        except Invalid as error:
            lines = form.take(error)
        except TooMany as error:
            lines = [ProblemLine(i18n.translate(error.code, **error.params))]
        else:
            flask.flash(i18n.translate("account.password_changed"))
            return flask.redirect("/")
    page = flask.render_template(
        "password.html",
        problems=lines,
        forced=session is not None and session.must_change_password,
        rules=i18n.translate("account.password_rules", minimum=passwords.MINIMUM),
    )
    return page, 422 if lines else 200


# --- one's own settings --------------------------------------------------------------------------


class AccountForm(forms.PageForm):
    locale = wtforms.SelectField(validate_choice=False)
    zone = forms.Text()
    size = wtforms.SelectField(validate_choice=False)
    density = wtforms.SelectField(validate_choice=False)
    focus = wtforms.SelectField(validate_choice=False)


@blueprint.route("/account", methods=["GET", "POST"])
def account() -> Answer:
    """Language, time zone and look; the list of open sessions."""
    actor, services = state.actor(), state.services()
    number, lines = _own_number(), []
    with db.reading(services.engine) as connection:
        data = users.read(connection, number)
        opened = sessions.of_user(connection, number, _now())
    if flask.request.method == "POST":
        form = AccountForm.posted()
        looks = {**nav.preferences(), **_looks(form)}
        try:
            with db.writing(services.engine) as connection:
                users.set_own(
                    connection,
                    number,
                    actor,
                    _now(),
                    locale=form.locale.data or "",
                    zone=form.zone.data or "",
                    preferences=orjson.dumps(looks).decode(),
                )
        except Invalid as error:
            lines = form.take(error)
        else:
            flask.g.locale = form.locale.data or services.settings.locale
            flask.flash(i18n.translate("account.saved"))
            return flask.redirect("/account")
    else:
        form = AccountForm(data={"locale": data.locale, "zone": data.zone, **nav.preferences()})
    session = state.session()
    page = flask.render_template(
        "account.html",
        form=form,
        problems=lines,
        person=data,
        sessions=opened,
        own_session=session.hash if session else "",
        own_number=number,
        locales=forms.options(("", "account.locale_default"), *((x, f"account.locale_{x}") for x in messages.LOCALES)),
        sizes=[forms.Option(x, f"{x} %") for x in nav.SIZES],
        densities=forms.options(*((x, f"account.density_{x}") for x in nav.DENSITIES)),
        focuses=forms.options(*((x, f"account.focus_{x}") for x in nav.FOCUS)),
        zones=sorted(zoneinfo.available_timezones()),
        zone_default=services.settings.zone.key,
        local=_local_time,
    )
    return page, 422 if lines else 200


@blueprint.post("/account/rail")
def rail() -> Answer:
    """Remember whether the rail is folded."""
    folded = flask.request.form.get("rail") == "folded"
    _keep_preferences({**nav.preferences(), "rail": "folded" if folded else ""})
    return Response(status=204)


@blueprint.post("/account/favourite/<int:app>")
def favourite(app: int) -> Answer:
    """Give an app a star, or take it."""
    starred = [each for each in nav.preferences().get("favourites", []) if isinstance(each, int)]
    starred = [each for each in starred if each != app] if app in starred else [*starred, app][-50:]
    _keep_preferences({**nav.preferences(), "favourites": starred})
    return flask.redirect(auth.local_path(flask.request.form.get("next")))


@blueprint.post("/account/sessions/end")
def end_sessions() -> Answer:
    """End one session of one's own, or all of them (this one too) and so log out everywhere."""
    number, actor = _own_number(), state.actor()
    chosen = flask.request.form.get("session", "")
    with db.writing(state.services().engine) as connection:
        if chosen:
            if not sessions.end(connection, chosen, user_id=number):
                raise NotFound()
        else:
            sessions.end_all(connection, number)
        audit.note(connection, actor, "sessions.ended", _now(), target=actor.login, address=state.address())
    session = state.session()
    if not chosen or (session is not None and session.hash == chosen):
        return auth.drop_cookie(flask.redirect("/login"))
    flask.flash(i18n.translate("account.session_ended"))
    return flask.redirect("/account")


def _looks(form: AccountForm) -> dict[str, str]:
    chosen = (
        ("size", form.size.data, nav.SIZES),
        ("density", form.density.data, nav.DENSITIES),
        ("focus", form.focus.data, nav.FOCUS),
    )
    return {name: value for name, value, allowed in chosen if value in allowed}


def _keep_preferences(looks: t.Mapping[str, t.Any]) -> None:
    number = _own_number()
    with db.writing(state.services().engine) as connection:
        users.set_preferences(connection, number, orjson.dumps(dict(looks)).decode())


def _own_number() -> int:
    actor = state.actor()
    if actor.kind != "user" or actor.user_id is None:
        raise Forbidden()
    return actor.user_id


def _local_time(moment: datetime) -> str:
    return f"{moment.astimezone(state.context().zone):%Y-%m-%d %H:%M}"


def _now() -> datetime:
    return state.services().settings.now()


# --- signs of life -------------------------------------------------------------------------------


@blueprint.get("/healthz")
@auth.public
def healthz() -> Answer:
    """The process answers."""
    return "ok\n"


@blueprint.get("/readyz")
@auth.public
def readyz() -> Answer:
    """The database answers and fits this release."""
    try:
        migrate.check(state.services().engine)
    except (LowcodeError, sa.exc.SQLAlchemyError):
        return "not ready\n", 503
    return "ready\n"
