"""MODIFIER: who changed the record last."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from lowcode.fields.creator import PersonField


@dataclass(frozen=True, kw_only=True)
class ModifierField(PersonField):
    """Who changed the record last."""

    type_name: t.ClassVar[str] = "MODIFIER"
    system_column: t.ClassVar[str] = "updated_by"
