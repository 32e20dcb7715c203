"""Who may see what: cookies, CSRF, the way to the log-in and back, headers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import flask
import pytest
import sqlalchemy as sa

from lowcode import app as application
from lowcode import db
from lowcode.accounts import users
from lowcode.services import Services
from lowcode.web import auth, state
from tests.people import NOW, PASSWORD, Browser, add, make_services


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path)


@pytest.fixture
def one(tmp_path: Path) -> Services:
    """Services on SQLite alone, for what does not depend on the database."""
    return make_services(db.make_engine(f"sqlite:///{tmp_path / 'one.db'}"), tmp_path)


# --- log-in and log-out -----------------------------------------------------------------------------


def test_logging_in_and_out(services: Services) -> None:
    add(services, "sato")
    browser = Browser(services)
    assert browser.get("/account?a=1&b=二").location == "/login?next=/account%3Fa%3D1%26b%3D%E4%BA%8C"
    page = browser.get("/login?next=/account%3Fa%3D1")
    assert 'value="/account?a=1"' in page.text
    answer = browser.post("/login", {"login": "sato", "password": PASSWORD, "next": "/account?a=1"})
    assert (answer.status_code, answer.location) == (302, "/account?a=1")
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("session="))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Expires" not in cookie
    assert "Max-Age" not in cookie
    assert browser.get("/account").status_code == 200
    assert browser.get("/login").location == "/"
    held = browser.client.get_cookie("session")
    assert held is not None
    assert browser.post("/logout").location == "/login"
    browser.client.set_cookie("session", held.value)
    assert browser.get("/account").location == "/login?next=/account"


def test_a_wrong_password_is_said_once_and_nothing_is_given_back(services: Services) -> None:
    add(services, "sato")
    browser = Browser(services)
    browser.get("/login")
    answer = browser.post("/login", {"login": "sato", "password": "wrong words here"})
    assert answer.status_code == 422
    assert "ログイン名かパスワードが違います" in answer.text
    assert 'value="sato"' in answer.text
    assert "wrong words here" not in answer.text
    for _ in range(5):
        answer = browser.post("/login", {"login": "sato", "password": "wrong"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 15
    assert "15秒待ってから" in answer.text


def test_a_log_in_gives_a_new_session_and_ends_the_old_one(services: Services) -> None:
    add(services, "sato")
    browser = Browser(services)
    browser.client.set_cookie("session", "planted")
    browser.log_in("sato")
    first = browser.client.get_cookie("session")
    browser.get("/account")
    browser.post("/login", {"login": "sato", "password": PASSWORD})
    second = browser.client.get_cookie("session")
    assert first is not None
    assert second is not None
    assert len({"planted", first.value, second.value}) == 3
    browser.client.set_cookie("session", first.value)
    assert browser.get("/account").status_code == 302


LOCAL = ("/", "/k/1/", "/k/1/?view=2&q=a/b", "/account", "/k/1/show/2#x", "/日本", "/a?next=//b")
FOREIGN = (
    "",
    "//h",
    "///h",
    "////h",
    "/\\h",
    "\\\\h",
    "\\/h",
    "/\t/h",
    "/\n/h",
    "/\r\n/h",
    "\t//h",
    " //h",
    "/%09/h",
    "/%2f/h",
    "/%2Fh",
    "/%5ch",
    "/%5C/h",
    "http://h",
    "https://h/",
    "https:h",
    "http:/h",
    "HTTP://h",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://h",
    "@h",
    "user@h",
    "h",
    "h/path",
    ".h",
    "../h",
    "./h",
    "?a",
    "#a",
    ":80",
    "//h@own",
    "//[::1]/",
    "/\x00/h",
    "/\x7f",
    "/ /h",
    "//",
    "///",
    "/%0d%0aSet-Cookie:a=b/../\r\n",
    "%2f%2fh",
    "/%2f%2fh",
    "/\u3000\\h",
    "\\",
    "/\\/h",
    "/\\\\h",
    "//h/..",
    "https:///h",
    "https:\\\\h",
    "//%68",
    "/%5c%5ch",
    "x:y",
    "mailto:a@b",
)


@pytest.mark.parametrize("target", [*((x, True) for x in LOCAL), *((x, False) for x in FOREIGN)], ids=repr)
def test_the_way_back_stays_here(target: tuple[str, bool]) -> None:
    path, is_local = target
    assert auth.local_path(path) == (path if is_local else "/")


def test_next_is_never_another_host(one: Services) -> None:
    add(one, "sato")
    for target in FOREIGN:
        browser = Browser(one)
        browser.get("/login")
        answer = browser.post("/login", {"login": "sato", "password": PASSWORD, "next": target})
        assert answer.location == "/", target


def test_https_gives_a_cookie_that_no_other_host_can_set(engine: sa.Engine, tmp_path: Path) -> None:
    services = make_services(engine, tmp_path, LOWCODE_BASE_URL="https://ledger.example.jp")
    add(services, "sato")
    browser = Browser(services)
    page = browser.client.get("/login", base_url="https://localhost")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    answer = browser.client.post(
        "/login", base_url="https://localhost", data={"csrf_token": token[1], "login": "sato", "password": PASSWORD}
    )
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("__Host-session="))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


# --- sessions over time -----------------------------------------------------------------------------


def test_whoever_is_switched_off_is_out_at_the_next_click(services: Services) -> None:
    number = add(services, "sato")
    browser = Browser(services)
    browser.log_in("sato")
    with db.writing(services.engine) as connection:
        users.switch(connection, number, False, services.system("test"), NOW)
    assert browser.get("/account").status_code == 302


def test_using_a_session_keeps_it_open(services: Services) -> None:
    add(services, "sato")
    browser = Browser(services)
    browser.log_in("sato")
    for minutes in (25, 50, 75):
        later = replace(services, settings=replace(services.settings, frozen_now=NOW + timedelta(minutes=minutes)))
        browser.client.application.extensions[state.EXTENSION] = later
        assert browser.get("/account").status_code == 200
    later = replace(services, settings=replace(services.settings, frozen_now=NOW + timedelta(minutes=106)))
    browser.client.application.extensions[state.EXTENSION] = later
    assert browser.get("/account").status_code == 302


def test_a_password_that_is_due_comes_before_everything(services: Services) -> None:
    add(services, "sato", must_change_password=True)
    browser = Browser(services)
    browser.get("/login")
    answer = browser.post("/login", {"login": "sato", "password": PASSWORD, "next": "/account"})
    assert answer.location == "/password"
    assert browser.get("/account").location == "/password"
    assert "新しいパスワードを決めてください" in browser.get("/password").text
    answer = browser.post("/password", {"old": PASSWORD, "new": "four quiet ledgers", "again": "four quiet ledger"})
    assert answer.status_code == 422
    assert "一致しません" in answer.text
    answer = browser.post("/password", {"old": PASSWORD, "new": "four quiet ledgers", "again": "four quiet ledgers"})
    assert answer.location == "/"
    assert browser.get("/account").status_code == 200


# --- CSRF -------------------------------------------------------------------------------------------


def unsafe_routes(services: Services) -> list[tuple[str, str]]:
    app = application.create_app(services=services, packages=("lowcode.admin",))
    found: list[tuple[str, str]] = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+(?:\(.*?\))?:)?([a-z_]+)>", lambda m: "users" if m[1] == "kind" else "1", rule.rule)
        found.extend((method, path) for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}))
    assert len(found) > 10
    return found


def test_no_unsafe_request_passes_without_the_token(one: Services) -> None:
    add(one, "admin", administrator=True)
    browser = Browser(one)
    browser.log_in("admin")
    good = browser.token
    for method, path in unsafe_routes(one):
        for data, headers in (
            ({}, {}),
            ({"csrf_token": "x"}, {}),
            ({"csrf_token": ""}, {}),
            ({"csrf_token": good + "x"}, {}),
            ({"csrf_token": good}, {"Sec-Fetch-Site": "cross-site"}),
            ({"csrf_token": good}, {"Sec-Fetch-Site": "same-site"}),
        ):
            answer = browser.client.open(path, method=method, data=data, headers=headers)
            assert answer.status_code == 403, (method, path, data, headers)
    for override in ({"X-HTTP-Method-Override": "POST"}, {"X-Method-Override": "POST"}):
        browser.client.get("/logout?_method=POST", headers=override)
    assert browser.get("/account").status_code == 200


def test_the_token_may_come_in_a_header_and_belongs_to_one_session(services: Services) -> None:
    add(services, "sato")
    add(services, "ito")
    mine, other = Browser(services), Browser(services)
    mine.log_in("sato")
    other.log_in("ito")
    header = {"X-CSRF-Token": mine.token, "Sec-Fetch-Site": "same-origin"}
    assert mine.client.post("/account/rail", data={"rail": "folded"}, headers=header).status_code == 204
    assert "rail-folded" in mine.get("/account").text
    assert other.client.post("/account/rail", data={"rail": "folded"}, headers=header).status_code == 403


def test_the_log_in_form_has_a_token_too(one: Services) -> None:
    add(one, "sato")
    browser = Browser(one)
    answer = browser.client.post("/login", data={"login": "sato", "password": PASSWORD})
    assert answer.status_code == 403
    assert "読み直して" in answer.text


# --- everything is closed unless opened --------------------------------------------------------------


def test_every_address_but_the_open_ones_asks_for_a_log_in(one: Services) -> None:
    add(one, "sato")
    app = application.create_app(services=one, packages=("lowcode.admin",))
    client = app.test_client()
    opened = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+(?:\(.*?\))?:)?([a-z_]+)>", lambda m: "users" if m[1] == "kind" else "1", rule.rule)
        if "GET" in (rule.methods or ()) and not (client.get(path).location or "").startswith("/login"):
            opened.add(rule.rule)
    assert opened == {"/login", "/setup", "/healthz", "/readyz", "/metrics", "/s/<hash>/<path:name>"}


@pytest.mark.parametrize(
    "path",
    [
        "/admin/users?/public/form",
        "/admin/users;x",
        "//admin/users",
        "/./admin/users",
        "/admin/../admin/users",
        "/admin%2fusers",
        "/ADMIN/users",
        "/admin/users.",
        "/admin/users/",
        "/admin/users?x=/login",
        "/login/../admin/users",
    ],
)
def test_tricks_with_the_address_open_nothing(one: Services, path: str) -> None:
    add(one, "sato")
    answer = Browser(one).get(path)
    assert answer.status_code in (302, 308, 404)
    assert "sato" not in answer.text


def test_clerks_do_not_reach_the_administration(services: Services) -> None:
    add(services, "sato")
    browser = Browser(services)
    browser.log_in("sato")
    for path in ("/admin/", "/admin/users", "/admin/users/1", "/admin/audit", "/admin/users/export.csv"):
        assert browser.get(path).status_code == 403
    before = browser.post("/admin/users/new", {"login": "x", "name": "x", "administrator": "y"})
    assert before.status_code == 403
    assert 'href="/admin/"' not in browser.get("/account").text


# --- APIs with their own credentials ------------------------------------------------------------------


def api_client(services: Services) -> flask.testing.FlaskClient:
    app = application.create_app(services=services, packages=())
    blueprint = flask.Blueprint("probe", __name__, url_prefix="/api/v1/probe")
    auth.own_credentials(blueprint)

    @blueprint.route("", methods=["GET", "POST"])
    def probe() -> dict[str, str]:
        if flask.request.headers.get("X-Cybozu-API-Token") == "good":
            auth.act_as(services.system("probe"), state.context())
        return {"actor": state.actor().kind}

    app.register_blueprint(blueprint)
    return app.test_client()


def test_an_api_names_itself_by_header_or_by_session_with_token(services: Services) -> None:
    add(services, "sato")
    client = api_client(services)
    page = client.get("/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    assert client.get("/api/v1/probe").status_code == 401
    assert client.post("/api/v1/probe", json={}).status_code == 401
    header = {"X-Cybozu-API-Token": "good"}
    assert client.post("/api/v1/probe", json={}, headers=header).json == {"actor": "system"}
    client.post("/login", data={"csrf_token": token[1], "login": "sato", "password": PASSWORD})
    assert client.get("/api/v1/probe").json == {"actor": "user"}
    assert client.post("/api/v1/probe", json={}).status_code == 403
    own = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)
    assert own
    assert client.post("/api/v1/probe", json={}, headers={"X-CSRF-Token": own[1]}).json == {"actor": "user"}
    assert client.post("/api/v1/probe", json={"__REQUEST_TOKEN__": own[1]}).json == {"actor": "user"}
    assert client.post("/api/v1/probe", json={"__REQUEST_TOKEN__": "x"}).status_code == 403
    assert client.post("/api/v1/probe", json=["x"]).status_code == 403
    assert client.post("/api/v1/probe", data=b"{", content_type="application/json").status_code == 403
    # A bad token of its own is not rescued by a cookie that comes along.
    assert client.get("/api/v1/probe", headers={"X-Cybozu-API-Token": "bad"}).status_code == 401


# --- headers ------------------------------------------------------------------------------------------


def test_every_answer_carries_the_strict_headers(one: Services) -> None:
    add(one, "sato")
    browser = Browser(one)
    browser.log_in("sato")
    for path in ("/account", "/login", "/nothing-here", "/healthz", "/admin/", "/api/v1/nothing"):
        headers = browser.get(path).headers
        assert headers["Content-Security-Policy"] == (
            "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert "Cookie" in headers["Vary"]
        assert "Access-Control-Allow-Origin" not in headers


def test_pages_hold_nothing_that_the_policy_forbids(one: Services) -> None:
    add(one, "admin", administrator=True)
    browser = Browser(one)
    browser.log_in("admin")
    for path in ("/account", "/password", "/admin/users", "/admin/users/new", "/admin/audit", "/nothing"):
        text = browser.get(path).text
        inline = r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!www\.w3\.org)"
        assert not re.search(inline, text)


# --- addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trusted, peer, forwarded, expected",
    [
        ("", "192.0.2.9", "203.0.113.5", "192.0.2.9"),
        ("10.0.0.1", "192.0.2.9", "203.0.113.5", "192.0.2.9"),
        ("10.0.0.1", "10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "10.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1 10.0.0.2", "10.0.0.1", "1.1.1.1, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("10.0.0.1", "10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_trusted_proxies_are_believed(
    one: Services, trusted: str, peer: str, forwarded: str, expected: str
) -> None:
    settings = replace(one.settings, trusted_proxies=tuple(trusted.split()))
    app = application.create_app(services=replace(one, settings=settings), packages=())
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    with app.test_request_context("/", headers=headers, environ_base={"REMOTE_ADDR": peer}):
        assert state.address() == expected
