"""Pieces of text that are indexed, and conditions on them.

A text gives its pairs of characters; a number gives its runs of four digits, since pairs of digits would find every
long number. Each gram carries the key of the field it comes from, so that a search names only the fields that the
asker may read, and what is in another field has no part in it.
"""

from __future__ import annotations

import functools
import itertools
import re
import typing as t
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lowcode.search.folding import compact, loose

SHORT_TEXT: t.Final = 80
"""Up to this many characters a text also tells where its words begin and end, and how it sounds."""
LONGEST_TEXT: t.Final = 30_000
"""Characters of one text that are indexed; what stands behind is not found."""
MOST_GRAMS: t.Final = 50_000
"""Grams of one record: PostgreSQL keeps a row's in one value of at most 1 MB."""
DIGITS: t.Final = 4
EDGE: t.Final = "_"
STRICT: t.Final = "="
LOOSE: t.Final = "~"
_PARTS: t.Final = re.compile(r"\d+|\D+")
_DIGIT: t.Final = re.compile(r"\d")

Place = t.Literal["inside", "start", "word"]
"""Where a word must stand: anywhere, at the start of a word, or as a whole word."""


@dataclass(frozen=True, slots=True)
class Gram:
    """One gram of one field; with ``prefix``, any that begins so."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All of the parts."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of the parts; none of none."""

    parts: tuple[Condition, ...]


Condition = Gram | Every | Some


def of_record(texts: Mapping[str, str]) -> list[str]:
    """The grams of a record.

    :param texts: its texts in their normal form, by key; lines are the rows of a subtable, and no word runs across.
    """
    found: list[str] = []
    for key, text in texts.items():
        found += _of_short_text(key, text) if len(text) <= SHORT_TEXT else _of_text(key, text)
        if len(found) > MOST_GRAMS:
            return found[:MOST_GRAMS]
    return found


def is_whole(texts: Mapping[str, str]) -> bool:
    """Whether all grams of a record are certainly kept, so that those of one text do not depend on the others."""
    return sum(map(len, texts.values())) < MOST_GRAMS // 6


def _of_text(key: str, text: str) -> list[str]:
    """The grams of one text; the same ones every time, since what the index forgets must be what it was given."""
    found = _with(key + STRICT, text[:LONGEST_TEXT])
    if len(text) <= SHORT_TEXT:
        heard = loose(text)
        if heard != text:
            found += _with(key + LOOSE, heard)
    return found


# Wards and states come again and again.
_of_short_text = functools.lru_cache(maxsize=5_000)(_of_text)


def _with(prefix: str, text: str) -> list[str]:
    found: list[str] = []
    for line in text.split("\n") if "\n" in text else (text,):
        run = compact(line) if " " in line else line
        if not run:
            continue
        # Each save does this for every text: most are words alone or digits alone.
        if run.isdecimal():
            found += [prefix + run[at : at + DIGITS] for at in range(len(run))]
        elif _DIGIT.search(run) is None:
            found += [prefix + first + second for first, second in itertools.pairwise(run)]
            found.append(prefix + run[-1:])
        else:
            _add_windows(found, prefix, run)
        if len(run) <= SHORT_TEXT:
            for word in line.split():
                # Where a number begins is told by nobody.
                if not word.isdecimal():
                    found += (prefix + EDGE + _first(word), prefix + word[-1] + EDGE)
    return list(dict.fromkeys(found))


def _add_windows(found: list[str], prefix: str, run: str) -> None:
    """Pairs of characters and runs of up to four digits, from every place on."""
    last = len(run)
    for part in _PARTS.finditer(run):
        start, end = part.span()
        if run[start].isdecimal():
            digits = part[0]
            found += [prefix + digits[at : at + DIGITS] for at in range(end - start)]
            if end < last:
                found.append(prefix + run[end - 1 : end + 1])
        else:
            found += [prefix + run[at : at + 2] for at in range(start, end)]


def _digits_end(run: str, at: int) -> int:
    end = at + 1
    while end < len(run) and end - at < DIGITS and run[end].isdecimal():
        end += 1
    return end


def _first(word: str) -> str:
    """The gram that a word begins with."""
    return word[: _digits_end(word, 0)] if word[0].isdecimal() else word[:2]


def wanted(word: str, place: Place = "inside") -> list[tuple[str, bool]]:
    """The grams that a text must have when it holds ``word`` (without spaces): each, and whether as a beginning."""
    found: dict[tuple[str, bool], None] = {}
    at, last = 0, len(word) - 1
    while at <= last:
        if word[at].isdecimal():
            end = at + 1
            while end <= last and word[end].isdecimal():
                end += 1
            if end - at < DIGITS:
                found[word[at:end], True] = None
            for start in range(at, end - DIGITS + 1):
                found[word[start : start + DIGITS], False] = None
            if end <= last:
                found[word[end - 1 : end + 1], False] = None
            at = end
            continue
        if at < last:
            found[word[at : at + 2], False] = None
        elif last == 0:
            found[word, True] = None
        at += 1
    if place != "inside" and not word.isdecimal():
        first = _first(word)
        whole = len(first) == (DIGITS if word[0].isdecimal() else 2)
        found[EDGE + first, not whole] = None
    if place == "word" and not word.isdecimal():
        found[word[-1] + EDGE, False] = None
    return list(found)


def holds(keys: Collection[str], word: str, place: Place = "inside", *, heard: bool = False) -> Condition:
    """The condition that one of the texts of ``keys`` holds ``word``.

    :param heard: ``word`` is in its loose form and compared with that of the texts. Where the loose form of a text
        is the text itself, it is not indexed twice.
    """
    grams = wanted(word, place)
    kinds = (STRICT, LOOSE) if heard else (STRICT,)
    return Some(
        tuple(
            Every(tuple(Gram(f"{key}{kind}{text}", prefix) for text, prefix in grams)) for key in keys for kind in kinds
        )
    )


def nearly(keys: Collection[str], word: str) -> Condition:
    """The condition that a text holds ``word`` (in its loose form) but for one character somewhere in it."""
    grams = [text for text, prefix in wanted(word) if not prefix]
    ways = []
    for skipped in range(len(grams) + 1):
        left = [gram for at, gram in enumerate(grams) if at not in (skipped - 1, skipped)]
        ways.append(left)
    return Some(
        tuple(
            Every(tuple(Gram(f"{key}{kind}{text}") for text in left))
            for key in keys
            for kind in (STRICT, LOOSE)
            for left in ways
            if len(left) >= 2
        )
    )


__all__ = [
    "Condition",
    "Every",
    "Gram",
    "Place",
    "Some",
    "holds",
    "is_whole",
    "nearly",
    "of_record",
    "wanted",
]
