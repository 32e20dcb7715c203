"""CHECK_BOX: any number of a few, all in sight."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

import marshmallow as ma
import sqlalchemy as sa

from lowcode.errors import Invalid, Problem, invalid
from lowcode.fields import adapters
from lowcode.fields.base import ManyValued
from lowcode.fields.context import Context, Value
from lowcode.fields.options import ChoiceField
from lowcode.fields.plain import as_text, shortened
from lowcode.fields.settings import FrozenList, setting


@dataclass(frozen=True, kw_only=True)
class ManyChoice(ChoiceField, ManyValued):
    """A choice of several: a tuple of option ids, in the order of the options."""

    operators: t.ClassVar[tuple[str, ...]] = ("in", "not in")

    # Not a setting here: the side table is always indexed.
    indexed: bool = False
    default_value: tuple[str, ...] = setting(
        FrozenList(ma.fields.String()), control="option-list", label="setting.default_value", default=()
    )

    def element_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.Integer()

    def chosen(self, value: Value) -> tuple[int, ...]:
        return tuple(value or ())

    def in_order(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Option ids without repetition, in the order of the options."""
        wanted = set(ids)
        known = [option.id for option in self.options if option.id in wanted]
        return (*known, *sorted(wanted.difference(known)))

    def default(self, ctx: Context) -> Value:
        return self.coerce(list(self.default_value), ctx)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        if raw is None or raw == "":
            return ()
        if not isinstance(raw, list | tuple):
            raise invalid("choice.not_a_list", value=shortened(raw))
        return self._each(raw, self.coerce_option)

    def _each(self, raw: Sequence[t.Any], read: t.Callable[[t.Any], int | None]) -> Value:
        problems: list[Problem] = []
        found: list[int] = []
        for position, one in enumerate(raw):
            try:
                option_id = read(one)
            except Invalid as error:
                problems += [problem.under(position) for problem in error.problems]
            else:
                found += [] if option_id is None else [option_id]
        if problems:
            raise Invalid(problems)
        return self.in_order(found)

    def dump(self, value: Value) -> t.Any:
        return [self.option_key(option_id) for option_id in value or ()]

    def text(self, value: Value, ctx: Context) -> str:
        return "\n".join(self.option_text(option_id, ctx.locale) for option_id in value or ())

    def parse(self, text: str, ctx: Context) -> Value:
        """Labels, one a line (as in kintone's files); commas separate too where no label has one."""
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return self._each(lines, lambda line: self.parse_option(line, ctx))
        except Invalid:
            parts = [part for line in lines for part in line.replace("、", ",").replace("，", ",").split(",")]
            if len(parts) == len(lines):
                raise
            return self._each(parts, lambda part: self.parse_option(part, ctx))

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        return self.coerce_option(as_text(raw))

    def history_value(self, value: Value) -> t.Any:
        return list(value or ())

    def from_history(self, raw: t.Any) -> Value:
        return tuple(raw or ())

    def form_values(self, value: Value, ctx: Context) -> tuple[str, ...]:
        return tuple(str(option_id) for option_id in value or ())

    def from_form(self, values: Sequence[str], ctx: Context) -> Value:
        ids = [int(text) if text.isdecimal() and len(text) < 12 else text for text in values]
        return self._each(ids, self.coerce_option)


@dataclass(frozen=True, kw_only=True)
class CheckBoxField(ManyChoice):
    """Any number of a few options."""

    type_name: t.ClassVar[str] = "CHECK_BOX"
    widget: t.ClassVar[adapters.Widget] = adapters.Choices("checkbox")

    align: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(["HORIZONTAL", "VERTICAL"], error="setting.choice")),
        control="select",
        label="setting.align",
        default="HORIZONTAL",
    )

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        return {"class": "choices choices-column" if self.align == "VERTICAL" else "choices"}
