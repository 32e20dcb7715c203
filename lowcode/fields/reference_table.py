"""REFERENCE_TABLE: records of another app (or of this one) that belong to the record, as a list."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import marshmallow as ma

from lowcode.fields.base import Decoration, setting
from lowcode.fields.related import AppRef
from lowcode.fields.settings import FrozenList, Nested

SIZES = ("1", "3", "5", "10", "20", "30", "40", "50")


@dataclass(frozen=True, kw_only=True)
class Join:
    """Which records belong: those whose ``related_field`` equals this record's ``field``."""

    field: str = setting(ma.fields.String(required=True), control="field", label="setting.own_field")
    related_field: str = setting(
        ma.fields.String(required=True), control="related_field", label="setting.related_field"
    )


@dataclass(frozen=True, kw_only=True)
class ReferenceTable:
    """Which records are listed, how many, in which order and with which columns."""

    related_app: AppRef = setting(Nested(AppRef, required=True), control="app", label="setting.related_app")
    condition: Join = setting(Nested(Join, required=True), control="join", label="setting.join")
    filter_cond: str = setting(ma.fields.String(), control="condition", label="setting.filter_cond", default="")
    display_fields: tuple[str, ...] = setting(
        FrozenList(ma.fields.String()), control="related_fields", label="setting.display_fields", default=()
    )
    sort: str = setting(ma.fields.String(), control="sort", label="setting.sort", default="")
    size: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(SIZES, error="setting.choice")),
        control="select",
        label="setting.size",
        default="5",
    )

    @property
    def limit(self) -> int:
        """How many records one page of the list holds."""
        return int(self.size)


@dataclass(frozen=True, kw_only=True)
class ReferenceTableField(Decoration):
    """A list of related records on the record's page. It holds no value; the runtime asks for the records."""

    type_name: t.ClassVar[str] = "REFERENCE_TABLE"
    inside_subtable: t.ClassVar[bool] = False

    reference_table: ReferenceTable = setting(
        Nested(ReferenceTable, required=True), control="reference_table", label="setting.reference_table"
    )
