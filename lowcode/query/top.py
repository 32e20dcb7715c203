"""The first records of ``in (A, B) … order by … limit n``, faster: the first n of each value, then the first n of all.

An index on (value, sort key, id) gives the first n of *one* value without reading the others; for several values at
once the database would read and sort them all. Measured: 0.92 → 0.58 ms on SQLite, 2.8 → 1.0 ms on PostgreSQL.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid
from lowcode.fields.base import Context, Field, ManyValued, SystemField
from lowcode.query.ast import And, Compare, FunctionCall, Node, Operand, SortKey, all_of
from lowcode.query.build import Index, RelatedApps, condition, order_by
from lowcode.query.kinds import kind_of
from lowcode.query.resolve import Leaf, Resolver

MAX_VALUES = 8
MAX_ROWS = 600
"""Beyond ``limit + offset`` of this size reading every value's page costs more than it saves."""


def top_n(
    node: Node | None,
    order: Sequence[SortKey],
    limit: int,
    definition: AppDefinition,
    tables: t.Any,
    ctx: Context,
    readable: frozenset[str] | None = None,
    *,
    offset: int = 0,
    related: RelatedApps | None = None,
    visible: Sequence[sa.ColumnElement[bool]] = (),
    index: Index | None = None,
) -> sa.Select[tuple[int]] | None:
    """A statement for the ids of the page, in order; None where the plain statement is as good.

    It fits when one of the conditions joined by "and" is ``in`` with two to eight values on a field of one value.

    :param visible: further conditions that every record must meet (the asker's rights).
    :raises Invalid: for a condition or keys that are wrong.
    """
    chosen = _chosen(node, definition, readable)
    if chosen is None or limit + offset > MAX_ROWS:
        return None
    conditions = list(node.children) if isinstance(node, And) else [t.cast(Node, node)]
    rest = [each for each in conditions if each is not chosen]
    keys = order_by(order, definition, tables, readable)
    columns = [tables.main.c.id, *(_key(key).label(f"k{at}") for at, key in enumerate(keys[:-1]))]
    branches = []
    for operand in _distinct(chosen, definition, readable, ctx):
        one = all_of(*rest, replace(chosen, operands=(operand,)))
        branch = (
            sa.select(*columns)
            .where(condition(one, definition, tables, ctx, readable, related=related, index=index), *visible)
            .order_by(*keys)
            .limit(limit + offset)
        )
        # SQLite takes no LIMIT inside a UNION but inside a subquery of it.
        branches.append(sa.select(branch.subquery()))
    pages = sa.union_all(*branches).subquery()
    outer = [_again(key, pages.c[name]) for key, name in zip(keys, [*pages.c.keys()[1:], "id"], strict=True)]
    return sa.select(pages.c.id).order_by(*outer).limit(limit).offset(offset)


def _chosen(node: Node | None, definition: AppDefinition, readable: frozenset[str] | None) -> Compare | None:
    """The ``in`` that is split: the one with the fewest values."""
    conditions = node.children if isinstance(node, And) else (node,)
    found = []
    for each in conditions:
        if not isinstance(each, Compare) or each.operator != "in" or "." in each.field:
            continue
        values = set(each.operands)
        field = definition.find(each.field) if readable is None or each.field in readable else None
        if (
            field is not None
            and definition.subtable_of(each.field) is None
            and _splits(field)
            and 2 <= len(values) <= MAX_VALUES
            and not any(isinstance(v, FunctionCall) for v in values)
        ):
            found.append(each)
    return min(found, key=lambda each: len(each.operands), default=None)


def _splits(field: Field) -> bool:
    """Whether a record has one value in the field, so that two values never find the same record."""
    if isinstance(field, ManyValued) or kind_of(field) not in ("value", "number", "status"):
        return False
    # Telephone numbers are compared by their digits: two texts may find the same record.
    return field.type_name != "LINK" and (kind_of(field) == "status" or not isinstance(field, SystemField))


def _distinct(
    chosen: Compare, definition: AppDefinition, readable: frozenset[str] | None, ctx: Context
) -> Sequence[Operand]:
    """One operand for each value: an option by key and by label is the same option, ``1`` and ``1.0`` one number."""
    resolver = Resolver(definition, readable, ctx, None)
    leaf = resolver.tree(chosen)
    if resolver.problems or not isinstance(leaf, Leaf):
        raise Invalid(resolver.problems)
    return list(dict(zip(leaf.values, chosen.operands, strict=True)).values())


def _key(key: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    """The column inside ``column DESC NULLS LAST``."""
    inner: t.Any = key
    while isinstance(inner, sa.UnaryExpression):
        inner = inner.element
    return t.cast("sa.ColumnElement[t.Any]", inner)


def _again(key: sa.ColumnElement[t.Any], column: sa.ColumnElement[t.Any]) -> sa.ColumnElement[t.Any]:
    """The same direction for another column."""
    modifiers: list[t.Any] = []
    inner: t.Any = key
    while isinstance(inner, sa.UnaryExpression):
        modifiers.append(inner.modifier)
        inner = inner.element
    found: t.Any = column
    for modifier in reversed(modifiers):
        found = sa.UnaryExpression(found, modifier=modifier, wraps_column_expression=True)
    return t.cast("sa.ColumnElement[t.Any]", found)
