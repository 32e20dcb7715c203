"""What can be wrong with a query: stable codes, and the codes that kintone's clients know for them."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from lowcode.errors import Problem

VALIDATION = "CB_VA01"
"""kintone's code for everything that it names no better; its API then adds ``errors.query``."""

KINTONE: t.Final[Mapping[str, str]] = {
    "query.unknown_field": "GAIA_IQ11",
    "query.operator_not_allowed": "GAIA_IQ03",
    "query.equality_in_table": "GAIA_IQ07",
    "query.unknown_option": "GAIA_IQ10",
    "query.bad_day": "GAIA_IQ23",
    "query.bad_unit": "GAIA_IQ25",
    "query.bad_weekday": "GAIA_IL08",
    "query.bad_amount": "GAIA_IL08",
    "query.argument_count": "GAIA_IL08",
    "query.unknown_function": "GAIA_IL08",
    "query.function_not_allowed": "GAIA_IL08",
    "query.too_far": "GAIA_IL08",
    "query.not_related": "GAIA_IR02",
    "query.unknown_user": "GAIA_IL26",
    "query.unknown_organization": "GAIA_IL28",
    "query.unknown_group": "GAIA_IL42",
    "query.limit_too_large": "GAIA_QU01",
    "query.offset_too_large": "GAIA_QU02",
}


def kintone_code(problem: Problem) -> str:
    """The code that kintone's API answers for a problem of a query."""
    return KINTONE.get(problem.code, VALIDATION)


def problem(code: str, position: int = 0, **params: t.Any) -> Problem:
    """A problem at a place of the text (counted from 1; 0 where there is no text)."""
    return Problem(code=f"query.{code}", params={"position": position, **params})


def shown(text: str, limit: int = 40) -> str:
    """A piece of input as an error message may repeat it."""
    clean = "".join(c if c.isprintable() else "�" for c in text[: limit + 1])
    return clean if len(clean) <= limit else clean[:limit] + "…"
