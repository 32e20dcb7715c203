"""Values as a backup holds them: the same text whichever database they came from or go to.

Exact numbers are decimal text, instants ISO text in UTC, dates and times ISO text; empty is ``null``.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

import sqlalchemy as sa

from lowcode.db import ExactNumber, UtcDateTime

Encode = Callable[[t.Any], t.Any]


class Kind(t.NamedTuple):
    """How values of one kind of column travel."""

    column: type[sa.types.TypeEngine[t.Any]]
    bound: Callable[[int], sa.types.TypeEngine[t.Any]]
    """The type that they are written with; the argument is the scale of an exact number."""
    write: Encode | None = None
    """None: JSON has the value itself."""
    read: Encode | None = None


# In this order: an instant is no plain text, a truth value no number.
KINDS: t.Final[Mapping[str, Kind]] = {
    "instant": Kind(UtcDateTime, lambda _: UtcDateTime(), datetime.isoformat, datetime.fromisoformat),
    "number": Kind(ExactNumber, ExactNumber, str, Decimal),
    "boolean": Kind(sa.Boolean, lambda _: sa.Boolean()),
    "integer": Kind(sa.Integer, lambda _: sa.BigInteger()),
    "date": Kind(sa.Date, lambda _: sa.Date(), date.isoformat, date.fromisoformat),
    "time": Kind(sa.Time, lambda _: sa.Time(), time.isoformat, time.fromisoformat),
    "text": Kind(sa.String, lambda _: sa.Text()),
}


@dataclass(frozen=True)
class Shape:
    """One column of a table in a backup."""

    name: str
    kind: str
    scale: int = 0

    @classmethod
    def of(cls, column: sa.Column[t.Any]) -> Shape:
        """The shape of a column. Raises :class:`TypeError` for a type that no backup can hold."""
        for kind, each in KINDS.items():
            if isinstance(column.type, each.column):
                return cls(column.name, kind, column.type.scale if isinstance(column.type, ExactNumber) else 0)
        raise TypeError(f"{column}: {column.type!r} has no place in a backup")

    def column(self) -> sa.ColumnClause[t.Any]:
        """A column to write into, whatever else the table has."""
        return sa.column(self.name, KINDS[self.kind].bound(self.scale))

    def as_json(self) -> list[t.Any]:
        """As the manifest has it."""
        return [self.name, self.kind, self.scale]


def writers(shapes: t.Sequence[Shape]) -> list[tuple[int, Encode]]:
    """Which places of a row must be turned into JSON, and how."""
    return [(at, write) for at, shape in enumerate(shapes) if (write := KINDS[shape.kind].write)]


def readers(shapes: t.Sequence[Shape]) -> list[tuple[int, Encode]]:
    """The same for the way back."""
    return [(at, read) for at, shape in enumerate(shapes) if (read := KINDS[shape.kind].read)]


def turned(row: t.Sequence[t.Any], how: t.Sequence[tuple[int, Encode]]) -> list[t.Any]:
    """The row with those places turned that hold something."""
    values = list(row)
    for at, turn in how:
        if values[at] is not None:
            values[at] = turn(values[at])
    return values
