"""RADIO_BUTTON: one of a few, all in sight."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import marshmallow as ma

from lowcode import messages
from lowcode.errors import Problem
from lowcode.fields import adapters
from lowcode.fields.context import Context, Value
from lowcode.fields.options import SingleChoice
from lowcode.fields.settings import setting


@dataclass(frozen=True, kw_only=True)
class RadioButtonField(SingleChoice):
    """One option of a few.

    As in kintone, ``required`` is asked for in the form only and never of API clients or imports, and a new record
    has the first option when no ``defaultValue`` is given. ``defaultValue: ""`` (ours) starts with none chosen.
    """

    type_name: t.ClassVar[str] = "RADIO_BUTTON"
    widget: t.ClassVar[adapters.Widget] = adapters.Choices("radio")

    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=True)
    default_value: str | None = setting(
        ma.fields.String(allow_none=True), control="option", label="setting.default_value", default=None
    )
    align: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(["HORIZONTAL", "VERTICAL"], error="setting.choice")),
        control="select",
        label="setting.align",
        default="HORIZONTAL",
    )

    def default(self, ctx: Context) -> Value:
        if self.default_value is None:
            return next((option.id for option in self.offered()), None)
        return self.coerce_option(self.default_value)

    def is_required(self) -> bool:
        return False

    def form_check(self, value: Value, ctx: Context) -> Iterator[Problem]:
        yield from super().form_check(value, ctx)
        if self.required and value is None:
            yield Problem(code="required")

    def form_choices(self, value: Value, ctx: Context) -> Sequence[adapters.FormChoice]:
        offered = super().form_choices(value, ctx)
        if self.required:
            return offered
        # A radio button cannot be cleared by pressing it again, so "none" is a button of its own.
        return [*offered, adapters.FormChoice("", messages.text("choice.none", ctx.locale), value is None)]

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        required = {"aria-required": "true"} if self.required else {}
        return {"class": "choices choices-column" if self.align == "VERTICAL" else "choices", **required}
