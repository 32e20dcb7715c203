"""JSON ↔ :class:`AppDefinition`. Loading reports every problem at once, each with its path into the JSON."""

from __future__ import annotations

import functools
import hashlib
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

import marshmallow as ma
import orjson

from lowcode.definition.check import check
from lowcode.definition.complete import complete
from lowcode.definition.layout import load_layout
from lowcode.definition.parts import ByName, Kept, One, Opaque, Part, problems_from, shown
from lowcode.definition.process import Status
from lowcode.definition.queries import QueryChecker
from lowcode.definition.rights import Acl
from lowcode.definition.schema import FORMAT, AppDefinition
from lowcode.definition.settings import AppSettings
from lowcode.definition.upgrade import upgrade
from lowcode.definition.views import View
from lowcode.errors import Invalid, Path, Problem
from lowcode.fields.base import Field
from lowcode.fields.registry import load_field
from lowcode.fields.settings import settings_schema
from lowcode.fields.status import StatusField
from lowcode.fields.subtable import SubtableField

Json = dict[str, t.Any]

KEYS: t.Final = (
    "format",
    "code",
    "settings",
    "properties",
    "layout",
    "views",
    "status",
    "acl",
    "notifications",
    "reports",
    "actions",
    "rules",
    "nextId",
)
"""The keys of a definition, in the order in which they are written."""
MAX_FIELDS: t.Final = 500
MAX_VIEWS: t.Final = 1_000
OWN_DEFAULTS: t.Final[Mapping[str, t.Any]] = {
    "labels": {},
    "hint": "",
    "personal": "",
    "indexed": False,
    "column": "",
    "disclose": False,
}
"""Keys of ours that a property leaves out while they say nothing."""
_NAMES_NO_FIELD: t.Final = frozenset({"definition.no_such_field", "formula.unknown_field"})
_SECTIONS: t.Final[Mapping[str, ma.fields.Field[t.Any]]] = {
    "settings": One(AppSettings),
    "views": ByName(View, most=MAX_VIEWS),
    "status": One(Status),
    "acl": One(Acl),
    "notifications": Kept(dict),
    "reports": Kept(dict),
    "actions": Kept(dict),
    "rules": Kept(list),
}


def load(
    raw: t.Any,
    *,
    known_apps: Mapping[str, AppDefinition] | None = None,
    query_checker: QueryChecker | None = None,
) -> AppDefinition:
    """The definition that ``raw`` describes; what files may leave out is filled in.

    :param known_apps: the other apps by code, to check what refers to them; None leaves that unchecked, and an
        app that is not among them is no mistake: the part waits for it (:func:`lowcode.definition.waiting`).
    :param query_checker: looks into filter and sort texts (they belong to a layer above).
    :raises Invalid: with every problem; each path leads into the JSON.
    """
    definition, problems = read(raw, known_apps=known_apps, query_checker=query_checker)
    if problems or definition is None:
        raise Invalid(problems)
    return definition


def read(
    raw: t.Any,
    *,
    known_apps: Mapping[str, AppDefinition] | None = None,
    query_checker: QueryChecker | None = None,
) -> tuple[AppDefinition | None, tuple[Problem, ...]]:
    """As :func:`load`, but everything that can be read comes back beside the problems (for the designer)."""
    if not isinstance(raw, Mapping):
        return None, (Problem(code="setting.not_a_map"),)
    try:
        whole = complete(upgrade(raw))
    except Invalid as error:
        return None, error.problems
    except RecursionError:
        return None, (Problem(code="definition.too_deep"),)
    reading = _Reading(whole)
    definition = reading.definition()
    if definition is None:
        return None, tuple(reading.problems)
    found = check(definition, known_apps=known_apps, query_checker=query_checker)
    # A field that could not be read has said so itself; whatever names it is not wrong for that.
    unread = _codes(whole) - definition.field_codes
    return definition, (
        *reading.problems,
        *(p for p in found if p.code not in _NAMES_NO_FIELD or p.params.get("code") not in unread),
    )


