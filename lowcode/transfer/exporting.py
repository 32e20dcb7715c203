"""Records as CSV, TSV or xlsx: chosen columns in a chosen order, streamed with constant memory.

A file that was exported can be imported again and changes nothing: headers lead back to their fields, tables stand
in extra rows below a ``*``, and cells that a spreadsheet would run are spelled harmlessly.
"""

from __future__ import annotations

import csv
import io
import itertools
import typing as t
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from lowcode.definition.schema import AppDefinition
from lowcode.errors import TooLarge, invalid
from lowcode.fields.base import Context, Field
from lowcode.fields.subtable import SubtableField
from lowcode.query import ast
from lowcode.records.reader import RecordReader
from lowcode.records.record import Record
from lowcode.records.workspace import Workspace
from lowcode.transfer.cells import harmless
from lowcode.transfer.mapping import RECORD_START, Names
from lowcode.transfer.tabular import Cell

FORMATS = ("csv", "tsv", "xlsx")
ENCODINGS = ("utf-8", "cp932")
MAX_SHEET_ROWS = 1_048_576
MAX_CELL_TEXT = 32_767
"""What a spreadsheet's cell holds at most."""
FLUSH = 64 * 1024
PAGE = 500
# Characters that CP932 spells with another code point; anything else that it lacks becomes 〓 and is listed.
CP932_TWINS = str.maketrans(
    {
        "¥": "￥",
        "‾": "￣",
        "〜": "～",
        "−": "－",
        "—": "―",
        "–": "―",
        "‖": "∥",
        "¢": "￠",
        "£": "￡",
        "¬": "￢",
        "•": "・",
        "\u00a0": " ",
        "‐": "-",
        "‑": "-",
        "″": "”",
        "′": "’",
    }
)
REPLACEMENT = "〓"


@dataclass(frozen=True, kw_only=True)
class ExportColumn:
    """One column of a file: a field, and the table it stands in."""

    field: Field
    header: str
    subtable: SubtableField | None = None


@dataclass
class Replaced:
    """Characters that the chosen encoding does not have and how often each was replaced; filled while streaming."""

    characters: Counter[str] = field(default_factory=Counter)

    def listed(self) -> list[tuple[str, int]]:
        """Each replaced character with its count, the most frequent first."""
        return self.characters.most_common()


def exportable(definition: AppDefinition, readable: frozenset[str]) -> list[Field]:
    """Fields that can be a column, in the form's order; a subtable stands for all its fields."""
    return [f for f in definition.layout_order if _exports(f) and f.code in readable]


def _exports(field: Field) -> bool:
    return field.stores_value and bool(getattr(field, "exported", True))


def choose_columns(reader: RecordReader, codes: Sequence[str] | None = None) -> tuple[ExportColumn, ...]:
    """The columns for field codes in the chosen order; None takes the record number and every field of the form.

    A subtable's code stands for all its fields. :raises Invalid: an unknown code (a hidden one counts as unknown).
    """
    definition, locale = reader.definition, reader.ctx.locale
    names = Names(definition)
    if codes is None:
        codes = [f.code for f in exportable(definition, reader.shown)]
        number = definition.of_type("RECORD_NUMBER")
        if number is not None and number.code in codes:
            codes = [number.code, *[code for code in codes if code != number.code]]
    found: list[tuple[Field, SubtableField | None]] = []
    for code in dict.fromkeys(codes):
        chosen = definition.find(code) if code in reader.shown else None
        if chosen is None or not _exports(chosen):
            raise invalid("query.unknown_field", field=code)
        subtable = definition.subtable_of(code)
        if isinstance(chosen, SubtableField):
            inner = [f for f in definition.inner_order(chosen) if f.code in reader.shown]
            found += [(f, chosen) for f in inner if _exports(f)]
        else:
            found.append((chosen, subtable))
    if not found:
        raise invalid("transfer.no_columns")
    # Without rows in the file, a label that also stands in a table needs no code to be told apart.
    flat = all(subtable is None for _, subtable in found)
    return tuple(ExportColumn(field=f, header=names.header(f, locale, top=flat), subtable=s) for f, s in found)


def begin(
    space: Workspace, reader: RecordReader, query: ast.Query, columns: Sequence[ExportColumn], format: str
) -> Sequence[int]:
    """Decide which records a file will hold, and have the audit log tell so. Returns their ids for :func:`short_pages`.

    :raises Forbidden: the actor may not export. :raises Invalid: an unknown field in the query.
    """
    reader.policy.require("export")
    ids = reader.ids(query.condition, query.order)
    if space.reads is not None:
        details = {"fields": _codes(columns), "format": format}
        space.reads.note(reader.live, "records.exported", ids, query.condition, order=query.order, details=details)
    return ids


