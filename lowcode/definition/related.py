"""What a definition says about other apps: lookups, roll-ups and lists of related records."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lowcode.definition.queries import QueryChecker, QueryText
from lowcode.definition.schema import AppDefinition
from lowcode.errors import Path, Problem
from lowcode.fields.base import Field
from lowcode.fields.subtable import SubtableField

COPIES_INTO: t.Final[Mapping[str, frozenset[str]]] = {
    "SINGLE_LINE_TEXT": frozenset(
        {
            "SINGLE_LINE_TEXT",
            "MULTI_LINE_TEXT",
            "NUMBER",
            "CALC",
            "DATE",
            "TIME",
            "DATETIME",
            "LINK",
            "RADIO_BUTTON",
            "DROP_DOWN",
            "SERIAL",
            "ROLLUP",
            "RECORD_NUMBER",
        }
    ),
    "MULTI_LINE_TEXT": frozenset({"SINGLE_LINE_TEXT", "MULTI_LINE_TEXT", "SERIAL", "LINK"}),
    "NUMBER": frozenset({"NUMBER", "CALC", "ROLLUP", "RECORD_NUMBER"}),
    "LINK": frozenset({"LINK", "SINGLE_LINE_TEXT"}),
    "RADIO_BUTTON": frozenset({"RADIO_BUTTON", "DROP_DOWN", "SINGLE_LINE_TEXT"}),
    "DROP_DOWN": frozenset({"RADIO_BUTTON", "DROP_DOWN", "SINGLE_LINE_TEXT"}),
    "CHECK_BOX": frozenset({"CHECK_BOX", "MULTI_SELECT"}),
    "MULTI_SELECT": frozenset({"CHECK_BOX", "MULTI_SELECT"}),
    "DATE": frozenset({"DATE", "CALC", "ROLLUP"}),
    "DATETIME": frozenset({"DATETIME", "CREATED_TIME", "UPDATED_TIME", "CALC", "ROLLUP"}),
    "TIME": frozenset({"TIME", "CALC"}),
    "USER_SELECT": frozenset({"USER_SELECT", "CREATOR", "MODIFIER"}),
}
"""Which types a lookup may copy into a type; a type not listed takes its own kind only."""
KEY_TYPES: t.Final = frozenset({"RECORD_NUMBER", "SERIAL"})
"""Types that are unique by nature, so that a lookup may use them as its key."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A field of an app that names another app."""

    field: Field
    kind: t.Literal["lookup", "rollup", "referenceTable"]
    app: str
    part: t.Any
    path: Path
    """Where the part stands in the JSON."""


def references(definition: AppDefinition) -> Iterator[Reference]:
    """Every field that names an app, in order of id."""
    for field in definition.all_fields:
        path = definition.path_of(field)
        for attribute, kind in (("lookup", "lookup"), ("rollup", "rollup"), ("reference_table", "referenceTable")):
            part = getattr(field, attribute, None)
            if part is not None and getattr(part, "related_app", None) is not None:
                yield Reference(
                    field=field, kind=t.cast(t.Any, kind), app=part.related_app.code, part=part, path=(*path, kind)
                )


def check(
    definition: AppDefinition,
    known_apps: Mapping[str, AppDefinition] | None,
    query_checker: QueryChecker | None,
) -> Iterator[Problem]:
    """Everything wrong with what refers to other apps; an app that is not known is waited for, not wrong."""
    for reference in references(definition):
        if reference.app and reference.app == definition.code:
            other: AppDefinition | None = definition
        else:
            other = (known_apps or {}).get(reference.app)
        match reference.kind:
            case "lookup":
                found = _lookup(definition, reference, other)
            case "rollup":
                found = _rollup(definition, reference, other)
            case _:
                found = _reference_table(definition, reference, other)
        yield from (problem.under(*reference.path) for problem in found)
        if other is not None and query_checker is not None:
            yield from _query(reference, other, query_checker)


def _query(reference: Reference, other: AppDefinition, query_checker: QueryChecker) -> Iterator[Problem]:
    for attribute, key, kind in (("filter_cond", "filterCond", "filter"), ("sort", "sort", "sort")):
        text = str(getattr(reference.part, attribute, "") or "")
        if text:
            query = QueryText(text=text, kind=t.cast(t.Any, kind), definition=other)
            yield from (problem.under(*reference.path, key) for problem in query_checker(query))


