"""The functions of the query language: who asks, and days and spans of days in the asker's zone.

A function of time gives a :class:`Span`, half open: ``=`` is inside, ``<`` before its start, ``<=`` before its end,
``>`` from its end on, ``>=`` from its start on. Days are worked out here, in Python, and bound as values, so that
both databases mean the same day.
"""

from __future__ import annotations

import calendar
import re
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from lowcode.errors import Invalid, Problem
from lowcode.fields.context import Context
from lowcode.query.ast import FunctionCall
from lowcode.query.problems import problem, shown

Group = t.Literal["person", "organization", "ward", "moment"]
WEEKDAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
UNITS = ("DAYS", "WEEKS", "MONTHS", "YEARS")
DAYS_OF_MONTH = (*(str(day) for day in range(1, 32)), "LAST")
_AMOUNT = re.compile(r"[+-]?[0-9]{1,9}")


@dataclass(frozen=True)
class Span:
    """Days or instants from ``start`` up to but not including ``end``; None is without limit."""

    start: date | None
    end: date | None


@dataclass(frozen=True)
class Function:
    """One function: what it speaks of, and its arguments for documentation, screens and checks."""

    name: str
    group: Group
    arguments: tuple[tuple[str, ...], ...] = ()
    """The words each argument may be; empty for a whole number."""
    optional: bool = False
    """Whether the arguments may be left out."""

    def check(self, call: FunctionCall) -> Problem | None:
        """What is wrong with the arguments of a call, if anything."""
        given = call.arguments
        if len(given) != len(self.arguments) and not (self.optional and not given):
            return problem(
                "argument_count", call.position, function=self.name, count=len(given), expected=len(self.arguments)
            )
        for words, argument in zip(self.arguments, given, strict=False):
            if words and argument.value.upper() not in words:
                code = {UNITS: "bad_unit", WEEKDAYS: "bad_weekday"}.get(words, "bad_day")
                return problem(code, argument.position, function=self.name, value=shown(argument.value))
            if not words and not _AMOUNT.fullmatch(argument.value):
                return problem("bad_amount", argument.position, function=self.name, value=shown(argument.value))
        return None


_SHIFTS: t.Final = {"LAST": -1, "THIS": 0, "NEXT": 1}

FUNCTIONS: t.Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        Function("LOGINUSER", "person"),
        Function("PRIMARY_ORGANIZATION", "organization"),
        Function("MYWARD", "ward"),
        Function("NOW", "moment"),
        Function("TODAY", "moment"),
        Function("YESTERDAY", "moment"),
        Function("TOMORROW", "moment"),
        Function("FROM_TODAY", "moment", ((), UNITS)),
        *(Function(f"{shift}_WEEK", "moment", (WEEKDAYS,), optional=True) for shift in _SHIFTS),
        *(Function(f"{shift}_MONTH", "moment", (DAYS_OF_MONTH,), optional=True) for shift in _SHIFTS),
        *(Function(f"{shift}_YEAR", "moment") for shift in _SHIFTS),
    )
}
"""Every function by name. ``MYWARD`` is ours, the others are kintone's."""


def days(call: FunctionCall, ctx: Context) -> Span:
    """The days that a checked call of a function of time means (``NOW`` is not among them).

    :raises Invalid: ``query.too_far`` for a day that no calendar has.
    """
    try:
        return _days(call, ctx.today)
    except (OverflowError, ValueError):
        raise Invalid([problem("too_far", call.position, function=call.name)]) from None


def _days(call: FunctionCall, today: date) -> Span:
    words = [argument.value.upper() for argument in call.arguments]
    match call.name:
        case "TODAY":
            return one_day(today)
        case "YESTERDAY":
            return one_day(today - timedelta(days=1))
        case "TOMORROW":
            return one_day(today + timedelta(days=1))
        case "FROM_TODAY":
            return one_day(_MOVES[words[1]](today, int(words[0])))
    shift, _, period = call.name.partition("_")
    return _PERIODS[period](today, _SHIFTS[shift], words[0] if words else None)


def one_day(day: date) -> Span:
    """A single day."""
    return Span(day, day + timedelta(days=1) if day < date.max else None)


def add_months(day: date, months: int) -> date:
    """The same day of a later month; its last day where the month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(year)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


_MOVES: t.Final[Mapping[str, Callable[[date, int], date]]] = {
    "DAYS": lambda day, n: day + timedelta(days=n),
    "WEEKS": lambda day, n: day + timedelta(weeks=n),
    "MONTHS": add_months,
    "YEARS": lambda day, n: add_months(day, 12 * n),
}


def _week(today: date, shift: int, weekday: str | None) -> Span:
    # Python's weeks begin on Monday, kintone's on Sunday.
    sunday = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=shift)
    return (
        Span(sunday, sunday + timedelta(days=7))
        if weekday is None
        else one_day(sunday + timedelta(days=WEEKDAYS.index(weekday)))
    )


def _month(today: date, shift: int, day: str | None) -> Span:
    first = add_months(today.replace(day=1), shift)
    following = add_months(first, 1)
    if day is None:
        return Span(first, following)
    last = following - timedelta(days=1)
    # A month without a 31st has its last day instead: "the 31st" in an office means the end of the month.
    return one_day(last if day == "LAST" else first.replace(day=min(int(day), last.day)))


def _year(today: date, shift: int, _nothing: str | None) -> Span:
    first = date(today.year + shift, 1, 1)
    return Span(first, date(today.year + shift + 1, 1, 1))


_PERIODS: t.Final[Mapping[str, Callable[[date, int, str | None], Span]]] = {
    "WEEK": _week,
    "MONTH": _month,
    "YEAR": _year,
}


def minute(moment: datetime) -> Span:
    """The minute that an instant lies in: date-times are kept and shown to the minute."""
    start = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return Span(start, start + timedelta(minutes=1))


def as_instants(span: Span, ctx: Context) -> Span:
    """Days as instants: from midnight to midnight in the asker's zone."""
    return Span(_midnight(span.start, ctx), _midnight(span.end, ctx))


def _midnight(day: date | None, ctx: Context) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.combine(day, time(), ctx.zone).astimezone(UTC)
    except OverflowError:  # the first or the last day of the calendar: nothing lies beyond it
        return None
