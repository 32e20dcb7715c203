"""SINGLE_LINE_TEXT: one line; with ``expression`` it is calculated."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import marshmallow as ma
import sqlalchemy as sa

from lowcode import formula
from lowcode.errors import Invalid, Problem
from lowcode.fields import plain
from lowcode.fields.base import EQUALITY, LIKE, Field, text_column
from lowcode.fields.context import Context, Value
from lowcode.fields.settings import IntegerString, setting
from lowcode.formula.kinds import Fault

MAX_LINE = 10_000
MAX_KEY = 600
"""PostgreSQL refuses index entries of more than 2,704 bytes; 600 characters of four bytes fit."""


@dataclass(frozen=True, kw_only=True)
class LineOfText(Field):
    """What SINGLE_LINE_TEXT and LINK share: one line with a length, searchable and possibly a key."""

    operators: t.ClassVar[tuple[str, ...]] = (*EQUALITY, *LIKE)

    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    unique: bool = setting(ma.fields.Boolean(), control="check", label="setting.unique", default=False)
    min_length: int | None = setting(
        IntegerString(minimum=0, maximum=MAX_LINE), control="number", label="setting.min_length", default=None
    )
    max_length: int | None = setting(
        IntegerString(minimum=1, maximum=MAX_LINE), control="number", label="setting.max_length", default=None
    )
    default_value: str = setting(ma.fields.String(), control="text", label="setting.default_value", default="")

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return text_column()

    def default(self, ctx: Context) -> Value:
        return self.coerce(self.default_value, ctx)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return plain.coerce_text(raw, limit=MAX_LINE)

    def check(self, value: Value, ctx: Context) -> Iterator[Problem]:
        yield from super().check(value, ctx)
        if self.min_length is not None or self.max_length is not None:
            yield from self._length_problems(plain.length(value or ""))
        if self.has_index() and len(value or "") > MAX_KEY:
            yield Problem(code="text.too_long_for_key", params={"limit": MAX_KEY})

    def _length_problems(self, length: int) -> Iterator[Problem]:
        # As kintone: a shortest length refuses the empty text too, a longest one never does.
        if self.min_length is not None and length < self.min_length:
            yield Problem(code="text.too_short", params={"limit": self.min_length, "length": length})
        if self.max_length is not None and length > self.max_length:
            yield Problem(code="text.too_long", params={"limit": self.max_length, "length": length})

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        if self.min_length is not None and self.max_length is not None and self.min_length > self.max_length:
            yield Problem(code="setting.minimum_above_maximum", path=("minLength",))
        try:
            plain.coerce_text(self.default_value, limit=MAX_LINE)
        except Invalid as error:
            yield from (problem.under("defaultValue") for problem in error.problems)

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        # Not `maxlength`: browsers count otherwise than people and cut what is pasted without a word.
        return {"data-max-length": self.max_length} if self.max_length else {}


@dataclass(frozen=True, kw_only=True)
class SingleLineTextField(LineOfText):
    """One line of text."""

    type_name: t.ClassVar[str] = "SINGLE_LINE_TEXT"

    expression: str = setting(ma.fields.String(), control="formula", label="setting.expression", default="")
    hide_expression: bool = setting(
        ma.fields.Boolean(), control="check", label="setting.hide_expression", default=False
    )
    disclose: bool = setting(ma.fields.Boolean(), control="check", label="setting.disclose", default=False)

    @property
    def computes(self) -> bool:
        return bool(self.expression.strip())

    def compute(
        self,
        values: Mapping[str, t.Any] | formula.Get,
        ctx: Context,
        precision: formula.Precision = formula.DEFAULT_PRECISION,
    ) -> Value:
        """The calculated text for a record's other values; None when there is no result or no line could hold it."""
        options = formula.Options(ctx.zone, precision)
        result = formula.parse(self.expression).evaluate(values, zone=ctx.zone, precision=precision)
        try:
            return self.coerce(formula.text(result, options), ctx)
        except (Invalid, Fault):
            return None

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        if self.computes:
            shown = {} if self.hide_expression else {"title": f"= {self.expression}"}
            return {"readonly": True, **shown}
        return super().input_attributes(ctx)
