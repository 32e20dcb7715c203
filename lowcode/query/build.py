"""A condition and sort keys as SQL, with bound values only and never an unknown truth.

::

    where = build.condition(node, definition, tables, ctx, readable, related=apps)
    order = build.order_by(keys, definition, tables, readable)

SQL's NULL would make ``not (x > 5)`` miss empty fields, so every comparison here is true or false. A field outside
``readable`` is treated exactly as one that does not exist.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid, Problem
from lowcode.fields.base import Context, Field, contains
from lowcode.query.ast import ID, Node, SortKey
from lowcode.query.compare import Condition, joined, predicate, same
from lowcode.query.kinds import kind_of, operators_of
from lowcode.query.problems import problem
from lowcode.query.resolve import (
    Branch,
    Leaf,
    Related,
    RelatedApps,
    Resolver,
    Scope,
    Tree,
    Words,
    sort_problem,
)

Index = Callable[[str, Sequence[Field]], Condition]
"""The condition that some of the fields hold every word of a text, from the index of the search."""
MAX_PRODUCTS = 200
"""How many combinations ``(row condition or other) and row condition`` may be written out to."""
_ONE: t.Final[sa.ColumnElement[int]] = sa.literal_column("1")


def check(
    node: Node | None,
    definition: AppDefinition,
    readable: frozenset[str] | None = None,
    *,
    ctx: Context | None = None,
    related: RelatedApps | None = None,
) -> tuple[Problem, ...]:
    """Everything that is wrong with a condition.

    :param readable: codes that count as existing; None is every one.
    :param ctx: None when nobody asks yet (a view being designed): users and groups are then not looked up.
    :param related: the definition and tables of another app by its code, for ``Ref.Field``.
    """
    resolver = Resolver(definition, readable, ctx, related)
    resolver.tree(node)
    return tuple(resolver.problems)


def check_order(
    keys: Iterable[SortKey], definition: AppDefinition, readable: frozenset[str] | None = None
) -> tuple[Problem, ...]:
    """Everything that is wrong with sort keys."""
    return tuple(found for key in keys if (found := sort_problem(key, definition, readable)) is not None)


def condition(
    node: Node | None,
    definition: AppDefinition,
    tables: t.Any,
    ctx: Context,
    readable: frozenset[str] | None = None,
    *,
    related: RelatedApps | None = None,
    index: Index | None = None,
) -> Condition:
    """The condition in SQL, over ``tables.main``.

    :param index: answers searches; without one they read the folded texts of every record.
    :raises Invalid: with every problem that :func:`check` finds, or ``query.too_complex``.
    """
    resolver = Resolver(definition, readable, ctx, related)
    tree = resolver.tree(node)
    if resolver.problems:
        raise Invalid(resolver.problems)
    return _Builder(tables, ctx, definition, index).build(tree)


def order_by(
    keys: Sequence[SortKey], definition: AppDefinition, tables: t.Any, readable: frozenset[str] | None = None
) -> list[sa.ColumnElement[t.Any]]:
    """What to put into ORDER BY: empty values first going up and last going down, the record's id at the end.

    Without keys: newest first. The id goes the way of the last key, so that one index serves both directions.

    :raises Invalid: for keys that cannot sort.
    """
    return [_directed(column, descending) for column, descending in sort_columns(keys, definition, tables, readable)]


def sort_columns(
    keys: Sequence[SortKey], definition: AppDefinition, tables: t.Any, readable: frozenset[str] | None = None
) -> list[tuple[sa.ColumnElement[t.Any], bool]]:
    """The columns that :func:`order_by` sorts by, each with whether it goes down; the id is the last.

    :raises Invalid: for keys that cannot sort.
    """
    problems = check_order(keys, definition, readable)
    if problems:
        raise Invalid(problems)
    found: list[tuple[sa.ColumnElement[t.Any], bool]] = []
    seen: set[str] = set()
    descending = not keys
    for key in keys:
        descending = key.descending
        field = None if key.field == ID else definition.field(key.field)
        if kind_of(field) == "id":
            break
        if key.field not in seen:
            seen.add(key.field)
            found.append((t.cast(Field, field).sort_column(tables), key.descending))
    return [*found, (tables.main.c.id, descending)]


def beyond(columns: Sequence[tuple[sa.ColumnElement[t.Any], bool]], values: Sequence[t.Any]) -> sa.ColumnElement[bool]:
    """The condition that a row comes after the one with ``values`` in the order of ``columns`` (:func:`sort_columns`).

    A page that begins there costs the same however far down it lies, unlike one that counts from the top.
    """
    ways: list[sa.ColumnElement[bool]] = []
    same: list[sa.ColumnElement[bool]] = []
    for (column, descending), value in zip(columns, values, strict=True):
        if value is None:
            further: sa.ColumnElement[bool] = sa.false() if descending else column.is_not(None)
            equal: sa.ColumnElement[bool] = column.is_(None)
        else:
            # Empty values stand last going down, so they come after every value.
            further = sa.or_(column < value, column.is_(None)) if descending else column > value
            equal = column == value
        ways.append(sa.and_(*same, further))
        same.append(equal)
    return sa.or_(*ways)


def _directed(column: sa.ColumnElement[t.Any], descending: bool) -> sa.ColumnElement[t.Any]:
    directed = column.desc() if descending else column.asc()
    if isinstance(column, sa.Column) and not column.nullable:
        return directed  # an index on a column without NULL is made without the words, and would not be used with them
    return directed.nulls_last() if descending else directed.nulls_first()


# --- the tables of rows --------------------------------------------------------------------------


@dataclass(eq=False)
class _Renamed:
    """Tables under a name of their own, so that an app can be related to itself."""

    main: t.Any
    search: t.Any
    sides: Callable[[int], sa.Table]
    rows: t.Any = None

    def side(self, field_id: int) -> sa.Table:
        return self.sides(field_id)

    @classmethod
    def of(cls, tables: t.Any) -> _Renamed:
        search = None if tables.search is None else tables.search.alias()
        return cls(tables.main.alias(), search, tables.side, getattr(tables, "rows", None))


class _Builder:
    """Builds the condition of one tree over one set of tables."""

    def __init__(self, tables: t.Any, ctx: Context, definition: AppDefinition, index: Index | None = None) -> None:
        self.tables, self.ctx, self.definition, self.index = tables, ctx, definition, index
        self.products = 0
        self._rows: dict[Scope, _Renamed] = {}

    def build(self, tree: Tree) -> Condition:
        """The condition over the records."""
        if tree is None:
            return sa.true()
        if isinstance(tree, Words):
            return self._words(tree)
        if isinstance(tree, Leaf):
            return predicate(tree, self.tables, self.ctx) if tree.scope is None else self._of_rows(tree, tree.scope)
        if not tree.every:
            return self._together(_flat(tree.children, every=False), every=False)
        return self._all(_flat(tree.children))

    # -- rows ------------------------------------------------------------------------------------

    def _of_rows(self, leaf: Leaf, scope: Scope) -> Condition:
        if leaf.positive:
            return self._exists(scope, lambda rows: predicate(leaf, rows, self.ctx))
        return sa.and_(
            self._exists(scope, lambda _: sa.true()),
            sa.not_(self._exists(scope, lambda rows: sa.not_(predicate(leaf, rows, self.ctx)))),
        )

    def _all(self, children: list[Branch | Leaf | Words]) -> Condition:
        """Children joined by ``and``; positive conditions on the same table hold on the same row."""
        shared = _shared_scopes(children)
        for index, child in enumerate(children):
            if isinstance(child, Branch) and _pure_scope(child) is None and _row_scopes(child) & shared:
                # "(row or other) and row": written out, so that the row's conditions come together.
                self.products += len(child.children)
                if self.products > MAX_PRODUCTS:
                    raise Invalid([problem("too_complex")])
                rest = [*children[:index], *children[index + 1 :]]
                return joined(sa.or_, [self._all(_flat([*rest, way])) for way in child.children])
        return self._together(children, every=True)

    def _together(self, children: Sequence[Branch | Leaf | Words], *, every: bool) -> Condition:
        """Children joined; those on the rows of one table are asked of its rows at once."""
        on_rows: dict[Scope, list[Branch | Leaf | Words]] = {}
        parts: list[Condition] = []
        for child in children:
            scope = _pure_scope(child)
            if scope is None:
                parts.append(self.build(child))
            else:
                on_rows.setdefault(scope, []).append(child)
        for scope, found in on_rows.items():
            one_row = Branch(every, tuple(found)) if len(found) > 1 else found[0]
            parts.append(self._exists(scope, functools.partial(_on_row, one_row, self.ctx)))
        return joined(sa.and_ if every else sa.or_, parts)

    def _exists(self, scope: Scope, on_row: Callable[[t.Any], Condition]) -> Condition:
        main = self.tables.main
        if scope.subtable is not None:
            rows = self._named(scope, self.tables.rows[scope.subtable.id])
            statement = sa.select(_ONE).select_from(rows.main)
            return sa.exists(statement.where(rows.main.c.record_id == main.c.id, on_row(rows)).correlate(main))
        related, join = t.cast(Related, scope.related), t.cast(t.Any, scope.join).condition
        there = self._named(scope, related.tables)
        own = self.definition.field(join.field).column(self.tables)
        other = related.definition.field(join.related_field).column(there)
        wanted = [same(own, other)]
        if scope.filter is not None:
            wanted.append(_Builder(there, self.ctx, related.definition).build(scope.filter))
        visible = related.visible(there) if related.visible is not None else None
        if visible is not None:
            wanted.append(visible)
        statement = sa.select(_ONE).select_from(there.main)
        return sa.exists(statement.where(*wanted, on_row(there)).correlate(main))

    def _named(self, scope: Scope, tables: t.Any) -> _Renamed:
        """The tables of some rows under one name: two subqueries side by side may share it."""
        if scope not in self._rows:
            self._rows[scope] = _Renamed.of(tables)
        return self._rows[scope]

    # -- search ----------------------------------------------------------------------------------

    def _words(self, words: Words) -> Condition:
        if self.index is not None:
            found = self.index(words.text, words.fields)
            return found if words.number is None else sa.or_(found, self.tables.main.c.id == words.number)
        by_table: dict[int | None, list[Field]] = {}
        for field in words.fields:
            table = self.definition.subtable_of(field.code)
            by_table.setdefault(None if table is None else table.id, []).append(field)
        found = joined(sa.and_, [self._word(word, by_table) for word in words.words])
        return found if words.number is None else sa.or_(found, self.tables.main.c.id == words.number)

    def _word(self, word: str, by_table: dict[int | None, list[Field]]) -> Condition:
        main, ways = self.tables.main, []
        for table_id, fields in by_table.items():
            if table_id is None:
                if self.tables.search is not None:
                    search = self.tables.search.alias()
                    ways.append(
                        sa.exists(
                            sa.select(_ONE)
                            .select_from(search)
                            .where(search.c.id == main.c.id, _in_some(search, fields, word))
                            .correlate(main)
                        )
                    )
                continue
            rows = self.tables.rows[table_id]
            if rows.search is not None:
                row, search = rows.main.alias(), rows.search.alias()
                ways.append(
                    sa.exists(
                        sa.select(_ONE)
                        .select_from(row.join(search, search.c.id == row.c.id))
                        .where(row.c.record_id == main.c.id, _in_some(search, fields, word))
                        .correlate(main)
                    )
                )
        return joined(sa.or_, ways) if ways else sa.false()


def _in_some(search: t.Any, fields: Sequence[Field], word: str) -> Condition:
    return joined(sa.or_, [contains(_searched(search.c[field.column_name], field), word) for field in fields])


def _searched(text: t.Any, field: Field) -> t.Any:
    # Who looks for a person types the name in one go, though it is kept with a space: タナカミユ for タナカ　ミユ.
    return sa.func.replace(text, " ", "") if field.type_name == "SINGLE_LINE_TEXT" else text


def _on_row(tree: Branch | Leaf | Words, ctx: Context, rows: t.Any) -> Condition:
    """A tree of conditions on one row."""
    if isinstance(tree, Branch):
        parts = [_on_row(child, ctx, rows) for child in _flat(tree.children, every=tree.every)]
        return joined(sa.and_ if tree.every else sa.or_, parts)
    return predicate(t.cast(Leaf, tree), rows, ctx)


def _flat(children: Iterable[Branch | Leaf | Words], *, every: bool = True) -> list[Branch | Leaf | Words]:
    """Children of an ``and`` (or of an ``or``) with those of inner ones of the same kind among them."""
    found: list[Branch | Leaf | Words] = []
    for child in children:
        if isinstance(child, Branch) and child.every is every:
            found.extend(_flat(child.children, every=every))
        else:
            found.append(child)
    return found


def _row_scopes(tree: Branch | Leaf | Words) -> frozenset[Scope]:
    """The tables on which a tree has positive conditions."""
    if isinstance(tree, Branch):
        return frozenset().union(*(_row_scopes(child) for child in tree.children))
    if isinstance(tree, Leaf) and tree.scope is not None and tree.positive:
        return frozenset({tree.scope})
    return frozenset()


def _shared_scopes(children: Sequence[Branch | Leaf | Words]) -> frozenset[Scope]:
    """The tables on which two or more of the children have positive conditions."""
    once: set[Scope] = set()
    twice: set[Scope] = set()
    for child in children:
        for scope in _row_scopes(child):
            (twice if scope in once else once).add(scope)
    return frozenset(twice)


def _pure_scope(tree: Branch | Leaf | Words) -> Scope | None:
    """The one table that every condition of a tree speaks of positively, if there is such."""
    if isinstance(tree, Leaf):
        return tree.scope if tree.positive else None
    if isinstance(tree, Words):
        return None
    scopes = {_pure_scope(child) for child in tree.children}
    return scopes.pop() if len(scopes) == 1 else None


__all__ = [
    "Condition",
    "Index",
    "Related",
    "RelatedApps",
    "check",
    "check_order",
    "condition",
    "operators_of",
    "order_by",
]
