"""Ids stay, versions are compared, and new names are carried through a definition."""

from __future__ import annotations

import copy
import typing as t

import pytest

from lowcode.definition import AppDefinition, assign_ids, codec, load, waiting
from lowcode.definition.compare import Kind, compare, renamed_codes
from lowcode.definition.queries import QueryText
from lowcode.definition.rename import rename_field, rename_in_other_app, rename_option, rename_state, rename_view
from lowcode.deploy.checking import query_problems
from lowcode.errors import Invalid, NotFound, Problem
from lowcode.messages import catalog, text
from lowcode.query import kintone
from tests.builders import an_app

Json = dict[str, t.Any]
LEDGER = (
    an_app("ledger")
    .text("name")
    .number("age")
    .choice("sex", "女", "男")
    .date("onset")
    .checks("signs", "咳", "熱")
    .formula("older", "age + 1")
    .field("SINGLE_LINE_TEXT", "title", expression='IF(sex="男", "Mr ", "") & name')
    .subtable("rows", an_app().number("temp"))
    .view("全件", "name", "age", condition='age > 3 and sex in ("男")', sort="age desc, name asc")
    .part(
        "status",
        {
            "enable": True,
            "states": {"受理": {"name": "受理", "index": "0"}, "完了": {"name": "完了", "index": "1"}},
            "actions": [{"name": "進める", "from": "受理", "to": "完了", "filterCond": "age > 3"}],
        },
    )
)


def ledger() -> Json:
    """The ledger as JSON with every id."""
    return codec.dump(load(LEDGER.json()))


# -- ids -------------------------------------------------------------------------------------------


def test_ids_stay_with_codes_keys_and_names() -> None:
    first = ledger()
    bare = LEDGER.json()
    again = assign_ids({**bare, "settings": first["settings"]}, first)
    assert again["properties"]["age"]["id"] == first["properties"]["age"]["id"]
    assert again["properties"]["sex"]["options"]["男"]["id"] == first["properties"]["sex"]["options"]["男"]["id"]
    assert again["properties"]["rows"]["fields"]["temp"]["id"] == first["properties"]["rows"]["fields"]["temp"]["id"]
    assert again["views"]["全件"]["id"] == first["views"]["全件"]["id"]
    assert again["status"]["states"]["受理"]["id"] == first["status"]["states"]["受理"]["id"]
    assert again["status"]["actions"][0]["id"] == first["status"]["actions"][0]["id"]
    assert again["nextId"] == first["nextId"]


def test_new_things_get_new_numbers_above_every_old_one() -> None:
    first = ledger()
    changed = copy.deepcopy(first)
    changed["properties"]["new"] = {"type": "DATE"}
    assert assign_ids(changed, first)["properties"]["new"]["id"] == first["nextId"]
    assert assign_ids(changed, first, floor=900)["properties"]["new"]["id"] == 900


def test_a_code_given_to_another_field_does_not_take_its_id() -> None:
    first = ledger()
    changed = copy.deepcopy(first)
    changed["properties"]["years"] = changed["properties"].pop("age")
    changed["properties"]["years"]["code"] = "years"
    changed["properties"]["age"] = {"type": "DATE"}
    made = assign_ids(changed, first)
    assert made["properties"]["years"]["id"] == first["properties"]["age"]["id"]
    assert made["properties"]["age"]["id"] == first["nextId"]


def test_removed_options_and_states_come_back_as_retired() -> None:
    first = ledger()
    changed = copy.deepcopy(first)
    del changed["properties"]["sex"]["options"]["男"]
    changed["properties"]["sex"]["options"]["その他"] = {"label": "その他", "index": "1"}
    del changed["status"]["states"]["完了"]
    changed["status"]["actions"] = []
    made = assign_ids(changed, first)
    option = made["properties"]["sex"]["options"]["男"]
    assert (option["id"], option["retired"]) == (first["properties"]["sex"]["options"]["男"]["id"], True)
    assert made["status"]["states"]["完了"]["retired"] is True
    definition = load(made)
    assert [o.label for o in definition.field("sex").offered()] == ["女", "その他"]  # type: ignore[attr-defined]
    # Offered once more under its key, it is the same option again.
    back = copy.deepcopy(made)
    back["properties"]["sex"]["options"]["男"] = {"label": "男", "index": "5"}
    assert assign_ids(back, made)["properties"]["sex"]["options"]["男"]["id"] == option["id"]


