"""The settings form of a field, drawn from what its type says about its settings, and read back into JSON.

Names in the form: ``s.<key>``, and inside a lookup, roll-up or list of related records ``s.<key>.<inner key>``.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import marshmallow as ma
from werkzeug.datastructures import MultiDict

from lowcode.definition.schema import AppDefinition
from lowcode.designer import options
from lowcode.designer.options import OptionRow
from lowcode.errors import Problem
from lowcode.fields.base import Field
from lowcode.fields.lookup import LOOKUPS
from lowcode.fields.registry import TYPES
from lowcode.fields.settings import Nested, json_key
from lowcode.web import i18n
from lowcode.web.forms import Option

Json = dict[str, t.Any]
Form = MultiDict[str, str]

HIDDEN: t.Final = frozenset({"hidden", "fields"})
MORE: t.Final = frozenset(
    {"noLabel", "labels", "personal", "indexed", "scale", "elementId", "hideExpression", "disclose"}
)
"""Settings that most people never need: folded away."""
NESTED: t.Final = frozenset({"lookup", "rollup", "reference_table", "join"})
LINES: t.Final = frozenset({"option-list", "entities", "related_fields", "mappings"})
WIDE: t.Final = frozenset({"textarea", "rich-text", "formula", "condition", "options", *LINES})


@dataclass
class Control:
    """One control of a settings form."""

    key: str
    name: str
    kind: str
    label: str
    value: t.Any
    choices: Sequence[Option] = ()
    errors: list[str] = field(default_factory=list)
    hint: str = ""
    wide: bool = False
    inner: list[Control] = field(default_factory=list)
    rows: list[OptionRow] = field(default_factory=list)
    listed: Sequence[str] = ()
    """What may be typed, offered by the browser."""


def field_type(settings: Mapping[str, t.Any]) -> type[Field] | None:
    """The class of a property; None when its type is unknown."""
    kind = settings.get("type")
    if not isinstance(kind, str):
        return None
    return LOOKUPS.get(kind) if "lookup" in settings else TYPES.get(kind)


# -- drawing ---------------------------------------------------------------------------------------


def draw(
    kind: type[Field],
    settings: Mapping[str, t.Any],
    *,
    own: Iterable[str],
    apps: Mapping[str, AppDefinition],
    problems: Iterable[Problem] = (),
    form: Form | None = None,
    published: Iterable[int] = (),
) -> list[Control]:
    """The controls of a field.

    :param own: codes of the app's fields. :param apps: the apps that may be referred to.
    :param problems: what is wrong, paths inside the property. :param form: what was typed, shown again as it was.
    :param published: ids of options that are in use, whose keys stay.
    """
    drawn = _Drawing(tuple(own), apps, form)
    found = []
    for data in kind.controls():
        if data["control"] in HIDDEN or data["key"] in ("code", "label"):
            continue
        value = settings.get(data["key"], data["default"])
        control = drawn.control(data["key"], f"s.{data['key']}", data["control"], data["label"], value, data["choices"])
        if data["control"] == "options":
            control.rows = options.rows(value, form, control.name, frozenset(published))
        elif data["control"] in NESTED:
            control.inner = drawn.nested(_part_of(kind, data["key"]), value, control.name)
        found.append(control)
    for control in found:
        control.listed = _listed(control, settings)
        _mark(control, problems)
    return found


def _listed(control: Control, settings: Mapping[str, t.Any]) -> Sequence[str]:
    if control.kind != "option":
        return control.listed
    return [str(o.get("label", key)) for key, o in (settings.get("options") or {}).items() if isinstance(o, Mapping)]


def _mark(control: Control, problems: Iterable[Problem]) -> None:
    for problem in problems:
        if not problem.path or problem.path[0] != control.key:
            continue
        target = control
        for step in problem.path[1:]:
            target = next((each for each in target.inner if each.key == step), target)
        sentence = i18n.sentence(problem)
        if sentence not in target.errors:
            target.errors.append(sentence)


def _part_of(owner: t.Any, key: str) -> t.Any:
    """The dataclass of a nested setting."""
    for attribute in dataclasses.fields(owner):
        if "schema" in attribute.metadata and json_key(attribute) == key:
            schema = attribute.metadata["schema"]
            return schema.part if isinstance(schema, Nested) else None
    return None


class _Drawing:
    def __init__(self, own: tuple[str, ...], apps: Mapping[str, AppDefinition], form: Form | None) -> None:
        self.own, self.apps, self.form = own, apps, form

    def control(
        self, key: str, name: str, kind: str, label: str, value: t.Any, choices: Sequence[str] | None
    ) -> Control:
        """One control with its value as text."""
        made = Control(key, name, kind, i18n.translate(label), as_text(kind, value), wide=kind in WIDE)
        hint = i18n.translate(f"designer.hint.{kind}")
        made.hint = "" if hint.startswith("designer.hint.") else hint
        if self.form is not None and kind not in NESTED:
            made.value = (name in self.form) if kind == "check" else self.form.get(name, made.value)
        if choices is not None:
            made.choices = [Option(each, _choice(each)) for each in choices]
        elif kind == "app":
            made.choices = [Option(code, each.display_name(i18n.locale())) for code, each in sorted(self.apps.items())]
        elif kind in ("field",):
            made.listed = self.own
        return made

    def nested(self, part: t.Any, value: t.Any, name: str) -> list[Control]:
        """The controls of a lookup, a roll-up, a list of related records."""
        given = value if isinstance(value, Mapping) else {}
        found = []
        for attribute in dataclasses.fields(part) if part is not None else ():
            data = attribute.metadata
            if "schema" not in data or data["control"] == "hidden":
                continue
            key = json_key(attribute)
            default = None if attribute.default is dataclasses.MISSING else attribute.default
            choices = next(
                (list(v.choices) for v in data["schema"].validators if isinstance(v, ma.validate.OneOf)), None
            )
            inner = self.control(key, f"{name}.{key}", data["control"], data["label"], given.get(key, default), choices)
            if data["control"] in NESTED:
                inner.inner = self.nested(_part_of(part, key), given.get(key), inner.name)
            elif data["control"] == "related_field":
                related = given.get("relatedApp")
                app = str(related.get("code", "")) if isinstance(related, Mapping) else ""
                inner.listed = sorted(self.apps[app].field_codes) if app in self.apps else ()
            found.append(inner)
        return found


def _choice(value: str) -> str:
    if not value:
        return i18n.translate("designer.none")
    words = i18n.translate(f"setting.value.{value}")
    return value if words.startswith("setting.value.") else words


def as_text(kind: str, value: t.Any) -> t.Any:
    """The JSON of a setting as its control shows it."""
    match kind:
        case "check":
            return bool(value)
        case "labels":
            return value.get("en", "") if isinstance(value, Mapping) else ""
        case "app":
            return str(value.get("code", "")) if isinstance(value, Mapping) else ""
        case "option-list" | "related_fields":
            return "\n".join(str(each) for each in value) if isinstance(value, list | tuple) else str(value or "")
        case "entities":
            found = [each for each in value or () if isinstance(each, Mapping)] if isinstance(value, list) else []
            return "\n".join(f"{each.get('type', '')}:{each.get('code', '')}" for each in found)
        case "mappings":
            found = [each for each in value or () if isinstance(each, Mapping)] if isinstance(value, list) else []
            return "\n".join(f"{each.get('field', '')} = {each.get('relatedField', '')}" for each in found)
    if value is None or isinstance(value, Mapping | list | tuple):
        return ""
    return str(value)


# -- reading ---------------------------------------------------------------------------------------


def read(kind: type[Field], form: Form, before: Mapping[str, t.Any]) -> tuple[Json, dict[str, str]]:
    """The property as the form says it, and the new labels of options that are in use, by key.

    What the form does not show stays as it was.
    """
    made: Json = dict(before)
    renamed: dict[str, str] = {}
    for data in kind.controls():
        key, control, name = data["key"], data["control"], f"s.{data['key']}"
        if control in HIDDEN or key in ("code", "label"):
            continue
        if control == "options":
            made[key], renamed = options.read(form, name, before.get(key))
        elif control in NESTED:
            made[key] = _read_nested(_part_of(kind, key), form, name, before.get(key))
        else:
            _read_one(made, key, control, name, form, data["default"])
    if "options" in made:
        _default_by_key(made)
    return made, renamed


def _read_one(made: Json, key: str, control: str, name: str, form: Form, default: t.Any) -> None:
    if control == "check":
        made[key] = name in form
        return
    if name not in form:
        return
    text = form[name].replace("\r\n", "\n")
    match control:
        case "labels":
            rest = {k: v for k, v in (made.get(key) or {}).items() if k != "en"}
            made[key] = {**rest, **({"en": text.strip()} if text.strip() else {})}
        case "number" if isinstance(default, int) and text.strip().isascii() and text.strip().isdigit():
            made[key] = int(text)
        case "number" if isinstance(default, int) and not text.strip():
            made[key] = default
        case "option" if default is None and not text.strip():
            made[key] = None
        case "textarea" | "rich-text":
            made[key] = text
        case "app":
            made[key] = {"code": text.strip()}
        case "formula" | "condition":
            made[key] = " ".join(text.split("\n")).strip()
        case "option-list" | "related_fields":
            made[key] = [line.strip() for line in text.split("\n") if line.strip()]
        case "entities":
            made[key] = _entities(text, made.get(key))
        case "mappings":
            pairs = (line.partition("=") for line in text.split("\n") if line.strip())
            made[key] = [{"field": own.strip(), "relatedField": other.strip()} for own, _, other in pairs]
        case _:
            made[key] = text.strip()


def _entities(text: str, before: t.Any) -> list[Json]:
    old = {(e.get("type"), e.get("code")): e for e in before or () if isinstance(e, Mapping)}
    found: list[Json] = []
    for line in text.split("\n"):
        if line.strip():
            kind, colon, code = line.strip().partition(":")
            kind, code = (kind.strip().upper(), code.strip()) if colon else ("USER", kind.strip())
            found.append(dict(old.get((kind, code), {"type": kind, "code": code})))
    return found


def _read_nested(part: t.Any, form: Form, name: str, before: t.Any) -> Json:
    made: Json = dict(before) if isinstance(before, Mapping) else {}
    for attribute in dataclasses.fields(part) if part is not None else ():
        data = attribute.metadata
        if "schema" not in data or data["control"] == "hidden":
            continue
        key = json_key(attribute)
        if data["control"] in NESTED:
            made[key] = _read_nested(_part_of(part, key), form, f"{name}.{key}", made.get(key))
        else:
            _read_one(made, key, data["control"], f"{name}.{key}", form, None)
    return made


def _default_by_key(made: Json) -> None:
    """Default values are typed by label and kept by key."""
    keys = {
        str(option.get("label")): key
        for key, option in made["options"].items()
        if isinstance(option, Mapping) and not option.get("retired")
    }
    value = made.get("defaultValue")
    if isinstance(value, str):
        made["defaultValue"] = keys.get(value, value)
    elif isinstance(value, list):
        made["defaultValue"] = [keys.get(each, each) for each in value]


__all__ = ["HIDDEN", "MORE", "Control", "as_text", "draw", "field_type", "read"]
