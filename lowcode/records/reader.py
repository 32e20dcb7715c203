"""The only way to read records: every statement carries the access predicate and the field mask.

A field the actor may not see can be neither shown, filtered, sorted, grouped nor totalled: to the reader it is
unknown, exactly like a code that does not exist.
"""

from __future__ import annotations

import array
import builtins
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode import db
from lowcode.access.policy import Policies, Policy
from lowcode.errors import Forbidden, NotFound, invalid
from lowcode.fields.base import Context, Field, ManyValued, Value
from lowcode.fields.subtable import SubtableField
from lowcode.query import ast, build, kintone, top
from lowcode.records import finding, history, indexing
from lowcode.records.as_json import json_columns
from lowcode.records.catalog import LiveApp, Snapshot
from lowcode.records.reads import Reads
from lowcode.records.record import Record
from lowcode.records.rows import Selection, chunks, read_rows, selection, to_record, with_rows
from lowcode.records.screen import RecordAccess, Screen
from lowcode.records.totals import measure
from lowcode.search import needle
from lowcode.search.index import meets

LATE_LOOKUP_OFFSET = 200
"""From this offset on a page finds its ids first and reads the rows afterwards, where that is cheaper."""
NEWEST_FIRST = frozenset({(ast.SortKey("$id", True),)})


@dataclass(frozen=True, kw_only=True)
class Trashed:
    """A deleted record: its last values and who deleted it."""

    id: int
    entry: history.Entry
    values: Mapping[str, Value]


