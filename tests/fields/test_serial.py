"""SERIAL: patterns, periods, and patterns that would repeat themselves."""

from __future__ import annotations

from datetime import date

import pytest

from lowcode.fields.serial import era_year
from tests.fields.making import make, problems, refused
from tests.fields.people import OFFICE

DAY = date(2022, 8, 25)


@pytest.mark.parametrize(
    "pattern, reset, number, on, text",
    [
        ("{000000}", "NEVER", 12, DAY, "000012"),
        ("{FY2}-{000000}", "FISCAL_YEAR", 12345, DAY, "04-012345"),
        ("{FY2}-{000000}", "FISCAL_YEAR", 1, date(2023, 3, 31), "04-000001"),
        ("{FY2}-{000000}", "FISCAL_YEAR", 1, date(2023, 4, 1), "05-000001"),
        ("{FY}{0000}", "FISCAL_YEAR", 7, date(2022, 3, 31), "20210007"),
        ("N{YYYY}{MM}{DD}-{0000}", "DAY", 3, DAY, "N20220825-0003"),
        ("{YY}/{MM}-{00}", "MONTH", 100, DAY, "22/08-100"),
        ("第{0000}号", "NEVER", 12, DAY, "第0012号"),
        ("{0}", "NEVER", 98765, DAY, "98765"),
    ],
)
def test_pattern(pattern: str, reset: str, number: int, on: date, text: str) -> None:
    assert make("SERIAL", pattern=pattern, reset=reset).format(number, on) == text


@pytest.mark.parametrize(
    "reset, on, first_month, period",
    [
        ("NEVER", DAY, 4, ""),
        ("YEAR", DAY, 4, "2022"),
        ("FISCAL_YEAR", DAY, 4, "FY2022"),
        ("FISCAL_YEAR", date(2022, 3, 31), 4, "FY2021"),
        ("FISCAL_YEAR", date(2022, 3, 31), 1, "FY2022"),
        ("FISCAL_YEAR", date(2022, 9, 30), 10, "FY2021"),
        ("MONTH", DAY, 4, "2022-08"),
        ("DAY", DAY, 4, "2022-08-25"),
    ],
)
def test_reset(reset: str, on: date, first_month: int, period: str) -> None:
    assert make("SERIAL", pattern="{FY}{YYYY}{MM}{DD}{0000}", reset=reset).period(on, first_month) == period


@pytest.mark.parametrize(
    "settings, found",
    [
        ({"pattern": "abc"}, [("serial.one_counter", ("pattern",))]),
        ({"pattern": "{00}{00}"}, [("serial.one_counter", ("pattern",))]),
        ({"pattern": "{WEEK}{00}"}, [("serial.unknown_token", ("pattern",))]),
        ({"pattern": "{00}}"}, [("serial.unknown_token", ("pattern",))]),
        ({"pattern": "{00}\n"}, [("serial.unknown_token", ("pattern",))]),
        ({"pattern": "x" * 70 + "{00}"}, [("serial.pattern_too_long", ("pattern",))]),
        ({"reset": "WEEK"}, [("setting.choice", ("reset",))]),
        ({"pattern": "{0000}", "reset": "YEAR"}, [("serial.repeats", ("reset",))]),
        ({"pattern": "{YYYY}{0000}", "reset": "FISCAL_YEAR"}, [("serial.repeats", ("reset",))]),
        ({"pattern": "{MM}{0000}", "reset": "MONTH"}, [("serial.repeats", ("reset",))]),
        ({"pattern": "{YYYY}{MM}{0000}", "reset": "DAY"}, [("serial.repeats", ("reset",))]),
    ],
)
def test_wrong_settings(settings: dict[str, str], found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert refused("SERIAL", **settings) == found


def test_gap_free_is_kept() -> None:
    assert make("SERIAL", gapFree=True).gap_free
    assert not make("SERIAL").gap_free


def test_always_unique_and_never_given() -> None:
    field = make("SERIAL")
    assert field.is_unique()
    assert field.has_index()
    assert not field.writable
    assert field.default(OFFICE) is None
    assert field.coerce(" 04-000001 ", OFFICE) == "04-000001"
    assert problems(lambda: field.coerce(4, OFFICE)) == [("serial.not_a_text", ())]
    assert field.to_kintone("04-000001", OFFICE) == {"type": "SINGLE_LINE_TEXT", "value": "04-000001"}


@pytest.mark.parametrize(
    "year, of_era", [(2022, 4), (2019, 1), (2018, 30), (1989, 1), (1988, 63), (1926, 1), (1899, 99)]
)
def test_era_year(year: int, of_era: int) -> None:
    assert era_year(year) == of_era
