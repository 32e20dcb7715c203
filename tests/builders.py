"""Apps for tests in one line: ``an_app("ward").text("name", required=True).number("amount").json()``.

A builder is a frozen value; each call gives a new one, so a module may keep a common beginning and go on
from it in every test. What it builds is the definition JSON that a template file or an API call holds.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lowcode.definition import AppDefinition, load

Json = dict[str, t.Any]


def an_app(code: str = "ward", *, name: str = "") -> AppBuilder:
    """An app without fields of its own."""
    return AppBuilder(code=code, name=name or code)


@dataclass(frozen=True, kw_only=True)
class AppBuilder:
    """An app under construction."""

    code: str
    name: str
    properties: Mapping[str, Json] = field(default_factory=dict)
    views: Mapping[str, Json] = field(default_factory=dict)
    parts: Mapping[str, t.Any] = field(default_factory=dict)

    def field(self, type_name: str, code: str, /, **settings: t.Any) -> AppBuilder:
        """A field of any type, with settings by their names in the JSON."""
        return replace(self, properties={**self.properties, code: a_field(type_name, code, **settings)})

    def text(self, code: str, **settings: t.Any) -> AppBuilder:
        return self.field("SINGLE_LINE_TEXT", code, **settings)

    def long_text(self, code: str, **settings: t.Any) -> AppBuilder:
        return self.field("MULTI_LINE_TEXT", code, **settings)

    def number(self, code: str, **settings: t.Any) -> AppBuilder:
        return self.field("NUMBER", code, **settings)

    def date(self, code: str, **settings: t.Any) -> AppBuilder:
        return self.field("DATE", code, **settings)

    def datetime(self, code: str, **settings: t.Any) -> AppBuilder:
        return self.field("DATETIME", code, **settings)

    def choice(self, code: str, *options: str, **settings: t.Any) -> AppBuilder:
        return self.field("DROP_DOWN", code, options=some_options(options), **settings)

    def checks(self, code: str, *options: str, **settings: t.Any) -> AppBuilder:
        return self.field("CHECK_BOX", code, options=some_options(options), **settings)

    def formula(self, code: str, expression: str, **settings: t.Any) -> AppBuilder:
        return self.field("CALC", code, expression=expression, **settings)

    def subtable(self, code: str, rows: AppBuilder, **settings: t.Any) -> AppBuilder:
        """A subtable whose columns are the fields of another builder."""
        return self.field("SUBTABLE", code, fields=dict(rows.properties), **settings)

    def view(self, name: str, *fields: str, condition: str = "", sort: str = "") -> AppBuilder:
        """A list view."""
        view = {
            "type": "LIST",
            "name": name,
            "index": str(len(self.views)),
            "fields": list(fields),
            "filterCond": condition,
            "sort": sort,
        }
        return replace(self, views={**self.views, name: view})

    def calendar(self, name: str, date: str, title: str, *, condition: str = "") -> AppBuilder:
        """A view that shows a month."""
        view = {
            "type": "CALENDAR",
            "name": name,
            "index": str(len(self.views)),
            "date": date,
            "title": title,
            "filterCond": condition,
            "sort": "",
        }
        return replace(self, views={**self.views, name: view})

    def part(self, key: str, value: t.Any) -> AppBuilder:
        """Any other part of the definition by its key: ``part("acl", {…})``."""
        return replace(self, parts={**self.parts, key: value})

    def json(self) -> Json:
        """The definition as it stands in a file: no ids, no system fields."""
        return {
            "format": 1,
            "code": self.code,
            "settings": {"name": self.name},
            "properties": dict(self.properties),
            "layout": [a_row(code, settings) for code, settings in self.properties.items()],
            "views": dict(self.views),
            **self.parts,
        }

    def definition(self) -> AppDefinition:
        """The definition, with ids and system fields, loaded and checked."""
        return load(self.json())


def a_field(type_name: str, code: str, /, **settings: t.Any) -> Json:
    """One field's JSON; the label is its code unless another is given."""
    return {"type": type_name, "code": code, "label": code, **settings}


def a_row(code: str, settings: Json) -> Json:
    """The layout row that shows one field."""
    if settings["type"] == "SUBTABLE":
        inner = [{"type": each["type"], "code": name} for name, each in settings["fields"].items()]
        return {"type": "SUBTABLE", "code": code, "fields": inner}
    return {"type": "ROW", "fields": [{"type": settings["type"], "code": code}]}


def some_options(labels: Sequence[str]) -> Json:
    """Options in the given order."""
    return {label: {"label": label, "index": str(number)} for number, label in enumerate(labels)}
