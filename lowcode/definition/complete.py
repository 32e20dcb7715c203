"""What a file may leave out is put in: system fields, places on the form, rights, ids."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Iterator, Mapping

from lowcode.definition.ids import assign_ids
from lowcode.definition.rights import DEFAULT_APP_RIGHTS
from lowcode.definition.system_fields import RESERVED, SYSTEM_FIELDS, SYSTEM_TYPES

Json = dict[str, t.Any]


def complete(raw: Mapping[str, t.Any]) -> Json:
    """A copy with everything filled in that may be left out; what is malformed stays for the check to name."""
    made = copy.deepcopy(dict(raw))
    properties = made.setdefault("properties", {})
    if isinstance(properties, dict):
        _fill_properties(properties)
        _add_system_fields(properties)
        layout = made.get("layout")
        if layout is None:
            layout = made["layout"] = []
        if isinstance(layout, list):
            _append_missing(properties, layout)
    acl = made.setdefault("acl", {})
    if isinstance(acl, dict):
        acl.setdefault("app", DEFAULT_APP_RIGHTS.to_json())
    return assign_ids(made)


def _fill_properties(properties: Json) -> None:
    """``code`` is the key and ``label`` the code, where they are left out, as in kintone."""
    for code, settings in properties.items():
        if isinstance(settings, dict):
            settings.setdefault("code", code)
            settings.setdefault("label", settings["code"])
            if settings.get("type") == "SUBTABLE" and isinstance(inner := settings.get("fields"), dict):
                _fill_properties(inner)


def _add_system_fields(properties: Json) -> None:
    kinds = [p.get("type") for p in properties.values() if isinstance(p, Mapping)]
    present = {kind for kind in kinds if isinstance(kind, str)}
    for kind, code, english in SYSTEM_FIELDS:
        if kind not in present and code not in properties:
            properties[code] = {"type": kind, "code": code, "label": code, "labels": {"en": english}}


def _mentioned(layout: t.Any) -> Iterator[tuple[str, t.Any]]:
    """Codes that the layout names, each with its part; follows kintone's nesting and skips what is malformed."""
    for part in layout if isinstance(layout, list) else ():
        if isinstance(part, dict):
            if isinstance(code := part.get("code"), str):
                yield code, part
            yield from _mentioned(part.get("layout"))
            yield from _mentioned(part.get("fields"))


def _append_missing(properties: Json, layout: list[t.Any]) -> None:
    places = dict(_mentioned(layout))
    for code, place in places.items():
        # The property says what a field is; a place that still names its former type just follows.
        kind = properties[code].get("type") if isinstance(properties.get(code), dict) else None
        if isinstance(kind, str) and place.get("type") not in ("SUBTABLE", "GROUP"):
            place["type"] = kind
    for code, settings in properties.items():
        if not isinstance(settings, dict) or not isinstance(kind := settings.get("type"), str):
            continue
        if kind in SYSTEM_TYPES:
            continue
        if code not in places:
            if kind == "SUBTABLE":
                places[code] = {"type": kind, "code": code, "fields": []}
                layout.append(places[code])
            elif kind == "GROUP":
                layout.append({"type": kind, "code": code, "layout": []})
            else:
                layout.append({"type": "ROW", "fields": [{"type": kind, "code": code}]})
        inner = settings.get("fields")
        if kind == "SUBTABLE" and isinstance(inner, dict):
            columns = places[code].setdefault("fields", [])
            for inner_code, inner_settings in inner.items():
                if isinstance(columns, list) and isinstance(inner_settings, dict) and inner_code not in places:
                    columns.append({"type": inner_settings.get("type", ""), "code": inner_code})


__all__ = ["RESERVED", "SYSTEM_FIELDS", "SYSTEM_TYPES", "complete"]
