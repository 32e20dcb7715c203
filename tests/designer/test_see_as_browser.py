"""See as in Chromium: a person is picked, the reasons are read at a desk and on a phone, and axe finds nothing."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from lowcode.services import Services
from tests.designer.rights_office import open_office
from tests.designer.test_browser import log_in, picture
from tests.designer.test_browser import town as town

pytestmark = pytest.mark.browser


def test_a_person_is_picked_and_their_view_explained(
    page: t.Any, phone_page: t.Any, town: tuple[Services, str], tmp_path: Path
) -> None:
    services, address = town
    app, records = open_office(services)
    log_in(page, address)
    page.goto(f"{address}/k/{app}/show/{records['free']}")
    page.click(".page-actions details summary")
    page.click("a:has-text('ほかの人にはどう見える？')")
    page.wait_for_url(f"{address}/k/admin/app/{app}/rights/see-as?record={records['free']}")
    picture(page, tmp_path, "see-as-empty-desktop")
    page.fill("[name=record]", str(records["east"]))
    page.fill("[name=user]", "上田")
    page.click("[role=option]:has-text('上田 東')")
    assert page.input_value("[name=user]") == "上田 東 (ueda)"
    page.click("#see-as .button-primary")
    assert page.inner_text("#seen-title") == "上田 東（ueda）"
    assert page.locator(".verdicts tr:has-text('年齢の倍') .chip").inner_text() == "見えない"
    log_in(phone_page, address)
    for device, sheet in (("desktop", page), ("phone", phone_page)):
        for name, query in (
            ("ueda-east", f"user=ueda&record={records['east']}"),
            ("mori", "user=mori"),
        ):
            sheet.goto(f"{address}/k/admin/app/{app}/rights/see-as?{query}")
            picture(sheet, tmp_path, f"see-as-{name}-{device}")
            found = Axe().run(sheet, options={"resultTypes": ["violations"]}).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], (name, device)
