"""SUBTABLE: rows in and out, kintone's rules, and the form that works without scripts."""

from __future__ import annotations

import typing as t
from datetime import timedelta
from decimal import Decimal

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from lowcode.errors import Problem
from lowcode.fields.context import NOBODY
from lowcode.fields.subtable import MAX_ROWS, Row, RowChange, SubtableField
from tests.fields.making import complaints, make, problems, refused
from tests.fields.people import OFFICE

INNER: dict[str, t.Any] = {
    "name": {"type": "SINGLE_LINE_TEXT", "id": 11, "label": "氏名", "required": True, "maxLength": "5"},
    "age": {"type": "NUMBER", "id": 12, "label": "年齢", "maxValue": "120"},
    "state": {
        "type": "DROP_DOWN",
        "id": 13,
        "label": "状態",
        "defaultValue": "未検査",
        "options": {
            "未検査": {"id": 91, "label": "未検査", "index": "0"},
            "陽性": {"id": 92, "label": "陽性", "index": "1"},
        },
    },
    "double": {"type": "CALC", "id": 14, "label": "倍", "expression": "age * 2"},
    "staff": {"type": "USER_SELECT", "id": 15, "label": "担当"},
}


def family(**settings: t.Any) -> SubtableField:
    return t.cast(
        SubtableField,
        make("SUBTABLE", code="family", id=10, label="同居者", fields=settings.pop("fields", INNER), **settings),
    )


FIELD = family()
FULL = Row(7, {"name": "太郎", "age": Decimal(40), "state": 92, "double": Decimal(80), "staff": (1,)})


# --- settings ----------------------------------------------------------------------------------


def test_fields_are_in_order_of_their_ids() -> None:
    assert [inner.code for inner in family(fields=dict(reversed(INNER.items()))).fields] == [
        "name",
        "age",
        "state",
        "double",
        "staff",
    ]
    assert family(fields=dict(reversed(INNER.items()))) == FIELD
    assert FIELD.find("age") == FIELD.fields[1]
    assert FIELD.find("absent") is None
    assert set(FIELD.to_json()["fields"]) == set(INNER)


@pytest.mark.parametrize(
    "inner, found",
    [
        ({"type": "SERIAL", "id": 1, "label": "x"}, [("subtable.type_not_allowed", ("fields", "a", "type"))]),
        (
            {"type": "SUBTABLE", "id": 1, "label": "x", "fields": {}},
            [("subtable.type_not_allowed", ("fields", "a", "type"))],
        ),
        ({"type": "TOKEN", "id": 1, "label": "x"}, [("subtable.type_not_allowed", ("fields", "a", "type"))]),
        ({"type": "NUMBER", "id": 1, "label": "x", "unique": True}, [("subtable.unique", ("fields", "a", "unique"))]),
        (
            {"type": "NUMBER", "id": 1, "label": "x", "maxValue": "y"},
            [("setting.not_a_number", ("fields", "a", "maxValue"))],
        ),
        ({"type": "NOTHING"}, [("setting.unknown_type", ("fields", "a", "type"))]),
        ("text", [("setting.unknown_type", ("fields", "a", "type"))]),
    ],
)
def test_wrong_inner_fields(inner: t.Any, found: list[t.Any]) -> None:
    assert refused("SUBTABLE", fields={"a": inner}) == found


def test_fields_must_be_there() -> None:
    assert refused("SUBTABLE") == [("setting.missing", ("fields",))]
    assert refused("SUBTABLE", fields=[]) == [("setting.not_a_map", ("fields",))]


def test_kinds_of_lookups_may_stand_inside() -> None:
    lookup = {"relatedApp": {"code": "a"}, "relatedKeyField": "k"}
    inner = family(fields={"a": {"type": "NUMBER", "id": 1, "label": "x", "lookup": lookup}}).fields[0]
    assert [column.name for column in inner.columns()] == ["f1", "f1_r"]


