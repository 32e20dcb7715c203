"""The audit log on the screen: who finds what, how one leafs, the files, and the question whose records were seen."""

from __future__ import annotations

import csv
import io
import random
import typing as t
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import lxml.html
import pytest
import sqlalchemy as sa

from lowcode import db, messages
from lowcode.access.actor import Actor
from lowcode.accounts import audit, audit_search
from lowcode.accounts.audit_search import Filter
from lowcode.records.reads import numbers
from lowcode.services import Services
from lowcode.system.models import AuditEntry
from tests.people import NOW, Browser, add, make_services

TABLE = AuditEntry.__table__
ITO = Actor(kind="user", user_id=77, login="ito", name="伊藤 健太")
ABE = Actor(kind="user", user_id=78, login="abe", name='=HYPERLINK("x")')


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path)


@pytest.fixture
def admin(services: Services) -> Browser:
    add(services, "boss", administrator=True)
    browser = Browser(services, ("lowcode.admin", "lowcode.runtime"))
    browser.log_in("boss")
    return browser


def read(
    services: Services,
    actor: Actor,
    ids: t.Iterable[int],
    *,
    action: str = "records.read",
    minutes: int = 0,
    app: int = 5,
    query: str = "",
) -> None:
    made = audit.entry(
        actor,
        action,
        NOW + timedelta(minutes=minutes),
        app_id=app,
        target="cases",
        records=numbers(set(ids)),
        query=query,
    )
    with db.writing(services.engine) as connection:
        audit.write(connection, [made])


def table(text: str) -> list[list[str]]:
    root = lxml.html.fromstring(text)
    return [[" ".join(cell.text_content().split()) for cell in row] for row in root.xpath("//tbody/tr")]


def shown(admin: Browser, query: str = "") -> list[tuple[str, str]]:
    """Who and which records of each line, the looks at the log itself left out."""
    rows = table(admin.get(f"/admin/audit?{query}").text)
    return [(row[2], row[5]) for row in rows if row[3] not in ("監査ログの閲覧", "ログイン", "利用者の追加")]


def test_each_filter_finds_its_entries(services: Services, admin: Browser) -> None:
    read(services, ITO, [1, 2, 3])
    read(services, ITO, [1, 9], minutes=10, query='name = "<b>山田"', action="records.searched")
    read(services, ABE, [4], minutes=20, app=6)
    one, two, three = ("伊藤 健太", "3件: 1-3"), ("伊藤 健太", "2件: 1, 9"), ('=HYPERLINK("x")', "1件: 4")
    cases = {
        "": [three, two, one],
        "who=ito": [two, one],
        "who=" + quote("藤 健"): [two, one],
        "who=100%25_": [],
        "action=reads": [three, two, one],
        "action=records.searched": [two],
        "app=6": [three],
        "record=2": [one],
        "record=9": [two],
        "record=5": [],
        "since=2026-11-24T12:10": [three, two],
        "until=2026-11-24T12:10": [two, one],
        "until=2026-11-23": [],
        "since=2026-11-24&until=2026-11-24&who=abe": [three],
    }
    for query, expected in cases.items():
        assert shown(admin, query) == expected, query
    assert "<b>山田" not in admin.get("/admin/audit").text


@pytest.mark.parametrize("query", ["record=x", "app=-1", "since=yesterday", "until=2026-13-01", "until=9999-12-31"])
def test_what_cannot_be_meant_is_said_at_its_control(admin: Browser, query: str) -> None:
    page = admin.get(f"/admin/audit?{query}")
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    assert admin.get(f"/admin/audit/records?{query}").status_code == 422
    for path in ("/admin/audit.csv", "/admin/audit/records.csv"):
        assert admin.get(f"{path}?{query}").status_code == 302


def test_one_leafs_to_the_oldest_entry_without_a_gap(services: Services, admin: Browser) -> None:
    for n in range(120):
        read(services, ITO, [n + 1], action="records.exported" if n % 3 else "records.read")
    found: list[str] = []
    url = "/admin/audit?action=records.exported"
    for _ in range(5):
        page = admin.get(url)
        found += [row[5] for row in table(page.text)]
        older = lxml.html.fromstring(page.text).xpath("//a[contains(., '前の記録へ')]/@href")
        if not older:
            break
        url = str(older[0])
    assert found == [f"1件: {n + 1}" for n in reversed(range(120)) if n % 3]


