"""Saved lists, calendars and custom pages."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import marshmallow as ma

from lowcode.definition.parts import Choice, Flag, IntegerString, Names, Part, Text
from lowcode.fields.settings import FrozenMap, setting


@dataclass(frozen=True, kw_only=True)
class View(Part):
    """One view of an app's records. ``filter_cond`` and ``sort`` are texts of the query language."""

    omitted: t.ClassVar[frozenset[str]] = frozenset(
        {"names", "date", "title", "html", "pager", "device", "builtin_type", "fields"}
    )

    id: int = setting(ma.fields.Integer(required=True, strict=True), control="hidden", label="")
    index: int = setting(IntegerString(least=0), control="hidden", label="", default=0)
    type: str = setting(
        Choice("LIST", "CALENDAR", "CUSTOM"), control="select", label="definition.view.type", default="LIST"
    )
    name: str = setting(Text(required=True, shortest=1, longest=128), control="text", label="definition.view.name")
    names: tuple[tuple[str, str], ...] = setting(
        FrozenMap(), control="labels", label="definition.view.names", default=()
    )
    fields: tuple[str, ...] = setting(Names(), control="fields", label="definition.view.fields", default=())
    date: str = setting(Text(), control="field", label="definition.view.date", default="")
    title: str = setting(Text(), control="field", label="definition.view.title", default="")
    html: str = setting(Text(longest=100_000), control="area", label="definition.view.html", default="")
    pager: bool = setting(Flag(), control="check", label="definition.view.pager", default=False)
    device: str = setting(Choice("", "DESKTOP", "ANY"), control="select", label="definition.view.device", default="")
    builtin_type: str = setting(Choice("", "ASSIGNEE"), control="hidden", label="", default="")
    filter_cond: str = setting(Text(longest=10_000), control="query", label="definition.view.filter", default="")
    sort: str = setting(Text(longest=2_000), control="sort", label="definition.view.sort", default="")

    def display_name(self, locale: str) -> str:
        """The name in the reader's language."""
        return dict(self.names).get(locale, self.name)
