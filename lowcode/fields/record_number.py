"""RECORD_NUMBER: the number of a record in its app."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.errors import invalid
from lowcode.fields.base import EQUALITY, ORDER, SystemField
from lowcode.fields.context import Context, Value
from lowcode.fields.plain import shortened

_NUMBER = re.compile(r"(?:(?P<code>.+)-)?(?P<number>[0-9]{1,18})")


@dataclass(frozen=True, kw_only=True)
class RecordNumberField(SystemField):
    """``12``, or ``CODE-12`` where the context names the app's code."""

    type_name: t.ClassVar[str] = "RECORD_NUMBER"
    operators: t.ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    json_schema: t.ClassVar[t.Mapping[str, t.Any]] = {"type": ["string", "null"]}
    system_column: t.ClassVar[str] = "id"

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.BigInteger()

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        if raw is None or raw == "":
            return None
        if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**18:
            return raw
        found = _NUMBER.fullmatch(raw) if isinstance(raw, str) else None
        if found is None or (found["code"] and ctx.app_code and found["code"].lower() != ctx.app_code.lower()):
            raise invalid("record_number.not_a_number", value=shortened(raw))
        return int(found["number"])

    def dump(self, value: Value) -> t.Any:
        return None if value is None else str(value)

    def text(self, value: Value, ctx: Context) -> str:
        if value is None:
            return ""
        return f"{ctx.app_code}-{value}" if ctx.app_code else str(value)

    def parse(self, text: str, ctx: Context) -> Value:
        return self.coerce(unicodedata.normalize("NFKC", text[:300]).strip(), ctx)

    def cell(self, value: Value, ctx: Context) -> t.Any:
        return self.text(value, ctx) or None if ctx.app_code else value

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return self.text(value, ctx)
