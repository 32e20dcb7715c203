"""What somebody types into a search box, taken apart: words, and for each the forms under which it is looked for."""

from __future__ import annotations

import typing as t
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lowcode.errors import Invalid, invalid
from lowcode.fields.eras import parse_date
from lowcode.fields.folding import fold
from lowcode.search import romaji
from lowcode.search.folding import compact, loose, normal
from lowcode.search.grams import Condition, Every, Place, Some, holds, nearly

MOST_WORDS: t.Final = 20
LONGEST: t.Final = 200
_LONGEST_NUMBER: t.Final = 18


@dataclass(frozen=True)
class Form:
    """One way in which a word may stand in a text."""

    text: str
    """Compact normal form; the loose one when ``heard``."""
    heard: bool = False
    means: t.Literal["typed", "other"] = "typed"
    """``other``: worked out from what was typed (a date of an era, kana for Latin letters)."""


Keys = Callable[[Form], Sequence[str]]
"""The keys of the texts that may hold a form."""


@dataclass(frozen=True)
class Word:
    """One word that a record must hold."""

    forms: tuple[Form, ...]

    def condition(self, keys: Keys, place: Place = "inside") -> Condition:
        """The condition that one of the texts of ``keys`` holds it."""
        return Some(tuple(holds(keys(form), form.text, place, heard=form.heard) for form in self.forms))


@dataclass(frozen=True)
class Needle:
    """Everything that a record must hold."""

    words: tuple[Word, ...]
    fuzzy: bool = False
    number: int | None = None
    """What was typed as a number: it may be a record's."""

    def condition(self, keys: Keys, place: Place = "inside") -> Condition:
        """Every word in some text of ``keys``."""
        return Every(tuple(word.condition(keys, place) for word in self.words))

    def nearby(self, keys: Keys) -> Condition:
        """Further records that a fuzzy search shows last: one word misheard by a character, or one word not there."""
        ways: list[Condition] = []
        for at, word in enumerate(self.words):
            others = tuple(w.condition(keys) for n, w in enumerate(self.words) if n != at)
            near = tuple(nearly(keys(form), form.text) for form in word.forms if form.heard)
            ways.append(Every((*others, Some(near))))
            if others:
                ways.append(Every(others))
        return Some(tuple(ways))


def parse(text: str, *, fuzzy: bool = False) -> Needle | None:
    """What to look for; None when there is nothing but spaces and signs.

    :param fuzzy: also what sounds alike, and last what comes near.
    :raises Invalid: ``query.too_many_words``.
    """
    text = text[:LONGEST]
    if (whole := _date_of(text)) is not None:
        typed = _as_one(text)
        return Needle((Word((Form(whole, means="other"), *([Form(typed)] if typed else ()))),), fuzzy)
    pieces = list(dict.fromkeys(_pieces(text)))
    if len(pieces) > MOST_WORDS:
        raise invalid("query.too_many_words", limit=MOST_WORDS)
    words = tuple(word for piece in pieces if (word := _word(piece, fuzzy=fuzzy)).forms)
    if not words:
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    number = int(plain) if plain.isascii() and plain.isdecimal() and len(plain) <= _LONGEST_NUMBER else None
    return Needle(words, fuzzy, number)


def _pieces(text: str) -> Iterator[str]:
    """The words; a telephone number written with spaces is one."""
    plain = unicodedata.normalize("NFKC", text)
    digits = sum(map(str.isdecimal, plain))
    if digits >= 8 and all(c.isdecimal() or c in " -()+." for c in plain):
        yield plain
    else:
        yield from text.split()


def _as_one(text: str) -> str:
    return compact(normal(text))


def _date_of(text: str) -> str | None:
    """The digits of a date written in any way: ``19800309`` for S55.3.9."""
    plain = unicodedata.normalize("NFKC", text)
    if not any(map(str.isdecimal, plain)) and "元" not in plain:
        return None
    try:
        found = parse_date(text)
    except Invalid:
        return None
    return None if found is None else found.isoformat().replace("-", "")


def _word(piece: str, *, fuzzy: bool) -> Word:
    run = _as_one(piece)
    if not run:
        return Word(())
    forms: dict[tuple[str, bool], Form] = {(run, False): Form(run)}

    def also(form: Form) -> None:
        forms.setdefault((form.text, form.heard), form)

    if (day := _date_of(piece)) is not None:
        also(Form(day, means="other"))
    # A passport leaves long vowels out, so kana that come from Latin letters are compared as they sound.
    for kana in romaji.to_kana(piece) if len(run) > 1 else ():
        also(Form(compact(loose(normal(kana))), heard=True, means="other"))
    # The folding of the fields keeps small kana, which the way to Latin letters needs.
    for latin in romaji.to_latin(fold(piece).replace(" ", "")) if len(run) > 1 else ():
        also(Form(latin, means="other"))
    if fuzzy:
        heard = compact(loose(normal(piece)))
        if heard:
            also(Form(heard, heard=True))
    return Word(tuple(forms.values()))


__all__ = ["LONGEST", "MOST_WORDS", "Form", "Keys", "Needle", "Word", "parse"]
