"""What a field's values are made of: fields of the same app, and records of another one."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from lowcode.definition import formulas
from lowcode.fields.base import Field
from lowcode.fields.reference_table import ReferenceTableField
from lowcode.fields.rollup import RollupField
from lowcode.formula import parse
from lowcode.query import ast, kintone


@dataclass(frozen=True)
class Elsewhere:
    """Fields of another app, by its code."""

    app: str
    codes: frozenset[str]
    every_record: bool
    """Whether the value tells something of every record there, not only of those that somebody may see."""


@dataclass(frozen=True)
class Sources:
    """What a value tells something of."""

    here: frozenset[str] = frozenset()
    elsewhere: Elsewhere | None = None


NOTHING: t.Final = Sources()


@functools.lru_cache(maxsize=10_000)
def sources_of(field: Field) -> Sources:
    """The sources that hide a field with them; none for what is typed in, or what its author discloses."""
    if getattr(field, "disclose", False):
        return NOTHING
    if isinstance(field, RollupField):
        part = field.rollup
        codes = frozenset({part.related_field, part.field, part.order_field, *_named(part.filter_cond)}) - {""}
        return Sources(frozenset({part.key_field}), Elsewhere(part.related_app.code, codes, every_record=True))
    if isinstance(field, ReferenceTableField):
        # The rows are read with the asker's own rights; what joins and chooses them has to be seen.
        table = field.reference_table
        codes = frozenset({table.condition.related_field, *_named(table.filter_cond)})
        elsewhere = Elsewhere(table.related_app.code, codes, every_record=False)
        return Sources(frozenset({table.condition.field}), elsewhere)
    text = formulas.expression(field)
    return Sources(frozenset(parse(text).reference_order)) if text else NOTHING


def _named(condition: str) -> frozenset[str]:
    if not condition:
        return frozenset()
    return frozenset(compare.field for compare in ast.compares(kintone.parse_condition(condition)))
