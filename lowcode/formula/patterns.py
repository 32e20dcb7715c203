"""Patterns of ``DATE_FORMAT``: letters stand for parts of the moment, as in kintone (and Joda-Time)."""

from __future__ import annotations

import datetime as dt
import functools
import re
import typing as t
import zoneinfo

from lowcode.errors import Invalid, invalid

MAX_LENGTH: t.Final = 200
_PIECE: t.Final = re.compile(r"''|'((?:[^']|'')*+)'|([A-Za-z])\2*+|[^A-Za-z']++")
_ZONE: t.Final = re.compile(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")

# Not strftime: its names follow the locale of the process.
_MONTHS: t.Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                    "November", "December")  # fmt: skip
_WEEKDAYS: t.Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_Part: t.TypeAlias = t.Callable[[dt.datetime], str]


def _padded(read: t.Callable[[dt.datetime], int]) -> t.Callable[[int], _Part]:
    return lambda width: lambda moment: str(read(moment)).zfill(width)


def _year(width: int) -> _Part:
    if width == 2:
        return lambda moment: f"{moment.year % 100:02}"
    return lambda moment: str(moment.year).zfill(width)


def _month(width: int) -> _Part:
    if width <= 2:
        return lambda moment: str(moment.month).zfill(width)
    return lambda moment: _MONTHS[moment.month - 1][: None if width > 3 else 3]


def _weekday(width: int) -> _Part:
    return lambda moment: _WEEKDAYS[moment.weekday()][: None if width > 3 else 3]


def _offset(width: int) -> _Part:
    def read(moment: dt.datetime) -> str:
        text = moment.strftime("%z")[:5]
        return f"{text[:3]}:{text[3:]}" if width == 2 else str(moment.tzinfo) if width > 2 else text

    return read


LETTERS: t.Final[dict[str, t.Callable[[int], _Part]]] = {
    "Y": _year,
    "y": _year,
    "M": _month,
    "d": _padded(lambda moment: moment.day),
    "D": _padded(lambda moment: moment.timetuple().tm_yday),
    "E": _weekday,
    "e": _padded(lambda moment: moment.isoweekday()),
    "a": lambda width: lambda moment: "AM" if moment.hour < 12 else "PM",
    "H": _padded(lambda moment: moment.hour),
    "k": _padded(lambda moment: moment.hour or 24),
    "K": _padded(lambda moment: moment.hour % 12),
    "h": _padded(lambda moment: moment.hour % 12 or 12),
    "m": _padded(lambda moment: moment.minute),
    "s": _padded(lambda moment: moment.second),
    "Z": _offset,
}
"""Letter of a pattern → (how often it is repeated → how to write that part)."""


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> tuple[_Part | str, ...]:
    """``pattern`` as literal pieces and parts to fill in.

    :raises Invalid: ``formula.date_format`` for a letter that means nothing; write such in ``'…'``.
    """
    if len(pattern) > MAX_LENGTH:
        raise invalid("formula.date_format", pattern=pattern[:30], found=pattern[:1], limit=MAX_LENGTH)
    pieces: list[_Part | str] = []
    position = 0
    while position < len(pattern):
        match = _PIECE.match(pattern, position)
        if match is None or (match[2] and match[2] not in LETTERS):
            raise invalid("formula.date_format", pattern=pattern, found=pattern[position], limit=MAX_LENGTH)
        if match[2]:
            pieces.append(LETTERS[match[2]](len(match[0])))
        elif match[0] == "''":
            pieces.append("'")
        else:
            pieces.append(match[0] if match[1] is None else match[1].replace("''", "'"))
        position = match.end()
    return tuple(pieces)


def is_valid(pattern: str) -> bool:
    """Whether every letter of ``pattern`` means something."""
    try:
        compiled(pattern)
    except Invalid:
        return False
    return True


@functools.lru_cache(maxsize=256)
def zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The time zone called ``name`` in the IANA list; ``None`` when there is none."""
    if not _ZONE.fullmatch(name):
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: "Asia" is a folder of the zone database and not a zone.
        return None


def write(moment: dt.datetime, pattern: str) -> str:
    """``moment`` (aware, already in the wanted zone) written by ``pattern``.

    :raises Invalid: as :func:`compiled`.
    """
    return "".join([piece if isinstance(piece, str) else piece(moment) for piece in compiled(pattern)])
