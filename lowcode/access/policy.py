"""The one access seam: yes/no, field mask and SQL predicate for an actor and an app.

Today's rules are app-level; record and field rules join here without a change to any caller.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.definition.schema import AppDefinition
from lowcode.errors import Forbidden
from lowcode.fields.context import Tables

Action = t.Literal["view", "add", "edit", "delete", "import", "export", "manage"]


class Policy(t.Protocol):
    """What the reader and the service ask, and nothing else asks."""

    def allows(self, action: Action, app: AppDefinition) -> bool: ...
    def require(self, action: Action, app: AppDefinition) -> None: ...
    def readable(self, app: AppDefinition) -> frozenset[str]: ...
    def writable(self, app: AppDefinition) -> frozenset[str]: ...
    def visible(self, app: AppDefinition, tables: Tables, action: Action = "view") -> sa.ColumnElement[bool] | None: ...


@dataclass(frozen=True)
class AppPolicy:
    """Rights of one actor from the app rights of a definition (first matching row wins, as in kintone)."""

    actor: Actor
    app_id: int | None = None

    def allows(self, action: Action, app: AppDefinition) -> bool:
        """Whether the actor may do ``action`` in the app at all."""
        actor = self.actor
        if actor.kind == "system":
            return True
        if actor.kind == "token":
            own = actor.token_app is None or actor.token_app == self.app_id
            wanted = {"import": "add", "export": "view"}.get(action, action)
            return own and wanted in actor.token_rights
        if actor.kind != "user":
            return False
        if actor.administrator:
            return True
        return app.app_rights.allows(
            action,
            user=actor.login,
            user_id=actor.user_id,
            organizations=actor.organization_ids,
            ancestors=actor.ancestor_ids,
            groups=actor.group_ids,
        )

    def require(self, action: Action, app: AppDefinition) -> None:
        """Raise :class:`Forbidden` unless :meth:`allows`."""
        if not self.allows(action, app):
            raise Forbidden("forbidden.app", action=action, app=app.name)

    def readable(self, app: AppDefinition) -> frozenset[str]:
        """Codes of the fields the actor may see (nothing when the app may not be seen)."""
        return app.field_codes if self.allows("view", app) or self.allows("add", app) else frozenset()

    def writable(self, app: AppDefinition) -> frozenset[str]:
        """Codes of the fields the actor may give values for."""
        return app.writable_codes

    def visible(self, app: AppDefinition, tables: Tables, action: Action = "view") -> sa.ColumnElement[bool] | None:
        """The condition that a record must meet to exist for the actor; None when every record does."""
        return None if self.allows(action, app) else sa.false()
