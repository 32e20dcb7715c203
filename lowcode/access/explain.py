"""Which rule decides what for a person: the answers of a policy, each with the row or condition that gave it.

Nothing is evaluated here a second time. The answers come from the policy's compiled rights and masks; this module only
looks up which of their parts spoke. The sentences are made where they are shown.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lowcode.access.compiled import ACTIONS, RECORD_ACTIONS, Action, FieldRule, RecordAction, RecordRule
from lowcode.access.outcomes import Decider, Outcome
from lowcode.access.policy import Policy, Unseen
from lowcode.access.sources import sources_of
from lowcode.definition.rights import AppRight, Grantee
from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Field, Value

Level = t.Literal["write", "read", "none"]
Met = t.Literal["met", "unmet", "unknown", "open"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a list of rights."""

    place: int
    """Its place in the list as it is written, from 0."""
    grantee: Grantee
    """Whom it names; ``FIELD_ENTITY``: the field in which the person stands."""
    gives: frozenset[str]
    """Actions, or ``read`` and ``write`` for a field."""


@dataclass(frozen=True, kw_only=True)
class AppReason:
    """Whether a person may do something in the app, and why."""

    action: Action
    allowed: bool
    why: t.Literal["administrator", "row", "nobody"]
    row: Row | None = None


@dataclass(frozen=True, kw_only=True)
class ConditionReason:
    """One condition of the record rights."""

    place: int
    """Its place among the app's record rights, from 0."""
    text: str
    """The condition as it is written; empty: every record meets it."""
    met: Met
    """``unknown``: it cannot be understood any more; ``open``: it depends on the record, and none was chosen."""
    decides: bool
    """Whether this is the condition that counts."""
    rows: tuple[Row, ...]
    """The rows that mean the person or look into a field that may name them, in order of priority."""


@dataclass(frozen=True, kw_only=True)
class RecordReason:
    """Whether a person may see, edit or delete the record (without one: any record), and why."""

    action: RecordAction
    allowed: bool | None
    """None: it depends on the record."""
    why: t.Literal["app", "free", "unlimited", "row", "nobody", "unknown", "varies"]
    """``app``: the app rights forbid it; ``free``: there are no record rights; ``unlimited``: the record meets no
    condition; ``unknown``: the condition that came first cannot be understood."""
    condition: int | None = None
    row: Row | None = None


