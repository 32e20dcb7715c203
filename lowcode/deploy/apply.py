"""Expand → switch → clean: the tables grow first, one short transaction makes the version live, then old indexes go.

Everything before the switch is harmless when it is left over: readers and writers use the columns of the version
that is live, and the next deploy finds and uses what is there.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.definition.schema import AppDefinition
from lowcode.deploy import versions
from lowcode.deploy.computed import Recomputation
from lowcode.deploy.convert import BATCH, Carrier, batches, carriers
from lowcode.deploy.indexes import present_indexes
from lowcode.deploy.locks import alone, patiently
from lowcode.deploy.plan import Plan, duplicates
from lowcode.deploy.steps import BuildIndex, DropIndex, Step
from lowcode.errors import Conflict, Invalid, Problem
from lowcode.fields.base import Context
from lowcode.records.catalog import LiveApp

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Follow:
    """Another app that goes with a switch, because it names a code that has a new name."""

    app_id: int
    based_on: int
    definition: AppDefinition


def operations(connection: sa.Connection) -> Operations:
    """alembic's operations on a connection."""
    return Operations(MigrationContext.configure(connection))


def reserve_ids(engine: sa.Engine, plan: Plan) -> None:
    """Note the numbers that the plan uses, so that no other draft gives them to something else."""

    def work(connection: sa.Connection) -> None:
        apps = versions.apps
        connection.execute(
            sa.update(apps)
            .where(apps.c.id == plan.app_id, apps.c.next_id < plan.definition.next_id)
            .values(next_id=plan.definition.next_id)
        )

    patiently(engine, work)


def expand(engine: sa.Engine, plan: Plan, ctx: Context) -> dict[int, int]:
    """Add tables, columns and indexes and carry values over; repeatable.

    :returns: by app, the last line of history that the values carried over know.
    :raises Invalid: a field that is to be unique holds a value twice.
    """
    for step in plan.steps:
        _do(engine, step)
    seen: dict[int, int] = {}
    if (plan.conversions or plan.stale) and plan.old_tables is not None:
        work = recomputation(plan, ctx)
        seen = _last_histories(engine, plan, work)
        for carrier in carriers(plan.old_tables, plan.new_tables, plan.conversions):
            for _ in batches(lambda: db.writing(engine), carrier, ctx):
                pass
        _refuse_duplicates(engine, plan)
        if plan.stale:
            work.everything(engine)
    build(engine, plan.index_steps)
    return seen


def _do(engine: sa.Engine, step: Step) -> None:
    patiently(engine, lambda connection: step.apply(operations(connection)))


def recomputation(plan: Plan, ctx: Context) -> Recomputation:
    """What works the formulas and roll-ups of the new version out."""
    target = LiveApp(plan.app_id, plan.definition.code, 0, plan.definition, plan.new_tables)
    return Recomputation(target, plan.stale, ctx)


def _last_histories(engine: sa.Engine, plan: Plan, work: Recomputation) -> dict[int, int]:
    """The newest line of history, read while no writer is under way: nothing older can appear afterwards."""

    def read(connection: sa.Connection) -> dict[int, int]:
        alone(connection)
        tables = {**work.children(connection), plan.app_id: plan.new_tables.history}
        return {
            number: connection.scalar(sa.select(sa.func.max(history.c.id))) or 0 for number, history in tables.items()
        }

    return patiently(engine, read)


def _refuse_duplicates(engine: sa.Engine, plan: Plan) -> None:
    converted = {conversion.new.id for conversion in plan.conversions if conversion.subtable_id is None}
    unique = [field for field in plan.definition.unique_fields if field.id in converted]
    with db.reading(engine) as connection:
        notes = [note for field in unique for note in duplicates(connection, plan.new_tables, field)]
    if notes:
        raise Invalid([Problem(code=note.key, path=note.path, params=note.params) for note in notes])


def build(engine: sa.Engine, steps: Sequence[Step]) -> None:
    """Build and drop indexes; on PostgreSQL without stopping writers where the table is in use."""
    for step in steps:
        concurrent = isinstance(step, DropIndex) or (isinstance(step, BuildIndex) and step.in_use)
        try:
            if concurrent and engine.dialect.name == "postgresql":
                # Never on SQLite: its index would be rolled back without a word.
                with _autocommit(engine) as connection:
                    step.apply(operations(connection))
                    _require_usable(connection, step)
            else:
                _do(engine, step)
        except sa.exc.IntegrityError:
            if isinstance(step, BuildIndex) and engine.dialect.name == "postgresql":
                with _autocommit(engine) as connection:
                    DropIndex(table=step.table, name=step.spec.name).apply(operations(connection))
            raise Invalid([Problem(code="deploy.duplicates_appeared", params=dict(step.params))]) from None


