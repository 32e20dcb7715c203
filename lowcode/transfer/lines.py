"""Rows of a file as records to be: cells parsed, rows of one record put together, everything wrong noted."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Problem
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.link import LinkField, phone_digits
from lowcode.fields.subtable import MAX_ROWS, SubtableField
from lowcode.transfer.cells import CellReader, Read
from lowcode.transfer.mapping import Column
from lowcode.transfer.report import CellError, RowError, cells_as_text
from lowcode.transfer.tabular import Cell, Line, as_text, is_blank, is_blank_row, is_footnote


@dataclass(slots=True)
class Entry:
    """One record of the file."""

    row: int
    lines: list[Line]
    values: dict[str, Value] = field(default_factory=dict)
    tables: dict[str, list[tuple[int, dict[str, Value]]]] = field(default_factory=dict)
    """By subtable: the cells of each row of the file, blank rows too."""
    errors: list[CellError] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    key: Value = None
    fingerprint: int = 0

    def failed(self) -> RowError:
        """The record as the error list has it."""
        cells = tuple(cells_as_text(cells) for _, cells in self.lines)
        return RowError(row=self.row, cells=cells, errors=tuple(self.errors))


def matched(field: Field, value: Value) -> Value:
    """The form in which two values of a key are the same: a telephone number counts by its digits."""
    if isinstance(field, LinkField) and field.is_phone and value is not None:
        return phone_digits(value) or value
    return value


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a file's cells are taken.

    :param bad_cells: ``fail``: a record with a cell that cannot be read comes back whole; ``empty``: the cell stays
        empty and its text goes into ``note_field`` where one is named.
    """

    key: str | None = None
    bad_cells: t.Literal["fail", "empty"] = "fail"
    note_field: str | None = None


