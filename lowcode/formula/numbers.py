"""Exact decimal arithmetic with bounds: a result is exact or a :class:`Fault`, and never takes long."""

from __future__ import annotations

import decimal
import typing as t
from decimal import Decimal

from lowcode.formula.kinds import Fault, Precision

ZERO: t.Final = Decimal(0)
ONE: t.Final = Decimal(1)
MAX_EXPONENT: t.Final = 100
_MAX_PLACES: t.Final = 100

_FATAL: t.Final[list[type[decimal.DecimalException]]] = [
    decimal.InvalidOperation,
    decimal.DivisionByZero,
    decimal.Overflow,
]
# A result that would need more than 200 digits is refused, not rounded behind the author's back.
_EXACT: t.Final = decimal.Context(prec=200, Emin=-9999, Emax=9999, traps=[*_FATAL, decimal.Inexact])
# ROUND_05UP keeps a trace of what was cut off, so that rounding to the app's places afterwards is right.
_QUOTIENT: t.Final = decimal.Context(prec=250, rounding=decimal.ROUND_05UP, Emin=-9999, Emax=9999, traps=_FATAL)
_ROUNDING: t.Final = decimal.Context(prec=400, Emin=-9999, Emax=9999, traps=_FATAL)

add: t.Final = _EXACT.add
subtract: t.Final = _EXACT.subtract
multiply: t.Final = _EXACT.multiply


def negate(value: Decimal) -> Decimal:
    """``value`` with the other sign; zero keeps none."""
    return value.copy_negate() if value else value


def divide(value: Decimal, by: Decimal, precision: Precision) -> Decimal:
    """The quotient, rounded to the app's decimal places (kintone: 4).

    :raises Fault: when ``by`` is zero.
    """
    if not by:
        raise Fault("division")
    return _QUOTIENT.divide(value, by).quantize(precision.quantum, precision.mode, _ROUNDING)


def power(base: Decimal, exponent: Decimal, precision: Precision) -> Decimal:
    """``base`` to the power of ``exponent`` without its fraction, which must lie within ±100.

    :raises Fault: beyond that, and for zero to a negative power.
    """
    if not -MAX_EXPONENT - 1 < exponent < MAX_EXPONENT + 1:
        raise Fault("range")
    times = int(exponent)
    # Squaring by hand: the decimal module's power() promises no exactness, and this is 12 products at most.
    result = ONE
    for bit in bin(abs(times))[2:]:
        result = multiply(result, result)
        if bit == "1":
            result = multiply(result, base)
    return divide(ONE, result, precision) if times < 0 else result


def rounded(value: Decimal, places: Decimal, mode: str) -> Decimal:
    """``value`` rounded to ``places`` after the point; negative places round tens, hundreds and so on.

    :raises Fault: when ``places`` lies beyond ±100.
    """
    if not -_MAX_PLACES - 1 < places < _MAX_PLACES + 1:
        raise Fault("range")
    exponent = -int(places)
    own = value.as_tuple().exponent
    if isinstance(own, str) or own >= exponent:
        return value
    return value.quantize(Decimal((0, (1,), exponent)), mode, _ROUNDING)


def fit(value: Decimal, precision: Precision) -> Decimal:
    """``value`` as the app keeps it: rounded to its decimal places, without idle zeros.

    :raises Fault: when more digits stand before the point than the app allows, or it is no number.
    """
    if not value.is_finite() or (value and value.adjusted() >= precision.integer_digits):
        raise Fault("precision")
    value = value.quantize(precision.quantum, precision.mode, _ROUNDING)
    if not value:
        return ZERO
    if value.adjusted() >= precision.integer_digits:
        raise Fault("precision")
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize(_ROUNDING)
