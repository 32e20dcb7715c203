"""The first start, one's own settings, signs of life, static files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.accounts import first, users
from lowcode.services import Services
from lowcode.system import meta
from tests.people import PASSWORD, Browser, add, make_services


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path)


def test_the_first_start_makes_one_administrator_and_closes(services: Services) -> None:
    browser = Browser(services)
    assert browser.get("/login").location == "/setup"
    browser.get("/setup")
    person = {"name": "管理 花子", "login": "Admin", "password": PASSWORD, "again": PASSWORD}
    wrong = browser.post("/setup", {**person, "code": "0000-0000-0000-0000"})
    assert wrong.status_code == 422
    assert "準備用コードが違います" in wrong.text
    code = first.setup_code(services.settings)
    short = browser.post("/setup", {**person, "code": code, "password": "short", "again": "short"})
    assert short.status_code == 422
    assert "10文字以上" in short.text
    answer = browser.post("/setup", {**person, "code": code})
    assert (answer.status_code, answer.location) == (302, "/setup?step=2")
    assert browser.get("/setup?step=2").status_code == 200
    assert browser.post("/setup", {"site_name": ""}).status_code == 422
    assert browser.post("/setup", {"site_name": "みどり市保健所", "site_unit": "感染症係"}).location == "/setup?step=3"
    assert 'value="case_ledger" checked' in browser.get("/setup?step=3").text
    assert browser.post("/setup", {"step": "3", "templates": ["facility"], "demo": "1"}).location == "/"
    with services.reading(services.system("test")) as space:
        assert [app.code for app in space.snapshot.all()] == ["facility"]
        assert space.reader("facility").count() > 0
    assert 'value="facility"' not in browser.get("/setup?step=3").text
    assert "みどり市保健所" in browser.get("/account").text
    with db.reading(services.engine) as connection:
        found = list(users.read_all(connection).values())
        assert [(u.login, u.name, u.administrator) for u in found] == [("admin", "管理 花子", True)]
        assert meta.everything(connection)[meta.SITE_UNIT] == "感染症係"
    stranger = Browser(services)
    stranger.get("/login")
    assert stranger.get("/setup").status_code == 404
    assert stranger.post("/setup", {**person, "login": "second", "code": code}).status_code == 404
    assert not (services.settings.data_dir / "setup-code.txt").exists()


def test_a_clerk_does_not_reach_the_set_up(services: Services) -> None:
    add(services, "sato")
    browser = Browser(services)
    browser.log_in("sato")
    assert browser.get("/setup?step=2").status_code == 404


def test_the_look_and_the_language_are_ones_own(services: Services) -> None:
    number = add(services, "sato")
    browser = Browser(services)
    browser.log_in("sato")
    form = {"locale": "en", "zone": "Asia/Seoul", "size": "125", "density": "narrow", "focus": "strong"}
    assert browser.post("/account", form).location == "/account"
    page = browser.get("/account").text
    assert '<html lang="en" class="size-125 density-narrow focus-strong">' in page
    assert "Log out everywhere" in page
    refused = browser.post("/account", {**form, "zone": "Mars/Base"})
    assert refused.status_code == 422
    assert "no time zone" in refused.text
    # Only these six: nobody makes himself an administrator by a field that the form does not have.
    browser.post("/account", {**form, "administrator": "1", "login": "root", "size": "9999", "expires_on": ""})
    with db.reading(services.engine) as connection:
        data = users.read(connection, number)
    assert (data.login, data.administrator, data.locale, data.zone) == ("sato", False, "en", "Asia/Seoul")
    assert "size-125" in browser.get("/account").text


def test_logging_out_everywhere(services: Services) -> None:
    add(services, "sato")
    here, there = Browser(services), Browser(services)
    here.log_in("sato")
    there.log_in("sato")
    page = here.get("/account").text
    hashes = re.findall(r'name="session" value="([0-9a-f]{64})"', page)
    assert len(hashes) == 2
    assert here.post("/account/sessions/end", {"session": "0" * 64}).status_code == 404
    assert here.post("/account/sessions/end").location == "/login"
    assert [each.get("/account").status_code for each in (here, there)] == [302, 302]


def test_nobody_ends_the_session_of_another(services: Services) -> None:
    add(services, "sato")
    add(services, "ito")
    sato, ito = Browser(services), Browser(services)
    sato.log_in("sato")
    ito.log_in("ito")
    foreign = re.findall(r'name="session" value="([0-9a-f]{64})"', ito.get("/account").text)[0]
    assert sato.post("/account/sessions/end", {"session": foreign}).status_code == 404
    assert ito.get("/account").status_code == 200


def test_signs_of_life(services: Services) -> None:
    browser = Browser(services)
    assert browser.get("/healthz").text == "ok\n"
    assert browser.get("/readyz").status_code == 200
    with db.writing(services.engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/readyz").status_code == 503


def test_static_files_are_kept_for_ever_under_their_hash(services: Services) -> None:
    browser = Browser(services)
    add(services, "sato")
    sheet = re.search(r'href="(/s/([0-9a-f]{16})/css/base\.css)"', browser.get("/login").text)
    assert sheet
    answer = browser.get(sheet[1])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.mimetype == "text/css"
    assert "Set-Cookie" not in answer.headers
    stale = browser.get("/s/0000/css/base.css")
    assert "immutable" not in stale.headers["Cache-Control"]
    assert browser.get(f"/s/{sheet[2]}/vendor/VENDOR.toml").status_code == 404
    for path in ("../web/pages.py", "%2e%2e/pages.py", "..%2fpages.py", "css/", "css/nothing.css", "//etc/passwd"):
        assert browser.get(f"/s/{sheet[2]}/{path}").status_code in (404, 308)
    assert browser.get(f"/s/{sheet[2]}/js/app.js").mimetype == "text/javascript"
