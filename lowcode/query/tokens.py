"""The text of a query cut into tokens. Linear in the length of the text, and stopped at a fixed number."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from lowcode.errors import Invalid, Problem
from lowcode.query.problems import problem, shown

MAX_LENGTH = 60_000
MAX_TOKENS = 12_000

Kind = t.Literal["word", "text", "operator", "(", ")", ",", "end"]

# Every alternative begins differently and is possessive: no text makes the scan go back.
_TOKEN: t.Final = re.compile(
    r"""
      (?P<space>[ \t\r\n\u3000]++)
    | (?P<text>"(?:[^"\\\x00-\x1f\x7f]|\\["\\ntr])*+")
    | (?P<operator>!=|>=|<=|=|>|<)
    | (?P<mark>[(),])
    | (?P<word>[^\s"()<>=!,;'`\x00-\x1f\x7f\\]++)
    """,
    re.VERBOSE,
)
_TEXT_START: t.Final = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\["\\ntr])*+')
_ESCAPES: t.Final = {"\\\\": "\\", '\\"': '"', "\\n": "\n", "\\t": "\t", "\\r": "\r"}
_ESCAPE: t.Final = re.compile(r'\\["\\ntr]')
_FULL_WIDTH: t.Final = str.maketrans("＝＞＜（），！“”＂", '=><(),!"""')


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: ``start`` and ``end`` are offsets into it."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def position(self) -> int:
        """Where it begins, counted from 1."""
        return self.start + 1

    @property
    def value(self) -> str:
        """What a quoted text means."""
        return unquote(self.text) if self.kind == "text" else self.text


def scan(text: str) -> list[Token]:
    """The tokens of ``text``, white space left out, ``end`` last.

    :raises Invalid: ``query.too_long``, ``query.too_many_parts``, or what is wrong at the first bad character.
    """
    if len(text) > MAX_LENGTH:
        raise Invalid([problem("too_long", limit=MAX_LENGTH, length=len(text))])
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    match, at, count, length = _TOKEN.match, 0, 0, len(text)
    while at < length:
        found = match(text, at)
        if found is None:
            raise Invalid([_mistake(text, at)])
        start, at = at, found.end()
        kind = found.lastgroup
        if kind == "space":
            continue
        count += 1
        if count > MAX_TOKENS:
            raise Invalid([problem("too_many_parts", start + 1, limit=MAX_TOKENS)])
        piece = text[start:at]
        yield Token(t.cast(Kind, piece if kind == "mark" else kind), piece, start, at)
    yield Token("end", "", length, length)


def _mistake(text: str, at: int) -> Problem:
    """What stands where no token begins."""
    character = text[at]
    if character != '"':
        if character == "!":
            return problem("expected_operator", at + 1, found="!")
        if character in "'`":
            return problem("single_quote", at + 1, found=character)
        if character < " " or character == "\x7f":
            return problem("control_character", at + 1)
        return problem("unexpected", at + 1, found=shown(character))
    inside = _TEXT_START.match(text, at)
    stop = inside.end() if inside else at + 1
    if stop >= len(text):
        return problem("unclosed_text", at + 1)
    if text[stop] == "\\":
        return problem("bad_escape", stop + 1, found=shown(text[stop : stop + 2]))
    return problem("control_character", stop + 1)


def looks_full_width(text: str) -> str:
    """``text`` with full-width signs as the half-width ones that the language knows; itself when it has none."""
    return text.translate(_FULL_WIDTH)


def quote(text: str) -> str:
    """``text`` as a quoted text of the language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'


def unquote(token: str) -> str:
    """What a quoted text means."""
    inner = token[1:-1]
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], inner) if "\\" in inner else inner
