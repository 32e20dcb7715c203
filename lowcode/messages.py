"""Sentences by code and language, read from ``lowcode/locale/<language>/*.toml``.

Each file is a flat or nested table; nested keys are joined with dots, so ``[number] too_large = "…"``
is the code ``number.too_large``. Parameters stand in braces: ``"{limit}以下にしてください。"``.
"""

from __future__ import annotations

import functools
import tomllib
import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path

from lowcode.errors import Problem

LOCALES = ("ja", "en")
FOLDER = Path(__file__).parent / "locale"


def _flatten(table: Mapping[str, t.Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{name}.")
        else:
            yield name, str(value)


@functools.cache
def catalog(locale: str) -> Mapping[str, str]:
    """All sentences of one language (``ja`` or ``en``), by code."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / locale).glob("*.toml")):
        found.update(_flatten(tomllib.loads(path.read_text("utf-8"))))
    return found


class _Lenient(dict[str, t.Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def text(code: str, locale: str = "ja", /, **params: t.Any) -> str:
    """The sentence for ``code`` with ``params`` filled in; the code itself when there is none.

    A language without the sentence falls back to Japanese.
    """
    sentence = catalog(locale if locale in LOCALES else "ja").get(code) or catalog("ja").get(code)
    if sentence is None:
        return code
    return sentence.format_map(_Lenient(params)) if "{" in sentence else sentence


def sentence(problem: Problem, locale: str = "ja") -> str:
    """What a person reads about ``problem``."""
    return text(problem.code, locale, **problem.params)
