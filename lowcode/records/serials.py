"""Automatic numbers: taken from a counter row inside the save's own transaction, a whole batch at once.

A number is never used twice: the counter only grows. Because it is part of the transaction, a save that fails
takes no number, so the sequence has gaps only where records were deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite

from lowcode.db import is_sqlite
from lowcode.fields.base import Context
from lowcode.records.catalog import LiveApp
from lowcode.records.draft import Draft
from lowcode.records.plan import SavePlan
from lowcode.system import models


def number(connection: sa.Connection, live: LiveApp, plan: SavePlan, drafts: Sequence[Draft], ctx: Context) -> None:
    """Give every new record its numbers."""
    new = [d for d in drafts if d.is_new]
    if not new:
        return
    first_month = live.definition.settings.first_month_of_fiscal_year
    for field in plan.serials:
        period = field.period(ctx.today, first_month)
        last = take(connection, live.id, field.id, period, len(new))
        for value, draft in enumerate(new, start=last - len(new) + 1):
            draft.values[field.code] = field.format(value, ctx.today, first_month)


def take(connection: sa.Connection, app_id: int, field_id: int, period: str, count: int) -> int:
    """Advance a counter by ``count`` and return its new value; other takers wait until the transaction ends."""
    counters = models.Counter.__table__
    dialect = sa.dialects.sqlite if is_sqlite(connection) else sa.dialects.postgresql
    statement = dialect.insert(counters).values(app_id=app_id, field_id=field_id, period=period, value=count)
    statement = statement.on_conflict_do_update(
        index_elements=[counters.c.app_id, counters.c.field_id, counters.c.period],
        set_={"value": counters.c.value + count},
    )
    connection.execute(statement)
    return int(
        connection.scalar(
            sa.select(counters.c.value).where(
                counters.c.app_id == app_id, counters.c.field_id == field_id, counters.c.period == period
            )
        )
        or 0
    )
