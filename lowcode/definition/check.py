"""What needs the whole app to be checked: names that are taken or missing, places on the form, other apps."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterator, Mapping

from lowcode.definition import cycles, formulas, related
from lowcode.definition.layout import LAYOUT_ONLY, LayoutGroup, LayoutRow, items
from lowcode.definition.queries import QueryChecker, QueryText, Waiting
from lowcode.definition.rights import Grantee
from lowcode.definition.schema import AppDefinition
from lowcode.definition.system_fields import RESERVED, SYSTEM_TYPES
from lowcode.errors import Path, Problem
from lowcode.fields.base import Field
from lowcode.fields.reference_table import ReferenceTableField
from lowcode.fields.subtable import SubtableField

MAX_CODE: t.Final = 64
MAX_INDEXED_TEXT: t.Final = 600
"""Longer texts do not fit PostgreSQL's index rows in the worst case."""
ENTITY_FIELDS: t.Final = frozenset(
    {"USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT", "CREATOR", "MODIFIER", "STATUS_ASSIGNEE"}
)


def check(
    definition: AppDefinition,
    *,
    known_apps: Mapping[str, AppDefinition] | None = None,
    query_checker: QueryChecker | None = None,
) -> tuple[Problem, ...]:
    """Everything wrong with a definition as a whole; see :func:`lowcode.definition.load` for the arguments."""
    found = [
        *_codes(definition),
        *_ids(definition),
        *_nesting(definition),
        *_layout(definition),
        *_settings(definition),
        *_indexes(definition),
        *_views(definition),
        *_status(definition),
        *_rights(definition),
        *formulas.check(definition.fields),
        *related.check(definition, known_apps, query_checker),
        *cycles.check(definition, known_apps),
    ]
    if query_checker is not None:
        found.extend(_queries(definition, query_checker))
    return tuple(found)


def waiting(definition: AppDefinition, known_apps: Mapping[str, AppDefinition]) -> tuple[Waiting, ...]:
    """The parts that wait for an app which is not among ``known_apps``."""
    return tuple(
        Waiting(field=reference.field.code, app=reference.app, path=reference.path)
        for reference in related.references(definition)
        if reference.app != definition.code and reference.app not in known_apps
    )


def _each(definition: AppDefinition) -> Iterator[tuple[Path, Field, SubtableField | None]]:
    for field in definition.fields:
        yield ("properties", field.code), field, None
        if isinstance(field, SubtableField):
            for inner in field.fields:
                yield ("properties", field.code, "fields", inner.code), inner, field


def _codes(definition: AppDefinition) -> Iterator[Problem]:
    code = definition.code
    if code and not (
        len(code) <= MAX_CODE and code.isascii() and code[0].isalpha() and all(c.isalnum() or c == "_" for c in code)
    ):
        yield Problem(code="definition.app_code", path=("code",), params={"value": code[:80]})
    seen: set[str] = set()
    folded: dict[str, str] = {}
    for path, field, _ in _each(definition):
        if field.code in seen:
            yield Problem(code="definition.code_twice", path=path, params={"code": field.code})
        elif (other := folded.get(field.code.casefold())) is not None and other != field.code:
            yield Problem(code="definition.code_case", path=path, params={"code": field.code, "other": other})
        seen.add(field.code)
        folded.setdefault(field.code.casefold(), field.code)
        if (kind := RESERVED.get(field.code)) is not None and field.type_name != kind:
            yield Problem(code="definition.code_reserved", path=path, params={"code": field.code})
        if not 1 <= len(field.label) <= 128:
            yield Problem(code="definition.label_length", path=(*path, "label"), params={"limit": 128})
    kinds = Counter(f.type_name for f in definition.fields if f.type_name in SYSTEM_TYPES)
    for field in definition.fields:
        if kinds[field.type_name] > 1:
            yield Problem(
                code="definition.system_twice", path=("properties", field.code), params={"type": field.type_name}
            )


def _ids(definition: AppDefinition) -> Iterator[Problem]:
    places: list[tuple[Path, int]] = [((*path, "id"), field.id) for path, field, _ in _each(definition)]
    for path, field, _ in _each(definition):
        for option in getattr(field, "options", ()):
            places.append(((*path, "options", option.key, "id"), option.id))
    places += [(("views", view.name, "id"), view.id) for view in definition.views]
    places += [(("status", "states", state.name, "id"), state.id) for state in definition.status.states]
    places += [(("status", "actions", i, "id"), action.id) for i, action in enumerate(definition.status.actions)]
    seen: set[int] = set()
    for path, number in places:
        if not 1 <= number < 2**31:
            yield Problem(code="definition.id_range", path=path, params={"id": number})
        elif number in seen:
            yield Problem(code="definition.id_twice", path=path, params={"id": number})
        seen.add(number)


