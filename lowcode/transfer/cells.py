"""From the cells of one column to values of one field: forgiving, quick for repeated texts, never guessing.

Also the harmless spelling of cells that a spreadsheet would run as formulas, which leads back to the text itself.
"""

from __future__ import annotations

import re
import typing as t
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from lowcode.errors import Invalid, Problem
from lowcode.fields import eras
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.date import DateField
from lowcode.fields.multi_line_text import MultiLineTextField
from lowcode.fields.rich_text import RichTextField
from lowcode.fields.text import SingleLineTextField
from lowcode.transfer.mapping import Column
from lowcode.transfer.tabular import Cell, is_blank

CACHED = 20_000
NOTHING = frozenset("-‐‑‒–—―−ー－")
"""A lone dash in a column of dates, numbers, choices … means that there is none."""
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_NO_YEAR = re.compile(r"(\d{1,2})(?:月|[./-])(\d{1,2})日?")
_SERIAL_ZERO = date(1899, 12, 30)


def harmless(text: str) -> str:
    """A text that no spreadsheet runs as a formula: an apostrophe before ``= + - @`` and control characters."""
    if text[:1] in "=+-@\t\r'" and text and _DANGEROUS.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def unguarded(text: str) -> str:
    """The inverse of :func:`harmless`."""
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text


@dataclass(frozen=True, slots=True)
class Read:
    """What became of a cell: a value, or what is wrong with it; ``note`` says what was assumed."""

    value: Value = None
    problems: tuple[Problem, ...] = ()
    note: str = ""


class CellReader:
    """Reads the cells of one column."""

    def __init__(self, column: Column, field: Field, ctx: Context, *, spreadsheet: bool) -> None:
        self.column, self.field, self.ctx, self.spreadsheet = column, field, ctx, spreadsheet
        self.is_text = isinstance(field, SingleLineTextField | MultiLineTextField | RichTextField)
        self.empty = Read(field.parse("", ctx))
        self._seen: dict[t.Any, Read] = {}

    def read(self, cell: Cell) -> Read:
        """The value of a cell. Equal texts are parsed once."""
        key = cell if type(cell) is str else (type(cell), cell)
        found = self._seen.get(key)
        if found is None:
            found = self._read(cell)
            if len(self._seen) < CACHED:
                self._seen[key] = found
        return found

    def _read(self, cell: Cell) -> Read:
        if isinstance(cell, str) and not self.spreadsheet:
            cell = unguarded(cell)
        if is_blank(cell):
            return self.empty
        if isinstance(cell, str) and not self.is_text and len(cell.strip()) == 1 and cell.strip() in NOTHING:
            return Read(self.empty.value, note="transfer.note.dash")
        try:
            if self.spreadsheet:
                return Read(self.field.from_cell(cell, self.ctx))
            return Read(self.field.parse(cell, self.ctx))
        except Invalid as error:
            return self._with_help(cell, error.problems)

    def _with_help(self, cell: Cell, problems: tuple[Problem, ...]) -> Read:
        """What a person decided beforehand about dates that do not say enough."""
        if isinstance(self.field, DateField) and isinstance(cell, str | int | float):
            text = unicodedata.normalize("NFKC", str(cell)).strip()
            if problems[0].code == "date.no_year" and self.column.year is not None:
                return self._day(text, problems)
            serial = "date.serial_number" if isinstance(cell, str) else "date.not_a_date"
            if self.column.serial and (problems[0].code == serial or isinstance(cell, int | float)):
                return self._serial(text, problems)
        return Read(self.empty.value, problems)

    def _day(self, text: str, problems: tuple[Problem, ...]) -> Read:
        found = _NO_YEAR.fullmatch("".join(text.split()))
        if found is None or self.column.year is None:
            return Read(self.empty.value, problems)
        try:
            day = eras.checked(date(self.column.year, int(found[1]), int(found[2])))
        except (ValueError, Invalid):
            return Read(self.empty.value, (Problem(code="date.no_such_day", params={"value": text}),))
        return Read(day, note="transfer.note.year")

    def _serial(self, text: str, problems: tuple[Problem, ...]) -> Read:
        try:
            day = _SERIAL_ZERO + timedelta(days=int(float(text)))
        except (ValueError, OverflowError):
            return Read(self.empty.value, problems)
        if not 1950 <= day.year <= 2150:
            return Read(self.empty.value, problems)
        return Read(day, note="transfer.note.serial")


def same(new: Value, old: Value) -> bool:
    """Whether a cell of a file says what the record holds already (a blank cell: nothing, or only white space)."""
    if new == old:
        return True
    return new is None and isinstance(old, str) and not old.strip()


__all__ = ["NOTHING", "CellReader", "Read", "harmless", "same", "unguarded"]
