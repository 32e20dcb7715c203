"""Where an import notes how far it is: the report itself, kept in the transaction of each batch."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from lowcode.transfer.report import Report, RowError


class Journal(t.Protocol):
    """Where an import notes how far it is. All but ``put_away`` and ``read`` belong to the batch's transaction."""

    def load(self) -> Report | None:
        """The report of an earlier, interrupted run."""
        ...

    def note(self, connection: sa.Connection, report: Report) -> None:
        """Keep the report in the transaction of the batch it counts."""
        ...

    def put_away(self, errors: Sequence[RowError]) -> str:
        """Keep errors outside the journal; returns a name for them."""
        ...

    def read(self, name: str) -> Sequence[RowError]:
        """Errors that were put away."""
        ...

    def go_on(self, report: Report) -> bool:
        """Told after each batch; false stops the import."""
        ...


class MemoryJournal:
    """A journal for an import that is not a job (and for tests)."""

    def __init__(self) -> None:
        self.report: Report | None = None
        self.chunks: dict[str, Sequence[RowError]] = {}

    def load(self) -> Report | None:
        return None if self.report is None else Report.from_json(self.report.to_json())

    def note(self, connection: sa.Connection, report: Report) -> None:
        self.report = Report.from_json(report.to_json())

    def put_away(self, errors: Sequence[RowError]) -> str:
        name = str(len(self.chunks))
        self.chunks[name] = list(errors)
        return name

    def read(self, name: str) -> Sequence[RowError]:
        return self.chunks[name]

    def go_on(self, report: Report) -> bool:
        return True


def all_errors(report: Report, journal: Journal) -> Iterator[RowError]:
    """Every record that was not taken in, in the order of the file."""
    for name in report.error_chunks:
        yield from journal.read(name)
    yield from report.errors


__all__ = ["Journal", "MemoryJournal", "all_errors"]
