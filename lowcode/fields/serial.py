"""SERIAL: a number that the system gives, in a pattern such as ``{FY2}-{000000}``; never given twice."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import marshmallow as ma
import sqlalchemy as sa

from lowcode.errors import Problem
from lowcode.fields import plain
from lowcode.fields.base import EQUALITY, LIKE, Computed, Context, Value, invalid, setting, text_column

RESETS = ("NEVER", "YEAR", "FISCAL_YEAR", "MONTH", "DAY")
_TOKEN = re.compile(r"\{([^{}]*)\}")
_COUNTER = re.compile(r"0{1,12}")
_SHOWN: t.Final[Mapping[str, frozenset[str]]] = {
    # Which parts of a date each token fixes; a pattern must fix what its counter starts anew with.
    "YYYY": frozenset({"year"}),
    "YY": frozenset({"year"}),
    "FY": frozenset({"fiscal"}),
    "FY2": frozenset({"fiscal"}),
    "MM": frozenset({"month"}),
    "DD": frozenset({"day"}),
}
_ERA_STARTS = ((2019, 2018), (1989, 1988), (1926, 1925))
_MAX_LENGTH = 64


def _pattern(value: str) -> None:
    """:raises ma.ValidationError: for a pattern without one counter, with an unknown token or stray braces."""
    tokens = _TOKEN.findall(value)
    counters = [token for token in tokens if _COUNTER.fullmatch(token)]
    if len(value) > _MAX_LENGTH:
        raise ma.ValidationError("serial.pattern_too_long")
    if any(token not in _SHOWN and not _COUNTER.fullmatch(token) for token in tokens) or set(_TOKEN.sub("", value)) & {
        "{",
        "}",
        "\n",
        "\r",
        "\t",
    }:
        raise ma.ValidationError("serial.unknown_token")
    if len(counters) != 1:
        raise ma.ValidationError("serial.one_counter")


@dataclass(frozen=True, kw_only=True)
class SerialField(Computed):
    """An automatic number. The record service takes numbers from a counter; this type says how they look.

    Tokens: ``{YYYY}`` ``{YY}`` ``{MM}`` ``{DD}`` of the day on which the number is given; ``{FY}`` the fiscal
    year it lies in (``2022``), ``{FY2}`` the same as a year of the Japanese era in two digits (``04``, as in
    令和4年度); ``{0000}`` the counter, with that many digits or more.
    """

    type_name: t.ClassVar[str] = "SERIAL"
    operators: t.ClassVar[tuple[str, ...]] = (*EQUALITY, *LIKE)
    inside_subtable: t.ClassVar[bool] = False

    # Not a setting here: a number is always a key.
    indexed: bool = False
    pattern: str = setting(
        ma.fields.String(validate=_pattern), control="text", label="setting.pattern", default="{000000}"
    )
    reset: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(RESETS, error="setting.choice")),
        control="select",
        label="setting.reset",
        default="NEVER",
    )
    gap_free: bool = setting(ma.fields.Boolean(), control="check", label="setting.gap_free", default=False)

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        if not self.tells_periods_apart():
            # The counter would start anew and give numbers that exist.
            yield Problem(code="serial.repeats", path=("reset",), params={"pattern": self.pattern})

    def tells_periods_apart(self) -> bool:
        """Whether the same counter in two periods looks different."""
        shown: frozenset[str] = frozenset().union(*(_SHOWN.get(token, ()) for token in _TOKEN.findall(self.pattern)))
        match self.reset:
            case "YEAR":
                return "year" in shown or {"fiscal", "month"} <= shown
            case "FISCAL_YEAR":
                return "fiscal" in shown or {"year", "month"} <= shown
            case "MONTH":
                return "month" in shown and bool(shown & {"year", "fiscal"})
            case "DAY":
                return {"month", "day"} <= shown and bool(shown & {"year", "fiscal"})
        return True

    # -- numbers ---------------------------------------------------------------------------------

    def period(self, on: date | datetime, first_month: int = 4) -> str:
        """The name of the counter's period on a local day: ``""``, ``2022``, ``FY2022``, ``2022-08``, ``2022-08-25``.

        :param first_month: the month in which the app's fiscal year begins.
        """
        match self.reset:
            case "YEAR":
                return f"{on.year:04}"
            case "FISCAL_YEAR":
                return f"FY{fiscal_year(on, first_month):04}"
            case "MONTH":
                return f"{on.year:04}-{on.month:02}"
            case "DAY":
                return f"{on.year:04}-{on.month:02}-{on.day:02}"
        return ""

    def format(self, number: int, on: date | datetime, first_month: int = 4) -> str:
        """The text of a number given on a local day. A number with more digits than the pattern grows."""
        fiscal = fiscal_year(on, first_month)
        parts = {
            "YYYY": f"{on.year:04}",
            "YY": f"{on.year % 100:02}",
            "MM": f"{on.month:02}",
            "DD": f"{on.day:02}",
            "FY": f"{fiscal:04}",
            "FY2": f"{era_year(fiscal):02}",
        }
        return _TOKEN.sub(lambda match: parts.get(match[1]) or f"{number:0{len(match[1])}}", self.pattern)

    def is_unique(self) -> bool:
        return True

    # -- values ----------------------------------------------------------------------------------

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return text_column()

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        """A number that was given before (restore, import of old records), as text."""
        if raw is not None and not isinstance(raw, str):
            raise invalid("serial.not_a_text")
        return plain.coerce_text((raw or "").strip(), limit=_MAX_LENGTH * 2)

    # -- kintone ---------------------------------------------------------------------------------

    def kintone_type(self) -> str:
        """kintone has no numbering: its clients see a text."""
        return "SINGLE_LINE_TEXT"


def fiscal_year(on: date | datetime, first_month: int) -> int:
    """The fiscal year of a day, named after the year in which it began."""
    return on.year if on.month >= first_month else on.year - 1


def era_year(year: int) -> int:
    """The year of the Japanese era at the end of ``year``: 2022 → 4 (令和4), 2019 → 1 (令和元)."""
    return next((year - before for start, before in _ERA_STARTS if year >= start), year % 100)
