"""What an import did, row by row where it went wrong, and the list of errors that can be mended and come back."""

from __future__ import annotations

import csv
import io
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time

from lowcode import messages
from lowcode.errors import Problem
from lowcode.transfer.cells import harmless, unguarded
from lowcode.transfer.mapping import ERROR_PREFIX
from lowcode.transfer.tabular import as_text

SHOWN_ERRORS = 200
COUNTS = ("created", "updated", "unchanged", "failed", "warned", "skipped")
ERROR_COLUMNS = tuple(f"{ERROR_PREFIX}{name}" for name in ("行", "列", "値", "理由"))


@dataclass(frozen=True, kw_only=True)
class CellError:
    """One thing that is wrong with one row of a file."""

    column: str
    """The header; empty when the row as a whole is meant."""
    value: str
    problem: Problem

    def reason(self, locale: str) -> str:
        """The sentence."""
        return messages.sentence(self.problem, locale)

    def to_json(self) -> dict[str, t.Any]:
        params = {key: _plain(value) for key, value in self.problem.params.items()}
        return {"column": self.column, "value": self.value, "code": self.problem.code, "params": params}

    @classmethod
    def from_json(cls, raw: Mapping[str, t.Any]) -> CellError:
        return cls(column=raw["column"], value=raw["value"], problem=Problem(code=raw["code"], params=raw["params"]))


@dataclass(frozen=True, kw_only=True)
class RowError:
    """A record that was not taken in: its rows as they stand in the file, and everything wrong with it."""

    row: int
    cells: tuple[tuple[str, ...], ...]
    errors: tuple[CellError, ...]

    def to_json(self) -> dict[str, t.Any]:
        return {"row": self.row, "cells": self.cells, "errors": [e.to_json() for e in self.errors]}

    @classmethod
    def from_json(cls, raw: Mapping[str, t.Any]) -> RowError:
        return cls(
            row=raw["row"],
            cells=tuple(tuple(cells) for cells in raw["cells"]),
            errors=tuple(CellError.from_json(e) for e in raw["errors"]),
        )


@dataclass(kw_only=True)
class Report:
    """The counts of an import so far; also its journal: a killed import goes on behind ``row``.

    ``created + updated + unchanged + failed`` is the number of records in the file; ``warned`` of them were taken in
    with an assumption (counted by ``notes``), ``skipped`` rows are footnotes.
    """

    row: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    warned: int = 0
    skipped: int = 0
    notes: dict[str, int] = field(default_factory=dict)
    first_history: int = 0
    last_history: int = 0
    error_chunks: list[str] = field(default_factory=list)
    """Where earlier errors are kept; the newest ones are in ``errors``."""
    errors: list[RowError] = field(default_factory=list)
    dry_run: bool = False
    stopped: bool = False
    unknown_columns: list[str] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Records dealt with."""
        return self.created + self.updated + self.unchanged + self.failed

    def counts(self) -> dict[str, int]:
        """The numbers that people ask for."""
        return {name: getattr(self, name) for name in COUNTS}

    def to_json(self) -> dict[str, t.Any]:
        """The journal as a job's row keeps it."""
        made = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**made, "errors": [error.to_json() for error in self.errors]}

    @classmethod
    def from_json(cls, raw: Mapping[str, t.Any]) -> Report:
        """The inverse of :meth:`to_json`; unknown keys are left out."""
        known = {each.name for each in fields(cls)}
        given = {key: value for key, value in raw.items() if key in known}
        return cls(**{**given, "errors": [RowError.from_json(e) for e in raw.get("errors", ())]})


def _plain(value: t.Any) -> t.Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def error_rows(headers: Sequence[str], errors: Iterable[RowError], locale: str = "ja") -> Iterator[list[str]]:
    """The error list as rows: the file's own columns, then row, column, value and reason.

    Several things wrong with one record stand on lines of one cell, so that the record stays one record.
    """
    yield [*headers, *ERROR_COLUMNS]
    for error in errors:
        for at, cells in enumerate(error.cells):
            padded = [*cells, *[""] * (len(headers) - len(cells))][: max(len(headers), 0)]
            if at:
                yield [*padded, "", "", "", ""]
                continue
            yield [
                *padded,
                str(error.row),
                "\n".join(e.column for e in error.errors),
                "\n".join(" ".join(e.value.split("\n")) for e in error.errors),
                "\n".join(f"{e.column}：{e.reason(locale)}" if e.column else e.reason(locale) for e in error.errors),
            ]


def error_csv(headers: Sequence[str], errors: Iterable[RowError], locale: str = "ja") -> Iterator[bytes]:
    """The error list as UTF-8 CSV with a byte order mark, as spreadsheets want it."""
    yield b"\xef\xbb\xbf"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    own = len(headers)
    for row in error_rows(headers, errors, locale):
        # Guarded once, however the cell came: what comes back must mean what the file said.
        writer.writerow([*[harmless(unguarded(cell)) for cell in row[:own]], *[harmless(cell) for cell in row[own:]]])
        yield buffer.getvalue().encode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()


def cells_as_text(cells: Sequence[t.Any]) -> tuple[str, ...]:
    """Cells as the error list shows them."""
    return tuple(
        cell.isoformat(" ")
        if isinstance(cell, datetime)
        else cell.isoformat()
        if isinstance(cell, date | time)
        else as_text(cell)
        for cell in cells
    )
