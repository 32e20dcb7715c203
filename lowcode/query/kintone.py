"""kintone's query text: read, written, and rewritten when a code gets a new name."""

from __future__ import annotations

from lowcode.query.parser import (
    LARGEST_LIMIT,
    LARGEST_OFFSET,
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_SORT_KEYS,
    parse,
    parse_condition,
    parse_order,
)
from lowcode.query.problems import kintone_code
from lowcode.query.renaming import rename, rename_order
from lowcode.query.writing import condition_text, order_text, to_text

__all__ = [
    "LARGEST_LIMIT",
    "LARGEST_OFFSET",
    "MAX_CONDITIONS",
    "MAX_DEPTH",
    "MAX_SORT_KEYS",
    "condition_text",
    "kintone_code",
    "order_text",
    "parse",
    "parse_condition",
    "parse_order",
    "rename",
    "rename_order",
    "to_text",
]
