"""A tree turned into closures once, so that working it out for each record walks no tree."""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Callable
from decimal import Decimal

from lowcode.formula import numbers, tree, values
from lowcode.formula.functions import FUNCTIONS
from lowcode.formula.kinds import Evaluator, Fault, Get, Options, Precision, Value

_Arithmetic: t.TypeAlias = Callable[[Decimal, Decimal, Precision], Decimal]

_ARITHMETIC: t.Final[dict[str, _Arithmetic]] = {
    "+": lambda left, right, precision: numbers.add(left, right),
    "-": lambda left, right, precision: numbers.subtract(left, right),
    "*": lambda left, right, precision: numbers.multiply(left, right),
    "/": numbers.divide,
    "^": numbers.power,
}
_ORDER: t.Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compiled(node: tree.Node) -> Evaluator:
    """The function that works ``node`` out. Unknown functions and wrong arities give a fault when run."""
    match node:
        case tree.Number() | tree.Text():
            value = node.value
            return lambda get, options: value
        case tree.Reference():
            code = node.code
            return lambda get, options: get(code)
        case tree.Sign():
            return _sign(node.operator, compiled(node.operand))
        case tree.Chain():
            return _chain(node)
        case tree.Call():
            return _call(node)


def _sign(sign: str, operand: Evaluator) -> Evaluator:
    number = values.number
    if sign == "-":
        return lambda get, options: numbers.negate(number(operand(get, options)))
    return lambda get, options: number(operand(get, options))


def _chain(node: tree.Chain) -> Evaluator:
    first = compiled(node.first)
    sign, right = node.rest[0]
    if sign in _ORDER:
        return _order(_ORDER[sign], first, compiled(right))
    if sign in ("=", "!=", "<>"):
        return _equal(first, compiled(right), wanted=sign == "=")
    if sign == "&":
        return _join((first, *(compiled(operand) for _, operand in node.rest)))
    if len(node.rest) == 1:
        return _pair(_ARITHMETIC[sign], first, compiled(right))
    return _run(first, tuple([(_ARITHMETIC[sign], compiled(operand)) for sign, operand in node.rest]))


def _pair(calculate: _Arithmetic, left: Evaluator, right: Evaluator) -> Evaluator:
    number = values.number
    return lambda get, options: calculate(number(left(get, options)), number(right(get, options)), options.precision)


def _run(first: Evaluator, rest: tuple[tuple[_Arithmetic, Evaluator], ...]) -> Evaluator:
    def evaluate(get: Get, options: Options) -> Value:
        result = values.number(first(get, options))
        for calculate, operand in rest:
            result = calculate(result, values.number(operand(get, options)), options.precision)
        return result

    return evaluate


def _order(compare: Callable[[Decimal, Decimal], bool], left: Evaluator, right: Evaluator) -> Evaluator:
    number = values.number
    return lambda get, options: compare(number(left(get, options)), number(right(get, options)))


def _equal(left: Evaluator, right: Evaluator, *, wanted: bool) -> Evaluator:
    equal = values.equal
    return lambda get, options: equal(left(get, options), right(get, options)) is wanted


def _join(operands: tuple[Evaluator, ...]) -> Evaluator:
    def evaluate(get: Get, options: Options) -> Value:
        pieces: list[str] = []
        length = 0
        for operand in operands:
            piece = values.text(operand(get, options), options)
            # Counted on the way, so that a thousand long texts are never put together first.
            length += len(piece)
            if length > values.MAX_TEXT:
                raise Fault("length")
            pieces.append(piece)
        return "".join(pieces)

    return evaluate


def _call(node: tree.Call) -> Evaluator:
    function = FUNCTIONS.get(node.name)
    count = len(node.arguments)
    if function is None or not function.minimum <= count <= function.maximum or (function.odd and count % 2 == 0):
        return _unknown
    return function.build(tuple(map(compiled, node.arguments)))


def _unknown(get: Get, options: Options) -> Value:
    raise Fault("function")
