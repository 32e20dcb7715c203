"""Spreadsheets (xlsx): one sheet, its cells as native values, read row by row."""

from __future__ import annotations

import contextlib
import typing as t
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from lowcode.errors import TooLarge, invalid
from lowcode.transfer.tabular import Cell, Line, Reading

MAX_UNPACKED = 600 * 1024 * 1024
MAX_STRINGS = 150 * 1024 * 1024
"""Shared texts are held in memory while a sheet is read."""
MAX_PARTS = 5_000
_BROKEN = (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, ParseError, OSError)
_MIDNIGHT = time(0)


def inspect(path: Path, sheet: str | None) -> tuple[Reading, tuple[str, ...], int]:
    """How a spreadsheet is read, its visible sheets, and about how many rows the chosen one has."""
    _check_archive(path)
    with _opened(path) as book:
        names = tuple(s.title for s in book.worksheets if getattr(s, "sheet_state", "visible") == "visible")
        if not names:
            raise invalid("transfer.no_sheet")
        if sheet and sheet not in book.sheetnames:
            raise invalid("transfer.no_such_sheet", sheet=sheet, sheets="、".join(names))
        chosen = sheet or names[0]
        total = book[chosen].max_row or 0
    return Reading(kind="xlsx", sheet=chosen), names, total


def lines(path: Path, reading: Reading) -> Iterator[Line]:
    """Every row of the sheet with its number, cells without a value at the end left out."""
    with _opened(path) as book:
        if reading.sheet not in book.sheetnames:
            raise invalid("transfer.no_such_sheet", sheet=reading.sheet, sheets="、".join(book.sheetnames))
        sheet = book[reading.sheet]
        # Some programs write a wrong size of the sheet, and rows beyond it would be lost.
        sheet.reset_dimensions()
        number = 0
        source = sheet.iter_rows(values_only=True)
        while True:
            try:
                cells = next(source, None)
            except _BROKEN:
                raise invalid("transfer.broken_row", row=number + 1) from None
            if cells is None:
                return
            number += 1
            made = [_plain(cell) for cell in cells]
            while made and made[-1] is None:
                made.pop()
            yield number, made


def _plain(cell: t.Any) -> Cell:
    """A cell's value without the accidents of the format: 3.0 is 3, midnight of a day is the day."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == _MIDNIGHT else cell
    if isinstance(cell, timedelta):
        return str(cell)
    if cell is None or isinstance(cell, str | int | float | bool | date | time):
        return cell
    return str(cell)


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names:
                raise invalid("transfer.zip")
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise TooLarge("transfer.unpacked", limit=MAX_UNPACKED // 1024 // 1024)
            if any(p.file_size > MAX_STRINGS and p.filename.endswith("sharedStrings.xml") for p in parts):
                raise TooLarge("transfer.unpacked", limit=MAX_STRINGS // 1024 // 1024)
    except zipfile.BadZipFile:
        raise invalid("transfer.broken_file") from None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[t.Any]:
    # Opened here: by its name openpyxl would refuse a file without the usual ending, as stored uploads are.
    with path.open("rb") as stream:
        try:
            with warnings.catch_warnings():
                # "No default style", "unsupported extension": nothing that changes a value.
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        except _BROKEN:
            raise invalid("transfer.broken_file") from None
        try:
            yield book
        finally:
            book.close()
