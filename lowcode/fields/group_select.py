"""GROUP_SELECT: a choice of groups."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from lowcode.fields.entity_select import EntitySelectField


@dataclass(frozen=True, kw_only=True)
class GroupSelectField(EntitySelectField):
    """Some groups."""

    type_name: t.ClassVar[str] = "GROUP_SELECT"
    kind: t.ClassVar[t.Literal["USER", "ORGANIZATION", "GROUP"]] = "GROUP"
