"""kintone's query text, parsed.

::

    query   := [cond] ["order by" sort {"," sort}] ["limit" INT] ["offset" INT]
    cond    := and {"or" and}
    and     := prim {"and" prim}
    prim    := "(" cond ")" | field operator operands
    operand := "text" | number | 10:00 | FUNCTION(arguments)

Every text ends in a tree or in an :class:`Invalid` with one problem that says where it stands.
"""

from __future__ import annotations

import re
import typing as t

from lowcode.errors import Invalid
from lowcode.query.ast import (
    LIST_OPERATORS,
    UNARY_OPERATORS,
    And,
    Compare,
    FunctionCall,
    Literal,
    Node,
    Operand,
    Or,
    Query,
    SortKey,
)
from lowcode.query.problems import problem, shown
from lowcode.query.tokens import Token, looks_full_width, scan

MAX_DEPTH = 50
MAX_CONDITIONS = 1_000
MAX_SORT_KEYS = 30
LARGEST_LIMIT = 500
LARGEST_OFFSET = 10_000
_LARGEST_INTEGER = 2**31 - 1

_NUMBER: t.Final = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]{1,4})?")
_TIME: t.Final = re.compile(r"[0-9]{1,2}:[0-9]{1,2}(?::[0-9]{1,2})?")
_INTEGER: t.Final = re.compile(r"[+-]?[0-9]{1,18}")
_NAME: t.Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SYMBOLS: t.Final = frozenset({"=", "!=", ">", "<", ">=", "<="})


def parse(text: str, *, largest_limit: int | None = None, largest_offset: int | None = None) -> Query:
    """The query that ``text`` writes; an empty text asks for everything.

    :param largest_limit: refuse a larger ``limit`` (kintone: 500); None takes any.
    :param largest_offset: refuse a larger ``offset`` (kintone: 10,000); None takes any.
    :raises Invalid: with one problem, whose ``position`` counts from 1.
    """
    query = _Parser(scan(text)).query()
    if largest_limit is not None and query.limit is not None and query.limit > largest_limit:
        raise Invalid([problem("limit_too_large", limit=largest_limit, value=query.limit)])
    if largest_offset is not None and query.offset is not None and query.offset > largest_offset:
        raise Invalid([problem("offset_too_large", limit=largest_offset, value=query.offset)])
    return query


def parse_condition(text: str) -> Node | None:
    """The condition that ``text`` writes, as in a view's ``filterCond``; None when it is empty.

    :raises Invalid: as :func:`parse`, and ``query.only_condition`` for options after it.
    """
    query = parse(text)
    if query.order or query.limit is not None or query.offset is not None:
        raise Invalid([problem("only_condition")])
    return query.condition


def parse_order(text: str) -> tuple[SortKey, ...]:
    """The keys of a view's ``sort``: ``受付日 desc, 氏名``; the words ``order by`` may stand before them.

    :raises Invalid: as :func:`parse`.
    """
    parser = _Parser(scan(text))
    if parser.current.kind == "end":
        return ()
    if parser.is_word("order") and parser.is_word("by", 1):
        parser.at += 2
    keys = parser.sort_keys()
    parser.finish("sort_end")
    return keys


