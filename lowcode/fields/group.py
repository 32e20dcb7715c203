"""GROUP: fields that fold away together."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import marshmallow as ma

from lowcode.fields.base import Decoration
from lowcode.fields.settings import setting


@dataclass(frozen=True, kw_only=True)
class GroupField(Decoration):
    """A part of the form with a heading; which fields lie in it is said by the layout."""

    type_name: t.ClassVar[str] = "GROUP"
    inside_subtable: t.ClassVar[bool] = False

    open_group: bool = setting(ma.fields.Boolean(), control="check", label="setting.open_group", default=False)
