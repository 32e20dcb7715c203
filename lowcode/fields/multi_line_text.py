"""MULTI_LINE_TEXT: text of several lines, found by its words."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup, escape

from lowcode.errors import Invalid, Problem
from lowcode.fields import adapters, plain
from lowcode.fields.base import EMPTY_OPERATORS, LIKE, Field, text_column
from lowcode.fields.context import Context, Value
from lowcode.fields.settings import setting

MAX_TEXT = 1_000_000


@dataclass(frozen=True, kw_only=True)
class MultiLineTextField(Field):
    """Several lines of text; text of white space alone counts as none."""

    type_name: t.ClassVar[str] = "MULTI_LINE_TEXT"
    operators: t.ClassVar[tuple[str, ...]] = (*LIKE, *EMPTY_OPERATORS)
    widget: t.ClassVar[adapters.Widget] = adapters.TextArea()
    sortable: t.ClassVar[bool] = False

    # Not a setting here: words are found through the search table.
    indexed: bool = False
    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    default_value: str = setting(ma.fields.String(), control="textarea", label="setting.default_value", default="")

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return text_column()

    def has_index(self) -> bool:
        return False

    def default(self, ctx: Context) -> Value:
        return self.coerce(self.default_value, ctx)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        text = plain.coerce_text(raw, limit=MAX_TEXT, lines=True)
        return text if text and text.strip() else None

    def display(self, value: Value, ctx: Context) -> Markup:
        return Markup("<br>").join(escape(line) for line in self.text(value, ctx).split("\n"))

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        try:
            plain.coerce_text(self.default_value, limit=MAX_TEXT, lines=True)
        except Invalid as error:
            yield from (problem.under("defaultValue") for problem in error.problems)
