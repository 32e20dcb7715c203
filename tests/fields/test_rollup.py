"""ROLLUP: formats, what they take from the related field, and settings that do not fit together."""

from __future__ import annotations

import typing as t
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lowcode.db import ExactNumber, UtcDateTime
from tests.fields.making import make, problems, refused
from tests.fields.people import OFFICE

MOMENT = datetime(2022, 8, 24, 20, 0, tzinfo=UTC)
OPTIONS = {"赤": {"id": 31, "label": "赤（緊急）", "index": "0"}, "緑": {"id": 32, "label": "緑", "index": "1"}}


def rollup(function: str = "LATEST", format: str = "NUMBER", **settings: t.Any) -> t.Any:
    part = {
        "relatedApp": {"code": "observation_log"},
        "keyField": "case_no",
        "relatedField": "case_no",
        "function": function,
        "field": "temp",
        "orderField": "observed_at",
        **settings.pop("rollup", {}),
    }
    return make("ROLLUP", rollup=part, format=format, **settings)


@pytest.mark.parametrize(
    "format, related, value, taken",
    [
        ("NUMBER", ("NUMBER", {}), Decimal("37.5"), Decimal("37.5")),
        ("TEXT", ("NUMBER", {}), Decimal("37.5"), "37.5"),
        ("TEXT", ("SINGLE_LINE_TEXT", {}), "咳", "咳"),
        ("TEXT", ("USER_SELECT", {}), (2,), "佐藤 太郎 (sato)"),
        ("TEXT", ("MULTI_LINE_TEXT", {}), "x" * 1000, "x" * 600),
        ("CHOICE", ("RADIO_BUTTON", {"options": OPTIONS}), 31, "赤"),
        ("CHOICE", ("CHECK_BOX", {"options": OPTIONS}), (31, 32), "赤, 緑"),
        ("DATE", ("DATE", {}), date(2022, 8, 25), date(2022, 8, 25)),
        ("DATE", ("DATETIME", {}), MOMENT, date(2022, 8, 25)),
        ("DATETIME", ("DATETIME", {}), MOMENT, MOMENT),
        ("NUMBER", ("NUMBER", {}), None, None),
        ("CHOICE", ("CHECK_BOX", {"options": OPTIONS}), (), None),
    ],
)
def test_take(format: str, related: tuple[str, dict[str, t.Any]], value: t.Any, taken: t.Any) -> None:
    kind, settings = related
    assert rollup(format=format).take(make(kind, code="r", **settings), value, OFFICE) == taken


def test_take_a_count() -> None:
    assert rollup("COUNT").take(None, 3, OFFICE) == Decimal(3)


def test_take_what_does_not_fit() -> None:
    text = make("SINGLE_LINE_TEXT", code="r")
    assert problems(lambda: rollup(format="NUMBER").take(text, "abc", OFFICE)) == [("number.not_a_number", ())]
    assert problems(lambda: rollup(format="DATE").take(text, "abc", OFFICE)) == [("rollup.does_not_fit", ())]
    assert problems(lambda: rollup(format="CHOICE").coerce(5, OFFICE)) == [("rollup.does_not_fit", ())]


@pytest.mark.parametrize(
    "format, kind",
    [("NUMBER", ExactNumber), ("DATE", sa.Date), ("DATETIME", UtcDateTime), ("TEXT", sa.Text), ("CHOICE", sa.Text)],
)
def test_format_decides_the_column(format: str, kind: type[t.Any]) -> None:
    assert isinstance(rollup(format=format).column_type(), kind)
    assert rollup(format=format).has_index()


@pytest.mark.parametrize(
    "settings, value, shown, kintone",
    [
        ({}, Decimal("37.5"), "37.5", {"type": "CALC", "value": "37.5"}),
        ({"unit": "℃"}, Decimal("37.5"), "37.5 ℃", {"type": "CALC", "value": "37.5"}),
        ({"unit": "約", "unitPosition": "BEFORE"}, Decimal(3), "約 3", {"type": "CALC", "value": "3"}),
        ({"displayScale": "2"}, Decimal("37.555"), "37.56", {"type": "CALC", "value": "37.555"}),
        ({"format": "TEXT"}, "<咳>", "&lt;咳&gt;", {"type": "SINGLE_LINE_TEXT", "value": "<咳>"}),
        ({"format": "CHOICE"}, "赤", "赤", {"type": "SINGLE_LINE_TEXT", "value": "赤"}),
        ({"format": "DATE"}, date(2022, 8, 25), "2022-08-25", {"type": "CALC", "value": "2022-08-25"}),
        ({"format": "DATETIME"}, MOMENT, "2022-08-25 05:00", {"type": "CALC", "value": "2022-08-24T20:00:00Z"}),
        ({}, None, "", {"type": "CALC", "value": ""}),
    ],
)
def test_shown(settings: dict[str, t.Any], value: t.Any, shown: str, kintone: dict[str, str]) -> None:
    field = rollup(**settings)
    assert field.display(value, OFFICE) == shown
    assert field.to_kintone(value, OFFICE) == kintone
    assert field.coerce(field.dump(value), OFFICE) == value
    assert field.parse(field.text(value, OFFICE), OFFICE) == value


def test_cells_are_native() -> None:
    assert rollup(format="DATETIME").cell(MOMENT, OFFICE) == datetime(2022, 8, 25, 5, 0)
    assert rollup().cell(Decimal(3), OFFICE) == Decimal(3)


def test_values_are_searched_as_they_read() -> None:
    assert rollup(format="TEXT").search_text("カｶ", OFFICE) == "カカ"
    assert rollup().search_text(Decimal(3), OFFICE) == "3"


def test_nobody_writes_it() -> None:
    assert rollup().computes
    assert not rollup().writable


BASE = {
    "relatedApp": {"code": "a"},
    "keyField": "k",
    "relatedField": "r",
    "function": "LATEST",
    "field": "f",
    "orderField": "o",
}


@pytest.mark.parametrize(
    "part, format, found",
    [
        ({"function": "SUM"}, "TEXT", [("rollup.needs_number", ("format",))]),
        ({"function": "COUNT", "field": ""}, "NUMBER", []),
        ({"function": "MAX", "field": ""}, "NUMBER", [("rollup.needs_field", ("rollup", "field"))]),
        ({"function": "EARLIEST", "orderField": ""}, "DATE", [("rollup.needs_order", ("rollup", "orderField"))]),
        ({"function": "MIN", "orderField": ""}, "DATE", []),
        ({"function": "MEDIAN"}, "NUMBER", [("setting.choice", ("rollup", "function"))]),
        ({"function": "COUNT"}, "MONEY", [("setting.choice", ("format",))]),
        ({"relatedApp": {"code": ""}}, "NUMBER", [("setting.empty", ("rollup", "relatedApp", "code"))]),
        ({"extra": 1}, "NUMBER", [("setting.unknown", ("rollup", "extra"))]),
    ],
)
def test_settings(part: dict[str, t.Any], format: str, found: list[t.Any]) -> None:
    if found:
        assert refused("ROLLUP", rollup={**BASE, **part}, format=format) == found
    else:
        assert make("ROLLUP", rollup={**BASE, **part}, format=format).rollup.function == part["function"]


def test_filter_is_kept() -> None:
    assert rollup(rollup={"filterCond": 'state in ("有効")'}).rollup.filter_cond == 'state in ("有効")'
