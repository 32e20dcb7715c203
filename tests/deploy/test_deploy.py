"""Publishing: what is added, carried over, retired, restored and refused, on both databases."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.deploy import apply, locks, versions
from lowcode.deploy.indexes import present_indexes
from lowcode.errors import Busy, Conflict, Invalid, NotFound
from tests.builders import an_app
from tests.deploy import apps

LEDGER = (
    an_app("ledger")
    .text("name", required=True)
    .text("age")
    .checks("signs", "咳", "熱")
    .date("onset")
    .subtable("rows", an_app().text("note").number("times"))
)


@pytest.fixture
def database(engine: sa.Engine) -> sa.Engine:
    return apps.with_system_tables(engine)


def made(database: sa.Engine, builder: t.Any = LEDGER) -> int:
    return deploy.create_app(database, builder.json(), apps.ACTOR)


def test_a_new_app_has_its_tables_and_its_first_version(database: sa.Engine) -> None:
    number = made(database)
    with db.reading(database) as connection:
        version, definition, tables = apps.live(connection, number)
        there = set(sa.inspect(connection).get_table_names())
        next_id = versions.app_row(connection, number).next_id
    assert version == 1
    assert definition.code == "ledger"
    assert {table.name for table in tables.all()} <= there
    assert next_id == definition.next_id
    apps.add_records(database, number, [{"name": "山田", "age": "41", "signs": ["咳"]}])
    with db.reading(database) as connection:
        assert apps.values(connection, number, "name") == ["山田"]


def test_an_app_code_is_given_where_none_is_and_taken_once(database: sa.Engine) -> None:
    raw = {**LEDGER.json(), "code": ""}
    number = deploy.create_app(database, raw, apps.ACTOR)
    with db.reading(database) as connection:
        assert versions.app_row(connection, number).code == f"app{number}"
    made(database)
    with pytest.raises(Conflict) as caught:
        made(database)
    assert caught.value.code == "deploy.code_taken"


def test_a_broken_definition_leaves_nothing(database: sa.Engine) -> None:
    raw = LEDGER.json()
    raw["views"] = {"x": {"type": "LIST", "fields": ["nothing"]}}
    with pytest.raises(Invalid):
        deploy.create_app(database, raw, apps.ACTOR)
    with db.reading(database) as connection:
        assert versions.live_apps(connection) == {}
        assert not [n for n in sa.inspect(connection).get_table_names() if n.startswith("app_1")]


def test_several_apps_in_one_transaction_are_all_or_none(database: sa.Engine) -> None:
    with pytest.raises(Invalid), db.writing(database) as connection:
        deploy.create_app(connection, LEDGER.json(), apps.ACTOR)
        deploy.create_app(connection, {"code": "second", "settings": {}}, apps.ACTOR)
    with db.reading(database) as connection:
        assert versions.live_apps(connection) == {}


def test_a_field_is_added_renamed_and_retired_without_touching_values(database: sa.Engine) -> None:
    number = made(database)
    apps.add_records(database, number, [{"name": "山田"}, {"name": "佐藤"}])
    raw = apps.definition_json(database, number)
    raw["properties"]["phone"] = {"type": "LINK", "protocol": "CALL"}
    raw["properties"]["full_name"] = {**raw["properties"].pop("name"), "code": "full_name"}
    for row in raw["layout"]:
        for item in row.get("fields", ()):
            if item["code"] == "name":
                item["code"] = "full_name"
    assert apps.publish(database, number, raw) == 2
    with db.reading(database) as connection:
        assert apps.values(connection, number, "full_name") == ["山田", "佐藤"]
        assert apps.values(connection, number, "phone") == [None, None]
        _, before, _ = apps.live(connection, number)
        column = before.field("full_name").column_name
    raw = apps.definition_json(database, number)
    del raw["properties"]["full_name"]
    raw["layout"] = [row for row in raw["layout"] if row.get("fields", [{}])[0].get("code") != "full_name"]
    assert apps.publish(database, number, raw) == 3
    with db.reading(database) as connection:
        _, definition, _ = apps.live(connection, number)
        assert definition.find("full_name") is None
        assert column in {c["name"] for c in sa.inspect(connection).get_columns(f"app_{number}")}
    assert deploy.rollback(database, number, 2, apps.ACTOR) == 4
    with db.reading(database) as connection:
        assert apps.values(connection, number, "full_name") == ["山田", "佐藤"]
        assert [v.version for v in deploy.list_versions(connection, number)] == [4, 3, 2, 1]


def test_a_change_of_type_fills_a_new_column_and_lists_what_does_not_convert(database: sa.Engine) -> None:
    number = made(database)
    apps.add_records(
        database,
        number,
        [
            {"name": "a", "age": "４１"},
            {"name": "b", "age": "不明"},
            {"name": "c", "age": None},
            {"name": "d", "age": "不明"},
        ],
    )
    raw = apps.retype(apps.definition_json(database, number), "age", type="NUMBER")
    apps.save(database, number, raw)
    with db.reading(database) as connection:
        plan = deploy.plan_deploy(connection, number)
    (lost,) = plan.unconvertible
    assert (lost.code, lost.value, lost.count, lost.record_ids) == ("age", "不明", 2, (2, 4))
    assert {note.key for note in plan.notes} >= {"deploy.note.converts", "deploy.note.unconvertible"}
    deploy.deploy(database, number, apps.ACTOR, ctx=apps.CTX)
    with db.reading(database) as connection:
        assert apps.values(connection, number, "age") == [Decimal(41), None, None, None]
        field = apps.live(connection, number)[1].field("age")
        assert field.column_name == f"f{field.id}_2"
        old = sa.text(f"SELECT f{field.id} FROM app_{number} ORDER BY id")
        assert connection.scalars(old).all() == ["４１", "不明", None, "不明"]
    # There and back: a third column, since the first two belong to versions that may come back.
    raw = apps.retype(apps.definition_json(database, number), "age", type="SINGLE_LINE_TEXT")
    apps.publish(database, number, raw)
    with db.reading(database) as connection:
        assert apps.live(connection, number)[1].field("age").column_name == f"f{field.id}_3"
        assert apps.values(connection, number, "age")[0] == "４１"


def test_options_become_many_with_their_side_table(database: sa.Engine) -> None:
    number = made(database, an_app("one").choice("sign", "咳", "熱"))
    apps.add_records(database, number, [{"sign": "熱"}, {"sign": None}])
    raw = apps.definition_json(database, number)
    options = raw["properties"]["sign"]["options"]
    apps.publish(database, number, apps.retype(raw, "sign", type="CHECK_BOX", options=options))
    with db.reading(database) as connection:
        _, definition, tables = apps.live(connection, number)
        field = definition.field("sign")
        assert apps.values(connection, number, "sign") == [(options["熱"]["id"],), ()]
        rows = connection.execute(sa.select(tables.side(field.id))).all()
        assert [tuple(row) for row in rows] == [(1, 0, options["熱"]["id"])]


def test_radio_and_drop_down_share_their_column(database: sa.Engine) -> None:
    number = made(database, an_app("one").choice("sign", "咳", "熱"))
    raw = apps.definition_json(database, number)
    options = raw["properties"]["sign"]["options"]
    apps.publish(database, number, apps.retype(raw, "sign", type="RADIO_BUTTON", options=options))
    with db.reading(database) as connection:
        field = apps.live(connection, number)[1].field("sign")
    assert field.column_name == f"f{field.id}"


def test_rows_of_a_subtable_are_converted_too(database: sa.Engine) -> None:
    number = made(database)
    apps.add_records(database, number, [{"name": "a"}])
    with db.writing(database) as connection:
        _, definition, tables = apps.live(connection, number)
        rows = tables.rows[definition.field("rows").id].main
        note = definition.field("note").column_name
        connection.execute(sa.insert(rows).values({"record_id": 1, "position": 0, note: "7"}))
        connection.execute(sa.insert(rows).values({"record_id": 1, "position": 1, note: "七つ"}))
    raw = apps.definition_json(database, number)
    inner = raw["properties"]["rows"]["fields"]
    inner["note"] = {"type": "NUMBER", "id": inner["note"]["id"], "code": "note", "label": "note"}
    apps.publish(database, number, raw)
    with db.reading(database) as connection:
        _, definition, tables = apps.live(connection, number)
        rows = tables.rows[definition.field("rows").id].main
        column = rows.c[definition.field("note").column_name]
        assert connection.scalars(sa.select(column).order_by(rows.c.id)).all() == [Decimal(7), None]


def test_what_changed_while_values_were_carried_over_is_caught_up(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = made(database)
    apps.add_records(database, number, [{"name": "a", "age": "1"}, {"name": "b", "age": "2"}])
    plain = apply.build

    def meanwhile(engine: sa.Engine, steps: t.Any) -> None:
        monkeypatch.setattr(apply, "build", plain)
        apps.change_record(engine, number, 1, {"age": "100"})
        apps.add_records(engine, number, [{"name": "c", "age": "3"}])
        plain(engine, steps)

    monkeypatch.setattr(apply, "build", meanwhile)
    apps.publish(database, number, apps.retype(apps.definition_json(database, number), "age", type="NUMBER"))
    with db.reading(database) as connection:
        assert apps.values(connection, number, "age") == [Decimal(100), Decimal(2), Decimal(3)]


def test_no_duplicates_is_refused_with_the_values_that_occur_twice(database: sa.Engine) -> None:
    number = made(database)
    apps.add_records(database, number, [{"name": "a"}, {"name": "b"}, {"name": "a"}])
    raw = apps.definition_json(database, number)
    raw["properties"]["name"]["unique"] = True
    with pytest.raises(Invalid) as caught:
        apps.publish(database, number, raw)
    (problem,) = caught.value.problems
    assert problem.code == "deploy.note.duplicates"
    assert problem.path == ("properties", "name", "unique")
    assert (problem.params["value"], problem.params["count"], problem.params["records"]) == ("a", 2, "1, 3")
    apps.change_record(database, number, 3, {"name": "c"})
    assert deploy.deploy(database, number, apps.ACTOR) == 2
    with pytest.raises(sa.exc.IntegrityError):
        apps.add_records(database, number, [{"name": "a"}])


def test_converted_values_that_become_equal_are_duplicates(database: sa.Engine) -> None:
    number = made(database)
    apps.add_records(database, number, [{"name": "a", "age": "1"}, {"name": "b", "age": "１"}])
    raw = apps.retype(apps.definition_json(database, number), "age", type="NUMBER", unique=True)
    with pytest.raises(Invalid) as caught:
        apps.publish(database, number, raw)
    assert caught.value.problems[0].code == "deploy.note.duplicates"
    with db.reading(database) as connection:
        assert apps.live(connection, number)[0] == 1


def index_names(database: sa.Engine, number: int) -> set[str]:
    with db.reading(database) as connection:
        return set(present_indexes(connection, f"app_{number}"))


def test_indexes_follow_views_and_settings(database: sa.Engine) -> None:
    views = LEDGER.choice("ward", "北", "南").view("北", "name", condition='ward in ("北")', sort="onset desc")
    number = made(database, views)
    with db.reading(database) as connection:
        _, definition, _ = apps.live(connection, number)
    ward, onset, name = (definition.field(code).column_name for code in ("ward", "onset", "name"))
    assert index_names(database, number) >= {f"ix_app_{number}_{ward}_{onset}_id"}
    raw = apps.definition_json(database, number)
    raw["views"]["北"]["sort"] = ""
    raw["properties"]["name"]["indexed"] = True
    apps.publish(database, number, raw)
    assert index_names(database, number) >= {f"ix_app_{number}_{ward}_id", f"ix_app_{number}_{name}_id"}
    assert f"ix_app_{number}_{ward}_{onset}_id" not in index_names(database, number)
    del raw["properties"]["ward"]
    raw["views"] = {}
    raw["layout"] = [row for row in raw["layout"] if row.get("fields", [{}])[0].get("code") != "ward"]
    apps.publish(database, number, raw)
    assert f"ix_app_{number}_{ward}_id" not in index_names(database, number)


def test_conditions_of_record_rights_ask_for_indexes(database: sa.Engine) -> None:
    nobody: list[object] = []
    rights = [
        {"filterCond": 'ward in ("北") and onset > TODAY()', "entities": nobody},
        {"filterCond": 'name like "x"', "entities": nobody},
    ]
    app = LEDGER.choice("ward", "北", "南").part("acl", {"record": {"rights": rights}})
    number = made(database, app)
    with db.reading(database) as connection:
        _, definition, _ = apps.live(connection, number)
    ward, onset, name = (definition.field(code).column_name for code in ("ward", "onset", "name"))
    assert f"ix_app_{number}_{ward}_id" in index_names(database, number)
    assert index_names(database, number).isdisjoint({f"ix_app_{number}_{onset}_id", f"ix_app_{number}_{name}_id"})


def test_a_lookup_asks_for_an_index_in_the_app_that_it_names(database: sa.Engine) -> None:
    parent = made(database)
    child = (
        an_app("child")
        .field(
            "REFERENCE_TABLE",
            "back",
            referenceTable={
                "relatedApp": {"code": "ledger"},
                "condition": {"field": "key", "relatedField": "onset"},
                "filterCond": "",
                "displayFields": ["name"],
                "sort": "",
                "size": "5",
            },
        )
        .date("key")
    )
    number = made(database, an_app("child").date("key"))
    raw = {**apps.definition_json(database, number)}
    raw["properties"]["back"] = child.json()["properties"]["back"]
    apps.publish(database, number, raw)
    with db.reading(database) as connection:
        onset = apps.live(connection, parent)[1].field("onset").column_name
    name = f"ix_app_{parent}_{onset}_id"
    assert name in index_names(database, parent)
    # The parent's own deploys leave it, as long as somebody asks for it.
    apps.publish(database, parent, {**apps.definition_json(database, parent), "rules": [{"name": "x"}]})
    assert name in index_names(database, parent)


def test_a_renamed_key_is_carried_into_the_apps_that_name_it(database: sa.Engine) -> None:
    parent = made(database, an_app("parent").text("key", unique=True).text("name"))
    child = made(
        database,
        an_app("child")
        .text("copied")
        .field(
            "SINGLE_LINE_TEXT",
            "who",
            lookup={
                "relatedApp": {"code": "parent"},
                "relatedKeyField": "key",
                "fieldMappings": [{"field": "copied", "relatedField": "name"}],
                "lookupPickerFields": ["name"],
                "filterCond": 'name like "山"',
                "sort": "name asc",
            },
        ),
    )
    raw = apps.definition_json(database, parent)
    raw["properties"]["full"] = {**raw["properties"].pop("name"), "code": "full"}
    raw["layout"] = []
    apps.publish(database, parent, raw)
    with db.reading(database) as connection:
        version, definition, _ = apps.live(connection, child)
    lookup = definition.field("who").lookup  # type: ignore[attr-defined]  # a lookup field has one
    assert version == 2
    assert lookup.field_mappings[0].related_field == "full"
    assert (lookup.filter_cond, lookup.sort) == ('full like "山"', "full asc")
    assert lookup.lookup_picker_fields == ("full",)


def test_a_draft_that_somebody_overtook_is_refused(database: sa.Engine) -> None:
    number = made(database)
    apps.save(database, number, apps.definition_json(database, number))
    changed = {**apps.definition_json(database, number), "rules": [{"name": "x"}]}
    deploy.apply_definition(database, number, changed, apps.ACTOR)
    with pytest.raises(Conflict) as caught:
        deploy.deploy(database, number, apps.ACTOR)
    assert caught.value.code == "deploy.moved"
    with db.writing(database) as connection:
        deploy.rebase_draft(connection, number)
    assert deploy.deploy(database, number, apps.ACTOR) == 3


def test_one_deploy_at_a_time(database: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    number = made(database)
    apps.save(database, number, apps.definition_json(database, number))
    other = db.make_engine(database.url.render_as_string(hide_password=False))
    with locks.deploying(other), pytest.raises(Busy), locks.deploying(database, wait=0.1):
        pass  # pragma: no cover
    other.dispose()
    assert deploy.deploy(database, number, apps.ACTOR) == 2


def test_drafts_are_kept_with_their_mistakes_and_count_revisions(database: sa.Engine) -> None:
    number = made(database)
    with db.writing(database) as connection:
        assert deploy.find_draft(connection, number) is None
        first = deploy.save_draft(connection, number, {"settings": {"name": ""}}, apps.ACTOR, revision=0)
        assert (first.revision, first.based_on) == (1, 1)
        second = deploy.save_draft(connection, number, {"settings": {"name": "x"}}, apps.ACTOR, revision=1)
        assert second.revision == 2
        with pytest.raises(Conflict):
            deploy.save_draft(connection, number, {}, apps.ACTOR, revision=1)
        with pytest.raises(Invalid):
            deploy.save_draft(connection, number, [], apps.ACTOR)  # type: ignore[arg-type]  # what a client may send
        assert deploy.discard_draft(connection, number)
        assert not deploy.discard_draft(connection, number)
        assert deploy.load_draft(connection, number).revision == 0
    with pytest.raises(NotFound):
        deploy.deploy(database, number, apps.ACTOR)
    with pytest.raises(NotFound):
        deploy.deploy(database, 99, apps.ACTOR)


def test_rights_carry_the_ids_of_people_and_groups(database: sa.Engine) -> None:
    raw = LEDGER.json()
    raw["acl"] = {
        "app": {
            "rights": [
                {"entity": {"type": "CREATOR", "code": None}, "appEditable": True},
                {"entity": {"type": "USER", "code": "hana"}, "recordViewable": True},
            ]
        }
    }
    from lowcode.access.actor import Actor
    from lowcode.system import models

    with db.writing(database) as connection:
        number = connection.execute(
            sa.insert(models.User)
            .values(login="hana", name="花", created_at=apps.NOW, updated_at=apps.NOW)
            .returning(models.User.id)
        ).scalar_one()
    app = deploy.create_app(database, raw, Actor(kind="user", user_id=7, login="maker"))
    with db.reading(database) as connection:
        rights = apps.live(connection, app)[1].app_rights
    assert rights.allows("manage", user_id=7)
    assert rights.allows("view", user="renamed", user_id=number)
    assert not rights.allows("manage", user_id=number)


def test_a_new_formula_is_worked_out_for_the_records_that_are_there(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = made(database, an_app("sum").number("a").text("b").subtable("rows", an_app().number("n")))
    apps.add_records(database, number, [{"a": "1", "b": "5"}, {"a": "2", "b": "x"}])
    with db.writing(database) as connection:
        _, definition, tables = apps.live(connection, number)
        rows = tables.rows[definition.field("rows").id]
        n = definition.field("n").column_name
        row = connection.execute(
            sa.insert(rows.main).values({"record_id": 1, "position": 0, n: Decimal(7)}).returning(rows.main.c.id)
        ).scalar_one()
        assert rows.search is not None
        connection.execute(sa.insert(rows.search).values(id=row))
    raw = apps.retype(apps.definition_json(database, number), "b", type="NUMBER")
    raw["properties"]["total"] = {"type": "CALC", "expression": "a + b + SUM(twice)"}
    raw["properties"]["rows"]["fields"]["twice"] = {"type": "CALC", "expression": "n * 2"}
    plain = apply.build

    def meanwhile(engine: sa.Engine, steps: t.Any) -> None:
        monkeypatch.setattr(apply, "build", plain)
        apps.change_record(engine, number, 2, {"a": "30"})
        plain(engine, steps)

    monkeypatch.setattr(apply, "build", meanwhile)
    apps.save(database, number, raw)
    with db.reading(database) as connection:
        assert deploy.plan_deploy(connection, number).stale == {"total", "twice"}
    deploy.deploy(database, number, apps.ACTOR, ctx=apps.CTX)
    with db.reading(database) as connection:
        assert apps.values(connection, number, "total") == [Decimal(20), Decimal(30)]
    # Nothing to work out where only a label changes.
    raw = apps.definition_json(database, number)
    raw["properties"]["total"]["label"] = "計"
    apps.save(database, number, raw)
    with db.reading(database) as connection:
        assert deploy.plan_deploy(connection, number).stale == frozenset()


def test_a_new_roll_up_counts_the_children_that_are_there_and_those_that_come_meanwhile(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = made(database, an_app("parent").text("no", unique=True))
    child = made(database, an_app("child").text("no").number("n"))
    apps.add_records(database, parent, [{"no": "a"}, {"no": "b"}, {"no": "c"}])
    apps.add_records(database, child, [{"no": "a", "n": "1"}, {"no": "a", "n": "2"}, {"no": "b", "n": "5"}])
    raw = apps.definition_json(database, parent)
    raw["properties"]["sum"] = {
        "type": "ROLLUP",
        "format": "NUMBER",
        "rollup": {
            "relatedApp": {"code": "child"},
            "keyField": "no",
            "relatedField": "no",
            "function": "SUM",
            "field": "n",
        },
    }
    plain = apply.build

    def meanwhile(engine: sa.Engine, steps: t.Any) -> None:
        monkeypatch.setattr(apply, "build", plain)
        apps.add_records(engine, child, [{"no": "b", "n": "10"}])
        plain(engine, steps)

    monkeypatch.setattr(apply, "build", meanwhile)
    apps.publish(database, parent, raw)
    with db.reading(database) as connection:
        assert apps.values(connection, parent, "sum") == [Decimal(3), Decimal(15), None]


def test_what_retired_fields_left_is_listed_and_purged(database: sa.Engine) -> None:
    number = made(database)
    apps.add_records(database, number, [{"name": "a", "age": "1", "signs": ["咳"]}, {"name": "b"}])
    raw = apps.definition_json(database, number)
    for code in ("age", "signs", "rows"):
        del raw["properties"][code]
    raw["layout"] = []
    apps.publish(database, number, raw)
    with db.reading(database) as connection:
        found = deploy.leftovers(connection, number)
    main = f"app_{number}"
    assert {(item.label, item.filled) for item in found if item.table == main} == {("age", 1), ("signs", 1)}
    assert {item.label for item in found if item.column is None} == {"signs", "rows"}
    with pytest.raises(Conflict):
        deploy.purge(database, number, found[:1])
    deploy.purge(database, number, found)
    with db.reading(database) as connection:
        assert deploy.leftovers(connection, number) == ()
        assert apps.values(connection, number, "name") == ["a", "b"]
    # A version that had them can still come back, with empty fields.
    deploy.rollback(database, number, 1, apps.ACTOR)
    with db.reading(database) as connection:
        assert apps.values(connection, number, "age") == [None, None]


def test_going_back_brings_back_what_did_not_convert(database: sa.Engine) -> None:
    number = made(database)
    apps.add_records(
        database,
        number,
        [
            {"name": "a", "age": "４１"},
            {"name": "b", "age": "不明"},
            {"name": "c", "age": "7"},
            {"name": "d", "age": "?"},
        ],
    )
    apps.publish(database, number, apps.retype(apps.definition_json(database, number), "age", type="NUMBER"))
    apps.change_record(database, number, 3, {"age": "8"})
    apps.change_record(database, number, 4, {"age": "9"})
    apps.add_records(database, number, [{"name": "e", "age": "50"}])
    deploy.rollback(database, number, 1, apps.ACTOR, ctx=apps.CTX)
    with db.reading(database) as connection:
        # Untouched values in their first form, changed and new ones as they are now.
        assert apps.values(connection, number, "age") == ["４１", "不明", "8", "9", "50"]


ONLY_POSTGRESQL = pytest.mark.parametrize(
    "engine", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@ONLY_POSTGRESQL
def test_a_broken_concurrent_index_is_built_again(database: sa.Engine) -> None:
    number = made(database)
    raw = apps.definition_json(database, number)
    raw["properties"]["onset"]["indexed"] = True
    column = f"f{raw['properties']['onset']['id']}"
    name = f"ix_app_{number}_{column}_id"
    with db.writing(database) as connection:
        connection.exec_driver_sql(f"CREATE INDEX {name} ON app_{number} ({column}, id)")
        connection.exec_driver_sql(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")
    apps.publish(database, number, raw)
    with db.reading(database) as connection:
        assert present_indexes(connection, f"app_{number}")[name] is True


@ONLY_POSTGRESQL
def test_a_switch_gives_way_to_a_long_writer_and_can_be_repeated(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "TRIES", 2)
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", "50ms")
    number = made(database)
    apps.save(database, number, {**apps.definition_json(database, number), "rules": [{"name": "x"}]})
    with db.writing(database) as writer:
        db.hold_live_versions(writer)
        with pytest.raises(Busy):
            deploy.deploy(database, number, apps.ACTOR)
        # Somebody who comes while the switch waits is not kept out for long: it has given up.
        with db.writing(database) as another:
            db.hold_live_versions(another)
    assert deploy.deploy(database, number, apps.ACTOR) == 2


def test_texts_that_are_too_long_for_an_index_are_named_beforehand(database: sa.Engine) -> None:
    number = made(database)
    with db.writing(database) as connection:
        _, definition, tables = apps.live(connection, number)
        column = definition.field("name").column_name
        connection.execute(
            sa.insert(tables.main).values({"created_at": apps.NOW, "updated_at": apps.NOW, column: "長" * 5_000})
        )
    # A view that sorts by an unlimited text gets no index, so nothing can go wrong later.
    raw = apps.definition_json(database, number)
    raw["views"] = {"x": {"type": "LIST", "sort": "name asc", "fields": ["name"]}}
    apps.publish(database, number, raw)
    raw = apps.definition_json(database, number)
    raw["properties"]["name"]["indexed"] = True
    with pytest.raises(Invalid) as caught:
        apps.publish(database, number, raw)
    (problem,) = caught.value.problems
    assert (problem.code, problem.params["count"], problem.params["records"]) == ("deploy.note.too_long", 1, "1")


def test_applying_the_same_definition_again_changes_nothing(database: sa.Engine) -> None:
    number = made(database)
    raw = LEDGER.json()
    assert deploy.apply_definition(database, number, raw, apps.ACTOR) == 1
    raw["properties"]["more"] = {"type": "DATE"}
    assert deploy.apply_definition(database, number, raw, apps.ACTOR) == 2
    assert deploy.apply_definition(database, number, raw, apps.ACTOR) == 2
