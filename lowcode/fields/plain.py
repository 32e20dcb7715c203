"""Text as people and programs hand it in: what may not be stored, and how long it is."""

from __future__ import annotations

import math
import re
import typing as t
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal

from lowcode.errors import Path, Problem, invalid

# NUL and lone surrogates fit into no database or file; other control characters break CSV, XML and terminals.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile(r"\r\n?|[\x85\u2028\u2029]")
MAX_DEPTH = 40
MAX_SETTING = 100_000
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


def coerce_text(raw: t.Any, *, limit: int, lines: bool = False) -> str | None:
    """Text from canonical JSON, None for nothing; numbers are taken as text, as kintone does.

    :param limit: how many characters may be stored at all.
    :param lines: whether line breaks are allowed (they become ``\\n``).
    :raises Invalid: ``text.not_text``, ``text.control_character``, ``text.line_break``, ``text.too_long``.
    """
    if raw is None or raw == "":
        return None
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        raw = shortened(raw)
    if not isinstance(raw, str):
        raise invalid("text.not_text", value=shortened(raw))
    if len(raw) > limit:
        raise invalid("text.too_long", limit=limit, length=len(raw))
    if raw.isprintable():
        return raw  # neither line ends nor anything forbidden is printable
    text = _LINE_END.sub("\n", raw)
    if not lines and "\n" in text:
        raise invalid("text.line_break")
    found = _FORBIDDEN.search(text)
    if found is not None:
        raise invalid("text.control_character", character=f"U+{ord(found[0]):04X}", position=found.start() + 1)
    return text


def as_text(raw: t.Any) -> str:
    """A cell or a literal of a query as the text that a person would have typed."""
    if raw is None:
        return ""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, Decimal | date | time):
        return str(raw)
    return str(raw).upper() if isinstance(raw, bool) else shortened(raw)


def unwritable(value: t.Any, path: Path = ()) -> Iterator[Problem]:
    """What in a JSON value no database and no file could hold, and where."""
    if len(path) > MAX_DEPTH:
        yield Problem(code="setting.wrong_type", path=path, params={"value": shortened(value)})
    elif isinstance(value, str):
        if found := _FORBIDDEN.search(value):
            params = {"character": f"U+{ord(found[0]):04X}", "position": found.start() + 1}
            yield Problem(code="text.control_character", path=path, params=params)
        elif len(value) > MAX_SETTING:
            yield Problem(code="text.too_long", path=path, params={"limit": MAX_SETTING, "length": len(value)})
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str) or _FORBIDDEN.search(key):
                yield Problem(code="setting.wrong_type", path=path, params={"value": shortened(key)})
            else:
                yield from unwritable(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from unwritable(inner, (*path, position))
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            yield Problem(code="setting.out_of_range", path=path, params={"value": shortened(value)})
    elif value is not None and not is_finite(value):
        yield Problem(code="setting.wrong_type", path=path, params={"value": shortened(value)})


def is_finite(value: t.Any) -> bool:
    """Whether a value is a number that has a finite size."""
    return value.is_finite() if isinstance(value, Decimal) else isinstance(value, float) and math.isfinite(value)


def length(text: str) -> int:
    """How many characters a person counts: marks, variation selectors and joiners belong to the one before."""
    if text.isascii():
        return len(text)
    return sum(1 for c in text if c not in _JOINERS and unicodedata.category(c) not in ("Mn", "Me"))


def shortened(raw: t.Any, limit: int = 80) -> str:
    """What was given, short enough for a sentence and free of characters that cannot be written."""
    if isinstance(raw, str):
        text = raw
    elif raw is None or isinstance(raw, bool):
        text = {None: "null", True: "true", False: "false"}[raw]
    elif isinstance(raw, float) or (isinstance(raw, int) and raw.bit_length() < 1_000):
        text = repr(raw)
    else:
        text = {"dict": "{…}", "list": "[…]", "tuple": "[…]"}.get(type(raw).__name__, type(raw).__name__)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return text if len(text) <= limit else f"{text[:limit]}…"
