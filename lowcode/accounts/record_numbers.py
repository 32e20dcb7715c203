"""Sets of record numbers as the audit log keeps them: short, exact, in order of number.

``1-50,77`` for what a person looks at; from :data:`LONG` characters on, ``z:`` and the compressed gaps between the
numbers, so that an export of a hundred thousand records is still an entry that names each of them.
"""

from __future__ import annotations

import base64
import itertools
import zlib
from collections.abc import Iterable, Iterator

LONG = 2_000


def packed(numbers: Iterable[int]) -> str:
    """The set as text; empty for none."""
    ordered = sorted(set(numbers))
    text = ",".join(_ranges(ordered))
    if len(text) <= LONG:
        return text
    gaps = ",".join(str(b - a) for a, b in itertools.pairwise([0, *ordered]))
    return "z:" + base64.b64encode(zlib.compress(gaps.encode(), 6)).decode()


def unpacked(text: str) -> Iterator[int]:
    """The numbers of :func:`packed` in order. Raises :class:`ValueError` for a text that it never made."""
    if text.startswith("z:"):
        try:
            gaps = zlib.decompress(base64.b64decode(text[2:], validate=True)).decode()
        except zlib.error as error:
            raise ValueError(str(error)) from None
        yield from itertools.accumulate(map(int, gaps.split(",")))
        return
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def shown(text: str, most: int = 12) -> str:
    """The first ranges of a packed set, for a line on a screen; an ellipsis when there are more."""
    try:
        return _shown(text, most)
    except ValueError:
        return "?"  # somebody tampered with it; `lowcode verify` says so


def _shown(text: str, most: int) -> str:
    numbers = unpacked(text)
    ranges = list(itertools.islice(_ranges(numbers), most + 1))
    if len(ranges) > most:
        ranges[most:] = ["…"]
    return ", ".join(ranges)


def _ranges(ordered: Iterable[int]) -> Iterator[str]:
    first = last = None
    for number in ordered:
        if last is not None and number == last + 1:
            last = number
            continue
        if last is not None:
            yield str(first) if first == last else f"{first}-{last}"
        first = last = number
    if last is not None:
        yield str(first) if first == last else f"{first}-{last}"


__all__ = ["LONG", "packed", "shown", "unpacked"]
