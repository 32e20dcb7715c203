"""Import and export by screen, and the pages of their jobs."""

from __future__ import annotations

import io

import openpyxl
import pytest

from tests.runtime.town import Page, Town, Visitor

FILE = "受付番号,氏名,年齢,状態\r\nA-1,山田,31,受付\r\nA-2,鈴木,999,受付\r\nA-3,高橋,40,ない\r\nA-4,𠮷田,50,入院\r\n"


@pytest.fixture
def mapping(town: Town, clerk: Visitor) -> Page:
    town.add(town.cases, no="A-1", name="山田", age=30)
    form = clerk.get(f"/k/{town.cases}/import").form("import")
    return form.upload("file", FILE.encode(), "患者.csv").send().follow()


def run(page: Page, do: str = "run") -> Page:
    """Send the mapping, do the job, and open its page again."""
    waiting = page.form("import").send(do=do).follow()
    assert waiting.attributes("//*[@id='job-state']", "data-state") == ["waiting"]
    return waiting


def numbers(page: Page) -> dict[str, str]:
    return dict(zip(page.attributes("//*[@data-count]", "data-count"), page.all("//*[@data-count]"), strict=True))


def test_an_import_from_file_to_result(town: Town, clerk: Visitor, mapping: Page) -> None:
    form = mapping.form("import")
    assert form.get("key") == "no"
    assert [form.get(f"column:{n}") for n in range(4)] == ["no", "name", "age", "state"]
    tried = run(mapping, "try")
    town.work()
    tried = clerk.get(tried.path)
    assert "書き込んでいません" in tried.one("//*[@id='job-state']")
    assert numbers(tried)["created"] == "1"
    assert town.count(town.cases) == 1
    page = run(mapping)
    town.work()
    page = clerk.get(page.path)
    found = numbers(page)
    assert (found["created"], found["updated"], found["failed"]) == ("1", "1", "2")
    errors = page.all("//table[caption='取り込めなかった行']/tbody/tr")
    assert len(errors) == 2
    assert "999" in errors[0]
    address = page.attributes("//a[contains(@href,'which=errors')]", "href")[0]
    answer = clerk.get(address).answer
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert town.record(town.cases, 1)["age"] == 31
    undone = page.form(action="/undo").send().follow()
    town.work()
    assert numbers(clerk.get(undone.path))["undone"] == "2"
    assert (town.count(town.cases), town.record(town.cases, 1)["age"]) == (1, 30)


def test_a_column_with_the_label_of_a_row_goes_to_the_top(town: Town, clerk: Visitor, mapping: Page) -> None:
    # 氏名 and 年齢 are also columns of the family; a file without the mark of rows means the record's own.
    assert [mapping.form("import").get(f"column:{n}") for n in (1, 2)] == ["name", "age"]


def test_wrong_choices_keep_what_was_chosen(town: Town, clerk: Visitor, mapping: Page) -> None:
    form = mapping.form("import").put(
        {"column:1": "name", "column:2": "name", "key": "no", "year": "2020", "bad_cells": "empty"}
    )
    page = form.send(do="run")
    assert page.status == 422
    assert page.problems()
    again = page.form("import")
    assert [again.get(n) for n in ("column:2", "year", "bad_cells", "key")] == ["name", "2020", "empty", "no"]


def test_a_file_is_read_in_another_way_on_demand(town: Town, clerk: Visitor) -> None:
    form = clerk.get(f"/k/{town.cases}/import").form("import")
    page = form.upload("file", FILE.encode("cp932", "replace"), "a.csv").send().follow()
    assert page.form("import").get("encoding") == "cp932"
    other = clerk.get(page.path, [("header_row", "0"), ("encoding", "cp932"), ("delimiter", ",")])
    assert other.form("import").get("header_row") == "0"
    assert clerk.get(page.path, [("encoding", "klingon"), ("header_row", "99999"), ("delimiter", "ab")]).status < 500


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04broken", b"a"])
def test_a_file_that_is_none_is_refused_with_a_sentence(town: Town, clerk: Visitor, content: bytes) -> None:
    form = clerk.get(f"/k/{town.cases}/import").form("import")
    answer = form.upload("file", content, "a.xlsx" if content.startswith(b"PK") else "a.csv").send()
    page = answer.follow() if answer.status == 303 else answer
    assert page.status in (200, 422)
    nothing = clerk.get(f"/k/{town.cases}/import").form("import").send()
    assert nothing.status == 422
    assert nothing.title.startswith("エラー")


def test_an_upload_is_its_senders_alone(town: Town, clerk: Visitor, mapping: Page) -> None:
    assert town.visitor("sato").get(mapping.path).status == 404
    assert clerk.get(f"/k/{town.cases}/import/{'0' * 40}").status == 404


@pytest.fixture
def exported(town: Town) -> Town:
    town.add(town.cases, no="A-1", name="𠮷田 花子", age=30, state="受付", memo="=1+1")
    town.add(town.cases, no="A-2", name="山田", age=20, state="入院")
    return town


def test_export_as_text(exported: Town, clerk: Visitor) -> None:
    page = clerk.get(f"/k/{exported.cases}/export", [("view", "全件"), ("f.age.gt", "25"), ("cols", "name,no")])
    assert "1 件" in page.one("//h1")
    form = page.form("export")
    assert [v for k, v in form.data if k == "columns"] == ["name", "no"]
    form.put({"columns": ["no", "name", "memo"], "place:memo": "1", "place:no": "2", "place:name": "3"})
    answer = form.send().answer
    assert answer.headers["Content-Disposition"].startswith("attachment")
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0].split(",") == ["メモ", "受付番号", "氏名"] or lines[0] == '"メモ","受付番号","氏名"'
    assert len(lines) == 2
    assert "𠮷田 花子" in lines[1]
    assert not lines[1].startswith(("=", '"='))
    tabs = form.set(format="tsv").send().answer.data.decode("utf-8-sig")
    assert "\t" in tabs.splitlines()[0]


def test_export_as_a_spreadsheet_and_in_cp932(exported: Town, clerk: Visitor) -> None:
    form = clerk.get(f"/k/{exported.cases}/export", [("q", "花子")]).form("export")
    page = form.set(format="xlsx").send().follow()
    exported.work()
    page = clerk.get(page.path)
    assert numbers(page)["count"] == "1"
    answer = clerk.get(page.attributes("//a[contains(@href,'/file')]", "href")[0]).answer
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    assert "𠮷田 花子" in [cell.value for row in sheet.iter_rows() for cell in row]
    page = form.set(format="csv", encoding="cp932").send().follow()
    exported.work()
    page = clerk.get(page.path)
    assert "𠮷 × 1" in page.text.replace("<strong>", "").replace("</strong>", "")
    answer = clerk.get(page.attributes("//a[contains(@href,'/file')]", "href")[0]).answer
    assert "〓田 花子" in answer.data.decode("cp932")


def test_jobs_are_their_starters(town: Town, clerk: Visitor, mapping: Page) -> None:
    page = run(mapping)
    town.work()
    other = town.visitor("sato")
    assert other.get(page.path).status == 200
    from tests.people import add

    add(town.services, "abe")
    stranger = town.visitor("abe")
    for address in (page.path, f"{page.path}/file", f"{page.path}/file?which=errors", "/jobs/9999"):
        assert stranger.get(address).status == 404, address
    for action in ("stop", "undo"):
        assert stranger.post(f"{page.path}/{action}").status == 404
    assert town.count(town.cases) == 2
