"""CALC: a value that a formula gives, stored in the type of its format."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup, escape

from lowcode import formula
from lowcode.db import ExactNumber, UtcDateTime
from lowcode.errors import Invalid, Problem, invalid
from lowcode.fields.base import EQUALITY, ORDER, Computed, Context, Value, setting
from lowcode.fields.number import DIGITS, coerce_number, plain_number
from lowcode.fields.settings import IntegerString

FORMATS = tuple(format.value for format in formula.Format)
_DURATIONS = ("HOUR_MINUTE", "DAY_HOUR_MINUTE")
_DURATION = re.compile(r"(-?)([0-9]{1,12}):([0-9]{2})")
_MAX_SCALE = 10


@dataclass(frozen=True, kw_only=True)
class CalcField(Computed):
    """A calculated number, duration, date or time. Durations are numbers of seconds."""

    type_name: t.ClassVar[str] = "CALC"
    operators: t.ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    searchable: t.ClassVar[bool] = False

    required: bool = setting(ma.fields.Boolean(), control="hidden", label="setting.required", default=False)
    expression: str = setting(ma.fields.String(), control="formula", label="setting.expression", default="")
    hide_expression: bool = setting(
        ma.fields.Boolean(), control="check", label="setting.hide_expression", default=False
    )
    disclose: bool = setting(ma.fields.Boolean(), control="check", label="setting.disclose", default=False)
    format: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(FORMATS, error="setting.choice")),
        control="select",
        label="setting.format",
        default="NUMBER",
    )
    display_scale: int | None = setting(
        IntegerString(minimum=0, maximum=10), control="number", label="setting.display_scale", default=None
    )
    unit: str = setting(ma.fields.String(), control="text", label="setting.unit", default="")
    unit_position: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(["BEFORE", "AFTER"], error="setting.choice")),
        control="select",
        label="setting.unit_position",
        default="BEFORE",
    )
    scale: int = setting(
        ma.fields.Integer(strict=True, validate=ma.validate.Range(0, _MAX_SCALE, error="setting.out_of_range")),
        control="number",
        label="setting.scale",
        default=6,
    )

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        try:
            self.parsed()  # field codes and kinds need the whole definition
        except Invalid as error:
            yield from (problem.under("expression") for problem in error.problems)

    def is_required(self) -> bool:
        """Never: kintone keeps the setting and does not enforce it."""
        return False

    # -- the formula -----------------------------------------------------------------------------

    def parsed(self) -> formula.Formula | None:
        """The parsed expression, None when it is empty; the formula package keeps it.

        :raises Invalid: when it cannot be parsed.
        """
        return formula.parse(self.expression) if self.expression.strip() else None

    def compute(
        self,
        values: Mapping[str, t.Any] | formula.Get,
        ctx: Context,
        precision: formula.Precision = formula.DEFAULT_PRECISION,
    ) -> Value:
        """The field's value for a record whose other values are ``values`` (as the formula language sees them)."""
        parsed = self.parsed()
        if parsed is None:
            return None
        result = parsed.evaluate(values, zone=ctx.zone, precision=precision)
        value = formula.output(result, self.format, precision=precision)
        if isinstance(value, Decimal):
            return coerce_number(value, self.scale) if self._fits(value) else None
        return value

    def _fits(self, value: Decimal) -> bool:
        """Whether the column takes the number: 18 digits in all, on both databases."""
        return value.is_zero() or value.adjusted() + 1 + self.scale < DIGITS  # rounding may add one

    # -- storage ---------------------------------------------------------------------------------

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        match self.format:
            case "DATE":
                return sa.Date()
            case "TIME":
                return sa.Time()
            case "DATETIME":
                return UtcDateTime()
        return ExactNumber(self.scale)

    def load(self, stored: t.Any) -> Value:
        return plain_number(stored) if isinstance(stored, Decimal) else stored

    # -- values ----------------------------------------------------------------------------------

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        """A value that was calculated before, from its canonical or its kintone form."""
        if raw is None or raw == "":
            return None
        try:
            return self._typed(raw)
        except (TypeError, ValueError, InvalidOperation, OverflowError):
            raise invalid("calc.does_not_fit", format=self.format) from None

    def _typed(self, raw: t.Any) -> Value:
        match self.format:
            case "DATE":
                is_day = isinstance(raw, date) and not isinstance(raw, datetime)
                return raw if is_day else date.fromisoformat(raw)
            case "TIME":
                return raw if isinstance(raw, time) else time.fromisoformat(raw)
            case "DATETIME":
                moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(raw)
                return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        duration = _DURATION.fullmatch(raw) if self.format in _DURATIONS and isinstance(raw, str) else None
        if duration:
            seconds = Decimal(int(duration[2]) * 3600 + int(duration[3]) * 60)
            return -seconds if duration[1] else seconds
        if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal) or len(str(raw)) > 60:
            raise ValueError(raw)
        number = Decimal(raw)
        if not number.is_finite() or not self._fits(number):
            raise ValueError(raw)
        return plain_number(number)

    def dump(self, value: Value) -> t.Any:
        """A string as kintone writes it, but for durations: those keep their seconds."""
        if value is None:
            return None
        return f"{value:f}" if isinstance(value, Decimal) else formula.wire(value, self.format)

    # -- text ------------------------------------------------------------------------------------

    def text(self, value: Value, ctx: Context) -> str:
        """The value without unit and separators, as a file wants it; a date and time in the reader's zone."""
        if isinstance(value, datetime):
            return value.astimezone(ctx.zone).strftime("%Y-%m-%d %H:%M")
        if isinstance(value, Decimal) and self.format not in _DURATIONS:
            return f"{value:f}"
        return formula.wire(value, self.format)

    def parse(self, text: str, ctx: Context) -> Value:
        """What :meth:`text` wrote, or a literal of a query."""
        text = text.strip()
        if self.format == "DATETIME" and text:
            try:
                moment = datetime.fromisoformat(text)
                return (moment if moment.tzinfo else moment.replace(tzinfo=ctx.zone)).astimezone(UTC)
            except (ValueError, OverflowError):
                raise invalid("calc.does_not_fit", format=self.format) from None
        return self.coerce(text, ctx)

    def cell(self, value: Value, ctx: Context) -> t.Any:
        if isinstance(value, datetime):
            return value.astimezone(ctx.zone).replace(tzinfo=None)  # a spreadsheet knows no zones
        return self.text(value, ctx) if value is not None and self.format in _DURATIONS else value

    def from_cell(self, raw: t.Any, ctx: Context) -> Value:
        if isinstance(raw, datetime):
            match self.format:
                case "DATE":
                    raw = raw.date()
                case "DATETIME" if raw.tzinfo is None:
                    raw = raw.replace(tzinfo=ctx.zone)
        return self.coerce(str(raw) if isinstance(raw, float) else raw, ctx)

    def display(self, value: Value, ctx: Context) -> Markup:
        return escape(
            formula.display(
                value,
                self.format,
                ctx.locale,
                zone=ctx.zone,
                unit=self.unit,
                unit_position=self.unit_position,
                scale=self.display_scale,
            )
        )

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        return {"readonly": True} if self.hide_expression else {"readonly": True, "title": f"= {self.expression}"}

    # -- kintone ---------------------------------------------------------------------------------

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return (
            f"{value:f}"
            if isinstance(value, Decimal) and self.format not in _DURATIONS
            else formula.wire(value, self.format)
        )
