"""Query texts inside definitions, looked into with the query language itself."""

from __future__ import annotations

from collections.abc import Iterator

from lowcode.definition.queries import QueryText
from lowcode.errors import Invalid, Problem
from lowcode.query import ast, kintone

ALIASES = frozenset({ast.ID})


def query_problems(query: QueryText) -> Iterator[Problem]:
    """What is wrong with a filter or sort text: its grammar, and fields that the app does not have."""
    try:
        if query.kind == "filter":
            codes = [compare.field for compare in ast.compares(kintone.parse_condition(query.text))]
        else:
            codes = [key.field for key in kintone.parse_order(query.text)]
    except Invalid as error:
        yield from error.problems
        return
    for code in dict.fromkeys(codes):
        name = code.split(".")[0] if "." in code else code
        if code not in ALIASES and query.definition.find(code) is None and query.definition.find(name) is None:
            yield Problem(code="definition.no_such_field", params={"code": code})
