"""How the pieces of a definition stand in JSON: the same declared settings as fields have, and a few shapes more."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import marshmallow as ma
import orjson

from lowcode.errors import Path, Problem
from lowcode.fields.settings import json_key, settings_schema

_MESSAGES: t.Final[Mapping[str, str]] = {
    "Missing data for required field.": "setting.missing",
    "Field may not be null.": "setting.missing",
    "Not a valid string.": "setting.wrong_type",
    "Not a valid boolean.": "setting.wrong_type",
    "Not a valid integer.": "setting.not_an_integer",
    "Not a valid number.": "setting.not_a_number",
    "Not a valid list.": "setting.not_a_list",
    "Not a valid mapping type.": "setting.not_a_map",
    "Invalid input type.": "setting.not_a_map",
    "Unknown field.": "definition.unknown_key",
    "setting.unknown": "definition.unknown_key",
}


def problems_from(messages: t.Any, given: t.Any, path: Path = ()) -> Iterator[Problem]:
    """The problems inside marshmallow's error messages, each with its path and the value that was ``given``.

    A message is one of our codes, a :class:`Problem`, or one of marshmallow's own sentences.
    """
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from problems_from(inner, given, path)
            else:
                yield from problems_from(inner, _member(given, key), (*path, key))
    elif isinstance(messages, Problem):
        yield replace(messages, path=(*path, *messages.path), params={"value": shown(given), **messages.params})
    elif isinstance(messages, Sequence) and not isinstance(messages, str):
        for inner in messages:
            yield from problems_from(inner, given, path)
    else:
        code = _MESSAGES.get(str(messages), str(messages))
        yield Problem(code=code, path=path, params={"value": shown(given), "key": str(path[-1]) if path else ""})


def _member(given: t.Any, key: t.Any) -> t.Any:
    if isinstance(given, Mapping):
        return given.get(key)
    if isinstance(given, list | tuple) and isinstance(key, int) and key < len(given):
        return given[key]
    return None


def shown(value: t.Any) -> str:
    """A value as a sentence about it may hold it: short, whatever somebody sent."""
    text = value if isinstance(value, str) else repr(value)[:200] if isinstance(value, int | float | bool) else "…"
    return text if len(text) <= 40 else f"{text[:39]}…"


def refuse(code: str, /, **params: t.Any) -> ma.ValidationError:
    """marshmallow's error with one of our problems inside."""
    return ma.ValidationError([Problem(code=code, params=params)])


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a definition whose attributes are declared with ``setting``."""

    omitted: t.ClassVar[frozenset[str]] = frozenset()
    """Names of attributes that JSON leaves out while they have their default."""

    @classmethod
    def from_json(cls, raw: t.Any) -> t.Self:
        """The piece from JSON. Raises :class:`marshmallow.ValidationError` with everything that is wrong."""
        if not isinstance(raw, Mapping):
            raise refuse("setting.not_a_map")
        return cls(**settings_schema(cls)().load(dict(raw)))

    def to_json(self) -> dict[str, t.Any]:
        """The piece as JSON; the inverse of :meth:`from_json`."""
        found: dict[str, t.Any] = settings_schema(type(self))().dump(self)
        for attribute in dataclasses.fields(self):
            if attribute.name in self.omitted and getattr(self, attribute.name) == attribute.default:
                found.pop(json_key(attribute), None)
        return found


P = t.TypeVar("P", bound=Part)


class Text(ma.fields.String):
    """A text; ``null`` counts as empty, as kintone sends it for what is not set."""

    def __init__(self, *, longest: int | None = None, shortest: int = 0, **kwargs: t.Any) -> None:
        super().__init__(**kwargs)
        self.longest, self.shortest = longest, shortest

    def deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        text = super().deserialize("" if value is None else value, *args, **kwargs)
        if isinstance(text, str):
            if len(text) < self.shortest:
                raise refuse("setting.missing")
            if self.longest is not None and len(text) > self.longest:
                raise refuse("setting.too_long", limit=self.longest, length=len(text))
        return text


class Choice(Text):
    """One of a few words."""

    def __init__(self, *choices: str, **kwargs: t.Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    def deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        word = super().deserialize(value, *args, **kwargs)
        if isinstance(word, str) and word not in self.choices:
            raise refuse("setting.choice", choices=", ".join(c for c in self.choices if c))
        return word


class Flag(ma.fields.Boolean):
    """True or false; kintone's clients also send them as texts."""

    def __init__(self, **kwargs: t.Any) -> None:
        super().__init__(truthy={True, "true"}, falsy={False, "false"}, **kwargs)


class IntegerString(ma.fields.Field[int | None]):
    """A whole number that kintone writes as a text, ``""`` when unset; numbers are accepted too."""

    def __init__(self, *, least: int | None = None, most: int | None = None, **kwargs: t.Any) -> None:
        super().__init__(allow_none=True, **kwargs)
        self.least, self.most = least, most

    def _serialize(self, value: int | None, attr: str | None, obj: t.Any, **kwargs: t.Any) -> str:
        return "" if value is None else str(value)

    def deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> int | None:
        if value is ma.missing:
            return super().deserialize(value, *args, **kwargs)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise refuse("setting.not_an_integer")
        text = str(value)
        if len(text) > 15 or not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
            raise refuse("setting.not_an_integer")
        number = int(text)
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise refuse("setting.out_of_range", least=self.least, most=self.most)
        return number


