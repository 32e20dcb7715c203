"""Text as it is searched: folded in Python, compared byte for byte in the database.

SQL's own ``lower`` and ``LIKE`` differ between databases and know no kana, so they are never used.
"""

from __future__ import annotations

import typing as t
import unicodedata

import sqlalchemy as sa
import sqlalchemy.ext.compiler

_KATAKANA: t.Final = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}


def fold(text: str) -> str:
    """Text as it is searched: NFKC, lower case, hiragana as katakana, runs of white space as one space."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = folded.translate(_KATAKANA)
    return " ".join(folded.split())


class contains(sa.sql.functions.GenericFunction[bool]):
    """``contains(text, part)``: true when ``part`` occurs in ``text``, byte for byte, on both databases."""

    type = sa.Boolean()
    inherit_cache = True


@sa.ext.compiler.compiles(contains, "sqlite")
def _contains_sqlite(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    return f"(coalesce(instr({compiler.process(element.clauses, **kwargs)}), 0) > 0)"


@sa.ext.compiler.compiles(contains, "postgresql")
def _contains_postgresql(element: t.Any, compiler: t.Any, **kwargs: t.Any) -> str:
    return f"(coalesce(strpos({compiler.process(element.clauses, **kwargs)}), 0) > 0)"
