"""Definitions load from JSON with every mistake named, and dump back the same."""

from __future__ import annotations

import copy
import random
import typing as t

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lowcode.definition import codec, kintone, load, read, upgrade
from lowcode.errors import Invalid
from tests.builders import an_app

Json = dict[str, t.Any]
SMALL = (
    an_app("small")
    .text("name", required=True)
    .number("age")
    .choice("sex", "女", "男")
    .date("onset")
    .subtable("rows", an_app().date("day").number("temp"))
    .view("全件", "name", "age", sort="name asc")
)
CODES = ("name", "年齢", "a1", "b_2", "体温", "note", "flag", "at")
TYPES: t.Final[list[tuple[str, Json]]] = [
    ("SINGLE_LINE_TEXT", {"maxLength": "64"}),
    ("MULTI_LINE_TEXT", {}),
    ("RICH_TEXT", {}),
    ("NUMBER", {"minValue": "-1", "unit": "℃", "scale": 2}),
    ("DATE", {"calendar": "ERA"}),
    ("TIME", {}),
    ("DATETIME", {"defaultNowValue": True}),
    ("LINK", {"protocol": "MAIL"}),
    ("FILE", {"thumbnailSize": "250"}),
    ("USER_SELECT", {}),
    ("ORGANIZATION_SELECT", {}),
    ("GROUP_SELECT", {}),
    ("RADIO_BUTTON", {"options": True}),
    ("DROP_DOWN", {"options": True}),
    ("CHECK_BOX", {"options": True}),
    ("MULTI_SELECT", {"options": True}),
    ("CALC", {"expression": "1 + 2"}),
    ("SERIAL", {"pattern": "{0000}"}),
]
LETTERS = st.characters(min_codepoint=32, max_codepoint=0x30FF, exclude_categories=["Cs", "Cc"])
labels = st.text(LETTERS, min_size=1, max_size=12).filter(str.strip)


@st.composite
def properties(draw: st.DrawFn, codes: tuple[str, ...], *, inside: bool = False) -> Json:
    made: Json = {}
    kinds = [kind for kind in TYPES if not (inside and kind[0] == "SERIAL")]
    for code in draw(st.lists(st.sampled_from(codes), min_size=1, unique=True)):
        kind, more = draw(st.sampled_from(kinds))
        made[code] = {"type": kind, "label": draw(labels), **more}
        if draw(st.booleans()):
            made[code]["labels"] = {"en": draw(labels)}
        if draw(st.booleans()):
            made[code]["hint"] = draw(labels)
        if more.get("options"):
            names = draw(st.lists(labels, min_size=1, max_size=4, unique=True))
            made[code]["options"] = {name: {"label": name, "index": str(i)} for i, name in enumerate(names)}
    return made


@st.composite
def definitions(draw: st.DrawFn) -> Json:
    """A definition as a file may hold it: much left out, keys in any order."""
    made = draw(properties(CODES[:5]))
    if draw(st.booleans()):
        made["表"] = {"type": "SUBTABLE", "label": "表", "fields": draw(properties(CODES[5:], inside=True))}
    fields = [code for code in made if code != "表"]
    views = {
        name: {
            "type": "LIST",
            "name": name,
            "index": str(draw(st.integers(0, 9))),
            "fields": draw(st.lists(st.sampled_from(fields), unique=True)),
            "filterCond": "",
            "sort": "",
        }
        for name in draw(st.lists(labels, max_size=3, unique=True))
    }
    states = draw(st.lists(labels, max_size=3, unique=True))
    status = {
        "enable": bool(states) and draw(st.booleans()),
        "states": {name: {"name": name, "index": str(i)} for i, name in enumerate(states)},
        "actions": [{"name": "進める", "from": states[0], "to": states[-1]}] if states else [],
    }
    raw = {
        "code": "generated",
        "settings": {"name": draw(labels), "firstMonthOfFiscalYear": draw(st.integers(1, 12))},
        "properties": made,
        "views": views,
        "status": status,
        "rules": [{"name": "r", "when": draw(labels)}],
    }
    keys = draw(st.permutations(list(raw)))
    return {key: raw[key] for key in keys}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(definitions(), st.randoms(use_true_random=False))
