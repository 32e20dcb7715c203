"""How well a record answers a search: which field holds each word, and where to put the marks."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lowcode.search.folding import compact, loose, mapped
from lowcode.search.grams import SHORT_TEXT
from lowcode.search.needle import Form, Keys, Needle, Word

WHOLE, WORD, START, INSIDE = 8, 6, 4, 2
"""A text that is the word, has it as a word, begins a word with it, or just holds it."""
SHORT: t.Final = 80
"""A hit in a text up to this length says more than one in a long note."""


@dataclass(frozen=True)
class Match:
    """How a record answers: higher scores first."""

    score: int
    keys: tuple[str, ...]
    """The texts that hold the words, the best one of each word, in the order of the words."""


def match(needle: Needle, texts: Mapping[str, str], keys: Keys) -> Match | None:
    """How the texts of ``keys`` answer the needle; None when a word is in none of them.

    :param keys: what the asker may read, the most telling first (nothing else is looked at).
    """
    score, found = 0, []
    for word in needle.words:
        best = _best(word, texts, keys)
        if best is None:
            return None
        score += best[0]
        found.append(best[1])
    return Match(score, tuple(dict.fromkeys(found)))


def near(needle: Needle, texts: Mapping[str, str], keys: Keys) -> Match:
    """The same for a record that comes near: words that are not there count nothing."""
    bests = [best for word in needle.words if (best := _best(word, texts, keys)) is not None]
    return Match(sum(best[0] for best in bests), tuple(dict.fromkeys(best[1] for best in bests)))


def _best(word: Word, texts: Mapping[str, str], keys: Keys) -> tuple[int, str] | None:
    best: tuple[int, str] | None = None
    for form in word.forms:
        for at, key in enumerate(keys(form)):
            text = texts.get(key)
            if not text:
                continue
            if form.heard:
                text = loose(text) if len(text) <= SHORT_TEXT else text
            quality = _quality(form, text)
            if not quality:
                continue
            # As it was typed before as it sounds; a name before a note; the title before the rest.
            score = quality * 10 + (0 if form.heard else 10) + (10 if len(text) <= SHORT else 0) + (5 if at == 0 else 0)
            if best is None or score > best[0]:
                best = (score, key)
    return best


def _quality(form: Form, text: str) -> int:
    if form.text not in text:
        # Seldom: the word runs across a space or a sign of the text.
        return _across(form.text, text) if " " in text else 0
    if form.text == text:
        return WHOLE
    words = text.split()
    if form.text in words:
        return WORD
    return START if any(word.startswith(form.text) for word in words) else INSIDE


def _across(wanted: str, text: str) -> int:
    """How a text holds a word that runs across its spaces: 渡辺斉 in 渡辺 斉, a number in its notation."""
    found = 0
    for line in text.split("\n"):
        run = compact(line)
        if wanted in run:
            found = max(found, WHOLE if wanted == run else START if run.startswith(wanted) else INSIDE)
    return found


class Piece(t.NamedTuple):
    """A stretch of a text as written, and whether it is what was looked for."""

    text: str
    found: bool


def marked(text: str, needle: Needle, *, around: int = 0) -> list[Piece]:
    """``text`` in pieces, those that hold a word marked.

    :param around: cut it so that about so many characters stand on each side of the first mark; 0 keeps all.
    """
    spans = sorted(_spans(text, needle))
    begin, end = 0, len(text)
    if around and spans:
        begin, end = max(0, spans[0][0] - around), min(len(text), spans[0][1] + around)
    elif around:
        end = min(end, 2 * around)
    pieces: list[Piece] = []
    at = begin
    for start, stop in spans:
        if stop <= at or start >= end:
            continue
        start, stop = max(start, at), min(stop, end)
        if start > at:
            pieces.append(Piece(text[at:start], False))
        pieces.append(Piece(text[start:stop], True))
        at = stop
    if at < end:
        pieces.append(Piece(text[at:end], False))
    if begin and pieces:
        pieces.insert(0, Piece("…", False))
    if end < len(text):
        pieces.append(Piece("…", False))
    return pieces


def _spans(text: str, needle: Needle) -> Iterator[tuple[int, int]]:
    """From where to where in ``text`` the words stand; one that only sounds alike is marked with its whole word."""
    run, places = mapped(text)
    for word in needle.words:
        for form in word.forms:
            if form.heard:
                yield from _heard_spans(text, form.text)
                continue
            at = run.find(form.text)
            while at >= 0:
                yield places[at][0], places[at + len(form.text) - 1][1]
                at = run.find(form.text, at + 1)


def _heard_spans(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    run, places = mapped(text)
    if wanted not in loose(run):
        return
    # The shortest stretch that sounds so: its end is where it first does, its beginning the last that still does.
    end = next(n for n in range(1, len(run) + 1) if wanted in loose(run[:n]))
    begin = next(n for n in range(end - 1, -1, -1) if wanted in loose(run[n:end]))
    yield places[begin][0], places[end - 1][1]


__all__ = ["Match", "Piece", "marked", "match", "near"]
