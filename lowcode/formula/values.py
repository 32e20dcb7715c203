"""How values turn into one another inside a formula: to numbers, texts and truth, and how they compare."""

from __future__ import annotations

import datetime as dt
import typing as t
from decimal import Decimal

from lowcode.formula import moments, numbers
from lowcode.formula.kinds import Fault, Options, Precision, Value

MAX_TEXT: t.Final = 65_536


def number(value: Value) -> Decimal:
    """What ``value`` counts for in arithmetic: empty is 0, true is 1, dates and times are seconds.

    :raises Fault: for a text or a multi-choice.
    """
    if value.__class__ is Decimal:
        return value
    if value is None or value == "":
        return numbers.ZERO
    if isinstance(value, bool):
        return numbers.ONE if value else numbers.ZERO
    if isinstance(value, dt.date | dt.time):
        return moments.seconds(value)
    if isinstance(value, int | Decimal):
        return Decimal(value)
    raise Fault("conversion")


def truth(value: Value) -> bool:
    """Whether ``value`` counts as true: a number other than 0 does, empty does not.

    :raises Fault: for texts, dates and multi-choices.
    """
    if value is True or value is False:
        return value
    if value is None or value == "":
        return False
    if isinstance(value, Decimal | int):
        return value != 0
    raise Fault("conversion")


def is_empty(value: Value) -> bool:
    """Whether nothing is there: no value, an empty text, nothing chosen, or a column of such."""
    if isinstance(value, tuple | list):
        return all(map(is_empty, value))
    return value is None or value == ""


def plain(value: Decimal, precision: Precision) -> str:
    """A number as digits, without separators or idle zeros: ``1500``, ``-0.25``."""
    return f"{numbers.fit(value, precision):f}"


def text(value: Value, options: Options) -> str:
    """``value`` as a text: what ``&`` joins and what a text field keeps. Empty gives ``""``.

    Booleans are ``1`` and ``0`` as in kintone; a date and time is shown as the clock in the zone shows it.

    :raises Fault: for a number with too many digits and for a text that is too long.
    """
    if value.__class__ is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal | int):
        return plain(Decimal(value), options.precision)
    if isinstance(value, dt.datetime):
        return moments.local(value, options.zone).isoformat(" ", "minutes")[:16]
    if isinstance(value, dt.time):
        return value.isoformat("minutes")[:5]
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return limited(", ".join([text(item, options) for item in value if not is_empty(item)]))
    raise Fault("conversion")


def limited(value: str) -> str:
    """``value`` itself, unless it is longer than any field may hold.

    :raises Fault: beyond :data:`MAX_TEXT` characters.
    """
    if len(value) > MAX_TEXT:
        raise Fault("length")
    return value


def equal(left: Value, right: Value) -> bool:
    """kintone's ``=``: values of different kinds are not equal, and ``""`` equals any empty value.

    An empty number counts as 0 here too, so ``count = 0`` and ``count = ""`` are both true of it.
    """
    if left.__class__ is right.__class__ and (left.__class__ is Decimal or left.__class__ is str):
        return left == right
    if left is None or right is None:
        other = right if left is None else left
        return other is None or other == "" or (not isinstance(other, str) and number(other) == 0)
    if isinstance(left, str) or isinstance(right, str):
        return left.__class__ is right.__class__ and left == right
    return number(left) == number(right)
