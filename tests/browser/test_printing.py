"""A page with personal data tells when it is printed."""

from __future__ import annotations

import typing as t
from urllib.parse import parse_qs

import sqlalchemy as sa

from lowcode import db
from lowcode.accounts import record_numbers
from lowcode.system.models import AuditEntry
from tests.browser.site import Site
from tests.runtime.test_read_log import personal
from tests.runtime.town import VISITS

if t.TYPE_CHECKING:
    from playwright.sync_api import Page

TABLE = AuditEntry.__table__


def test_printing_a_record_is_told(page: Page, site: Site) -> None:
    town = site.town
    personal(town, town.visits, VISITS.json())
    record = town.add(town.visits, case_no="A-1")
    site.enter(page.context)
    with page.expect_response("**/printed.js*"):
        site.open(page, f"/k/{town.visits}/show/{record}")
    with page.expect_response("**/printed") as told:
        # Chromium without a window prints into a file, with the same events.
        page.pdf()
    assert told.value.status == 204
    assert parse_qs(told.value.request.post_data or "")["ids"] == [str(record)]
    with db.reading(town.services.engine) as connection:
        row = connection.execute(sa.select(TABLE).order_by(TABLE.c.id.desc()).limit(1)).one()
    assert (row.action, row.actor_login, row.app_id) == ("records.printed", "ito", town.visits)
    assert list(record_numbers.unpacked(row.records)) == [record]
