"""What the service needs to know about a definition, worked out once per version."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from lowcode.fields.base import Field, SystemField
from lowcode.fields.lookup import LookupField
from lowcode.fields.rollup import RollupField
from lowcode.fields.serial import SerialField
from lowcode.fields.subtable import SubtableField
from lowcode.records.catalog import LiveApp


@dataclass(frozen=True, eq=False)
class SavePlan:
    """The fields of one definition by the part they play in a save."""

    by_code: Mapping[str, Field]
    """Top-level fields that hold a value."""
    stored: tuple[Field, ...]
    """Top-level fields with columns of their own, subtables among them."""
    subtables: tuple[SubtableField, ...]
    lookups: tuple[LookupField, ...]
    copied: frozenset[str]
    """Codes that lookups fill: values given for them are ignored, as in kintone."""
    serials: tuple[SerialField, ...]
    rollups: tuple[RollupField, ...]
    formulas: tuple[tuple[Field, SubtableField | None], ...]
    """(calculated field, the subtable it stands in) in order of evaluation."""
    unique: tuple[Field, ...]
    has_files: bool
    checked: tuple[tuple[Field, bool, bool], ...]
    """Fields whose values need a check: (field, by its value, by how it changed)."""


@functools.lru_cache(maxsize=500)
def plan_for(live: LiveApp) -> SavePlan:
    """The plan of one app version (the cache compares versions by identity, definitions would hash whole)."""
    definition = live.definition
    valued = [f for f in definition.fields if f.stores_value]
    lookups = tuple(f for f in valued if isinstance(f, LookupField))
    return SavePlan(
        by_code={f.code: f for f in valued},
        stored=tuple(f for f in valued if not isinstance(f, SystemField)),
        subtables=tuple(f for f in valued if isinstance(f, SubtableField)),
        lookups=lookups,
        copied=frozenset(target for f in lookups for target in f.copy_targets),
        serials=tuple(f for f in valued if isinstance(f, SerialField)),
        rollups=tuple(f for f in valued if isinstance(f, RollupField)),
        formulas=tuple((definition.field(code), definition.subtable_of(code)) for code in definition.order),
        unique=tuple(f for f in valued if f.is_unique() and not isinstance(f, SerialField)),
        checked=tuple(
            (f, by_value, by_change)
            for f in valued
            if not isinstance(f, SystemField)
            for by_value, by_change in [
                (type(f).check is not Field.check or f.is_required(), type(f).check_change is not Field.check_change)
            ]
            if by_value or by_change
        ),
        has_files=any(f.type_name == "FILE" for f in definition.all_fields),
    )
