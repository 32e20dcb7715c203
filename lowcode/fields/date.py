"""DATE: a day, entered and shown by the western or the Japanese calendar."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import marshmallow as ma
import sqlalchemy as sa

from lowcode.errors import Invalid, Problem, invalid
from lowcode.fields import adapters, eras
from lowcode.fields.base import ORDER, Field
from lowcode.fields.context import Context, Value
from lowcode.fields.plain import as_text, shortened
from lowcode.fields.settings import setting

CALENDARS = ("WESTERN", "ERA")
_JSON_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


def coerce_date(raw: t.Any) -> date | None:
    """A date from JSON: ``2026-04-23``, and as in kintone ``2026-4-3``, ``2026-04`` and ``2026`` (first day).

    :raises Invalid: ``date.not_a_date``, ``date.no_such_day`` or ``date.year_too_small``.
    """
    if raw is None or raw == "":
        return None
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return eras.checked(raw)
    found = _JSON_DATE.fullmatch(raw) if isinstance(raw, str) and len(raw) <= 10 else None
    if found is None:
        raise invalid("date.not_a_date", value=shortened(raw))
    try:
        return eras.checked(date(int(found[1]), int(found[2] or 1), int(found[3] or 1)))
    except ValueError:
        raise invalid("date.no_such_day", value=shortened(raw)) from None


@dataclass(frozen=True, kw_only=True)
class CalendarField(Field):
    """What DATE and DATETIME share: a point on a calendar, which is the western or the Japanese one."""

    operators: t.ClassVar[tuple[str, ...]] = ("=", "!=", *ORDER)

    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    unique: bool = setting(ma.fields.Boolean(), control="check", label="setting.unique", default=False)
    default_value: str = setting(ma.fields.String(), control="date", label="setting.default_value", default="")
    default_now_value: bool = setting(
        ma.fields.Boolean(), control="check", label="setting.default_now_value", default=False
    )
    calendar: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(CALENDARS, error="setting.choice")),
        control="select",
        label="setting.calendar",
        default="WESTERN",
    )

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        try:
            self.coerce(self.default_value, Context())
        except Invalid as error:
            yield from (problem.under("defaultValue") for problem in error.problems)

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        return {"data-calendar": self.calendar.lower()}


@dataclass(frozen=True, kw_only=True)
class DateField(CalendarField):
    """A day without a time."""

    type_name: t.ClassVar[str] = "DATE"
    widget: t.ClassVar[adapters.Widget] = adapters.TextInput(css="input date", autocomplete="off")
    json_schema: t.ClassVar[t.Mapping[str, t.Any]] = {"type": ["string", "null"], "format": "date"}

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.Date()

    def default(self, ctx: Context) -> Value:
        return ctx.today if self.default_now_value else coerce_date(self.default_value)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return coerce_date(raw)

    def dump(self, value: Value) -> t.Any:
        return None if value is None else value.isoformat()

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return self.dump(value)

    def text(self, value: Value, ctx: Context) -> str:
        if value is None:
            return ""
        return eras.era_text(value, ctx.locale) if self.calendar == "ERA" else value.isoformat()

    def parse(self, text: str, ctx: Context) -> Value:
        return eras.parse_date(text)

    def cell(self, value: Value, ctx: Context) -> t.Any:
        return value

    def from_cell(self, raw: t.Any, ctx: Context) -> Value:
        if isinstance(raw, datetime) and raw.time() == datetime.min.time():
            raw = raw.date()
        return (
            self.coerce(raw, ctx)
            if isinstance(raw, date) and not isinstance(raw, datetime)
            else super().from_cell(raw, ctx)
        )

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        try:
            return coerce_date(raw)
        except Invalid:
            return self.parse(as_text(raw), ctx)

    def convert_from(self, old: Field) -> Callable[[Value, Context], Value] | None:
        if old.type_name != "DATETIME":
            return super().convert_from(old)
        # An instant becomes the day it lies in, in the zone of whoever converts.
        return lambda value, ctx: None if value is None else coerce_date(old.cell(value, ctx).date())
