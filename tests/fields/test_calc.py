"""CALC: formats, what is kept, and what is shown."""

from __future__ import annotations

import typing as t
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lowcode.db import ExactNumber, UtcDateTime
from lowcode.formula import Precision
from tests.fields.making import complaints, make, problems, refused
from tests.fields.people import OFFICE, someone_else

NOON = datetime(2022, 8, 25, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression, format, values, value",
    [
        ("a * 2", "NUMBER", {"a": Decimal(21)}, Decimal(42)),
        ("a / 3", "NUMBER", {"a": Decimal(1)}, Decimal("0.3333")),
        ("a / 0", "NUMBER", {"a": Decimal(1)}, None),
        ('a & "x"', "NUMBER", {"a": Decimal(1)}, None),
        ("a = 1", "NUMBER", {"a": Decimal(1)}, Decimal(1)),
        ("a + 86400", "DATE", {"a": date(2022, 8, 25)}, date(2022, 8, 26)),
        ("a + 3600", "DATETIME", {"a": NOON}, datetime(2022, 8, 25, 4, 0, tzinfo=UTC)),
        ("a + 3600", "TIME", {"a": time(23, 30)}, time(0, 30)),
        ("a - b", "HOUR_MINUTE", {"a": datetime(2022, 8, 26, 4, 1, tzinfo=UTC), "b": NOON}, Decimal(90060)),
        ("SUM(a)", "NUMBER_DIGIT", {"a": (Decimal(1000), Decimal(500))}, Decimal(1500)),
        ("", "NUMBER", {}, None),
    ],
)
def test_expression_and_format(expression: str, format: str, values: dict[str, t.Any], value: t.Any) -> None:
    assert make("CALC", expression=expression, format=format).compute(values, OFFICE) == value


def test_precision_is_the_apps() -> None:
    field = make("CALC", expression="a / 3")
    precision = Precision(digits=16, decimal_places=2, rounding="UP")
    assert field.compute({"a": Decimal(1)}, OFFICE, precision) == Decimal("0.34")


def test_a_number_that_the_column_cannot_take_is_empty() -> None:
    wide = Precision(digits=60, decimal_places=4)
    assert make("CALC", expression="10 ^ 20").compute({}, OFFICE, wide) is None
    assert make("CALC", expression="10 ^ 14", scale=0).compute({}, OFFICE, wide) == Decimal(10) ** 14
    assert make("CALC", expression="10 ^ 14", scale=6).compute({}, OFFICE, wide) is None


@pytest.mark.parametrize("scale, value", [(0, Decimal(0)), (2, Decimal("0.33")), (6, Decimal("0.3333"))])
def test_scale(scale: int, value: Decimal) -> None:
    field = make("CALC", expression="1 / 3", scale=scale)
    assert field.compute({}, OFFICE) == value
    assert t.cast(ExactNumber, field.column_type()).scale == scale


@pytest.mark.parametrize(
    "format, kind",
    [
        ("NUMBER", ExactNumber),
        ("NUMBER_DIGIT", ExactNumber),
        ("HOUR_MINUTE", ExactNumber),
        ("DAY_HOUR_MINUTE", ExactNumber),
        ("DATE", sa.Date),
        ("TIME", sa.Time),
        ("DATETIME", UtcDateTime),
    ],
)
def test_column_type(format: str, kind: type[t.Any]) -> None:
    assert isinstance(make("CALC", format=format).column_type(), kind)


@pytest.mark.parametrize(
    "settings, value, shown, text, kintone, cell",
    [
        ({}, Decimal("1234.5"), "1234.5", "1234.5", "1234.5", Decimal("1234.5")),
        (
            {"format": "NUMBER_DIGIT"},
            Decimal("1234567.5"),
            "1,234,567.5",
            "1234567.5",
            "1234567.5",
            Decimal("1234567.5"),
        ),
        ({"displayScale": "2"}, Decimal("1.005"), "1.01", "1.005", "1.005", Decimal("1.005")),
        ({"unit": "円"}, Decimal(5), "円5", "5", "5", Decimal(5)),
        ({"unit": "円", "unitPosition": "AFTER"}, Decimal(5), "5円", "5", "5", Decimal(5)),
        ({"format": "HOUR_MINUTE"}, Decimal(90060), "25時間1分", "25:01", "25:01", "25:01"),
        ({"format": "DAY_HOUR_MINUTE"}, Decimal(90060), "1日1時間1分", "25:01", "25:01", "25:01"),
        ({"format": "DATE"}, date(2022, 8, 25), "2022-08-25", "2022-08-25", "2022-08-25", date(2022, 8, 25)),
        ({"format": "TIME"}, time(9, 5), "09:05", "09:05", "09:05", time(9, 5)),
        (
            {"format": "DATETIME"},
            NOON,
            "2022-08-25 12:00",
            "2022-08-25 12:00",
            "2022-08-25T03:00:00Z",
            datetime(2022, 8, 25, 12),
        ),
        ({}, None, "", "", "", None),
    ],
)
def test_shown(settings: dict[str, t.Any], value: t.Any, shown: str, text: str, kintone: str, cell: t.Any) -> None:
    field = make("CALC", **settings)
    assert field.display(value, OFFICE) == shown
    assert field.text(value, OFFICE) == text
    assert field.to_kintone(value, OFFICE) == {"type": "CALC", "value": kintone}
    assert field.cell(value, OFFICE) == cell
    assert field.parse(text, OFFICE) == value
    assert field.coerce(field.dump(value), OFFICE) == value
    assert field.from_kintone({"value": kintone}, OFFICE) == value


def test_shown_in_english() -> None:
    assert make("CALC", format="HOUR_MINUTE").display(Decimal(90060), someone_else(locale="en")) == "25 hours 1 minute"


@pytest.mark.parametrize(
    "format, raw",
    [
        ("NUMBER", "x"),
        ("NUMBER", True),
        ("NUMBER", "NaN"),
        ("NUMBER", "9" * 61),
        ("NUMBER", [1]),
        ("NUMBER", "1e30"),
        ("DATE", "2022-13-01"),
        ("DATE", 5),
        ("TIME", "25:00"),
        ("DATETIME", "now"),
        ("HOUR_MINUTE", "1:2"),
    ],
)
def test_what_does_not_fit(format: str, raw: t.Any) -> None:
    assert problems(lambda: make("CALC", format=format).coerce(raw, OFFICE)) == [("calc.does_not_fit", ())]


def test_hide_expression() -> None:
    assert make("CALC", expression="1+1").input_attributes(OFFICE) == {"readonly": True, "title": "= 1+1"}
    assert make("CALC", expression="1+1", hideExpression=True).input_attributes(OFFICE) == {"readonly": True}


def test_required_is_kept_and_not_enforced() -> None:
    field = make("CALC", required=True)
    assert field.required
    assert not field.is_required()
    assert complaints(field, None, OFFICE) == []


def test_wrong_settings() -> None:
    assert refused("CALC", format="MONEY", unitPosition="UNDER", displayScale="11", scale=11) == [
        ("setting.choice", ("format",)),
        ("setting.too_large", ("displayScale",)),
        ("setting.choice", ("unitPosition",)),
        ("setting.out_of_range", ("scale",)),
    ]
    assert [path for _, path in refused("CALC", expression="SUM(")] == [("expression",)]