@dataclass(frozen=True, kw_only=True)
class FieldReason:
    """How far a person may go with a field, and why."""

    code: str
    level: Level | None
    """None: it depends on the record."""
    why: t.Literal["open", "fixed", "row", "nobody", "table", "here", "elsewhere", "varies", "app", "record"]
    """``open``: it has no rights of its own; ``fixed``: the same, and nobody gives it values; ``table``: as the
    subtable around it; ``here``, ``elsewhere``: it is made of something hidden; ``app``: the person may neither see
    nor add records; ``record``: they do not see this one."""
    row: Row | None = None
    rows: tuple[Row, ...] = ()
    """With ``varies``: the rows that may decide."""
    source: str = ""
    """With ``table`` and ``here``: the field that decides over this one."""
    unseen: Unseen | None = None
    """With ``elsewhere``: what is not seen of the other app."""

    @property
    def limited(self) -> bool:
        """Whether rights have anything to say about the field."""
        return self.why not in ("open", "fixed")


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What rights give a person in an app (for one record, if one was chosen), with the rules that decide."""

    record: int | None
    app: tuple[AppReason, ...]
    conditions: tuple[ConditionReason, ...]
    records: tuple[RecordReason, ...]
    """For ``view``, ``edit`` and ``delete``."""
    fields: tuple[FieldReason, ...]
    """Every field, the columns of a subtable right after it."""

    def may(self, action: RecordAction) -> bool | None:
        """Whether the person may do something with the record; None: it depends on the record."""
        return next(reason.allowed for reason in self.records if reason.action == action)


@dataclass(frozen=True, kw_only=True)
class RecordFacts:
    """What an explanation has to know of a record."""

    id: int
    met: Sequence[bool | None]
    """For each condition of the record rights: whether the record meets it; None: it cannot be understood."""
    values: Mapping[str, Value]
    """The fields that rights look into (:func:`people_fields`), by code."""


def people_fields(definition: AppDefinition) -> frozenset[str]:
    """Codes of the fields whose people are named by record or field rights."""
    rights: list[tuple[Grantee, ...]] = [right.entities for right in definition.acl.record.rights]
    rights += [right.entities for right in definition.acl.field.rights]
    return frozenset(g.entity.code for row in rights for g in row if g.entity.type == "FIELD_ENTITY")


def explain(policy: Policy, record: RecordFacts | None = None) -> Explanation:
    """Explain the policy of a user.

    :param record: the record that is looked at; without one, what depends on the record stays open.
    :raises ValueError: tokens, forms and the system have no rows that name them.
    """
    if policy.actor.kind != "user":
        raise ValueError("only the rights of people are explained")
    conditions = _conditions(policy, record)
    records = tuple(_record_reason(policy, action, conditions, record) for action in RECORD_ACTIONS)
    hidden = record is not None and not records[RECORD_ACTIONS.index("view")].allowed
    return Explanation(
        record=None if record is None else record.id,
        app=tuple(_app_reason(policy, action) for action in ACTIONS),
        conditions=conditions,
        records=records,
        fields=_Fields(policy, record).nothing("record") if hidden else _Fields(policy, record).reasons(),
    )


# -- the app ---------------------------------------------------------------------------------------


def _app_reason(policy: Policy, action: Action) -> AppReason:
    allowed, found = policy.allows(action), policy.rights.app_row
    if policy.actor.administrator:
        return AppReason(action=action, allowed=allowed, why="administrator")
    if found is None:
        return AppReason(action=action, allowed=allowed, why="nobody")
    return AppReason(action=action, allowed=allowed, why="row", row=_app_row(*found))


def _app_row(place: int, right: AppRight) -> Row:
    return Row(place=place, grantee=right, gives=frozenset(action for action in ACTIONS if right.allows(action)))


# -- records ---------------------------------------------------------------------------------------


def _conditions(policy: Policy, record: RecordFacts | None) -> tuple[ConditionReason, ...]:
    rights = policy.definition.acl.record.rights
    found: list[ConditionReason] = []
    for at, rule in enumerate(policy.rights.records):
        met = _met(policy, rule) if record is None else _MET[record.met[at]]
        found.append(
            ConditionReason(
                place=rule.number,
                text=rights[rule.number].filter_cond.strip(),
                met=met,
                # The first that is met counts, and nothing comes behind one that cannot be understood.
                decides=met in ("met", "unknown") and not any(c.decides or c.met == "open" for c in found),
                rows=_rows(rule.outcomes),
            )
        )
    return tuple(found)


_MET: t.Final[Mapping[bool | None, Met]] = {True: "met", False: "unmet", None: "unknown"}


def _met(policy: Policy, rule: RecordRule) -> Met:
    if rule.condition is None:
        return "met"
    return "unknown" if policy.meets(rule.condition) is None else "open"


def _record_reason(
    policy: Policy, action: RecordAction, conditions: Sequence[ConditionReason], record: RecordFacts | None
) -> RecordReason:
    if not (policy.allows(action) and policy.allows("view")):
        return RecordReason(action=action, allowed=False, why="app")
    if not conditions:
        return RecordReason(action=action, allowed=True, why="free")
    deciding = next((c for c in conditions if c.decides), None)
    if deciding is None:
        if record is None:
            return RecordReason(action=action, allowed=None, why="varies")
        return RecordReason(action=action, allowed=True, why="unlimited")
    if deciding.met == "unknown":
        return RecordReason(action=action, allowed=False, why="unknown", condition=deciding.place)
    outcome = policy.rights.records[deciding.place].outcomes[action]
    if record is None and outcome.asked:
        return RecordReason(action=action, allowed=outcome.always, why="varies", condition=deciding.place)
    decider = _decider(policy, outcome, record)
    return RecordReason(
        action=action,
        allowed=decider is not None and decider.allowed,
        why="nobody" if decider is None else "row",
        condition=deciding.place,
        row=_row(deciding.rows, decider),
    )


def _decider(policy: Policy, outcome: Outcome, record: RecordFacts | None) -> Decider | None:
    if record is None:
        return outcome.named
    return outcome.decider(record.values, policy.definition, policy.actor.principals)


def _rows(outcomes: Mapping[t.Any, Outcome]) -> tuple[Row, ...]:
    """The rows of one list; its outcomes hold the same rows, each with its own answer."""
    found: dict[int, tuple[Grantee, set[str]]] = {}
    for action, outcome in outcomes.items():
        for each in (*outcome.asked, *([outcome.named] if outcome.named is not None else [])):
            gives = found.setdefault(each.place, (each.grantee, set()))[1]
            gives |= {action} if each.allowed else set()
    return tuple(Row(place=p, grantee=grantee, gives=frozenset(gives)) for p, (grantee, gives) in found.items())


def _row(rows: Sequence[Row], decider: Decider | None) -> Row | None:
    return None if decider is None else next(row for row in rows if row.place == decider.place)


# -- fields ----------------------------------------------------------------------------------------


class _Fields:
    """The fields of one app, in one record or in any."""

    def __init__(self, policy: Policy, record: RecordFacts | None) -> None:
        self.policy, self.record, self.definition = policy, record, policy.definition
        self.rules = policy.rights.fields
        if record is None:
            # Seen, and writable, in some record at least.
            self.readable, self.writable = policy.shown, policy.writable
        else:
            self.readable, self.writable = policy.readable_in(record.values), policy.writable_in(record.values)

    def nothing(self, why: t.Literal["app", "record"]) -> tuple[FieldReason, ...]:
        """Nothing is seen."""
        return tuple(FieldReason(code=field.code, level="none", why=why) for field in self.definition.all_fields)

    def reasons(self) -> tuple[FieldReason, ...]:
        """Every field with its reason."""
        if not (self.policy.allows("view") or self.policy.allows("add")):
            return self.nothing("app")
        return tuple(self._reason(field) for field in self.definition.all_fields)

    def _reason(self, field: Field) -> FieldReason:
        rule = self.rules.get(field.code)
        level = self._level(field)
        hidden = level == "none" or (level is None and field.code not in self.policy.readable)
        if hidden and not (rule is not None and self._own(rule, level)):
            return self._hidden_with(field, level)
        if rule is not None:
            return self._by_rule(field, rule, level)
        table = self.definition.subtable_of(field.code)
        if table is not None and table.code in self.rules:
            return FieldReason(code=field.code, level=level, why="table", source=table.code)
        fixed = field.code not in self.definition.writable_codes
        return FieldReason(code=field.code, level=level, why="fixed" if fixed else "open")

    def _level(self, field: Field) -> Level | None:
        code = field.code
        if code not in self.readable:
            return "none"
        if self.record is not None or code in self.policy.readable:
            if code in self.writable:
                return "write"
            table = self.definition.subtable_of(code)
            rule = self.rules.get(code if table is None else table.code)
            sometimes = rule is not None and rule.write.always is None and code in self.definition.writable_codes
            return None if self.record is None and sometimes else "read"
        return None

    def _own(self, rule: FieldRule, level: Level | None) -> bool:
        """Whether the field's own rights are what hides it (in this record, or in some)."""
        if level is None:
            return rule.read.always is None
        if self.record is None:
            return rule.read.always is False
        return not rule.read.on(self.record.values, self.definition, self.policy.actor.principals)

    def _by_rule(self, field: Field, rule: FieldRule, level: Level | None) -> FieldReason:
        rows = _rows({"read": rule.read, "write": rule.write})
        if self.record is None and rule.read.asked:
            return FieldReason(code=field.code, level=level, why="varies", rows=rows)
        row = _row(rows, _decider(self.policy, rule.read, self.record))
        return FieldReason(code=field.code, level=level, why="nobody" if row is None else "row", row=row)

    def _hidden_with(self, field: Field, level: Level | None) -> FieldReason:
        """A field that is hidden although its own rights would show it."""
        seen = self.readable if level == "none" else self.policy.readable
        table = self.definition.subtable_of(field.code)
        if table is not None and table.code not in seen:
            return FieldReason(code=field.code, level=level, why="table", source=table.code)
        made_of = sources_of(field)
        source = next((f.code for f in self.definition.all_fields if f.code in made_of.here - seen), "")
        if source:
            return FieldReason(code=field.code, level=level, why="here", source=source)
        unseen = self.policy.unseen_elsewhere(made_of.elsewhere) if made_of.elsewhere is not None else None
        return FieldReason(code=field.code, level=level, why="elsewhere", unseen=unseen)


__all__ = [
    "AppReason",
    "ConditionReason",
    "Explanation",
    "FieldReason",
    "Level",
    "Met",
    "RecordFacts",
    "RecordReason",
    "Row",
    "explain",
    "people_fields",
]
