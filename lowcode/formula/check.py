"""What an expression yields, and everything that is wrong with it, before any record is looked at."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from lowcode.errors import Invalid, Problem
from lowcode.formula import patterns, tree
from lowcode.formula.functions import ALL, FUNCTIONS, NUMERIC, SCALARS, Function, Kinds, Takes
from lowcode.formula.kinds import Column, Kind, KindOrColumn
from lowcode.formula.tokens import half_width

_NOTHING: t.Final[Kinds] = frozenset()
_NUMBER: t.Final = frozenset({Kind.NUMBER})
_TEXT: t.Final = frozenset({Kind.TEXT})
_BOOLEAN: t.Final = frozenset({Kind.BOOLEAN})


class _Found(t.NamedTuple):
    kinds: Kinds
    column: bool = False


def check(root: tree.Node, fields: Mapping[str, KindOrColumn]) -> Kind:
    """The kind that ``root`` yields, given what each field is.

    Branches of different kinds (``IF(a > 1, 5, "none")``) make ``TEXT`` when one is a text, else ``NUMBER``.

    :raises Invalid: with every problem, in the order of the text.
    """
    checker = _Checker(fields)
    found = checker.infer(root)
    checker.accept(root, found, SCALARS, "formula.needs_single", "")
    if checker.problems:
        raise Invalid(sorted(checker.problems, key=lambda problem: problem.params["position"]))
    return _settle(found.kinds)


def _settle(kinds: Kinds) -> Kind:
    if len(kinds) == 1:
        return next(iter(kinds))
    if not kinds or Kind.TEXT in kinds:
        return Kind.TEXT
    if kinds == {Kind.DATE, Kind.DATETIME}:
        return Kind.DATETIME
    return Kind.NUMBER


class _Checker:
    def __init__(self, fields: Mapping[str, KindOrColumn]) -> None:
        self.fields = fields
        self.problems: list[Problem] = []

    def report(self, code: str, node: tree.Node, /, **params: t.Any) -> None:
        self.problems.append(Problem(code=code, params={"position": node.position + 1, **params}))

    def infer(self, node: tree.Node) -> _Found:
        match node:
            case tree.Number():
                return _Found(_NUMBER)
            case tree.Text():
                return _Found(_TEXT if node.value else _NOTHING)
            case tree.Reference():
                return self.reference(node)
            case tree.Sign():
                self.accept(node.operand, self.infer(node.operand), NUMERIC, "formula.needs_number", node.operator)
                return _Found(_NUMBER)
            case tree.Chain():
                return self.chain(node)
            case tree.Call():
                return self.call(node)

    def reference(self, node: tree.Reference) -> _Found:
        kind = self.fields.get(node.code)
        if kind is None:
            digits = [half_width(character) for character in node.code]
            if all(digit is not None and digit.isdigit() for digit in digits):
                self.report("formula.full_width", node, found=node.code, use="".join(map(str, digits)))
            else:
                self.report("formula.unknown_field", node, code=node.code)
            return _Found(_NOTHING)
        if isinstance(kind, Column):
            return _Found(frozenset({kind.kind}), column=True)
        return _Found(frozenset({kind}))

    def chain(self, node: tree.Chain) -> _Found:
        operands = [(node.rest[0][0], node.first), *node.rest]
        equality = False
        for operator, operand in operands:
            equality = operator in ("=", "!=", "<>")
            joins = operator == "&" or equality
            self.accept(
                operand,
                self.infer(operand),
                SCALARS if joins else NUMERIC,
                "formula.needs_single" if joins else "formula.needs_number",
                operator,
            )
        level = tree.LEVELS[node.rest[0][0]]
        return _Found(_BOOLEAN if level == tree.COMPARE else _TEXT if level == tree.JOIN else _NUMBER)

    def call(self, node: tree.Call) -> _Found:
        found = [self.infer(argument) for argument in node.arguments]
        function = FUNCTIONS.get(node.name)
        if function is None:
            self.report("formula.unknown_function", node, name=node.name)
            return _Found(_NOTHING)
        count = len(found)
        if not function.minimum <= count <= function.maximum or (function.odd and count % 2 == 0):
            self.arity(node, function, count)
            return _Found(_NOTHING)
        for index, (argument, shape) in enumerate(zip(node.arguments, found, strict=True)):
            self.parameter(argument, shape, function.parameter(index, count), function.name)
        if function.name == "DATE_FORMAT":
            self.literals(node.arguments)
        # Without what was refused just now, so that it is not refused once more further out.
        return _Found(function.yields([shape.kinds for shape in found]) & SCALARS)

    def arity(self, node: tree.Call, function: Function, count: int) -> None:
        if function.odd and function.minimum <= count <= function.maximum:
            self.report("formula.needs_default", node, name=node.name, count=count)
            return
        few, many = function.minimum, function.maximum
        self.report(
            "formula.arguments" if few == many else "formula.arguments_between",
            node, name=node.name, count=count, minimum=few, maximum=many, signature=function.signature,
        )  # fmt: skip

    def parameter(self, node: tree.Node, found: _Found, takes: Takes, name: str) -> None:
        if takes.column == "choices":
            # A column of anything may be searched; a single value has nothing to choose from.
            kinds = ALL if found.column else takes.kinds
            self.accept(node, _Found(found.kinds), kinds, takes.code, name)
        elif takes.column == "either":
            self.accept(node, _Found(found.kinds), takes.kinds, takes.code, name)
        else:
            self.accept(node, found, takes.kinds, takes.code, name)

    def accept(self, node: tree.Node, found: _Found, kinds: Kinds, code: str, name: str) -> None:
        if found.column:
            self.report("formula.column", node, code=getattr(node, "code", ""), name=name)
        elif not found.kinds <= kinds:
            wrong = sorted(kind.value for kind in found.kinds - kinds)
            if wrong == ["TEXTS"]:
                code = "formula.choices"
            self.report(code, node, name=name, found=", ".join(wrong))

    def literals(self, arguments: Sequence[tree.Node]) -> None:
        """The pattern and the zone of ``DATE_FORMAT``, where they are written out."""
        pattern = arguments[1]
        if isinstance(pattern, tree.Text):
            try:
                patterns.compiled(pattern.value)
            except Invalid as error:
                self.report("formula.date_format", pattern, **error.problems[0].params)
        zone = arguments[2] if len(arguments) > 2 else None
        if isinstance(zone, tree.Text) and zone.value != "system" and patterns.zone(zone.value) is None:
            self.report("formula.zone", zone, found=zone.value[:40])
