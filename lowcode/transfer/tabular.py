"""A file with a table in it: what kind it is, how it is read, and its rows one by one.

``inspect`` looks at a file and proposes how to read it; a person may change every part of the proposal.
``rows`` then streams the data rows as ``(row number as a spreadsheet shows it, cells)``.
"""

from __future__ import annotations

import functools
import re
import typing as t
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lowcode.errors import TooLarge, invalid
from lowcode.fields import eras

Cell = t.Any
"""What a cell holds: text from a CSV file; text, number, date, time or None from a spreadsheet."""
Line = tuple[int, list[Cell]]

MAX_BYTES = 200 * 1024 * 1024
MAX_COLUMNS = 2_000
MAX_ROWS = 2_000_000
SAMPLE_ROWS = 200
"""Rows read to find the header."""
SHOWN_ROWS = 20
HEADER_CHOICES = 30
"""The header is looked for in so many first rows."""
FOOTNOTE_MARKS = ("※", "＊", "*", "注", "(注", "（注", "出典", "資料")
FOOTNOTE_WIDTH = 3
SENTENCE = 30
_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+%?")
_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html|head|body|\?xml[^>]*\?>\s*<!doctype\s+html)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is read. ``header_row`` counts from 1; 0 means that there is none."""

    kind: t.Literal["csv", "xlsx"]
    encoding: str = ""
    delimiter: str = ","
    sheet: str = ""
    header_row: int = 1


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What is shown before an import: the proposal, the headers and the first rows as they stand in the file."""

    reading: Reading
    headers: tuple[str, ...]
    first_rows: tuple[Line, ...]
    """From row 1 of the file, header and titles among them."""
    sheets: tuple[str, ...] = ()
    total: int = 0
    """About how many data rows there are."""

    def samples(self, count: int = 3) -> list[list[str]]:
        """For each column a few values as text."""
        found: list[list[str]] = [[] for _ in self.headers]
        for number, cells in self.first_rows:
            if number <= self.reading.header_row:
                continue
            for at, cell in enumerate(cells[: len(found)]):
                text = as_text(cell)
                if text.strip() and len(found[at]) < count:
                    found[at].append(text)
        return found


def as_text(cell: Cell) -> str:
    """A cell as text."""
    if type(cell) is str:
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return cell if isinstance(cell, str) else str(cell)


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing but white space (the wide one too)."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def is_blank_row(cells: Sequence[Cell]) -> bool:
    """Whether no cell of a row holds anything."""
    return all(is_blank(cell) for cell in cells)


def is_footnote(cells: Sequence[Cell], width: int) -> bool:
    """Whether a row is a remark under the table: one cell only, and it begins with a mark or is a whole sentence."""
    if width < FOOTNOTE_WIDTH:
        return False
    filled: list[Cell] = []
    for cell in cells:
        if not is_blank(cell):
            if filled:
                return False
            filled.append(cell)
    if len(filled) != 1 or not isinstance(filled[0], str):
        return False
    text = filled[0].strip()
    return len(text) > 1 and (text.startswith(FOOTNOTE_MARKS) or (len(text) >= SENTENCE and cells[0] == filled[0]))


