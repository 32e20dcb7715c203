"""USER_SELECT: a choice of users."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from lowcode.fields.entity_select import EntitySelectField


@dataclass(frozen=True, kw_only=True)
class UserSelectField(EntitySelectField):
    """Some users, with whoever makes the record as a possible default."""

    type_name: t.ClassVar[str] = "USER_SELECT"
    kind: t.ClassVar[t.Literal["USER", "ORGANIZATION", "GROUP"]] = "USER"
