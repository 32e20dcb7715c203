"""ORGANIZATION_SELECT: a choice of organisations."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from lowcode.fields.entity_select import EntitySelectField


@dataclass(frozen=True, kw_only=True)
class OrganizationSelectField(EntitySelectField):
    """Some organisations, with the maker's primary one as a possible default."""

    type_name: t.ClassVar[str] = "ORGANIZATION_SELECT"
    kind: t.ClassVar[t.Literal["USER", "ORGANIZATION", "GROUP"]] = "ORGANIZATION"