class One(ma.fields.Field[t.Any]):
    """A piece inside a piece."""

    def __init__(self, part: type[Part], **kwargs: t.Any) -> None:
        super().__init__(**kwargs)
        self.part = part

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> t.Any:
        return None if value is None else value.to_json()

    def _deserialize(self, value: t.Any, attr: str | None, data: t.Any, **kwargs: t.Any) -> t.Any:
        return self.part.from_json(value)


class Several(ma.fields.Field[t.Any]):
    """A list of pieces, kept as a tuple; ``null`` counts as an empty list."""

    def __init__(self, part: type[Part], *, most: int = 1_000, **kwargs: t.Any) -> None:
        super().__init__(allow_none=True, **kwargs)
        self.part, self.most = part, most

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> t.Any:
        return [item.to_json() for item in value]

    def deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return super().deserialize([] if value is None else value, *args, **kwargs)

    def _deserialize(self, value: t.Any, attr: str | None, data: t.Any, **kwargs: t.Any) -> t.Any:
        if not isinstance(value, list | tuple):
            raise refuse("setting.not_a_list")
        if len(value) > self.most:
            raise refuse("definition.too_many", limit=self.most, count=len(value))
        found, wrong = [], {}
        for index, raw in enumerate(value):
            try:
                found.append(self.part.from_json(raw))
            except ma.ValidationError as error:
                wrong[index] = error.messages
        if wrong:
            raise ma.ValidationError(t.cast(dict[str, t.Any], wrong))
        return tuple(found)


class ByName(ma.fields.Field[t.Any]):
    """Pieces by name (views, states), kept as a tuple in order of ``index``; ``null`` counts as none."""

    def __init__(self, part: type[Part], *, most: int = 1_000, **kwargs: t.Any) -> None:
        super().__init__(allow_none=True, **kwargs)
        self.part, self.most = part, most

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> t.Any:
        return {item.name: item.to_json() for item in value}

    def deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return super().deserialize({} if value is None else value, *args, **kwargs)

    def _deserialize(self, value: t.Any, attr: str | None, data: t.Any, **kwargs: t.Any) -> t.Any:
        if not isinstance(value, Mapping):
            raise refuse("setting.not_a_map")
        if len(value) > self.most:
            raise refuse("definition.too_many", limit=self.most, count=len(value))
        found: list[t.Any] = []
        wrong: dict[str, t.Any] = {}
        for name, raw in value.items():
            try:
                item = self.part.from_json({"name": name, **raw} if isinstance(raw, Mapping) else raw)
                if item.name != name:  # type: ignore[attr-defined]  # every piece kept by name has one
                    raise ma.ValidationError({"name": [Problem(code="definition.key_differs", params={"key": name})]})
                found.append(item)
            except ma.ValidationError as error:
                wrong[str(name)] = error.messages
        if wrong:
            raise ma.ValidationError(wrong)
        return tuple(sorted(found, key=lambda item: (item.index, item.id)))


class Names(ma.fields.Field[tuple[str, ...]]):
    """A list of texts (field codes), kept as a tuple."""

    def __init__(self, **kwargs: t.Any) -> None:
        super().__init__(allow_none=True, **kwargs)

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> list[str]:
        return list(value)

    def deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return super().deserialize([] if value is None else value, *args, **kwargs)

    def _deserialize(self, value: t.Any, attr: str | None, data: t.Any, **kwargs: t.Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise refuse("setting.not_a_list")
        wrong = {i: ["setting.wrong_type"] for i, item in enumerate(value) if not isinstance(item, str)}
        if wrong:
            raise ma.ValidationError(t.cast(dict[str, t.Any], wrong))
        return tuple(value)


@dataclass(frozen=True)
class Opaque:
    """JSON that is kept as it came, as sorted text, so that the definition stays hashable and comparable."""

    text: str

    @classmethod
    def of(cls, value: t.Any) -> Opaque:
        """The kept form of a JSON value."""
        return cls(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode())

    @property
    def value(self) -> t.Any:
        """The JSON value (a new one each time; changing it changes nothing here)."""
        return orjson.loads(self.text)


class Kept(ma.fields.Field[Opaque]):
    """A part of the definition that other packages read; here only its kind (map or list) is checked."""

    def __init__(self, kind: type[dict[str, t.Any]] | type[list[t.Any]], **kwargs: t.Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> t.Any:
        return value.value

    def deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return super().deserialize(self.kind() if value is None else value, *args, **kwargs)

    def _deserialize(self, value: t.Any, attr: str | None, data: t.Any, **kwargs: t.Any) -> Opaque:
        if not isinstance(value, self.kind):
            raise refuse("setting.not_a_map" if self.kind is dict else "setting.not_a_list")
        try:
            return Opaque.of(value)
        except (TypeError, ValueError, RecursionError):
            raise refuse("definition.not_json") from None
