"""Every failure becomes one page or one JSON shape: ``{"error": {"code", "message", "problems": [...]}}``."""

from __future__ import annotations

import logging
import secrets
import typing as t

import flask
import sqlalchemy as sa
from werkzeug.exceptions import HTTPException

from lowcode.errors import Busy, Invalid, LowcodeError, Path, Problem, TooMany, Unauthenticated
from lowcode.web import auth, i18n

log = logging.getLogger("lowcode.web")
JSON_PATHS = ("/api/", "/k/v1/", "/k/guest/", "/v1/")
# What the server itself refuses, in our words.
_HTTP_CODES: t.Final = {
    400: "http.bad_request",
    403: "forbidden",
    404: "not_found",
    405: "http.method",
    408: "http.timeout",
    411: "http.bad_request",
    413: "too_large",
    414: "http.bad_request",
    415: "http.media_type",
    416: "http.bad_request",
    429: "too_many",
    431: "http.bad_request",
    503: "busy",
}
RETRY_SECONDS = 2


class ProblemLine(t.NamedTuple):
    """A problem as the error summary of a page shows it."""

    text: str
    field: str = ""
    href: str = ""


def register(app: flask.Flask) -> None:
    """Answer every failure of ``app``. A blueprint may register handlers of its own, which go first."""
    app.before_request(_number_request)
    app.register_error_handler(LowcodeError, answer_of)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(sa.exc.OperationalError, _on_database_error)
    app.register_error_handler(sa.exc.IntegrityError, _on_lost_race)
    app.register_error_handler(sa.exc.DataError, _on_impossible_value)
    app.register_error_handler(Exception, _on_unknown_error)


def wants_json() -> bool:
    """Whether the asker is a program: an address of an API, or an Accept header that puts JSON first."""
    request = flask.request
    if request.path.startswith(JSON_PATHS):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def problem_lines(problems: t.Iterable[Problem]) -> list[ProblemLine]:
    """Problems for ``ui.error_summary``; the last name of a path is the field to go to."""
    return [
        ProblemLine(i18n.sentence(p), next((str(s) for s in reversed(p.path) if isinstance(s, str)), ""))
        for p in problems
    ]


def problems_json(problems: t.Iterable[Problem]) -> list[dict[str, t.Any]]:
    """Problems as every JSON answer shows them."""
    return [{"code": p.code, "path": list(p.path), "message": i18n.sentence(p)} for p in problems]


def dotted(path: Path) -> str:
    """A path in words: ``(3, "name")`` → ``3.name``."""
    return ".".join(str(step) for step in path)


# --- handlers ----------------------------------------------------------------------------------


def _number_request() -> None:
    flask.g.request_id = secrets.token_hex(6)


def answer_of(error: LowcodeError) -> flask.Response:
    """The page or the JSON that says what went wrong."""
    if isinstance(error, Unauthenticated) and not wants_json():
        target = auth.login_url()
        if flask.request.headers.get("HX-Request"):
            # A redirect would put the log-in page into a corner of the old one.
            response = flask.make_response("", error.status)
            response.headers["HX-Redirect"] = target
            return response
        return flask.make_response(flask.redirect(target))
    if error.status >= 500:
        log.warning("%s: %s answered %s", flask.g.get("request_id"), flask.request.path, error)
    problems = error.problems if isinstance(error, Invalid) else ()
    response = _answer(error.status, error.code, error.params, problems)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.params.get("seconds", RETRY_SECONDS))
    elif isinstance(error, Busy):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _on_http_error(error: HTTPException) -> flask.Response | HTTPException:
    status = error.code or 500
    if status < 400:
        return error  # a redirect of the router
    response = _answer(status, _HTTP_CODES.get(status, "unknown" if status >= 500 else "http.bad_request"))
    for name, value in error.get_headers(flask.request.environ):
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _on_database_error(error: sa.exc.OperationalError) -> flask.Response:
    log.error("%s: the database refused %s", flask.g.get("request_id"), flask.request.path, exc_info=error)
    return answer_of(Busy())


def _on_lost_race(error: sa.exc.IntegrityError) -> flask.Response:
    # Two saved the same unique value at once and the index decided; trying again names the clash.
    log.warning("%s: %s lost a race", flask.g.get("request_id"), flask.request.path, exc_info=error)
    return answer_of(Busy())


def _on_impossible_value(error: sa.exc.DataError) -> flask.Response:
    log.warning("%s: %s sent a value of no column", flask.g.get("request_id"), flask.request.path, exc_info=error)
    return _answer(400, "http.bad_request")


def _on_unknown_error(error: Exception) -> flask.Response:
    log.error("%s: %s %s failed", flask.g.get("request_id"), flask.request.method, flask.request.path, exc_info=error)
    # What went wrong inside is for the log: it may hold values of records.
    return _answer(500, "unknown")


def _answer(
    status: int, code: str, params: t.Mapping[str, t.Any] | None = None, problems: t.Sequence[Problem] = ()
) -> flask.Response:
    request_id = flask.g.get("request_id", "")
    message = i18n.translate(code, **dict(params or {}))
    if message == code:
        message = i18n.translate("error")
    if wants_json():
        error: dict[str, t.Any] = {"code": code, "message": message, "problems": problems_json(problems)}
        if status >= 500:
            error["id"] = request_id
        response = flask.jsonify({"error": error})
    else:
        title = i18n.translate(f"error_page.{status}")
        if title.startswith("error_page."):
            title = i18n.translate("error_page.other")
        response = flask.make_response(
            flask.render_template(
                "error.html",
                title=title,
                text=message,
                code=code,
                problems=problem_lines(problems),
                request_id=request_id if status >= 500 else "",
            )
        )
    response.status_code = status
    return response
