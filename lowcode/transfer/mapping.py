"""Which column of a file belongs to which field: by label, by code, by either without its blanks and widths."""

from __future__ import annotations

import typing as t
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid, Problem
from lowcode.fields.base import Field
from lowcode.fields.file import FileField
from lowcode.fields.subtable import SubtableField

RECORD_START = "レコードの開始行"
"""kintone's first column of a file with tables: ``*`` where a record begins."""
RECORD_STARTS = (RECORD_START, "Record start")
ERROR_PREFIX = "取り込みエラー："
"""Columns of an error list; ignored when the mended list comes back."""
Role = t.Literal["value", "start", "error", "ignored", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a file and what becomes of it.

    :param role: ``value`` (goes into ``field``), ``start`` (``*`` begins a record), ``error`` (of an earlier error
        list), ``ignored`` (a known field that nobody may write, or switched off by hand), ``unknown``.
    :param subtable: the code of the table that ``field`` stands in.
    :param year: the year for dates written without one (``2月9日``); None refuses them.
    :param serial: whether bare numbers in a date column are a spreadsheet's day numbers.
    """

    index: int
    header: str
    role: Role
    field: str | None = None
    subtable: str | None = None
    year: int | None = None
    serial: bool = False

    def to_json(self) -> dict[str, t.Any]:
        """The column as a job keeps it."""
        return {
            "index": self.index,
            "header": self.header,
            "role": self.role,
            "field": self.field,
            "subtable": self.subtable,
            "year": self.year,
            "serial": self.serial,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, t.Any]) -> Column:
        """The inverse of :meth:`to_json`."""
        return cls(**raw)


def normal(text: str) -> str:
    """A label without differences of width, case and white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


class Names:
    """The fields of an app by everything a column may be headed with."""

    def __init__(self, definition: AppDefinition) -> None:
        self._exact: dict[str, list[Field]] = {}
        self._codes = {f.code: f for f in definition.all_fields if f.stores_value and not isinstance(f, SubtableField)}
        self._outside = frozenset(f.code for f in definition.fields)
        self._normal: dict[str, list[Field]] = {}
        for field in self._codes.values():
            for name in dict.fromkeys((field.label, *dict(field.labels).values())):
                self._exact.setdefault(name, []).append(field)
            for name in dict.fromkeys(normal(n) for n in (field.label, field.code, *dict(field.labels).values())):
                self._normal.setdefault(name, []).append(field)

    def find(self, header: str, *, top: bool = False) -> Field | None:
        """The one field that a header means; None when there is none, or several.

        :param top: a field outside of tables goes before cells of rows with the same label (a file without the mark
            of where records begin has no rows).
        """
        for found in (
            self._exact.get(header),
            [self._codes[header]] if header in self._codes else None,
            self._normal.get(normal(header)),
        ):
            if found:
                outside = [f for f in found if f.code in self._outside] if top else []
                one = outside if len(outside) == 1 else found
                return one[0] if len(one) == 1 else self._codes.get(header)
        return None

    def header(self, field: Field, locale: str = "ja", *, top: bool = False) -> str:
        """What a column of ``field`` is headed with, so that :meth:`find` leads back: its label, else its code."""
        label = field.display_label(locale)
        for name in (label, field.label):
            if name and self.find(name, top=top) is field:
                return name
        return field.code


def map_columns(
    headers: Sequence[str],
    definition: AppDefinition,
    *,
    writable: frozenset[str],
    key: str | None = None,
    overrides: Mapping[str, str] | None = None,
    years: Mapping[str, int] | None = None,
    serial: bool = False,
) -> tuple[Column, ...]:
    """What becomes of each column.

    :param writable: codes that the actor may give values for.
    :param key: the field by which records are found; its column is used even where nobody may write it.
    :param overrides: header (or ``#3``, the third column) → field code; an empty code switches the column off.
    :param years: by field code: the year of dates without one. :param serial: whether day numbers are dates.
    :raises Invalid: an override names no column or no field; two columns go into one field.
    """
    names = Names(definition)
    chosen, problems = _chosen(headers, names, definition, overrides or {})
    found: list[Column] = []
    taken: dict[str, str] = {}
    flat = not any(header in RECORD_STARTS for header in headers)
    for index, header in enumerate(headers):
        column = Column(index=index, header=header, role="unknown")
        field = chosen[index] if index in chosen else names.find(header, top=flat)
        if index not in chosen and header in RECORD_STARTS:
            found.append(replace(column, role="start"))
            continue
        if index not in chosen and header.startswith(ERROR_PREFIX):
            found.append(replace(column, role="error"))
            continue
        if field is None:
            found.append(replace(column, role="ignored" if index in chosen else "unknown"))
            continue
        subtable = definition.subtable_of(field.code)
        usable = field.writable and field.code in writable and not isinstance(field, FileField)
        if not usable and field.code != key:
            found.append(replace(column, role="ignored", field=field.code))
            continue
        if field.code in taken:
            problems.append(
                Problem(
                    code="transfer.field_twice",
                    path=("columns", index),
                    params={"field": field.label, "first": taken[field.code], "second": header},
                )
            )
        taken[field.code] = header
        found.append(
            replace(
                column,
                role="value",
                field=field.code,
                subtable=subtable.code if subtable else None,
                year=(years or {}).get(field.code),
                serial=serial,
            )
        )
    if problems:
        raise Invalid(problems)
    return tuple(found)


def _chosen(
    headers: Sequence[str], names: Names, definition: AppDefinition, overrides: Mapping[str, str]
) -> tuple[dict[int, Field | None], list[Problem]]:
    problems: list[Problem] = []
    chosen: dict[int, Field | None] = {}
    by_name = {normal(header): index for index, header in reversed(list(enumerate(headers)))}
    for name, code in overrides.items():
        if name.startswith("#") and name[1:].isdecimal() and 0 < int(name[1:]) <= len(headers):
            index: int | None = int(name[1:]) - 1
        else:
            index = by_name.get(normal(name))
        if index is None:
            problems.append(Problem(code="transfer.no_such_column", path=("columns", name), params={"column": name}))
            continue
        field = definition.find(code) or names.find(code) if code else None
        if code and (field is None or not field.stores_value or isinstance(field, SubtableField)):
            problems.append(Problem(code="transfer.no_such_field", path=("columns", name), params={"field": code}))
            continue
        chosen[index] = field
    return chosen, problems


__all__ = ["ERROR_PREFIX", "RECORD_START", "Column", "Names", "Role", "map_columns", "normal"]