def inspect(
    path: Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
) -> Preview:
    """Look at a file and propose how to read it; what is given is taken instead of guessed.

    :raises Invalid: ``transfer.html``, ``transfer.old_excel``, ``transfer.pdf``, ``transfer.zip``, ``transfer.empty``,
        ``transfer.encoding``, ``transfer.no_such_sheet`` and others: each says what to do.
    :raises TooLarge: beyond 200 MB, or unpacked beyond what a spreadsheet may be.
    """
    from lowcode.transfer import csv, excel  # both build on this module

    if path.stat().st_size > MAX_BYTES:
        raise TooLarge("transfer.too_large", limit=MAX_BYTES // 1024 // 1024)
    if _kind(path) == "xlsx":
        reading, sheets, total = excel.inspect(path, sheet)
    else:
        reading, total = csv.inspect(path, encoding, delimiter)
        sheets = ()
    first = [line for line, _ in zip(_all_rows(path, reading), range(SAMPLE_ROWS), strict=False)]
    if not any(not is_blank(cell) for _, cells in first for cell in cells):
        raise invalid("transfer.empty")
    chosen = propose_header(first) if header_row is None else header_row
    if not 0 <= chosen <= HEADER_CHOICES:
        raise invalid("transfer.header_row", limit=HEADER_CHOICES)
    reading = Reading(
        kind=reading.kind,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        sheet=reading.sheet,
        header_row=chosen,
    )
    return Preview(
        reading=reading,
        headers=headers_of(first, chosen),
        first_rows=tuple(first[:SHOWN_ROWS]),
        sheets=sheets,
        total=max(total - chosen, 0),
    )


def rows(path: Path, reading: Reading, *, blank: bool = False) -> Iterator[Line]:
    """The rows below the header.

    :param blank: blank ones too; they are left out otherwise.
    :raises Invalid: ``transfer.broken_row``, ``transfer.encoding``. :raises TooLarge: ``transfer.too_many_rows``.
    """
    for number, cells in _all_rows(path, reading):
        if number <= reading.header_row or (not blank and is_blank_row(cells)):
            continue
        if number > MAX_ROWS:
            raise TooLarge("transfer.too_many_rows", limit=MAX_ROWS)
        yield number, cells


def _all_rows(path: Path, reading: Reading) -> Iterator[Line]:
    from lowcode.transfer import csv, excel  # both build on this module

    source = excel.lines(path, reading) if reading.kind == "xlsx" else csv.lines(path, reading)
    for number, cells in source:
        if len(cells) > MAX_COLUMNS:
            raise TooLarge("transfer.too_many_columns", limit=MAX_COLUMNS, row=number)
        yield number, cells


def _kind(path: Path) -> t.Literal["csv", "xlsx"]:
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise invalid("transfer.empty")
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise invalid("transfer.old_excel")
    if head.startswith(b"%PDF"):
        raise invalid("transfer.pdf")
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise invalid("transfer.html")
    return "csv"


# --- the header ----------------------------------------------------------------------------------


def propose_header(first: Sequence[Line]) -> int:
    """The number of the row that looks most like a header; 0 when the first full row holds data already."""
    widths = [_filled(cells) for _, cells in first if _filled(cells)]
    if not widths:
        return 0
    usual = sorted(widths)[len(widths) // 2]
    for number, cells in first[:HEADER_CHOICES]:
        filled = [cell for cell in cells if not is_blank(cell)]
        # A title or a "as of" line stands above many tables: it fills fewer cells than the rows do.
        if len(filled) < max(1, usual * 0.6):
            continue
        data = sum(_looks_like_data(cell) for cell in filled)
        return number if data <= len(filled) * 0.2 else 0
    return 0


def _filled(cells: Sequence[Cell]) -> int:
    return sum(not is_blank(cell) for cell in cells)


def _looks_like_data(cell: Cell) -> bool:
    if not isinstance(cell, str):
        return True
    plain = unicodedata.normalize("NFKC", cell).strip()
    if _NUMBER.fullmatch(plain):
        return True
    return looks_like_date(plain)


@functools.lru_cache(maxsize=10_000)
def looks_like_date(text: str) -> bool:
    """Whether a text is a day as people write it, with or without a time behind it."""
    from lowcode.errors import Invalid

    try:
        return eras.parse_date(text) is not None
    except Invalid as error:
        return error.problems[0].code in ("date.no_year", "date.with_time", "date.year_too_small", "date.no_such_day")


def headers_of(first: Sequence[Line], header_row: int) -> tuple[str, ...]:
    """The names of the columns: tidied, with a name for blank ones and a number behind repeated ones."""
    cells = next((cells for number, cells in first if number == header_row), [])
    width = _width(first, header_row, _last_filled(cells))
    found: list[str] = []
    for at in range(width):
        name = tidy_header(cells[at]) if at < len(cells) else ""
        name = name or f"列{at + 1}"
        made, count = name, 1
        while made in found:
            count += 1
            made = f"{name}_{count}"
        found.append(made)
    return tuple(found)


def _width(first: Sequence[Line], header_row: int, named: int) -> int:
    """How many columns there are: those with a name, and those behind them that many rows use."""
    below = [_last_filled(cells) for number, cells in first if number > header_row and _filled(cells)]
    beyond = sorted(width for width in below if width > named)
    if not named or len(beyond) > max(1, len(below) * 0.2):
        return max([named, *below])
    return named


def _last_filled(cells: Sequence[Cell]) -> int:
    return next((at for at in range(len(cells), 0, -1) if not is_blank(cells[at - 1])), 0)


def tidy_header(cell: Cell) -> str:
    """A header cell on one line, without the blanks around it; a line break inside a word vanishes."""
    lines = [line.strip() for line in as_text(cell).replace("\r", "\n").split("\n") if line.strip()]
    joined = lines[0] if lines else ""
    for line in lines[1:]:
        both_latin = joined[-1:].isascii() and line[:1].isascii()
        joined += (" " if both_latin else "") + line
    return joined


__all__ = [
    "Cell",
    "Line",
    "Preview",
    "Reading",
    "as_text",
    "headers_of",
    "inspect",
    "is_blank",
    "is_footnote",
    "looks_like_date",
    "propose_header",
    "rows",
    "tidy_header",
]
