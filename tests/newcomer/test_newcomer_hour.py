"""The newcomer's hour: what `make run` started in a fresh clone does for somebody who never saw it before.

One test on purpose: each step stands on the one before it, as it does for a person. The steps are in ``hour.py``.
"""

from __future__ import annotations

import csv
import io
import json
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import leave_out
from tests.newcomer import clone as clones
from tests.newcomer import snapshots
from tests.newcomer.clone import Clone
from tests.newcomer.hour import Newcomer
from tests.newcomer.snapshots import Snapshots

if t.TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.slow, pytest.mark.browser]
OWN_APP = "大阪府の陽性者"
KNOWN = "1000"
"""A 番号 that both snapshots hold, and that stands on the first page of a list."""
NOTE = "8月3日に電話済み。再連絡は不要"


@pytest.fixture
def clone(database_url: str, tmp_path: Path) -> Iterator[Clone]:
    """A fresh clone; on SQLite with everything that a newcomer gets, on PostgreSQL with the small demo data."""
    if reason := clones.why_absent():
        leave_out(reason)
    sqlite = database_url.startswith("sqlite")
    made = Clone.make(tmp_path / "clone", database="" if sqlite else database_url, demo="" if sqlite else "tiny")
    yield made
    made.kill()


@pytest.fixture
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Snapshots:
    """The published lists where they are, else invented ones of the same shape (in CI always)."""
    folder = clones.real_data()
    return snapshots.published(folder) if folder is not None else snapshots.invented(tmp_path)


def test_the_newcomers_hour(clone: Clone, files: Snapshots, page: Page, phone_page: Page) -> None:
    clone.start()
    assert set(clone.passwords) == {"admin", "hoken", "jimu"}
    assert clone.logins_file() == clone.passwords

    person = Newcomer(page, clone.address)
    person.log_in("admin", clone.passwords["admin"])
    case = person.a_case()
    person.find_by_kana(case)

    doctor, job = person.value("医師氏名"), person.value("職業詳細")
    person.edit_case("北条 さゆり", "夜勤の看護助手", "試験 よね")
    change = person.latest_change()
    assert all(
        words in change
        for words in ("医師氏名", "北条 さゆり", "職業詳細", "夜勤の看護助手", "同居者", "試験 よね/親/72")
    )
    person.picture("record")
    person.restore("医師氏名", keep="夜勤の看護助手")
    assert (person.value("医師氏名"), person.value("職業詳細")) == (doctor, "夜勤の看護助手")
    assert "試験 よね" in page.locator(".record-main").inner_text()
    assert "職業詳細" not in person.latest_change()
    assert job != "夜勤の看護助手"

    person.observe("３８．９", "2030-01-15 21:40")
    assert person.value("最終体温").replace(" ", "") == "38.9℃"
    assert "2030-01-15 21:40" in person.value("最終観察日時")
    person.picture("roll-up")

    pocket = Newcomer(phone_page, clone.address)
    pocket.log_in("hoken", clone.passwords["hoken"], "phone-")
    pocket.look_on_a_phone(case)

    person.app_from_file(files.first, OWN_APP, files.rows)
    person.add_field_and_view("担当メモ", "担当確認")
    person.open_view(OWN_APP, "担当確認")
    person.open_row(KNOWN)
    person.type_into("担当メモ", NOTE)
    person.open_view(OWN_APP, "担当確認")
    counts = person.import_by_key(files.second, "番号")
    expected = {"created": files.created, "updated": files.updated, "unchanged": files.unchanged, "failed": 0}
    assert counts == {name: f"{number:,}" for name, number in expected.items()}
    person.open_view(OWN_APP, "担当確認")
    person.open_row(KNOWN)
    assert person.value("担当メモ") == NOTE
    record = page.url

    person.open_view(OWN_APP, "担当確認")
    text = Path(person.export_csv().path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == files.rows + files.created
    assert list(rows[0]) == ["番号", "居住地", "担当メモ", "退院・解除"]
    assert [row["担当メモ"] for row in rows if row["番号"] == KNOWN] == [NOTE]
    app = next(each["code"] for each in clone.lowcode("app", "list") if each["name"] == OWN_APP)
    template = clone.folder / "own-app.json"
    clone.lowcode("template", "export", app, "-o", str(template))
    kept = json.loads(template.read_text("utf-8"))
    assert "担当メモ" in kept["apps"][0]["properties"]
    assert "担当確認" in kept["apps"][0]["views"]

    clone.stop()
    seconds = clone.start(clones.LATER_START)
    assert "ひな形と練習用のデータを入れています" not in clone.printed
    assert seconds < clones.LATER_START
    page.goto(record)
    assert "/login" not in page.url, "who was logged in stays so"
    assert person.value("担当メモ") == NOTE
    person.open_app("陽性者台帳")
    person.find_by_kana(case)
    assert person.value("職業詳細") == "夜勤の看護助手"
    assert person.value("最終体温").replace(" ", "") == "38.9℃"
    clone.stop()
