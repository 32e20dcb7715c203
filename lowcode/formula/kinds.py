"""What a formula works with: kinds of values, columns of subtables, and the app's number precision."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import typing as t
import zoneinfo
from dataclasses import dataclass, field
from decimal import Decimal

Value: t.TypeAlias = "Decimal | str | bool | dt.date | dt.time | dt.datetime | tuple[t.Any, ...] | None"
"""A value inside a formula. ``None`` is empty; a tuple is a multi-choice or a column of a subtable."""


class Kind(enum.Enum):
    """What an expression can yield."""

    NUMBER = "NUMBER"
    TEXT = "TEXT"
    DATE = "DATE"
    TIME = "TIME"
    DATETIME = "DATETIME"
    BOOLEAN = "BOOLEAN"
    TEXTS = "TEXTS"
    """The chosen labels of a check box or a multi-choice field: a tuple of texts."""


@dataclass(frozen=True)
class Column:
    """A field of a subtable seen from outside its row: one value a row, in a tuple."""

    kind: Kind


KindOrColumn: t.TypeAlias = "Kind | Column"

Rounding: t.TypeAlias = t.Literal["HALF_EVEN", "UP", "DOWN"]

_ROUNDINGS: t.Final = {
    "HALF_EVEN": decimal.ROUND_HALF_EVEN,
    "UP": decimal.ROUND_UP,
    "DOWN": decimal.ROUND_DOWN,
}


@dataclass(frozen=True)
class Precision:
    """An app's setting for numbers: how many digits in all, how many after the point, and how to round.

    :raises ValueError: for a rounding that is none of the three, or figures that no number fits.
    """

    digits: int = 16
    decimal_places: int = 4
    rounding: Rounding = "HALF_EVEN"
    mode: str = field(init=False, repr=False, compare=False)
    quantum: Decimal = field(init=False, repr=False, compare=False)
    integer_digits: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.rounding not in _ROUNDINGS or not 0 <= self.decimal_places < self.digits <= 100:
            raise ValueError(f"no such precision: {self.digits}, {self.decimal_places}, {self.rounding}")
        # Worked out once, since each record of an import asks for them.
        object.__setattr__(self, "mode", _ROUNDINGS[self.rounding])
        object.__setattr__(self, "quantum", Decimal((0, (1,), -self.decimal_places)))
        object.__setattr__(self, "integer_digits", self.digits - self.decimal_places)


DEFAULT_PRECISION: t.Final = Precision()


class Options(t.NamedTuple):
    """What a calculation depends on besides the record: where it is, and how exact numbers are."""

    zone: zoneinfo.ZoneInfo
    precision: Precision


Get: t.TypeAlias = t.Callable[[str], Value]
Evaluator: t.TypeAlias = t.Callable[[Get, Options], Value]
"""A compiled expression: where to get the fields' values, and the options, to a value."""


class Fault(Exception):
    """An expression has no value for this record (kintone's ``#N/A!`` and its kin).

    It never leaves the package: :meth:`Formula.evaluate` answers ``None``, :meth:`Formula.explain` the code.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = f"formula.fault.{code}"