@contextlib.contextmanager
def _autocommit(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def _require_usable(connection: sa.Connection, step: Step) -> None:
    if isinstance(step, BuildIndex) and not present_indexes(connection, step.table).get(step.spec.name):
        raise RuntimeError(f"index {step.spec.name} was not built")


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A plan whose tables are expanded."""

    plan: Plan
    seen: Mapping[int, int]
    draft_revision: int | None = None


def switch(
    engine: sa.Engine, ready: Sequence[Ready], actor: Actor, note: str, ctx: Context, follows: Sequence[Follow] = ()
) -> dict[int, int]:
    """Make all versions live at once, in one short transaction. Returns the new version by app.

    :raises Conflict: another version of one of the apps is live by now.
    """

    def work(connection: sa.Connection) -> dict[int, int]:
        alone(connection)
        made: dict[int, int] = {}
        for item in ready:
            plan = item.plan
            row = versions.app_row(connection, plan.app_id)
            if row.live_version != plan.based_on:
                raise Conflict("deploy.moved", app=plan.definition.name)
            _catch_up(connection, item, ctx)
            made[plan.app_id] = versions.add_version(connection, row, plan.definition, actor, note)
            _settle_draft(connection, plan.app_id, item.draft_revision, made[plan.app_id])
        for follow in follows:
            row = versions.app_row(connection, follow.app_id)
            if row.live_version != follow.based_on:
                raise Conflict("deploy.moved", app=follow.definition.name)
            made[follow.app_id] = versions.add_version(connection, row, follow.definition, actor, note)
            _follow_draft(connection, follow, made[follow.app_id])
        return made

    return patiently(engine, work)


def _catch_up(connection: sa.Connection, item: Ready, ctx: Context) -> None:
    """Carry over what changed between the batches and now."""
    plan = item.plan
    if plan.old_tables is None or not (plan.conversions or plan.stale):
        return
    history = plan.old_tables.history
    changed = connection.scalars(
        sa.select(history.c.record_id)
        .where(history.c.id > item.seen[plan.app_id])
        .distinct()
        .order_by(history.c.record_id)
    ).all()
    for carrier in carriers(plan.old_tables, plan.new_tables, plan.conversions):
        for start in range(0, len(changed), BATCH):
            ids = changed[start : start + BATCH]
            rows = carrier.rows_of(connection, ids)
            carrier.carry(connection, rows, ctx)
    if plan.stale:
        work = recomputation(plan, ctx)
        wrong = sorted({*changed, *work.parents_of(connection, item.seen)})
        for start in range(0, len(wrong), BATCH):
            work.some(connection, wrong[start : start + BATCH])


def _settle_draft(connection: sa.Connection, app_id: int, revision: int | None, version: int) -> None:
    """The draft is published; one that somebody edited meanwhile stays and goes on from the new version."""
    drafts = versions.app_drafts
    if revision is not None:
        connection.execute(sa.delete(drafts).where(drafts.c.app_id == app_id, drafts.c.revision == revision))
        connection.execute(sa.update(drafts).where(drafts.c.app_id == app_id).values(based_on=version))


def _follow_draft(connection: sa.Connection, follow: Follow, version: int) -> None:
    drafts = versions.app_drafts
    connection.execute(
        sa.update(drafts)
        .where(drafts.c.app_id == follow.app_id, drafts.c.based_on == follow.based_on)
        .values(based_on=version)
    )


def clean(engine: sa.Engine, drops: Sequence[DropIndex]) -> None:
    """Drop what the live version does not ask for; a failure is left to :func:`lowcode.deploy.tidy`."""
    try:
        build(engine, drops)
    except sa.exc.SQLAlchemyError:
        log.warning("indexes that are no longer needed stay for now", exc_info=True)


def apply_inline(connection: sa.Connection, plan: Plan) -> None:
    """Expand inside the caller's transaction: for a new app, whose tables nobody uses yet."""
    op = operations(connection)
    for step in (*plan.steps, *plan.index_steps):
        if isinstance(step, DropIndex):
            continue  # a broken index of another app; its next deploy mends it
        if isinstance(step, BuildIndex):
            step = BuildIndex(table=step.table, spec=step.spec, shape=step.shape, in_use=False)
        step.apply(op)


__all__ = [
    "Carrier",
    "Follow",
    "Ready",
    "apply_inline",
    "build",
    "clean",
    "expand",
    "operations",
    "reserve_ids",
    "switch",
]
