"""LABEL: words on the form. In JSON it stands in the layout only."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from markupsafe import Markup

from lowcode.fields.base import Decoration
from lowcode.fields.context import Context, Value
from lowcode.fields.rich_text import clean


@dataclass(frozen=True, kw_only=True)
class LabelField(Decoration):
    """Formatted words between the fields; the label is the HTML, cleaned when it is shown."""

    type_name: t.ClassVar[str] = "LABEL"

    def display(self, value: Value, ctx: Context) -> Markup:
        return Markup(clean(self.display_label(ctx.locale)))  # noqa: S704  # cleaned
