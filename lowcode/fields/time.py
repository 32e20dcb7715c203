"""TIME: a time of day, to the minute."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time

import marshmallow as ma
import sqlalchemy as sa

from lowcode.errors import Invalid, Problem, invalid
from lowcode.fields import adapters
from lowcode.fields.base import ORDER, Field
from lowcode.fields.context import Context, Value
from lowcode.fields.plain import shortened
from lowcode.fields.settings import setting

_JSON_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::\d{1,2}(?:\.\d+)?)?", re.ASCII)
_TYPED = re.compile(
    r"(?P<half>午前|午後)?(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::\d{1,2}(?:\.\d+)?)?"
    r"|時(?:(?P<minute_ja>\d{1,2})分?(?:\d{1,2}秒)?|(?P<half_past>半))?)(?P<half_en>am|pm)?"
)
_COMPACT = re.compile(r"(\d\d)(\d\d)")
_MINUTES_A_DAY = 24 * 60


def coerce_time(raw: t.Any) -> time | None:
    """A time from JSON: ``15:31``, ``5:3``, ``15:31:59`` (seconds are dropped).

    :raises Invalid: ``time.not_a_time``.
    """
    if raw is None or raw == "":
        return None
    if isinstance(raw, time):
        return time(raw.hour, raw.minute)
    found = _JSON_TIME.fullmatch(raw) if isinstance(raw, str) and len(raw) <= 20 else None
    if found is None:
        raise invalid("time.not_a_time", value=shortened(raw))
    return _time(int(found[1]), int(found[2]), raw)


def parse_time(text: str) -> time | None:
    """A time as a person writes it: ``15:31``, ``15時31分``, ``午後3時半``, ``1531``, any width of digit.

    :raises Invalid: ``time.not_a_time``.
    """
    plain = "".join(unicodedata.normalize("NFKC", text[:60]).lower().split())
    if not plain:
        return None
    if (compact := _COMPACT.fullmatch(plain)) and plain.isascii():
        return _time(int(compact[1]), int(compact[2]), text)
    found = _TYPED.fullmatch(plain)
    if found is None or len(text) > 60:
        raise invalid("time.not_a_time", value=shortened(text))
    hour = int(found["hour"])
    if found["half"] or found["half_en"]:
        if hour > 12:
            raise invalid("time.not_a_time", value=shortened(text))
        hour = hour % 12 + (12 if found["half"] == "午後" or found["half_en"] == "pm" else 0)
    return _time(hour, 30 if found["half_past"] else int(found["minute"] or found["minute_ja"] or 0), text)


def _time(hour: int, minute: int, text: str) -> time:
    try:
        return time(hour, minute)
    except ValueError:
        raise invalid("time.not_a_time", value=shortened(text)) from None


@dataclass(frozen=True, kw_only=True)
class TimeField(Field):
    """A time of day."""

    type_name: t.ClassVar[str] = "TIME"
    operators: t.ClassVar[tuple[str, ...]] = ("=", "!=", *ORDER)
    widget: t.ClassVar[adapters.Widget] = adapters.TextInput(css="input time", autocomplete="off")
    json_schema: t.ClassVar[t.Mapping[str, t.Any]] = {"type": ["string", "null"], "format": "time"}

    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    default_value: str = setting(ma.fields.String(), control="time", label="setting.default_value", default="")
    default_now_value: bool = setting(
        ma.fields.Boolean(), control="check", label="setting.default_now_value", default=False
    )

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.Time()

    def default(self, ctx: Context) -> Value:
        if self.default_now_value:
            return coerce_time(ctx.now.astimezone(ctx.zone).time())
        return coerce_time(self.default_value)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return coerce_time(raw)

    def dump(self, value: Value) -> t.Any:
        return None if value is None else value.strftime("%H:%M")

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return self.dump(value)

    def text(self, value: Value, ctx: Context) -> str:
        return self.dump(value) or ""

    def parse(self, text: str, ctx: Context) -> Value:
        return parse_time(text)

    def cell(self, value: Value, ctx: Context) -> t.Any:
        return value

    def from_cell(self, raw: t.Any, ctx: Context) -> Value:
        if isinstance(raw, datetime):
            raw = raw.time()
        if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 <= raw < 1:
            # A spreadsheet's time is a part of a day.
            minutes = min(round(raw * _MINUTES_A_DAY), _MINUTES_A_DAY - 1)
            raw = time(minutes // 60, minutes % 60)
        return coerce_time(raw) if isinstance(raw, time) else super().from_cell(raw, ctx)

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        try:
            coerce_time(self.default_value)
        except Invalid as error:
            yield from (problem.under("defaultValue") for problem in error.problems)