# -- compare ---------------------------------------------------------------------------------------


def kinds(old: AppDefinition | None, new: Json) -> list[str]:
    made = load(assign_ids(new, codec.dump(old) if old else None))
    return [change.kind for change in compare(old, made)]


def changed(edit: t.Callable[[Json], t.Any]) -> tuple[AppDefinition, Json]:
    raw = ledger()
    old = load(raw)
    made = copy.deepcopy(raw)
    edit(made)
    return old, made


def put(path: tuple[t.Any, ...], value: t.Any) -> t.Callable[[Json], None]:
    """An edit that changes one place; ``...`` takes it away."""

    def edit(raw: Json) -> None:
        place: t.Any = raw
        for key in path[:-1]:
            place = place[key]
        if value is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return edit


def recode(raw: Json) -> None:
    raw["properties"]["born"] = {**raw["properties"].pop("onset"), "code": "born"}
    raw["layout"] = []


@pytest.mark.parametrize(
    "edit, expected",
    [
        (lambda raw: None, []),
        (put(("code",), "other"), ["code_changed"]),
        (put(("settings", "theme"), "RED"), ["setting_changed"]),
        (put(("properties", "new"), {"type": "DATE"}), ["field_added", "layout_changed"]),
        (put(("properties", "age", "label"), "年齢"), ["field_relabelled"]),
        (put(("properties", "age", "required"), True), ["field_setting_changed"]),
        (put(("properties", "age", "type"), "DATE"), ["type_changed"]),
        (recode, ["field_renamed", "layout_changed"]),
        (put(("properties", "rows", "fields", "temp", "unit"), "℃"), ["field_setting_changed"]),
        (put(("properties", "sex", "options", "他"), {"label": "他", "index": "5"}), ["option_added"]),
        (put(("properties", "sex", "options", "男", "label"), "男性"), ["option_renamed"]),
        (put(("properties", "sex", "options", "男"), ...), ["option_retired"]),
        (put(("properties", "sex", "options", "男", "hue"), "red"), ["option_changed"]),
        (put(("views", "新"), {"type": "LIST"}), ["view_added"]),
        (put(("views", "全件", "sort"), ""), ["view_changed"]),
        (put(("views",), {}), ["view_removed"]),
        (put(("status", "enable"), False), ["process_off"]),
        (put(("status", "states", "保留"), {"index": "2"}), ["state_added"]),
        (put(("status", "states", "完了", "hue"), "red"), ["state_changed"]),
        (put(("status", "actions"), []), ["action_removed"]),
        (put(("status", "actions", 0, "filterCond"), ""), ["action_changed"]),
        (put(("acl", "app", "rights"), []), ["rights_changed"]),
        (put(("rules",), [{"name": "x"}]), ["part_changed"]),
    ],
)
def test_differences_are_named(edit: t.Callable[[Json], None], expected: list[str]) -> None:
    old, new = changed(edit)
    if new["properties"]["age"]["type"] == "DATE":
        kept = ("type", "id", "code", "label")
        new["properties"]["age"] = {key: new["properties"]["age"][key] for key in kept}
        new["properties"]["older"]["expression"] = "1"
        assert "type_changed" in kinds(old, new)
        return
    assert kinds(old, new) == expected


def test_every_kind_of_change_has_a_sentence_in_both_languages() -> None:
    for kind in t.get_args(Kind):
        for locale in ("ja", "en"):
            assert f"definition.change.{kind}" in catalog(locale)
    old, new = changed(recode)
    change = compare(old, load(new))[0]
    assert text(change.key, "en", **change.params) == 'Changes the code of "onset" from "onset" to "born".'
    assert renamed_codes(old, load(new)) == {"onset": "born"}