def export_csv(
    reader: RecordReader,
    condition: ast.Node | None = None,
    order: Sequence[ast.SortKey] = (),
    columns: Sequence[ExportColumn] | None = None,
    *,
    encoding: t.Literal["utf-8", "cp932"] = "utf-8",
    delimiter: str = ",",
    replaced: Replaced | None = None,
    guard: bool = True,
    pages: Iterable[Sequence[Record]] | None = None,
) -> Iterator[bytes]:
    """The matching records as CSV (or TSV by ``delimiter="\\t"``), in pieces.

    UTF-8 begins with a byte order mark, as spreadsheets want it. In CP932 twins are used where they exist, the rest
    becomes 〓 and is counted in ``replaced``. ``guard`` makes cells harmless that a spreadsheet would run.
    ``pages`` brings the records instead of ``condition`` and ``order`` (see :func:`short_pages`); without it the
    reader's transaction must stay open while the pieces are taken.

    :raises Forbidden: the actor may not export. :raises Invalid: an unknown field in ``condition`` or ``order``.
    """
    if encoding not in ENCODINGS:
        raise invalid("transfer.encoding_unknown", encoding=encoding)
    reader.policy.require("export")
    chosen = tuple(columns) if columns is not None else choose_columns(reader)
    # "or" would take a new list for one that is still empty.
    counted = Replaced() if replaced is None else replaced
    source = _pages(reader, condition, order, chosen) if pages is None else pages
    return _csv_pieces(reader.ctx, source, chosen, encoding, delimiter, counted, guard)


def _csv_pieces(
    ctx: Context,
    pages: Iterable[Sequence[Record]],
    columns: Sequence[ExportColumn],
    encoding: str,
    delimiter: str,
    replaced: Replaced,
    guard: bool,
) -> Iterator[bytes]:
    def encoded(text: str) -> bytes:
        return text.encode("utf-8") if encoding == "utf-8" else _cp932(text, replaced)

    if encoding == "utf-8":
        yield b"\xef\xbb\xbf"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([harmless(name) for name in header_row(columns)])
    # A number is no formula, and with an apostrophe it would no longer be one.
    plain = [not guard or c.field.type_name in ("NUMBER", "CALC") for c in columns]
    shift = 1 if has_tables(columns) else 0
    for record in itertools.chain.from_iterable(pages):
        for cells in record_rows(record, columns, ctx, _as_text):
            writer.writerow(
                [
                    *cells[:shift],
                    *[cell if safe else harmless(cell) for cell, safe in zip(cells[shift:], plain, strict=True)],
                ]
            )
        if buffer.tell() > FLUSH:
            yield encoded(buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
    yield encoded(buffer.getvalue())


def _cp932(text: str, replaced: Replaced) -> bytes:
    # Python would write the yen sign as a backslash, and it would come back as one.
    text = text.replace("¥", "￥").replace("‾", "￣")
    try:
        return text.encode("cp932")
    except UnicodeEncodeError:
        pass
    made = []
    for character in text.translate(CP932_TWINS):
        try:
            made.append(character.encode("cp932"))
        except UnicodeEncodeError:
            replaced.characters[character] += 1
            made.append(REPLACEMENT.encode("cp932"))
    return b"".join(made)


def export_xlsx(
    reader: RecordReader,
    path: Path,
    condition: ast.Node | None = None,
    order: Sequence[ast.SortKey] = (),
    columns: Sequence[ExportColumn] | None = None,
    *,
    pages: Iterable[Sequence[Record]] | None = None,
) -> int:
    """Write the matching records to a spreadsheet with native numbers and dates; returns how many there were.

    :raises TooLarge: more rows than a sheet holds.
    """
    reader.policy.require("export")
    chosen = tuple(columns) if columns is not None else choose_columns(reader)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(reader.definition.display_name(reader.ctx.locale)))
    sheet.freeze_panes = "A2"
    sheet.append([_sheet_cell(sheet, name) for name in header_row(chosen)])
    count, written = 0, 1
    source = _pages(reader, condition, order, chosen) if pages is None else pages
    for record in itertools.chain.from_iterable(source):
        count += 1
        for cells in record_rows(record, chosen, reader.ctx, _as_cell):
            written += 1
            if written > MAX_SHEET_ROWS:
                raise TooLarge("transfer.sheet_full", limit=MAX_SHEET_ROWS)
            sheet.append([_sheet_cell(sheet, cell) for cell in cells])
    book.save(path)
    return count


