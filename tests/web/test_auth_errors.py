"""One answer for every failure, as a page and as JSON."""

from __future__ import annotations

import logging
import typing as t
from pathlib import Path

import flask
import pytest
import sqlalchemy as sa

from lowcode import app as application
from lowcode import db, errors
from lowcode.errors import Problem
from lowcode.services import Services
from lowcode.web import auth
from tests.people import make_services

KINDS: tuple[tuple[str, t.Callable[[], Exception], int, str], ...] = (
    (
        "invalid",
        lambda: errors.Invalid(
            [
                Problem(code="people.required", path=(3, "name")),
                Problem(code="user.zone", path=("zone",), params={"value": "<b>"}),
            ]
        ),
        422,
        "invalid",
    ),
    ("one", lambda: errors.invalid("login.failed", "login"), 422, "invalid"),
    ("not-found", lambda: errors.NotFound("user.not_found", user=1), 404, "user.not_found"),
    ("forbidden", lambda: errors.Forbidden("forbidden.administrators_only"), 403, "forbidden.administrators_only"),
    ("unauthenticated", errors.Unauthenticated, 401, "unauthenticated"),
    ("conflict", errors.Conflict, 409, "conflict"),
    ("too-many", lambda: errors.TooMany("login.too_many", seconds=42), 429, "login.too_many"),
    ("too-large", errors.TooLarge, 413, "too_large"),
    ("not-available", errors.NotAvailable, 501, "not_available_yet"),
    ("busy", errors.Busy, 503, "busy"),
    ("plain", lambda: errors.LowcodeError("a.code.without.a.sentence"), 400, "a.code.without.a.sentence"),
    ("database", lambda: sa.exc.OperationalError("SELECT secret", {}, Exception("locked")), 503, "busy"),
    ("unknown", lambda: ZeroDivisionError("the patient's name"), 500, "unknown"),
)


@pytest.fixture
def client(tmp_path: Path) -> flask.testing.FlaskClient:
    services: Services = make_services(db.make_engine(f"sqlite:///{tmp_path / 'one.db'}"), tmp_path)
    app = application.create_app(services=services, packages=())
    app.config["MAX_CONTENT_LENGTH"] = 1000
    blueprint = flask.Blueprint("fail", __name__)
    auth.public_blueprint(blueprint)
    causes = {name: make for name, make, _, _ in KINDS}

    @blueprint.get("/fail/<kind>")
    @blueprint.get("/api/v1/fail/<kind>", endpoint="api")
    def fail(kind: str) -> str:
        raise causes[kind]()

    @blueprint.post("/api/v1/take", endpoint="take")
    def take() -> str:
        return str(len(flask.request.get_data()))

    auth.own_credentials(blueprint)
    app.register_blueprint(blueprint)
    return app.test_client()


@pytest.mark.parametrize("kind, make, status, code", KINDS, ids=[kind for kind, *_ in KINDS])
def test_every_kind_has_one_json_shape(
    client: flask.testing.FlaskClient, kind: str, make: object, status: int, code: str
) -> None:
    answers = [
        client.get(f"/api/v1/fail/{kind}"),
        client.get(f"/fail/{kind}", headers={"Accept": "application/json"}),
    ]
    for answer in answers:
        assert answer.status_code == status
        assert answer.mimetype == "application/json"
        body = t.cast(dict[str, t.Any], answer.json)
        assert list(body) == ["error"]
        error = body["error"]
        assert set(error) - {"id"} == {"code", "message", "problems"}
        assert error["code"] == code
        assert error["message"]
        assert error["message"] != code
        assert all(set(p) == {"code", "path", "message"} and p["message"] != p["code"] for p in error["problems"])
        assert ("id" in error) is (status >= 500)
        assert "patient" not in answer.text
        assert "SELECT" not in answer.text
    if kind == "invalid":
        assert [p["path"] for p in error["problems"]] == [[3, "name"], ["zone"]]


@pytest.mark.parametrize("kind, make, status, code", KINDS, ids=[kind for kind, *_ in KINDS])
def test_every_kind_has_a_page(
    client: flask.testing.FlaskClient, kind: str, make: object, status: int, code: str
) -> None:
    answer = client.get(f"/fail/{kind}", headers={"Accept": "text/html,*/*;q=0.8"})
    if kind == "unauthenticated":
        assert (answer.status_code, answer.location) == (302, "/login?next=/fail/unauthenticated")
        return
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert code in answer.text
    assert "<h1>" in answer.text
    assert "patient" not in answer.text
    assert "SELECT" not in answer.text
    if kind == "invalid":
        assert "&lt;b&gt;" in answer.text
        assert 'href="#f-name"' in answer.text
    if kind == "too-many":
        assert answer.headers["Retry-After"] == "42"


@pytest.mark.parametrize("language, word", [("ja", "見つかりません"), ("en", "Not found"), ("fr", "見つかりません")])
def test_failures_speak_the_readers_language(client: flask.testing.FlaskClient, language: str, word: str) -> None:
    assert word in client.get("/nothing", headers={"Accept-Language": language}).text
    answer = client.get("/api/v1/nothing", headers={"Accept-Language": language})
    assert word in t.cast(t.Any, answer.json)["error"]["message"]


@pytest.mark.parametrize(
    "method, path, status, code",
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("POST", "/nothing", 404, "not_found"),
        ("PUT", "/login", 405, "http.method"),
        ("DELETE", "/api/v1/take", 405, "http.method"),
    ],
)
def test_what_the_router_refuses(
    client: flask.testing.FlaskClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.open(path, method=method, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert t.cast(t.Any, answer.json)["error"]["code"] == code
    assert ("Allow" in answer.headers) is (status == 405)


def test_a_body_that_is_too_large_is_refused(client: flask.testing.FlaskClient) -> None:
    answer = client.post("/api/v1/take", data=b"x" * 2000)
    assert answer.status_code == 413
    assert t.cast(t.Any, answer.json)["error"]["code"] == "too_large"


def test_an_unknown_failure_is_found_in_the_log_by_its_number(
    client: flask.testing.FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        number = t.cast(t.Any, client.get("/api/v1/fail/unknown").json)["error"]["id"]
    assert number in client.application.name + caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_part_of_a_page_is_led_to_the_log_in_as_a_whole(client: flask.testing.FlaskClient) -> None:
    answer = client.get("/fail/unauthenticated", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login?next=/fail/unauthenticated")
