"""The blueprint of ``/api/v1`` and how a program says who it is."""

from __future__ import annotations

import typing as t

import flask
import orjson
from flask import Blueprint, g

from lowcode.accounts import tokens
from lowcode.errors import Unauthenticated, invalid
from lowcode.system import meta
from lowcode.web import auth, state

blueprint = Blueprint("api_v1", __name__, url_prefix="/api/v1")
HEADER = "X-Cybozu-API-Token"
MAX_BODY = 32 * 1024 * 1024


@blueprint.before_request
def _identify() -> None:
    """A token in ``Authorization: Bearer`` or kintone's header; else the session that came with the request."""
    token = flask.request.headers.get(HEADER, "").strip()
    scheme, _, credentials = flask.request.headers.get("Authorization", "").partition(" ")
    if not token and scheme.lower() == "bearer":
        token = credentials.strip()
    if token:
        services = state.services()
        with state.identifying() as opened:
            connection = opened.connection
            actor = tokens.actor_of(connection, token, services.settings.locale)
            auth.act_as(actor, services.context(connection, actor, g.meta.get(meta.DIRECTORY_VERSION, "")))
        if flask.request.method not in ("GET", "HEAD"):
            state.let_go()
    elif g.get("actor") is None:
        raise Unauthenticated()


def answer(data: t.Any, status: int = 200) -> flask.Response:
    """A JSON answer, never cached."""
    made = flask.Response(orjson.dumps(data), status=status, mimetype="application/json")
    made.headers["Cache-Control"] = "no-store"
    return made


def body() -> dict[str, t.Any]:
    """The JSON object of the request. Raises :class:`Invalid` for anything else."""
    flask.request.max_content_length = MAX_BODY
    try:
        found = orjson.loads(flask.request.get_data(cache=False) or b"{}")
    except orjson.JSONDecodeError:
        raise invalid("api.not_json") from None
    if not isinstance(found, dict):
        raise invalid("api.not_an_object")
    return found


from lowcode.api.v1 import aggregates, exports, jobs, records, searching  # noqa: E402, F401  # views register themselves
