"""A calendar view: one month as a table of weeks, each day with its records."""

from __future__ import annotations

import calendar
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lowcode import messages
from lowcode.definition.schema import AppDefinition, View
from lowcode.fields.base import Context, Field, Value
from lowcode.query.ast import Compare, Literal, Node, all_of
from lowcode.records.record import Record

MONTH = "month"
MOST_RECORDS = 1_000
MOST_A_DAY = 8
DAY_TYPES = frozenset({"DATE", "DATETIME", "CREATED_TIME", "UPDATED_TIME"})
FIRST_YEAR, LAST_YEAR = 1900, 2200


@dataclass(frozen=True)
class Month:
    """One month of one year."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str, today: date) -> Month:
        """From ``2026-11``; anything else is the present month."""
        year, _, month = text.partition("-")
        if all(part.isascii() and part.isdecimal() for part in (year, month)) and len(text) <= 7:
            found = cls(int(year), int(month))
            if FIRST_YEAR <= found.year <= LAST_YEAR and 1 <= found.month <= 12:
                return found
        return cls(today.year, today.month)

    @property
    def text(self) -> str:
        """As the address writes it."""
        return f"{self.year:04}-{self.month:02}"

    def moved(self, months: int) -> Month:
        """So many months later."""
        at = self.year * 12 + self.month - 1 + months
        return Month(at // 12, at % 12 + 1)

    @property
    def weeks(self) -> list[list[date]]:
        """Whole weeks from Monday to Sunday that hold every day of the month."""
        return calendar.Calendar().monthdatescalendar(self.year, self.month)


def field_of(definition: AppDefinition, view: View, readable: frozenset[str]) -> Field | None:
    """The field whose days the calendar shows; None when it is gone or hidden."""
    found = definition.find(view.date)
    return found if found is not None and found.code in readable and found.type_name in DAY_TYPES else None


def within(field: Field, month: Month, ctx: Context) -> Node | None:
    """The condition that a record falls into the weeks of the month."""
    first, last = month.weeks[0][0], month.weeks[-1][-1] + timedelta(days=1)
    if field.type_name == "DATE":
        ends = first.isoformat(), last.isoformat()
    else:
        ends = _instant(first, ctx), _instant(last, ctx)
    return all_of(Compare(field.code, ">=", (Literal(ends[0]),)), Compare(field.code, "<", (Literal(ends[1]),)))


def _instant(day: date, ctx: Context) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=ctx.zone).isoformat()


def day_of(value: Value, ctx: Context) -> date | None:
    """The day of a value in the reader's zone."""
    if isinstance(value, datetime):
        return value.astimezone(ctx.zone).date()
    return value if isinstance(value, date) else None


def template(
    month: Month,
    field: Field,
    records: Iterable[Record],
    ctx: Context,
    *,
    link: t.Callable[[Record], Mapping[str, str]],
) -> dict[str, t.Any]:
    """The context of ``runtime/calendar_table.html``.

    :param link: ``url`` and ``name`` of a record.
    """
    by_day: dict[date, list[Mapping[str, str]]] = {}
    for record in records:
        day = day_of(record.values.get(field.code), ctx)
        if day is not None:
            by_day.setdefault(day, []).append(link(record))
    return {
        "caption": messages.text("runtime.month_words", ctx.locale, year=month.year, month=month.month),
        "weekdays": messages.text("runtime.weekdays", ctx.locale).split(),
        "weeks": [
            [
                {
                    "day": day.day,
                    "iso": day.isoformat(),
                    "other": day.month != month.month,
                    "today": day == ctx.today,
                    "records": by_day.get(day, [])[:MOST_A_DAY],
                    "more": max(0, len(by_day.get(day, [])) - MOST_A_DAY),
                }
                for day in week
            ]
            for week in month.weeks
        ],
    }
