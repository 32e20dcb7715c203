"""The rights of one version of an app, worked out once for everybody with the same memberships.

What comes out says yes or no wherever that is known beforehand, and keeps as a question only what depends on the
record: its values, and the people who stand in its fields.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from lowcode.access.actor import Principals
from lowcode.access.outcomes import Outcome, outcome
from lowcode.definition.rights import AppRight, RecordGrant
from lowcode.definition.schema import AppDefinition
from lowcode.query import kintone
from lowcode.query.ast import Node

Action = t.Literal["view", "add", "edit", "delete", "import", "export", "manage"]
ACTIONS: t.Final[tuple[Action, ...]] = ("view", "add", "edit", "delete", "import", "export", "manage")
RecordAction = t.Literal["view", "edit", "delete"]
RECORD_ACTIONS: t.Final[tuple[RecordAction, ...]] = ("view", "edit", "delete")


@dataclass(frozen=True)
class RecordRule:
    """One condition of the record rights and what it gives."""

    number: int
    """Its place among the app's record rights, from 0."""
    condition: Node | None
    """None: every record meets it."""
    outcomes: Mapping[RecordAction, Outcome]


@dataclass(frozen=True)
class FieldRule:
    """How far somebody may go with one field."""

    read: Outcome
    write: Outcome


@dataclass(frozen=True)
class Compiled:
    """Rights of one version of an app for some principals."""

    actions: frozenset[Action]
    records: tuple[RecordRule, ...]
    """In order; the first condition that a record meets counts, and a record that meets none is not limited."""
    fields: Mapping[str, FieldRule]
    """Fields with rights of their own; every other field may be written."""
    app_row: tuple[int, AppRight] | None = None
    """The row of the app rights that means a user, with its place from 0; None when none does."""

    @property
    def sees_every_record(self) -> bool:
        """Whether the record rights hide nothing."""
        for rule in self.records:
            if rule.outcomes["view"].always is not True:
                return False
            if rule.condition is None:
                break  # nothing comes behind a condition that every record meets
        return True


UNLIMITED: t.Final = Compiled(frozenset(ACTIONS), (), {})


@functools.lru_cache(maxsize=4_000)
def compiled(definition: AppDefinition, who: Principals, administrator: bool) -> Compiled:
    """The rights of ``definition`` for a user.

    An administrator may do in every app what an app allows anybody, but record and field rights count for them as
    for everybody: running the platform is no reason to read health data.
    """
    app_row = definition.app_rights.first(**who._asdict())
    actions = frozenset(
        action for action in ACTIONS if administrator or (app_row is not None and app_row[1].allows(action))
    )
    records = tuple(
        RecordRule(
            number,
            kintone.parse_condition(right.filter_cond) if right.filter_cond.strip() else None,
            {
                action: outcome(right.entities, who, functools.partial(_grants, action=action), definition)
                for action in RECORD_ACTIONS
            },
        )
        for number, right in enumerate(definition.acl.record.rights)
    )
    fields: dict[str, FieldRule] = {}
    for right in definition.acl.field.rights:
        read = outcome(right.entities, who, lambda grant: grant.accessibility in ("READ", "WRITE"), definition)
        write = outcome(right.entities, who, lambda grant: grant.accessibility == "WRITE", definition)
        fields.setdefault(right.code, FieldRule(read, write))
    return Compiled(actions, records, fields, app_row)


def _grants(grant: RecordGrant, *, action: RecordAction) -> bool:
    """Edit and delete carry view."""
    match action:
        case "edit":
            return grant.editable
        case "delete":
            return grant.deletable
    return grant.viewable or grant.editable or grant.deletable
