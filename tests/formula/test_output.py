"""Results in the formats of a calculated field."""

from __future__ import annotations

import datetime as dt
import typing as t
import zoneinfo
from decimal import Decimal

import pytest

from lowcode.formula import Format, Kind, Options, Precision, Value, display, output, text, wire

TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
DAY = dt.date(2022, 8, 25)
AT = dt.datetime(2022, 8, 24, 23, 30, 59, tzinfo=dt.UTC)
CLOCK = dt.time(9, 30)
N = Decimal

KEPT: list[tuple[Value, str, t.Any, str]] = [
    # value, format, kept, as the API sends it
    (None, "NUMBER", None, ""),
    (N("1500.5"), "NUMBER", N("1500.5"), "1500.5"),
    (N("1500"), "NUMBER_DIGIT", N(1500), "1500"),
    (N("1E+3"), "NUMBER", N(1000), "1000"),
    (N("-0.25"), "NUMBER", N("-0.25"), "-0.25"),
    (N("0.00005"), "NUMBER", N(0), "0"),
    (N("1E+12"), "NUMBER", None, ""),
    (N("NaN"), "NUMBER", None, ""),
    (True, "NUMBER", N(1), "1"),
    (False, "NUMBER", N(0), "0"),
    ("text", "NUMBER", None, ""),
    ("1", "NUMBER", None, ""),
    (("a",), "NUMBER", None, ""),
    (DAY, "NUMBER", N(1661385600), "1661385600"),
    (CLOCK, "NUMBER", N(34200), "34200"),
    (AT, "NUMBER", N(1661383859), "1661383859"),
    (DAY, "DATE", DAY, "2022-08-25"),
    (AT, "DATE", dt.date(2022, 8, 24), "2022-08-24"),
    (N(1661385600), "DATE", DAY, "2022-08-25"),
    (N(1661385599), "DATE", dt.date(2022, 8, 24), "2022-08-24"),
    (N(-1), "DATE", dt.date(1969, 12, 31), "1969-12-31"),
    (N("253402300800"), "DATE", None, ""),
    (N("1E+400"), "DATE", None, ""),
    (True, "DATE", dt.date(1970, 1, 1), "1970-01-01"),
    ("text", "DATE", None, ""),
    (AT, "DATETIME", AT.replace(second=0), "2022-08-24T23:30:00Z"),
    (DAY, "DATETIME", dt.datetime(2022, 8, 25, tzinfo=dt.UTC), "2022-08-25T00:00:00Z"),
    (N(60), "DATETIME", dt.datetime(1970, 1, 1, 0, 1, tzinfo=dt.UTC), "1970-01-01T00:01:00Z"),
    (N("-62135596800"), "DATETIME", dt.datetime(1, 1, 1, tzinfo=dt.UTC), "0001-01-01T00:00:00Z"),
    (CLOCK, "TIME", CLOCK, "09:30"),
    (AT, "TIME", dt.time(23, 30), "23:30"),
    (DAY, "TIME", dt.time(0, 0), "00:00"),
    (N(86400 + 3660), "TIME", dt.time(1, 1), "01:01"),
    (N(-60), "TIME", dt.time(23, 59), "23:59"),
    (N("90.9"), "TIME", dt.time(0, 1), "00:01"),
    (N(90060), "HOUR_MINUTE", N(90060), "25:01"),
    (N(90060), "DAY_HOUR_MINUTE", N(90060), "25:01"),
    (N(59), "HOUR_MINUTE", N(59), "0:00"),
    (N(-59), "HOUR_MINUTE", N(-59), "0:00"),
    (N(-3660), "HOUR_MINUTE", N(-3660), "-1:01"),
    (N(360000), "HOUR_MINUTE", N(360000), "100:00"),
    (CLOCK, "HOUR_MINUTE", N(34200), "9:30"),
    (N("999999999999"), "HOUR_MINUTE", N("999999999999"), "277777777:46"),
    (None, "HOUR_MINUTE", None, ""),
]


@pytest.mark.parametrize("value, format, kept, sent", KEPT)
def test_what_is_kept_and_sent(value: Value, format: str, kept: t.Any, sent: str) -> None:
    result = output(value, format)
    assert result == kept
    assert type(result) is type(kept)
    assert wire(result, format) == sent


def test_numbers_keep_the_apps_precision() -> None:
    assert output(N("2.345"), "NUMBER", precision=Precision(16, 2, "UP")) == N("2.35")


SHOWN: list[tuple[t.Any, str, str, dict[str, t.Any], str]] = [
    (None, "NUMBER", "ja", {}, ""),
    (N("1500.5"), "NUMBER", "ja", {}, "1500.5"),
    (N("1500.5"), "NUMBER_DIGIT", "ja", {}, "1,500.5"),
    (N("1500.55"), "NUMBER_DIGIT", "ja", {"scale": 1}, "1,500.6"),
    (N("1500"), "NUMBER_DIGIT", "ja", {"scale": 2}, "1,500.00"),
    (N("-1500.5"), "NUMBER_DIGIT", "en", {"unit": "$"}, "$-1,500.5"),
    (N(3), "NUMBER", "ja", {"unit": "円", "unit_position": "AFTER"}, "3円"),
    (N(90060), "HOUR_MINUTE", "ja", {}, "25時間1分"),
    (N(90060), "HOUR_MINUTE", "en", {}, "25 hours 1 minute"),
    (N(90060), "DAY_HOUR_MINUTE", "ja", {}, "1日1時間1分"),
    (N(90060), "DAY_HOUR_MINUTE", "en", {}, "1 day 1 hour 1 minute"),
    (N(-90060), "DAY_HOUR_MINUTE", "ja", {}, "-1日1時間1分"),
    (N(0), "HOUR_MINUTE", "en", {}, "0 hours 0 minutes"),
    (N(90060), "HOUR_MINUTE", "fr", {"unit": "x"}, "25 hours 1 minute"),
    (DAY, "DATE", "ja", {"zone": TOKYO}, "2022-08-25"),
    (CLOCK, "TIME", "ja", {"zone": TOKYO}, "09:30"),
    (AT, "DATETIME", "ja", {"zone": TOKYO}, "2022-08-25 08:30"),
    (AT, "DATETIME", "ja", {}, "2022-08-24 23:30"),
]


@pytest.mark.parametrize("value, format, locale, settings, shown", SHOWN)
def test_what_a_person_reads(value: t.Any, format: str, locale: str, settings: dict[str, t.Any], shown: str) -> None:
    assert display(value, format, locale, **settings) == shown


def test_an_unknown_format_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="CURRENCY"):
        output(N(1), "CURRENCY")


@pytest.mark.parametrize(
    "format, kind",
    [
        ("NUMBER", Kind.NUMBER),
        ("NUMBER_DIGIT", Kind.NUMBER),
        ("DATE", Kind.DATE),
        ("TIME", Kind.TIME),
        ("DATETIME", Kind.DATETIME),
        ("HOUR_MINUTE", Kind.NUMBER),
        ("DAY_HOUR_MINUTE", Kind.NUMBER),
    ],
)
def test_how_other_formulas_see_a_format(format: str, kind: Kind) -> None:
    assert Format(format).kind is kind


@pytest.mark.parametrize(
    "value, expected",
    [(None, ""), ("x", "x"), (N("1.50"), "1.5"), (True, "1"), (DAY, "2022-08-25"), (AT, "2022-08-25 08:30")],
)
def test_what_a_text_field_keeps(value: Value, expected: str) -> None:
    assert text(value, Options(TOKYO, Precision())) == expected
