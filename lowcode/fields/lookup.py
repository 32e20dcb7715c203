"""LOOKUP: a text, number or link that names a record of another app and copies values from it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import marshmallow as ma
import sqlalchemy as sa

from lowcode.errors import Problem
from lowcode.fields import adapters, form_widgets
from lowcode.fields.base import Field, setting
from lowcode.fields.link import LinkField
from lowcode.fields.number import NumberField
from lowcode.fields.related import AppRef
from lowcode.fields.settings import FrozenList, Nested
from lowcode.fields.text import SingleLineTextField

FRESHNESS = ("COPY", "FRESH", "DRIFT")


@dataclass(frozen=True, kw_only=True)
class FieldMapping:
    """Copy ``related_field`` of the found record into ``field`` of this one."""

    field: str = setting(ma.fields.String(required=True), control="field", label="setting.own_field")
    related_field: str = setting(
        ma.fields.String(required=True), control="related_field", label="setting.related_field"
    )


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """Which app is searched by which key, what is copied, and what the picker shows.

    ``freshness``: ``COPY`` copies once, as kintone does; ``FRESH`` follows later changes of the source within
    the transaction that makes them; ``DRIFT`` copies once and shows where the source has moved on.
    """

    related_app: AppRef = setting(Nested(AppRef, required=True), control="app", label="setting.related_app")
    related_key_field: str = setting(
        ma.fields.String(required=True), control="related_field", label="setting.related_key_field"
    )
    field_mappings: tuple[FieldMapping, ...] = setting(
        FrozenList(Nested(FieldMapping)), control="mappings", label="setting.field_mappings", default=()
    )
    lookup_picker_fields: tuple[str, ...] = setting(
        FrozenList(ma.fields.String()), control="related_fields", label="setting.lookup_picker_fields", default=()
    )
    filter_cond: str = setting(ma.fields.String(), control="condition", label="setting.filter_cond", default="")
    sort: str = setting(ma.fields.String(), control="sort", label="setting.sort", default="")
    freshness: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(FRESHNESS, error="setting.choice")),
        control="select",
        label="setting.freshness",
        default="COPY",
    )


@dataclass(frozen=True, kw_only=True)
class LookupField(Field):
    """What the three kinds of lookup share; each is also a field of its base type.

    The id of the source record stands in a second column, so that a renamed key loses no source. Finding the
    record and copying are the record service's work.
    """

    widget: t.ClassVar[adapters.Widget] = form_widgets.LookupInput()

    # Not a setting here: a lookup always has an index.
    indexed: bool = False
    lookup: Lookup = setting(Nested(Lookup, required=True), control="lookup", label="setting.lookup")

    @property
    def source_column(self) -> str:
        """The column that holds the id of the source record."""
        return f"{self.column_name}_r"

    @property
    def copy_targets(self) -> tuple[str, ...]:
        """Codes of the fields that are filled from the source; what people send for them is ignored."""
        return tuple(mapping.field for mapping in self.lookup.field_mappings)

    @property
    def keeps_fresh(self) -> bool:
        """Whether later changes of the source are written through."""
        return self.lookup.freshness == "FRESH"

    @property
    def shows_drift(self) -> bool:
        """Whether screens mark copies that differ from the source as it is now."""
        return self.lookup.freshness == "DRIFT"

    def columns(self) -> tuple[sa.Column[t.Any], ...]:
        return (*super().columns(), sa.Column(self.source_column, sa.BigInteger(), nullable=True, index=True))

    def has_index(self) -> bool:
        return True  # related records and roll-ups find the children of a record by this value

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        seen: set[str] = set()
        for index, mapping in enumerate(self.lookup.field_mappings):
            where = ("lookup", "fieldMappings", index, "field")
            if mapping.field == self.code:
                yield Problem(code="lookup.copies_onto_itself", path=where, params={"field": mapping.field})
            elif mapping.field in seen:
                yield Problem(code="lookup.target_twice", path=where, params={"field": mapping.field})
            seen.add(mapping.field)


# A lookup has no limits, uniqueness or default of its own: the key's app rules over them. Attributes without
# `setting` are no settings, so a definition that gives one is told that it would do nothing.


@dataclass(frozen=True, kw_only=True)
class LookupTextField(LookupField, SingleLineTextField):
    """A lookup by a text."""

    unique: bool = False
    min_length: int | None = None
    max_length: int | None = None
    default_value: str = ""
    expression: str = ""
    hide_expression: bool = False
    disclose: bool = False


@dataclass(frozen=True, kw_only=True)
class LookupNumberField(LookupField, NumberField):
    """A lookup by a number."""

    unique: bool = False
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    default_value: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class LookupLinkField(LookupField, LinkField):
    """A lookup by a link."""

    unique: bool = False
    min_length: int | None = None
    max_length: int | None = None
    default_value: str = ""


LOOKUPS: t.Final[t.Mapping[str, type[LookupField]]] = {
    kind.type_name: kind for kind in (LookupTextField, LookupNumberField, LookupLinkField)
}
"""The class of a property that has a ``lookup`` key, by its type."""

__all__ = [
    "FRESHNESS",
    "LOOKUPS",
    "FieldMapping",
    "Lookup",
    "LookupField",
    "LookupLinkField",
    "LookupNumberField",
    "LookupTextField",
]
