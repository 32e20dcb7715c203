"""Tokens to a tree, by precedence climbing; every input ends in a tree or an :class:`Invalid`."""

from __future__ import annotations

import typing as t
from decimal import Decimal

from lowcode.errors import Invalid, invalid
from lowcode.formula import tree
from lowcode.formula.tokens import Token, half_width, scan, unquote

MAX_LENGTH: t.Final = 10_000
MAX_NESTING: t.Final = 50
MAX_DEPTH: t.Final = 100
MAX_NODES: t.Final = 2_000
MAX_NUMBER: t.Final = 40


def parse(text: str) -> tree.Node:
    """The tree of ``text``.

    :raises Invalid: with one problem, whose ``position`` counts from 1: ``formula.syntax`` with what was
        found there, or a code that says more precisely what is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise invalid("formula.too_long", limit=MAX_LENGTH, length=len(text))
    tokens = list(scan(text))
    if len(tokens) == 1:
        raise invalid("formula.empty", position=1, found="")
    parser = _Parser(tokens)
    root = parser.expression(tree.COMPARE)
    parser.finish()
    for nodes, (node, depth) in enumerate(tree.walk(root), start=1):
        if depth > MAX_DEPTH:
            raise invalid("formula.too_deep", limit=MAX_NESTING, position=node.position + 1)
        if nodes > MAX_NODES:
            raise invalid("formula.too_many_parts", limit=MAX_NODES, position=node.position + 1)
    return root


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.nesting = 0
        self.open: list[Token] = []

    @property
    def current(self) -> Token:
        return self.tokens[self.index]

    def advance(self) -> Token:
        token = self.tokens[self.index]
        self.index += 1
        return token

    def expression(self, minimum: int) -> tree.Node:
        """An operand and what follows it, as far as operators bind at least as tightly as ``minimum``."""
        left = self.operand()
        while (level := tree.LEVELS.get(self.current.text, 0)) >= minimum and self.current.kind == "operator":
            position = self.current.position
            rest: list[tuple[str, tree.Node]] = []
            while self.current.kind == "operator" and tree.LEVELS.get(self.current.text) == level:
                if level == tree.COMPARE and rest:
                    raise invalid(
                        "formula.chained_comparison", position=self.current.position + 1, found=self.current.text
                    )
                operator = self.advance().text
                rest.append((operator, self.expression(level + 1)))
            left = tree.Chain(left, tuple(rest), position)
        return left

    def operand(self) -> tree.Node:
        token = self.advance()
        match token.kind:
            case "number":
                if len(token.text) > MAX_NUMBER:
                    raise invalid("formula.number_too_long", position=token.position + 1, limit=MAX_NUMBER)
                return tree.Number(Decimal(token.text), token.position)
            case "text":
                return tree.Text(unquote(token.text), token.position)
            case "code" if self.current.text == "(":
                return tree.Call(token.text.upper(), self.arguments(), token.position)
            case "code":
                return tree.Reference(token.text, token.position)
        if token.text in ("+", "-"):
            self.enter(token)
            node = tree.Sign(token.text, self.operand(), token.position)
            self.leave()
            return node
        if token.text == "(":
            self.enter(token, bracket=True)
            inner = self.expression(tree.COMPARE)
            self.close()
            return inner
        raise self.unexpected(token)

    def arguments(self) -> tuple[tree.Node, ...]:
        self.enter(self.advance(), bracket=True)
        found: list[tree.Node] = []
        if self.current.text != ")":
            found.append(self.expression(tree.COMPARE))
            while self.current.kind == "operator" and self.current.text == ",":
                self.advance()
                found.append(self.expression(tree.COMPARE))
        self.close()
        return tuple(found)

    def enter(self, token: Token, *, bracket: bool = False) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise invalid("formula.too_deep", limit=MAX_NESTING, position=token.position + 1)
        if bracket:
            self.open.append(token)

    def leave(self) -> None:
        self.nesting -= 1

    def close(self) -> None:
        if self.current.kind != "operator" or self.current.text != ")":
            raise self.unexpected(self.current)
        self.advance()
        self.open.pop()
        self.leave()

    def finish(self) -> None:
        if self.current.kind != "end":
            raise self.unexpected(self.current)

    def unexpected(self, token: Token) -> Invalid:
        position = token.position + 1
        if token.kind == "end" and self.open:
            return invalid("formula.unclosed_bracket", position=self.open[-1].position + 1, found="(")
        if token.kind == "end":
            return invalid("formula.unexpected_end", position=position, found="")
        if (use := half_width(token.text[0])) is not None:
            return invalid("formula.full_width", position=position, found=token.text[0], use=use)
        return invalid("formula.syntax", position=position, found=token.text[:30])
