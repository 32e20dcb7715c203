"""The administration's screens: add, find, change, switch off, files, the audit log."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from lxml import html

from lowcode import backup, db
from lowcode.accounts import groups, organizations, users
from lowcode.accounts.login import log_in
from lowcode.accounts.users import Place
from lowcode.backup import keeping
from lowcode.services import Services
from tests.people import PASSWORD, Browser, add, make_services


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path)


@pytest.fixture
def admin(services: Services) -> Browser:
    add(services, "admin", name="管理 太郎", administrator=True)
    browser = Browser(services)
    browser.log_in("admin")
    return browser


def words(text: str) -> str:
    return " ".join(html.fromstring(text).text_content().split())


def user(services: Services, login: str) -> tuple[int, users.UserData]:
    with db.reading(services.engine) as connection:
        number = users.find(connection, login)
        assert number is not None
        return number, users.read(connection, number)


def test_a_day_of_an_administrator(services: Services, admin: Browser) -> None:
    admin.get("/admin/organizations/new")
    assert (
        admin.post("/admin/organizations/new", {"code": "health", "name": "保健所", "active": "1"}).status_code == 302
    )
    form = {"code": "food", "name": "食品係", "parent": "health", "position": "2", "active": "1"}
    assert admin.post("/admin/organizations/new", form).status_code == 302
    assert admin.post("/admin/groups/new", {"code": "night", "name": "夜間", "active": "1"}).status_code == 302
    page = admin.get("/admin/users/new").text
    assert "食品係" in page
    assert "夜間" in page
    answer = admin.post("/admin/users/new", {
        "login": "Sato", "name": "佐藤 花子", "kana": "さとう はなこ", "email": "sato@example.jp", "password": "",
        "place": ["food", "", "health"], "title": ["主任", "", ""], "groups": ["night"], "expires_on": "2027-03-31",
        "must_change_password": "1",
    })  # fmt: skip
    made = re.search(r'<strong class="mono">([^<]+)</strong>', answer.text)
    assert made
    number, data = user(services, "sato")
    assert data.places == (Place("food", "主任"), Place("health"))
    assert (data.groups, str(data.expires_on), data.must_change_password) == (("night",), "2027-03-31", True)
    assert log_in(services.engine, services.settings, "sato", made[1]).must_change_password
    listed = words(admin.get("/admin/users").text)
    assert "佐藤 花子" in listed
    assert "食品係 主任" in listed
    again_form: dict[str, object] = {"login": "sato", "name": "佐藤 花", "place": ["health"], "title": ["係長"]}
    assert admin.post(f"/admin/users/{number}", again_form).status_code == 302
    _, data = user(services, "sato")
    assert (data.name, data.places, data.groups, data.email) == ("佐藤 花", (Place("health", "係長"),), (), "")
    for active, expected in (("0", False), ("1", True)):
        admin.post(f"/admin/users/{number}/active", {"active": active})
        assert user(services, "sato")[1].active is expected
    shown = admin.post(f"/admin/users/{number}/password").text
    again = re.search(r'<strong class="mono">([^<]+)</strong>', shown)
    assert again
    assert log_in(services.engine, services.settings, "sato", again[1]).must_change_password


@pytest.mark.parametrize(
    "query, expected",
    [
        ("", {"佐藤", "伊藤", "管理 太郎"}),
        ("いとう", {"伊藤"}),
        ("SATO", {"佐藤"}),
        ("ｓａｔｏ", {"佐藤"}),
        ("保健", {"伊藤"}),
        ("<script>", set()),
    ],
)
def test_people_are_found(services: Services, admin: Browser, query: str, expected: set[str]) -> None:
    with db.writing(services.engine) as connection:
        data = organizations.OrganizationData(code="health", name="保健所")
        organizations.save(connection, data, services.system("test"), services.settings.now())
    add(services, "sato", name="佐藤")
    add(services, "ito", name="伊藤", kana="いとう", places=(Place("health"),))
    page = admin.client.get("/admin/users", query_string={"q": query})
    rows = html.fromstring(page.text).xpath("//tbody/tr/th/a/text()")
    assert set(rows) == expected
    assert "<script>alert" not in page.text


def test_long_lists_have_pages(services: Services, admin: Browser) -> None:
    with db.writing(services.engine) as connection:
        for number in range(60):
            data = users.UserData(login=f"u{number:02}", name=f"User {number:02}")
            users.save(connection, data, services.system("test"), services.settings.now())
    first, second = admin.get("/admin/users").text, admin.get("/admin/users?page=2").text
    assert len(html.fromstring(first).xpath("//tbody/tr")) == 50
    assert len(html.fromstring(second).xpath("//tbody/tr")) == 11
    for odd in ("0", "-1", "99", "x", "9" * 30):
        assert admin.get(f"/admin/users?page={odd}").status_code == 200


@pytest.mark.parametrize(
    "path, form, field, sentence",
    [
        ("/admin/users/new", {"login": "", "name": "x"}, "login", "入力してください"),
        ("/admin/users/new", {"login": "admin", "name": "x"}, "login", "すでに使われています"),
        ("/admin/users/new", {"login": "x", "name": "x", "expires_on": "soon"}, "expires_on", "読み取れません"),
        ("/admin/users/new", {"login": "x", "name": "x", "password": "short"}, "password", "10文字以上"),
        (
            "/admin/users/new",
            {"login": "x", "name": "x", "place": ["nowhere"], "title": [""]},
            "places",
            "組織「nowhere」",
        ),
        ("/admin/users/1", {"login": "admin", "name": "x"}, "administrator", "ほかに使える管理者"),
        ("/admin/organizations/new", {"code": "a b", "name": "x"}, "code", "空白や記号"),
        ("/admin/organizations/new", {"code": "a", "name": "x", "position": "first"}, "position", "整数"),
        ("/admin/organizations/new", {"code": "a", "name": "x", "position": "9" * 40}, "position", "整数"),
        ("/admin/organizations/new", {"code": "a", "name": "区" * 3, "wards": "区" * 129}, "wards", "128文字"),
        ("/admin/groups/new", {"code": "everyone", "name": "x"}, "code", "すでに使われています"),
        ("/admin/groups/new", {"code": "g", "name": "x", "members": "ghost"}, "members", "利用者「ghost」"),
    ],
)
def test_a_mistake_is_told_at_its_place_and_nothing_is_lost(
    admin: Browser, path: str, form: dict[str, object], field: str, sentence: str
) -> None:
    admin.get("/admin/users")
    answer = admin.post(path, form)
    assert answer.status_code == 422
    page = html.fromstring(answer.text)
    summary = page.get_element_by_id("errors").text_content()
    assert sentence in summary
    for name, value in form.items():
        if isinstance(value, str) and name not in ("password", "members", "wards"):
            assert page.xpath(f"//input[@name='{name}']")[0].get("value") == value


def test_the_built_in_group_keeps_its_code_and_its_people(services: Services, admin: Browser) -> None:
    with db.reading(services.engine) as connection:
        number = groups.find(connection, "everyone")
    assert admin.get(f"/admin/groups/{number}").status_code == 200
    assert (
        admin.post(f"/admin/groups/{number}", {"code": "everyone", "name": "みんな", "members": "admin"}).status_code
        == 302
    )
    assert admin.post(f"/admin/groups/{number}", {"code": "all", "name": "x"}).status_code == 422
    assert "みんな" in admin.get("/admin/groups").text


def test_people_come_and_go_as_files(services: Services, admin: Browser) -> None:
    admin.get("/admin/users/import")
    text = "ログイン名,名前,パスワード\r\nsato,佐藤,three quiet ledgers\r\n"

    def send(content: str, do: str) -> tuple[int, str]:
        upload = (io.BytesIO(content.encode("cp932")), "people.csv")
        answer = admin.post("/admin/users/import", {"do": do, "file": upload})
        return answer.status_code, words(answer.text)

    assert "追加 1件" in send(text, "check")[1]
    assert "佐藤" not in admin.get("/admin/users").text
    code, said = send("ログイン名,名前,組織\r\nsato,,どこか\r\n", "import")
    assert code == 422
    assert "2行目の「名前」：入力してください。" in said
    assert "2行目の「組織」" in said
    assert send(text, "import")[0] == 302
    assert log_in(services.engine, services.settings, "sato", PASSWORD).session.token
    exported = admin.get("/admin/users/export.csv")
    assert exported.headers["Content-Disposition"] == 'attachment; filename="users.csv"'
    assert "佐藤" in exported.data.decode("utf-8-sig")
    assert admin.post("/admin/users/import", {"do": "check"}).status_code == 422
    for kind in ("organizations", "groups"):
        assert admin.get(f"/admin/{kind}/import").status_code == 200
        assert admin.get(f"/admin/{kind}/export.csv").status_code == 200
    assert admin.get("/admin/sessions/export.csv").status_code == 404


def test_what_does_not_exist_is_not_found(admin: Browser) -> None:
    for path in ("/admin/users/99", "/admin/organizations/99", "/admin/groups/99", "/admin/nothing"):
        assert admin.get(path).status_code == 404
    assert admin.post("/admin/users/99/password").status_code == 404
    assert admin.post("/admin/users/99/active", {"active": "0"}).status_code == 404


def test_the_tree_is_shown_in_order_with_people(services: Services, admin: Browser) -> None:
    with db.writing(services.engine) as connection:
        for code, parent, position in (("b", "", 1), ("a", "", 2), ("b1", "b", 1), ("b0", "b", 0)):
            data = organizations.OrganizationData(code=code, name=f"組織{code}", parent=parent, position=position)
            organizations.save(connection, data, services.system("test"), services.settings.now())
    add(services, "sato", places=(Place("b1"),))
    add(services, "gone", places=(Place("b1"),), active=False)
    rows = html.fromstring(admin.get("/admin/organizations").text).xpath("//tbody/tr")
    assert [row.xpath("./td[1]/text()")[0] for row in rows] == ["b", "b0", "b1", "a"]
    assert [row.xpath("./td[3]/text()")[0] for row in rows] == ["0", "0", "1", "0"]


def test_pages_speak_english(services: Services) -> None:
    add(services, "boss", administrator=True, locale="en")
    browser = Browser(services)
    browser.log_in("boss")
    paths = (
        "/admin/users", "/admin/users/new", "/admin/organizations", "/admin/organizations/new", "/admin/groups",
        "/admin/groups/new", "/admin/audit", "/admin/audit/records?who=a&action=reads",
        "/admin/users/import", "/account", "/password",
    )  # fmt: skip
    for path in paths:
        text = words(browser.get(path).text).replace("日本語", "")
        assert not re.search(r"[\u3041-\u30ff\u4e00-\u9fff]", text), (path, text)


def test_the_wards_of_an_organisation(services: Services, admin: Browser) -> None:
    admin.get("/admin/organizations/new")
    form = {"code": "moji", "name": "門司担当", "active": "1", "wards": "門司区、若松区\r\n戸畑区"}
    assert admin.post("/admin/organizations/new", form).status_code == 302
    with db.reading(services.engine) as connection:
        (number,) = (n for n, each in organizations.read_all(connection).items() if each.code == "moji")
        assert organizations.read(connection, number).wards == ("門司区", "若松区", "戸畑区")
    assert "門司区、若松区、戸畑区" in admin.get("/admin/organizations").text
    page = html.fromstring(admin.get(f"/admin/organizations/{number}").text)
    assert page.xpath("//textarea[@name='wards']")[0].text.strip() == "門司区、若松区、戸畑区"
    assert admin.post(f"/admin/organizations/{number}", {**form, "wards": ""}).status_code == 302
    with db.reading(services.engine) as connection:
        assert organizations.read(connection, number).wards == ()


def test_the_last_backup_and_the_kept_ones_are_shown(services: Services, admin: Browser) -> None:
    assert "バックアップはまだありません" in words(admin.get("/admin/backups").text)
    now = services.settings.now()
    made = backup.make(services, keeping.next_path(services.settings, now), services.system("test"))
    with db.writing(services.engine) as connection:
        keeping.note_success(connection, {**made.as_json(), "missing": ["a"]})
    page = words(admin.get("/admin/backups").text)
    assert "成功 2026-11-24 12:00" in page
    assert "置き場所にない添付ファイル 1個" in page
    assert "lowcode-20261124-120000.zip" in page
    with db.writing(services.engine) as connection:
        keeping.note_failure(connection, now, "backup.could_not", {"reason": "No space left on device"})
    assert "失敗 2026-11-24 12:00：バックアップを取れませんでした：No space" in words(admin.get("/admin/backups").text)
