"""The text of a formula cut into tokens, and field codes renamed inside it."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping

from lowcode.errors import invalid

# Field codes are letters of any script, digits, marks of the kana, middle dots and currency signs, as in
# kintone; a half-width digit cannot begin one.
_CODE: t.Final = r"(?![0-9])[\w\u3099-\u309c・･$¥£€＄￥￡￠￦]++"

# Every alternative begins differently or is possessive, so a scan takes linear time on any text.
_TOKEN: t.Final = re.compile(
    rf"""
      (?P<space>[\s\u3000]++)
    | (?P<number>[0-9]++(?:\.[0-9]++)?|\.[0-9]++)
    | (?P<code>{_CODE})
    | (?P<text>"(?:[^"\\]|\\.|"")*+")
    | (?P<mistake>==|&&|\|\||=>|=<|><|\*\*)
    | (?P<operator><>|<=|>=|!=|[-+*/^&=<>(),])
    """,
    re.VERBOSE | re.DOTALL,
)
_ONLY_CODE: t.Final = re.compile(_CODE)
_ESCAPE: t.Final = re.compile(r'\\(["\\])|"(")')
_CALLS: t.Final = re.compile(r"[\s\u3000]*+\(")

OPERATOR_MISTAKES: t.Final[Mapping[str, str]] = {
    "==": "=",
    "=>": ">=",
    "=<": "<=",
    "><": "<>",
    "**": "^",
    "&&": "AND( , )",
    "||": "OR( , )",
    "|": "OR( , )",
    "!": "NOT( )",
    "%": "/ 100",
    "'": '"',
    ";": ",",
    "[": "(",
    "]": ")",
    "{": "(",
    "}": ")",
    "×": "*",
    "÷": "/",
    "≦": "<=",
    "≧": ">=",
    "≤": "<=",
    "≥": ">=",
    "≠": "<>",
    "−": "-",
    "–": "-",
    "—": "-",
    "‐": "-",
    "“": '"',
    "”": '"',
    "‘": '"',
    "’": '"',
    "〃": '"',
    "、": ",",
    "。": ".",
}
"""What people write, and what they mean by it."""


class Token(t.NamedTuple):
    """A piece of a formula. ``kind`` is ``number``, ``code``, ``text``, ``operator`` or ``end``."""

    kind: str
    text: str
    position: int


def half_width(character: str) -> str | None:
    """The half-width form of a full-width symbol, digit or letter; ``None`` for anything else."""
    return chr(ord(character) - 0xFEE0) if "！" <= character <= "～" else None


def is_code(text: str) -> bool:
    """Whether ``text`` can stand in a formula as a field code."""
    return _ONLY_CODE.fullmatch(text) is not None


def unquote(literal: str) -> str:
    """The text that a literal with its quotes means (``\\"``, ``""`` and ``\\\\`` are escapes)."""
    return _ESCAPE.sub(lambda match: match[1] or match[2], literal[1:-1])


def quote(text: str) -> str:
    """A literal that means ``text``; the inverse of :func:`unquote`."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def scan(text: str) -> Iterator[Token]:
    """The tokens of ``text`` without spaces, with an ``end`` token last.

    :raises Invalid: at the first character that cannot be part of a formula.
    """
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refusal(text, position)
        kind = match.lastgroup or ""
        if kind == "mistake":
            raise invalid("formula.operator", position=position + 1, found=match[0], use=OPERATOR_MISTAKES[match[0]])
        if kind != "space":
            yield Token(kind, match[0], position)
        position = match.end()
    yield Token("end", "", len(text))


def _refusal(text: str, position: int) -> Exception:
    found, place = text[position], position + 1
    if found == '"':
        return invalid("formula.unclosed_text", position=place, found='"')
    if found in OPERATOR_MISTAKES:
        return invalid("formula.operator", position=place, found=found, use=OPERATOR_MISTAKES[found])
    if (use := half_width(found)) is not None:
        return invalid("formula.full_width", position=place, found=found, use=use)
    return invalid("formula.syntax", position=place, found=found)


def rename(text: str, codes: Mapping[str, str]) -> str:
    """``text`` with field codes renamed (old → new) and everything else left byte for byte.

    Texts in quotes and names of functions stay. Works on formulas that are not valid, too: a draft may
    hold one while another field is renamed. Renaming is simultaneous, so two codes may swap names.
    """
    parts: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if text[position] == '"':  # never closed: all the rest is a text
                parts.append(text[position:])
                break
            parts.append(text[position])
            position += 1
            continue
        found, position = match[0], match.end()
        if match.lastgroup == "number" and (tail := _ONLY_CODE.match(text, position)):
            # "5以上" is no code: the piece after the digits must not be taken for one.
            found, position = found + tail[0], tail.end()
        elif match.lastgroup == "code" and not _CALLS.match(text, position):
            found = codes.get(found, found)
        parts.append(found)
    return "".join(parts)
