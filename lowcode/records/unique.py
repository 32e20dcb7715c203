"""No two records with the same value of a unique field: found before the write, so that every clash is named.

The unique index stays the last word; this check is what turns it into sentences.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

import sqlalchemy as sa

from lowcode.records.catalog import LiveApp
from lowcode.records.draft import Draft
from lowcode.records.plan import SavePlan
from lowcode.records.rows import chunks


def check(connection: sa.Connection, live: LiveApp, plan: SavePlan, drafts: Sequence[Draft]) -> None:
    """Add ``unique`` problems to drafts whose value stands in another record or earlier in the same save."""
    main = live.tables.main
    for field in plan.unique:
        # Not always the value's own column: telephone numbers are the same whatever their hyphens.
        (key_column, *_) = field.index_columns()
        wanted: dict[t.Any, Draft] = {}
        for draft in drafts:
            value = draft.values.get(field.code)
            if field.is_empty(value) or not draft.changed(field.code):
                continue
            key = field.row_values(value)[key_column]
            if key in wanted:
                draft.problem("unique", draft.index, field.code, other=wanted[key].index)
                continue
            wanted[key] = draft
        leaving = {d.id for d in drafts if not d.is_new and d.changed(field.code)}
        column = main.c[key_column]
        for part in chunks(list(wanted)):
            for row in connection.execute(sa.select(main.c.id, column).where(column.in_(part))):
                found = wanted.get(row[1])
                if found is not None and found.id != row[0] and row[0] not in leaving:
                    found.problem("unique", found.index, field.code, record=row[0])
