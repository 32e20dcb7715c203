"""Dates as people in Japan write them: western or era years, any width of digit; and the way back."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from datetime import date, timedelta

from lowcode.errors import invalid
from lowcode.fields.plain import shortened


class Era(t.NamedTuple):
    """An era: its name, its letter, its first day and the day of its last year's change (None: it lasts)."""

    name: str
    letter: str
    first: date
    last: date | None


ERAS = (
    Era("令和", "R", date(2019, 5, 1), None),
    Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    Era("大正", "T", date(1912, 7, 30), date(1926, 12, 24)),
    Era("明治", "M", date(1868, 1, 25), date(1912, 7, 29)),
)
FIRST_DATE = ERAS[-1].first
"""Earlier dates are slips of the pen (``0021-01-15``); Japan counts by this calendar only since then."""

_BY_NAME = {name: era for era in ERAS for name in (era.name, era.letter.lower())}
_SEPARATORS = str.maketrans(dict.fromkeys("−‐‑‒–—―ー", "-") | {"。": ".", "・": ".", "、": "."})
_WEEKDAY = re.compile(r"\((?:[月火水木金土日]|mon|tue|wed|thu|fri|sat|sun)(?:曜日?|[a-z]*)?\)$")
_MIDNIGHT = re.compile(r"(?:\s+|t)0?0:00(?::00(?:\.0+)?)?z?$")
_TIME = re.compile(r"(?:\s+|t|(?<=日))(?:午前|午後)?\d{1,2}(?::\d{1,2}|時).*$")
_ERA_NAMES = "|".join(_BY_NAME)
_ERA_DATE = re.compile(rf"({_ERA_NAMES})\.?(元|\d{{1,4}})(?:年|[./-])(\d{{1,2}})(?:月|[./-])(\d{{1,2}})日?")
_ERA_COMPACT = re.compile(r"([rhstm])(\d\d)(\d\d)(\d\d)")
_ERA_PART = re.compile(rf"({_ERA_NAMES})\.?(?:元|\d{{1,2}})(?:年|[./-])?(?:\d{{1,2}}月?)?")
_DATE = re.compile(r"(\d{1,4})(?:年|[./-])(\d{1,2})(?:月|[./-])(\d{1,2})日?")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_PART = re.compile(r"\d{4}(?:年(?:\d{1,2}月?)?|[./-]\d{1,2})?")
_NO_YEAR = re.compile(r"\d{1,2}(?:月|[./-])\d{1,2}日?")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_SERIAL_ZERO = date(1899, 12, 30)


def parse_date(text: str) -> date | None:
    """The date that a person wrote; None for nothing.

    Knows ``2021-01-15``, ``2020/2/7``, ``2021年1月15日``, ``20220825``, ``令和3年1月16日``, ``R4.9.22``, ``平成元年…``,
    full-width digits, a weekday in brackets and midnight behind the date (as spreadsheets add it).

    :raises Invalid: ``date.no_year``, ``date.incomplete``, ``date.year_too_small``, ``date.two_digit_year``,
        ``date.serial_number``, ``date.no_such_day``, ``date.with_time``, ``date.before_era``, ``date.after_era``
        or ``date.not_a_date``.
    """
    if len(text) > 60:
        raise invalid("date.not_a_date", value=shortened(text))
    plain = unicodedata.normalize("NFKC", text).strip().lower().translate(_SEPARATORS)
    if not plain:
        return None
    plain = _MIDNIGHT.sub("", _WEEKDAY.sub("", plain))
    if _TIME.search(plain):
        raise invalid("date.with_time", value=shortened(text))
    plain = "".join(plain.split())
    if not plain.isascii() and not re.fullmatch(r"[\x21-\x7e年月日元令和平成昭大正明治]+", plain):
        raise invalid("date.not_a_date", value=shortened(text))
    if found := _ERA_DATE.fullmatch(plain) or _ERA_COMPACT.fullmatch(plain):
        era, year, month, day = found.groups()
        return _era_date(_BY_NAME[era], 1 if year == "元" else int(year), int(month), int(day), text)
    if found := _DATE.fullmatch(plain) or _COMPACT.fullmatch(plain):
        year, month, day = found.groups()
        if len(year) <= 2:
            raise invalid("date.two_digit_year", value=shortened(text))
        return checked(_day(int(year), int(month), int(day), text))
    if found := _SERIAL.fullmatch(plain):
        means = _SERIAL_ZERO + timedelta(days=int(found[1]))
        raise invalid("date.serial_number", value=shortened(text), means=means.isoformat())
    if _NO_YEAR.fullmatch(plain):
        raise invalid("date.no_year", value=shortened(text))
    if _PART.fullmatch(plain) or _ERA_PART.fullmatch(plain):
        raise invalid("date.incomplete", value=shortened(text))
    raise invalid("date.not_a_date", value=shortened(text))


def checked(value: date) -> date:
    """The date itself when it is not before 1868. Raises :class:`Invalid` ``date.year_too_small``."""
    if value < FIRST_DATE:
        raise invalid("date.year_too_small", value=value.isoformat(), first=FIRST_DATE.isoformat())
    return value


def era_of(value: date) -> Era | None:
    """The era that a date lies in."""
    return next((era for era in ERAS if era.first <= value), None)


def era_text(value: date, locale: str = "ja") -> str:
    """``令和3年1月16日``, ``平成元年4月1日``; in English ``Reiwa``'s letter: ``R3.1.16``; before 1868 western."""
    era = era_of(value)
    if era is None:
        return value.isoformat()
    year = value.year - era.first.year + 1
    if locale == "ja":
        return f"{era.name}{'元' if year == 1 else year}年{value.month}月{value.day}日"
    return f"{era.letter}{year}.{value.month}.{value.day}"


def _era_date(era: Era, year: int, month: int, day: int, text: str) -> date:
    if year == 0:
        raise invalid("date.not_a_date", value=shortened(text))
    value = _day(era.first.year + year - 1, month, day, text)
    # Old forms run on ("平成33年"): the right year is named instead of guessed.
    if value < era.first:
        raise invalid("date.before_era", value=shortened(text), era=era.name, means=_both(value))
    if era.last is not None and value > era.last:
        raise invalid("date.after_era", value=shortened(text), era=era.name, means=_both(value))
    return value


def _both(value: date) -> str:
    return f"{era_text(value)} ({value.isoformat()})"


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise invalid("date.no_such_day", value=shortened(text)) from None


__all__ = ["ERAS", "FIRST_DATE", "Era", "checked", "era_of", "era_text", "parse_date"]
