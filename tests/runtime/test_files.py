"""Attachments: uploading, handing out, pictures, and who gets them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.runtime.town import Page, Town, Visitor

EVIL = b"<html><script>alert(1)</script></html>"


def picture() -> bytes:
    """A small picture as a camera gives it."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def page(town: Town, clerk: Visitor) -> Page:
    form = clerk.get(f"/k/{town.cases}/new").form("edit").set(name="山田")
    form.upload("papers:upload", EVIL, '..\\診断書 "1".html')
    return form.send().follow()


def links(page: Page) -> list[str]:
    return page.attributes("//a[contains(@href,'/file/')]", "href")


def test_a_file_is_only_ever_a_download(town: Town, clerk: Visitor, page: Page) -> None:
    answer = clerk.get(links(page)[0]).answer
    assert answer.status_code == 200
    assert answer.data == EVIL
    headers = answer.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "\\" not in headers["Content-Disposition"].replace('\\"', "")


def test_files_are_removed_and_added_by_the_form(town: Town, clerk: Visitor, page: Page) -> None:
    form = clerk.get(f"/k/{town.cases}/edit/1").form("edit")
    key = form.get("papers")
    assert key
    form.put({"papers:remove": key}).upload("papers:upload", b"two", "二.txt")
    form.send().follow()
    assert [ref.name for ref in town.record(town.cases, 1)["papers"]] == ["二.txt"]


def test_a_refused_form_keeps_its_upload(town: Town, clerk: Visitor) -> None:
    form = clerk.get(f"/k/{town.cases}/new").form("edit").upload("papers:upload", b"once", "一.txt")
    refused = form.send()
    assert refused.status == 422
    assert "一.txt" in refused.text
    refused.form("edit").set(name="山田").send().follow()
    assert [ref.name for ref in town.record(town.cases, 1)["papers"]] == ["一.txt"]


def test_files_belong_to_their_record(town: Town, clerk: Visitor, page: Page) -> None:
    address = links(page)[0]
    key = address.rsplit("/", 1)[1]
    town.add(town.cases, name="別の人")
    papers = next(f.id for f in town.definition(town.cases).fields if f.code == "papers")
    name = next(f.id for f in town.definition(town.cases).fields if f.code == "name")
    assert clerk.get(f"/k/{town.cases}/file/{papers}/{key}").answer.status_code == 200
    for wrong in (
        f"/k/{town.cases}/file/2/{papers}/{key}",
        f"/k/{town.cases}/file/1/{name}/{key}",
        f"/k/{town.cases}/file/1/{papers}/{'0' * 40}",
        f"/k/{town.cases}/file/1/{papers}/..%2f..%2fsecret.key",
        f"/k/{town.visits}/file/1/{papers}/{key}",
        f"/k/{town.visits}/file/{papers}/{key}",
        f"/k/{town.cases}/file/1/{papers}/{key}/page/1",
    ):
        assert clerk.get(wrong).status == 404, wrong
    # A key alone does not attach a stranger's file, and a record in the trash hands nothing out.
    clerk.get(f"/k/{town.cases}/show/1").form(action="/delete").send()
    assert clerk.get(address).status == 404


def test_somebody_elses_upload_is_not_attached(town: Town, clerk: Visitor, page: Page) -> None:
    key = links(page)[0].rsplit("/", 1)[1]
    other = town.visitor("sato")
    form = other.get(f"/k/{town.cases}/new").form("edit").set(name="他人")
    form.data.append(("papers", key))
    assert form.send().status == 422
    assert town.count(town.cases) == 1


def test_pictures_are_made_anew_and_shown(town: Town, clerk: Visitor) -> None:
    form = clerk.get(f"/k/{town.cases}/new").form("edit").set(name="山田")
    form.upload("papers:upload", picture(), "写真.jpg").send()
    assert clerk.get(f"/k/{town.cases}/show/1").attributes("//img[@class='thumb']", "src") == []
    town.work()
    shown = clerk.get(f"/k/{town.cases}/show/1")
    (address,) = shown.attributes("//img[@class='thumb']", "src")
    assert shown.attributes("//img[@class='thumb']", "alt") == ["写真.jpg の 1 ページ目"]
    answer = clerk.get(address).answer
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Content-Disposition"] == "inline"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.data[:4] == b"RIFF"
    assert clerk.get(address.removesuffix("1") + "2").status == 404
    assert clerk.get(f"/k/{town.cases}/edit/1").attributes("//img[@class='thumb']", "src") == [address]


def test_what_pretends_to_be_a_picture_shows_nothing(town: Town, clerk: Visitor) -> None:
    form = clerk.get(f"/k/{town.cases}/new").form("edit").set(name="山田")
    form.upload("papers:upload", EVIL, "evil.png").send()
    town.work()
    assert clerk.get(f"/k/{town.cases}/show/1").attributes("//img", "src") == []
