"""A query as frozen values: what the text, the filter JSON and the URL of a list all become.

Positions count from 1 and lead back into the text; two nodes that mean the same are equal wherever they stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import field as attribute

POSITIVE = ("=", "in", "like", "is empty", ">", "<", ">=", "<=")
NEGATIVE = ("!=", "not in", "not like", "is not empty")
OPERATORS = ("=", "!=", ">", "<", ">=", "<=", "in", "not in", "like", "not like", "is empty", "is not empty")
LIST_OPERATORS = ("in", "not in")
UNARY_OPERATORS = ("is empty", "is not empty")
ID = "$id"


@dataclass(frozen=True)
class Literal:
    """A value as written, without its quotes; numbers and times may stand without any."""

    value: str
    quoted: bool = True
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True)
class FunctionCall:
    """``FROM_TODAY(5, DAYS)``: the name in capitals and the arguments as written."""

    name: str
    arguments: tuple[Literal, ...] = ()
    position: int = attribute(default=0, compare=False)


Operand = Literal | FunctionCall


@dataclass(frozen=True)
class Compare:
    """``field operator operands``; one operand, several for ``in``, none for ``is empty``."""

    field: str
    operator: str
    operands: tuple[Operand, ...] = ()
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True)
class Search:
    """Some searchable field holds every word of ``text``. A list's search box; the query text has no such thing."""

    text: str
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True)
class And:
    """All of two or more conditions."""

    children: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    """At least one of two or more conditions."""

    children: tuple[Node, ...]


Node = And | Or | Compare | Search


@dataclass(frozen=True)
class SortKey:
    """One field to sort by."""

    field: str
    descending: bool = False
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True)
class Query:
    """A condition and the options after it; None stands for what was not written."""

    condition: Node | None = None
    order: tuple[SortKey, ...] = ()
    limit: int | None = None
    offset: int | None = None

    def narrowed(self, *conditions: Node | None) -> Query:
        """The same query with more conditions that must hold too."""
        return replace(self, condition=all_of(self.condition, *conditions))


def all_of(*conditions: Node | None) -> Node | None:
    """The conditions joined by ``and``; None where there is none."""
    return _joined(And, conditions)


def any_of(*conditions: Node | None) -> Node | None:
    """The conditions joined by ``or``; None where there is none."""
    return _joined(Or, conditions)


def _joined(kind: type[And] | type[Or], conditions: tuple[Node | None, ...]) -> Node | None:
    found: list[Node] = []
    for condition in conditions:
        if isinstance(condition, kind):
            found.extend(condition.children)
        elif condition is not None:
            found.append(condition)
    if len(found) < 2:
        return found[0] if found else None
    return kind(tuple(found))


def compares(node: Node | None) -> Iterator[Compare]:
    """Every comparison in a condition, from left to right."""
    waiting: list[Node] = [] if node is None else [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Compare):
            yield current
        elif isinstance(current, And | Or):
            waiting.extend(reversed(current.children))


def field_codes(query: Query) -> frozenset[str]:
    """The codes that a query names, as written (``Ref.Field`` stays whole)."""
    return frozenset({compare.field for compare in compares(query.condition)} | {key.field for key in query.order})


__all__ = [
    "ID",
    "LIST_OPERATORS",
    "NEGATIVE",
    "OPERATORS",
    "POSITIVE",
    "UNARY_OPERATORS",
    "And",
    "Compare",
    "FunctionCall",
    "Literal",
    "Node",
    "Operand",
    "Or",
    "Query",
    "Search",
    "SortKey",
    "all_of",
    "any_of",
    "compares",
    "field_codes",
]
