"""Text as it is searched: two forms, so that whoever types it differently still finds it.

:func:`normal` makes one of every way to *write* the same thing: width, hiragana and katakana, small kana, old
kanji, capital letters, accents, and the signs inside telephone numbers. :func:`loose` also makes one of what is
*heard* alike: voiced and unvoiced kana, long and short vowels.

Both are made in Python only, for the text that is indexed and for what is typed, so they need only agree with
themselves. :data:`VERSION` names what they do; the index keeps it and is filled anew when it is another one.
"""

from __future__ import annotations

import functools
import re
import typing as t
import unicodedata

from lowcode.search.variants import VARIANTS

VERSION: t.Final = 1
"""Raise it with every change of what is indexed for a text: here, in the table of variants or in the grams."""

_SMALL: t.Final = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))
_MARKS: t.Final = "\u3099\u309a\uff9e\uff9f\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef"


def _table() -> dict[int, str]:
    table: dict[int, str] = {}
    for code in range(ord("ぁ"), ord("ゖ") + 1):
        katakana = chr(code + 0x60)
        table[code] = _SMALL.get(katakana, katakana)
    table |= {ord(small): large for small, large in _SMALL.items()}
    table |= {ord(variant): usual for variant, usual in VARIANTS.items()}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        bare = "".join(c for c in unicodedata.normalize("NFD", chr(code)) if not unicodedata.combining(c))
        if bare != chr(code):
            table[code] = bare.casefold()
    table |= {ord("đ"): "d", ord("ø"): "o", ord("ł"): "l", ord("ı"): "i", ord("æ"): "ae", ord("œ"): "oe"}
    # Accents that stand alone and selectors of a glyph say nothing.
    for code in (*range(0x300, 0x370), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)):
        table[code] = ""
    return table


_FOLDED: t.Final = _table()
_WORD: t.Final = re.compile(r"[^\W_]+")
_COUNTRY: t.Final = re.compile(r"\+81[-\s(]*0?\)?[-\s]*(?=\d)")
_CLUSTER: t.Final = re.compile(rf".[{_MARKS}]*", re.S)

_SOUNDS: t.Final = str.maketrans(
    "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヲヱヰ",
    "カキクケコサシスセソタシステトハヒフヘホハヒフヘホオエイ",
)
_V: t.Final = {"ア": "ハ", "イ": "ヒ", "エ": "ヘ", "オ": "ホ"}
_V_SOUND: t.Final = re.compile("ヴ([アイエオ]?)")
_SPACES: t.Final = re.compile(" +")
_KATAKANA: t.Final = re.compile("[ァ-ヺー]")
_LONG: t.Final = re.compile(
    "ー+"
    "|(?<=[アカサタナハマヤラワ])ア+"
    "|(?<=[イキシチニヒミリ])イ+"
    "|(?<=[ウクスツヌフムユル])ウ+"
    "|(?<=[エケセテネヘメレ])[エイ]+"
    "|(?<=[オコソトノホモヨロ])[オウ]+"
)


def normal(text: str) -> str:
    """The words of ``text`` in their one written form, joined by single spaces.

    Signs and spaces end a word, so ``090-1234-5678`` is three; grams run across (:mod:`lowcode.search.grams`).
    """
    return _normal(text) if len(text) <= 200 else _normal.__wrapped__(text)


@functools.lru_cache(maxsize=20_000)
def _normal(text: str) -> str:
    folded = text.lower() if text.isascii() else _folded(text)
    if "+81" in folded:
        folded = _COUNTRY.sub("0", folded)
    return " ".join(_WORD.findall(folded))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().translate(_FOLDED)


def loose(text: str) -> str:
    """A normal form as it sounds: ``ナカジマ`` and ``ナカシマ``, ``オオノ`` and ``オノ`` become the same."""
    if not _KATAKANA.search(text):
        return text
    plain = _V_SOUND.sub(lambda found: _V.get(found[1], "フ"), text).translate(_SOUNDS)
    return _SPACES.sub(" ", _LONG.sub("", plain))


def compact(text: str) -> str:
    """A normal form without the spaces between its words."""
    return text.replace(" ", "")


class Mapped(t.NamedTuple):
    """A text as it is compared, and from where to where in the text as written each character of it comes."""

    compact: str
    places: tuple[tuple[int, int], ...]


def mapped(text: str) -> Mapped:
    """The compact normal form of ``text`` with the places of its characters, to mark what was found."""
    found: list[str] = []
    places: list[tuple[int, int]] = []
    for cluster in _CLUSTER.finditer(text):
        folded = "".join(_WORD.findall(_folded(cluster[0])))
        found.append(folded)
        places.extend([cluster.span()] * len(folded))
    return Mapped("".join(found), tuple(places))


__all__ = ["VERSION", "Mapped", "compact", "loose", "mapped", "normal"]
