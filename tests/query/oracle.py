"""What a query means, written a second time in plain Python, and knowing nothing of the package it judges.

A condition is a nested tuple: ``("and", [...])``, ``("or", [...])`` or ``(code, operator, [operands])``. An operand is
a plain value (text, number, day, minute, option, person) or ``("call", name, arguments)``.
"""

from __future__ import annotations

import calendar
import functools
import itertools
import re
import typing as t
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

Condition = tuple[t.Any, ...]
Row = Mapping[str, t.Any]
NEGATIVE = ("!=", "not in", "not like", "is not empty")
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


@dataclass(frozen=True)
class Asker:
    """Who asks, when and where."""

    now: datetime
    zone: ZoneInfo
    user: str | None
    organization: str | None

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True)
class Oracle:
    """Judges records. ``tables`` finds the rows of a table or list of related records by the code that names it."""

    asker: Asker
    rows_of: t.Callable[[Row, str], Sequence[Row]]
    table_of: t.Callable[[str], str | None]

    def holds(self, condition: Condition | None, record: Row) -> bool:
        """Whether a record meets a condition: some alternative holds whole."""
        return condition is None or self.meets(list(alternatives(condition)), record)

    def meets(self, ways: Sequence[Sequence[Condition]], record: Row) -> bool:
        """The same for a condition that is written as alternatives already."""
        return any(self._alternative(way, record) for way in ways)

    def _alternative(self, conditions: Sequence[Condition], record: Row) -> bool:
        on_rows: dict[str, list[Condition]] = {}
        for one in conditions:
            table = self.table_of(one[0])
            if table is None:
                if not self._compare(one, record):
                    return False
            elif one[1] in NEGATIVE:
                rows = self.rows_of(record, table)
                if not rows or not all(self._compare(one, row) for row in rows):
                    return False
            else:
                on_rows.setdefault(table, []).append(one)
        return all(
            any(all(self._compare(one, row) for one in wanted) for row in self.rows_of(record, table))
            for table, wanted in on_rows.items()
        )

    def _compare(self, condition: Condition, row: Row) -> bool:
        code, operator, operands = condition
        return _judged(self.asker, operator, operands, row[code.rpartition(".")[2]])


@functools.lru_cache(maxsize=200_000)
def _judged(asker: Asker, operator: str, operands: tuple[t.Any, ...], value: t.Any) -> bool:
    """Whether one value meets one comparison; remembered, since few values meet few comparisons many times."""
    return Comparison(asker).holds(operator, operands, value)


@dataclass(frozen=True)
class Comparison:
    """Judges single values."""

    asker: Asker

    def holds(self, operator: str, operands: tuple[t.Any, ...], value: t.Any) -> bool:
        if operator in NEGATIVE:
            positive = {"!=": "=", "not in": "in", "not like": "like", "is not empty": "is empty"}[operator]
            return not self.holds(positive, operands, value)
        if operator == "is empty":
            return value is None or value == () or (isinstance(value, str) and not value.strip())
        if operator == "like":
            needle = folded(operands[0])
            return not needle or (value is not None and needle in folded(readable(value)))
        known = [found for operand in operands for found in self._meaning(operand)]
        if operator in ("=", "in"):
            return any(self._equal(value, operand) for operand in known)
        return value is not None and all(self._ordered(value, operator, operand) for operand in known) and bool(known)

    def _meaning(self, operand: t.Any) -> list[t.Any]:
        if not (isinstance(operand, tuple) and operand and operand[0] == "call"):
            return [operand]
        _, name, arguments = operand
        if name == "LOGINUSER":
            return [self.asker.user] if self.asker.user else []
        if name == "PRIMARY_ORGANIZATION":
            return [self.asker.organization]
        return [self.asker.now if name == "NOW" else days(name, tuple(arguments), self.asker.today)]

    def _equal(self, value: t.Any, operand: t.Any) -> bool:
        if operand == "":
            return value is None or value == () or value == ""
        if isinstance(value, tuple):
            return operand in value
        if value is None:
            return False
        low, high, value = self._range(value, operand)
        return bool(low <= value <= high)

    def _ordered(self, value: t.Any, operator: str, operand: t.Any) -> bool:
        if operand == "":
            return False
        low, high, value = self._range(value, operand)
        return bool({"<": value < low, "<=": value <= high, ">": value > high, ">=": value >= low}[operator])

    def _range(self, value: t.Any, operand: t.Any) -> tuple[t.Any, t.Any, t.Any]:
        """First and last thing that an operand means, and the value as it is compared with them."""
        if isinstance(value, datetime):
            if isinstance(operand, datetime):
                return minute(operand), minute(operand), minute(value)
            value = value.astimezone(self.asker.zone).date()
        if isinstance(operand, list):
            return operand[0], operand[-1], value
        if isinstance(value, int | Decimal):
            return Decimal(operand), Decimal(operand), Decimal(value)
        return operand, operand, value


def alternatives(condition: Condition) -> Iterator[list[Condition]]:
    """A condition as alternatives, each a list of comparisons that must all hold."""
    if condition[0] == "or":
        for child in condition[1]:
            yield from alternatives(child)
    elif condition[0] == "and":
        for ways in itertools.product(*(list(alternatives(child)) for child in condition[1])):
            yield [one for way in ways for one in way]
    else:
        yield [condition]


def minute(moment: datetime) -> int:
    """Minutes since 1970."""
    return int(moment.timestamp() // 60)


@functools.cache
def folded(text: str) -> str:
    """A text without differences of width, case, kana and white space."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    kana = "".join(chr(ord(c) + 0x60) if 0x3041 <= ord(c) <= 0x3096 else c for c in plain)
    return re.sub(r"\s+", " ", kana).strip()


def readable(value: t.Any) -> str:
    """What a person reads of a value."""
    if isinstance(value, tuple):
        return "\n".join(value)
    return re.sub("<[^>]*>", "", str(value))


@functools.cache
def days(name: str, arguments: tuple[str, ...], today: date) -> list[date]:
    """Every day that a function means, found by looking at the days around today one by one."""
    around = [today + timedelta(days=n) for n in range(-1200, 1200)]
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}.get(name.split("_")[0], 0)
    argument = arguments[0] if arguments else None
    match name:
        case "TODAY" | "YESTERDAY" | "TOMORROW":
            return [today + timedelta(days={"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[name])]
        case "FROM_TODAY":
            return [_moved(today, int(arguments[0]), arguments[1])]
    if name.endswith("WEEK"):
        week = [d for d in around if _sundays_before(d) == _sundays_before(today) + shift]
        return [d for d in week if argument is None or WEEKDAYS[d.weekday()] == argument]
    if name.endswith("MONTH"):
        month = [d for d in around if d.year * 12 + d.month == today.year * 12 + today.month + shift]
        if argument is None:
            return month
        return [d for d in month if str(d.day) == argument] or month[-1:]
    return [d for d in around if d.year == today.year + shift]


def _sundays_before(day: date) -> int:
    # The first of January of the year 1 was a Monday.
    return day.toordinal() // 7


def _moved(today: date, count: int, unit: str) -> date:
    if unit in ("DAYS", "WEEKS"):
        return date.fromordinal(today.toordinal() + count * (7 if unit == "WEEKS" else 1))
    months = today.year * 12 + (today.month - 1) + count * (12 if unit == "YEARS" else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


__all__ = ["NEGATIVE", "Asker", "Condition", "Oracle", "Row", "days", "time"]
