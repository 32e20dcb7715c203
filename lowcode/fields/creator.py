"""CREATOR: who made the record."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from markupsafe import Markup

from lowcode.fields.base import SystemField
from lowcode.fields.context import Context, Value
from lowcode.fields.user_select import UserSelectField

_USERS = UserSelectField(id=0, code="users", label="")
"""One person is read and shown as a selection of one."""


@dataclass(frozen=True, kw_only=True)
class PersonField(SystemField):
    """What CREATOR and MODIFIER share: a user's id, None when no user did it (a form, a token, the system)."""

    operators: t.ClassVar[tuple[str, ...]] = ("in", "not in")
    sortable: t.ClassVar[bool] = False
    json_schema: t.ClassVar[Mapping[str, t.Any]] = {
        "type": ["object", "null"],
        "properties": {"id": {"type": "integer"}, "code": {"type": "string"}, "name": {"type": "string"}},
    }

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.BigInteger()

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        """An id from itself, from ``{"id"}``, ``{"code"}`` or a code."""
        if type(raw) is int and 0 < raw < 2**63:
            # An id that was stored stays valid when its user is gone.
            return next(iter(_USERS.coerce((raw,), ctx)), None)
        if isinstance(raw, Mapping) and raw.get("id") is None and raw.get("code") == "":
            return None
        return next(iter(_USERS.coerce(raw, ctx)), None)

    def dump(self, value: Value) -> t.Any:
        return None if value is None else {"id": value}

    def history_value(self, value: Value) -> t.Any:
        return value

    def from_history(self, raw: t.Any) -> Value:
        return raw if isinstance(raw, int) else None

    def text(self, value: Value, ctx: Context) -> str:
        return _USERS.text(_tuple(value), ctx)

    def parse(self, text: str, ctx: Context) -> Value:
        return next(iter(_USERS.parse(text, ctx)), None)

    def display(self, value: Value, ctx: Context) -> Markup:
        return _USERS.display(_tuple(value), ctx)

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return next(iter(_USERS.kintone_value(_tuple(value), ctx)), {"code": "", "name": ""})

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        return _USERS.operand(raw, ctx)


def _tuple(value: Value) -> tuple[int, ...]:
    return () if value is None else (value,)


@dataclass(frozen=True, kw_only=True)
class CreatorField(PersonField):
    """Who made the record."""

    type_name: t.ClassVar[str] = "CREATOR"
    system_column: t.ClassVar[str] = "created_by"
