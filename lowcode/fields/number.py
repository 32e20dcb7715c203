"""NUMBER: an exact decimal."""

from __future__ import annotations

import decimal
import re
import typing as t
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup, escape

from lowcode.db import ExactNumber
from lowcode.errors import Problem, invalid
from lowcode.fields import adapters
from lowcode.fields.base import EQUALITY, ORDER, Field
from lowcode.fields.context import Context, Value
from lowcode.fields.plain import shortened
from lowcode.fields.settings import IntegerString, NumericString, setting

DIGITS = 18
"""How many digits a number may have, before and after the point together."""
EXACT_IN_A_SPREADSHEET = 15
MAX_TYPED = 200
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SIGN = re.compile(r"^([+-])\s+")
_MINUS = str.maketrans(dict.fromkeys("−‐‑‒–—―ー▲△", "-"))
_NO_DIGIT = ("<super>", "<sub>", "<circle>", "<fraction>", "<compat>")
_CONTEXT = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)


def coerce_number(raw: t.Any, scale: int) -> Decimal | None:
    """An exact number from JSON, rounded half-even to ``scale`` places; None for nothing.

    :raises Invalid: ``number.not_a_number`` or ``number.too_large``.
    """
    if raw is None or raw == "":
        return None
    if isinstance(raw, int) and not isinstance(raw, bool):
        if raw.bit_length() > 200:
            raise invalid("number.too_large", digits=DIGITS - scale)
        number = Decimal(raw)
    elif isinstance(raw, Decimal):
        number = raw
    elif isinstance(raw, str | float) and not isinstance(raw, bool):
        # The shortest text of a float is the number that was written in the JSON.
        text = str(raw).strip()
        if not text:
            return None
        if len(text) > MAX_TYPED or not _NUMBER.fullmatch(text) or not text.isascii():
            raise invalid("number.not_a_number", value=shortened(raw))
        number = Decimal(text)
    else:
        raise invalid("number.not_a_number", value=shortened(raw))
    if not number.is_finite():
        raise invalid("number.not_a_number", value=shortened(str(raw)))
    if number and number.adjusted() >= DIGITS - scale:
        raise invalid("number.too_large", digits=DIGITS - scale)
    tiny = not number or number.adjusted() < -scale - 1
    rounded = Decimal(0) if tiny else number.quantize(Decimal(1).scaleb(-scale), context=_CONTEXT)
    if rounded and rounded.adjusted() >= DIGITS - scale:
        raise invalid("number.too_large", digits=DIGITS - scale)
    return plain_number(rounded)


def plain_number(number: Decimal) -> Decimal:
    """The same number without zeros at the end, without an exponent and without a negative zero."""
    if not number:
        return Decimal(0)
    number = number.normalize(_CONTEXT)
    exponent = number.as_tuple().exponent
    return number.quantize(Decimal(1), context=_CONTEXT) if isinstance(exponent, int) and exponent > 0 else number


def typed_number(text: str) -> str:
    """What a person typed as a number's plain spelling: full-width digits, 1,000 separators, other minus signs."""
    if text.isascii():
        return _SIGN.sub(r"\1", _THOUSANDS.sub("", text.strip()))
    if len(text) > MAX_TYPED or any(unicodedata.decomposition(c).startswith(_NO_DIGIT) for c in text):
        return text  # refused as it stands: 10² is not 102
    text = unicodedata.normalize("NFKC", text).translate(_MINUS).strip().replace("、", ",").replace("，", ",")
    return _SIGN.sub(r"\1", _THOUSANDS.sub("", text))


def display_number(number: Decimal, *, digit: bool, display_scale: int | None) -> str:
    """A number as it is shown: with a fixed number of places and thousands separators if so set."""
    if display_scale is not None:
        number = number.quantize(Decimal(1).scaleb(-display_scale), rounding=decimal.ROUND_HALF_UP, context=_CONTEXT)
        number = number if number else abs(number)  # "-0" is no number that people know
    return f"{number:,f}" if digit else f"{number:f}"


