"""What a type of field can be asked: how its values compare, and which operators and functions it takes."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

from lowcode.db import ExactNumber, UtcDateTime
from lowcode.fields.base import LIKE, Field, ManyValued, SystemField
from lowcode.fields.options import ChoiceField
from lowcode.fields.subtable import SubtableField
from lowcode.query.ast import LIST_OPERATORS
from lowcode.query.functions import FUNCTIONS

Kind = t.Literal["id", "number", "date", "instant", "status", "value"]
PERSON_TYPES = frozenset({"USER_SELECT", "CREATOR", "MODIFIER", "STATUS_ASSIGNEE"})


def kind_of(field: Field | None) -> Kind:
    """How a field's values are compared; None stands for ``$id``."""
    if field is None or field.type_name == "RECORD_NUMBER":
        return "id"
    if field.type_name == "STATUS":
        return "status"
    if field.type_name in ("CREATED_TIME", "UPDATED_TIME"):
        return "instant"
    if not field.stores_value or isinstance(field, ManyValued | SubtableField | ChoiceField | SystemField):
        return "value"
    column_type = field.column_type()
    if isinstance(column_type, ExactNumber):
        return "number"
    if isinstance(column_type, UtcDateTime | sa.DateTime):
        return "instant"
    return "date" if isinstance(column_type, sa.Date) else "value"


def operators_of(field: Field | None, *, in_rows: bool = False) -> tuple[str, ...]:
    """The operators that a field takes; None stands for ``$id``.

    :param in_rows: for a field of a subtable or of related records: there ``in`` stands for ``=``.
    """
    if kind_of(field) == "id":
        found: tuple[str, ...] = ("=", "!=", ">", "<", ">=", "<=", "in", "not in")
    elif field is not None and field.type_name == "STATUS":
        found = ("=", "!=", "in", "not in")
    else:
        found = t.cast(Field, field).operators
        if kind_of(field) != "value":
            found = tuple(operator for operator in found if operator not in LIKE)
    if not in_rows:
        return found
    has_equality = "=" in found or "in" in found
    rest = tuple(operator for operator in found if operator not in ("=", "!=", "in", "not in"))
    return (*rest, *LIST_OPERATORS) if has_equality else rest


def function_fits(name: str, field: Field | None) -> bool:
    """Whether a field takes a function; None stands for ``$id``."""
    function = FUNCTIONS[name]
    if field is None:
        return False
    match function.group:
        case "person":
            return field.type_name in PERSON_TYPES
        case "organization":
            return field.type_name == "ORGANIZATION_SELECT"
        case "ward":
            return isinstance(field, ChoiceField) or field.type_name == "SINGLE_LINE_TEXT"
    kind = kind_of(field)
    return kind == "instant" or (kind == "date" and name != "NOW")


def join_kind(field: Field) -> str | None:
    """What kind of value joins two apps; None where values of two apps cannot be compared."""
    kind = kind_of(field)
    if kind in ("id", "number"):
        return "number"
    if kind in ("status", "instant") or isinstance(field, ChoiceField | ManyValued | SubtableField):
        return None
    if kind == "date":
        return "date"
    stored = field.stores_value and not isinstance(field, SystemField)
    return "text" if stored and isinstance(field.column_type(), sa.String) else None
