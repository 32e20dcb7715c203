"""The query texts inside a definition, checked: views, record rights, process actions, lookups, roll-ups."""

from __future__ import annotations

from collections.abc import Iterator

from lowcode.definition.queries import QueryText
from lowcode.errors import Invalid, Problem
from lowcode.query import build, kintone


def check_text(query: QueryText) -> Iterator[Problem]:
    """Everything wrong with a filter or sort text; the definition's loader takes it as its ``query_checker``.

    Users, groups and other apps are not looked up: they may arrive later.
    """
    try:
        if query.kind == "sort":
            yield from build.check_order(kintone.parse_order(query.text), query.definition)
        else:
            yield from build.check(kintone.parse_condition(query.text), query.definition)
    except Invalid as error:
        yield from error.problems