def test_loading_what_was_dumped_gives_the_same_definition(raw: Json, chance: random.Random) -> None:
    before = copy.deepcopy(raw)
    definition = load(raw)
    assert raw == before, "the caller's JSON is left alone"
    dumped = codec.dump(definition)
    assert load(dumped) == definition
    assert codec.loads(codec.dumps(definition)) == definition
    assert hash(load(dumped)) == hash(definition)
    # The order of keys in a file means nothing, and what is written is always the same.
    assert codec.dumps(load(shuffled(dumped, chance))) == codec.dumps(definition)


def shuffled(value: t.Any, chance: random.Random) -> t.Any:
    if isinstance(value, dict):
        items = list(value.items())
        chance.shuffle(items)
        return {key: shuffled(inner, chance) for key, inner in items}
    return [shuffled(inner, chance) for inner in value] if isinstance(value, list) else value


def changed(path: tuple[str | int, ...], value: t.Any) -> Json:
    """The small app as JSON with one place changed."""
    raw = codec.dump(load(SMALL.json()))
    place: t.Any = raw
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return raw


def found(raw: t.Any) -> set[tuple[str, tuple[str | int, ...]]]:
    _, problems = read(raw)
    return {(problem.code, problem.path) for problem in problems}


ENTITY = {"entity": {"type": "USER", "code": "a"}, "includeSubs": False}
FIELD_ENTITY = {"entity": {"type": "FIELD_ENTITY", "code": "name"}, "includeSubs": False}
MISTAKES: list[tuple[tuple[str | int, ...], t.Any, str, tuple[str | int, ...]]] = [
    (("colour",), 1, "definition.unknown_key", ("colour",)),
    (("format",), "x", "definition.format", ("format",)),
    (("format",), 99, "definition.newer_format", ("format",)),
    (("code",), "ä b", "definition.app_code", ("code",)),
    (("code",), 7, "setting.wrong_type", ("code",)),
    (("settings",), [], "setting.not_a_map", ("settings",)),
    (("settings", "name"), "", "setting.missing", ("settings", "name")),
    (("settings", "name"), "x" * 65, "setting.too_long", ("settings", "name")),
    (("settings", "name"), 5, "setting.wrong_type", ("settings", "name")),
    (("settings", "caption"), "x", "definition.unknown_key", ("settings", "caption")),
    (("settings", "theme"), "PINK", "setting.choice", ("settings", "theme")),
    (("settings", "enableComments"), "maybe", "setting.wrong_type", ("settings", "enableComments")),
    (("settings", "firstMonthOfFiscalYear"), "13", "setting.out_of_range", ("settings", "firstMonthOfFiscalYear")),
    (("settings", "firstMonthOfFiscalYear"), "four", "setting.not_an_integer", ("settings", "firstMonthOfFiscalYear")),
    (
        ("settings", "numberPrecision", "digits"),
        "99",
        "setting.out_of_range",
        ("settings", "numberPrecision", "digits"),
    ),
    (
        ("settings", "numberPrecision"),
        {"digits": "4", "decimalPlaces": "4"},
        "definition.precision",
        ("settings", "numberPrecision", "decimalPlaces"),
    ),
    (
        ("settings", "titleField"),
        {"selectionMode": "MANUAL", "code": "x"},
        "definition.no_such_field",
        ("settings", "titleField", "code"),
    ),
    (
        ("settings", "titleField"),
        {"selectionMode": "MANUAL", "code": "rows"},
        "definition.title_type",
        ("settings", "titleField", "code"),
    ),
    (("properties",), [], "setting.not_a_map", ("properties",)),
    (("properties", "name"), 3, "setting.not_a_map", ("properties", "name")),
    (("properties", "name", "type"), "TEXTY", "setting.unknown_type", ("properties", "name", "type")),
    (("properties", "name", "label"), "x" * 129, "definition.label_length", ("properties", "name", "label")),
    (("properties", "age", "maxValue"), "many", "setting.not_a_number", ("properties", "age", "maxValue")),
    (
        ("properties", "rows", "fields", "temp", "minValue"),
        "x",
        "setting.not_a_number",
        ("properties", "rows", "fields", "temp", "minValue"),
    ),
    (
        ("properties", "rows", "fields", "name"),
        {"type": "DATE", "id": 90, "code": "name", "label": "x"},
        "definition.code_twice",
        ("properties", "rows", "fields", "name"),
    ),
    (
        ("properties", "NAME"),
        {"type": "DATE", "id": 90, "code": "NAME", "label": "x"},
        "definition.code_case",
        ("properties", "NAME"),
    ),
    (
        ("properties", "作成者"),
        {"type": "DATE", "id": 90, "code": "作成者", "label": "x"},
        "definition.code_reserved",
        ("properties", "作成者"),
    ),
    (
        ("properties", "second"),
        {"type": "CREATOR", "id": 90, "code": "second", "label": "x"},
        "definition.system_twice",
        ("properties", "second"),
    ),
    (
        ("properties", "line"),
        {"type": "HR", "id": 90, "code": "line", "label": "x"},
        "definition.layout_only",
        ("properties", "line", "type"),
    ),
    (("properties", "age", "id"), 2**31, "setting.out_of_range", ("properties", "age", "id")),
    (
        ("properties", "calc"),
        {"type": "CALC", "id": 90, "code": "calc", "label": "x", "expression": "age + nothing"},
        "formula.unknown_field",
        ("properties", "calc", "expression"),
    ),
    (
        ("properties", "calc"),
        {"type": "CALC", "id": 90, "code": "calc", "label": "x", "expression": "calc + 1"},
        "formula.cycle",
        ("properties", "calc", "expression"),
    ),
    (("layout",), {}, "setting.not_a_list", ("layout",)),
    (("layout", 0, "type"), "COLUMN", "definition.layout_type", ("layout", 0, "type")),
    (("layout", 0, "fields", 0, "span"), 13, "definition.span", ("layout", 0, "fields", 0, "span")),
    (
        ("layout", 0, "fields", 0, "size"),
        {"width": "wide"},
        "setting.not_an_integer",
        ("layout", 0, "fields", 0, "size", "width"),
    ),
    (("layout", 0, "fields", 0, "code"), "age", "definition.layout_twice", ("layout", 1, "fields", 0, "code")),
    (("layout", 0, "fields", 0, "code"), "nothing", "definition.no_such_field", ("layout", 0, "fields", 0, "code")),
    (
        ("layout", 0, "fields", 0),
        {"type": "HR", "code": "x"},
        "definition.layout_no_code",
        ("layout", 0, "fields", 0, "code"),
    ),
    (("views", "全件", "fields"), ["name", "nothing"], "definition.no_such_field", ("views", "全件", "fields", 1)),
    (("views", "全件", "fields"), ["name", "name"], "definition.column_twice", ("views", "全件", "fields", 1)),
    (("views", "全件", "fields"), [1], "setting.wrong_type", ("views", "全件", "fields", 0)),
    (("views", "全件", "name"), "別", "definition.key_differs", ("views", "全件", "name")),
    (("views", "全件", "type"), "CALENDAR", "definition.no_such_field", ("views", "全件", "date")),
    (("views", "x" * 200), {"type": "LIST"}, "setting.too_long", ("views", "x" * 200, "name")),
    (("status", "enable"), True, "definition.status_without_states", ("status", "states")),
    (
        ("status", "actions"),
        [{"name": "a", "from": "x", "to": "y"}],
        "definition.no_such_state",
        ("status", "actions", 0, "from"),
    ),
    (
        ("acl", "app", "rights"),
        [{"entity": {"type": "ROBOT", "code": "a"}}],
        "setting.choice",
        ("acl", "app", "rights", 0, "entity", "type"),
    ),
    (
        ("acl", "app", "rights"),
        [{"entity": {"type": "USER", "code": ""}}],
        "setting.missing",
        ("acl", "app", "rights", 0, "entity", "code"),
    ),
    (
        ("acl", "record", "rights"),
        [{"filterCond": "", "entities": [{**FIELD_ENTITY, "viewable": True}]}],
        "definition.entity_field",
        ("acl", "record", "rights", 0, "entities", 0, "entity", "code"),
    ),
    (
        ("acl", "field", "rights"),
        [{"code": "nothing", "entities": []}],
        "definition.no_such_field",
        ("acl", "field", "rights", 0, "code"),
    ),
    (
        ("acl", "field", "rights"),
        [{"code": "name", "entities": [{**ENTITY, "accessibility": "SEE"}]}],
        "setting.choice",
        ("acl", "field", "rights", 0, "entities", 0, "accessibility"),
    ),
    (("notifications",), [], "setting.not_a_map", ("notifications",)),
    (("rules",), {}, "setting.not_a_list", ("rules",)),
]