@dataclass
class _Reading:
    """One pass over a completed definition, collecting problems."""

    whole: Json
    problems: list[Problem] = field(default_factory=list)

    def definition(self) -> AppDefinition | None:
        for key in self.whole:
            if key not in KEYS:
                self._wrong("definition.unknown_key", (str(key),), key=str(key)[:40])
        code = self.whole.get("code", "")
        if not isinstance(code, str):
            self._wrong("setting.wrong_type", ("code",), value=shown(code))
            code = ""
        parts = {key: self._section(key, schema) for key, schema in _SECTIONS.items()}
        fields = self._fields()
        try:
            layout = load_layout(self.whole.get("layout"))
        except ma.ValidationError as error:
            self.problems.extend(problems_from(error.messages, self.whole["layout"], ("layout",)))
            layout = ()
        if parts["settings"] is None:
            # A stand-in, so that everything else is looked at too; the problem itself has been noted.
            parts["settings"] = AppSettings(name=code or "?")
        present = {key: value for key, value in parts.items() if value is not None}
        if (status := present.get("status")) is not None:
            fields = tuple(f.with_states(status.states) if isinstance(f, StatusField) else f for f in fields)
        return AppDefinition(
            code=code,
            fields=fields,
            layout=layout,
            next_id=self.whole["nextId"],
            **present,
        )

    def _section(self, key: str, schema: ma.fields.Field[t.Any]) -> t.Any:
        if key not in self.whole and key != "settings":
            return None
        if key == "status" and isinstance(status := self.whole[key], Mapping):
            # kintone sends null for a process that was never set up.
            self.whole[key] = {name: value for name, value in status.items() if value is not None}
        try:
            return schema.deserialize(self.whole.get(key, {}))
        except ma.ValidationError as error:
            self.problems.extend(problems_from(error.messages, self.whole.get(key), (key,)))
            return None

    def _fields(self) -> tuple[Field, ...]:
        properties = self.whole.get("properties")
        if not isinstance(properties, Mapping):
            self._wrong("setting.not_a_map", ("properties",))
            return ()
        count = sum(1 + len(_inner(settings)) for settings in properties.values())
        if count > MAX_FIELDS:
            self._wrong("definition.too_many_fields", ("properties",), limit=MAX_FIELDS, count=count)
            return ()
        found = []
        for code, settings in properties.items():
            if not isinstance(code, str) or not isinstance(settings, Mapping):
                self._wrong("setting.not_a_map", ("properties", str(code)))
                continue
            try:
                found.append(load_field(code, _inner_by_id(settings)))
            except Invalid as error:
                self.problems.extend(problem.under("properties", code) for problem in error.problems)
        return tuple(sorted(found, key=lambda f: (f.id, f.code)))

    def _wrong(self, code: str, path: Path, **params: t.Any) -> None:
        self.problems.append(Problem(code=code, path=path, params=params))


def _codes(whole: Json) -> set[str]:
    """The codes of everything that stands in ``properties``, readable or not."""
    properties = whole.get("properties")
    pairs = properties.items() if isinstance(properties, Mapping) else ()
    return {str(code) for outer, settings in pairs for code in (outer, *_inner(settings))}


def _inner(settings: t.Any) -> Mapping[str, t.Any]:
    found = settings.get("fields") if isinstance(settings, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _inner_by_id(settings: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """A subtable's fields in order of id, so that the order of keys in a file means nothing."""
    inner = _inner(settings)
    if not inner:
        return settings
    ordered = sorted(inner.items(), key=lambda pair: (_number(pair[1]), pair[0]))
    return {**settings, "fields": dict(ordered)}


def _number(settings: t.Any) -> int:
    found = settings.get("id") if isinstance(settings, Mapping) else None
    return found if isinstance(found, int) else 0


def dump(definition: AppDefinition) -> Json:
    """The definition as JSON, always in the same order; :func:`load` gives the same definition back."""
    made: Json = {
        "format": FORMAT,
        "code": definition.code,
        "settings": definition.settings.to_json(),
        "properties": {f.code: property_json(f) for f in definition.fields},
        "layout": [part.to_json() for part in definition.layout],
        "views": {view.name: view.to_json() for view in definition.views},
        "status": definition.status.to_json(),
        "acl": definition.acl.to_json(),
        "notifications": definition.notifications.value,
        "reports": definition.reports.value,
        "actions": definition.actions.value,
        "rules": definition.rules.value,
        "nextId": definition.next_id,
    }
    return made


def property_json(field: Field) -> Json:
    """A field as it stands in ``properties``, without own keys that say nothing."""
    made = {
        key: value
        for key, value in field.to_json().items()
        if OWN_DEFAULTS.get(key, value) != value or key not in OWN_DEFAULTS
    }
    if isinstance(field, SubtableField):
        made["fields"] = {inner.code: property_json(inner) for inner in field.fields}
    return made


def dumps(definition: AppDefinition) -> str:
    """The text that ``app_versions.definition`` keeps."""
    return orjson.dumps(dump(definition)).decode()


@functools.lru_cache(maxsize=64)
def loads(text: str) -> AppDefinition:
    """The definition from a kept text; the same text gives the same value, so the last few are remembered.

    It was checked as a whole before it was kept, and is not checked again: a rule that a later release adds must
    not make an app unusable. :raises Invalid: when it cannot be read at all.
    """
    reading = _Reading(complete(upgrade(orjson.loads(text))))
    definition = reading.definition()
    if definition is None or reading.problems:
        raise Invalid(reading.problems)
    return definition


def digest(text: str) -> str:
    """The hash of a kept text, by which a draft knows what it was based on."""
    return hashlib.sha256(text.encode()).hexdigest()


def schemas() -> dict[str, type[ma.Schema]]:
    """Every schema of a definition's own parts by name, for the page that documents the keys."""
    found: dict[str, type[ma.Schema]] = {}
    stack: list[type[Part]] = [Part]
    while stack:
        part = stack.pop()
        stack.extend(part.__subclasses__())
        if part is not Part:
            found[part.__name__] = settings_schema(part)
    return found


__all__ = ["KEYS", "Opaque", "digest", "dump", "dumps", "load", "loads", "property_json", "read", "schemas"]
