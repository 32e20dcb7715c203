"""What rights give somebody: yes or no, or an answer that depends on who stands in a record's fields.

Rights are lists of grantees in order of priority and the first that means a person decides. A grantee may be a field
of the record (``FIELD_ENTITY``): then the answer differs from record to record, and is worked out in SQL for reading
and in Python for what is about to be written.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from lowcode.access.actor import Principals
from lowcode.definition.rights import EVERYONE, Grantee
from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Context, Field, Value
from lowcode.query.compare import predicate
from lowcode.query.kinds import kind_of
from lowcode.query.resolve import Leaf

G = t.TypeVar("G", bound=Grantee)
Answer = bool | sa.ColumnElement[bool]
"""Yes, no, or a condition on the record."""


@dataclass(frozen=True)
class Decider:
    """A row of a list of rights that means somebody, or may mean them, and what it answers."""

    place: int
    """Its place in the list as it is written, from 0."""
    grantee: Grantee
    allowed: bool


@dataclass(frozen=True)
class Outcome:
    """The fields to look into, in order, each with the answer if it names the person; else ``otherwise``."""

    by_field: tuple[Decider, ...] = ()
    otherwise: bool = False
    asked: tuple[Decider, ...] = field(default=(), compare=False)
    """Every row that looks into a field, those whose answer changes nothing among them: which row decides is theirs
    to tell, what it decides is not."""
    named: Decider | None = field(default=None, compare=False)
    """The row that gives ``otherwise``; None when none means the person."""

    @classmethod
    def of(cls, asked: Iterable[Decider], named: Decider | None) -> Outcome:
        """An outcome without questions whose answer changes nothing."""
        otherwise = named is not None and named.allowed
        kept = asked = tuple(asked)
        while kept and kept[-1].allowed is otherwise:
            kept = kept[:-1]
        return cls(kept, otherwise, asked, named)

    @property
    def always(self) -> bool | None:
        """The answer where it is the same for every record, else None."""
        return None if self.by_field else self.otherwise

    def sql(self, definition: AppDefinition, tables: t.Any, who: Principals, ctx: Context) -> Answer:
        """The answer as a condition over ``tables.main``, never NULL."""
        answer: Answer = self.otherwise
        for each in reversed(self.by_field):
            answer = chosen(_named_in(each.grantee, definition, tables, who, ctx), each.allowed, answer)
        return answer

    def on(self, values: Mapping[str, Value], definition: AppDefinition, who: Principals) -> bool:
        """The answer for a record with these values by field code."""
        found = _first(self.by_field, values, definition, who)
        return self.otherwise if found is None else found.allowed

    def decider(self, values: Mapping[str, Value], definition: AppDefinition, who: Principals) -> Decider | None:
        """The row that gives the answer of :meth:`on`; None when no row means the person."""
        return _first(self.asked, values, definition, who) or self.named


YES: t.Final = Outcome((), True)
NO: t.Final = Outcome((), False)


def in_order(grantees: Iterable[G]) -> list[tuple[int, G]]:
    """Grantees with their places in order of priority: everybody comes last, wherever they stand (as in kintone)."""
    return sorted(enumerate(grantees), key=lambda g: g[1].entity.type == "GROUP" and g[1].entity.code == EVERYONE)


def outcome(grantees: Iterable[G], who: Principals, allows: Callable[[G], bool], definition: AppDefinition) -> Outcome:
    """What the first grantee that means ``who`` gives; nobody is meant by a list that names nobody.

    A field that can never name the person (one of organisations, for somebody in none) is no question.
    """
    asked: list[Decider] = []
    for place, grantee in in_order(grantees):
        if grantee.entity.type == "FIELD_ENTITY":
            field = definition.find(grantee.entity.code)
            if field is None or not _ids(grantee, field, who):
                continue
            asked.append(Decider(place, grantee, allows(grantee)))
        elif grantee.includes(**who._asdict()):
            return Outcome.of(asked, Decider(place, grantee, allows(grantee)))
    return Outcome.of(asked, None)


def chosen(condition: Answer, then: Answer, otherwise: Answer) -> Answer:
    """``then`` where the condition holds, else ``otherwise``; as little SQL as says it."""
    if isinstance(condition, bool):
        return then if condition else otherwise
    if isinstance(then, bool) and isinstance(otherwise, bool):
        if then is otherwise:
            return then
        return condition if then else sa.not_(condition)
    if isinstance(then, bool):
        return (
            sa.or_(condition, t.cast(t.Any, otherwise))
            if then
            else sa.and_(sa.not_(condition), t.cast(t.Any, otherwise))
        )
    if isinstance(otherwise, bool):
        return sa.or_(sa.not_(condition), then) if otherwise else sa.and_(condition, then)
    return sa.or_(sa.and_(condition, then), sa.and_(sa.not_(condition), otherwise))


def both(one: Answer, other: Answer) -> Answer:
    """Where both hold."""
    return chosen(one, other, False)


def _first(
    deciders: Iterable[Decider], values: Mapping[str, Value], definition: AppDefinition, who: Principals
) -> Decider | None:
    """The first row whose field names the person in a record with these values."""
    for each in deciders:
        looked_into = definition.find(each.grantee.entity.code)
        value = None if looked_into is None else values.get(looked_into.code)
        named = (value,) if isinstance(value, int) else tuple(value or ())
        if looked_into is not None and not set(named).isdisjoint(_ids(each.grantee, looked_into, who)):
            return each
    return None


def _named_in(grantee: Grantee, definition: AppDefinition, tables: t.Any, who: Principals, ctx: Context) -> Answer:
    field = definition.find(grantee.entity.code)
    ids = () if field is None else _ids(grantee, field, who)
    if field is None or not ids:
        return False
    return predicate(Leaf(kind_of(field), "in", field, ids, None), tables, ctx)


def _ids(grantee: Grantee, field: Field, who: Principals) -> tuple[int, ...]:
    """What the field has to hold to mean the person."""
    match field.type_name:
        case "GROUP_SELECT":
            return who.groups
        case "ORGANIZATION_SELECT":
            return (*who.organizations, *who.ancestors) if grantee.include_subs else who.organizations
    return () if who.user_id is None else (who.user_id,)
