"""Literals of a query read as values, each kind in its way."""

from __future__ import annotations

import contextlib
import re
import typing as t
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid
from lowcode.fields.base import Context, Field
from lowcode.fields.options import ChoiceField
from lowcode.query import functions
from lowcode.query.functions import Span
from lowcode.query.problems import problem

MAX_NUMBER = 60
_LARGEST_ID = 2**63 - 1
_DAY: t.Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_INSTANT: t.Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_NUMBER: t.Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_RECORD_NUMBER: t.Final = re.compile(r"(?:(.*)-)?([0-9]{1,40})")


def unstorable(text: str) -> bool:
    """Whether a database would refuse the text: control characters and halves of surrogate pairs."""
    return any((c < " " and c not in "\t\n\r") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)


def record_number(text: str, field: Field | None, definition: AppDefinition) -> int:
    """A record's id from ``12`` or, where the field is the record number, ``APPCODE-12``."""
    text = unicodedata.normalize("NFKC", text[:300]).strip()
    found = _RECORD_NUMBER.fullmatch(text)
    prefix = found[1] if found else None
    if found is None or (prefix is not None and (field is None or prefix.upper() != definition.code.upper())):
        signed = re.fullmatch(r"-[0-9]{1,40}", text)
        if signed:
            return max(int(text), -_LARGEST_ID)
        raise Invalid([problem("not_a_value")])
    # Ids beyond 64 bits exist nowhere; the largest number stands for them all.
    return min(int(found[2]), _LARGEST_ID)


def state_id(text: str, definition: AppDefinition) -> int:
    """A state's id from its name in any language; present states win over removed ones."""
    states = definition.status.states
    for retired in (False, True):
        for state in states:
            if bool(state.retired) is retired and (text == state.name or text in dict(state.names).values()):
                return state.id
    raise Invalid([problem("unknown_option")])


def number(text: str, field: Field, ctx: Context) -> Decimal:
    clean = text.strip()
    if _NUMBER.fullmatch(clean) and len(clean) <= MAX_NUMBER:
        return Decimal(clean)
    return Decimal(field.operand(text, ctx))  # full-width digits, hours and minutes: as the field reads them


def day(text: str) -> date | None:
    """A day from year, month and day; None where it is written in another way (an era, full width)."""
    found = _DAY.fullmatch(text.strip())
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        raise Invalid([problem("not_a_value")]) from None


def instant(text: str, field: Field, ctx: Context) -> Span:
    """A minute from a date and a time, a whole day from a date alone."""
    whole_day = day(text)
    if whole_day is not None:
        return functions.as_instants(functions.one_day(whole_day), ctx)
    whole = _INSTANT.fullmatch(text.strip())
    try:
        if whole:
            zone = "+00:00" if whole[4] == "Z" else whole[4] or ""
            moment = datetime.fromisoformat(f"{whole[1]}T{whole[2]}{whole[3] or ''}{zone}")
            return functions.minute(moment if moment.tzinfo else moment.replace(tzinfo=ctx.zone))
        return functions.minute(field.operand(text, ctx))
    except (ValueError, OverflowError):
        raise Invalid([problem("not_a_value")]) from None


def named(names: Iterable[str], field: Field, ctx: Context) -> list[t.Any]:
    """Names that people keep outside the app as values of a field; those that the field does not know are left out.

    A name means the option that reads so today, then the one that once did: it was typed for people to read.
    """
    read = field.parse_option if isinstance(field, ChoiceField) else field.operand
    found: list[t.Any] = []
    for name in names:
        with contextlib.suppress(Invalid):
            found.append(read(name, ctx))
    return found