@pytest.mark.parametrize("path, value, code, where", MISTAKES)
def test_a_mistake_is_named_where_it_is(
    path: tuple[str | int, ...], value: t.Any, code: str, where: tuple[str | int, ...]
) -> None:
    assert (code, where) in found(changed(path, value))


def test_all_mistakes_come_at_once() -> None:
    raw = codec.dump(load(SMALL.json()))
    raw["settings"]["theme"] = "PINK"
    raw["properties"]["age"]["minValue"] = "x"
    raw["views"]["全件"]["fields"] = ["nothing"]
    raw["colour"] = 1
    with pytest.raises(Invalid) as caught:
        load(raw)
    assert {problem.path for problem in caught.value.problems} >= {
        ("settings", "theme"),
        ("properties", "age", "minValue"),
        ("colour",),
    }


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        3,
        "x",
        [],
        {},
        {"properties": {"a": {"type": []}}},
        {"properties": {"a": {"type": "SUBTABLE", "fields": 3}}},
        {"properties": {"a": {"type": "RADIO_BUTTON", "options": {"x": 3}}}},
        {"views": {"a": []}},
        {"layout": [3, None]},
        {"layout": [{"type": "ROW", "fields": [[]]}]},
        {"status": {"states": [], "actions": {}}},
        {"acl": 3},
        {"acl": {"app": {"rights": {}}}},
        {"nextId": "x"},
        {"nextId": True},
        {"settings": {"name": "x", "names": {"en": 1}}},
        {"properties": {"a": {"type": "DATE", "label": None, "id": "x"}}},
        {"actions": {"x": {"id": []}}},
        {"properties": {"": {"type": "DATE"}}},
        {"properties": {"a": {"type": "LOOKUP", "lookup": 3}}},
        {"properties": {"a": {"type": "NUMBER", "lookup": {"relatedApp": None}}}},
    ],
)
def test_whatever_somebody_sends_is_refused_with_problems(hostile: t.Any) -> None:
    with pytest.raises(Invalid) as caught:
        load(hostile if not isinstance(hostile, dict) else {"code": "x", "settings": {}, **hostile})
    assert caught.value.problems


