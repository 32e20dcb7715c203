"""STATUS_ASSIGNEE: who has to work on the record now."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup

from lowcode.fields.base import SystemField, contains
from lowcode.fields.context import Context, Tables, Value
from lowcode.fields.entity_select import EntityRef
from lowcode.fields.settings import setting
from lowcode.fields.user_select import UserSelectField


@dataclass(frozen=True, kw_only=True)
class StatusAssigneeField(SystemField, UserSelectField):
    """Ids of users, kept as one JSON text in the record's row; few at a time, so no side table."""

    type_name: t.ClassVar[str] = "STATUS_ASSIGNEE"
    searchable: t.ClassVar[bool] = False
    system_column: t.ClassVar[str] = "assignees"

    enabled: bool = setting(ma.fields.Boolean(), control="check", label="setting.enabled", default=True)
    # The process says who may be chosen: attributes without `setting` are no settings.
    required: bool = False
    entities: tuple[EntityRef, ...] = ()
    default_value: tuple[EntityRef, ...] = ()

    def search_text(self, value: Value, ctx: Context) -> str:
        return ""

    def display(self, value: Value, ctx: Context) -> Markup:
        return UserSelectField.display(self, value, ctx) if self.enabled else Markup()

    def where(self, operator: str, tables: Tables, operand: t.Any, ctx: Context) -> sa.ColumnElement[bool]:
        if operator not in ("in", "not in"):
            return super().where(operator, tables, operand, ctx)
        column = self.column(tables)
        listed = sa.func.replace(sa.func.replace(column, "[", ","), "]", ",")
        found = sa.or_(
            sa.false(),
            *(column.is_(None) if self.is_empty(user) else contains(listed, f",{user},") for user in operand),
        )
        return found if operator == "in" else sa.not_(found)