# --- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw, rows",
    [
        (None, ()),
        ([], ()),
        ((), ()),
        ([{"id": 7, "values": {"age": "4"}}], (Row(7, {"age": Decimal(4)}),)),
        ([{"id": "7"}], (Row(7, {}),)),
        ([{"id": "", "values": {"name": "花"}}, {"values": {}}], (Row(None, {"name": "花"}), Row(None, {}))),
        ((FULL,), (FULL,)),
    ],
)
def test_coerce(raw: t.Any, rows: tuple[Row, ...]) -> None:
    assert FIELD.coerce(raw, OFFICE) == rows


@pytest.mark.parametrize(
    "raw, found",
    [
        ("x", [("subtable.not_a_list", ())]),
        ({"id": 1}, [("subtable.not_a_list", ())]),
        ([5], [("subtable.not_a_row", (0,))]),
        ([{"values": 5}], [("subtable.not_a_row", (0,))]),
        ([{"id": "x7"}], [("subtable.row_id", (0, "id"))]),
        ([{"id": -7}], [("subtable.row_id", (0, "id"))]),
        ([{"id": True}], [("subtable.row_id", (0, "id"))]),
        ([{"id": "9" * 25}], [("subtable.row_id", (0, "id"))]),
        ([{"id": 7}, {"id": "7"}], [("subtable.row_twice", (1,))]),
        ([{}, {"values": {"nothing": 1}}], [("subtable.unknown_field", (1, "nothing"))]),
        (
            [{"values": {"age": "x", "state": "死亡", "staff": ["sato", "nobody"]}}],
            [("number.not_a_number", (0, "age")), ("choice.unknown", (0, "state")), ("user.unknown", (0, "staff", 1))],
        ),
        ([{}] * (MAX_ROWS + 1), [("subtable.too_many_rows", ())]),
    ],
)
def test_everything_wrong_is_named(raw: t.Any, found: list[t.Any]) -> None:
    assert problems(lambda: FIELD.coerce(raw, OFFICE)) == found


def test_there_and_back() -> None:
    value = (FULL, Row(None, {"name": "花"}))
    assert FIELD.coerce(FIELD.dump(value), OFFICE) == value
    assert FIELD.dump(value)[0] == {
        "id": 7,
        "values": {"name": "太郎", "age": "40", "state": "陽性", "double": "80", "staff": [{"id": 1}]},
    }


def test_check() -> None:
    rows = (FULL, Row(None, {"name": "長すぎる名前", "age": Decimal(200)}), Row(None, {}))
    assert complaints(FIELD, rows, OFFICE) == [
        ("text.too_long", (1, "name")),
        ("number.too_big", (1, "age")),
        ("required", (2, "name")),
    ]
    assert complaints(FIELD, (), OFFICE) == []


def test_check_change_knows_the_row_of_before() -> None:
    options = {**INNER["state"]["options"], "陰性": {"id": 93, "label": "陰性", "index": "2", "retired": True}}
    field = family(fields={"state": {**INNER["state"], "options": options}})
    before = (Row(7, {"state": 93}),)
    assert list(field.check_change(before, before, OFFICE)) == []
    after = (Row(8, {"state": 93}), Row(7, {"state": 93}))
    assert [(p.code, p.path) for p in field.check_change(before, after, OFFICE)] == [("choice.retired", (0, "state"))]


def test_history_goes_by_ids() -> None:
    renamed = family(
        fields={f"new_{code}": {**inner, "code": f"new_{code}"} for code, inner in INNER.items() if code != "double"}
    )
    kept = FIELD.history_value((FULL,))
    assert kept[0]["values"]["13"] == 92
    assert FIELD.from_history(kept) == (FULL,)
    assert renamed.from_history(kept) == (
        Row(7, {"new_name": "太郎", "new_age": Decimal(40), "new_state": 92, "new_staff": (1,)}),
    )
    assert FIELD.history_value(None) == []
    assert FIELD.from_history(None) == ()


# --- rows --------------------------------------------------------------------------------------


