"""Numbers beyond 64 bits and characters that no database takes are answered plainly, never with a failure of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.access import actor as access
from lowcode.accounts import tokens
from tests.people import NOW
from tests.runtime.town import Town

HUGE = ("9223372036854775808", "9" * 5000)
PATHS = (
    "/k/{n}/",
    "/k/1/show/{n}",
    "/k/1/edit/{n}",
    "/k/1/new?copy={n}",
    "/k/1/?view={n}",
    "/k/1/?page={n}",
    "/k/1/trash?page={n}",
    "/k/1/show?record={n}",
    "/k/1/restore?ids={n}",
    "/jobs/{n}",
    "/k/1/picker/{n}",
    "/k/1/file/{n}/a",
    "/api/v1/apps/{n}/records",
    "/api/v1/apps/1/records/{n}",
    "/api/v1/apps/1/records?limit={n}",
    "/api/v1/apps/1/records?query=$id%3D{n}",
    "/k/%00/",
    "/k/1/file/2/%00",
    "/k/1/import/%00",
    "/api/v1/apps/%00/records",
    "/k/1/?q=%00",
    "/search?q=%00",
    "/api/v1/apps/1/search?q={n}",
    "/api/v1/apps/1/search?q=%00",
    "/k/1/?f.clinic.eq=%00",
    "/k/1/picker/2?q=%00",
)


@pytest.fixture
def town(engine: sa.Engine, tmp_path: Path) -> Town:
    return Town(engine, tmp_path)


def test_odd_addresses_never_break(town: Town) -> None:
    visitor = town.visitor()
    broken = [
        (path, n[:20], status)
        for path in PATHS
        for n in (HUGE if "{n}" in path else ("",))
        if (status := visitor.browser.client.get(path.format(n=n), buffered=True).status_code) >= 500
    ]
    assert broken == []


def test_odd_numbers_in_forms_never_break(town: Town) -> None:
    visitor = town.visitor()
    for path, name in (("/k/1/bulk", "ids"), ("/k/1/restore", "ids"), ("/k/1/show/1/delete", "revision")):
        for n in HUGE:
            assert visitor.post(path, [(name, n), ("do", "delete")]).status < 500, (path, name)


def test_half_a_surrogate_is_no_token(town: Town) -> None:
    client = town.visitor().browser.client
    answer = client.post("/logout", data=b'{"__REQUEST_TOKEN__": "\\ud800"}', content_type="application/json")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("rights", "mode", "status"),
    [
        (["view"], "add", 403),
        (["add"], "add", 202),
        (["add"], "upsert", 403),
        (["add", "edit"], "upsert", 202),
    ],
)
def test_a_token_imports_only_what_it_may_write(town: Town, rights: list[str], mode: str, status: int) -> None:
    with db.writing(town.services.engine) as connection:
        token = tokens.add(connection, town.clinics, rights, by=access.system("test"), now=NOW)
    from lowcode import app

    client = app.create_app(services=town.services, packages=("lowcode.api",)).test_client()
    key = "" if mode == "add" else "&key=clinic"
    answer = client.post(
        f"/api/v1/apps/{town.clinics}/import?mode={mode}{key}",
        data=b"clinic,phone\nA,1\n",
        content_type="text/csv",
        headers={"X-Cybozu-API-Token": token},
    )
    assert answer.status_code == status, answer.text
