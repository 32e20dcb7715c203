"""The process of an app: states, who works on them, and the actions between them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import marshmallow as ma

from lowcode.definition.parts import ByName, Choice, Flag, IntegerString, One, Part, Several, Text
from lowcode.definition.rights import Grantee
from lowcode.fields.settings import FrozenMap, setting


@dataclass(frozen=True, kw_only=True)
class Assignee(Part):
    """Who works on a record in a state: one of them, all of them, or any of them."""

    type: str = setting(Choice("ONE", "ALL", "ANY"), control="select", label="", default="ONE")
    entities: tuple[Grantee, ...] = setting(Several(Grantee), control="entities", label="", default=())


@dataclass(frozen=True, kw_only=True)
class State(Part):
    """A state of a record. Records keep its id; a removed state stays as a retired one."""

    omitted: t.ClassVar[frozenset[str]] = frozenset({"names", "hue", "retired"})

    id: int = setting(ma.fields.Integer(required=True, strict=True), control="hidden", label="")
    name: str = setting(Text(required=True, shortest=1, longest=64), control="text", label="definition.state.name")
    names: tuple[tuple[str, str], ...] = setting(FrozenMap(), control="labels", label="", default=())
    index: int = setting(IntegerString(least=0), control="hidden", label="", default=0)
    assignee: Assignee = setting(One(Assignee), control="entities", label="", default=Assignee())
    hue: str = setting(Text(longest=32), control="colour", label="", default="")
    retired: bool = setting(Flag(), control="hidden", label="", default=False)

    def display_name(self, locale: str) -> str:
        """The name in the reader's language."""
        return dict(self.names).get(locale, self.name)


@dataclass(frozen=True, kw_only=True)
class ExecutableUser(Part):
    """Who may take an action of type SECONDARY."""

    entities: tuple[Grantee, ...] = setting(Several(Grantee), control="entities", label="", default=())


@dataclass(frozen=True, kw_only=True)
class ProcessAction(Part):
    """A step from one state to another."""

    omitted: t.ClassVar[frozenset[str]] = frozenset({"names", "executable_user"})

    id: int = setting(ma.fields.Integer(required=True, strict=True), control="hidden", label="")
    name: str = setting(Text(required=True, shortest=1, longest=64), control="text", label="definition.action.name")
    names: tuple[tuple[str, str], ...] = setting(FrozenMap(), control="labels", label="", default=())
    from_state: str = setting(Text(required=True, shortest=1), control="state", label="", key="from")
    to_state: str = setting(Text(required=True, shortest=1), control="state", label="", key="to")
    filter_cond: str = setting(Text(longest=10_000), control="query", label="", default="")
    type: str = setting(Choice("PRIMARY", "SECONDARY"), control="select", label="", default="PRIMARY")
    executable_user: ExecutableUser = setting(
        One(ExecutableUser), control="entities", label="", default=ExecutableUser()
    )


@dataclass(frozen=True, kw_only=True)
class Status(Part):
    """The process; off unless ``enable``."""

    enable: bool = setting(Flag(), control="check", label="definition.status.enable", default=False)
    states: tuple[State, ...] = setting(ByName(State), control="states", label="", default=())
    actions: tuple[ProcessAction, ...] = setting(Several(ProcessAction), control="actions", label="", default=())

    @property
    def first(self) -> State | None:
        """The state of a new record; None while the process is off."""
        present = [s for s in self.states if not s.retired]
        return present[0] if self.enable and present else None

    def state(self, key: int | str) -> State | None:
        """A state by id or by name (retired ones only by id)."""
        for state in self.states:
            if state.id == key or (state.name == key and not state.retired):
                return state
        return None
