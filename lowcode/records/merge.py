"""The three-way merge of simultaneous edits: pure functions on values.

``base`` is what the person saw, ``theirs`` what stands there now, ``mine`` what the person wants.
Different places are both kept; the same value is nothing to do; choices merge as sets, subtable rows by row id
and then by cell; a true clash is reported with all three values and nothing is chosen silently.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from lowcode.errors import Path
from lowcode.fields.base import Field, ManyValued, Value
from lowcode.fields.subtable import Row, SubtableField
from lowcode.records.record import ORDER, Clash

MISSING: t.Final = object()
"""The base is not known any more (history was purged): whatever differs is a clash."""


def merge_value(
    field: Field, base: Value, theirs: Value, mine: Value, path: Path = (), *, my_order: bool = False
) -> tuple[Value, list[Clash]]:
    """The value of ``field`` after merging, and the clashes (then the value is ``theirs``).

    :param my_order: the author was asked about the order of rows that both had moved, and wants the own one.
    """
    path = path or (field.code,)
    if isinstance(field, SubtableField):
        return merge_rows(field, base, theirs, mine, path, my_order=my_order)
    if mine == theirs or (base is not MISSING and mine == base):
        return theirs, []
    if base is not MISSING and theirs == base:
        return mine, []
    if base is not MISSING and isinstance(field, ManyValued):
        return merge_set(field, base or (), theirs or (), mine or ()), []
    return theirs, [Clash(path=path, before=None if base is MISSING else base, theirs=theirs, mine=mine)]


def merge_set(
    field: ManyValued, base: Sequence[Value], theirs: Sequence[Value], mine: Sequence[Value]
) -> tuple[Value, ...]:
    """Choices of both: what I added joins, what I removed leaves, the rest stays as theirs."""
    removed = set(base) - set(mine)
    kept = [v for v in theirs if v not in removed]
    kept.extend(v for v in mine if v not in base and v not in kept)
    return arrange(field, kept)


def arrange(field: ManyValued, values: Sequence[Value]) -> tuple[Value, ...]:
    """Values in the field's own order: choices by the order of the options, everything else as given."""
    options = getattr(field, "options", None)
    if not options:
        return tuple(values)
    order = {option.id: option.index for option in options}
    return tuple(sorted(values, key=lambda v: order.get(v, len(order))))


def empty_value(field: Field) -> Value:
    """What an empty value of the field is in memory."""
    return () if isinstance(field, ManyValued | SubtableField) else None


def merge_rows(
    field: SubtableField, base: t.Any, theirs: Sequence[Row], mine: Sequence[Row], path: Path, *, my_order: bool = False
) -> tuple[tuple[Row, ...], list[Clash]]:
    """Rows by row id, then cell by cell; whoever alone moved rows decides their order, two who moved them are asked."""
    known = base is not MISSING
    base_rows: dict[int | None, Row] = {r.id: r for r in base} if known else {}
    their_rows: dict[int | None, Row] = {r.id: r for r in theirs}
    my_rows: dict[int | None, Row] = {r.id: r for r in mine if r.id is not None}
    clashes: list[Clash] = []
    merged: dict[int, Row] = {}
    for row_id, their in their_rows.items():
        my = my_rows.get(row_id)
        before = base_rows.get(row_id)
        if my is None:
            if before is not None and same_cells(field, before, their):
                continue  # I deleted it and nobody touched it
            merged[t.cast(int, row_id)] = their
            if before is not None or not known:  # else they added it
                clashes.append(Clash(path=(*path, row_id or 0), before=before, theirs=their, mine=None))
            continue
        values, cell_clashes = merge_cells(field, before, their, my, (*path, row_id or 0))
        clashes.extend(cell_clashes)
        merged[t.cast(int, row_id)] = Row(id=row_id, values=values)
    for row_id, my in my_rows.items():
        if row_id in their_rows:
            continue
        before = base_rows.get(row_id)
        if before is not None and all(before.values.get(c) == v for c, v in my.values.items()):
            continue  # they deleted it and I did not touch it
        clashes.append(Clash(path=(*path, row_id or 0), before=before, theirs=None, mine=my))
    order = _Orders.of(list(base_rows) if known else None, list(their_rows), mine)
    if order.clash and not my_order:
        sides = [tuple(merged[i] for i in side) for side in (order.base, order.theirs, order.mine)]
        clashes.append(Clash(path=(*path, ORDER), before=sides[0] or None, theirs=sides[1], mine=sides[2]))
    return _arrange(base_rows, list(their_rows), mine, merged, order.mine if order.moved or my_order else ()), clashes


