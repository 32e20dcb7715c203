"""SUBTABLE: rows of fields inside a record."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup

from lowcode.errors import Invalid, Problem
from lowcode.fields import adapters, row_widgets
from lowcode.fields.base import Context, Field, Tables, Value, invalid, setting

MAX_ROWS = 5000
_MAX_ROW_ID = 2**63 - 1


@dataclass(frozen=True)
class Row:
    """One row: its id (None until it is stored) and its values by inner code.

    A row that somebody sends names only the cells that they changed; a row that is read has all.
    """

    id: int | None
    values: Mapping[str, Value] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.id, frozenset(self.values)))


@dataclass(frozen=True)
class RowChange:
    """What happened to one row between two states of a subtable; ``codes`` are the cells that differ."""

    kind: t.Literal["added", "removed", "changed", "moved"]
    before: Row | None
    after: Row | None
    codes: tuple[str, ...] = ()


class InnerFields(ma.fields.Field[tuple[Field, ...]]):
    """``{code: property}``, kept as fields in order of their ids, so that equal definitions are equal values."""

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        return {inner.code: inner.to_json() for inner in value or ()}

    def _deserialize(
        self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any
    ) -> tuple[Field, ...]:
        from lowcode.fields.registry import load_field  # the registry lists this type too

        if not isinstance(value, Mapping):
            raise ma.ValidationError("setting.not_a_map")
        found: list[Field] = []
        errors: dict[str, list[Problem]] = {}
        for code, properties in value.items():
            try:
                inner = load_field(str(code), properties if isinstance(properties, Mapping) else {})
            except Invalid as error:
                errors[str(code)] = list(error.problems)
                continue
            if problems := list(_not_inside(inner)):
                errors[str(code)] = problems
            found.append(inner)
        if errors:
            raise ma.ValidationError(t.cast(t.Any, errors))
        return tuple(sorted(found, key=lambda inner: inner.id))


def _not_inside(inner: Field) -> Iterator[Problem]:
    if not inner.inside_subtable:
        yield Problem(code="subtable.type_not_allowed", path=("type",), params={"type": inner.type_name})
    elif inner.is_unique():
        yield Problem(code="subtable.unique", path=("unique",))


@dataclass(frozen=True, kw_only=True)
class SubtableField(Field):
    """Rows of fields: a tuple of :class:`Row`. The rows live in a table of their own."""

    type_name: t.ClassVar[str] = "SUBTABLE"
    operators: t.ClassVar[tuple[str, ...]] = ()
    form_class: t.ClassVar[type[adapters.FormField]] = row_widgets.SubtableFormField
    widget: t.ClassVar[adapters.Widget] = row_widgets.SubtableInput()
    json_schema: t.ClassVar[Mapping[str, t.Any]] = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"id": {"type": ["integer", "null"]}, "values": {"type": "object"}},
        },
    }
    inside_subtable: t.ClassVar[bool] = False
    searchable: t.ClassVar[bool] = False
    sortable: t.ClassVar[bool] = False

    # Not settings here: only the inner fields have columns.
    indexed: bool = False
    stored_as: str = ""
    fields: tuple[Field, ...] = setting(InnerFields(required=True), control="fields", label="setting.fields")

    def find(self, code: str) -> Field | None:
        """The inner field of that code."""
        return self._by_code.get(code)

    @functools.cached_property
    def _by_code(self) -> dict[str, Field]:
        return {inner.code: inner for inner in self.fields}

    # -- storage ---------------------------------------------------------------------------------

    def columns(self) -> tuple[sa.Column[t.Any], ...]:
        return ()

    def has_index(self) -> bool:
        return False

    def is_unique(self) -> bool:
        return False

    def where(self, operator: str, tables: Tables, operand: t.Any, ctx: Context) -> sa.ColumnElement[bool]:
        """Nothing: a query asks the inner fields."""
        raise invalid("query.operator_not_allowed", operator=operator, field=self.code)

    # -- values ----------------------------------------------------------------------------------

    def default(self, ctx: Context) -> Value:
        return ()

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        """Rows from ``[{"id": 12, "values": {code: …}}]`` or :class:`Row`.

        Cells that are not sent stay absent: the record service keeps a stored row's values and gives a new
        row its defaults. :raises Invalid: with every problem; paths are ``(row, inner code, …)``.
        """
        return self._rows(raw, ctx, self._cells)

    def _rows(
        self,
        raw: t.Any,
        ctx: Context,
        cells: t.Callable[[Mapping[str, t.Any], Context], tuple[dict[str, Value], list[Problem]]],
    ) -> tuple[Row, ...]:
        if raw is None or raw == "":
            return ()
        if not isinstance(raw, list | tuple):
            raise invalid("subtable.not_a_list")
        if len(raw) > MAX_ROWS:
            raise invalid("subtable.too_many_rows", limit=MAX_ROWS)
        problems: list[Problem] = []
        rows: list[Row] = []
        seen: set[int] = set()
        for index, item in enumerate(raw):
            if not isinstance(item, Row | Mapping):
                problems.append(Problem(code="subtable.not_a_row", path=(index,)))
                continue
            given_id = item.id if isinstance(item, Row) else item.get("id")
            try:
                row_id = _row_id(given_id)
            except Invalid as error:
                problems.extend(p.under(index) for p in error.problems)
                row_id = None
            if row_id is not None and row_id in seen:
                problems.append(Problem(code="subtable.row_twice", path=(index,), params={"id": row_id}))
            if row_id is not None:
                seen.add(row_id)
            values, wrong = cells({"values": item.values} if isinstance(item, Row) else item, ctx)
            problems.extend(p.under(index) for p in wrong)
            rows.append(Row(row_id, values))
        if problems:
            raise Invalid(problems)
        return tuple(rows)

    def _cells(self, item: Mapping[str, t.Any], ctx: Context) -> tuple[dict[str, Value], list[Problem]]:
        given = item.get("values", {})
        if not isinstance(given, Mapping):
            return {}, [Problem(code="subtable.not_a_row")]
        values: dict[str, Value] = {}
        problems: list[Problem] = []
        for code, raw in given.items():
            inner = self.find(code)
            if inner is None or not inner.stores_value:
                problems.append(Problem(code="subtable.unknown_field", path=(str(code),), params={"field": str(code)}))
                continue
            try:
                values[code] = inner.coerce(raw, ctx)
            except Invalid as error:
                problems.extend(p.under(code) for p in error.problems)
        return values, problems

    def dump(self, value: Value) -> t.Any:
        return [
            {"id": row.id, "values": {f.code: f.dump(row.values[f.code]) for f in self._present(row)}}
            for row in value or ()
        ]

    def _present(self, row: Row) -> Iterator[Field]:
        return (inner for inner in self.fields if inner.stores_value and inner.code in row.values)

    def check(self, value: Value, ctx: Context) -> Iterator[Problem]:
        """Everything wrong in the rows; a cell that a row does not have counts as empty."""
        inner_fields = [inner for inner in self.fields if inner.stores_value]
        for index, row in enumerate(value or ()):
            for inner in inner_fields:
                for problem in inner.check(row.values.get(inner.code), ctx):
                    yield problem.under(index, inner.code)

    def check_change(self, before: Value, after: Value, ctx: Context) -> Iterator[Problem]:
        known = {row.id: row for row in before or ()}
        for index, row in enumerate(after or ()):
            old = known.get(row.id) if row.id is not None else None
            for inner in self._present(row):
                earlier = old.values.get(inner.code) if old else None
                for problem in inner.check_change(earlier, row.values[inner.code], ctx):
                    yield problem.under(index, inner.code)

    def is_empty(self, value: Value) -> bool:
        return not value

    # -- rows ------------------------------------------------------------------------------------

    def make_row(self, row_id: int | None, values: Mapping[str, Value]) -> Row:
        """A row of this table (for the form adapter, which may not import this module)."""
        return Row(row_id, values)

    def new_values(self, ctx: Context) -> dict[str, Value]:
        """The values of a fresh row: the inner fields' defaults."""
        return {inner.code: inner.default(ctx) for inner in self.fields if inner.stores_value}

    def with_defaults(self, rows: Iterable[Row], ctx: Context) -> tuple[Row, ...]:
        """Rows where each new one (without an id) has a default in every cell that was not sent."""
        return tuple(
            row if row.id is not None else replace(row, values={**self.new_values(ctx), **row.values}) for row in rows
        )

    def replaced(self, current: Sequence[Row], given: Sequence[Row]) -> tuple[Row, ...]:
        """kintone's rule for PUT: ``given`` is the new table.

        A row with a known id keeps the cells that were not sent; a row with an unknown id is new; rows that are
        not mentioned go; the order is that of ``given``.
        """
        known = {row.id: row for row in current if row.id is not None}
        rows = []
        for row in given:
            old = known.get(row.id) if row.id is not None else None
            rows.append(replace(row, id=None) if old is None else Row(old.id, {**old.values, **row.values}))
        return tuple(rows)

    def without_blank(self, rows: Iterable[Row], ctx: Context) -> tuple[Row, ...]:
        """Rows without new ones in which nothing was typed: forms always show one, and imports pad with them.

        A cell that still holds its default was not typed; a stored row stays, since only its tick box removes it.
        """
        fresh = self.new_values(ctx)
        return tuple(row for row in rows if row.id is not None or not self._is_blank(row, fresh))

    def _is_blank(self, row: Row, fresh: Mapping[str, Value]) -> bool:
        typed = [inner for inner in self._present(row) if inner.writable]
        # "Now" has moved on between drawing and posting; a row that has nothing else was not typed either.
        lasting = [inner for inner in typed if not getattr(inner, "default_now_value", False)]
        return all(
            inner.is_empty(row.values[inner.code]) or row.values[inner.code] == fresh[inner.code]
            for inner in lasting or typed
        )

    def changes(self, before: Value, after: Value) -> tuple[RowChange, ...]:
        """What happened between two states, row by row, for the history's reader."""
        old = {row.id: row for row in before or () if row.id is not None}
        new = {row.id: row for row in after or () if row.id is not None}
        kept = [id for id in old if id in new]
        order = {id: place for place, id in enumerate(kept)}
        found = [RowChange("removed", row, None) for id, row in old.items() if id not in new]
        last = -1
        for row in after or ():
            earlier = old.get(row.id) if row.id is not None else None
            if earlier is None:
                found.append(RowChange("added", None, row))
                continue
            codes = tuple(f.code for f in self.fields if not _same(f, earlier, row))
            if codes:
                found.append(RowChange("changed", earlier, row, codes))
            elif order[row.id] < last:
                found.append(RowChange("moved", earlier, row))
            last = max(last, order[row.id])
        return tuple(found)

    # -- history ---------------------------------------------------------------------------------

    def history_value(self, value: Value) -> t.Any:
        return [
            {"id": row.id, "values": {str(f.id): f.history_value(row.values[f.code]) for f in self._present(row)}}
            for row in value or ()
        ]

    def from_history(self, raw: t.Any) -> Value:
        """Rows from history; cells of inner fields that no longer exist are left out."""
        by_id = {str(inner.id): inner for inner in self.fields}
        return tuple(
            Row(
                item["id"],
                {by_id[id].code: by_id[id].from_history(kept) for id, kept in item["values"].items() if id in by_id},
            )
            for item in raw or ()
        )

    # -- text ------------------------------------------------------------------------------------

    def text(self, value: Value, ctx: Context) -> str:
        """One line a row, ``label: value`` pairs. Files give subtables rows of their own instead."""
        lines = []
        for row in value or ():
            pairs = ((f.display_label(ctx.locale), f.text(row.values[f.code], ctx)) for f in self._present(row))
            lines.append(" / ".join(f"{label}: {text}" for label, text in pairs if text))
        return "\n".join(lines)

    def parse(self, text: str, ctx: Context) -> Value:
        if text.strip():
            raise invalid("subtable.not_text")
        return ()

    # -- screens ---------------------------------------------------------------------------------

    def display(self, value: Value, ctx: Context) -> Markup:
        if not value:
            return Markup("")
        heads = Markup("").join(
            Markup('<th scope="col">{}</th>').format(f.display_label(ctx.locale)) for f in self.fields if f.stores_value
        )
        rows = Markup("").join(
            Markup("<tr>{}</tr>").format(
                Markup("").join(
                    Markup("<td>{}</td>").format(f.display(row.values.get(f.code), ctx))
                    for f in self.fields
                    if f.stores_value
                )
            )
            for row in value
        )
        return Markup('<div class="subtable"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
            heads, rows
        )

    # -- kintone ---------------------------------------------------------------------------------

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return [
            {
                "id": "" if row.id is None else str(row.id),
                "value": {
                    f.code: f.to_kintone(row.values[f.code], ctx) for f in self._present(row) if f.kintone_type()
                },
            }
            for row in value or ()
        ]

    def from_kintone(self, raw: Mapping[str, t.Any], ctx: Context) -> Value:
        """Rows from ``[{"id": "368", "value": {code: {"value": …}}}]``; computed cells are ignored."""
        return self._rows(raw.get("value"), ctx, self._kintone_cells)

    def _kintone_cells(self, item: Mapping[str, t.Any], ctx: Context) -> tuple[dict[str, Value], list[Problem]]:
        given = item.get("values", item.get("value")) or {}
        if not isinstance(given, Mapping):
            return {}, [Problem(code="subtable.not_a_row")]
        if "values" in item:
            return self._cells(item, ctx)
        values: dict[str, Value] = {}
        problems: list[Problem] = []
        for code, cell in given.items():
            inner = self.find(code)
            if inner is None:
                problems.append(Problem(code="subtable.unknown_field", path=(str(code),), params={"field": str(code)}))
            elif not isinstance(cell, Mapping):
                problems.append(Problem(code="subtable.not_a_cell", path=(str(code),)))
            elif inner.writable and "value" in cell:
                try:
                    values[code] = inner.from_kintone(cell, ctx)
                except Invalid as error:
                    if inner.type_name == "NUMBER":
                        values[code] = None  # kintone drops what is no number here, and refuses it outside of rows
                    else:
                        problems.extend(p.under(code) for p in error.problems)
        return values, problems


def _row_id(given: t.Any) -> int | None:
    """:raises Invalid: for what is no number. Ids may be numbers or digits; ``""`` and null mean a new row."""
    if given is None or given == "":
        return None
    text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > _MAX_ROW_ID:
        raise invalid("subtable.row_id", "id", value=str(given)[:40])
    return int(text)


def _same(inner: Field, one: Row, other: Row) -> bool:
    left, right = one.values.get(inner.code), other.values.get(inner.code)
    return left == right or (inner.is_empty(left) and inner.is_empty(right))


__all__ = ["MAX_ROWS", "InnerFields", "Row", "RowChange", "SubtableField"]
