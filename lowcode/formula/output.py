"""Results of a calculated field in its display format: to keep, to send, and to show."""

from __future__ import annotations

import datetime as dt
import enum
import typing as t
import zoneinfo
from decimal import ROUND_HALF_UP, Decimal, DecimalException

from lowcode.formula import moments, numbers, values
from lowcode.formula.kinds import DEFAULT_PRECISION, Fault, Kind, Options, Precision, Value

UTC: t.Final = zoneinfo.ZoneInfo("UTC")


class Format(enum.Enum):
    """kintone's formats of a calculated field."""

    NUMBER = "NUMBER"
    NUMBER_DIGIT = "NUMBER_DIGIT"
    DATETIME = "DATETIME"
    DATE = "DATE"
    TIME = "TIME"
    HOUR_MINUTE = "HOUR_MINUTE"
    DAY_HOUR_MINUTE = "DAY_HOUR_MINUTE"

    @property
    def kind(self) -> Kind:
        """How other formulas see a field of this format (durations are numbers of seconds)."""
        return Kind[self.value] if self.value in Kind.__members__ else Kind.NUMBER


Canonical: t.TypeAlias = "Decimal | dt.date | dt.time | dt.datetime | None"

_UNITS: t.Final = {
    "ja": (("日", "日"), ("時間", "時間"), ("分", "分")),
    "en": ((" day", " days"), (" hour", " hours"), (" minute", " minutes")),
}


def output(value: Value, format: Format | str, *, precision: Precision = DEFAULT_PRECISION) -> Canonical:
    """What a calculated field keeps of a result.

    Numbers for ``NUMBER``, ``NUMBER_DIGIT`` and the two durations (seconds), else a date, a time to the
    minute, or a date and time (UTC) to the minute. As in kintone days are cut at midnight UTC, a time is the
    rest after whole days, booleans are 1 and 0, and a text is no result: ``None``, like whatever cannot be
    shown in the format.

    :raises ValueError: for a format that does not exist.
    """
    form = format if isinstance(format, Format) else Format(format)
    if value is None or isinstance(value, str | tuple | list):
        return None
    if form is Format.DATE and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        result = values.number(value)
        match form:
            case Format.DATE:
                return moments.moment(result).date()
            case Format.TIME:
                return moments.time_of_day(result).replace(second=0)
            case Format.DATETIME:
                return moments.moment(result).replace(second=0)
            case _:
                return numbers.fit(result, precision)
    except (Fault, DecimalException):
        return None


def _minutes(value: Decimal) -> tuple[str, int]:
    total = int(value.copy_abs()) // 60  # as long as the app's precision lets it be, at most 100 digits
    return ("-" if value < 0 and total else ""), total


def wire(value: Canonical, format: Format | str) -> str:
    """The value as kintone's API sends it: always a string, ``""`` for none; both durations are ``25:01``."""
    form = format if isinstance(format, Format) else Format(format)
    if value is None:
        return ""
    if isinstance(value, Decimal):
        if form in (Format.HOUR_MINUTE, Format.DAY_HOUR_MINUTE):
            sign, total = _minutes(value)
            return f"{sign}{total // 60}:{total % 60:02}"
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        utc = value.astimezone(dt.UTC).replace(second=0, microsecond=0, tzinfo=None)
        return f"{utc.isoformat()}Z"
    if isinstance(value, dt.time):
        return value.isoformat("minutes")
    return value.isoformat()


def display(
    value: Canonical,
    format: Format | str,
    locale: str = "ja",
    *,
    zone: zoneinfo.ZoneInfo = UTC,
    scale: int | None = None,
    unit: str = "",
    unit_position: str = "BEFORE",
) -> str:
    """The value as a person reads it: ``1,500円``, ``25時間1分``, ``2022-08-01 09:30``.

    :param scale: digits after the point to show (half up); by default as many as there are.
    :param unit: put before or after a number; durations and dates have none.
    """
    form = format if isinstance(format, Format) else Format(format)
    if value is None:
        return ""
    if not isinstance(value, Decimal):
        return values.text(value, Options(zone, DEFAULT_PRECISION))
    if form in (Format.HOUR_MINUTE, Format.DAY_HOUR_MINUTE):
        return _duration(value, locale, days=form is Format.DAY_HOUR_MINUTE)
    if scale is not None:
        value = numbers.rounded(value, Decimal(scale), ROUND_HALF_UP)
    comma = "," if form is Format.NUMBER_DIGIT else ""
    places = "" if scale is None else f".{scale}"
    shown = f"{value:{comma}{places}f}"
    return f"{unit}{shown}" if unit_position == "BEFORE" else f"{shown}{unit}"


def _duration(value: Decimal, locale: str, *, days: bool) -> str:
    sign, total = _minutes(value)
    hours, minutes = divmod(total, 60)
    figures = [hours, minutes]
    if days:
        figures = [*divmod(hours, 24), minutes]
    units = _UNITS["ja" if locale == "ja" else "en"][-len(figures) :]
    pieces = [f"{figure}{names[figure != 1]}" for figure, names in zip(figures, units, strict=True)]
    return sign + ("" if locale == "ja" else " ").join(pieces)
