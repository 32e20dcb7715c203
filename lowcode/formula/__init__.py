"""Formulas of calculated fields: tokens → tree → checked kinds → value.

Pure: knows no fields, no database and no request. :func:`parse` a text, :meth:`Formula.check` it against the
kinds of an app's fields, then :meth:`Formula.evaluate` it for each record. ``docs/formulas.md`` has the language.
"""

from __future__ import annotations

from lowcode.formula.dependencies import order
from lowcode.formula.formula import Formula, parse
from lowcode.formula.functions import FUNCTIONS, Function
from lowcode.formula.kinds import (
    DEFAULT_PRECISION,
    Column,
    Get,
    Kind,
    KindOrColumn,
    Options,
    Precision,
    Rounding,
    Value,
)
from lowcode.formula.output import Canonical, Format, display, output, wire
from lowcode.formula.tokens import is_code, rename
from lowcode.formula.values import text

__all__ = [
    "DEFAULT_PRECISION",
    "FUNCTIONS",
    "Canonical",
    "Column",
    "Format",
    "Formula",
    "Function",
    "Get",
    "Kind",
    "KindOrColumn",
    "Options",
    "Precision",
    "Rounding",
    "Value",
    "display",
    "is_code",
    "order",
    "output",
    "parse",
    "rename",
    "text",
    "wire",
]
