"""ROLLUP: the latest, earliest, number, least, greatest or sum of related records' values, stored."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup

from lowcode.db import ExactNumber, UtcDateTime
from lowcode.errors import Problem
from lowcode.fields import plain
from lowcode.fields.base import (
    EQUALITY,
    LIKE,
    ORDER,
    Computed,
    Context,
    Field,
    Value,
    invalid,
    setting,
    text_column,
)
from lowcode.fields.number import coerce_number, display_number, plain_number, with_unit
from lowcode.fields.related import AppRef
from lowcode.fields.settings import IntegerString, Nested

FUNCTIONS = ("LATEST", "EARLIEST", "COUNT", "MIN", "MAX", "SUM")
FORMATS = ("NUMBER", "TEXT", "DATE", "DATETIME", "CHOICE")
_MAX_TEXT = 600
_SCALE = 6


@dataclass(frozen=True, kw_only=True)
class Rollup:
    """Which records of which app, and what of them.

    A record of ``related_app`` belongs when its ``related_field`` equals this record's ``key_field``.
    ``LATEST`` and ``EARLIEST`` take ``field`` of the record that is last or first by ``order_field``.
    """

    related_app: AppRef = setting(Nested(AppRef, required=True), control="app", label="setting.related_app")
    key_field: str = setting(ma.fields.String(required=True), control="field", label="setting.own_field")
    related_field: str = setting(
        ma.fields.String(required=True), control="related_field", label="setting.related_field"
    )
    function: str = setting(
        ma.fields.String(required=True, validate=ma.validate.OneOf(FUNCTIONS, error="setting.choice")),
        control="select",
        label="setting.function",
    )
    field: str = setting(ma.fields.String(), control="related_field", label="setting.rollup_field", default="")
    order_field: str = setting(ma.fields.String(), control="related_field", label="setting.order_field", default="")
    filter_cond: str = setting(ma.fields.String(), control="condition", label="setting.filter_cond", default="")


@dataclass(frozen=True, kw_only=True)
class RollupField(Computed):
    """A value drawn from related records; the record service keeps it true within the child's transaction.

    ``CHOICE`` keeps the option's key as text: the options belong to the other app, and keys outlive renames.
    """

    type_name: t.ClassVar[str] = "ROLLUP"
    operators: t.ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER, *LIKE)
    inside_subtable: t.ClassVar[bool] = False

    # Not a setting here: a roll-up always has an index.
    indexed: bool = False
    rollup: Rollup = setting(Nested(Rollup, required=True), control="rollup", label="setting.rollup")
    disclose: bool = setting(ma.fields.Boolean(), control="check", label="setting.disclose", default=False)
    format: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(FORMATS, error="setting.choice")),
        control="select",
        label="setting.format",
        default="NUMBER",
    )
    unit: str = setting(ma.fields.String(), control="text", label="setting.unit", default="")
    unit_position: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(["BEFORE", "AFTER"], error="setting.choice")),
        control="select",
        label="setting.unit_position",
        default="AFTER",
    )
    display_scale: int | None = setting(
        IntegerString(minimum=0, maximum=10), control="number", label="setting.display_scale", default=None
    )

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        function = self.rollup.function
        if function in ("COUNT", "SUM") and self.format != "NUMBER":
            yield Problem(code="rollup.needs_number", path=("format",), params={"function": function})
        if function != "COUNT" and not self.rollup.field:
            yield Problem(code="rollup.needs_field", path=("rollup", "field"), params={"function": function})
        if function in ("LATEST", "EARLIEST") and not self.rollup.order_field:
            yield Problem(code="rollup.needs_order", path=("rollup", "orderField"), params={"function": function})

    # -- storage ---------------------------------------------------------------------------------

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        match self.format:
            case "NUMBER":
                return ExactNumber(_SCALE)
            case "DATE":
                return sa.Date()
            case "DATETIME":
                return UtcDateTime()
        return text_column()

    def has_index(self) -> bool:
        return True  # lists filter on roll-ups: that is what they are stored for

    def load(self, stored: t.Any) -> Value:
        return plain_number(stored) if isinstance(stored, Decimal) else stored

    # -- values ----------------------------------------------------------------------------------

    def take(self, related: Field | None, value: Value, ctx: Context) -> Value:
        """A value of the related app's ``related`` field as a value of this one.

        :param related: None for a count. :raises Invalid: when the value does not fit the format.
        """
        if related is None:
            return self.coerce(value, ctx)
        if related.is_empty(value):
            return None
        match self.format:
            case "TEXT":
                return self.coerce(related.text(value, ctx), ctx)
            case "CHOICE":
                return self.coerce(related.dump(value), ctx)
            case "DATE" if isinstance(value, datetime):
                return value.astimezone(ctx.zone).date()
        return self.coerce(value, ctx)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        if raw is None or raw == "":
            return None
        try:
            match self.format:
                case "NUMBER":
                    return coerce_number(raw, _SCALE)
                case "DATE":
                    is_day = isinstance(raw, date) and not isinstance(raw, datetime)
                    return raw if is_day else date.fromisoformat(raw)
                case "DATETIME":
                    moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(raw)
                    return (moment if moment.tzinfo else moment.replace(tzinfo=ctx.zone)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise invalid("rollup.does_not_fit", format=self.format) from None
        if isinstance(raw, list | tuple) and all(isinstance(item, str) for item in raw):
            raw = ", ".join(raw)
        if not isinstance(raw, str):
            raise invalid("rollup.does_not_fit", format=self.format)
        # Longer texts do not fit into an index.
        return plain.coerce_text(raw[:_MAX_TEXT], limit=_MAX_TEXT, lines=True)

    def dump(self, value: Value) -> t.Any:
        if isinstance(value, Decimal):
            return f"{value:f}"
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value.isoformat() if isinstance(value, date) else value

    # -- text ------------------------------------------------------------------------------------

    def text(self, value: Value, ctx: Context) -> str:
        if isinstance(value, datetime):
            return value.astimezone(ctx.zone).strftime("%Y-%m-%d %H:%M")
        return self.dump(value) or ""

    def cell(self, value: Value, ctx: Context) -> t.Any:
        if isinstance(value, datetime):
            return value.astimezone(ctx.zone).replace(tzinfo=None)
        return value

    def parse(self, text: str, ctx: Context) -> Value:
        return self.coerce(text.strip(), ctx)

    def from_cell(self, raw: t.Any, ctx: Context) -> Value:
        return self.coerce(raw.date() if self.format == "DATE" and isinstance(raw, datetime) else raw, ctx)

    def display(self, value: Value, ctx: Context) -> Markup:
        if not isinstance(value, Decimal):
            return super().display(value, ctx)
        shown = display_number(value, digit=False, display_scale=self.display_scale)
        return with_unit(shown, self.unit, self.unit_position)

    # -- kintone ---------------------------------------------------------------------------------

    def kintone_type(self) -> str:
        return "SINGLE_LINE_TEXT" if self.format in ("TEXT", "CHOICE") else "CALC"

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        dumped = self.dump(value)
        return "" if dumped is None else str(dumped)


__all__ = ["FORMATS", "FUNCTIONS", "Rollup", "RollupField"]
