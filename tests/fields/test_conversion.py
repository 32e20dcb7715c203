"""What becomes of values when a field changes its type."""

from __future__ import annotations

import typing as t
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from lowcode.errors import Invalid
from tests.fields.making import make
from tests.fields.people import OFFICE
from tests.fields.samples import OPTIONS

NOON = datetime(2022, 8, 25, 3, 0, tzinfo=UTC)


def settings(type_name: str) -> dict[str, t.Any]:
    """What a type needs to be made."""
    return {"options": OPTIONS} if type_name in ("DROP_DOWN", "CHECK_BOX", "RADIO_BUTTON", "MULTI_SELECT") else {}


def converted(before: str, value: t.Any, after: str) -> t.Any:
    """A value of one type as a value of another."""
    convert = make(after, **settings(after)).convert_from(make(before, **settings(before)))
    assert convert is not None
    return convert(value, OFFICE)


@pytest.mark.parametrize(
    "before, value, after, expected",
    [
        ("SINGLE_LINE_TEXT", "１，２３４", "NUMBER", Decimal(1234)),
        ("NUMBER", Decimal("1.5"), "SINGLE_LINE_TEXT", "1.5"),
        ("SINGLE_LINE_TEXT", "R4.8.25", "DATE", date(2022, 8, 25)),
        ("DATE", date(2022, 8, 25), "SINGLE_LINE_TEXT", "2022-08-25"),
        ("SINGLE_LINE_TEXT", "陰性", "DROP_DOWN", 12),
        ("DROP_DOWN", 12, "CHECK_BOX", (12,)),
        ("CHECK_BOX", (12,), "DROP_DOWN", 12),
        ("DROP_DOWN", 13, "SINGLE_LINE_TEXT", "その他"),
        ("RADIO_BUTTON", 15, "DROP_DOWN", 15),
        ("MULTI_LINE_TEXT", "a<b\nc", "RICH_TEXT", "a&lt;b<br>c"),
        ("RICH_TEXT", "<p>a&lt;b</p><p>c</p>", "MULTI_LINE_TEXT", "a<b\nc"),
        ("DATE", date(2022, 8, 25), "DATETIME", datetime(2022, 8, 24, 15, tzinfo=UTC)),
        ("DATETIME", NOON, "DATE", date(2022, 8, 25)),
        ("DATETIME", NOON, "SINGLE_LINE_TEXT", "2022-08-25 12:00"),
        ("SINGLE_LINE_TEXT", "12時半", "TIME", time(12, 30)),
        ("DATE", None, "DATETIME", None),
        ("DATETIME", None, "DATE", None),
        ("NUMBER", None, "SINGLE_LINE_TEXT", None),
    ],
)
def test_values_convert(before: str, value: t.Any, after: str, expected: t.Any) -> None:
    assert converted(before, value, after) == expected


@pytest.mark.parametrize(
    "before, value, after, code",
    [
        ("SINGLE_LINE_TEXT", "十二", "NUMBER", "number.not_a_number"),
        ("MULTI_LINE_TEXT", "a\nb", "SINGLE_LINE_TEXT", "text.line_break"),
        ("CHECK_BOX", (11, 12), "DROP_DOWN", "choice.unknown"),
        ("SINGLE_LINE_TEXT", "x", "DATE", "date.not_a_date"),
        ("SINGLE_LINE_TEXT", "javascript:x", "LINK", "link.scheme_not_allowed"),
        ("SINGLE_LINE_TEXT", "疑い", "DROP_DOWN", "choice.unknown"),
    ],
)
def test_values_that_do_not_convert_are_named(before: str, value: t.Any, after: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        converted(before, value, after)
    assert [p.code for p in caught.value.problems] == [code]


@pytest.mark.parametrize(
    "before, after", [("LABEL", "NUMBER"), ("NUMBER", "LABEL"), ("NUMBER", "CREATED_TIME"), ("NUMBER", "CALC")]
)
def test_there_is_no_way(before: str, after: str) -> None:
    assert make(after).convert_from(make(before)) is None
