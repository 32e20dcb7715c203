"""Functions of days at the edges of weeks, months, years and zones; their arguments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from lowcode.errors import Invalid
from lowcode.fields.base import Context
from lowcode.query import functions
from lowcode.query.ast import Compare, FunctionCall
from lowcode.query.functions import FUNCTIONS, Span
from lowcode.query.kintone import parse_condition
from tests.query import oracle, random_queries

TODAY = date(2024, 1, 31)  # a Wednesday


def call(text: str) -> FunctionCall:
    node = parse_condition(f"a = {text}")
    assert isinstance(node, Compare)
    (operand,) = node.operands
    assert isinstance(operand, FunctionCall)
    return operand


def asking(today: date) -> Context:
    return Context(now=datetime(today.year, today.month, today.day, 3, tzinfo=UTC))


CASES = [
    ("TODAY()", (2024, 1, 31), (2024, 2, 1)),
    ("YESTERDAY()", (2024, 1, 30), (2024, 1, 31)),
    ("TOMORROW()", (2024, 2, 1), (2024, 2, 2)),
    ("FROM_TODAY(0, DAYS)", (2024, 1, 31), (2024, 2, 1)),
    ("FROM_TODAY(+1, DAYS)", (2024, 2, 1), (2024, 2, 2)),
    ("FROM_TODAY(-31, days)", (2023, 12, 31), (2024, 1, 1)),
    ("FROM_TODAY(-1, WEEKS)", (2024, 1, 24), (2024, 1, 25)),
    ("FROM_TODAY(1, MONTHS)", (2024, 2, 29), (2024, 3, 1)),
    ("FROM_TODAY(13, MONTHS)", (2025, 2, 28), (2025, 3, 1)),
    ("FROM_TODAY(-2, MONTHS)", (2023, 11, 30), (2023, 12, 1)),
    ('FROM_TODAY("1", "YEARS")', (2025, 1, 31), (2025, 2, 1)),
    ("THIS_WEEK()", (2024, 1, 28), (2024, 2, 4)),
    ("LAST_WEEK()", (2024, 1, 21), (2024, 1, 28)),
    ("NEXT_WEEK()", (2024, 2, 4), (2024, 2, 11)),
    ("THIS_WEEK(SUNDAY)", (2024, 1, 28), (2024, 1, 29)),
    ("THIS_WEEK(saturday)", (2024, 2, 3), (2024, 2, 4)),
    ("LAST_WEEK(WEDNESDAY)", (2024, 1, 24), (2024, 1, 25)),
    ("THIS_MONTH()", (2024, 1, 1), (2024, 2, 1)),
    ("NEXT_MONTH()", (2024, 2, 1), (2024, 3, 1)),
    ("LAST_MONTH()", (2023, 12, 1), (2024, 1, 1)),
    ("THIS_MONTH(1)", (2024, 1, 1), (2024, 1, 2)),
    ("THIS_MONTH(LAST)", (2024, 1, 31), (2024, 2, 1)),
    ("NEXT_MONTH(31)", (2024, 2, 29), (2024, 3, 1)),
    ("NEXT_MONTH(last)", (2024, 2, 29), (2024, 3, 1)),
    ("LAST_MONTH(31)", (2023, 12, 31), (2024, 1, 1)),
    ("THIS_YEAR()", (2024, 1, 1), (2025, 1, 1)),
    ("LAST_YEAR()", (2023, 1, 1), (2024, 1, 1)),
    ("NEXT_YEAR()", (2025, 1, 1), (2026, 1, 1)),
]


@pytest.mark.parametrize("text, start, end", CASES)
def test_the_days_of_a_function(text: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    found = call(text)
    assert FUNCTIONS[found.name].check(found) is None
    assert functions.days(found, asking(TODAY)) == Span(date(*start), date(*end))


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2023, 12, 31), date(2024, 1, 1), date(2024, 6, 30), TODAY])
def test_every_function_agrees_with_the_oracle_on_difficult_days(day: date) -> None:
    for name, argument in random_queries.DAY_FUNCTIONS:
        arguments = ("-7", argument or "") if name == "FROM_TODAY" else () if argument is None else (argument,)
        text = f"{name}({', '.join(arguments)})"
        span = functions.days(call(text), asking(day))
        expected = oracle.days(name, arguments, day)
        assert span.start == expected[0], text
        assert span.end is not None
        assert (span.end.toordinal() - expected[-1].toordinal()) == 1, text


def test_a_day_is_midnight_to_midnight_of_the_asker_s_zone() -> None:
    late = datetime(2024, 3, 9, 23, 30, tzinfo=UTC)
    tokyo, new_york = (Context(now=late, zone=ZoneInfo(name)) for name in ("Asia/Tokyo", "America/New_York"))
    assert functions.as_instants(functions.days(call("TODAY()"), tokyo), tokyo) == Span(
        datetime(2024, 3, 9, 15, tzinfo=UTC), datetime(2024, 3, 10, 15, tzinfo=UTC)
    )
    # The clocks go forward on this Sunday: the day has 23 hours.
    assert functions.as_instants(functions.days(call("TOMORROW()"), new_york), new_york) == Span(
        datetime(2024, 3, 10, 5, tzinfo=UTC), datetime(2024, 3, 11, 4, tzinfo=UTC)
    )


def test_the_ends_of_the_calendar_are_no_error() -> None:
    ctx = Context()
    assert functions.as_instants(functions.one_day(date.min), ctx).start is None
    assert functions.one_day(date.max) == Span(date.max, None)


MISTAKES = [
    ("TODAY(1)", "argument_count"),
    ("FROM_TODAY()", "argument_count"),
    ("FROM_TODAY(5)", "argument_count"),
    ("FROM_TODAY(5, DAYS, 1)", "argument_count"),
    ("THIS_WEEK(MONDAY, TUESDAY)", "argument_count"),
    ("LAST_YEAR(1)", "argument_count"),
    ("LOGINUSER(1)", "argument_count"),
    ("FROM_TODAY(5, DAY)", "bad_unit"),
    ("FROM_TODAY(DAYS, 5)", "bad_amount"),
    ("FROM_TODAY(1.5, DAYS)", "bad_amount"),
    ("FROM_TODAY(9999999999, DAYS)", "bad_amount"),
    ("THIS_WEEK(LAST)", "bad_weekday"),
    ("THIS_WEEK(1)", "bad_weekday"),
    ("THIS_MONTH(0)", "bad_day"),
    ("THIS_MONTH(32)", "bad_day"),
    ("THIS_MONTH(MONDAY)", "bad_day"),
    ("THIS_MONTH(01)", "bad_day"),
]


@pytest.mark.parametrize("text, code", MISTAKES)
def test_bad_arguments_are_named(text: str, code: str) -> None:
    found = call(text)
    problem = FUNCTIONS[found.name].check(found)
    assert problem is not None
    assert problem.code == f"query.{code}"


@pytest.mark.parametrize(
    "text", ["FROM_TODAY(999999999, YEARS)", "FROM_TODAY(-999999999, DAYS)", "FROM_TODAY(-999999, WEEKS)"]
)
def test_a_day_beyond_the_calendar_is_an_error_value(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        functions.days(call(text), asking(TODAY))
    assert [p.code for p in caught.value.problems] == ["query.too_far"]