class _Orders(t.NamedTuple):
    """The ids of the rows that everybody has, in the order of each side (no base: as if it were not known)."""

    base: Sequence[int]
    theirs: Sequence[int]
    mine: Sequence[int]

    @classmethod
    def of(cls, base: Sequence[int | None] | None, theirs: Sequence[int | None], mine: Sequence[Row]) -> _Orders:
        my_ids = [row.id for row in mine]
        shared = set(my_ids).intersection(theirs, theirs if base is None else base)
        sides = ([i for i in side if i in shared and i is not None] for side in (base or (), theirs, my_ids))
        return cls(*sides)

    @property
    def moved(self) -> bool:
        """Whether I moved rows and they did not."""
        return self.mine != self.base and self.theirs == self.base

    @property
    def clash(self) -> bool:
        """Whether both moved rows, and not to the same places."""
        return self.mine != self.base and self.theirs != self.base and self.mine != self.theirs


def same_cells(field: SubtableField, one: Row, other: Row) -> bool:
    """Whether two states of a row hold the same values (absent is empty)."""
    return all(one.values.get(f.code, empty_value(f)) == other.values.get(f.code, empty_value(f)) for f in field.fields)


def merge_cells(
    field: SubtableField, base: Row | None, theirs: Row, mine: Row, path: Path
) -> tuple[Mapping[str, Value], list[Clash]]:
    """The cells of one row after merging; cells that ``mine`` does not name stay as theirs."""
    values = dict(theirs.values)
    clashes: list[Clash] = []
    for inner in field.fields:
        if inner.code not in mine.values:
            continue
        before = base.values.get(inner.code) if base is not None else MISSING
        values[inner.code], found = merge_value(
            inner, before, theirs.values.get(inner.code), mine.values[inner.code], (*path, inner.code)
        )
        clashes.extend(found)
    return values, clashes


def take_mine(merged: Value, clash: Clash) -> Value:
    """A field's merged value (which holds their side of ``clash``) with my side put in its place."""
    match clash.path:
        case (_,):
            return clash.mine
        case (_, row_id, str(inner)):
            return tuple(
                Row(id=row.id, values={**row.values, inner: clash.mine}) if row.id == row_id else row for row in merged
            )
        case (_, row_id):
            if clash.mine is None:
                return tuple(row for row in merged if row.id != row_id)
            # They deleted the row that I edited: it comes back as a new one, with the cells that I left as they were.
            kept = clash.before.values if clash.before is not None else {}
            return (*merged, Row(id=None, values={**kept, **clash.mine.values}))
    return merged


def _arrange(
    base: Mapping[int | None, Row],
    their_order: Sequence[int | None],
    mine: Sequence[Row],
    merged: Mapping[int, Row],
    my_order: Sequence[int],
) -> tuple[Row, ...]:
    """Put merged rows and my new rows in order: theirs, with the rows of ``my_order`` in that order at their places."""
    shared = [i for i in their_order if i in merged]
    replacement, moved = iter(my_order), set(my_order)
    shared = [next(replacement) if i in moved else i for i in shared]
    ordered: list[Row] = [merged[t.cast(int, i)] for i in shared]
    my_ids = {row.id for row in mine}
    they_added = {i for i in their_order if i not in base and i not in my_ids}
    at = 0 if any(r.id is not None for r in mine) else len(ordered)
    beside_theirs = True
    for row in mine:
        if row.id in merged:
            at = next(n for n, other in enumerate(ordered) if other.id == row.id) + 1
            beside_theirs = True
        elif row.id is None:
            # A new row keeps its place behind the row that its author saw before it; what they added there comes first.
            while beside_theirs and at < len(ordered) and ordered[at].id in they_added:
                at += 1
            ordered.insert(at, row)
            at, beside_theirs = at + 1, False
    return tuple(ordered)
