"""The words that name a record."""

from __future__ import annotations

from collections.abc import Mapping

from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Context, Value


def title_of(definition: AppDefinition, record_id: int, values: Mapping[str, Value], ctx: Context) -> str:
    """What stands in the title field; the record's number when that is empty or hidden."""
    named = definition.title_field
    if named.code in values:
        words = named.text(values[named.code], ctx).strip()
        if words:
            return words[:200]
    return f"#{record_id}"
