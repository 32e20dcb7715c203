"""The fixtures of conftest.py do what they promise: fresh databases, and a page that fails on complaints."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from lowcode import db

if t.TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import BrowserProblems


@pytest.mark.parametrize("attempt", (1, 2))
def test_each_test_gets_an_empty_database(engine: sa.Engine, attempt: int) -> None:
    with db.writing(engine) as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.execute(sa.text("CREATE TABLE only_here (number INTEGER)"))
        connection.execute(sa.text("INSERT INTO only_here VALUES (:number)"), {"number": attempt})
    with db.reading(engine) as connection:
        assert connection.scalar(sa.text("SELECT number FROM only_here")) == attempt


def test_a_database_for_processes_is_empty_and_writable(database_url: str) -> None:
    engine = db.make_engine(database_url)
    with db.writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE there (number INTEGER)"))
    assert sa.inspect(engine).get_table_names() == ["there"]
    engine.dispose()


@pytest.mark.browser
def test_a_page_is_japanese_and_of_desk_size(page: Page) -> None:
    page.set_content("<p>陽性者</p>")
    assert page.evaluate("[navigator.language, innerWidth, innerHeight]") == ["ja-JP", 1440, 900]


@pytest.mark.browser
def test_a_phone_page_is_narrow(phone_page: Page) -> None:
    phone_page.set_content('<meta name="viewport" content="width=device-width"><p>陽性者</p>')
    assert phone_page.evaluate("innerWidth") == 390


@pytest.mark.browser
@pytest.mark.parametrize(
    "script, complaint",
    (
        pytest.param("console.error('broken')", "console: broken", id="console"),
        pytest.param("setTimeout(() => { throw new Error('thrown') })", "error in a script: .*thrown", id="thrown"),
        pytest.param("new Image().src = 'https://example.org/x.png'", "request to another host", id="foreign"),
    ),
)
def test_a_complaint_of_a_page_is_seen(
    page: Page, browser_problems: BrowserProblems, script: str, complaint: str
) -> None:
    browser_problems.allow("ERR_NAME_NOT_RESOLVED")
    page.evaluate(script)
    page.wait_for_timeout(50)
    seen = browser_problems.remaining()
    browser_problems.allow(complaint)
    assert len(seen) == 1
    assert browser_problems.remaining() == []
