"""Values that are derived across apps must not come round to themselves: refused when an app is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lowcode.definition.formulas import expression
from lowcode.definition.related import Reference, references
from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid, Problem
from lowcode.formula import order, parse

Graph = dict[str, list[str]]


def check(definition: AppDefinition, known_apps: Mapping[str, AppDefinition] | None) -> Iterator[Problem]:
    """A roll-up or fresh lookup of this app whose value depends on itself through other apps."""
    if known_apps is None or not any(_derives(reference) for reference in references(definition)):
        return
    graph: Graph = {}
    for app in {**known_apps, definition.code: definition}.values():
        _add(graph, app)
    try:
        order(graph)
    except Invalid as error:
        (problem,) = error.problems
        for name in problem.params["cycle"]:
            app, _, code = name.partition(".")
            if app == definition.code and definition.find(code) is not None:
                path = definition.path_of(definition.field(code))
                way = " → ".join(problem.params["cycle"])
                yield Problem(code="definition.derived_cycle", path=path, params={"way": way})
                return


def _derives(reference: Reference) -> bool:
    if reference.kind == "lookup":
        return bool(reference.part.freshness == "FRESH")
    return reference.kind == "rollup"


def _add(graph: Graph, app: AppDefinition) -> None:
    """Everything derived in one app, as ``app.field`` with what it needs."""
    for field in app.all_fields:
        if text := expression(field):
            try:
                needs = parse(text).reference_order
            except Invalid:
                continue  # the check of formulas names it
            graph.setdefault(f"{app.code}.{field.code}", []).extend(f"{app.code}.{code}" for code in needs)
    for reference in references(app):
        if not _derives(reference):
            continue
        part = reference.part
        if reference.kind == "rollup":
            needs_there = [code for code in (part.field, part.order_field, part.related_field) if code]
            own = graph.setdefault(f"{app.code}.{reference.field.code}", [])
            own.extend(f"{reference.app}.{code}" for code in needs_there)
            own.append(f"{app.code}.{part.key_field}")
        else:
            for mapping in part.field_mappings:
                graph.setdefault(f"{app.code}.{mapping.field}", []).append(f"{reference.app}.{mapping.related_field}")
