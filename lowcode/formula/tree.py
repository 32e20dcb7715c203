"""The tree of a formula: a closed set of frozen nodes, how to walk it and how to print it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from lowcode.formula.tokens import quote

COMPARE, JOIN, ADD, MULTIPLY, POWER, SIGN, ATOM = range(1, 8)

LEVELS: t.Final[dict[str, int]] = {
    **dict.fromkeys(("=", "!=", "<>", "<", "<=", ">", ">="), COMPARE),
    "&": JOIN,
    **dict.fromkeys(("+", "-"), ADD),
    **dict.fromkeys(("*", "/"), MULTIPLY),
    "^": POWER,
}
"""How tightly each operator binds; a sign binds tightest, so ``-2^2`` is 4, as in spreadsheets."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written."""

    value: Decimal
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes."""

    value: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """The value of a field."""

    code: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; ``name`` is in capitals."""

    name: str
    arguments: tuple[Node, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign before an operand."""

    operator: str
    operand: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands joined by operators of one level, from left to right: ``a - b + c``.

    One node for the whole run keeps the tree of a sum with 500 terms flat.
    """

    first: Node
    rest: tuple[tuple[str, Node], ...]
    position: int = field(default=0, compare=False)


Node: t.TypeAlias = Number | Text | Reference | Call | Sign | Chain


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below ``node``, in the order of the text."""
    match node:
        case Call():
            return node.arguments
        case Sign():
            return (node.operand,)
        case Chain():
            return (node.first, *(operand for _, operand in node.rest))
        case _:
            return ()


def walk(root: Node) -> Iterator[tuple[Node, int]]:
    """Every node with its depth (1 for ``root``), in the order of the text."""
    stack = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        stack.extend((child, depth + 1) for child in reversed(children(node)))


def to_text(node: Node, level: int = COMPARE) -> str:
    """``node`` as a formula with no needless brackets or spaces; parsing it gives the same tree."""
    match node:
        case Number():
            return f"{node.value:f}"
        case Text():
            return quote(node.value)
        case Reference():
            return node.code
        case Call():
            return f"{node.name}({','.join(map(to_text, node.arguments))})"
        case Sign():
            own, text = SIGN, node.operator + to_text(node.operand, SIGN)
        case Chain():
            own = LEVELS[node.rest[0][0]]
            pieces = [to_text(node.first, own + 1)]
            for operator, operand in node.rest:
                pieces += (operator, to_text(operand, own + 1))
            text = "".join(pieces)
    return f"({text})" if own < level else text