# -- rename ----------------------------------------------------------------------------------------


def test_a_renamed_field_is_renamed_wherever_it_is_named() -> None:
    raw = ledger()
    raw["properties"]["age"]["label"] = "年"
    raw["settings"]["titleField"] = {"selectionMode": "MANUAL", "code": "age"}
    raw["acl"]["record"]["rights"] = [{"filterCond": "age < 20", "entities": []}]
    raw["acl"]["field"]["rights"] = [{"code": "age", "entities": []}]
    raw["reports"] = {"g": {"groups": [{"code": "age"}], "filterCond": "age > 1", "aggregations": [{"type": "COUNT"}]}}
    made = rename_field(raw, "age", "年齢", kintone)
    assert '"age' not in repr(made).replace("'", '"')
    definition = load(made)
    assert definition.field("older").expression == "年齢 + 1"  # type: ignore[attr-defined]  # a calculated field
    assert definition.views[0].filter_cond == '年齢 > 3 and sex in ("男")'
    assert definition.views[0].sort == "年齢 desc, name asc"
    assert definition.views[0].fields == ("name", "年齢")
    assert definition.status.actions[0].filter_cond == "年齢 > 3"
    assert definition.title_field.code == "年齢"
    assert definition.field("年齢").id == raw["properties"]["age"]["id"]
    assert [kind for kind in kinds(load(raw), made) if kind.startswith("field")] == [
        "field_renamed",
        "field_setting_changed",
    ]


RULES: t.Final[list[Json]] = [
    {
        "name": "minors",
        "filterCond": 'age < 20 and sex in ("男")',
        "actions": [
            {"type": "REQUIRE", "code": "age"},
            {"type": "SHOW", "fields": ["name", "age", "sex"]},
            {"type": "SET", "field": "age", "value": "age"},
            {"type": "NOTIFY", "entities": [{"type": "USER", "code": "age"}, {"type": "FIELD_ENTITY", "code": "age"}]},
        ],
    },
    {
        "name": "others",
        "if": 'sex not in ("男") or age = "" order by age asc',
        "then": {"targets": ["age"], "codes": ["sex", "age"]},
        "else": [{"condition": 'ステータス = "受理"', "target": "age"}, {"condition": "age is what?"}],
    },
]


def test_rules_follow_fields_options_and_states() -> None:
    raw = {**ledger(), "rules": copy.deepcopy(RULES)}
    raw = codec.dump(load(raw))
    made = rename_field(raw, "age", "年齢", kintone)
    made = rename_option(made, "sex", "男", "男性", kintone)
    made = rename_state(made, "受理", "受付", kintone)
    load(made)
    first, second = made["rules"]
    assert first["filterCond"] == '年齢 < 20 and sex in ("男性")'
    require, show, put_in, notify = first["actions"]
    assert require == {"type": "REQUIRE", "code": "年齢"}
    assert show["fields"] == ["name", "年齢", "sex"]
    assert (put_in["field"], put_in["value"]) == ("年齢", "age")
    # A person whose log-in reads like the field's code stays who it was.
    assert [entity["code"] for entity in notify["entities"]] == ["age", "年齢"]
    assert second["if"] == 'sex not in ("男性") or 年齢 = "" order by 年齢 asc'
    assert second["then"] == {"targets": ["年齢"], "codes": ["sex", "年齢"]}
    assert second["else"] == [{"condition": 'ステータス = "受付"', "target": "年齢"}, {"condition": "age is what?"}]
    assert [rule["id"] for rule in made["rules"]] == [rule["id"] for rule in raw["rules"]]


def test_a_field_inside_a_subtable_is_renamed_too() -> None:
    made = rename_field(ledger(), "temp", "体温", kintone)
    assert list(made["properties"]["rows"]["fields"]) == ["体温"]
    assert load(made).field("体温").code == "体温"


