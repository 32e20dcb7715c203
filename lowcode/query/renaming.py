"""Codes and option values renamed inside query texts, everything else left as it was written."""

from __future__ import annotations

from collections.abc import Mapping

from lowcode.query import parser
from lowcode.query.ast import And, Compare, Literal, Node, Or, Query
from lowcode.query.tokens import quote, scan


def rename(
    text: str,
    fields: Mapping[str, str],
    options: Mapping[str, Mapping[str, str]] | None = None,
    related: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    """``text`` with field codes and option values renamed and everything else as it was.

    :param fields: new code by old code; both halves of ``Ref.Field`` are looked at: ``Ref`` here, ``Field`` in
        ``related``.
    :param options: for each field by its old code, new value by old value (options, state names).
    :param related: for each list of related records by its old code, new code by old code in the other app.
    :raises Invalid: when ``text`` is no query.
    """
    return _renamed(text, _changes(parser.parse(text), fields, options or {}, related or {}))


def rename_order(text: str, fields: Mapping[str, str]) -> str:
    """The same for a view's ``sort``. :raises Invalid: when ``text`` is none."""
    changes: dict[int, str] = {}
    for key in parser.parse_order(text):
        _note(changes, key.position, key.field, _new_code(key.field, fields, {}))
    return _renamed(text, changes)


def _changes(
    query: Query,
    fields: Mapping[str, str],
    options: Mapping[str, Mapping[str, str]],
    related: Mapping[str, Mapping[str, str]],
) -> dict[int, str]:
    """What to write instead of the token at a position."""
    changes: dict[int, str] = {}
    for key in query.order:
        _note(changes, key.position, key.field, _new_code(key.field, fields, related))
    waiting: list[Node] = [] if query.condition is None else [query.condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, And | Or):
            waiting.extend(node.children)
        elif isinstance(node, Compare):
            _note(changes, node.position, node.field, _new_code(node.field, fields, related))
            values = options.get(node.field, {})
            for operand in node.operands:
                if isinstance(operand, Literal) and operand.value in values:
                    _note(changes, operand.position, operand.value, values[operand.value], quoted=True)
    return changes


def _new_code(code: str, fields: Mapping[str, str], related: Mapping[str, Mapping[str, str]]) -> str:
    table, dot, inner = code.partition(".")
    if not dot:
        return fields.get(code, code)
    return f"{fields.get(table, table)}.{related.get(table, {}).get(inner, inner)}"


def _note(changes: dict[int, str], position: int, old: str, new: str, *, quoted: bool = False) -> None:
    if old != new:
        changes[position] = quote(new) if quoted else new


def _renamed(text: str, changes: Mapping[int, str]) -> str:
    if not changes:
        return text
    pieces: list[str] = []
    done = 0
    for token in scan(text):
        if token.position in changes:
            pieces += [text[done : token.start], changes[token.position]]
            done = token.end
    return "".join([*pieces, text[done:]])
