"""SINGLE_LINE_TEXT with an expression: what the formula's result is as a line of text."""

from __future__ import annotations

import typing as t
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.fields.making import make
from tests.fields.people import OFFICE


@pytest.mark.parametrize(
    "expression, values, text",
    [
        ('a & "-" & b', {"a": "甲", "b": Decimal("1.50")}, "甲-1.5"),
        ('IF(a = 1, "陽性", "陰性")', {"a": Decimal(1)}, "陽性"),
        ("a + 1", {"a": Decimal(1)}, "2"),
        ("a", {"a": datetime(2022, 8, 24, 23, 0, tzinfo=UTC)}, "2022-08-25 08:00"),
        ("a", {"a": datetime(9999, 12, 31, 20, 0, tzinfo=UTC)}, None),
        ("a", {"a": date(2022, 8, 25)}, "2022-08-25"),
        ("a", {}, None),
        ("1 / 0", {}, None),
        ("a & a", {"a": "x" * 6000}, None),
    ],
)
def test_compute(expression: str, values: dict[str, t.Any], text: str | None) -> None:
    field = make("SINGLE_LINE_TEXT", expression=expression)
    assert field.computes
    assert not field.writable
    assert field.compute(values, OFFICE) == text


def test_hide_expression() -> None:
    assert make("SINGLE_LINE_TEXT", expression="a").input_attributes(OFFICE) == {"readonly": True, "title": "= a"}
    assert make("SINGLE_LINE_TEXT", expression="a", hideExpression=True).input_attributes(OFFICE) == {"readonly": True}