def test_a_lookup_of_the_app_itself_follows() -> None:
    raw = codec.dump(
        load(
            an_app("self")
            .text("key", unique=True)
            .text("name")
            .text("copy")
            .field(
                "SINGLE_LINE_TEXT",
                "up",
                lookup={
                    "relatedApp": {"code": "self"},
                    "relatedKeyField": "key",
                    "filterCond": 'name like "a"',
                    "sort": "name asc",
                    "fieldMappings": [{"field": "copy", "relatedField": "name"}],
                    "lookupPickerFields": ["name"],
                },
            )
            .json()
        )
    )
    lookup = rename_field(raw, "name", "called", kintone)["properties"]["up"]["lookup"]
    assert lookup["fieldMappings"] == [{"field": "copy", "relatedField": "called"}]
    assert (lookup["filterCond"], lookup["sort"], lookup["lookupPickerFields"]) == (
        'called like "a"',
        "called asc",
        ["called"],
    )


def test_a_renamed_option_changes_conditions_and_no_record() -> None:
    raw = ledger()
    made = rename_option(raw, "sex", "男", "男性", kintone)
    definition = load(made)
    option = made["properties"]["sex"]["options"]["男"]
    assert (option["label"], option["id"]) == ("男性", raw["properties"]["sex"]["options"]["男"]["id"])
    assert definition.views[0].filter_cond == 'age > 3 and sex in ("男性")'
    # Formulas compare by key, which stays.
    expression = definition.field("title").expression  # type: ignore[attr-defined]  # it has one
    assert expression == 'IF(sex="男", "Mr ", "") & name'


def test_states_and_views_are_renamed() -> None:
    raw = ledger()
    raw["views"]["全件"]["filterCond"] = 'ステータス = "受理"'
    made = rename_state(raw, "受理", "受付", kintone)
    assert list(made["status"]["states"]) == ["受付", "完了"]
    assert made["status"]["actions"][0]["from"] == "受付"
    assert made["views"]["全件"]["filterCond"] == 'ステータス = "受付"'
    assert list(rename_view(made, "全件", "すべて")["views"]) == ["すべて"]
    load(made)


def test_other_apps_follow_a_new_code() -> None:
    raw = codec.dump(
        load(
            an_app("child")
            .text("no")
            .field(
                "ROLLUP",
                "last",
                rollup={
                    "relatedApp": {"code": "ledger"},
                    "keyField": "no",
                    "relatedField": "name",
                    "function": "LATEST",
                    "field": "age",
                    "orderField": "onset",
                    "filterCond": "age > 3",
                },
            )
            .json()
        )
    )
    made = rename_in_other_app(raw, "ledger", "book", {"age": "年齢", "no": "x"}, kintone)
    rollup = made["properties"]["last"]["rollup"]
    assert rollup["relatedApp"]["code"] == "book"
    assert (rollup["field"], rollup["filterCond"], rollup["keyField"]) == ("年齢", "年齢 > 3", "no")


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda raw: rename_field(raw, "nothing", "x", kintone), NotFound),
        (lambda raw: rename_field(raw, "age", "name", kintone), Invalid),
        (lambda raw: rename_option(raw, "sex", "他", "x", kintone), NotFound),
        (lambda raw: rename_option(raw, "sex", "男", "女", kintone), Invalid),
        (lambda raw: rename_state(raw, "x", "y", kintone), NotFound),
        (lambda raw: rename_state(raw, "受理", "完了", kintone), Invalid),
        (lambda raw: rename_view(raw, "x", "y"), NotFound),
    ],
)
def test_names_that_are_missing_or_taken_are_refused(call: t.Callable[[Json], Json], error: type[Exception]) -> None:
    with pytest.raises(error):
        call(ledger())


# -- other apps ------------------------------------------------------------------------------------


PARENT = load(an_app("parent").text("key", unique=True).text("name").date("day").checks("many", "a").json())


def lookup(**changes: t.Any) -> Json:
    made = (
        an_app("child")
        .text("copied")
        .date("when")
        .subtable("rows", an_app().text("inner"))
        .field(
            "SINGLE_LINE_TEXT",
            "who",
            lookup={
                "relatedApp": {"code": "parent"},
                "relatedKeyField": "key",
                "filterCond": "",
                "sort": "",
                "fieldMappings": [{"field": "copied", "relatedField": "name"}],
                "lookupPickerFields": [],
                **changes,
            },
        )
    )
    return made.json()