class RecordReader:
    """Reads the records of one app for one actor inside the caller's transaction."""

    def __init__(
        self,
        snapshot: Snapshot,
        live: LiveApp,
        connection: sa.Connection,
        policies: Policies,
        ctx: Context,
        reads: Reads | None = None,
    ) -> None:
        self.snapshot, self.live, self.connection, self.ctx = snapshot, live, connection, ctx
        self.definition, self.tables = live.definition, live.tables
        self.policies, self.actor = policies, policies.actor
        self.policy: Policy = policies.of(live)
        self.readable = self.policy.readable
        """Codes of the fields that are seen in every record: only these may a query name."""
        self.shown = self.policy.shown
        """Codes of the fields that are seen in some record at least: what a page has columns for."""
        self.screen = Screen(connection, live, self.policy)
        self._reads = reads
        self.indexed = live.id in snapshot.indexed
        """Whether the index of the search holds every record."""

    def _note(
        self, ids: Collection[int], condition: ast.Node | None = None, action: str = "", **details: t.Any
    ) -> None:
        """Have the audit log tell what is given out, where the app asks for it."""
        if self._reads is not None and (ids or condition is not None or action):
            action = action or ("records.read" if condition is None else "records.searched")
            self._reads.note(self.live, action, ids, condition, details=details)

    def told(self, condition: ast.Node) -> None:
        """Have the audit log tell that somebody asked, also where nothing is found."""
        self._note((), condition)

    # -- parts of statements ---------------------------------------------------------------------

    def _selection(self, fields: Sequence[str] | None) -> Selection:
        codes = self.shown if fields is None else self.shown & frozenset(fields)
        return selection(self.live, codes)

    def _visible(self) -> list[sa.ColumnElement[bool]]:
        predicate = self.policy.visible()
        return [] if predicate is None else [predicate]

    def _conditions(self, condition: ast.Node | None) -> list[sa.ColumnElement[bool]]:
        found = self._visible()
        if condition is not None:
            found.append(
                build.condition(
                    condition,
                    self.definition,
                    self.tables,
                    self.ctx,
                    self.readable,
                    related=self._related,
                    index=self._index,
                )
            )
        return found

    @property
    def _index(self) -> build.Index | None:
        return self._in_index if self.indexed else None

    def _in_index(self, text: str, fields: Sequence[Field]) -> sa.ColumnElement[bool]:
        asked = needle.parse(text)
        if asked is None:
            return sa.true()
        grams = self.tables.index.grams
        keys = indexing.keys_for(indexing.keys_of(self.definition, self.readable))
        return self.tables.main.c.id.in_(sa.select(grams.c.rowid).where(meets(grams, asked.condition(keys))))

    def _related(self, app_code: str) -> build.Related | None:
        found = self.snapshot.find(app_code)
        if found is None:
            return None
        policy = self.policies.of(found)
        if not policy.allows("view"):
            return None
        return build.Related(
            found.definition, found.tables, policy.readable, lambda tables: policy.visible(tables=tables)
        )

    def _order(self, order: Sequence[ast.SortKey]) -> list[sa.ColumnElement[t.Any]]:
        return build.order_by(order, self.definition, self.tables, self.readable)

    # -- records ---------------------------------------------------------------------------------

    def get(self, record_id: int, fields: Sequence[str] | None = None) -> Record:
        """One record. Raises :class:`NotFound` when it does not exist for the actor."""
        found = self.by_ids([record_id], fields)
        if not found:
            raise NotFound("record.not_found", id=record_id)
        return found[0]

    def by_ids(
        self, ids: Sequence[int], fields: Sequence[str] | None = None, *, found_by: ast.Node | None = None
    ) -> list[Record]:
        """The records of ``ids`` that exist for the actor, in that order.

        :param found_by: the condition that led to them, for the audit log.
        """
        selected = self._selection(fields)
        found: dict[int, Record] = {}
        for part in chunks(ids):
            statement = sa.select(*selected.columns).where(self.tables.main.c.id.in_(part), *self._visible())
            for row in self.connection.execute(statement):
                found[row[0]] = to_record(selected, row)
        records = [found[i] for i in ids if i in found]
        if fields is None or fields:  # else only whether they exist
            self._note(found, found_by)
        return self.screen.records(with_rows(self.connection, self.tables, selected, records))

    def list(
        self,
        condition: ast.Node | None = None,
        order: Sequence[ast.SortKey] = (),
        *,
        limit: int = 100,
        offset: int = 0,
        fields: Sequence[str] | None = None,
        after: int | None = None,
    ) -> builtins.list[Record]:
        """A page of records; ``fields`` limits what is read (a table is read whole).

        :param after: begin behind this record in the order instead of counting an ``offset`` from the top: such a
            page costs the same however far down it lies. :raises NotFound: that record does not exist for the actor.
        """
        selected = self._selection(fields)
        page = self._page_ids(condition, order, limit, offset) if after is None else None
        if page is not None:
            return self.by_ids(page, fields, found_by=condition)
        statement = sa.select(*selected.columns).where(*self._conditions(condition)).order_by(*self._order(order))
        if after is not None:
            statement = statement.where(self._behind(order, after))
        rows = self.connection.execute(statement.limit(limit).offset(offset)).all()
        records = [to_record(selected, row) for row in rows]
        self._note([record.id for record in records], condition)
        return self.screen.records(with_rows(self.connection, self.tables, selected, records))

    def json_list(
        self,
        condition: ast.Node | None = None,
        order: Sequence[ast.SortKey] = (),
        *,
        limit: int = 100,
        offset: int = 0,
        fields: Sequence[str] | None = None,
        ids: Sequence[int] | None = None,
    ) -> Sequence[dict[str, t.Any]]:
        """The same page as :meth:`list` as JSON objects ``{"id", "revision", "values"}``, straight from the rows.

        :param ids: read these records instead of a page; ``condition`` is then what led to them, for the audit log.
        """
        codes = self.shown if fields is None else self.shown & frozenset(fields)
        shape = json_columns(self.live, codes, self.connection.dialect)
        if ids is None:
            ids = self._page_ids(condition, order, limit, offset)
        if ids is None:
            conditions = self._conditions(condition)
            if not conditions and tuple(order) in NEWEST_FIRST:
                rows = self.connection.execute(shape.select_newest, {"limit": limit, "offset": offset}).all()
            else:
                statement = shape.select.where(*conditions).order_by(*self._order(order))
                rows = self.connection.execute(statement.limit(limit).offset(offset)).all()
            found = shape.json(rows)
        else:
            by_id: dict[int, dict[str, t.Any]] = {}
            visible = self._visible()
            statement = shape.select_ids.where(*visible) if visible else shape.select_ids
            for part in chunks(ids):
                by_id |= {
                    one["id"]: one for one in shape.json(self.connection.execute(statement, {"ids": list(part)}).all())
                }
            found = [by_id[i] for i in ids if i in by_id]
        self._note([one["id"] for one in found], condition)
        if found and shape.subtables:
            for subtable in shape.subtables:
                inner = read_rows(self.connection, self.tables, subtable, [one["id"] for one in found])
                for one in found:
                    one["values"][subtable.code] = self.screen.rows(subtable, inner.get(one["id"], ()))
            self.screen.values([(one["id"], one["values"]) for one in found])
            for subtable in shape.subtables:
                for one in found:
                    if subtable.code in one["values"]:
                        one["values"][subtable.code] = subtable.dump(one["values"][subtable.code])
        else:
            self.screen.values([(one["id"], one["values"]) for one in found])
        return found

    def may_ask(self, condition: str, sort: str = "") -> bool:
        """Whether a saved condition and order name only fields that the actor may ask for."""
        if self.readable >= self.definition.field_codes:
            return True
        node = kintone.parse_condition(condition) if condition else None
        keys = kintone.parse_order(sort) if sort else ()
        return not build.check(node, self.definition, self.readable, related=self._related) and not build.check_order(
            keys, self.definition, self.readable
        )

    def access(self, record_ids: Sequence[int]) -> dict[int, RecordAccess]:
        """What the actor may do with records (those that do not exist for them are left out)."""
        return self.screen.access(record_ids)

    def access_to(self, record_id: int) -> RecordAccess:
        """What the actor may do with one record. :raises NotFound: it does not exist for them."""
        found = self.screen.same_for_all or self.screen.access([record_id]).get(record_id)
        if found is None:
            raise NotFound("record.not_found", id=record_id)
        return found

    def require(self, action: t.Literal["edit", "delete"], record_id: int) -> None:
        """Raise unless the actor may edit or delete a record.

        :raises NotFound: it does not exist for them. :raises Forbidden: it does, and they may not.
        """
        self.policy.require(action)
        found = self.access_to(record_id)
        if not (found.edit if action == "edit" else found.delete):
            raise Forbidden("forbidden.record", id=record_id)

    def _behind(self, order: Sequence[ast.SortKey], record_id: int) -> sa.ColumnElement[bool]:
        columns = build.sort_columns(order, self.definition, self.tables, self.readable)
        place = self.connection.execute(
            sa.select(*[column for column, _ in columns]).where(self.tables.main.c.id == record_id, *self._visible())
        ).first()
        if place is None:
            raise NotFound("record.not_found", id=record_id)
        return build.beyond(columns, place)

    def _page_ids(
        self, condition: ast.Node | None, order: Sequence[ast.SortKey], limit: int, offset: int
    ) -> builtins.list[int] | None:
        """The ids of a page where finding them first is cheaper than reading rows at once; else None."""
        if offset < LATE_LOOKUP_OFFSET or not db.skipped_rows_are_read(self.connection):
            quick = top.top_n(
                condition,
                order,
                limit,
                self.definition,
                self.tables,
                self.ctx,
                self.readable,
                offset=offset,
                related=self._related,
                visible=self._visible(),
                index=self._index,
            )
            return None if quick is None else [*self.connection.scalars(quick)]
        ids = (
            sa.select(self.tables.main.c.id)
            .where(*self._conditions(condition))
            .order_by(*self._order(order))
            .limit(limit)
            .offset(offset)
        )
        return [*self.connection.scalars(ids)]

    def ids(
        self, condition: ast.Node | None = None, order: Sequence[ast.SortKey] = (), *, limit: int | None = None
    ) -> Sequence[int]:
        """The ids of all matching records in order, as a compact array (8 bytes each)."""
        statement = sa.select(self.tables.main.c.id).where(*self._conditions(condition)).order_by(*self._order(order))
        if limit is not None:
            statement = statement.limit(limit)
        found = array.array("q")
        for part in self.connection.scalars(statement).partitions(10_000):
            found.extend(part)
        return found

    def search(
        self,
        text: str,
        condition: ast.Node | None = None,
        *,
        fuzzy: bool = False,
        limit: int = 20,
        offset: int = 0,
    ) -> finding.Found:
        """The records that hold every word of ``text``, the best first, with the fields that do.

        :param condition: a condition that they must meet as well. :param fuzzy: also what sounds alike or comes near.
        :raises Invalid: for a condition that is wrong, or more words than anybody looks for.
        """
        return finding.search(self, text, condition, fuzzy=fuzzy, limit=limit, offset=offset)

    def count(self, condition: ast.Node | None = None, *, limit: int | None = None) -> int:
        """How many records match; stops counting at ``limit`` when given."""
        if condition is not None:
            self._note((), condition)
        if limit is None:
            statement = sa.select(sa.func.count()).select_from(self.tables.main).where(*self._conditions(condition))
        else:
            inner = (
                sa.select(sa.literal(1)).select_from(self.tables.main).where(*self._conditions(condition)).limit(limit)
            )
            statement = sa.select(sa.func.count()).select_from(inner.subquery())
        return int(self.connection.scalar(statement) or 0)

    def aggregate(
        self,
        group: Sequence[str],
        measures: Sequence[tuple[str, str | None]],
        condition: ast.Node | None = None,
        *,
        limit: int = 10_000,
    ) -> builtins.list[tuple[tuple[Value, ...], tuple[t.Any, ...]]]:
        """Totals by group: ``measures`` are ``("count", None)``, ``("sum", code)``, ``avg``, ``min``, ``max``.

        :returns: ``((group values…), (measure values…))`` for each group, ordered by group.
        """
        self._note((), condition, "records.totalled", group=list(group), measures=[list(m) for m in measures])
        main = self.tables.main
        source: sa.FromClause = main
        keys: list[sa.ColumnElement[t.Any]] = []
        fields: list[Field] = []
        for code in group:
            field = self._groupable(code)
            fields.append(field)
            if isinstance(field, ManyValued):
                side = self.tables.side(field.id)
                source = source.outerjoin(side, side.c.record_id == main.c.id)
                keys.append(side.c.value)
            else:
                keys.append(field.column(self.tables))
        totals = [
            measure(name, None if code is None else self._groupable(code), self.tables) for name, code in measures
        ]
        columns = [column for total in totals for column in total.columns]
        statement = (
            sa.select(*keys, *columns)
            .select_from(source)
            .where(*self._conditions(condition))
            .group_by(*keys)
            .order_by(*[k.nulls_first() for k in keys])
            .limit(limit)
        )
        found = []
        for row in self.connection.execute(statement):
            values = tuple(row[at] if isinstance(f, ManyValued) else f.load(row[at]) for at, f in enumerate(fields))
            at, results = len(keys), []
            for total in totals:
                results.append(total.value(row[at : at + len(total.columns)]))
                at += len(total.columns)
            found.append((values, tuple(results)))
        return found

    def _groupable(self, code: str) -> Field:
        field = self.definition.find(code) if code in self.readable else None
        if (
            field is None
            or not field.stores_value
            or isinstance(field, SubtableField)
            or self.definition.subtable_of(code) is not None
        ):
            raise invalid("query.unknown_field", field=code)
        return field

    def stream(
        self,
        condition: ast.Node | None = None,
        order: Sequence[ast.SortKey] = (),
        *,
        fields: Sequence[str] | None = None,
        size: int = 500,
    ) -> Iterator[builtins.list[Record]]:
        """All matching records in pages of ``size``; memory stays constant (the ids alone are kept)."""
        ids = self.ids(condition, order)
        for part in chunks(ids, min(size, 900)):
            yield self.by_ids(list(part), fields)

    # -- history ---------------------------------------------------------------------------------

    def history(
        self, record_id: int, *, limit: int = 200
    ) -> builtins.list[tuple[history.Entry, builtins.list[history.FieldChange]]]:
        """The timeline of a record the actor may see, newest first, hidden fields left out."""
        self.get(record_id, fields=())
        self._note([record_id])
        seen = self.shown - self.screen.hidden([record_id])[record_id]
        entries = history.of_record(self.connection, self.tables, record_id, limit=limit)
        return [(e, history.changes(self.definition, e, seen, self.ctx)) for e in entries]

    def trash(self, *, limit: int = 100, offset: int = 0) -> builtins.list[Trashed]:
        """Deleted records that can be restored, newest first.

        Record rights look at values that stand in the record's table, where a deleted record has none any more: who
        sees only some records sees only those that they deleted themselves, for these they were allowed to see.
        """
        self.policy.require("view")  # the list shows values of records
        self.policy.require("delete")
        table, main = self.tables.history, self.tables.main
        newest = sa.select(sa.func.max(table.c.id)).where(table.c.action == "delete").group_by(table.c.record_id)
        statement = (
            sa.select(table)
            .where(table.c.id.in_(newest), table.c.record_id.not_in(sa.select(main.c.id)), *self._own_deletions())
            .order_by(table.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        found = []
        for row in self.connection.execute(statement):
            entry = history._entry(row)
            values = {
                f.code: history.revived(f, entry.before.get(str(f.id)), self.ctx)
                for f in self.definition.fields
                if f.code in self.readable and str(f.id) in entry.before
            }
            found.append(Trashed(id=entry.record_id, entry=entry, values=values))
        self._note([one.id for one in found])
        return found

    def _own_deletions(self) -> builtins.list[sa.ColumnElement[bool]]:
        if self.policy.visible("delete") is None:
            return []
        table = self.tables.history
        return [sa.false() if self.actor.user_id is None else table.c.actor_id == self.actor.user_id]
