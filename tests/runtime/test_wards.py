"""Lists and record rights by the wards that somebody's organisations serve, as people use them."""

from __future__ import annotations

import typing as t

import pytest

from lowcode import db
from lowcode.accounts import organizations
from lowcode.accounts.organizations import OrganizationData
from lowcode.accounts.users import Place
from lowcode.errors import NotFound
from lowcode.records.record import Change
from tests.builders import an_app
from tests.people import NOW, add
from tests.runtime.town import EVERY_RIGHT, Town

EVERYONE = {"entity": {"type": "GROUP", "code": "everyone"}, "includeSubs": False}
OPEN = {"rights": [{**EVERYONE, **dict.fromkeys(EVERY_RIGHT, True)}]}
BY_WARD = {
    "rights": [
        {
            "filterCond": "ward in (MYWARD())",
            "entities": [{**EVERYONE, "viewable": True, "editable": True, "deletable": False}],
        },
        {"filterCond": "", "entities": []},
    ]
}
WARDS = ("門司区", "若松区", "市外")
APP = (
    an_app("wards", name="区の記録")
    .text("name", label="氏名")
    .choice("ward", *WARDS, label="区")
    .view("全件", "name", "ward", sort="name asc")
    .view("自区", "name", "ward", condition="ward in (MYWARD())", sort="name asc")
)


@pytest.fixture
def places(town: Town) -> Town:
    """A branch office with a section below it, and an office without wards, each with one person."""
    branch = OrganizationData(code="branch", name="支所", wards=("門司区", "どこにもない区"))
    section = OrganizationData(code="section", name="係", parent="branch")
    with db.writing(town.services.engine) as connection:
        for data in (branch, section, OrganizationData(code="office", name="総務")):
            organizations.save(connection, data, town.services.system("test"), NOW)
    add(town.services, "nurse", places=(Place("section"),))
    add(town.services, "clerk", places=(Place("office"),))
    return town


def filled(town: Town, **acl: t.Any) -> int:
    """The app with a record of each ward and one without."""
    app = town.install(APP.part("acl", {"app": OPEN, **acl}).json())
    with town.services.writing(town.services.system("test")) as space:
        space.service(app).save(
            [Change(values={"name": f"{ward or '不明'}の人", "ward": ward}) for ward in (*WARDS, "")]
        )
    return app


def test_a_list_of_the_own_ward(places: Town) -> None:
    app = filled(places)
    definition = places.definition(app)
    own = next(str(view.id) for view in definition.views if view.name == "自区")
    for login, expected in (("nurse", ["門司区の人"]), ("clerk", []), ("sato", [])):
        visitor = places.visitor(login)
        assert len(visitor.get(f"/k/{app}/").rows()) == 4
        assert visitor.get(f"/k/{app}/", [("view", own)]).column(0) == expected
        assert visitor.get(f"/k/{app}/", [("f.ward.in", "MYWARD()")]).column(0) == expected
        both = visitor.get(f"/k/{app}/", [("f.ward.in", "MYWARD()"), ("f.ward.in", "市外")])
        assert sorted(both.column(0)) == sorted([*expected, "市外の人"])


def test_record_rights_by_ward(places: Town) -> None:
    app = filled(places, record=BY_WARD)
    services = places.services
    with db.reading(services.engine) as connection:
        people = services.directories.current(connection)
    for login, expected in (("nurse", {"門司区の人"}), ("clerk", set()), ("sato", set())):
        person = people.by_code("USER", login)
        assert person is not None
        with services.reading(services.actor(person.id)) as space:
            reader = space.reader(app)
            assert {record.values["name"] for record in reader.list(limit=10)} == expected
            assert reader.count() == len(expected)
            with pytest.raises(NotFound):
                reader.get(2)
    nurse = places.visitor("nurse")
    assert nurse.get(f"/k/{app}/show/1").status == 200
    assert nurse.get(f"/k/{app}/show/2").status == 404


def test_a_changed_ward_counts_at_once(places: Town) -> None:
    app = filled(places, record=BY_WARD)
    nurse = places.visitor("nurse")
    assert nurse.get(f"/k/{app}/").column(0) == ["門司区の人"]
    services = places.services
    with db.writing(services.engine) as connection:
        number = organizations.find(connection, "section")
        assert number is not None
        data = OrganizationData(code="section", name="係", parent="branch", wards=("若松区", "市外"))
        organizations.save(connection, data, services.system("test"), NOW, organization_id=number)
    assert sorted(nurse.get(f"/k/{app}/").column(0)) == ["市外の人", "若松区の人"]
