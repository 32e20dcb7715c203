"""DROP_DOWN: one of a list, or none."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

import marshmallow as ma

from lowcode.fields import adapters
from lowcode.fields.context import Context, Value
from lowcode.fields.options import SingleChoice
from lowcode.fields.settings import setting


@dataclass(frozen=True, kw_only=True)
class DropDownField(SingleChoice):
    """One option of a list."""

    type_name: t.ClassVar[str] = "DROP_DOWN"
    widget: t.ClassVar[adapters.Widget] = adapters.Select()

    default_value: str = setting(ma.fields.String(), control="option", label="setting.default_value", default="")

    def default(self, ctx: Context) -> Value:
        return self.coerce_option(self.default_value)

    def form_choices(self, value: Value, ctx: Context) -> Sequence[adapters.FormChoice]:
        nothing = adapters.FormChoice("", "", value is None)
        return [nothing, *super().form_choices(value, ctx)]
