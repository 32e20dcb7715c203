"""SPACER: an empty place on the form. In JSON it stands in the layout only."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import marshmallow as ma
from markupsafe import Markup

from lowcode.fields.base import Decoration
from lowcode.fields.context import Context, Value
from lowcode.fields.settings import setting


@dataclass(frozen=True, kw_only=True)
class SpacerField(Decoration):
    """An empty place; scripts of an app may fill the element named by ``elementId``."""

    type_name: t.ClassVar[str] = "SPACER"

    element_id: str = setting(
        ma.fields.String(validate=ma.validate.Regexp(r"[A-Za-z0-9_.:-]{0,128}\Z", error="setting.choice")),
        control="text",
        label="setting.element_id",
        default="",
    )

    def display(self, value: Value, ctx: Context) -> Markup:
        return (
            Markup('<div class="spacer" id="{}"></div>').format(self.element_id)
            if self.element_id
            else Markup('<div class="spacer"></div>')
        )