def test_new_rows_get_defaults_and_stored_rows_do_not() -> None:
    rows = FIELD.with_defaults((Row(7, {"age": None}), Row(None, {"age": Decimal(1)})), OFFICE)
    assert rows[0].values == {"age": None}
    assert rows[1].values == {"name": None, "age": Decimal(1), "state": 91, "double": None, "staff": ()}


@pytest.mark.parametrize(
    "given, result",
    [
        ([], []),
        ([Row(2, {})], [(2, "b", 2)]),
        ([Row(2, {"age": None}), Row(1, {})], [(2, "b", None), (1, "a", 1)]),
        ([Row(99, {"name": "x"})], [(None, "x", None)]),
        ([Row(None, {"name": "x"}), Row(1, {"name": "y"})], [(None, "x", None), (1, "y", 1)]),
    ],
)
def test_kintones_put_replaces_the_table(given: list[Row], result: list[t.Any]) -> None:
    current = [Row(1, {"name": "a", "age": 1}), Row(2, {"name": "b", "age": 2})]
    found = FIELD.replaced(current, given)
    assert [(row.id, row.values.get("name"), row.values.get("age")) for row in found] == result


@pytest.mark.parametrize(
    "row, blank",
    [
        (Row(None, {}), True),
        (Row(None, {"name": None, "age": None, "state": 91, "staff": ()}), True),
        (Row(None, {"state": 92}), False),
        (Row(None, {"name": "x"}), False),
        (Row(None, {"state": None}), True),
        (Row(None, {"double": Decimal(0)}), True),
        (Row(7, {"name": None}), False),
    ],
)
def test_new_rows_in_which_nothing_was_typed_go(row: Row, blank: bool) -> None:
    assert FIELD.without_blank([row], OFFICE) == (() if blank else (row,))


def test_a_moment_that_the_form_filled_in_is_nothing_typed() -> None:
    inner = {
        "at": {"type": "DATETIME", "id": 11, "label": "日時", "defaultNowValue": True},
        "name": INNER["name"] | {"id": 12},
    }
    earlier = OFFICE.now - timedelta(minutes=3)
    field = family(fields=inner)
    assert field.without_blank([Row(None, {"at": earlier, "name": None})], OFFICE) == ()
    assert len(field.without_blank([Row(None, {"at": earlier, "name": "x"})], OFFICE)) == 1
    only = family(fields={"at": inner["at"]})
    assert len(only.without_blank([Row(None, {"at": earlier})], OFFICE)) == 1


def test_changes() -> None:
    one, two, three = (Row(id, {"name": str(id), "age": None}) for id in (1, 2, 3))
    new, edited = Row(4, {"name": "n"}), Row(2, {"name": "2", "age": Decimal(9)})
    assert FIELD.changes((one, two, three), (three, one, edited, new)) == (
        RowChange("moved", one, one),
        RowChange("changed", two, edited, ("age",)),
        RowChange("added", None, new),
    )
    assert FIELD.changes((one, two), (two,)) == (RowChange("removed", one, None),)
    assert FIELD.changes((one,), (Row(1, {"name": "1", "staff": ()}),)) == ()
    assert FIELD.changes(None, ()) == ()


# --- kintone -----------------------------------------------------------------------------------


def test_to_kintone() -> None:
    assert FIELD.to_kintone((FULL,), OFFICE) == {
        "type": "SUBTABLE",
        "value": [
            {
                "id": "7",
                "value": {
                    "name": {"type": "SINGLE_LINE_TEXT", "value": "太郎"},
                    "age": {"type": "NUMBER", "value": "40"},
                    "state": {"type": "DROP_DOWN", "value": "陽性"},
                    "double": {"type": "CALC", "value": "80"},
                    "staff": {"type": "USER_SELECT", "value": [{"code": "yamada", "name": "山田 花子"}]},
                },
            }
        ],
    }


