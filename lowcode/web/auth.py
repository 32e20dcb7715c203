"""Who asks. Every address needs a log-in unless its view or blueprint says that it does not."""

from __future__ import annotations

import typing as t
import urllib.parse
from collections.abc import Callable

import flask

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import checks, sessions
from lowcode.accounts.actor import context_for, user_actor
from lowcode.errors import Forbidden, NotFound, Unauthenticated
from lowcode.fields.context import Context
from lowcode.system import meta
from lowcode.web import csrf, state

F = t.TypeVar("F", bound=Callable[..., t.Any])

_PUBLIC = "lowcode_public"
_OWN_CREDENTIALS = "lowcode_own_credentials"
# With one of these a program names itself; a cookie that comes along is then not looked at.
CREDENTIAL_HEADERS = ("X-Cybozu-API-Token", "X-Cybozu-Authorization", "Authorization")
_WHILE_PASSWORD_IS_DUE = frozenset({"pages.password", "pages.logout", "static"})


def public(view: F) -> F:
    """Mark a view that nobody needs to log in for."""
    setattr(view, _PUBLIC, True)
    return view


def public_blueprint(blueprint: flask.Blueprint) -> None:
    """Mark a whole blueprint that nobody needs to log in for (public forms)."""
    setattr(blueprint, _PUBLIC, True)


def own_credentials(blueprint: flask.Blueprint) -> None:
    """Mark the blueprint of an API: it looks at tokens and passwords in headers itself and calls :func:`act_as`.

    A request with such a header is not asked for a session or a form token; one that comes with the cookie
    of a log-in instead is, and has its actor already.
    """
    setattr(blueprint, _OWN_CREDENTIALS, True)


def register(app: flask.Flask) -> None:
    """Look at every request of ``app`` before its view does."""
    app.before_request(_identify)
    app.before_request(_guard)
    app.after_request(_let_go)
    app.teardown_request(state.let_go)


def act_as(actor: Actor, ctx: Context) -> None:
    """From here on this request is ``actor``'s."""
    flask.g.actor, flask.g.ctx = actor, ctx


def require_administrator() -> None:
    """For the administration's blueprint: raise unless an administrator asks."""
    checks.require_administrator(state.actor())


def cookie_name() -> str:
    """The session cookie's name; with https a browser keeps ``__Host-`` ones from other hosts and paths."""
    return "__Host-session" if state.is_https() else "session"


def set_cookie(response: flask.typing.ResponseReturnValue, token: str) -> flask.Response:
    """Hand the session's token to the browser. Gone when the browser is closed."""
    made = flask.make_response(response)
    made.set_cookie(
        cookie_name(),
        token,
        httponly=True,
        secure=state.is_https(),
        samesite="Lax",
        path="/",
        max_age=None,
    )
    return made


def drop_cookie(response: flask.typing.ResponseReturnValue) -> flask.Response:
    """Take the token back."""
    made = flask.make_response(response)
    made.delete_cookie(cookie_name(), httponly=True, secure=state.is_https(), samesite="Lax", path="/")
    return made


def local_path(target: str | None, otherwise: str = "/") -> str:
    """``target`` when it is an address of this site without a host, else ``otherwise``."""
    # Browsers drop tabs and line ends and read a backslash as a slash, so that "/\t/host" leads away; proxies may
    # decode before they do the same.
    parts = urllib.parse.urlsplit(target) if target else None
    if target is None or parts is None or not target.startswith("/") or parts.scheme or parts.netloc:
        return otherwise
    for text in (target, urllib.parse.unquote(parts.path)):
        if text.startswith("//") or any(ord(c) < 33 or c in "\\\x7f" for c in text):
            return otherwise
    return target


def login_url() -> str:
    """The address of the log-in that leads back to this page."""
    request = flask.request
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return "/login" if here == "/" else f"/login?next={urllib.parse.quote(here, safe='/')}"


# --- before every request ----------------------------------------------------------------------


def _identify() -> None:
    """Find the session, its user and the context in one short read."""
    services = state.services()
    g = flask.g
    g.actor = g.session = None
    g.ctx = Context(now=services.settings.now(), zone=services.settings.zone, locale=services.settings.locale)
    if flask.request.endpoint in ("static", "pages.healthz", "pages.readyz"):
        return
    token = "" if _names_itself() else flask.request.cookies.get(cookie_name(), "")
    now = services.settings.now()
    with state.identifying() as opened:
        connection = opened.connection
        g.meta = meta.everything(connection)
        session = sessions.find(connection, token, now) if token else None
        if session is None:
            return
        directory = services.directories.current(connection, g.meta.get(meta.DIRECTORY_VERSION, ""))
        try:
            g.actor = user_actor(directory, session.user_id, services.settings)
        except NotFound:
            return
    g.session = session
    g.ctx = context_for(g.actor, directory, services.settings, now=now)
    if session.is_stale(now):
        state.let_go()
        with db.writing(services.engine) as connection:
            sessions.touch(connection, session, now)


def _let_go(response: flask.Response) -> flask.Response:
    state.let_go()
    return response


def _guard() -> flask.typing.ResponseReturnValue | None:
    request, session = flask.request, state.session()
    # A view that writes must not read in a transaction from before; a program has yet to show its token.
    if request.method not in ("GET", "HEAD") and not _names_itself():
        state.let_go()
    if request.endpoint == "static" or request.routing_exception is not None:
        return None
    own_credentials = _marked(_OWN_CREDENTIALS)
    # Public forms too: whoever is logged in must not act by another site's form.
    if session is not None or not own_credentials:
        csrf.check()
    if _marked(_PUBLIC):
        return None
    if state.find_actor() is None:
        if own_credentials:
            return None
        raise Unauthenticated()
    if session is not None and session.must_change_password and request.endpoint not in _WHILE_PASSWORD_IS_DUE:
        if own_credentials:
            raise Forbidden("forbidden.password_due")
        return flask.redirect("/password")
    return None


def _marked(mark: str) -> bool:
    """Whether the view, its blueprint or one of the blueprints around it bears the mark."""
    app, request = flask.current_app, flask.request
    if getattr(app.view_functions.get(request.endpoint or ""), mark, False):
        return True
    return any(getattr(app.blueprints.get(name), mark, False) for name in request.blueprints)


def _names_itself() -> bool:
    return _marked(_OWN_CREDENTIALS) and any(name in flask.request.headers for name in CREDENTIAL_HEADERS)
