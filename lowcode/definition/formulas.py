"""The formulas of an app: kinds of its fields, what is wrong, and in which order they are worked out."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from lowcode.errors import Invalid, Problem
from lowcode.fields.base import Field
from lowcode.fields.subtable import SubtableField
from lowcode.formula import Column, Kind, KindOrColumn, parse
from lowcode.formula import order as dependency_order

_KINDS: t.Final[Mapping[str, Kind]] = {
    "SINGLE_LINE_TEXT": Kind.TEXT,
    "NUMBER": Kind.NUMBER,
    "CALC": Kind.NUMBER,
    "RADIO_BUTTON": Kind.TEXT,
    "DROP_DOWN": Kind.TEXT,
    "CHECK_BOX": Kind.TEXTS,
    "MULTI_SELECT": Kind.TEXTS,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "DATETIME": Kind.DATETIME,
    "CREATED_TIME": Kind.DATETIME,
    "UPDATED_TIME": Kind.DATETIME,
    "SERIAL": Kind.TEXT,
    "STATUS": Kind.TEXT,
}
_FORMATS: t.Final[Mapping[str, Kind]] = {
    "NUMBER": Kind.NUMBER,
    "NUMBER_DIGIT": Kind.NUMBER,
    "HOUR_MINUTE": Kind.NUMBER,
    "DAY_HOUR_MINUTE": Kind.NUMBER,
    "DATE": Kind.DATE,
    "TIME": Kind.TIME,
    "DATETIME": Kind.DATETIME,
    "TEXT": Kind.TEXT,
    "CHOICE": Kind.TEXT,
}


def expression(field: Field) -> str:
    """The formula of a field; empty when it has none."""
    return str(getattr(field, "expression", "") or "")


def kind(field: Field) -> Kind | None:
    """What the field is to a formula; None when no formula may use it."""
    if field.type_name in ("CALC", "ROLLUP"):
        return _FORMATS.get(str(getattr(field, "format", "NUMBER")), Kind.NUMBER)
    return _KINDS.get(field.type_name)


def kinds(fields: Sequence[Field], subtable: SubtableField | None = None) -> dict[str, KindOrColumn]:
    """The kinds of the fields that a formula at the top (or in a row of ``subtable``) may use."""
    found: dict[str, KindOrColumn] = {}
    for field in fields:
        if isinstance(field, SubtableField):
            for inner in field.fields:
                if (inner_kind := kind(inner)) is not None:
                    own = subtable is not None and field.id == subtable.id
                    found[inner.code] = inner_kind if own else Column(inner_kind)
        elif (own_kind := kind(field)) is not None:
            found[field.code] = own_kind
    return found


def _calculated(fields: Sequence[Field]) -> Iterator[tuple[Field, SubtableField | None]]:
    for field in fields:
        if isinstance(field, SubtableField):
            yield from ((inner, field) for inner in field.fields if expression(inner))
        elif expression(field):
            yield field, None


def order(fields: Sequence[Field]) -> tuple[str, ...]:
    """Codes of the calculated fields, each after those that it needs. Raises :class:`Invalid` for a cycle."""
    return tuple(dependency_order({f.code: parse(expression(f)).reference_order for f, _ in _calculated(fields)}))


def check(fields: Sequence[Field]) -> Iterator[Problem]:
    """Everything wrong with the formulas of an app; paths start at the definition."""
    dependencies: dict[str, tuple[str, ...]] = {}
    places: dict[str, tuple[str | int, ...]] = {}
    for field, subtable in _calculated(fields):
        inside = ("properties", subtable.code, "fields") if subtable else ("properties",)
        path = (*inside, field.code, "expression")
        try:
            formula = parse(expression(field))
        except Invalid as error:
            yield from (problem.under(*path) for problem in error.problems)
            continue
        dependencies[field.code], places[field.code] = formula.reference_order, path
        try:
            formula.check(kinds(fields, subtable))
        except Invalid as error:
            yield from (problem.under(*path) for problem in error.problems)
    try:
        dependency_order(dependencies)
    except Invalid as error:
        for problem in error.problems:
            yield problem.under(*places[problem.params["cycle"][0]])