def write_table(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Rows of plain cells as a spreadsheet of one sheet (an error list)."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    for row in rows:
        sheet.append([_sheet_cell(sheet, cell) for cell in row])
    book.save(path)


def _sheet_name(name: str) -> str:
    return "".join("_" if c in "[]:*?/\\" or ord(c) < 32 else c for c in name)[:31].strip("'") or "Sheet1"


def _sheet_cell(sheet: t.Any, cell: Cell) -> t.Any:
    if not isinstance(cell, str):
        return cell
    cell = ILLEGAL_CHARACTERS_RE.sub("", cell)[:MAX_CELL_TEXT]
    if cell[:1] not in "=+-@'" or not cell:
        return cell
    # Text that looks like a formula is marked as text, in the file and for whoever edits the cell.
    made = WriteOnlyCell(sheet, cell)
    made.data_type = "s"
    made.quotePrefix = True
    return made


# --- rows -----------------------------------------------------------------------------------------


def has_tables(columns: Sequence[ExportColumn]) -> bool:
    """Whether a record may need several rows, and the file therefore begins with the column of ``*``."""
    return any(column.subtable is not None for column in columns)


def header_row(columns: Sequence[ExportColumn]) -> list[str]:
    """The headers of a file."""
    return [*([RECORD_START] if has_tables(columns) else []), *[column.header for column in columns]]


def record_rows(
    record: Record, columns: Sequence[ExportColumn], ctx: Context, show: t.Callable[[Field, t.Any, Context], Cell]
) -> Iterator[list[Cell]]:
    """The rows of one record: one, or as many as its longest table has."""
    if not has_tables(columns):
        yield [show(c.field, record.values.get(c.field.code), ctx) for c in columns]
        return
    tables = {c.subtable.code: record.values.get(c.subtable.code) or () for c in columns if c.subtable}
    for at in range(max(1, *map(len, tables.values()))):
        cells: list[Cell] = ["*" if at == 0 else ""]
        for column in columns:
            if column.subtable is None:
                # kintone repeats the record's own fields in every row, so that each row can be read alone.
                cells.append(show(column.field, record.values.get(column.field.code), ctx))
                continue
            rows = tables[column.subtable.code]
            cells.append(show(column.field, rows[at].values.get(column.field.code), ctx) if at < len(rows) else "")
        yield cells


def _as_text(field: Field, value: t.Any, ctx: Context) -> str:
    return field.text(value, ctx)


def _as_cell(field: Field, value: t.Any, ctx: Context) -> Cell:
    return field.cell(value, ctx)


def _pages(
    reader: RecordReader, condition: ast.Node | None, order: Sequence[ast.SortKey], columns: Sequence[ExportColumn]
) -> Iterator[Sequence[Record]]:
    return reader.stream(condition, order, fields=_codes(columns))


def _codes(columns: Sequence[ExportColumn]) -> list[str]:
    return sorted({c.subtable.code if c.subtable else c.field.code for c in columns})


def short_pages(
    reading: t.Callable[[], AbstractContextManager[Workspace]],
    app: int | str,
    ids: Sequence[int],
    columns: Sequence[ExportColumn],
    *,
    size: int = PAGE,
    on_page: t.Callable[[int], None] | None = None,
) -> Iterator[Sequence[Record]]:
    """The records of ``ids`` (see :func:`begin`) in pages that are each read in a short transaction of its own.

    A long transaction would keep SQLite's log from being emptied. A record that is deleted or hidden meanwhile is
    left out.

    :param reading: opens a read transaction for the actor. :param on_page: told how many records are done.
    """
    codes = _codes(columns)
    for start in range(0, len(ids), size):
        with reading() as space:
            page = space.reader(app, noted=False).by_ids(list(ids[start : start + size]), codes)
        yield page
        if on_page is not None:
            on_page(min(start + size, len(ids)))


__all__ = [
    "CP932_TWINS",
    "ENCODINGS",
    "FORMATS",
    "ExportColumn",
    "Replaced",
    "begin",
    "choose_columns",
    "export_csv",
    "export_xlsx",
    "exportable",
    "has_tables",
    "header_row",
    "record_rows",
    "short_pages",
    "write_table",
]