class EntryReader:
    """Turns rows of a file into entries by a mapping of its columns."""

    def __init__(
        self,
        columns: Sequence[Column],
        definition: AppDefinition,
        ctx: Context,
        options: Options,
        *,
        spreadsheet: bool,
        width: int,
    ) -> None:
        self.options, self.ctx, self.width, self.definition = options, ctx, width, definition
        self.start = next((c.index for c in columns if c.role == "start"), None)
        self.top: list[tuple[Column, Field, CellReader]] = []
        self.inner: list[tuple[Column, Field, CellReader]] = []
        for column in columns:
            if column.role != "value" or column.field is None:
                continue
            found = definition.field(column.field)
            reader = CellReader(column, found, ctx, spreadsheet=spreadsheet)
            (self.inner if column.subtable else self.top).append((column, found, reader))
        self.plan = [(column.index, found.code, column, reader) for column, found, reader in self.top]
        self.key = definition.field(options.key) if options.key is not None else None
        self.subtables = [
            f
            for f in definition.fields
            if isinstance(f, SubtableField) and any(c.subtable == f.code for c, _, _ in self.inner)
        ]

    @property
    def with_tables(self) -> bool:
        """Whether a record may go on in the rows below it: then a blank row may be a blank row of its table."""
        return self.start is not None

    def entries(self, rows: Iterable[Line], on_note: t.Callable[[int], None]) -> Iterator[Entry]:
        """The records of the file; ``on_note`` is told the rows that are footnotes."""
        held: list[Line] = []
        blank = 0
        for number, cells in rows:
            if self.start is not None and is_blank_row(cells):
                # A sheet may end in a million formatted rows: no table is longer than this.
                blank += 1
                if held and blank <= MAX_ROWS:
                    held.append((number, cells))
                continue
            blank = 0
            # In a file with tables a row with a lone "*" begins a record.
            if self.start is None and is_footnote(cells, self.width):
                on_note(number)
                continue
            if self.start is not None and held and not self._starts(cells):
                held.append((number, cells))
                continue
            if held:
                yield self.entry(held)
            held = [(number, cells)]
        if held:
            yield self.entry(held)

    def _starts(self, cells: Sequence[Cell]) -> bool:
        return self.start is None or (self.start < len(cells) and not is_blank(cells[self.start]))

    def entry(self, lines: list[Line]) -> Entry:
        """One record from its rows."""
        number, cells = lines[0]
        made = Entry(row=number, lines=lines)
        if self.options.key is not None:
            made.fingerprint = hash(tuple([tuple(map(as_text, row)) for _, row in lines if not is_blank_row(row)]))
        for row, each in lines:
            self._check_width(made, row, each)
        values, count = made.values, len(cells)
        for at, code, column, reader in self.plan:
            cell = cells[at] if at < count else None
            read = reader.read(cell)
            values[code] = self._take(made, column, cell, read) if read.problems or read.note else read.value
        for table in self.subtables:
            made.tables[table.code] = []
        for row, each in lines:
            if self.inner:
                self._inner_row(made, row, each)
        if self.key is not None:
            made.key = matched(self.key, made.values.get(self.key.code))
        if made.errors:
            self._check_rest(made)
        return made

    def _check_width(self, made: Entry, row: int, cells: Sequence[Cell]) -> None:
        if not cells or len(cells) == self.width:
            return
        beyond = [as_text(cell) for cell in cells[self.width :] if not is_blank(cell)]
        if beyond:
            problem = Problem(code="transfer.row_too_long", params={"row": row, "columns": self.width})
            made.errors.append(CellError(column="", value=", ".join(beyond)[:200], problem=problem))
        elif len(cells) < self.width and self._short(cells):
            made.notes.add("transfer.note.short")

    def _short(self, cells: Sequence[Cell]) -> bool:
        # Spreadsheets leave empty cells at the end away; in a CSV file a short row is unusual.
        return not any(reader.spreadsheet for _, _, reader in (*self.top, *self.inner))

    def _inner_row(self, made: Entry, row: int, cells: Sequence[Cell]) -> None:
        tables: dict[str, dict[str, Value]] = {table.code: {} for table in self.subtables}
        for column, found, reader in self.inner:
            cell = cells[column.index] if column.index < len(cells) else None
            value = self._take(made, column, cell, reader.read(cell), row=row)
            tables[t.cast(str, column.subtable)][found.code] = value
        for code, values in tables.items():
            made.tables[code].append((row, values))

    def _take(self, made: Entry, column: Column, cell: Cell, read: Read, *, row: int | None = None) -> Value:
        if read.note:
            made.notes.add(read.note)
        if not read.problems:
            return read.value
        if self.options.bad_cells == "empty" and column.field != self.options.key:
            made.notes.add("transfer.note.emptied")
            self._keep_text(made, column, cell)
            return read.value
        text = as_text(cell)
        for problem in read.problems:
            made.errors.append(CellError(column=column.header, value=text[:200], problem=problem))
        return read.value

    def _keep_text(self, made: Entry, column: Column, cell: Cell) -> None:
        code = self.options.note_field
        if code is None:
            return
        kept = f"{column.header}: {as_text(cell)}"
        before = made.values.get(code)
        made.values[code] = f"{before}\n{kept}" if before else kept

    def _check_rest(self, made: Entry) -> None:
        """Of a record that comes back anyway, everything else that is wrong by the fields' settings too."""
        wrong = {error.column for error in made.errors}
        for column, found, _ in self.top:
            if column.header in wrong or not found.writable:
                continue
            for problem in found.check(made.values[found.code], self.ctx):
                cell = made.lines[0][1][column.index] if column.index < len(made.lines[0][1]) else None
                made.errors.append(CellError(column=column.header, value=as_text(cell)[:200], problem=problem))

    # -- problems of a save ------------------------------------------------------------------------

    def place(self, made: Entry, path: Sequence[str | int], rows: Mapping[str, Sequence[int]]) -> tuple[str, str]:
        """Header and text of the cell that a problem of a save means; ``path`` begins with the field's code.

        :param rows: by subtable: which row of the file each row of the table came from.
        """
        code = path[0] if path else ""
        if len(path) >= 3 and isinstance(path[1], int) and code in rows:
            for column, found, _ in self.inner:
                if found.code == path[2]:
                    at = path[1]
                    number = rows[t.cast(str, code)][at] if at < len(rows[t.cast(str, code)]) else made.row
                    cells = next((cells for row, cells in made.lines if row == number), [])
                    return column.header, as_text(cells[column.index] if column.index < len(cells) else None)[:200]
        for column, found, _ in self.top:
            if found.code == code:
                cells = made.lines[0][1]
                return column.header, as_text(cells[column.index] if column.index < len(cells) else None)[:200]
        field_ = self.definition.find(str(code))
        return (field_.label if field_ else ""), ""


__all__ = ["Entry", "EntryReader", "Options", "matched"]
