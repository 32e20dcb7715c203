"""Dates and times as numbers and back: seconds since 1970-01-01 00:00 UTC, as in kintone."""

from __future__ import annotations

import datetime as dt
import decimal
import typing as t
import zoneinfo
from decimal import Decimal

from lowcode.formula.kinds import Fault, Value

DAY: t.Final = 86_400
EPOCH: t.Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_DAY: t.Final = EPOCH.toordinal()
_FIRST: t.Final = Decimal(-62_135_596_800)
_LAST: t.Final = Decimal(253_402_300_799)


def aware(value: dt.datetime) -> dt.datetime:
    """``value`` itself, or in UTC when it does not say where it is."""
    return value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)


def local(value: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """``value`` as the clock in ``zone`` shows it.

    :raises Fault: outside the calendar.
    """
    try:
        return aware(value).astimezone(zone)
    except OverflowError:
        raise Fault("range") from None


def seconds(value: dt.date | dt.time) -> Decimal:
    """The number that a date (midnight UTC), a date and time, or a time of day stands for."""
    if isinstance(value, dt.datetime):
        past = aware(value) - EPOCH
        return Decimal(past.days * DAY + past.seconds)
    if isinstance(value, dt.date):
        return Decimal((value.toordinal() - _EPOCH_DAY) * DAY)
    return Decimal(value.hour * 3600 + value.minute * 60 + value.second)


def whole(value: Decimal) -> int:
    """``value`` as an integer, rounded down.

    :raises Fault: outside the years 1 to 9999, which also keeps a huge exponent from being written out.
    """
    if not _FIRST <= value <= _LAST:
        raise Fault("range")
    return int(value.to_integral_value(decimal.ROUND_FLOOR))


def moment(value: Decimal) -> dt.datetime:
    """The date and time (UTC) that a number of seconds stands for."""
    return EPOCH + dt.timedelta(seconds=whole(value))


def time_of_day(value: Decimal) -> dt.time:
    """The time that a number of seconds stands for, days left aside."""
    return (EPOCH + dt.timedelta(seconds=whole(value) % DAY)).time()


def local_date(value: Value, zone: zoneinfo.ZoneInfo) -> dt.date | None:
    """The day of a date, or of a date and time as the clock shows it in ``zone``; ``None`` for empty.

    A number counts as seconds, whose day is the one in UTC (what ``date + 86400`` means).

    :raises Fault: for a text, a time, and a day outside the calendar.
    """
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return local(value, zone).date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, Decimal):
        return moment(value).date()
    raise Fault("conversion")


def full_months(start: dt.date, end: dt.date) -> int:
    """Whole months from ``start`` to ``end``; negative when ``end`` comes first."""
    if end < start:
        return -full_months(end, start)
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def full_years(start: dt.date, end: dt.date) -> int:
    """Whole years from ``start`` to ``end``: the age on ``end`` of who was born on ``start``.

    Born on 29 February, one is a year older on 1 March of the other years.
    """
    months = full_months(start, end)
    return months // 12 if months >= 0 else -(-months // 12)


def plus_days(start: dt.date, days: Decimal) -> dt.date:
    """``start`` moved by ``days`` without their fraction.

    :raises Fault: outside the calendar.
    """
    if not -4_000_000 < days < 4_000_000:
        raise Fault("range")
    try:
        return start + dt.timedelta(days=int(days))
    except OverflowError:
        raise Fault("range") from None
