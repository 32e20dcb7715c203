"""People by CSV: what is written is read back; a file lands whole or not at all."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import groups, organizations, people_csv, users
from lowcode.accounts.login import log_in
from lowcode.accounts.people_csv import Counts
from lowcode.errors import Forbidden, Invalid
from lowcode.services import Services
from tests.people import NOW, PASSWORD, add, make_services


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path)


def load(services: Services, kind: people_csv.Kind, text: str | bytes, *, dry_run: bool = False) -> Counts:
    content = text.encode() if isinstance(text, str) else text
    return people_csv.load(services.engine, kind, content, services.system("test"), NOW, dry_run=dry_run)


def dump(services: Services, kind: people_csv.Kind, locale: str = "ja") -> bytes:
    with db.reading(services.engine) as connection:
        return people_csv.dump(connection, kind, locale)


def refusals(services: Services, kind: people_csv.Kind, text: str | bytes) -> list[tuple[str, tuple[str | int, ...]]]:
    before = [dump(services, each) for each in t.get_args(people_csv.Kind)]
    with pytest.raises(Invalid) as refused:
        load(services, kind, text)
    assert [dump(services, each) for each in t.get_args(people_csv.Kind)] == before
    return [(p.code, p.path) for p in refused.value.problems]


TREE = (
    "code,name,parent,position\ninfection,感染症係,health,2\nhealth,保健所,city,1\ncity,市,,0\nfood,食品係,health,1\n"
)


def test_an_april_is_brought_in_and_out_again(services: Services, tmp_path: Path) -> None:
    assert load(services, "organizations", TREE) == Counts(created=4)
    assert load(services, "groups", "code,name\nnight,夜間当番\n") == Counts(created=1)
    people = (
        "ログイン名,名前,よみ,組織,グループ,管理者,使用期限,パスワード\r\n"
        f"sato,佐藤 花子,さとう はなこ,infection:係長;food,night,1,2027/3/31,{PASSWORD}\r\n"
        "ito,伊藤,,food,,0,,\r\n\r\n"
    )
    assert load(services, "users", people) == Counts(created=2)
    with db.reading(services.engine) as connection:
        number = users.find(connection, "sato")
        assert number is not None
        data = users.read(connection, number)
    assert data.places == (users.Place("infection", "係長"), users.Place("food"))
    assert (data.administrator, str(data.expires_on), data.groups) == (True, "2027-03-31", ("night",))
    assert log_in(services.engine, services.settings, "sato", PASSWORD).user_id == number
    for locale in ("ja", "en"):
        for kind in t.get_args(people_csv.Kind):
            content = dump(services, kind, locale)
            assert content.startswith(b"\xef\xbb\xbf")
            assert PASSWORD.encode() not in content
            assert b"argon2" not in content
            assert load(services, kind, content).created == 0
            assert load(services, kind, content).updated == 0


def test_an_empty_installation_takes_an_export_as_it_is(services: Services, tmp_path: Path) -> None:
    load(services, "organizations", TREE)
    load(services, "users", "login,name,organizations\nsato,佐藤,food\n")
    load(services, "groups", "code,name,members\nnight,夜,sato\n")
    files = {kind: dump(services, kind) for kind in ("organizations", "groups", "users")}
    other = make_services(db.make_engine(f"sqlite:///{tmp_path / 'other.db'}"), tmp_path)
    for kind, content in files.items():
        load(other, t.cast(people_csv.Kind, kind), content)
    assert {kind: dump(other, t.cast(people_csv.Kind, kind)) for kind in files} == files


def test_columns_left_out_stay_and_empty_cells_empty(services: Services) -> None:
    load(services, "organizations", TREE)
    load(services, "users", f"login,name,kana,organizations,password\nsato,佐藤,さとう,food,{PASSWORD}\n")
    assert load(services, "users", "login,name\nSATO,佐藤 花子\n") == Counts(updated=1)
    with db.reading(services.engine) as connection:
        data = next(iter(users.read_all(connection).values()))
    assert (data.name, data.kana, data.places) == ("佐藤 花子", "さとう", (users.Place("food"),))
    load(services, "users", "login,kana,organizations,password\nsato,,,\n")
    with db.reading(services.engine) as connection:
        data = next(iter(users.read_all(connection).values()))
    assert (data.kana, data.places) == ("", ())
    log_in(services.engine, services.settings, "sato", PASSWORD)  # an empty cell is no new password


def test_wards_by_file(services: Services) -> None:
    load(services, "organizations", "コード,名前,担当区\nmoji,門司,門司区;若松区\nsomu,総務,\n")
    assert "門司区;若松区" in dump(services, "organizations").decode()
    same = load(services, "organizations", 'code,wards\nmoji,"門司区、若松区"\nsomu,\n')
    assert same == Counts(unchanged=2)
    assert load(services, "organizations", "code,name\nmoji,門司担当\n") == Counts(updated=1)  # no column, no change
    assert load(services, "organizations", "code,wards\nmoji,戸畑区\n") == Counts(updated=1)
    with db.reading(services.engine) as connection:
        wards = {each.code: each.wards for each in organizations.read_all(connection).values()}
    assert wards == {"moji": ("戸畑区",), "somu": ()}


def test_a_look_changes_nothing(services: Services) -> None:
    before = dump(services, "organizations")
    assert load(services, "organizations", TREE, dry_run=True) == Counts(created=4)
    assert dump(services, "organizations") == before


def test_every_mistake_is_named_with_line_and_column(services: Services) -> None:
    load(services, "organizations", TREE)
    text = (
        "login,name,email,organizations,groups,administrator,active,expires_on,zone,password\n"
        "good,よし,,food,,0,1,,,\n"
        "bad one,,x,nowhere,ghost,maybe,perhaps,soon,Mars,short\n"
        ",名なし,,,,,,,,\n"
    )
    assert set(refusals(services, "users", text)) == {
        ("people.code_letters", (3, "login")),
        ("people.required", (3, "name")),
        ("user.email", (3, "email")),
        ("user.no_organization", (3, "organizations")),
        ("user.no_group", (3, "groups")),
        ("user.yes_or_no", (3, "administrator")),
        ("user.yes_or_no", (3, "active")),
        ("user.date", (3, "expires_on")),
        ("user.zone", (3, "zone")),
        ("password.too_short", (3, "password")),
        ("people.required", (4, "login")),
    }


@pytest.mark.parametrize(
    "kind, text, expected",
    [
        ("users", "", ("people_csv.empty", ())),
        ("users", "login,name\n", ("people_csv.empty", ())),
        ("users", "佐藤,花子\n", ("people_csv.no_header", (1,))),
        ("users", "login,name,hobby\nsato,x,y\n", ("people_csv.unknown_column", (1,))),
        ("users", "login,name,名前\nsato,x,y\n", ("people_csv.column_twice", (1,))),
        ("users", "name\nx\n", ("people_csv.missing_column", (1,))),
        ("users", "login,name\nsato,x,y\n", ("people_csv.too_many_cells", (2,))),
        ("users", "login,name\nsato,x\nSato,y\n", ("people_csv.twice", (3, "login"))),
        ("users", 'login,name\nsato,"x\n', ("people_csv.unreadable", ())),
        ("users", b"login,name\nsato,\x81\xff\xfe\n", ("people_csv.encoding", ())),
        ("organizations", "code,name,parent\na,A,b\nb,B,a\n", ("organization.no_parent", (2, "parent"))),
        ("organizations", "code,name,position\na,A,first\n", ("organization.position", (2, "position"))),
        ("organizations", f"code,name,wards\na,A,{'区' * 129}\n", ("people.too_long", (2, "wards"))),
        ("groups", "code,name,members\ng,G,ghost\n", ("group.no_user", (2, "members"))),
    ],
)
def test_files_that_are_refused(
    services: Services, kind: people_csv.Kind, text: str | bytes, expected: tuple[str, tuple[str | int, ...]]
) -> None:
    assert expected in refusals(services, kind, text)


def test_files_of_old_spreadsheets_are_read(services: Services) -> None:
    assert load(services, "users", "ログイン名,名前\r\nsato,髙橋 ①\r\n".encode("cp932")) == Counts(created=1)
    with db.reading(services.engine) as connection:
        assert [user.name for user in users.read_all(connection).values()] == ["髙橋 ①"]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+81", "-1", "@SUM(A1)"])
def test_no_cell_becomes_a_formula(services: Services, name: str) -> None:
    add(services, "sato", name=name)
    content = dump(services, "users").decode("utf-8-sig")
    assert f",'{name}," in content
    assert load(services, "users", content) == Counts(unchanged=1)


def test_the_next_administrator_may_come_in_the_same_file(services: Services) -> None:
    add(services, "old", administrator=True)
    assert load(services, "users", "login,name,administrator\nold,Old,0\nnew,New,1\n") == Counts(created=1, updated=1)
    assert refusals(services, "users", "login,administrator\nnew,0\n") == [
        ("user.last_administrator", (2, "administrator"))
    ]


def test_clerks_bring_nobody_in(services: Services) -> None:
    clerk = Actor(kind="user", user_id=add(services, "clerk"), login="clerk")
    with pytest.raises(Forbidden):
        people_csv.load(services.engine, "users", b"login,name\nx,x\n", clerk, NOW)


def test_members_of_a_group_are_what_the_file_says(services: Services) -> None:
    add(services, "sato")
    add(services, "ito")
    load(services, "groups", "code,name,members\nnight,夜,sato;ito\n")
    assert load(services, "groups", "code,members\nnight,ito\n") == Counts(updated=1)
    with db.reading(services.engine) as connection:
        number = groups.find(connection, "night")
        assert number is not None
        assert groups.read(connection, number).members == ("ito",)
        assert organizations.read_all(connection) == {}
