"""Formulas and roll-ups that are new or say something else: worked out for the records that are there already."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import system
from lowcode.definition.formulas import expression
from lowcode.definition.schema import AppDefinition
from lowcode.deploy.storage import Conversion
from lowcode.errors import Invalid
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.rollup import RollupField
from lowcode.formula import parse
from lowcode.records import compute, derived, lookups
from lowcode.records.catalog import Catalog, LiveApp
from lowcode.records.plan import plan_for
from lowcode.records.rows import RowWriter, selection, to_record, with_rows
from lowcode.records.workspace import Workspace
from lowcode.search.index import IndexWriter

BATCH: t.Final = 200
_SAYS: t.Final = ("expression", "format", "scale", "type_name", "stored_as", "rollup")
"""The settings that change what a computed field holds."""


def stale(old: AppDefinition | None, new: AppDefinition, conversions: Sequence[Conversion]) -> frozenset[str]:
    """Codes of the computed fields whose stored values would be wrong: changed ones, and those that need them."""
    if old is None:
        return frozenset()
    changed = {conversion.new.code for conversion in conversions}
    everything = old.settings.number_precision != new.settings.number_precision
    found: set[str] = set()
    for field in new.fields:
        if isinstance(field, RollupField) and _differs(old.by_id(field.id), field):
            found.add(field.code)
    # In order of evaluation, so that what a formula needs has been looked at before it.
    for code in new.order:
        field = new.field(code)
        needs = parse(expression(field)).references
        if everything or _differs(old.by_id(field.id), field) or needs & (found | changed):
            found.add(code)
    return frozenset(found)


def _differs(old: Field | None, new: Field) -> bool:
    if old is None:
        return True
    for name in _SAYS:
        before, after = getattr(old, name, None), getattr(new, name, None)
        if name == "expression" and before and after and old.code != new.code:
            continue
        if before != after:
            return True
    return False


@dataclass(frozen=True, eq=False)
class Recomputation:
    """Works computed fields out by the rules of a version that is not live yet."""

    target: LiveApp
    codes: frozenset[str]
    ctx: Context

    def everything(self, engine: sa.Engine) -> None:
        """All records, one short transaction a batch; repeatable."""
        after = 0
        while True:
            with db.writing(engine) as connection:
                main = self.target.tables.main
                ids = connection.scalars(
                    sa.select(main.c.id).where(main.c.id > after).order_by(main.c.id).limit(BATCH)
                ).all()
                self.some(connection, ids)
            if not ids:
                return
            after = ids[-1]

    def some(self, connection: sa.Connection, ids: Sequence[int]) -> None:
        """These records: read, worked out, and the computed columns written."""
        if not ids:
            return
        target, workspace = self.target, self._workspace(connection)
        plan = plan_for(target)
        selected = selection(target, frozenset(plan.by_code))
        statement = sa.select(*selected.columns).where(target.tables.main.c.id.in_(ids))
        records = [to_record(selected, row) for row in connection.execute(statement)]
        with_rows(connection, target.tables, selected, records)
        values = {record.id: dict(record.values) for record in records}
        for field in plan.rollups:
            if field.code in self.codes:
                key = field.rollup.key_field
                found = derived.rollup_values(workspace, target, field, [v.get(key) for v in values.values()])
                empty = field.coerce(0, self.ctx) if field.rollup.function == "COUNT" else None
                for own in values.values():
                    own[field.code] = found.get(own.get(key), empty)
        ctx = workspace.context(target)
        for own in values.values():
            compute.evaluate(target.definition, plan, own, ctx)
        self._write(connection, values, ctx)

    def _write(self, connection: sa.Connection, values: Mapping[int, Mapping[str, Value]], ctx: Context) -> None:
        target = self.target
        index = IndexWriter(connection, target.tables.index)
        computed = [f for f in target.definition.fields if f.code in self.codes]
        top = RowWriter(connection, target.tables, computed, index)
        for number, own in values.items():
            top.update(number, {}, {code: own.get(code) for code in self.codes if code in own}, {}, ctx)
        top.flush()
        index.flush()
        for subtable in target.definition.subtables:
            inner = [f for f in subtable.fields if f.code in self.codes]
            if inner:
                rows = RowWriter(connection, target.tables.rows[subtable.id], inner)
                for own in values.values():
                    for row in own.get(subtable.code) or ():
                        rows.update(row.id, {}, {f.code: row.values.get(f.code) for f in inner}, {}, ctx)
                rows.flush()

    def _workspace(self, connection: sa.Connection) -> Workspace:
        workspace = Workspace(connection, Catalog(), system("works computed fields out"), self.ctx)
        _show_ahead(workspace, self.target)
        return workspace

    def parents_of(self, connection: sa.Connection, seen: Mapping[int, int]) -> list[int]:
        """Records whose roll-ups speak about records of other apps that changed since ``seen`` (history by app)."""
        workspace = self._workspace(connection)
        found: set[int] = set()
        for field in plan_for(self.target).rollups:
            child = workspace.snapshot.find(field.rollup.related_app.code)
            if field.code not in self.codes or child is None or child.id not in seen:
                continue
            own = self.target.definition.find(field.rollup.key_field)
            relation = child.definition.find(field.rollup.related_field)
            if own is None or relation is None:
                continue
            keys = []
            for value in _touched(connection, child, relation, seen[child.id]):
                try:
                    keys.append(own.store(lookups.transfer(relation, own, value, self.ctx)))
                except Invalid:
                    continue
            column = own.column(self.target.tables)
            for start in range(0, len(keys), BATCH):
                found.update(
                    connection.scalars(
                        sa.select(self.target.tables.main.c.id).where(column.in_(keys[start : start + BATCH]))
                    )
                )
        return sorted(found)

    def children(self, connection: sa.Connection) -> dict[int, sa.Table]:
        """The history tables of the apps that the roll-ups speak about, by app."""
        workspace = self._workspace(connection)
        found = {}
        for field in plan_for(self.target).rollups:
            child = workspace.snapshot.find(field.rollup.related_app.code)
            if field.code in self.codes and child is not None:
                found[child.id] = child.tables.history
        return found


def _show_ahead(workspace: Workspace, target: LiveApp) -> None:
    """Let an app that speaks about itself see itself as it will be."""
    plain = workspace.snapshot.find

    def find(app: int | str) -> LiveApp | None:
        found = plain(app)
        return target if found is not None and found.id == target.id else found

    workspace.snapshot.find = find  # type: ignore[method-assign]  # this snapshot is ours alone


def _touched(connection: sa.Connection, child: LiveApp, relation: Field, seen: int) -> Iterator[Value]:
    """Values that the relation held before or holds after each change."""
    history, main = child.tables.history, child.tables.main
    changed = connection.execute(
        sa.select(history.c.record_id, history.c.before, history.c.after).where(history.c.id > seen)
    ).all()
    ids = sorted({row.record_id for row in changed})
    column = main.c[relation.column_name]
    for start in range(0, len(ids), BATCH):
        for stored in connection.scalars(sa.select(column).where(main.c.id.in_(ids[start : start + BATCH]))):
            if not relation.is_empty(value := relation.load(stored)):
                yield value
    for row in changed:
        for image in (row.before, row.after):
            kept = orjson.loads(image).get(str(relation.id)) if image else None
            if kept is not None and not relation.is_empty(value := relation.from_history(kept)):
                yield value


__all__ = ["Recomputation", "stale"]
