"""What kintone's settings APIs export becomes a definition: the pieces put together, kintone's numbers left behind."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Iterator, Mapping

from lowcode.definition.layout import LAYOUT_ONLY
from lowcode.errors import invalid

Json = dict[str, t.Any]

SECTIONS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "properties": ("properties",),
    "layout": ("layout",),
    "views": ("views",),
    "status": ("status",),
    "app_acl": ("acl", "app"),
    "record_acl": ("acl", "record"),
    "field_acl": ("acl", "field"),
    "general": ("notifications", "general"),
    "per_record": ("notifications", "perRecord"),
    "reminder": ("notifications", "reminder"),
    "reports": ("reports",),
    "actions": ("actions",),
}
_INNER: t.Final = frozenset({"properties", "layout", "views", "reports", "actions"})
"""Answers that hold their part under a key of the same name."""


def from_exports(
    exports: Mapping[str, Mapping[str, t.Any]], *, code: str = "", app_codes: Mapping[str, str] | None = None
) -> Json:
    """One definition from kintone's answers.

    :param exports: answers by section: ``settings`` (``app/settings.json``), ``properties`` (``app/form/fields.json``),
        ``layout``, ``views``, ``status``, ``app_acl``, ``record_acl``, ``field_acl``, ``general``, ``per_record``,
        ``reminder``, ``reports``, ``actions``. Only ``properties`` must be there.
    :param app_codes: our app codes by kintone's app numbers, for lookups and related records; an app that is not
        among them is called by kintone's code, else ``app<number>``, and waited for.
    :raises Invalid: there is no ``properties``, or an unknown section.
    """
    for section in exports:
        if section != "settings" and section not in SECTIONS:
            raise invalid("definition.unknown_key", section, key=section)
    if not isinstance(exports.get("properties"), Mapping):
        raise invalid("setting.missing", "properties")
    made: Json = {"format": 1, "code": code}
    settings = {key: value for key, value in exports.get("settings", {}).items() if value is not None}
    settings.pop("revision", None)
    made["settings"] = {"name": code or "kintone", **copy.deepcopy(settings)}
    for section, path in SECTIONS.items():
        if section in exports:
            _put(made, path, _body(section, exports[section]))
    _without_nothing(made["properties"])
    for settings in _properties(made["properties"]):
        _name_app(settings, app_codes or {})
    for view in _members(made, "views"):
        view.pop("id", None)
    for key in ("reports", "actions"):
        for part in _members(made, key):
            part.pop("id", None)
    return made


def _body(section: str, answer: Mapping[str, t.Any]) -> t.Any:
    body = copy.deepcopy(dict(answer))
    body.pop("revision", None)
    if section in _INNER:
        # The whole answer, or already what stands inside it.
        return body[section] if isinstance(body.get(section), dict | list) else body
    return body


def _put(made: Json, path: tuple[str, ...], body: t.Any) -> None:
    for key in path[:-1]:
        made = made.setdefault(key, {})
    made[path[-1]] = body


def _properties(properties: t.Any) -> Iterator[Json]:
    for settings in properties.values() if isinstance(properties, dict) else ():
        if isinstance(settings, dict):
            yield settings
            yield from _properties(settings.get("fields"))


def _without_nothing(properties: Json) -> None:
    """Drop ``lookup: null`` (no right on the other app) and parts that stand in the layout only."""
    for code in [c for c, s in properties.items() if isinstance(s, dict) and s.get("type") in LAYOUT_ONLY]:
        del properties[code]
    for settings in _properties(properties):
        for key in ("lookup", "referenceTable"):
            if key in settings and settings[key] is None:
                del settings[key]


def _name_app(settings: Json, app_codes: Mapping[str, str]) -> None:
    for key in ("lookup", "referenceTable"):
        part = settings.get(key)
        related = part.get("relatedApp") if isinstance(part, dict) else None
        if isinstance(related, dict):
            number = str(related.get("app") or "")
            related["code"] = app_codes.get(number) or related.get("code") or f"app{number}"
            related["app"] = number


def _members(made: Json, key: str) -> Iterator[Json]:
    part = made.get(key)
    yield from (member for member in part.values() if isinstance(member, dict)) if isinstance(part, dict) else ()
