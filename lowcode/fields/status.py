"""STATUS: where a record stands in the app's process."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup

from lowcode.fields import adapters
from lowcode.fields.base import EQUALITY, SystemField
from lowcode.fields.context import Context, Tables, Value
from lowcode.fields.drop_down import DropDownField
from lowcode.fields.options import Option
from lowcode.fields.settings import setting


class State(t.Protocol):
    """What a state of a process says about itself."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def names(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def index(self) -> int: ...
    @property
    def hue(self) -> str: ...
    @property
    def retired(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class StatusField(SystemField):
    """A state's id. The states stand in the process of the definition, which hands them in as ``states``."""

    type_name: t.ClassVar[str] = "STATUS"
    operators: t.ClassVar[tuple[str, ...]] = EQUALITY
    system_column: t.ClassVar[str] = "status"

    enabled: bool = setting(ma.fields.Boolean(), control="check", label="setting.enabled", default=True)
    # No setting: the process is compared and kept elsewhere, so a new state is no change of this field.
    states: tuple[Option, ...] = dataclasses.field(default=(), compare=False)

    def with_states(self, states: Iterable[State]) -> StatusField:
        """The same field knowing the states of its app's process."""
        options = (
            Option(id=s.id, key=s.name, label=s.name, labels=s.names, index=s.index, hue=s.hue, retired=s.retired)
            for s in states
        )
        return dataclasses.replace(self, states=tuple(sorted(options, key=lambda option: (option.index, option.id))))

    @functools.cached_property
    def _choice(self) -> DropDownField:
        """States are read and shown as options are."""
        return DropDownField(id=self.id, code=self.code, label=self.label, options=self.states)

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.Integer()

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return self._choice.coerce(raw, ctx)

    def dump(self, value: Value) -> t.Any:
        return self._choice.dump(value)

    def history_value(self, value: Value) -> t.Any:
        return value

    def from_history(self, raw: t.Any) -> Value:
        return raw if isinstance(raw, int) else None

    def text(self, value: Value, ctx: Context) -> str:
        return self._choice.text(value, ctx)

    def parse(self, text: str, ctx: Context) -> Value:
        return self._choice.parse(text, ctx)

    def display(self, value: Value, ctx: Context) -> Markup:
        return self._choice.display(value, ctx) if self.enabled else Markup()

    def form_choices(self, value: Value, ctx: Context) -> Sequence[adapters.FormChoice]:
        return self._choice.form_choices(value, ctx)

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        return self._choice.operand(raw, ctx)

    def sort_column(self, tables: Tables) -> sa.ColumnElement[t.Any]:
        ids = [state.id for state in self.states]
        column = self.column(tables)
        return column if ids == sorted(ids) else sa.case({id: place for place, id in enumerate(ids)}, value=column)
