"""DATETIME: an instant to the minute; kept in UTC, entered and shown in the reader's zone."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import marshmallow as ma
import sqlalchemy as sa

from lowcode.db import UtcDateTime
from lowcode.errors import invalid
from lowcode.fields import adapters, eras
from lowcode.fields.base import Field
from lowcode.fields.context import Context, Value
from lowcode.fields.date import CalendarField, DateField
from lowcode.fields.plain import as_text, shortened
from lowcode.fields.settings import setting
from lowcode.fields.time import parse_time

_JSON_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII | re.IGNORECASE
)
_PARTS = re.compile(r"(?P<date>.*\S)(?:\s+|[Tt]|(?<=日))(?P<time>(?:午前|午後)?\s*\d{1,2}\s*(?::|時).*)")


def coerce_instant(raw: t.Any, *, seconds: bool = False) -> datetime | None:
    """An aware UTC instant from JSON: ISO 8601 with ``Z`` or an offset, cut to the minute unless ``seconds``.

    :raises Invalid: ``datetime.not_an_instant``, ``datetime.no_zone`` or ``date.year_too_small``.
    """
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        if not _JSON_INSTANT.fullmatch(raw) or len(raw) > 40:
            naive = len(raw) <= 40 and _JSON_INSTANT.fullmatch(f"{raw}Z")
            raise invalid("datetime.no_zone" if naive else "datetime.not_an_instant", value=shortened(raw))
        try:
            raw = datetime.fromisoformat(raw.upper())
        except ValueError:
            raise invalid("datetime.not_an_instant", value=shortened(raw)) from None
    if not isinstance(raw, datetime) or raw.tzinfo is None:
        raise invalid("datetime.not_an_instant", value=shortened(raw))
    return _utc(raw, seconds=seconds)


def _utc(value: datetime, *, seconds: bool = False) -> datetime:
    try:
        value = value.astimezone(UTC)
    except (OverflowError, ValueError):
        raise invalid("datetime.not_an_instant", value=value.isoformat()) from None
    eras.checked(value.date())
    return value if seconds else value.replace(second=0, microsecond=0)


def local_text(value: datetime, ctx: Context, *, calendar: str = "WESTERN") -> str:
    """``2026-04-23 15:31`` in the reader's zone, or with an era date."""
    local = in_zone(value, ctx)
    day = eras.era_text(local.date(), ctx.locale) if calendar == "ERA" else local.date().isoformat()
    return f"{day} {local:%H:%M}"


def in_zone(value: datetime, ctx: Context) -> datetime:
    """The instant as the reader's clock shows it (at the calendar's very end: as UTC shows it)."""
    try:
        return value.astimezone(ctx.zone)
    except OverflowError:
        return value


@dataclass(frozen=True, kw_only=True)
class DateTimeField(CalendarField):
    """An instant."""

    type_name: t.ClassVar[str] = "DATETIME"
    widget: t.ClassVar[adapters.Widget] = adapters.TextInput(css="input datetime", autocomplete="off")
    json_schema: t.ClassVar[t.Mapping[str, t.Any]] = {"type": ["string", "null"], "format": "date-time"}

    default_value: str = setting(ma.fields.String(), control="datetime", label="setting.default_value", default="")

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return UtcDateTime()

    def default(self, ctx: Context) -> Value:
        return coerce_instant(ctx.now) if self.default_now_value else coerce_instant(self.default_value)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return coerce_instant(raw)

    def dump(self, value: Value) -> t.Any:
        return None if value is None else f"{value.isoformat()[:16]}:00Z"

    def text(self, value: Value, ctx: Context) -> str:
        return "" if value is None else local_text(value, ctx, calendar=self.calendar)

    def parse(self, text: str, ctx: Context) -> Value:
        """A date and a time as people write them, in the reader's zone; ISO with a zone too."""
        plain = unicodedata.normalize("NFKC", text[:100]).strip()
        if not plain:
            return None
        if _JSON_INSTANT.fullmatch(plain):
            return coerce_instant(plain)
        found = _PARTS.fullmatch(plain) if len(text) <= 100 else None
        if found is None:
            eras.parse_date(text)
            raise invalid("datetime.no_time", value=shortened(text))
        day, clock = eras.parse_date(found["date"]), parse_time(found["time"])
        if day is None or clock is None:
            raise invalid("datetime.not_an_instant", value=shortened(text))
        return _utc(datetime.combine(day, clock, ctx.zone))

    def cell(self, value: Value, ctx: Context) -> t.Any:
        # Spreadsheets know no zones: the reader's clock is written.
        return None if value is None else in_zone(value, ctx).replace(tzinfo=None)

    def from_cell(self, raw: t.Any, ctx: Context) -> Value:
        if isinstance(raw, date):
            moment = raw if isinstance(raw, datetime) else datetime.combine(raw, datetime.min.time())
            return _utc(moment if moment.tzinfo else moment.replace(tzinfo=ctx.zone))
        return super().from_cell(raw, ctx)

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        return coerce_instant(raw) if isinstance(raw, datetime) else self.parse(as_text(raw), ctx)

    def convert_from(self, old: Field) -> Callable[[Value, Context], Value] | None:
        if not isinstance(old, DateField):
            return super().convert_from(old)
        # A day becomes its midnight in the zone of whoever converts.
        return lambda value, ctx: None if value is None else self.from_cell(value, ctx)
