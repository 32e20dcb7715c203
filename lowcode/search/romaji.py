"""Kana in Latin letters and back, for names that somebody types as they stand in a passport.

Hepburn and the national system (訓令式) are both understood on the way to kana: ``shi`` and ``si``, ``tsu`` and
``tu``. The way is not unique (``junichi`` may be ジュンイチ or ジュニチ), so it gives every reading.
"""

from __future__ import annotations

import itertools
import re
import typing as t
import unicodedata

_ROWS: t.Final = {
    "": "アイウエオ",
    "k": "カキクケコ",
    "s": "サシスセソ",
    "t": "タチツテト",
    "n": "ナニヌネノ",
    "h": "ハヒフヘホ",
    "m": "マミムメモ",
    "r": "ラリルレロ",
    "g": "ガギグゲゴ",
    "z": "ザジズゼゾ",
    "d": "ダヂヅデド",
    "b": "バビブベボ",
    "p": "パピプペポ",
    "v": ["ヴァ", "ヴィ", "ヴ", "ヴェ", "ヴォ"],
    "f": ["ファ", "フィ", "フ", "フェ", "フォ"],
    "l": "ラリルレロ",
}
_Y_ROWS: t.Final = {
    "k": "キ", "s": "シ", "t": "チ", "n": "ニ", "h": "ヒ", "m": "ミ", "r": "リ", "g": "ギ", "z": "ジ", "d": "ヂ",
    "b": "ビ", "p": "ピ",
}  # fmt: skip
_HEPBURN: t.Final = {"sh": "シ", "ch": "チ", "j": "ジ"}
_LONGEST: t.Final = 3
MOST: t.Final = 8
"""So many readings of one word are tried."""


def _syllables() -> dict[str, str]:
    found: dict[str, str] = {}
    for consonant, row in _ROWS.items():
        for vowel, kana in zip("aiueo", row, strict=True):
            found[consonant + vowel] = kana
    for consonant, kana in _Y_ROWS.items():
        for vowel, small in zip("auo", "ャュョ", strict=True):
            found[f"{consonant}y{vowel}"] = kana + small
    for consonant, kana in _HEPBURN.items():
        for vowel, small in zip("aueo", "ャュェョ", strict=True):
            found[consonant + vowel] = kana + small
        found[f"{consonant}i"] = kana
    return found | {"ya": "ヤ", "yu": "ユ", "yo": "ヨ", "wa": "ワ", "wo": "ヲ", "fu": "フ", "tsu": "ツ", "thi": "ティ"}


_TO_KANA: t.Final = _syllables()


def _kana_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for consonant in "", "k", "s", "t", "n", "h", "m", "r", "g", "z", "d", "b", "p":
        for vowel, kana in zip("aiueo", _ROWS[consonant], strict=True):
            table[kana] = consonant + vowel
    table |= {"シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu", "ヲ": "o"}
    table |= {"ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ン": "n", "ー": ""}
    for consonant, kana in _Y_ROWS.items():
        for vowel, small in zip("auo", "ャュョ", strict=True):
            table[kana + small] = f"{consonant}y{vowel}"
    for consonant, kana in _HEPBURN.items():
        for vowel, small in zip("aueo", "ャュェョ", strict=True):
            table[kana + small] = consonant + vowel
    for start, kana in (("v", "ヴ"), ("f", "フ")):
        for vowel, small in zip("aieo", "ァィェォ", strict=True):
            table[kana + small] = start + vowel
    return table | {"ヴ": "vu", "ティ": "ti", "ディ": "di", "ヂャ": "ja", "ヂュ": "ju", "ヂョ": "jo"}


_TO_LATIN: t.Final = _kana_table()
_LABIAL: t.Final = re.compile("n(?=[bmp])")


def to_latin(kana: str) -> tuple[str, ...]:
    """Katakana in Hepburn letters: as a passport writes it, and with every vowel written; () for anything else.

    :param kana: katakana in full width, with small kana as they are.
    """
    parts: list[str] = []
    at = 0
    while at < len(kana):
        if kana[at] == "ッ":
            following = _TO_LATIN.get(kana[at + 1 : at + 3]) or _TO_LATIN.get(kana[at + 1 : at + 2], "")
            parts.append("t" if following.startswith("ch") else following[:1])
            at += 1
            continue
        for length in (2, 1):
            if (found := _TO_LATIN.get(kana[at : at + length])) is not None and at + length <= len(kana):
                parts.append(found)
                at += length
                break
        else:
            return ()
    full = "".join(parts)
    short = full.replace("ou", "o").replace("oo", "o").replace("uu", "u")
    return tuple(dict.fromkeys(way for each in (short, full) if each for way in (each, _LABIAL.sub("m", each))))


def to_kana(latin: str) -> tuple[str, ...]:
    """Every reading of Latin letters as katakana, at most :data:`MOST`; () when they are no romaji."""
    decomposed = unicodedata.normalize("NFD", latin).lower()
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    if not letters.replace("'", "").isascii() or not letters.replace("'", "").isalpha():
        return ()
    return tuple(dict.fromkeys(itertools.islice(_readings(letters, 0), MOST)))


def _readings(letters: str, at: int) -> t.Iterator[str]:
    if at == len(letters):
        yield ""
        return
    here, after = letters[at], letters[at + 1 : at + 2]
    if here == "'":
        yield from _readings(letters, at + 1)
        return
    if (here == after and here in "kstpgzdbhcfjmr") or letters[at : at + 3] == "tch":
        for rest in _readings(letters, at + 1):
            yield "ッ" + rest
        return
    if here == "h" and at and letters[at - 1] in "oua" and after not in tuple("aiueoy"):
        yield from _readings(letters, at + 1)  # Ohno, Itoh: the h says that the vowel is long
        return
    for length in range(min(_LONGEST, len(letters) - at), 0, -1):
        kana = _TO_KANA.get(letters[at : at + length])
        if kana is not None:
            for rest in _readings(letters, at + length):
                yield kana + rest
            break
    if here == "n" or (here == "m" and after in tuple("bmp")):
        for rest in _readings(letters, at + 1):
            yield "ン" + rest


__all__ = ["MOST", "to_kana", "to_latin"]