@pytest.mark.parametrize(
    "changes, code, path",
    [
        ({"relatedKeyField": "nothing"}, "definition.no_such_field_there", ("relatedKeyField",)),
        ({"relatedKeyField": "name"}, "definition.lookup_key", ("relatedKeyField",)),
        ({"lookupPickerFields": ["nothing"]}, "definition.no_such_field_there", ("lookupPickerFields", 0)),
        (
            {"fieldMappings": [{"field": "copied", "relatedField": "x"}]},
            "definition.no_such_field_there",
            ("fieldMappings", 0, "relatedField"),
        ),
        (
            {"fieldMappings": [{"field": "x", "relatedField": "name"}]},
            "definition.no_such_field",
            ("fieldMappings", 0, "field"),
        ),
        (
            {"fieldMappings": [{"field": "when", "relatedField": "name"}]},
            "definition.mapping_type",
            ("fieldMappings", 0),
        ),
        (
            {"fieldMappings": [{"field": "inner", "relatedField": "name"}]},
            "definition.mapping_row",
            ("fieldMappings", 0, "field"),
        ),
        (
            {"fieldMappings": [{"field": "レコード番号", "relatedField": "name"}]},
            "definition.mapping_target",
            ("fieldMappings", 0, "field"),
        ),
        ({"filterCond": "nothing = 1"}, "definition.no_such_field", ("filterCond",)),
    ],
)
def test_a_lookup_is_checked_against_the_app_that_it_names(
    changes: Json, code: str, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(Invalid) as caught:
        load(lookup(**changes), known_apps={"parent": PARENT}, query_checker=query_problems)
    assert [(p.code, p.path) for p in caught.value.problems] == [(code, ("properties", "who", "lookup", *path))]


def test_an_app_that_is_not_installed_is_waited_for() -> None:
    definition = load(lookup(relatedKeyField="whatever"), known_apps={})
    (wait,) = waiting(definition, {})
    assert (wait.field, wait.app, wait.path) == ("who", "parent", ("properties", "who", "lookup"))
    assert waiting(load(lookup()), {"parent": PARENT}) == ()


def test_query_texts_are_looked_into_by_what_is_handed_in() -> None:
    seen: list[QueryText] = []

    def checker(query: QueryText) -> t.Iterator[Problem]:
        seen.append(query)
        yield Problem(code="query.syntax", params={"position": 1})

    with pytest.raises(Invalid) as caught:
        load(LEDGER.json(), query_checker=checker)
    assert {problem.path for problem in caught.value.problems} == {
        ("views", "全件", "filterCond"),
        ("views", "全件", "sort"),
        ("status", "actions", 0, "filterCond"),
    }
    assert [query.kind for query in seen] == ["filter", "sort", "filter"]


def test_values_that_come_round_to_themselves_through_another_app_are_refused() -> None:
    def total(code: str, other: str) -> AppDefinition:
        return load(
            an_app(code)
            .text("key")
            .field(
                "ROLLUP",
                "sum",
                rollup={
                    "relatedApp": {"code": other},
                    "keyField": "key",
                    "relatedField": "key",
                    "function": "SUM",
                    "field": "twice",
                },
            )
            .formula("twice", "sum * 2")
            .json()
        )

    one, other = total("one", "other"), total("other", "one")
    with pytest.raises(Invalid) as caught:
        load(codec.dump(one), known_apps={"other": other})
    (problem,) = caught.value.problems
    assert problem.code == "definition.derived_cycle"
    assert problem.path[0] == "properties"
    assert problem.params["way"].count("→") == 4


def test_system_fields_that_a_file_leaves_out_stay_what_they_were() -> None:
    first = ledger()
    first["properties"]["番号"] = {**first["properties"].pop("レコード番号"), "code": "番号"}
    made = load(assign_ids(LEDGER.json(), first))
    assert compare(load(first), made) == ()
