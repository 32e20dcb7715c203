"""How a field's settings stand in JSON: one marshmallow schema per type, made from its attributes."""

from __future__ import annotations

import copy
import dataclasses
import re
import typing as t
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import marshmallow as ma

_HUMP = re.compile(r"_([a-z0-9])")


ID_RANGE = ma.validate.Range(1, 2**31 - 1, error="setting.out_of_range")
"""Ids of fields, options and states fit into a column of 32 bits."""


def setting(
    schema: ma.fields.Field[t.Any],
    *,
    control: str,
    label: str,
    default: t.Any = dataclasses.MISSING,
    key: str | None = None,
) -> t.Any:
    """Declare a setting once: dataclass attribute, JSON schema and designer control.

    :param schema: marshmallow field that loads and dumps the setting's JSON.
    :param control: the designer's control (``text``, ``check``, ``number``, ``select``, ``options``, ``hidden`` …).
    :param label: message key of the control's label.
    :param key: the JSON key where it is not the attribute's name in camelCase.
    """
    metadata = {"schema": schema, "control": control, "label": label, "key": key}
    return dataclasses.field(default=default, metadata=metadata)


def json_key(attribute: dataclasses.Field[t.Any]) -> str:
    """The key of a setting in JSON: ``defaultNowValue`` for ``default_now_value``."""
    return attribute.metadata["key"] or _HUMP.sub(lambda m: m.group(1).upper(), attribute.name)


class NumericString(ma.fields.Field[Decimal | None]):
    """A number that kintone writes as a string, ``""`` when unset; numbers are accepted too."""

    def __init__(
        self, *, integer: bool = False, minimum: int | None = None, maximum: int | None = None, **kwargs: t.Any
    ) -> None:
        super().__init__(**kwargs)
        self.integer, self.minimum, self.maximum = integer, minimum, maximum

    def _serialize(self, value: Decimal | int | None, attr: str | None, obj: t.Any, **kwargs: t.Any) -> str:
        return "" if value is None else f"{Decimal(value):f}"

    def _deserialize(
        self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any
    ) -> Decimal | None:
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise ma.ValidationError("setting.not_a_number")
        if (isinstance(value, int) and value.bit_length() > 100) or (isinstance(value, str) and len(value) > 40):
            raise ma.ValidationError("setting.not_a_number")
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise ma.ValidationError("setting.not_a_number") from None
        if not number.is_finite() or abs(number.adjusted()) > 30:
            raise ma.ValidationError("setting.not_a_number")
        if self.integer and number != number.to_integral_value():
            raise ma.ValidationError("setting.not_an_integer")
        if self.minimum is not None and number < self.minimum:
            raise ma.ValidationError("setting.too_small")
        if self.maximum is not None and number > self.maximum:
            raise ma.ValidationError("setting.too_large")
        return number


class IntegerString(NumericString):
    """The same for whole numbers: an ``int`` in memory (lengths, places, positions)."""

    def __init__(self, **kwargs: t.Any) -> None:
        super().__init__(integer=True, **kwargs)

    def _deserialize(self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any) -> t.Any:
        number = super()._deserialize(value, attr, data, **kwargs)
        if number is None and self.required:
            raise ma.ValidationError("setting.missing")
        return None if number is None else int(number)


class FrozenMap(ma.fields.Field[tuple[tuple[str, str], ...]]):
    """Text by key (names per language), kept as sorted pairs so that the field stays hashable."""

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> dict[str, str]:
        return dict(value or ())

    def _deserialize(
        self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any
    ) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
            raise ma.ValidationError("setting.not_a_map")
        return tuple(sorted((str(k), str(v)) for k, v in value.items()))


class FrozenList(ma.fields.List[t.Any]):
    """A list kept as a tuple."""

    def _deserialize(self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any) -> t.Any:
        return tuple(super()._deserialize(value, attr, data, **kwargs))


class Nested(ma.fields.Field[t.Any]):
    """A frozen dataclass made of settings, inside another (``lookup``, ``referenceTable``, ``rollup``)."""

    def __init__(self, part: type[t.Any], **kwargs: t.Any) -> None:
        super().__init__(**kwargs)
        self.part = part

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> t.Any:
        return None if value is None else dump_settings(value)

    def _deserialize(self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any) -> t.Any:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise ma.ValidationError("setting.not_a_map")
        return self.part(**load_settings(self.part, dict(value)))


class SettingsSchema(ma.Schema):
    """Base of the generated schemas: unknown keys are mistakes, and each is named; messages are codes."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": "setting.unknown", "type": "setting.not_a_map"}  # noqa: RUF012  # marshmallow's


MESSAGES = {
    "required": "setting.missing",
    "null": "setting.missing",
    "invalid": "setting.wrong_type",
    "invalid_utf8": "setting.wrong_type",
    "too_large": "setting.too_large",
    "special": "setting.not_a_number",
}


_SCHEMAS: dict[type[t.Any], type[SettingsSchema]] = {}
_INSTANCES: dict[type[t.Any], SettingsSchema] = {}


def settings_schema(owner: type[t.Any]) -> type[SettingsSchema]:
    """The marshmallow schema that loads and dumps the settings of ``owner``, a dataclass of settings."""
    found = _SCHEMAS.get(owner)
    if found is None:
        found = _SCHEMAS[owner] = _make_schema(owner)
    return found


def _make_schema(owner: type[t.Any]) -> type[SettingsSchema]:
    members: dict[str, t.Any] = {}
    for attribute in dataclasses.fields(owner):
        if "schema" not in attribute.metadata:
            continue
        # A copy of each: a subclass shares the attribute and must not share what marshmallow binds to it.
        schema = members[attribute.name] = copy.copy(t.cast("ma.fields.Field[t.Any]", attribute.metadata["schema"]))
        schema.data_key = json_key(attribute)
        schema.error_messages = {**schema.error_messages, **MESSAGES}
        if isinstance(schema, ma.fields.List):
            schema.inner = copy.copy(schema.inner)
            schema.inner.error_messages = {**schema.inner.error_messages, **MESSAGES}
    return t.cast("type[SettingsSchema]", type(f"{owner.__name__}Settings", (SettingsSchema,), members))


def load_settings(owner: type[t.Any], raw: t.Any) -> dict[str, t.Any]:
    """The attributes of ``owner`` from JSON. Raises marshmallow's ``ValidationError`` with codes as messages."""
    return t.cast("dict[str, t.Any]", _schema(owner).load(raw))


def dump_settings(value: t.Any) -> dict[str, t.Any]:
    """The settings of a dataclass as JSON, in the order they are declared."""
    return t.cast("dict[str, t.Any]", _schema(type(value)).dump(value))


def _schema(owner: type[t.Any]) -> SettingsSchema:
    # Making an instance costs a hundred times as much as loading with it.
    found = _INSTANCES.get(owner)
    if found is None:
        found = _INSTANCES[owner] = settings_schema(owner)()
    return found