def test_looking_at_the_log_is_in_the_log(services: Services, admin: Browser) -> None:
    for path in (
        "/admin/audit?who=ito",
        "/admin/audit/records?who=ito",
        "/admin/audit.csv",
        "/admin/audit/records.csv",
    ):
        assert admin.get(path).status_code == 200
    with db.reading(services.engine) as connection:
        rows = connection.execute(sa.select(TABLE).order_by(TABLE.c.id.desc()).limit(4)).all()
    assert [(r.actor_login, r.action, r.query) for r in reversed(rows)] == [
        ("boss", "log.read", "who=ito"),
        ("boss", "log.read", "who=ito"),
        ("boss", "log.exported", ""),
        ("boss", "log.exported", ""),
    ]


def test_only_administrators_come_near(services: Services) -> None:
    add(services, "ito")
    browser = Browser(services)
    browser.log_in("ito")
    for path in ("/admin/audit", "/admin/audit/records", "/admin/audit.csv", "/admin/audit/records.csv"):
        assert browser.client.get(path).status_code == 403


def test_the_file_holds_every_entry_and_nothing_a_spreadsheet_runs(services: Services, admin: Browser) -> None:
    scattered = sorted(random.Random(1).sample(range(1, 10**6), 3_000))
    read(services, ABE, scattered, query="=1+1")
    lines = list(csv.DictReader(io.StringIO(admin.get("/admin/audit.csv?who=abe").get_data().decode("utf-8-sig"))))
    assert len(lines) == 1
    assert lines[0]["名前"] == '\'=HYPERLINK("x")'
    assert lines[0]["条件"] == "'=1+1"
    assert lines[0]["レコード番号"] == ",".join(map(str, scattered))
    assert lines[0]["日時"] == "2026-11-24T12:00:00+09:00"


def test_whose_records_somebody_saw_is_answered_exactly(services: Services, admin: Browser) -> None:
    """A hundred random questions to a log with random reads, against a plain count."""
    chance = random.Random(11)
    done: list[tuple[str, int, str, int, set[int]]] = []
    actions = ["records.read", "records.searched", "records.exported", "file.downloaded", "records.printed"]
    made = []
    for n in range(300):
        actor, app, action = chance.choice([ITO, ABE]), chance.choice([5, 6]), chance.choice(actions)
        ids = set(chance.sample(range(1, 400), chance.choice([0, 1, 1, 3, 50])))
        if n % 50 == 0:
            ids = set(chance.sample(range(1, 10**6), 2_000))
        done.append((actor.login, app, action, n, ids))
        at = NOW + timedelta(minutes=n)
        made.append(audit.entry(actor, action, at, app_id=app, target="x", records=numbers(ids)))
        if n % 7 == 0:
            made.append(audit.entry(actor, "user.changed", at))
    with db.writing(services.engine) as connection:
        audit.write(connection, made)
    for _ in range(100):
        who, start = chance.choice(["ito", "abe", ""]), chance.randint(0, 290)
        end = start + chance.randint(1, 200)
        app_id = chance.choice([None, 5, 6])
        expected: dict[int, set[int]] = {}
        for login, app, _, minute, ids in done:
            if start <= minute < end and who in ("", login) and app_id in (None, app):
                expected.setdefault(app, set()).update(ids)
        wanted = Filter(
            who=who, app_id=app_id, since=NOW + timedelta(minutes=start), until=NOW + timedelta(minutes=end)
        )
        rows = audit_search.everything(lambda: db.reading(services.engine), wanted)
        assert {app: set(records) for app, records in audit_search.records_seen(rows).items()} == expected
    read(services, ITO, [7], minutes=5000, app=99)
    read(services, ITO, [7], minutes=5001, app=99, action="records.exported")
    page = admin.get("/admin/audit/records?app=99&who=ito")
    assert table(page.text) == [["#99 （今はないアプリ）", "1件", "7"]]
    file = admin.get("/admin/audit/records.csv?app=99").get_data().decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(file)))[1] == [
        "99", "", "7", "2", "2026-11-27T23:20:00+09:00", "2026-11-27T23:21:00+09:00", "records.exported records.read",
    ]  # fmt: skip


def test_a_tampered_entry_breaks_no_screen(services: Services, admin: Browser) -> None:
    read(services, ITO, [1, 5])
    with db.writing(services.engine) as connection:
        connection.execute(sa.update(TABLE).where(TABLE.c.app_id == 5).values(records="z:!!"))
    for path in ("/admin/audit", "/admin/audit?record=3", "/admin/audit/records", "/admin/audit.csv"):
        assert admin.get(path).status_code == 200
    assert shown(admin, "who=ito") == [("伊藤 健太", "2件: ?")]


@pytest.mark.parametrize("locale", messages.LOCALES)
def test_every_action_has_its_words(locale: str) -> None:
    for action in audit.ACTIONS:
        assert messages.text(f"admin.action.{action}", locale) != f"admin.action.{action}"