def test_too_many_fields_are_refused() -> None:
    raw = SMALL.json()
    raw["properties"] = {f"f{n}": {"type": "DATE"} for n in range(501)}
    assert ("definition.too_many_fields", ("properties",)) in found(raw)


def test_a_deeply_nested_definition_is_refused() -> None:
    deep: t.Any = []
    for _ in range(100_000):
        deep = [deep]
    assert found({**SMALL.json(), "rules": deep})


def test_a_stored_definition_is_not_held_to_later_rules() -> None:
    raw = codec.dump(load(SMALL.json()))
    raw["views"]["全件"]["fields"] = ["nothing"]
    assert codec.loads(orjson.dumps(raw).decode()).views[0].fields == ("nothing",)


def test_an_old_format_is_upgraded_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(raw: Json) -> Json:
        return {"code": raw["code"], "settings": {"name": raw["title"]}}

    monkeypatch.setitem(upgrade.STEPS, 0, step)
    assert load({"format": 0, "code": "old", "title": "昔"}).name == "昔"


def test_files_may_leave_out_system_fields_and_places() -> None:
    definition = load({"code": "x", "settings": {"name": "x"}, "properties": {"a": {"type": "DATE"}}})
    assert {field.type_name for field in definition.fields} >= {"RECORD_NUMBER", "CREATOR", "STATUS", "CATEGORY"}
    assert definition.layout_order[0].code == "a"
    assert definition.title_field.code == "a"
    assert definition.app_rights.allows("view", user="anybody")
    assert not definition.app_rights.allows("manage", user="anybody")


