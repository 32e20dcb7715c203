"""Forms that were drawn before the app's newest version was published.

They post the codes of their own version. The record service reads those (see ``records.versions``); here the same
answers are put under today's names, so that the form can be shown again as the app is now.
"""

from __future__ import annotations

import re
import typing as t

from werkzeug.datastructures import MultiDict

from lowcode.definition.schema import AppDefinition
from lowcode.errors import NotFound
from lowcode.fields.base import Field
from lowcode.fields.row_widgets import ADD_ROW
from lowcode.fields.subtable import SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.workspace import Workspace

VERSION = "version"
"""The hidden field that says which version drew a form."""


def older(space: Workspace, live: LiveApp, version: int | None) -> LiveApp | None:
    """The version that drew a form, when it is another than the live one (a version that never was counts as live)."""
    if version is None or version == live.version:
        return None
    try:
        return space.catalog.version(space.connection, live.id, live.code, version)
    except NotFound:
        return None


def renamed(formdata: MultiDict[str, str], old: AppDefinition, new: AppDefinition) -> MultiDict[str, str]:
    """The posted controls under today's codes; those of retired fields are left out."""
    found: MultiDict[str, str] = MultiDict()
    tops = {f.code: f for f in old.fields if f.stores_value}
    for name, value in formdata.items(multi=True):
        if name == ADD_ROW:
            found.add(name, _code(value, tops, new) or value)
            continue
        code = max((c for c in tops if name == c or re.match(rf"{re.escape(c)}[:-]", name)), key=len, default=None)
        if code is None:
            found.add(name, value)
            continue
        today = _code(code, tops, new)
        rest = name[len(code) :]
        field = tops[code]
        if today is not None and isinstance(field, SubtableField):
            rest = _cell(rest, field, new.find(today))
        if today is not None:
            found.add(today + rest, value)
    return found


def _code(code: str, fields: t.Mapping[str, Field], new: AppDefinition) -> str | None:
    field = fields.get(code)
    today = new.by_id(field.id) if field is not None else None
    return today.code if today is not None and new.subtable_of(today.code) is None else None


def _cell(rest: str, table: SubtableField, today: Field | None) -> str:
    """``-3-who:shown`` with the column's code of today (an unknown column is read by nobody)."""
    match = re.match(r"(-[0-9]+-)([^:]+)(.*)\Z", rest, re.DOTALL)
    inner = table.find(match[2]) if match else None
    if match is None or inner is None or not isinstance(today, SubtableField):
        return rest
    code = next((f.code for f in today.fields if f.id == inner.id), "")
    return f"{match[1]}{code}{match[3]}"
