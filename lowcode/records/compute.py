"""Derived values inside one record: formulas at the top level and in each row."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, MutableMapping

from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.subtable import Row, SubtableField
from lowcode.formula import Precision
from lowcode.records.plan import SavePlan


class Calculated(t.Protocol):
    """A field with a formula."""

    def compute(self, values: t.Callable[[str], t.Any], ctx: Context, precision: Precision) -> Value: ...


def evaluate(definition: AppDefinition, plan: SavePlan, values: MutableMapping[str, Value], ctx: Context) -> None:
    """Compute every formula of a record into ``values``, dependencies first."""
    for field, subtable in plan.formulas:
        if subtable is None:
            values[field.code] = _compute(field, definition, plan, values, None, ctx)
            continue
        rows = []
        for row in values.get(subtable.code) or ():
            computed = _compute(field, definition, plan, values, (subtable, row.values), ctx)
            rows.append(Row(id=row.id, values={**row.values, field.code: computed}))
        values[subtable.code] = tuple(rows)


def _compute(
    field: Field,
    definition: AppDefinition,
    plan: SavePlan,
    values: Mapping[str, Value],
    row: tuple[SubtableField, Mapping[str, Value]] | None,
    ctx: Context,
) -> Value:
    def look_up(code: str) -> t.Any:
        if row is not None:
            inner = row[0].find(code)
            if inner is not None:
                return as_operand(inner, row[1].get(code), definition)
        found = plan.by_code.get(code)
        if found is not None:
            return as_operand(found, values.get(code), definition)
        subtable = definition.subtable_of(code)
        if subtable is None:
            return None
        column = definition.field(code)
        return [as_operand(column, r.values.get(code), definition) for r in values.get(subtable.code) or ()]

    return t.cast(Calculated, field).compute(look_up, ctx, precision_of(definition))


def as_operand(field: Field, value: Value, definition: AppDefinition) -> t.Any:
    """What a formula sees of a value: the keys of choices, the name of a state, everything else as it is."""
    if hasattr(field, "options"):
        dumped = field.dump(value)
        return tuple(dumped) if isinstance(dumped, list) else dumped
    if field.type_name == "STATUS":
        state = definition.status.state(value) if value is not None else definition.status.first
        return state.name if state is not None else None
    return value


def precision_of(definition: AppDefinition) -> Precision:
    """The app's number precision as formulas take it."""
    chosen = definition.settings.number_precision
    return Precision(
        digits=chosen.digits,
        decimal_places=chosen.decimal_places,
        rounding=t.cast(t.Any, chosen.rounding_mode),
    )
