"""Template files: out, in and out again give the same bytes; a broken file names every problem and changes nothing."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator

import orjson
import pytest
import sqlalchemy as sa

from lowcode import db, resources
from lowcode.access.actor import Actor, system
from lowcode.definition import AppDefinition
from lowcode.deploy.versions import known_apps
from lowcode.errors import Conflict, Forbidden, Invalid, NotFound
from lowcode.fields.base import Context
from lowcode.records import workspace
from lowcode.records.catalog import Catalog
from lowcode.records.record import Change
from lowcode.system import migrate
from lowcode.transfer import shipped, template
from tests.builders import an_app, some_options

ACTOR = system("tests")
CTX = Context()
FOLDER = resources.folder("app_templates")


@pytest.fixture
def house(engine: sa.Engine) -> sa.Engine:
    migrate.upgrade(engine)
    return engine


def export(engine: sa.Engine, *codes: str, with_records: bool = False) -> bytes:
    with workspace.reading(engine, Catalog(), ACTOR, CTX) as space:
        return template.export(space, codes, with_records=with_records)


def linked() -> list[AppDefinition]:
    """A register and its visits, which look each other up and add up."""
    person = (
        an_app("person", name="名簿")
        .field("SERIAL", "no", label="番号", pattern="P-{000}", reset="NEVER")
        .text("name", label="氏名", required=True)
        .field("SINGLE_LINE_TEXT", "parent", label="親", lookup=_lookup("person", "no"))
        .field(
            "ROLLUP",
            "visits",
            label="回数",
            rollup={"relatedApp": {"code": "visit"}, "keyField": "no", "relatedField": "person", "function": "COUNT"},
        )
        .field(
            "SUBTABLE",
            "friends",
            label="友人",
            fields={
                "friend": {
                    "type": "SINGLE_LINE_TEXT",
                    "code": "friend",
                    "label": "友人",
                    "id": 900,
                    "lookup": _lookup("person", "no"),
                }
            },
        )
    )
    visit = (
        an_app("visit", name="訪問")
        .field("SINGLE_LINE_TEXT", "person", label="番号", lookup=_lookup("person", "no", name="name"))
        .text("name", label="氏名")
        .date("day", label="日")
        .checks("kinds", "電話", "訪問", label="種別")
        .number("cost", label="費用")
        .field("USER_SELECT", "who", label="担当")
    )
    return [person.definition(), visit.definition()]


def _lookup(app: str, key: str, **copies: str) -> dict[str, t.Any]:
    return {
        "relatedApp": {"code": app},
        "relatedKeyField": key,
        "fieldMappings": [{"field": own, "relatedField": theirs} for own, theirs in copies.items()],
    }


@pytest.mark.parametrize("name", shipped.names())
def test_shipped_template_comes_out_as_it_went_in(house: sa.Engine, name: str) -> None:
    shipped.install(house, [name], ACTOR)
    assert export(house, name) == (FOLDER / f"{name}.json").read_bytes()


def test_linked_apps_give_the_same_bytes_on_an_empty_system(house: sa.Engine, fresh: sa.Engine) -> None:
    shipped.install(house, ["supply_request", "observation"], ACTOR)
    first = export(house, "observation", "supply_request", "case_ledger", "facility")
    template.install(fresh, template.load(first), ACTOR)
    assert export(fresh, "facility", "case_ledger", "observation", "supply_request") == first


@pytest.fixture
def fresh(request: pytest.FixtureRequest, house: sa.Engine, tmp_path: t.Any) -> Iterator[sa.Engine]:
    """A second, empty installation."""
    made = db.make_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    migrate.upgrade(made)
    yield made
    made.dispose()


def test_needed_templates_come_along(house: sa.Engine) -> None:
    assert set(shipped.install(house, ["observation"], ACTOR)) == {"facility", "case_ledger", "observation"}
    with db.reading(house) as connection:
        assert set(known_apps(connection)) == {"facility", "case_ledger", "observation"}
    assert set(shipped.install(house, ["supply_request"], ACTOR)) == {"supply_request"}


def test_installed_codes_are_refused(house: sa.Engine) -> None:
    shipped.install(house, ["facility"], ACTOR)
    with pytest.raises(Conflict) as caught:
        shipped.install(house, ["facility"], ACTOR)
    assert caught.value.code == "template.already_installed"
    loaded = template.load(template.write([*shipped.load("facility").apps, *linked()]))
    with pytest.raises(Conflict):
        template.install(house, loaded, ACTOR)
    with db.reading(house) as connection:
        assert set(known_apps(connection)) == {"facility"}


def test_unknown_template() -> None:
    with pytest.raises(NotFound):
        shipped.load("../../etc/passwd")


def test_records_travel_with_their_links(house: sa.Engine, fresh: sa.Engine) -> None:
    template.install(house, template.load(template.write(linked())), ACTOR)
    with workspace.writing(house, Catalog(), ACTOR, CTX) as space:
        # Numbers here do not begin at 1, so that a file cannot name the right record by luck.
        gone = space.service("person").save([Change(values={"name": "消える人"})])
        space.service("person").save([Change(id=gone[0].id, delete=True)])
        space.service("person").save([Change(values={"name": "山田"}), Change(values={"name": "佐藤"})])
        space.service("person").save(
            [Change(values={"name": "子", "parent": "P-003", "friends": [{"values": {"friend": "P-002"}}]})]
        )
        space.service("visit").save(
            [
                Change(values={"person": "P-003", "day": "2022-08-25", "kinds": ["電話"], "cost": "1200.5"}),
                Change(values={"person": "P-002"}),
            ]
        )
    first = export(house, "person", "visit", with_records=True)
    template.install(fresh, template.load(first), ACTOR)
    with workspace.reading(fresh, Catalog(), ACTOR, CTX) as space:
        people = {r.values["name"]: r for r in space.reader("person").list()}
        visits = [r.values for r in space.reader("visit").list()]
    assert {name: r.values["no"] for name, r in people.items()} == {"山田": "P-001", "佐藤": "P-002", "子": "P-003"}
    assert people["子"].values["parent"] == "P-002"
    assert people["子"].values["friends"][0].values["friend"] == "P-001"
    assert people["佐藤"].values["visits"] == 1
    assert sorted((v["person"], v["name"]) for v in visits) == [("P-001", "山田"), ("P-002", "佐藤")]
    # From here on nothing changes any more.
    again = export(fresh, "person", "visit", with_records=True)
    third = db.make_engine("sqlite://")
    migrate.upgrade(third)
    template.install(third, template.load(again), ACTOR)
    assert export(third, "person", "visit", with_records=True) == again
    third.dispose()


def test_only_managers_export(house: sa.Engine) -> None:
    shipped.install(house, ["facility"], ACTOR)
    clerk = Actor(kind="user", user_id=7, login="clerk")
    with workspace.reading(house, Catalog(), clerk, CTX) as space, pytest.raises(Forbidden):
        template.export(space, ["facility"])


def test_numbers_of_the_installation_stay_behind(house: sa.Engine) -> None:
    owner = Actor(kind="user", user_id=None, login="owner", administrator=True)
    template.install(house, template.load(template.write(linked())), owner)
    raw = orjson.loads(export(house, "person", "visit"))
    assert '"id"' not in json.dumps([app["acl"] for app in raw["apps"]])
    assert raw["apps"][1]["properties"]["person"]["lookup"]["relatedApp"]["app"] == ""


# --- broken and hostile files ----------------------------------------------------------------


def whole(**changes: t.Any) -> dict[str, t.Any]:
    raw = t.cast(dict[str, t.Any], orjson.loads(template.write(linked())))
    return {**raw, **changes}


def with_property(code: str, /, **settings: t.Any) -> dict[str, t.Any]:
    raw = whole()
    raw["apps"][0]["properties"][code] = {**raw["apps"][0]["properties"].get(code, {}), **settings}
    return raw


def twice() -> bytes:
    return template.write(linked()).replace(b'"requires": []', b'"requires": [],\n  "format": "lowcode-template/1"')


HOSTILE: list[tuple[t.Any, str, tuple[str | int, ...]]] = [
    (b"", "template.not_json", ()),
    (b"{", "template.not_json", ()),
    (b"[]", "setting.not_a_map", ()),
    (b"null", "setting.not_a_map", ()),
    (b'"text"', "setting.not_a_map", ()),
    (b"\xff\xfe{}", "template.not_utf8", ()),
    (b'{"format": NaN}', "template.not_json", ()),
    (b"[" * 100_000, "template.too_deep", ()),
    (b'{"a":' * 70 + b"1" + b"}" * 70, "template.too_deep", ()),
    (b"1" * 5_000, "template.not_json", ()),
    (twice(), "template.key_twice", ("format",)),
    ({"format": "lowcode-template/9", "apps": []}, "template.format", ("format",)),
    ({"format": template.FORMAT, "apps": []}, "template.app_count", ("apps",)),
    ({"format": template.FORMAT, "apps": {}}, "setting.not_a_list", ("apps",)),
    ({"format": template.FORMAT, "apps": [1]}, "setting.not_a_map", ("apps", 0)),
    ({"format": template.FORMAT, "apps": [{}] * 101}, "template.app_count", ("apps",)),
    (whole(script="x"), "setting.unknown", ("script",)),
    (whole(requires="case_ledger"), "setting.not_a_list", ("requires",)),
    (whole(requires=["../x"]), "definition.app_code", ("requires", 0)),
    (whole(records=[]), "setting.not_a_map", ("records",)),
    (whole(records={"nobody": []}), "template.records_of_nothing", ("records", "nobody")),
    (whole(records={"person": [{"name": 1.5}, {"name": {}}]}), "text.not_text", ("records", "person", 1, "name")),
    (whole(records={"person": [{"visits": 3}]}), "field.unknown", ("records", "person", 0, "visits")),
    (whole(records={"person": [{}, {"name": ""}]}), "required", ("records", "person", 1, "name")),
    (whole(records={"visit": [{"kinds": ["泳ぐ"]}]}), "choice.unknown", ("records", "visit", 0, "kinds", 0)),
    (whole(records={"person": [{"friends": {}}]}), "setting.not_a_list", ("records", "person", 0, "friends")),
    (whole(apps=[*whole()["apps"], whole()["apps"][0]]), "template.app_twice", ("apps", 2, "code")),
    (
        with_property("evil", type="EXEC", code="evil", label="x", id=950),
        "setting.unknown_type",
        ("apps", 0, "properties", "evil", "type"),
    ),
    (with_property("name", required="perhaps"), "setting.wrong_type", ("apps", 0, "properties", "name", "required")),
    (with_property("name", onclick="alert(1)"), "setting.unknown", ("apps", 0, "properties", "name", "onclick")),
    (with_property("name", column="f1; --"), "setting.choice", ("apps", 0, "properties", "name", "column")),
]


@pytest.mark.parametrize("raw, code, path", HOSTILE, ids=[f"{n}-{code}" for n, (_, code, _) in enumerate(HOSTILE)])
def test_broken_file_names_the_problem(raw: t.Any, code: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(Invalid) as caught:
        template.load(raw if isinstance(raw, bytes) else orjson.dumps(raw))
    assert (code, path) in [(problem.code, problem.path) for problem in caught.value.problems], caught.value


def test_every_problem_is_named_and_nothing_changes(house: sa.Engine) -> None:
    raw = whole(records={"person": [{"name": ""}]})
    raw["apps"][0]["properties"]["name"]["required"] = "x"
    raw["apps"][1]["properties"]["day"]["type"] = "DAY"
    raw["apps"][1]["views"] = {"x": {"name": "x", "filterCond": "nothing = 1", "fields": ["nowhere"]}}
    with pytest.raises(Invalid) as caught:
        template.load(orjson.dumps(raw))
    assert {problem.path[:4] for problem in caught.value.problems} >= {
        ("apps", 0, "properties", "name"),
        ("apps", 1, "properties", "day"),
        ("apps", 1, "views", "x"),
    }
    with db.reading(house) as connection:
        assert known_apps(connection) == {}


def test_huge_file_is_refused_before_it_is_read() -> None:
    with pytest.raises(Invalid) as caught:
        template.load(b" " * 100_000_000)
    assert caught.value.problems[0].code == "template.too_large"


def test_wrong_link_between_apps_of_a_file() -> None:
    raw = whole()
    raw["apps"][1]["properties"]["person"]["lookup"]["relatedKeyField"] = "name"
    with pytest.raises(Invalid) as caught:
        template.load(orjson.dumps(raw))
    assert [problem.code for problem in caught.value.problems] == ["definition.lookup_key"]
    assert caught.value.problems[0].path[:4] == ("apps", 1, "properties", "person")


def test_script_in_a_label_stays_words() -> None:
    script = "<script>alert(1)</script>"
    app = an_app("words", name=script).field("DROP_DOWN", "pick", label=script, options=some_options([script]))
    loaded = template.load(template.write([app.definition()])).apps[0]
    pick = loaded.field("pick")
    assert pick.label == script
    shown = pick.display(pick.coerce(script, CTX), CTX)
    assert "<script" not in shown
    assert "<script" not in t.cast(t.Any, pick.widget)(_bound(pick))


def _bound(pick: t.Any) -> t.Any:
    import wtforms

    return type("Form", (wtforms.Form,), {"pick": pick.form_field(CTX)})().pick


def test_parts_that_wait_are_kept_and_wake(house: sa.Engine) -> None:
    """The ledger's roll-ups of the observation log stand still until that app arrives."""
    shipped.install(house, ["case_ledger"], ACTOR)
    values = {
        "intake_route": "FAX",
        "case_class": "患者（確定例）",
        "name": "佐藤",
        "sex": "男性",
        "age": 70,
        "tel1": "090-0123-4567",
        "ward": "門司区",
        "severity": "軽症",
        "diagnosis_date": "2022-08-20",
        "cluster_no": "C-1",
    }
    with workspace.writing(house, Catalog(), ACTOR, CTX) as space:
        case = space.service("case_ledger").save([Change(values=values)])[0]
        assert case.values["last_temp"] is None
        assert case.values["cluster_no"] == "C-1"
    shipped.install(house, ["observation"], ACTOR)
    with workspace.writing(house, Catalog(), ACTOR, CTX) as space:
        space.service("observation").save(
            [Change(values={"case_no": case.values["case_no"], "temp": "37.5", "overall": "良い"})]
        )
        assert str(space.reader("case_ledger").get(case.id).values["last_temp"]) == "37.5"