def test_kintone_exports_become_a_definition() -> None:
    exports: dict[str, Json] = {
        "settings": {
            "name": "顧客",
            "description": "",
            "icon": {"type": "PRESET", "key": "APP60"},
            "theme": "WHITE",
            "titleField": {"selectionMode": "AUTO", "code": ""},
            "revision": "24",
        },
        "properties": {
            "revision": "24",
            "properties": {
                "文字列": {
                    "type": "SINGLE_LINE_TEXT",
                    "code": "文字列",
                    "label": "文字列",
                    "noLabel": False,
                    "required": False,
                    "unique": False,
                    "maxLength": "64",
                    "minLength": "",
                    "defaultValue": "",
                    "expression": "",
                    "hideExpression": False,
                },
                "会社": {
                    "type": "SINGLE_LINE_TEXT",
                    "code": "会社",
                    "label": "会社",
                    "noLabel": False,
                    "required": False,
                    "lookup": {
                        "relatedApp": {"app": "3", "code": ""},
                        "relatedKeyField": "会社名",
                        "fieldMappings": [{"field": "文字列", "relatedField": "住所"}],
                        "lookupPickerFields": ["会社名"],
                        "filterCond": "",
                        "sort": "レコード番号 desc",
                    },
                },
                "秘密": {"type": "NUMBER", "code": "秘密", "label": "秘密", "lookup": None},
                "状態": {"type": "STATUS", "code": "状態", "label": "状態", "enabled": True},
            },
        },
        "layout": {
            "layout": [
                {
                    "type": "ROW",
                    "fields": [
                        {"type": "SINGLE_LINE_TEXT", "code": "文字列", "size": {"width": "200"}},
                        {"type": "LABEL", "label": "<b>見出し</b>", "elementId": "", "size": {"width": "100"}},
                        {"type": "SPACER", "elementId": "sp", "size": {"width": "50", "height": "50"}},
                    ],
                }
            ],
            "revision": "24",
        },
        "views": {
            "views": {
                "一覧": {
                    "type": "LIST",
                    "name": "一覧",
                    "id": "5520000",
                    "filterCond": "",
                    "sort": "",
                    "index": "0",
                    "fields": ["文字列"],
                }
            },
            "revision": "24",
        },
        "status": {"enable": False, "states": None, "actions": None, "revision": "24"},
        "app_acl": {
            "rights": [{"entity": {"type": "CREATOR", "code": None}, "includeSubs": False, "appEditable": True}],
            "revision": "24",
        },
    }
    definition = load(kintone.from_exports(exports, code="customers", app_codes={"3": "companies"}))
    assert definition.field("会社").lookup.related_app.code == "companies"  # type: ignore[attr-defined]  # a lookup
    assert definition.of_type("STATUS") is definition.field("状態")
    assert definition.views[0].id < 100
    with pytest.raises(Invalid):
        kintone.from_exports({})


def test_a_field_that_cannot_be_read_is_the_only_problem() -> None:
    """What names the field (form, views, formulas) is not wrong for that."""
    raw = an_app().number("amount", maxValue="lots").formula("double", "amount * 2").view("all", "amount").json()
    _, problems = codec.read(raw)
    assert [problem.path for problem in problems] == [("properties", "amount", "maxValue")]