def _nesting(definition: AppDefinition) -> Iterator[Problem]:
    for path, field, subtable in _each(definition):
        if field.type_name in LAYOUT_ONLY:
            yield Problem(code="definition.layout_only", path=(*path, "type"), params={"type": field.type_name})
        if subtable is not None and (not field.inside_subtable or isinstance(field, SubtableField)):
            yield Problem(code="definition.not_in_subtable", path=(*path, "type"), params={"type": field.type_name})
        if subtable is not None and field.is_unique():
            yield Problem(code="definition.unique_in_subtable", path=(*path, "unique"))


def _layout(definition: AppDefinition) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, code, kind, table in items(definition.layout):
        place = ("layout", *path)
        if kind in LAYOUT_ONLY:
            if code:
                yield Problem(code="definition.layout_no_code", path=(*place, "code"), params={"type": kind})
            continue
        field = definition.find(code)
        if field is None:
            yield Problem(code="definition.no_such_field", path=(*place, "code"), params={"code": code})
            continue
        if code in seen:
            yield Problem(code="definition.layout_twice", path=(*place, "code"), params={"code": code})
        seen.add(code)
        home = definition.subtable_of(code)
        if (home.code if home else "") != table or (kind in ("SUBTABLE", "GROUP") and path[-1] != path[0]):
            yield Problem(code="definition.layout_misplaced", path=place, params={"code": code})
    for path, field, subtable in _each(definition):
        if field.code not in seen and field.type_name not in SYSTEM_TYPES and field.type_name not in LAYOUT_ONLY:
            del subtable
            yield Problem(code="definition.layout_missing", path=path, params={"code": field.code})
    rows: list[tuple[Path, LayoutRow]] = []
    for index, part in enumerate(definition.layout):
        if isinstance(part, LayoutRow):
            rows.append((("layout", index), part))
        elif isinstance(part, LayoutGroup):
            rows.extend((("layout", index, "layout", number), row) for number, row in enumerate(part.layout))
    for place, row in rows:
        if len(row.fields) > 1:
            for position, item in enumerate(row.fields):
                if item.type == "REFERENCE_TABLE":
                    yield Problem(
                        code="definition.layout_alone", path=(*place, "fields", position), params={"code": item.code}
                    )


def _settings(definition: AppDefinition) -> Iterator[Problem]:
    precision = definition.settings.number_precision
    if precision.decimal_places >= precision.digits:
        yield Problem(
            code="definition.precision",
            path=("settings", "numberPrecision", "decimalPlaces"),
            params={"digits": precision.digits},
        )
    title = definition.settings.title_field
    path: Path = ("settings", "titleField", "code")
    if title.selection_mode == "MANUAL":
        field = definition.find(title.code)
        if field is None:
            yield Problem(code="definition.no_such_field", path=path, params={"code": title.code})
        elif definition.subtable_of(title.code) or not field.stores_value or isinstance(field, SubtableField):
            yield Problem(code="definition.title_type", path=path, params={"code": title.code})


def _indexes(definition: AppDefinition) -> Iterator[Problem]:
    for path, field, subtable in _each(definition):
        if field.type_name in ("MULTI_LINE_TEXT", "RICH_TEXT") and field.indexed:
            yield Problem(
                code="definition.index_long_text", path=(*path, "indexed"), params={"limit": MAX_INDEXED_TEXT}
            )
        longest = getattr(field, "max_length", None)
        if field.indexed and longest is not None and longest > MAX_INDEXED_TEXT:
            yield Problem(
                code="definition.index_long_text", path=(*path, "indexed"), params={"limit": MAX_INDEXED_TEXT}
            )
        if field.is_unique() and subtable is None and formulas.expression(field):
            yield Problem(code="definition.unique_formula", path=(*path, "unique"))


def _views(definition: AppDefinition) -> Iterator[Problem]:
    for view in definition.views:
        place = ("views", view.name)
        for position, code in enumerate(view.fields):
            if (problem := _column(definition, code)) is not None:
                yield problem.under(*place, "fields", position)
            elif code in view.fields[:position]:
                yield Problem(code="definition.column_twice", path=(*place, "fields", position), params={"code": code})
        if view.type == "CALENDAR":
            yield from _calendar(definition, view.date, view.title, place)


def _column(definition: AppDefinition, code: str) -> Problem | None:
    field = definition.find(code)
    if field is None:
        return Problem(code="definition.no_such_field", params={"code": code})
    if not field.stores_value and not isinstance(field, SubtableField):
        return Problem(code="definition.not_a_column", params={"code": code})
    return None


