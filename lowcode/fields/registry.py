"""Every field type, by the name kintone gives it, and the way from JSON to a field."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping

import marshmallow as ma

from lowcode.errors import Invalid, Path, Problem
from lowcode.fields import plain
from lowcode.fields.base import Field
from lowcode.fields.calc import CalcField
from lowcode.fields.category import CategoryField
from lowcode.fields.check_box import CheckBoxField
from lowcode.fields.created_time import CreatedTimeField
from lowcode.fields.creator import CreatorField
from lowcode.fields.date import DateField
from lowcode.fields.datetime import DateTimeField
from lowcode.fields.drop_down import DropDownField
from lowcode.fields.file import FileField
from lowcode.fields.group import GroupField
from lowcode.fields.group_select import GroupSelectField
from lowcode.fields.hr import HrField
from lowcode.fields.label import LabelField
from lowcode.fields.link import LinkField
from lowcode.fields.lookup import LOOKUPS
from lowcode.fields.modifier import ModifierField
from lowcode.fields.multi_line_text import MultiLineTextField
from lowcode.fields.multi_select import MultiSelectField
from lowcode.fields.number import NumberField
from lowcode.fields.organization_select import OrganizationSelectField
from lowcode.fields.plain import shortened
from lowcode.fields.radio_button import RadioButtonField
from lowcode.fields.record_number import RecordNumberField
from lowcode.fields.reference_table import ReferenceTableField
from lowcode.fields.rich_text import RichTextField
from lowcode.fields.rollup import RollupField
from lowcode.fields.serial import SerialField
from lowcode.fields.settings import json_key, load_settings
from lowcode.fields.spacer import SpacerField
from lowcode.fields.status import StatusField
from lowcode.fields.status_assignee import StatusAssigneeField
from lowcode.fields.subtable import SubtableField
from lowcode.fields.text import SingleLineTextField
from lowcode.fields.time import TimeField
from lowcode.fields.token import TokenField
from lowcode.fields.updated_time import UpdatedTimeField
from lowcode.fields.user_select import UserSelectField

CLASSES: tuple[type[Field], ...] = (
    SingleLineTextField,
    MultiLineTextField,
    RichTextField,
    NumberField,
    RadioButtonField,
    CheckBoxField,
    MultiSelectField,
    DropDownField,
    DateField,
    TimeField,
    DateTimeField,
    LinkField,
    UserSelectField,
    OrganizationSelectField,
    GroupSelectField,
    FileField,
    CalcField,
    SerialField,
    RollupField,
    TokenField,
    ReferenceTableField,
    SubtableField,
    GroupField,
    LabelField,
    SpacerField,
    HrField,
    RecordNumberField,
    CreatorField,
    CreatedTimeField,
    ModifierField,
    UpdatedTimeField,
    StatusField,
    StatusAssigneeField,
    CategoryField,
)
"""One class per type. A new type is a new file and a new line here."""

TYPES: Mapping[str, type[Field]] = {kind.type_name: kind for kind in CLASSES}


def field_class(properties: Mapping[str, t.Any]) -> type[Field]:
    """The class for a property of a definition.

    :raises Invalid: the type is missing or unknown (path ``("type",)``).
    """
    name = properties.get("type")
    found = (LOOKUPS if "lookup" in properties else TYPES).get(name) if isinstance(name, str) else None
    if found is None:
        raise Invalid([Problem(code="setting.unknown_type", path=("type",), params={"value": shortened(name)})])
    return found


def load_field(code: str, properties: Mapping[str, t.Any]) -> Field:
    """The field that a property of a definition describes; its code is the key it stands under.

    :raises Invalid: with every problem; paths start with the JSON key.
    """
    kind = field_class(properties)
    given = {"code": code, **{key: value for key, value in properties.items() if key != "type"}}
    problems = [*plain.unwritable(given)]
    wrong = {problem.path[0] for problem in problems if problem.path}
    try:
        settings = load_settings(kind, {key: value for key, value in given.items() if key not in wrong})
    except ma.ValidationError as error:
        problems += [problem for problem in _problems(error.messages, given) if problem.path[0] not in wrong]
    if problems:
        raise Invalid(problems)
    field = kind(**settings)
    problems = [*field.check_settings()]
    if code != field.code:
        problems.append(Problem(code="setting.code_differs", path=("code",), params={"value": field.code, "key": code}))
    if problems:
        raise Invalid(problems)
    return field


def settings_keys(kind: type[Field]) -> tuple[str, ...]:
    """The JSON keys that a type knows, in order of declaration."""
    return tuple(json_key(a) for a in dataclasses.fields(kind) if "schema" in a.metadata)


def _problems(messages: t.Any, given: t.Any, path: Path = ()) -> Iterator[Problem]:
    """marshmallow's tree of messages as problems; our schemas give codes as messages."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from _problems(inner, given, path)
            else:
                yield from _problems(inner, _member(given, key), (*path, key))
    elif isinstance(messages, list):
        for message in messages:
            yield from _problems(message, given, path)
    elif isinstance(messages, Problem):
        yield messages.under(*path)
    else:
        yield Problem(code=str(messages), path=path, params={"value": shortened(given)})


def _member(given: t.Any, key: t.Any) -> t.Any:
    if isinstance(given, Mapping):
        return given.get(key)
    if isinstance(given, list | tuple) and isinstance(key, int) and key < len(given):
        return given[key]
    return None
