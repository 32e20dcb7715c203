"""HR: a line across the form. In JSON it stands in the layout only."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from markupsafe import Markup

from lowcode.fields.base import Decoration
from lowcode.fields.context import Context, Value


@dataclass(frozen=True, kw_only=True)
class HrField(Decoration):
    """A line."""

    type_name: t.ClassVar[str] = "HR"

    def display(self, value: Value, ctx: Context) -> Markup:
        return Markup("<hr>")