def _calendar(definition: AppDefinition, date: str, title: str, place: Path) -> Iterator[Problem]:
    field = definition.find(date)
    if field is None:
        yield Problem(code="definition.no_such_field", path=(*place, "date"), params={"code": date})
    elif field.type_name not in ("DATE", "DATETIME", "CREATED_TIME", "UPDATED_TIME") or definition.subtable_of(date):
        yield Problem(code="definition.calendar_date", path=(*place, "date"), params={"code": date})
    if title and (problem := _column(definition, title)) is not None:
        yield problem.under(*place, "title")


def _status(definition: AppDefinition) -> Iterator[Problem]:
    status = definition.status
    present = {state.name for state in status.states if not state.retired}
    if status.enable and not present:
        yield Problem(code="definition.status_without_states", path=("status", "states"))
    for state in status.states:
        yield from _entities(
            definition, state.assignee.entities, ("status", "states", state.name, "assignee", "entities")
        )
    seen: set[tuple[str, str]] = set()
    for index, action in enumerate(status.actions):
        place = ("status", "actions", index)
        for key, name in (("from", action.from_state), ("to", action.to_state)):
            if name not in present:
                yield Problem(code="definition.no_such_state", path=(*place, key), params={"name": name})
        if (action.name, action.from_state) in seen:
            yield Problem(code="definition.action_twice", path=(*place, "name"), params={"name": action.name})
        seen.add((action.name, action.from_state))
        yield from _entities(definition, action.executable_user.entities, (*place, "executableUser", "entities"))


def _entities(definition: AppDefinition, entities: tuple[Grantee, ...], place: Path) -> Iterator[Problem]:
    for index, grantee in enumerate(entities):
        entity = grantee.entity
        if entity.type == "FIELD_ENTITY":
            field = definition.find(entity.code)
            path = (*place, index, "entity", "code")
            if field is None:
                yield Problem(code="definition.no_such_field", path=path, params={"code": entity.code})
            elif field.type_name not in ENTITY_FIELDS or definition.subtable_of(entity.code):
                yield Problem(code="definition.entity_field", path=path, params={"code": entity.code})
        elif not entity.code and entity.type not in ("CREATOR",):
            yield Problem(code="setting.missing", path=(*place, index, "entity", "code"))


def _rights(definition: AppDefinition) -> Iterator[Problem]:
    place: Path = ("acl", "app", "rights")
    yield from _entities(definition, definition.acl.app.rights, place)
    yield from _kinds(definition.acl.app.rights, place, "CREATOR")
    for index, right in enumerate(definition.acl.record.rights):
        place = ("acl", "record", "rights", index, "entities")
        yield from _entities(definition, right.entities, place)
        yield from _kinds(right.entities, place, "FIELD_ENTITY")
    seen: set[str] = set()
    for index, field_right in enumerate(definition.acl.field.rights):
        place = ("acl", "field", "rights", index)
        code = field_right.code
        field = definition.find(code)
        if field is None:
            yield Problem(code="definition.no_such_field", path=(*place, "code"), params={"code": code})
        elif definition.subtable_of(code) or not (
            field.stores_value or isinstance(field, SubtableField | ReferenceTableField)
        ):
            yield Problem(code="definition.right_without_field", path=(*place, "code"), params={"code": code})
        if code in seen:
            yield Problem(code="definition.right_twice", path=(*place, "code"), params={"code": code})
        seen.add(code)
        yield from _entities(definition, field_right.entities, (*place, "entities"))
        yield from _kinds(field_right.entities, (*place, "entities"), "FIELD_ENTITY")


def _kinds(grantees: tuple[Grantee, ...], place: Path, special: str) -> Iterator[Problem]:
    """Who may be named depends on what the right is for."""
    for index, grantee in enumerate(grantees):
        if grantee.entity.type not in ("USER", "GROUP", "ORGANIZATION", special):
            yield Problem(
                code="definition.entity_not_here",
                path=(*place, index, "entity", "type"),
                params={"type": grantee.entity.type},
            )


def _queries(definition: AppDefinition, query_checker: QueryChecker) -> Iterator[Problem]:
    def look(text: str, kind: t.Literal["filter", "sort"], *path: str | int) -> Iterator[Problem]:
        if text:
            query = QueryText(text=text, kind=kind, definition=definition)
            yield from (problem.under(*path) for problem in query_checker(query))

    for view in definition.views:
        yield from look(view.filter_cond, "filter", "views", view.name, "filterCond")
        yield from look(view.sort, "sort", "views", view.name, "sort")
    for index, action in enumerate(definition.status.actions):
        yield from look(action.filter_cond, "filter", "status", "actions", index, "filterCond")
    for index, right in enumerate(definition.acl.record.rights):
        yield from look(right.filter_cond, "filter", "acl", "record", "rights", index, "filterCond")