@dataclass(frozen=True, kw_only=True)
class NumberField(Field):
    """An exact decimal with a unit; places beyond ``scale`` are rounded, numbers beyond 18 digits refused."""

    type_name: t.ClassVar[str] = "NUMBER"
    operators: t.ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    widget: t.ClassVar[adapters.Widget] = adapters.TextInput(css="input num", inputmode="decimal", autocomplete="off")
    json_schema: t.ClassVar[t.Mapping[str, t.Any]] = {"type": ["string", "null"], "format": "decimal"}

    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    unique: bool = setting(ma.fields.Boolean(), control="check", label="setting.unique", default=False)
    min_value: Decimal | None = setting(NumericString(), control="number", label="setting.min_value", default=None)
    max_value: Decimal | None = setting(NumericString(), control="number", label="setting.max_value", default=None)
    digit: bool = setting(ma.fields.Boolean(), control="check", label="setting.digit", default=False)
    display_scale: int | None = setting(
        IntegerString(minimum=0, maximum=10), control="number", label="setting.display_scale", default=None
    )
    unit: str = setting(
        ma.fields.String(validate=ma.validate.Length(max=128, error="setting.too_long")),
        control="text",
        label="setting.unit",
        default="",
    )
    unit_position: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(["BEFORE", "AFTER"], error="setting.choice")),
        control="select",
        label="setting.unit_position",
        default="BEFORE",
    )
    default_value: Decimal | None = setting(
        NumericString(), control="number", label="setting.default_value", default=None
    )
    scale: int = setting(
        ma.fields.Integer(strict=True, validate=ma.validate.Range(0, 10, error="setting.out_of_range")),
        control="number",
        label="setting.scale",
        default=6,
    )

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return ExactNumber(self.scale)

    def load(self, stored: t.Any) -> Value:
        return None if stored is None else plain_number(stored)

    def default(self, ctx: Context) -> Value:
        return coerce_number(self.default_value, self.scale)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return coerce_number(raw, self.scale)

    def dump(self, value: Value) -> t.Any:
        return None if value is None else f"{value:f}"

    def text(self, value: Value, ctx: Context) -> str:
        return "" if value is None else f"{value:f}"

    def parse(self, text: str, ctx: Context) -> Value:
        return coerce_number(typed_number(text), self.scale)

    def check(self, value: Value, ctx: Context) -> Iterator[Problem]:
        yield from super().check(value, ctx)
        if value is None:
            return
        if self.min_value is not None and value < self.min_value:
            yield Problem(code="number.too_small", params={"limit": f"{self.min_value:f}"})
        if self.max_value is not None and value > self.max_value:
            yield Problem(code="number.too_big", params={"limit": f"{self.max_value:f}"})

    def cell(self, value: Value, ctx: Context) -> t.Any:
        # A spreadsheet keeps 15 digits; a longer number goes out as text, whole.
        if value is not None and len(value.as_tuple().digits) > EXACT_IN_A_SPREADSHEET:
            return self.text(value, ctx)
        return value

    def from_cell(self, raw: t.Any, ctx: Context) -> Value:
        return self.parse(raw, ctx) if isinstance(raw, str) else self.coerce(raw, ctx)

    def display(self, value: Value, ctx: Context) -> Markup:
        if value is None:
            return Markup()
        return with_unit(
            display_number(value, digit=self.digit, display_scale=self.display_scale), self.unit, self.unit_position
        )

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        if self.min_value is not None and self.max_value is not None and self.min_value > self.max_value:
            yield Problem(code="setting.minimum_above_maximum", path=("minValue",))
        for key, number in (
            ("minValue", self.min_value),
            ("maxValue", self.max_value),
            ("defaultValue", self.default_value),
        ):
            if number and number.adjusted() >= DIGITS - self.scale:
                yield Problem(code="number.too_large", path=(key,), params={"digits": DIGITS - self.scale})

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        return {"data-unit": self.unit, "data-unit-position": self.unit_position.lower()} if self.unit else {}


def with_unit(number: str, unit: str, position: str) -> Markup:
    """A shown number with its unit before or after it."""
    if not unit:
        return escape(number)
    return Markup("{} {}").format(*((unit, number) if position == "BEFORE" else (number, unit)))