@pytest.mark.parametrize(
    "raw, rows",
    [
        ([{"id": "7", "value": {"age": {"value": "4"}}}], (Row(7, {"age": Decimal(4)}),)),
        ([{"value": {"age": {"type": "NUMBER", "value": "abc"}}}], (Row(None, {"age": None}),)),
        ([{"value": {"double": {"value": "99"}, "name": {"value": "x"}}}], (Row(None, {"name": "x"}),)),
        ([{"id": "", "value": {}}], (Row(None, {}),)),
        ([], ()),
    ],
)
def test_from_kintone(raw: t.Any, rows: tuple[Row, ...]) -> None:
    assert FIELD.from_kintone({"value": raw}, OFFICE) == rows


@pytest.mark.parametrize(
    "raw, found",
    [
        ([{"id": "abc"}], [("subtable.row_id", (0, "id"))]),
        ([{"id": "1"}, {"id": "1"}], [("subtable.row_twice", (1,))]),
        ([{"value": {"nothing": {"value": 1}}}], [("subtable.unknown_field", (0, "nothing"))]),
        ([{"value": {"name": "x"}}], [("subtable.not_a_cell", (0, "name"))]),
        ([{"value": {"state": {"value": "死亡"}}}], [("choice.unknown", (0, "state"))]),
        ([{"value": 5}], [("subtable.not_a_row", (0,))]),
    ],
)
def test_what_kintone_refuses(raw: t.Any, found: list[t.Any]) -> None:
    assert problems(lambda: FIELD.from_kintone({"value": raw}, OFFICE)) == found


def test_kintone_there_and_back() -> None:
    wire = FIELD.to_kintone((FULL,), OFFICE)
    values = {code: value for code, value in FULL.values.items() if code != "double"}
    assert FIELD.from_kintone(wire, OFFICE) == (Row(7, values),)


# --- text and screen ---------------------------------------------------------------------------


def test_text_and_display() -> None:
    row = Row(7, {"name": "<b>", "age": Decimal(4), "state": None})
    assert (
        FIELD.text((row, FULL), NOBODY) == "氏名: <b> / 年齢: 4\n氏名: 太郎 / 年齢: 40 / 状態: 陽性 / 倍: 80 / 担当: #1"
    )
    assert "&lt;b&gt;" in FIELD.display((row,), OFFICE)
    assert FIELD.display((), OFFICE) == ""
    assert FIELD.parse(" ", OFFICE) == ()
    assert problems(lambda: FIELD.parse("x", OFFICE)) == [("subtable.not_text", ())]


# --- the form ----------------------------------------------------------------------------------

STORED = (
    Row(7, {"name": "太郎", "age": Decimal(40), "state": 92, "double": Decimal(80), "staff": (1,)}),
    Row(8, {"name": "花子", "age": None, "state": 91, "double": None, "staff": ()}),
)


def _form(posted: list[tuple[str, str]] | None, data: t.Any = STORED) -> t.Any:
    kind = type("F", (Form,), {"family": FIELD.form_field(OFFICE)})
    return kind(MultiDict(posted) if posted is not None else None, data={"family": data})


def _posted(*rows: dict[str, str], **more: str) -> list[tuple[str, str]]:
    found = [("family:shown", "1"), *more.items()]
    for number, row in enumerate(rows):
        for key, value in row.items():
            found.append((f"family-{number}{key}" if key.startswith(":") else f"family-{number}-{key}", value))
    return found


TARO = {":id": "7", ":place": "1", "name": "太郎", "age": "40", "state": "92", "staff": "id:1"}
HANAKO = {":id": "8", ":place": "2", "name": "花子", "age": "", "state": "91", "staff:shown": "1"}
BLANK = {":id": "", ":place": "3", "name": "", "age": "", "state": "91", "staff:shown": "1"}


