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
Place = tuple[int, int]
NEGATIVE = ("!=", "not in", "not like", "is not empty")
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


@dataclass(frozen=True)
class Asker:
    """Who asks, when and where."""

    now: datetime
    zone: ZoneInfo
    user: str | None
    organization: str | None
    wards: Sequence[str] = ()

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


class Oracle:
    """Judges records. ``rows_of`` finds the rows of a table or list of related records by the code that names it."""

    def __init__(
        self,
        asker: Asker,
        records: Mapping[int, Row],
        rows_of: t.Callable[[Row, str], Sequence[Row]],
        table_of: t.Callable[[str], str | None],
    ) -> None:
        self.asker, self.records, self.rows_of, self.table_of = asker, records, rows_of, table_of
        self._places: dict[str, dict[t.Any, list[Place]]] = {}

    def found(self, condition: Condition) -> frozenset[int]:
        """The records that meet a condition: those for which some alternative holds whole."""
        return frozenset(id for way in alternatives(condition) for id in self._alternative(way))

    def _alternative(self, conditions: Sequence[Condition]) -> set[int]:
        left = set(self.records)
        on_rows: dict[str, list[Condition]] = {}
        for one in conditions:
            table = self.table_of(one[0])
            if table is None:
                left &= {id for id, _ in self._meeting(one)}
            elif one[1] in NEGATIVE:
                rows = {place for places in self._of(one[0]).values() for place in places}
                left &= {id for id, _ in rows} - {id for id, _ in rows - self._meeting(one)}
            else:
                on_rows.setdefault(table, []).append(one)
        for wanted in on_rows.values():
            same_rows = set.intersection(*(self._meeting(one) for one in wanted))
            left &= {id for id, _ in same_rows}
        return left

    def _meeting(self, condition: Condition) -> set[Place]:
        """The places whose value meets a comparison; a value that stands in many is judged once."""
        code, operator, operands = condition
        judge = Comparison(self.asker)
        return {
            place
            for value, places in self._of(code).items()
            if judge.holds(operator, operands, value)
            for place in places
        }

    def _of(self, code: str) -> dict[t.Any, list[Place]]:
        """Where each value of a field stands: record by id, and row by number."""
        if code not in self._places:
            table, inner = self.table_of(code), code.rpartition(".")[2]
            found: dict[t.Any, list[Place]] = {}
            for id, record in self.records.items():
                for number, row in enumerate([record] if table is None else self.rows_of(record, table)):
                    found.setdefault(row[inner], []).append((id, number))
            self._places[code] = found
        return self._places[code]


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
        if name == "MYWARD":
            return list(self.asker.wards)
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
