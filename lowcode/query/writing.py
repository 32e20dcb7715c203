"""A query as kintone's query text; parsing it gives the same query again."""

from __future__ import annotations

from lowcode.query.ast import (
    LIST_OPERATORS,
    UNARY_OPERATORS,
    And,
    FunctionCall,
    Node,
    Operand,
    Or,
    Query,
    Search,
    SortKey,
)
from lowcode.query.tokens import quote


def to_text(query: Query) -> str:
    """The text of a query; parsing it gives the same query again.

    :raises ValueError: for a :class:`Search`, which the text cannot say.
    """
    parts = [] if query.condition is None else [condition_text(query.condition)]
    if query.order:
        parts.append("order by " + order_text(query.order))
    if query.limit is not None:
        parts.append(f"limit {query.limit}")
    if query.offset is not None:
        parts.append(f"offset {query.offset}")
    return " ".join(parts)


def condition_text(node: Node, *, searches: bool = False) -> str:
    """The text of a condition.

    :param searches: write a search as ``search "words"``, for people to read; it cannot be parsed again.
    """
    match node:
        case And(children):
            return " and ".join(
                _grouped(child, searches) if isinstance(child, And | Or) else condition_text(child, searches=searches)
                for child in children
            )
        case Or(children):
            return " or ".join(
                _grouped(child, searches) if isinstance(child, Or) else condition_text(child, searches=searches)
                for child in children
            )
        case Search(text):
            if searches:
                return f"search {quote(text)}"
            raise ValueError("a search has no place in the query text")
    if node.operator in UNARY_OPERATORS:
        return f"{node.field} {node.operator}"
    operands = ", ".join(_operand_text(operand) for operand in node.operands)
    return f"{node.field} {node.operator} " + (f"({operands})" if node.operator in LIST_OPERATORS else operands)


def order_text(keys: tuple[SortKey, ...]) -> str:
    """The text of sort keys, as in a view's ``sort``."""
    return ", ".join(f"{key.field} {'desc' if key.descending else 'asc'}" for key in keys)


def _grouped(node: Node, searches: bool) -> str:
    return f"({condition_text(node, searches=searches)})"


def _operand_text(operand: Operand) -> str:
    if isinstance(operand, FunctionCall):
        return f"{operand.name}({', '.join(_operand_text(argument) for argument in operand.arguments)})"
    return quote(operand.value) if operand.quoted else operand.value