@pytest.mark.parametrize(
    "rows, ids, changed",
    [
        ([TARO, HANAKO], [7, 8], False),
        ([TARO, HANAKO, BLANK], [7, 8], False),
        ([TARO, HANAKO, {**BLANK, "name": "次郎"}], [7, 8, None], True),
        ([TARO, {**HANAKO, "age": "３５"}], [7, 8], True),
        ([TARO, {**HANAKO, ":delete": "1"}], [7], True),
        ([{**TARO, ":place": "5"}, HANAKO], [8, 7], True),
        ([{**TARO, ":place": "x"}, HANAKO], [7, 8], False),
        ([], [], True),
        ([TARO, HANAKO, {**BLANK, "state": "92"}], [7, 8, None], True),
    ],
)
def test_posting(rows: list[dict[str, str]], ids: list[int | None], changed: bool) -> None:
    bound = _form(_posted(*rows)).family
    assert [row.id for row in bound.data] == ids
    assert bound.changed is changed


def test_a_form_without_the_table_changes_nothing() -> None:
    bound = _form([("other", "1")]).family
    assert (bound.sent, bound.changed, bound.data) == (False, False, STORED)


def test_posted_cells_only() -> None:
    bound = _form(_posted({":id": "7", "age": "41"})).family
    assert bound.data == (Row(7, {"age": Decimal(41)}),)


def test_computed_cells_cannot_be_posted() -> None:
    assert _form(_posted({**TARO, "double": "99"})).family.data[0].values.keys() == {"name", "age", "state", "staff"}


def test_adding_a_row_keeps_what_was_typed() -> None:
    bound = _form(_posted({**TARO, "age": "4x"}, HANAKO, _add_row="family")).family
    assert [row.row_id for row in bound.rows] == [7, 8, None]
    html = str(bound())
    assert 'value="4x"' in html
    assert 'name="family-2-name"' in html
    assert [row.row_id for row in _form(_posted(TARO, _add_row="other_table")).family.rows] == [7]


def test_an_empty_table_shows_one_row() -> None:
    bound = _form(None, ()).family
    assert [row.row_id for row in bound.rows] == [None]
    assert bound.data == ()


def test_problems_stand_in_their_cells() -> None:
    form = _form(
        _posted({**TARO, ":delete": "1", "age": "x"}, {**HANAKO, "age": "200"}, {**BLANK, "name": "次郎", "age": "abc"})
    )
    assert not form.validate()
    bound = form.family
    assert [(p.code, p.path) for p in bound.problems] == [
        ("number.too_big", (0, "age")),
        ("number.not_a_number", (1, "age")),
    ]
    html = str(bound())
    assert html.count("field-error") == 2
    assert 'value="abc"' in html
    assert 'aria-describedby="f10-1-f12-errors"' in html


def test_required_cells_of_a_row_that_counts() -> None:
    form = _form(_posted({**BLANK, "age": "3"}))
    assert not form.validate()
    assert [(p.code, p.path) for p in form.family.problems] == [("required", (0, "name"))]


def test_problems_of_the_service_find_their_cells() -> None:
    form = _form(_posted({**TARO, ":delete": "1"}, HANAKO))
    assert form.validate()
    form.family.refuse(
        [Problem(code="user.unknown", path=(0, "age"), params={"value": "x"}), Problem(code="subtable.not_a_list")]
    )
    assert [cell.errors for row in form.family.rows for cell in row.cells if cell.errors] == [
        ["「x」というユーザーはいません。ログイン名を確かめてください。"]
    ]
    assert form.family.errors == ["テーブルの行は配列で送ってください。"]


def test_names_that_are_numbers_beyond_reason() -> None:
    many = [("family:shown", "1"), *((f"family-{n}-name", "x") for n in (0, 999_999, 10**7))]
    assert len(_form(many).family.data) == 1


def test_html() -> None:
    html = str(_form(None).family())
    for part in (
        'name="family-0:id" type="hidden" value="7"',
        'name="family-1-age"',
        'name="family-0:delete"',
        'name="family-0:place"',
        '<button class="button button-small button-link" type="submit" name="_add_row" value="family" formnovalidate>',
        'name="family-__n__-name"',
        'aria-label="氏名（1行目）"',
        'id="f10-0-f11"',
        '<option selected value="92">陽性</option>',
        "<template>",
        'name="family:shown"',
        "field-required",
    ):
        assert part in html, part
