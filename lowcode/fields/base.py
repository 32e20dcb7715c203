"""What a module that makes a field type imports: the protocol, its abilities and the words of both.

A subclass of :class:`Field` must give ``type_name``, :meth:`Field.column_type` and :meth:`Field.coerce`; everything
else has a default. Wider abilities are small subclasses: :class:`ManyValued`, :class:`Computed`, :class:`SystemField`,
:class:`Decoration` and, in ``subtable.py``, ``SubtableField``.
"""

from __future__ import annotations

import sqlalchemy as sa

from lowcode.db import text_type
from lowcode.errors import Invalid, Problem, invalid
from lowcode.fields.abilities import Computed, Decoration, ManyValued, SystemField
from lowcode.fields.context import Context, Tables, Value
from lowcode.fields.field import (
    CODE_PATTERN,
    EMPTY_OPERATORS,
    EQUALITY,
    LIKE,
    OPERATORS,
    ORDER,
    RESERVED_CODES,
    Field,
)
from lowcode.fields.folding import contains, fold
from lowcode.fields.settings import setting


def text_column(length: int | None = None) -> sa.types.TypeEngine[str]:
    """The column type of texts, ordered by code point."""
    return text_type(length)


__all__ = [
    "CODE_PATTERN",
    "EMPTY_OPERATORS",
    "EQUALITY",
    "LIKE",
    "OPERATORS",
    "ORDER",
    "RESERVED_CODES",
    "Computed",
    "Context",
    "Decoration",
    "Field",
    "Invalid",
    "ManyValued",
    "Problem",
    "SystemField",
    "Tables",
    "Value",
    "contains",
    "fold",
    "invalid",
    "setting",
    "text_column",
]
