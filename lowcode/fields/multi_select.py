"""MULTI_SELECT: any number of a long list."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from lowcode.fields import adapters
from lowcode.fields.check_box import ManyChoice


@dataclass(frozen=True, kw_only=True)
class MultiSelectField(ManyChoice):
    """Any number of options of a list."""

    type_name: t.ClassVar[str] = "MULTI_SELECT"
    widget: t.ClassVar[adapters.Widget] = adapters.Select(multiple=True)
