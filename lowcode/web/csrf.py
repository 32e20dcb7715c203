"""Forms of other sites cannot act for a logged-in person: every unsafe request carries the session's token."""

from __future__ import annotations

import hmac
import secrets

import flask

from lowcode.errors import Forbidden
from lowcode.web import state

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FIELDS = ("csrf_token", "_csrf")
HEADERS = ("X-CSRF-Token",)
MOST_JSON = 32 * 1024 * 1024
"""No longer body is read for its token: it would stand in memory before anybody knows who sends it."""
# A visitor without a log-in (log-in form, public form) gets a token in the signed cookie.
_VISITOR = "csrf"


def token() -> str:
    """The token of this browser (``csrf_token()`` in templates)."""
    session = state.session()
    if session is not None:
        return session.csrf
    if _VISITOR not in flask.session:
        flask.session[_VISITOR] = secrets.token_urlsafe(24)
    return str(flask.session[_VISITOR])


def check() -> None:
    """Raise :class:`Forbidden` for an unsafe request without the right token."""
    request = flask.request
    if request.method in SAFE:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("forbidden.other_site")
    session = state.session()
    expected = session.csrf if session is not None else flask.session.get(_VISITOR)
    if not expected or not hmac.compare_digest(str(expected).encode(), _sent().encode("utf-8", "surrogatepass")):
        raise Forbidden("forbidden.stale_form")


def _sent() -> str:
    request = flask.request
    for name in HEADERS:
        if name in request.headers:
            return request.headers[name]
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name in FIELDS:
            if name in request.form:
                return request.form[name]
    elif request.is_json and (request.content_length or 0) <= MOST_JSON:
        # Scripts written for kintone send its token in the body.
        body = request.get_json(silent=True)
        if isinstance(body, dict):
            return str(body.get("__REQUEST_TOKEN__", ""))
    return ""