class _Parser:
    """Recursive descent; only parentheses recurse, and their depth is limited."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.conditions = 0

    @property
    def current(self) -> Token:
        return self.tokens[self.at]

    def advance(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def is_word(self, word: str, ahead: int = 0) -> bool:
        """Whether the token there is a keyword, in any case."""
        at = self.at + ahead
        return at < len(self.tokens) and self.tokens[at].kind == "word" and self.tokens[at].text.lower() == word

    # -- the whole -------------------------------------------------------------------------------

    def query(self) -> Query:
        condition: Node | None = None
        if self.current.kind != "end" and not self._at_option():
            condition = self.disjunction(0)
        order: tuple[SortKey, ...] = ()
        if self.is_word("order") and self.is_word("by", 1):
            self.at += 2
            order = self.sort_keys()
        limit = self._count("limit")
        offset = self._count("offset")
        self.finish("connective" if condition is not None and not order and limit is offset is None else "end")
        return Query(condition, order, limit, offset)

    def finish(self, expected: str) -> None:
        if self.current.kind != "end":
            raise self.unexpected(expected)

    def _at_option(self) -> bool:
        """Whether options begin here; a field may be called ``limit``, so the next token decides."""
        if self.is_word("order"):
            return self.is_word("by", 1)
        if self.is_word("limit") or self.is_word("offset"):
            following = self.tokens[self.at + 1]
            return following.kind == "end" or (
                following.kind == "word" and following.text.lower() not in ("in", "not", "like", "is")
            )
        return False

    def _count(self, name: str) -> int | None:
        if not self.is_word(name):
            return None
        self.advance()
        token = self.current
        if token.kind != "word" or not _INTEGER.fullmatch(token.text):
            raise Invalid([problem("not_a_count", token.position, option=name, found=shown(token.text))])
        number = int(token.text)
        if not 0 <= number <= _LARGEST_INTEGER:
            raise Invalid([problem("not_a_count", token.position, option=name, found=shown(token.text))])
        self.advance()
        return number

    def sort_keys(self) -> tuple[SortKey, ...]:
        keys: list[SortKey] = []
        while True:
            token = self.current
            if token.kind != "word":
                raise self.unexpected("field")
            self._half_width(token)
            self.advance()
            descending = self.is_word("desc")
            if descending or self.is_word("asc"):
                self.advance()
            keys.append(SortKey(token.text, descending, token.position))
            if len(keys) > MAX_SORT_KEYS:
                raise Invalid([problem("too_many_sort_keys", token.position, limit=MAX_SORT_KEYS)])
            if self.current.kind != ",":
                return tuple(keys)
            self.advance()

    # -- conditions ------------------------------------------------------------------------------

    def disjunction(self, depth: int) -> Node:
        children = [self.conjunction(depth)]
        while self.is_word("or"):
            self.advance()
            children.append(self.conjunction(depth))
        return children[0] if len(children) == 1 else Or(tuple(children))

    def conjunction(self, depth: int) -> Node:
        children = [self.primary(depth)]
        while self.is_word("and"):
            self.advance()
            children.append(self.primary(depth))
        return children[0] if len(children) == 1 else And(tuple(children))

    def primary(self, depth: int) -> Node:
        token = self.current
        if token.kind == "(":
            if depth == MAX_DEPTH:
                raise Invalid([problem("too_deep", token.position, limit=MAX_DEPTH)])
            self.advance()
            inner = self.disjunction(depth + 1)
            if self.current.kind == "end":
                raise Invalid([problem("unclosed", token.position)])
            if self.current.kind != ")":
                raise self.unexpected("connective")
            self.advance()
            return inner
        if token.kind != "word":
            raise self.unexpected("condition")
        self._half_width(token)
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise Invalid([problem("too_many_conditions", token.position, limit=MAX_CONDITIONS)])
        self.advance()
        operator = self._operator()
        if operator in UNARY_OPERATORS:
            operands: tuple[Operand, ...] = ()
        elif operator in LIST_OPERATORS:
            operands = self._list()
        else:
            operands = (self._operand(),)
        return Compare(token.text, operator, operands, token.position)

    def _operator(self) -> str:
        token = self.current
        if token.kind == "operator" and token.text in _SYMBOLS:
            self.advance()
            return token.text
        if self.is_word("is"):
            self.advance()
            negated = self._skip("not")
            if not self._skip("empty"):
                raise self.unexpected("empty")
            return "is not empty" if negated else "is empty"
        negated = self._skip("not")
        for word in ("in", "like"):
            if self._skip(word):
                return f"not {word}" if negated else word
        raise self.unexpected("in_or_like" if negated else "operator")

    def _skip(self, word: str) -> bool:
        if self.is_word(word):
            self.advance()
            return True
        return False

    def _list(self) -> tuple[Operand, ...]:
        opening = self.current
        if opening.kind != "(":
            raise self.unexpected("list")
        self.advance()
        operands = [self._operand()]
        while self.current.kind == ",":
            self.advance()
            operands.append(self._operand())
        self._close(opening)
        return tuple(operands)

    def _close(self, opening: Token) -> None:
        if self.current.kind == "end":
            raise Invalid([problem("unclosed", opening.position)])
        if self.current.kind != ")":
            raise self.unexpected("comma")
        self.advance()

    def _operand(self) -> Operand:
        token = self.current
        if token.kind == "text":
            self.advance()
            return Literal(token.value, True, token.position)
        if token.kind != "word":
            raise self.unexpected("value")
        following = self.tokens[self.at + 1]
        if following.kind == "(" and _NAME.fullmatch(token.text):
            return self._call()
        if not (_NUMBER.fullmatch(token.text) or _TIME.fullmatch(token.text)):
            raise self.unexpected("quotes")
        self.advance()
        return Literal(token.text, False, token.position)

    def _call(self) -> FunctionCall:
        name = self.advance()
        opening = self.advance()
        arguments: list[Literal] = []
        while self.current.kind != ")" or arguments:
            token = self.current
            if token.kind not in ("text", "word"):
                raise (
                    self.unexpected("argument")
                    if token.kind != "end"
                    else Invalid([problem("unclosed", opening.position)])
                )
            self.advance()
            arguments.append(Literal(token.value, token.kind == "text", token.position))
            if self.current.kind != ",":
                break
            self.advance()
        self._close(opening)
        return FunctionCall(name.text.upper(), tuple(arguments), name.position)

    # -- mistakes --------------------------------------------------------------------------------

    def _half_width(self, token: Token) -> None:
        """:raises Invalid: for a word with full-width signs: ``（`` looks like a bracket and is none."""
        meant = looks_full_width(token.text)
        if token.kind == "word" and meant != token.text:
            raise Invalid([problem("full_width", token.position, found=shown(token.text), meant=shown(meant))])

    def unexpected(self, expected: str) -> Invalid:
        """What stands where something else was expected."""
        token = self.current
        self._half_width(token)
        if token.kind == "end":
            return Invalid([problem("ends_early", token.position)])
        return Invalid([problem(f"expected_{expected}", token.position, found=shown(token.text))])
