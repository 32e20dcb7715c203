"""CATEGORY: the categories that a record is filed under."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import marshmallow as ma
import orjson
import sqlalchemy as sa
from markupsafe import Markup, escape

from lowcode.errors import invalid
from lowcode.fields import plain
from lowcode.fields.base import SystemField
from lowcode.fields.context import Context, Value
from lowcode.fields.settings import setting

MAX_CATEGORIES = 100
MAX_NAME = 128


@dataclass(frozen=True, kw_only=True)
class CategoryField(SystemField):
    """Names of categories. As in kintone they can be read and not searched for."""

    type_name: t.ClassVar[str] = "CATEGORY"
    operators: t.ClassVar[tuple[str, ...]] = ()
    sortable: t.ClassVar[bool] = False
    json_schema: t.ClassVar[t.Mapping[str, t.Any]] = {"type": "array", "items": {"type": "string"}}
    system_column: t.ClassVar[str] = "categories"

    enabled: bool = setting(ma.fields.Boolean(), control="check", label="setting.enabled", default=True)

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.Text()

    def store(self, value: Value) -> Value:
        return orjson.dumps(list(value)).decode() if value else None

    def load(self, stored: t.Any) -> Value:
        return tuple(orjson.loads(stored)) if stored else ()

    def default(self, ctx: Context) -> Value:
        return ()

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        if raw is None or raw == "":
            return ()
        if not isinstance(raw, list | tuple) or len(raw) > MAX_CATEGORIES:
            raise invalid("category.not_a_list", value=plain.shortened(raw), limit=MAX_CATEGORIES)
        names = (plain.coerce_text(name, limit=MAX_NAME) for name in raw)
        return tuple(dict.fromkeys(name for name in names if name))

    def dump(self, value: Value) -> t.Any:
        return list(value or ())

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return self.dump(value)

    def text(self, value: Value, ctx: Context) -> str:
        return "\n".join(value or ())

    def parse(self, text: str, ctx: Context) -> Value:
        return self.coerce([line.strip() for line in text.splitlines()], ctx)

    def display(self, value: Value, ctx: Context) -> Markup:
        return Markup(", ").join(escape(name) for name in value or ()) if self.enabled else Markup()
