"""Dates, times and instants as people write them, and what is said about those that cannot be read."""

from __future__ import annotations

import typing as t
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from lowcode.errors import Invalid
from lowcode.fields import eras
from lowcode.fields.created_time import CreatedTimeField
from tests.fields.making import make, problems
from tests.fields.people import OFFICE, someone_else


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2021-01-15", date(2021, 1, 15)),
        ("2020/2/7", date(2020, 2, 7)),
        ("2021年1月15日", date(2021, 1, 15)),
        ("20220825", date(2022, 8, 25)),
        ("２０２１／１／５", date(2021, 1, 5)),
        ("２０２１－０１－０５", date(2021, 1, 5)),
        ("2021.1.5", date(2021, 1, 5)),
        (" 2021 年 1 月 5 日 ", date(2021, 1, 5)),
        ("2021年1月15日(金)", date(2021, 1, 15)),
        ("2021/1/15 (Fri)", date(2021, 1, 15)),
        ("2020/2/7 0:00", date(2020, 2, 7)),
        ("2020-02-07T00:00:00Z", date(2020, 2, 7)),
        ("2020-02-07 00:00:00.000", date(2020, 2, 7)),
        ("令和3年1月16日", date(2021, 1, 16)),
        ("R4.9.22", date(2022, 9, 22)),
        ("r4/9/22", date(2022, 9, 22)),
        ("Ｒ４．９．２２", date(2022, 9, 22)),
        ("R040922", date(2022, 9, 22)),
        ("㋿4年9月22日", date(2022, 9, 22)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("H元.4.1", date(1989, 4, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("S64.1.7", date(1989, 1, 7)),
        ("昭和20年8月15日", date(1945, 8, 15)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("T15.12.24", date(1926, 12, 24)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("M45.7.29", date(1912, 7, 29)),
        ("明治元年1月25日", date(1868, 1, 25)),
        ("", None),
        ("　", None),
    ],
)
def test_dates_are_read(text: str, expected: date | None) -> None:
    assert make("DATE").parse(text, OFFICE) == expected


@pytest.mark.parametrize(
    "text, code",
    [
        ("9/22", "date.no_year"),
        ("9月22日", "date.no_year"),
        ("12-31", "date.no_year"),
        ("2021年1月", "date.incomplete"),
        ("2021", "date.incomplete"),
        ("2021-01", "date.incomplete"),
        ("令和3年", "date.incomplete"),
        ("R3.1", "date.incomplete"),
        ("0021-01-15", "date.year_too_small"),
        ("1868-01-24", "date.year_too_small"),
        ("21/1/15", "date.two_digit_year"),
        ("44773", "date.serial_number"),
        ("44773.5", "date.serial_number"),
        ("２１８３１", "date.serial_number"),
        ("2021-02-29", "date.no_such_day"),
        ("2021/13/1", "date.no_such_day"),
        ("令和3年2月30日", "date.no_such_day"),
        ("2020/2/7 10:30", "date.with_time"),
        ("2021年1月15日午後3時", "date.with_time"),
        ("平成33年4月1日", "date.after_era"),
        ("昭和64年1月8日", "date.after_era"),
        ("令和元年4月30日", "date.before_era"),
        ("1/25/2021", "date.not_a_date"),
        ("令和0年1月1日", "date.not_a_date"),
        ("不明", "date.not_a_date"),
        ("2021-01-15頃", "date.not_a_date"),
        ("X3.1.1", "date.not_a_date"),
        ("-", "date.not_a_date"),
        ("1" * 99, "date.not_a_date"),
    ],
)
def test_each_unreadable_date_is_told_why(text: str, code: str) -> None:
    assert problems(lambda: make("DATE").parse(text, OFFICE)) == [(code, ())]


@pytest.mark.parametrize(
    "text, means",
    [
        ("平成33年4月1日", "令和3年4月1日 (2021-04-01)"),
        ("令和元年4月30日", "平成31年4月30日 (2019-04-30)"),
        ("44773", "2022-07-31"),
    ],
)
def test_what_was_probably_meant_is_named(text: str, means: str) -> None:
    with pytest.raises(Invalid) as caught:
        eras.parse_date(text)
    assert caught.value.problems[0].params["means"] == means


@pytest.mark.parametrize(
    "value, ja, en",
    [
        (date(2019, 5, 1), "令和元年5月1日", "R1.5.1"),
        (date(2019, 4, 30), "平成31年4月30日", "H31.4.30"),
        (date(1868, 1, 25), "明治元年1月25日", "M1.1.25"),
        (date(1867, 12, 31), "1867-12-31", "1867-12-31"),
    ],
)
def test_eras_are_written(value: date, ja: str, en: str) -> None:
    assert (eras.era_text(value), eras.era_text(value, "en")) == (ja, en)


@pytest.mark.parametrize(
    "raw, expected",
    [
        ("2026-04-23", date(2026, 4, 23)),
        ("2026-4-3", date(2026, 4, 3)),
        ("2026-04", date(2026, 4, 1)),
        ("2026", date(2026, 1, 1)),
    ],
)
def test_clients_may_send_parts_of_a_date_as_kintone_allows(raw: str, expected: date) -> None:
    assert make("DATE").coerce(raw, OFFICE) == expected
    assert make("DATE").operand(raw, OFFICE) == expected


@pytest.mark.parametrize(
    "raw", ["2026/04/23", "令和3年1月1日", 20260423, datetime(2026, 4, 23, tzinfo=UTC), "2026-04-23T00:00:00Z"]
)
def test_clients_send_dates_in_one_form(raw: t.Any) -> None:
    assert problems(lambda: make("DATE").coerce(raw, OFFICE)) == [("date.not_a_date", ())]


@pytest.mark.parametrize(
    "raw, expected",
    [
        (datetime(2021, 1, 15), date(2021, 1, 15)),
        (date(2021, 1, 15), date(2021, 1, 15)),
        ("R3.1.15", date(2021, 1, 15)),
        (20210115, date(2021, 1, 15)),
        (None, None),
    ],
)
def test_cells_of_dates(raw: t.Any, expected: date | None) -> None:
    assert make("DATE").from_cell(raw, OFFICE) == expected


@pytest.mark.parametrize("raw, code", [(datetime(2021, 1, 15, 9, 30), "date.with_time"), (44211, "date.serial_number")])
def test_cells_that_are_no_dates(raw: t.Any, code: str) -> None:
    assert problems(lambda: make("DATE").from_cell(raw, OFFICE)) == [(code, ())]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("15:31", time(15, 31)),
        ("5:3", time(5, 3)),
        ("１５：３１", time(15, 31)),
        ("15:31:59", time(15, 31)),
        ("1531", time(15, 31)),
        ("15時31分", time(15, 31)),
        ("15時", time(15, 0)),
        ("午後3時半", time(15, 30)),
        ("午前0時5分", time(0, 5)),
        ("午後12:15", time(12, 15)),
        ("3:05 PM", time(15, 5)),
        ("12:00am", time(0, 0)),
        ("", None),
    ],
)
def test_times_are_read(text: str, expected: time | None) -> None:
    assert make("TIME").parse(text, OFFICE) == expected


@pytest.mark.parametrize("text", ["24:00", "9:60", "午後13時", "15", "153", "15:3x", "昼", "2022-01-01"])
def test_times_that_are_none(text: str) -> None:
    assert problems(lambda: make("TIME").parse(text, OFFICE)) == [("time.not_a_time", ())]


def test_a_spreadsheet_keeps_times_as_parts_of_a_day() -> None:
    field = make("TIME")
    assert [
        field.from_cell(raw, OFFICE) for raw in (0.5, 0, 0.99999, time(9, 5, 30), datetime(1899, 12, 30, 8, 15))
    ] == [time(12, 0), time(0, 0), time(23, 59), time(9, 5), time(8, 15)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2022-08-25 10:30", "2022-08-25T01:30:00Z"),
        ("2022/8/25 10:30:59", "2022-08-25T01:30:00Z"),
        ("令和4年8月25日10時30分", "2022-08-25T01:30:00Z"),
        ("R4.8.25 午後3時半", "2022-08-25T06:30:00Z"),
        ("2022-08-25T10:30", "2022-08-25T01:30:00Z"),
        ("2022-08-25T01:30:59.123Z", "2022-08-25T01:30:00Z"),
        ("2022-08-25T01:30+01:00", "2022-08-25T00:30:00Z"),
        ("", None),
    ],
)
def test_instants_are_read_in_the_readers_zone(text: str, expected: str | None) -> None:
    field = make("DATETIME")
    assert field.dump(field.parse(text, OFFICE)) == expected


