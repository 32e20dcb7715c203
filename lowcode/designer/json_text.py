"""JSON as text: written for people, and read with the line of every value, so that problems find their place."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # the C scanner; typeshed leaves it out

from lowcode.errors import Invalid, Path, Problem

DEEPEST: t.Final = 60
"""A definition is about ten levels deep; beyond this the text is an attack or a mistake."""
LONGEST: t.Final = 4_000_000
_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_HALF = re.compile("[\ud800-\udfff]")
_WORDS: t.Final[Mapping[str, t.Any]] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Located:
    """A value read from a text, and on which line each of its parts begins (counted from 1)."""

    value: t.Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a place; of the nearest thing around it when the text leaves it out."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


def write(value: t.Any) -> str:
    """A definition as text, in its own order, indented by two."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def read(text: str) -> Located:
    """The value of a text with its lines.

    :raises Invalid: it is no JSON (``designer.json.syntax`` with line and column), or names a key twice.
    """
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if len(text) > LONGEST:
        raise Invalid([Problem(code="deploy.draft_too_large", params={"limit": LONGEST})])
    reader = _Reader(text)
    value, at = reader.value(reader.blank(0), (), 0)
    if reader.blank(at) != len(text):
        raise reader.wrong(reader.blank(at))
    if reader.twice:
        raise Invalid(reader.twice)
    return Located(value, reader.lines)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[Path, int] = {}
        self.twice: list[Problem] = []
        self._last = (0, 1)

    def blank(self, at: int) -> int:
        """The next place that is not white space."""
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def line(self, at: int) -> int:
        """The line of a place; places are asked in order, so that each stretch is counted once."""
        place, line = self._last
        if at >= place:
            line += self.text.count("\n", place, at)
        else:
            line = self.text.count("\n", 0, at) + 1
        self._last = (at, line)
        return line

    def wrong(self, at: int, code: str = "designer.json.syntax") -> Invalid:
        """What to raise for a mistake at a place."""
        column = at - self.text.rfind("\n", 0, at)
        return Invalid([Problem(code=code, params={"line": self.line(at), "column": column})])

    def value(self, at: int, path: Path, depth: int) -> tuple[t.Any, int]:
        """One value and the place behind it."""
        if depth > DEEPEST:
            raise self.wrong(at, "definition.too_deep")
        self.lines.setdefault(path, self.line(at))
        start = self.text[at : at + 1]
        if start == "{":
            return self._object(at + 1, path, depth + 1)
        if start == "[":
            return self._array(at + 1, path, depth + 1)
        if start == '"':
            return self._string(at)
        for word, value in _WORDS.items():
            if self.text.startswith(word, at):
                return value, at + len(word)
        number = _NUMBER.match(self.text, at)
        if number is None or len(number[0]) > 40:
            raise self.wrong(at)
        read = float(number[0]) if number[1] or number[2] else int(number[0])
        if abs(read) == float("inf"):
            raise self.wrong(at)
        return read, number.end()

    def _string(self, at: int) -> tuple[str, int]:
        try:
            found, end = t.cast("tuple[str, int]", scanstring(self.text, at + 1, True))
        except json.JSONDecodeError as error:
            raise self.wrong(error.pos) from None
        if _HALF.search(found):
            raise self.wrong(at)  # half a surrogate pair is no character, and no database takes it
        return found, end

    def _object(self, at: int, path: Path, depth: int) -> tuple[t.Any, int]:
        made: dict[str, t.Any] = {}
        at = self.blank(at)
        if self.text[at : at + 1] == "}":
            return made, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise self.wrong(at)
            place = (at, self.line(at))
            key, at = self._string(at)
            at = self.blank(at)
            if self.text[at : at + 1] != ":":
                raise self.wrong(at)
            if key in made:
                self.twice.append(
                    Problem(code="designer.json.twice", path=(*path, key), params={"key": key[:40], "line": place[1]})
                )
            self.lines[(*path, key)] = place[1]
            made[key], at = self.value(self.blank(at + 1), (*path, key), depth)
            at, more = self._next(at, "}")
            if not more:
                return made, at

    def _array(self, at: int, path: Path, depth: int) -> tuple[t.Any, int]:
        made: list[t.Any] = []
        at = self.blank(at)
        if self.text[at : at + 1] == "]":
            return made, at + 1
        while True:
            value, at = self.value(at, (*path, len(made)), depth)
            made.append(value)
            at, more = self._next(at, "]")
            if not more:
                return made, at

    def _next(self, at: int, end: str) -> tuple[int, bool]:
        at = self.blank(at)
        mark = self.text[at : at + 1]
        if mark == end:
            return at + 1, False
        if mark != ",":
            raise self.wrong(at)
        return self.blank(at + 1), True


@dataclass(frozen=True)
class Excerpt:
    """A few lines of a text around a problem."""

    line: int
    rows: tuple[tuple[int, str, bool], ...]
    """Number, text, and whether it is the line that is meant."""


def excerpt(text: str, line: int, around: int = 1) -> Excerpt:
    """The lines around a line."""
    rows = text.replace("\r\n", "\n").split("\n")
    first, last = max(1, line - around), min(len(rows), line + around)
    return Excerpt(line, tuple((n, rows[n - 1][:160], n == line) for n in range(first, last + 1)))
