"""Process management: the state of new records, and taking an action from one state to the next."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import sqlalchemy as sa

from lowcode.definition.schema import AppDefinition, ProcessAction
from lowcode.errors import Forbidden, Invalid, Problem
from lowcode.query import build, kintone
from lowcode.records.draft import Draft

if t.TYPE_CHECKING:
    from lowcode.records.service import RecordService


def prepare(service: RecordService, drafts: Sequence[Draft]) -> None:
    """Give new records the first state and carry out the actions that the changes ask for.

    :raises Invalid: the process is off, or the action does not start from the record's state or its condition is
        not met. :raises Forbidden: only the record's assignees may act.
    """
    status = service.definition.status
    for draft in drafts:
        if draft.is_new and status.first is not None:
            draft.system.setdefault("status", status.first.id)
        if draft.change.action is not None:
            _act(service, draft, draft.change.action)


def possible_actions(definition: AppDefinition, state: int | None) -> list[ProcessAction]:
    """The actions that start from a state (None counts as the first one), in order."""
    first = definition.status.first
    if first is None:
        return []
    present = definition.status.state(state if state is not None else first.id)
    return [a for a in definition.status.actions if present is not None and a.from_state == present.name]


def _act(service: RecordService, draft: Draft, name: str) -> None:
    definition = service.definition
    if not definition.status.enable:
        raise Invalid([Problem(code="process.off", path=(draft.index,))])
    state = draft.before.status if draft.before is not None else draft.system.get("status")
    action = next((a for a in possible_actions(definition, state) if a.name == name), None)
    if action is None:
        raise Invalid([Problem(code="process.action_not_possible", path=(draft.index,), params={"action": name})])
    if not _may_act(service, draft):
        raise Forbidden("process.not_assignee", action=name)
    if not _assignees(service, draft):
        # Nobody in particular works on the record: then acting on it is editing it.
        service.policy.require("edit") if draft.is_new else service.require_edit(draft.id)
    if action.filter_cond and not _meets(service, draft, action.filter_cond):
        raise Invalid([Problem(code="process.condition", path=(draft.index,), params={"action": name})])
    target = definition.status.state(action.to_state)
    if target is None:
        raise Invalid([Problem(code="process.action_not_possible", path=(draft.index,), params={"action": name})])
    draft.system["status"] = target.id
    if draft.change.assignee is not None:
        entity = service.ctx.directory.by_code("USER", draft.change.assignee)
        if entity is None:
            raise Invalid(
                [Problem(code="process.assignee_unknown", path=(draft.index,), params={"code": draft.change.assignee})]
            )
        draft.system["assignees"] = f"[{entity.id}]"
    else:
        draft.system["assignees"] = None


def _assignees(service: RecordService, draft: Draft) -> t.Sequence[int]:
    """Who works on the record now."""
    for field in service.plan.by_code.values():
        if field.type_name == "STATUS_ASSIGNEE":
            return tuple(draft.old.get(field.code) or ())
    return ()


def _may_act(service: RecordService, draft: Draft) -> bool:
    """A record with assignees moves only by one of them (or by whoever manages the app)."""
    assignees = _assignees(service, draft)
    if not assignees or service.actor.kind == "system":
        return True
    return service.actor.user_id in assignees or service.policy.allows("manage")


def _meets(service: RecordService, draft: Draft, text: str) -> bool:
    condition = kintone.parse(text).condition
    if condition is None or draft.is_new:
        return True
    predicate = build.condition(
        condition, service.definition, service.tables, service.ctx, service.definition.field_codes
    )
    main = service.tables.main
    return service.connection.scalar(sa.select(main.c.id).where(main.c.id == draft.id, predicate)) is not None