@pytest.mark.parametrize(
    "text, code",
    [
        ("2022-08-25", "datetime.no_time"),
        ("8/25 10:30", "date.no_year"),
        ("2022-08-25 25:00", "time.not_a_time"),
        ("きのう", "date.not_a_date"),
        ("10:30", "date.not_a_date"),
    ],
)
def test_instants_that_are_none(text: str, code: str) -> None:
    assert problems(lambda: make("DATETIME").parse(text, OFFICE)) == [(code, ())]


@pytest.mark.parametrize(
    "raw, code",
    [
        ("2022-08-25T10:30:00", "datetime.no_zone"),
        ("2022-08-25", "datetime.not_an_instant"),
        (5, "datetime.not_an_instant"),
        ("1867-01-01T00:00:00Z", "date.year_too_small"),
        ("2022-08-25 10:30Z", "datetime.not_an_instant"),
    ],
)
def test_clients_send_instants_with_a_zone(raw: t.Any, code: str) -> None:
    assert problems(lambda: make("DATETIME").coerce(raw, OFFICE)) == [(code, ())]


def test_another_zone_sees_another_clock() -> None:
    field = make("DATETIME")
    value = field.coerce("2022-08-25T01:30:00Z", OFFICE)
    london = someone_else(zone=ZoneInfo("Europe/London"))
    assert (field.text(value, OFFICE), field.text(value, london)) == ("2022-08-25 10:30", "2022-08-25 02:30")
    assert field.cell(value, london) == datetime(2022, 8, 25, 2, 30)


def test_system_times_keep_what_people_do_not_see() -> None:
    field = t.cast(CreatedTimeField, make("CREATED_TIME"))
    value = field.coerce("2022-08-25T01:30:12.345678Z", OFFICE)
    assert field.coerce(field.dump(value), OFFICE) == value
    assert field.kintone_value(value, OFFICE) == "2022-08-25T01:30:00Z"
    assert field.text(value, OFFICE) == "2022-08-25 10:30"