def _no_field(code: str, *path: str | int, app: AppDefinition | None = None) -> Problem:
    params = {"code": code} if app is None else {"code": code, "app": app.name}
    return Problem(
        code="definition.no_such_field" if app is None else "definition.no_such_field_there", path=path, params=params
    )


def _lookup(definition: AppDefinition, reference: Reference, other: AppDefinition | None) -> Iterator[Problem]:
    lookup, field = reference.part, reference.field
    home = definition.subtable_of(field.code)
    key = other.find(lookup.related_key_field) if other else None
    if other is not None:
        if key is None:
            yield _no_field(lookup.related_key_field, "relatedKeyField", app=other)
        elif not key.is_unique() and key.type_name not in KEY_TYPES:
            yield Problem(
                code="definition.lookup_key", path=("relatedKeyField",), params={"code": key.code, "app": other.name}
            )
        for index, code in enumerate(lookup.lookup_picker_fields):
            if other.find(code) is None:
                yield _no_field(code, "lookupPickerFields", index, app=other)
    for index, mapping in enumerate(lookup.field_mappings):
        path = ("fieldMappings", index)
        target = definition.find(mapping.field)
        if target is None:
            yield _no_field(mapping.field, *path, "field")
            continue
        if definition.subtable_of(mapping.field) != home or isinstance(target, SubtableField):
            yield Problem(code="definition.mapping_row", path=(*path, "field"), params={"code": mapping.field})
        if not target.writable or getattr(target, "lookup", None) is not None:
            yield Problem(code="definition.mapping_target", path=(*path, "field"), params={"code": mapping.field})
            continue
        if other is None:
            continue
        source = other.find(mapping.related_field)
        if source is None or other.subtable_of(mapping.related_field):
            yield _no_field(mapping.related_field, *path, "relatedField", app=other)
        elif not _copies(source, target):
            yield Problem(
                code="definition.mapping_type", path=path, params={"from": source.type_name, "to": target.type_name}
            )


def value_type(field: Field) -> str:
    """The type whose values a field holds: a lookup holds those of the type it is declared as."""
    return str(getattr(field, "base_type", "") or field.kintone_type() or field.type_name)


def _copies(source: Field, target: Field) -> bool:
    kind = value_type(target)
    allowed = COPIES_INTO.get(kind, frozenset({kind}))
    return bool({source.type_name, value_type(source)} & allowed)


def _rollup(definition: AppDefinition, reference: Reference, other: AppDefinition | None) -> Iterator[Problem]:
    rollup = reference.part
    own = definition.find(rollup.key_field)
    if own is None or definition.subtable_of(rollup.key_field):
        yield _no_field(rollup.key_field, "keyField")
    if other is None:
        return
    for attribute, key in (("related_field", "relatedField"), ("field", "field"), ("order_field", "orderField")):
        code = getattr(rollup, attribute)
        if not code and attribute != "related_field":
            continue
        found = other.find(code)
        if found is None or other.subtable_of(code) is not None:
            yield _no_field(code, key, app=other)
        elif attribute == "field" and not _sums_up(found, rollup.function):
            yield Problem(code="definition.rollup_type", path=(key,), params={"code": code})


def _sums_up(field: Field, function: str) -> bool:
    match function:
        case "SUM":
            return value_type(field) in ("NUMBER", "CALC")
        case "MIN" | "MAX":
            return field.sortable
    return True


def _reference_table(definition: AppDefinition, reference: Reference, other: AppDefinition | None) -> Iterator[Problem]:
    table = reference.part
    if definition.find(table.condition.field) is None or definition.subtable_of(table.condition.field):
        yield _no_field(table.condition.field, "condition", "field")
    if other is None:
        return
    if other.find(table.condition.related_field) is None:
        yield _no_field(table.condition.related_field, "condition", "relatedField", app=other)
    for index, code in enumerate(table.display_fields):
        if other.find(code) is None:
            yield _no_field(code, "displayFields", index, app=other)
