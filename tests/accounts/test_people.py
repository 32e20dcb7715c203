"""Users, organisations and groups: rules, the tree, and what others see of them."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import groups, organizations, passwords, sessions, users
from lowcode.accounts.actor import context_for, user_actor
from lowcode.accounts.groups import GroupData
from lowcode.accounts.organizations import OrganizationData
from lowcode.accounts.users import Place, UserData
from lowcode.errors import Forbidden, Invalid, NotFound
from lowcode.services import Services
from lowcode.system.models import AuditEntry, User
from tests.people import NOW, add, make_services, prepared


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path)


def add_tree(services: Services) -> None:
    by = services.system("test")
    with db.writing(services.engine) as connection:
        for code, parent in (("city", ""), ("health", "city"), ("infection", "health"), ("food", "health")):
            organizations.save(connection, OrganizationData(code=code, name=code.title(), parent=parent), by, NOW)


def codes(error: Invalid) -> set[tuple[str, tuple[str | int, ...]]]:
    return {(p.code, p.path) for p in error.problems}


def test_a_user_is_kept_as_given(services: Services) -> None:
    add_tree(services)
    with db.writing(services.engine) as connection:
        groups.save(connection, GroupData(code="night", name="夜間"), services.system("test"), NOW)
    given = UserData(
        login="sato",
        name="佐藤 花子",
        kana="さとう はなこ",
        email="sato@example.jp",
        locale="en",
        zone="Asia/Seoul",
        administrator=True,
        must_change_password=True,
        expires_on=date(2027, 3, 31),
        places=(Place("infection", "係長"), Place("food")),
        groups=("night",),
    )
    with db.writing(services.engine) as connection:
        number = users.save(connection, given, services.system("test"), NOW)
    with db.reading(services.engine) as connection:
        assert users.read(connection, number) == given
        assert users.find(connection, " SATO ") == number


def test_names_are_tidied(services: Services) -> None:
    number = add(services, "ＳＡＴＯ　", name="  佐藤　　花子 ")
    with db.reading(services.engine) as connection:
        data = users.read(connection, number)
    assert (data.login, data.name) == ("sato", "佐藤 花子")


@pytest.mark.parametrize(
    "values, code, path",
    [
        ({"login": ""}, "people.required", ("login",)),
        ({"login": "a b"}, "people.code_letters", ("login",)),
        ({"login": "a;b"}, "people.code_letters", ("login",)),
        ({"login": "x" * 101}, "people.too_long", ("login",)),
        ({"login": "Suzuki"}, "user.login_taken", ("login",)),
        ({"name": " "}, "people.required", ("name",)),
        ({"name": "x" * 129}, "people.too_long", ("name",)),
        ({"email": "sato"}, "user.email", ("email",)),
        ({"email": "sato@example.jp\r\nBcc: x@example.jp"}, "user.email", ("email",)),
        ({"locale": "fr"}, "people.not_a_choice", ("locale",)),
        ({"zone": "Mars/Base"}, "user.zone", ("zone",)),
        ({"zone": "../etc/passwd"}, "user.zone", ("zone",)),
        ({"places": (Place("nowhere"),)}, "user.no_organization", ("places", 0)),
        ({"places": (Place("food"), Place("food"))}, "user.organization_twice", ("places", 1)),
        ({"groups": ("nobody",)}, "user.no_group", ("groups", 0)),
    ],
)
def test_what_a_user_may_not_be(
    services: Services, values: dict[str, t.Any], code: str, path: tuple[str | int, ...]
) -> None:
    add_tree(services)
    add(services, "suzuki")
    with pytest.raises(Invalid) as refused:
        add(services, **{"login": "sato", **values})
    assert (code, path) in codes(refused.value)


def test_every_mistake_is_named_at_once(services: Services) -> None:
    with pytest.raises(Invalid) as refused:
        add(services, "", name="", email="x", zone="x", password="short")
    assert len(refused.value.problems) == 5


def test_the_last_administrator_stays(services: Services) -> None:
    number = add(services, "admin", administrator=True)
    by = services.system("test")
    with db.reading(services.engine) as connection:
        data = users.read(connection, number)
    changes: tuple[dict[str, t.Any], ...] = ({"active": False}, {"administrator": False})
    for change in changes:
        with pytest.raises(Invalid) as refused, db.writing(services.engine) as connection:
            users.save(connection, replace(data, **change), by, NOW, user_id=number)
        assert codes(refused.value) == {("user.last_administrator", (next(iter(change)),))}
    add(services, "second", administrator=True)
    with db.writing(services.engine) as connection:
        users.switch(connection, number, False, by, NOW)


@pytest.mark.parametrize(
    "change", [{"active": False}, {"administrator": True}, {"login": "other"}, {"password": 1}, {}]
)
def test_sessions_end_with_the_rights_they_were_opened_with(services: Services, change: dict[str, t.Any]) -> None:
    number = add(services, "sato")
    with db.writing(services.engine) as connection:
        token = sessions.start(connection, number, NOW).token
        data = users.read(connection, number)
        secret = prepared("another good secret") if change.pop("password", None) else None
        expected = not change and secret is None
        users.save(connection, replace(data, **change), services.system("test"), NOW, user_id=number, password=secret)
        assert (sessions.find(connection, token, NOW) is not None) is expected


def test_only_administrators_change_people(services: Services) -> None:
    clerk = Actor(kind="user", user_id=add(services, "clerk"), login="clerk")
    token = Actor(kind="token", administrator=True)
    for actor in (clerk, token):
        with db.writing(services.engine) as connection:
            for attempt in (
                lambda by, c=connection: users.save(c, UserData(login="x", name="x"), by, NOW),
                lambda by, c=connection: organizations.save(c, OrganizationData(code="x", name="x"), by, NOW),
                lambda by, c=connection: groups.save(c, GroupData(code="x", name="x"), by, NOW),
                lambda by, c=connection: users.set_password(c, 99, prepared(), by, NOW, must_change=False),
            ):
                with pytest.raises(Forbidden):
                    attempt(actor)


# --- organisations and groups -------------------------------------------------------------------


@pytest.mark.parametrize(
    "own, values, code, path",
    [
        (None, {"code": "food"}, "people.code_taken", ("code",)),
        (None, {"code": ""}, "people.required", ("code",)),
        (None, {"parent": "nowhere"}, "organization.no_parent", ("parent",)),
        ("health", {"code": "health", "parent": "food"}, "organization.own_parent", ("parent",)),
        ("health", {"code": "health", "parent": "health"}, "organization.own_parent", ("parent",)),
        (None, {"wards": ("門司区、若松区",)}, "organization.ward_letters", ("wards",)),
        (None, {"wards": ("門司区", "a;b")}, "organization.ward_letters", ("wards",)),
        (None, {"wards": ("門\x00司区",)}, "organization.ward_letters", ("wards",)),
        (None, {"wards": ("門\ud800",)}, "organization.ward_letters", ("wards",)),
        (None, {"wards": ("区" * 129,)}, "people.too_long", ("wards",)),
        (None, {"wards": tuple(f"{n}区" for n in range(201))}, "organization.too_many_wards", ("wards",)),
    ],
)
def test_what_an_organisation_may_not_be(
    services: Services, own: str | None, values: dict[str, t.Any], code: str, path: tuple[str]
) -> None:
    add_tree(services)
    data = OrganizationData(**{"code": "new", "name": "New", **values})
    with pytest.raises(Invalid) as refused, db.writing(services.engine) as connection:
        number = organizations.find(connection, own) if own else None
        organizations.save(connection, data, services.system("test"), NOW, organization_id=number)
    assert codes(refused.value) == {(code, path)}


def test_a_tree_has_a_bottom(services: Services) -> None:
    with pytest.raises(Invalid) as refused, db.writing(services.engine) as connection:
        for level in range(organizations.DEEPEST + 3):
            parent = f"o{level - 1}" if level else ""
            data = OrganizationData(code=f"o{level}", name="x", parent=parent)
            organizations.save(connection, data, services.system("test"), NOW)
    assert codes(refused.value) == {("organization.too_deep", ("parent",))}


def test_everyone_is_built_in(services: Services) -> None:
    with db.writing(services.engine) as connection:
        number = groups.find(connection, "everyone")
        assert number is not None
        groups.save(connection, GroupData(code="everyone", name="全員"), services.system("test"), NOW, group_id=number)
        for data in (GroupData(code="all", name="x"), GroupData(code="everyone", name="x", active=False)):
            with pytest.raises(Invalid):
                groups.save(connection, data, services.system("test"), NOW, group_id=number)
        with pytest.raises(Invalid) as refused:
            groups.save(connection, GroupData(code="g", name="g", members=("ghost",)), services.system("test"), NOW)
    assert codes(refused.value) == {("group.no_user", ("members", 0))}


@pytest.mark.parametrize(
    "text, names",
    [
        ("", ()),
        ("門司区", ("門司区",)),
        (" 門司区、若松区 ，戸畑区,小倉北区;小倉南区；門司区", ("門司区", "若松区", "戸畑区", "小倉北区", "小倉南区")),
        ("門司区\r\n\r\n若松区\n", ("門司区", "若松区")),
        ("、 ;\n", ()),
        ("Moji Ward, か\u3099区", ("Moji Ward", "が区")),
    ],
)
def test_wards_as_people_write_them(text: str, names: tuple[str, ...]) -> None:
    assert organizations.ward_names(text) == names


# --- the directory -------------------------------------------------------------------------------


def test_the_directory_shows_people_in_their_places(services: Services) -> None:
    add_tree(services)
    sato = add(services, "sato", places=(Place("infection"), Place("food")))
    ito = add(services, "ito", kana="いとう", places=(Place("health", "課長"),))
    gone = add(services, "gone", active=False, places=(Place("food"),))
    with db.writing(services.engine) as connection:
        night = groups.save(
            connection, GroupData(code="night", name="夜", members=("sato", "gone")), services.system("test"), NOW
        )
    with db.reading(services.engine) as connection:
        found = services.directories.current(connection)
        assert services.directories.current(connection) is found
    health, food = found.by_code("ORGANIZATION", "health"), found.by_code("ORGANIZATION", "food")
    city, infection = found.by_code("ORGANIZATION", "city"), found.by_code("ORGANIZATION", "infection")
    everyone = found.by_code("GROUP", "everyone")
    assert health is not None
    assert food is not None
    assert city is not None
    assert infection is not None
    assert everyone is not None
    assert found.members("ORGANIZATION", health.id) == {sato, ito}
    assert found.members("ORGANIZATION", health.id, below=False) == {ito}
    assert found.members("ORGANIZATION", food.id) == {sato}
    assert found.members("GROUP", night) == {sato}
    assert found.members("GROUP", everyone.id) == {sato, ito}
    assert found.members("USER", gone) == frozenset()
    assert found.below(city.id) == {health.id, food.id, infection.id}
    assert [e.code for e in found.choices("ORGANIZATION", 9)] == ["city", "health", "food", "infection"]
    assert [e.code for e in found.choices("USER", 9)] == ["ito", "sato"]  # those without a reading come last
    assert found.by_code("USER", "SATO") == found.by_id("USER", sato)
    assert found.by_id("USER", gone) is not None
    actor = user_actor(found, sato, services.settings)
    assert actor.organization_ids == (infection.id, food.id)
    assert set(actor.ancestor_ids) == {health.id, city.id}
    assert set(actor.group_ids) == {everyone.id, night}
    assert found.people[ito].title == "課長"
    with pytest.raises(NotFound):
        user_actor(found, gone, services.settings)


@pytest.mark.parametrize(
    "own, places, expected",
    [
        # (wards by organisation, a person's organisations, the primary one first, their wards)
        ({}, ("infection",), ()),
        ({"infection": ("東区",)}, (), ()),
        ({"infection": ("東区", "西区")}, ("infection",), ("東区", "西区")),
        ({"health": ("東区",)}, ("infection",), ("東区",)),
        ({"city": ("東区", "西区")}, ("infection",), ("東区", "西区")),
        ({"city": ("東区", "西区"), "health": ("東区",)}, ("infection",), ("東区",)),
        ({"city": ("東区", "西区"), "infection": ("南区",)}, ("infection",), ("南区",)),
        ({"infection": ("東区",)}, ("health",), ()),
        ({"infection": ("西区", "東区"), "food": ("東区", "南区")}, ("food", "infection"), ("東区", "南区", "西区")),
        ({"health": ("東区",), "food": ("南区",)}, ("infection", "food"), ("東区", "南区")),
        ({"health": ("東区",)}, ("infection", "food"), ("東区",)),
    ],
)
def test_the_wards_of_a_person(
    services: Services, own: dict[str, tuple[str, ...]], places: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    add_tree(services)
    with db.writing(services.engine) as connection:
        for number, data in organizations.read_all(connection).items():
            if data.code in own:
                changed = replace(data, wards=own[data.code])
                organizations.save(connection, changed, services.system("test"), NOW, organization_id=number)
                assert organizations.read(connection, number) == changed
    number = add(services, "sato", places=tuple(Place(code) for code in places))
    with db.reading(services.engine) as connection:
        directory = services.directories.current(connection)
    actor = user_actor(directory, number, services.settings)
    assert actor.wards == expected
    assert context_for(actor, directory, services.settings).wards == expected
    assert context_for(services.system("test"), directory, services.settings).wards == ()


def test_a_change_is_seen_by_the_next_transaction_of_every_process(services: Services) -> None:
    other = Services(services.settings, services.engine)
    number = add(services, "sato")
    for each in (services, other):
        assert each.actor(number).name == "Sato"
    with db.writing(services.engine) as connection:
        data = replace(users.read(connection, number), name="佐藤")
        users.save(connection, data, services.system("test"), NOW, user_id=number)
    for each in (services, other):
        assert each.actor(number).name == "佐藤"


def test_what_was_taken_back_was_never_in_the_directory(services: Services) -> None:
    number = add(services, "sato")
    for name in ("lost", "kept"):
        try:
            with db.writing(services.engine) as connection:
                data = replace(users.read(connection, number), name=name)
                users.save(connection, data, services.system("test"), NOW, user_id=number)
                assert services.directories.current(connection).people[number].entity.name == name
                if name == "lost":
                    raise KeyError
        except KeyError:
            assert services.actor(number).name == "Sato"
    assert services.actor(number).name == "kept"


def test_fields_are_told_who_asks_and_in_which_zone(services: Services) -> None:
    add_tree(services)
    number = add(services, "sato", zone="America/New_York", locale="en", places=(Place("food"),))
    with db.reading(services.engine) as connection:
        directory = services.directories.current(connection)
    actor = user_actor(directory, number, services.settings)
    ctx = context_for(actor, directory, services.settings)
    assert (ctx.user_id, ctx.locale, ctx.zone.key) == (number, "en", "America/New_York")
    assert (ctx.organization_ids, ctx.now) == (actor.organization_ids, NOW)
    system = context_for(services.system("test"), directory, services.settings)
    assert (system.user_id, system.zone.key) == (None, "Asia/Tokyo")


# --- passwords, audit log -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password, code",
    [
        ("short", "password.too_short"),
        ("x" * 129, "password.too_long"),
        ("Hanako.Sato", "password.is_login"),
        ("hanako.sato2026!", "password.is_login"),
        ("password2026", "password.too_common"),
        ("P@ssw0rd2026!", "password.too_common"),
        ("aaaaaaaaaaaa", "password.too_common"),
        ("1212121212", "password.too_common"),
        ("1234567890", "password.too_common"),
        ("Qwertyuiop", "password.too_common"),
        ("ＱＷＥＲＴＹＵＩＯＰ", "password.too_common"),
        ("いろはにほへとちりぬるを", "password.too_common"),
        ("three quiet ledgers", None),
        ("みどりの台帳と三つの鍵", None),
        ("k4mf-8hxp-2wqe", None),
    ],
)
def test_rules_for_passwords(password: str, code: str | None) -> None:
    assert [p.code for p in passwords.problems(password, login="hanako.sato")] == ([code] if code else [])


def test_passwords_are_hashed_slowly_and_found_again() -> None:
    stored = passwords.hash_password("ｆｕｌｌ width words")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify(stored, "full width words")
    assert not passwords.verify(stored, "full width word")
    assert not passwords.verify("", "full width words")
    assert not passwords.verify("nonsense", "full width words")
    assert not passwords.verify(stored, "full width words" + "x" * 1000)
    assert not passwords.needs_rehash(stored)
    assert passwords.needs_rehash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo")
    assert len({passwords.random_password() for _ in range(50)}) == 50
    assert "secret" not in repr(passwords.Prepared("secret", "secret"))


def test_the_audit_log_tells_who_was_added_and_no_secret(services: Services) -> None:
    for login in ("a", "b", "c"):
        add(services, login)
    table = AuditEntry.__table__
    with db.reading(services.engine) as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.id)).all()
    assert [(r.action, r.target, r.actor_kind, r.actor_name) for r in rows] == [
        ("user.added", login, "system", "test") for login in ("a", "b", "c")
    ]
    assert all("password_hash" not in r.details and "argon" not in r.details for r in rows)


def test_hashes_are_never_part_of_what_is_read(services: Services) -> None:
    add(services, "sato")
    with db.reading(services.engine) as connection:
        assert "argon" not in repr(users.read_all(connection))
        assert str(connection.scalar(sa.select(User.password_hash))).startswith("$argon2id$")
