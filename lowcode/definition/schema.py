"""An app as one frozen value: fields, layout, views, process and rights.

Hashable and comparable, safe to share between threads, cached by (app, version) with nothing to invalidate.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lowcode.definition import formulas
from lowcode.definition.layout import (
    LayoutGroup,
    LayoutItem,
    LayoutPart,
    LayoutRow,
    LayoutSubtable,
    Size,
    items,
)
from lowcode.definition.parts import Opaque, Part
from lowcode.definition.process import Assignee, ProcessAction, State, Status
from lowcode.definition.rights import (
    Acl,
    AppRight,
    AppRights,
    EntityRef,
    FieldRight,
    FieldRights,
    Grantee,
    RecordRight,
    RecordRights,
)
from lowcode.definition.settings import AppSettings, Icon, NumberPrecision, TitleField
from lowcode.definition.views import View
from lowcode.errors import Path
from lowcode.fields.base import Field
from lowcode.fields.subtable import SubtableField

FORMAT = 1
"""The format of definitions that this release writes."""
TITLE_TYPES = ("SINGLE_LINE_TEXT", "SERIAL", "LINK", "MULTI_LINE_TEXT", "NUMBER", "DATE", "DATETIME", "RICH_TEXT")
NO_PROCESS = Status()
NO_RIGHTS = Acl()
NOTHING = Opaque("{}")
NO_RULES = Opaque("[]")


@dataclass(frozen=True, kw_only=True)
class AppDefinition:
    """One version of one app."""

    code: str
    settings: AppSettings
    fields: tuple[Field, ...]
    """Top-level fields in order of id, system fields and subtables among them."""
    layout: tuple[LayoutPart, ...] = ()
    views: tuple[View, ...] = ()
    """In order of ``index``."""
    status: Status = NO_PROCESS
    acl: Acl = NO_RIGHTS
    notifications: Opaque = NOTHING
    reports: Opaque = NOTHING
    actions: Opaque = NOTHING
    rules: Opaque = NO_RULES
    next_id: int = 1

    # -- names -----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The app's name in the language it was made in."""
        return self.settings.name

    def display_name(self, locale: str) -> str:
        """The app's name in the reader's language."""
        return dict(self.settings.names).get(locale, self.settings.name)

    # -- fields ----------------------------------------------------------------------------------

    @functools.cached_property
    def _by_code(self) -> Mapping[str, Field]:
        found: dict[str, Field] = {}
        for field in self.fields:
            found[field.code] = field
            if isinstance(field, SubtableField):
                found.update((inner.code, inner) for inner in field.fields)
        return MappingProxyType(found)

    @functools.cached_property
    def _by_id(self) -> Mapping[int, Field]:
        return MappingProxyType({field.id: field for field in self._by_code.values()})

    @functools.cached_property
    def _subtables(self) -> Mapping[str, SubtableField]:
        return MappingProxyType(
            {inner.code: field for field in self.fields if isinstance(field, SubtableField) for inner in field.fields}
        )

    def field(self, code: str) -> Field:
        """The field with this code, inside a subtable or not. Raises :class:`KeyError`."""
        return self._by_code[code]

    def find(self, code: str) -> Field | None:
        """The field with this code, or None."""
        return self._by_code.get(code)

    def by_id(self, id: int) -> Field | None:
        """The field with this id, or None."""
        return self._by_id.get(id)

    def of_type(self, type_name: str) -> Field | None:
        """The first top-level field of a type (for the system fields, of which there is one each)."""
        return next((field for field in self.fields if field.type_name == type_name), None)

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """Every field, those inside subtables right after their subtable."""
        return tuple(self._by_code.values())

    @property
    def subtables(self) -> tuple[SubtableField, ...]:
        """The subtables in order of id."""
        return tuple(field for field in self.fields if isinstance(field, SubtableField))

    @functools.cached_property
    def field_codes(self) -> frozenset[str]:
        """Codes of all fields, those inside subtables too."""
        return frozenset(self._by_code)

    @functools.cached_property
    def writable_codes(self) -> frozenset[str]:
        """Codes of the fields that people may give values for (a subtable counts)."""
        return frozenset(code for code, field in self._by_code.items() if field.writable)

    def subtable_of(self, code: str) -> SubtableField | None:
        """The subtable that holds the field with this code; None for a top-level field."""
        return self._subtables.get(code)

    def path_of(self, field: Field) -> Path:
        """Where a field stands in the JSON."""
        subtable = self.subtable_of(field.code)
        return ("properties", subtable.code, "fields", field.code) if subtable else ("properties", field.code)

    @functools.cached_property
    def unique_fields(self) -> tuple[Field, ...]:
        """Top-level fields whose values may not occur twice."""
        return tuple(field for field in self.fields if field.is_unique())

    @functools.cached_property
    def layout_order(self) -> tuple[Field, ...]:
        """Top-level fields as they stand on the form, then those that the form does not show."""
        shown = dict.fromkeys(code for _, code, _, subtable in items(self.layout) if code and not subtable)
        found = [self._by_code[code] for code in shown if code in self._by_code]
        return (*found, *(field for field in self.fields if field.code not in shown))

    def inner_order(self, subtable: SubtableField) -> tuple[Field, ...]:
        """The fields of a subtable as they stand on the form."""
        shown = dict.fromkeys(code for _, code, _, table in items(self.layout) if table == subtable.code)
        inner = {field.code: field for field in subtable.fields}
        found = [inner[code] for code in shown if code in inner]
        return (*found, *(field for field in subtable.fields if field.code not in shown))

    @functools.cached_property
    def title_field(self) -> Field:
        """The field that names a record: the chosen one, else the first text on the form, else the record number."""
        chosen = self.settings.title_field
        if chosen.selection_mode == "MANUAL" and (found := self.find(chosen.code)) is not None:
            return found
        for kind in TITLE_TYPES:
            for field in self.layout_order:
                if field.type_name == kind:
                    return field
        return self.of_type("RECORD_NUMBER") or self.fields[0]

    @functools.cached_property
    def holds_personal_data(self) -> bool:
        """Whether the audit log tells who reads: the app is marked, or one of its fields is."""
        return self.settings.personal_data or any(field.personal for field in self.all_fields)

    # -- formulas --------------------------------------------------------------------------------

    @functools.cached_property
    def order(self) -> tuple[str, ...]:
        """Codes of the calculated fields, each after those that it needs."""
        return formulas.order(self.fields)

    # -- rights, views, process ------------------------------------------------------------------

    @property
    def app_rights(self) -> AppRights:
        """Rights on the app as a whole."""
        return self.acl.app

    def view(self, key: int | str) -> View | None:
        """A view by id or by name."""
        return next((view for view in self.views if key in (view.id, view.name)), None)


__all__ = [
    "FORMAT",
    "Acl",
    "AppDefinition",
    "AppRight",
    "AppRights",
    "AppSettings",
    "Assignee",
    "EntityRef",
    "FieldRight",
    "FieldRights",
    "Grantee",
    "Icon",
    "LayoutGroup",
    "LayoutItem",
    "LayoutPart",
    "LayoutRow",
    "LayoutSubtable",
    "NumberPrecision",
    "Opaque",
    "Part",
    "ProcessAction",
    "RecordRight",
    "RecordRights",
    "Size",
    "State",
    "Status",
    "TitleField",
    "View",
]
