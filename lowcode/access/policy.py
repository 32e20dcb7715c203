"""The one access seam: what an actor may do in an app, which fields exist for them, and which records.

The reader and the record service ask a policy and nothing else does the deciding. A policy belongs to one
transaction: it knows which versions of the apps are live in it, and the clock and names that conditions ask for.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Collection, Mapping

import sqlalchemy as sa

from lowcode.access import masks as field_masks
from lowcode.access.actor import Actor
from lowcode.access.compiled import UNLIMITED, Action, Compiled, RecordAction, compiled
from lowcode.access.masks import Masks
from lowcode.access.outcomes import Answer, chosen
from lowcode.access.sources import Elsewhere, sources_of
from lowcode.definition.schema import AppDefinition
from lowcode.errors import Forbidden, Invalid
from lowcode.fields.base import Context, Value
from lowcode.fields.context import Tables
from lowcode.query import build
from lowcode.query.ast import ID, Node


class App(t.Protocol):
    """One live version of an app."""

    @property
    def id(self) -> int: ...
    @property
    def definition(self) -> AppDefinition: ...
    @property
    def tables(self) -> Tables: ...


FindApp = Callable[[str], App | None]


class Unseen(t.NamedTuple):
    """Why a value that tells something of another app is hidden."""

    app: str
    """Code of the other app."""
    what: t.Literal["app", "records", "field"]
    """What is not seen: the app, some of its records, or one of its fields."""
    field: str = ""


class Policy:
    """What one actor may do in one app; made by :class:`Policies`."""

    def __init__(self, policies: Policies, app: App) -> None:
        self._policies, self.app, self.actor = policies, app, policies.actor
        self.definition = app.definition
        self._conditions: dict[RecordAction, Answer] = {}

    # -- the app ---------------------------------------------------------------------------------

    @functools.cached_property
    def rights(self) -> Compiled:
        """The compiled rights of the actor."""
        actor = self.actor
        match actor.kind:
            case "system":
                return UNLIMITED
            case "token":
                # A token is given to a program by whoever manages the app; its own rights are its limits.
                own = actor.token_app is None or actor.token_app == self.app.id
                given = {a for a in UNLIMITED.actions if _TOKEN_RIGHT.get(a, a) in actor.token_rights}
                return Compiled(frozenset(given if own else ()), (), {})
            case "form":
                return Compiled(frozenset({"add"}) if actor.form_app == self.app.id else frozenset(), (), {})
        return compiled(self.definition, actor.principals, actor.administrator)

    def allows(self, action: Action) -> bool:
        """Whether the actor may do ``action`` in the app at all."""
        return action in self.rights.actions

    def require(self, action: Action) -> None:
        """Raise :class:`Forbidden` unless :meth:`allows`."""
        if not self.allows(action):
            raise Forbidden("forbidden.app", action=action, app=self.definition.name)

    @property
    def known(self) -> bool:
        """Whether the app exists for the actor: they may do something in it."""
        return bool(self.rights.actions)

    # -- fields ----------------------------------------------------------------------------------

    @functools.cached_property
    def masks(self) -> Masks:
        """Which fields exist for the actor."""
        definition = self.definition
        if self.actor.kind == "form":
            return field_masks.only(definition, self.actor.form_fields if self.known else frozenset())
        if not (self.allows("view") or self.allows("add")):
            return field_masks.only(definition, frozenset())
        if self.actor.kind in ("system", "token"):
            return field_masks.all_of(definition)
        return field_masks.masks(definition, self.rights, self._policies.sees)

    @property
    def readable(self) -> frozenset[str]:
        """Codes of the fields the actor may see in every record; only these may a query name."""
        return self.masks.readable

    @property
    def shown(self) -> frozenset[str]:
        """Codes of the fields the actor may see in some record at least."""
        return self.masks.shown

    @property
    def writable(self) -> frozenset[str]:
        """Codes of the fields the actor may give values for, whatever the record."""
        return self.masks.writable

    def writable_in(self, values: Mapping[str, Value]) -> frozenset[str]:
        """The same in a record with these values (all of them, by code)."""
        masks, definition = self.masks, self.definition
        if not masks.varying:
            return masks.writable
        who = self.actor.principals
        given = {c for c, rule in masks.varying.items() if rule.write.on(values, definition, who)}
        return self.writable_with(self._unseen_in(values), given)

    def readable_in(self, values: Mapping[str, Value]) -> frozenset[str]:
        """Codes of the fields that are seen in a record with these values (all of them, by code)."""
        return self.masks.shown - self.masks.hidden_in(self._unseen_in(values))

    def _unseen_in(self, values: Mapping[str, Value]) -> set[str]:
        who = self.actor.principals
        return {c for c, rule in self.masks.varying.items() if not rule.read.on(values, self.definition, who)}

    def writable_with(self, unseen: Collection[str], given: Collection[str]) -> frozenset[str]:
        """What may be written where of the varying fields ``unseen`` are hidden and ``given`` may be written."""
        masks, definition = self.masks, self.definition
        hidden = masks.hidden_in(unseen)
        more = set(given) - hidden
        inside = {f.code for s in definition.subtables if s.code in more for f in s.fields}
        return (masks.writable - hidden) | ((more | inside) & definition.writable_codes)

    def varying(self) -> Mapping[str, tuple[Answer, Answer]]:
        """By code of each field whose rights depend on the record: the conditions that it is seen, and writable."""
        who, ctx, tables = self.actor.principals, self._policies.context(self.app), self.app.tables
        return {
            code: (rule.read.sql(self.definition, tables, who, ctx), rule.write.sql(self.definition, tables, who, ctx))
            for code, rule in self.masks.varying.items()
        }

    def unseen_elsewhere(self, there: Elsewhere) -> Unseen | None:
        """See :meth:`Policies.unseen`."""
        return self._policies.unseen(there)

    # -- records ---------------------------------------------------------------------------------

    def visible(self, action: RecordAction = "view", tables: Tables | None = None) -> sa.ColumnElement[bool] | None:
        """The condition that a record must meet for ``action`` (to exist for the actor); None when every record does.

        :param tables: the app's tables under the names that the statement uses.
        """
        answer = self._answer(action, tables or self.app.tables)
        if isinstance(answer, bool):
            return None if answer else sa.false()
        return answer

    @property
    def sees_every_record(self) -> bool:
        """Whether no record of the app is hidden."""
        return self.allows("view") and self.rights.sees_every_record

    def _answer(self, action: RecordAction, tables: Tables) -> Answer:
        if not (self.allows(action) and self.allows("view")):
            return False
        if not self.rights.records:
            return True
        if tables is not self.app.tables:
            return self._compose(action, tables)
        if action not in self._conditions:
            self._conditions[action] = self._compose(action, tables)
        return self._conditions[action]

    def _compose(self, action: RecordAction, tables: Tables) -> Answer:
        who, ctx = self.actor.principals, self._policies.context(self.app)
        answer: Answer = True
        for rule in reversed(self.rights.records):
            granted = rule.outcomes[action].sql(self.definition, tables, who, ctx)
            met = self.meets(rule.condition, tables)
            answer = False if met is None else chosen(met, granted, answer)
        return answer

    def meets(self, condition: Node | None, tables: Tables | None = None) -> Answer | None:
        """A condition of the record rights in SQL; None when it cannot be understood any more.

        A condition may have come to name somebody who is gone: no record is shown on such a ground.
        """
        if condition is None:
            return True
        ctx = self._policies.context(self.app)
        try:
            return build.condition(condition, self.definition, tables or self.app.tables, ctx)
        except Invalid:
            return None


_TOKEN_RIGHT: t.Final[Mapping[Action, str]] = {"import": "add", "export": "view"}


class Policies:
    """The policies of one actor inside one transaction."""

    def __init__(self, actor: Actor, find: FindApp, context: Callable[[App], Context]) -> None:
        """:param find: the live app of a code. :param context: the fields' context inside an app, for the actor."""
        self.actor, self._find, self.context = actor, find, context
        self._made: dict[App, Policy] = {}
        self._seen: dict[tuple[int, str], bool] = {}

    def of(self, app: App) -> Policy:
        """The policy of an app (of the version that is given)."""
        found = self._made.get(app)
        if found is None:
            found = self._made[app] = Policy(self, app)
        return found

    def sees(self, there: Elsewhere) -> bool:
        """Whether the actor sees what a value tells of another app."""
        return self.unseen(there) is None

    def unseen(self, there: Elsewhere) -> Unseen | None:
        """The first thing of another app that a value tells of and the actor does not see.

        An app that is not installed hides nothing.
        """
        app = self._find(there.app)
        if app is None:
            return None
        policy = self.of(app)
        if not policy.allows("view"):
            return Unseen(there.app, "app")
        if there.every_record and not policy.sees_every_record:
            return Unseen(there.app, "records")
        hidden = (code for code in sorted(there.codes) if not self._sees_field(policy, code))
        return next((Unseen(there.app, "field", code) for code in hidden), None)

    def _sees_field(self, policy: Policy, code: str) -> bool:
        """Field by field, because two apps may show values of each other."""
        key = (policy.app.id, code)
        if key not in self._seen:
            self._seen[key] = False  # what comes round to itself is not seen
            self._seen[key] = self._look(policy, code)
        return self._seen[key]

    def _look(self, policy: Policy, code: str) -> bool:
        definition = policy.definition
        field = definition.find(code)
        if field is None:
            return code == ID
        table = definition.subtable_of(code)
        rule = policy.rights.fields.get(code if table is None else table.code)
        if rule is not None and rule.read.always is not True:
            return False
        made_of = sources_of(field)
        return all(self._sees_field(policy, each) for each in made_of.here) and (
            made_of.elsewhere is None or self.sees(made_of.elsewhere)
        )
