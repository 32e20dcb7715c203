"""Parts of addresses that no database would take are addresses of nothing."""

from __future__ import annotations

import typing as t

from werkzeug.routing import BaseConverter, IntegerConverter, UnicodeConverter


class Number(IntegerConverter):
    """A number that fits into 64 bits."""

    regex = r"[0-9]{1,18}"


class Word(UnicodeConverter):
    """One step of a path, without control characters."""

    regex = r"[^/\x00-\x1f\x7f]+"

    def __init__(self, map: t.Any) -> None:
        super().__init__(map)
        self.regex = type(self).regex


CONVERTERS: t.Final[dict[str, type[BaseConverter]]] = {"int": Number, "string": Word, "default": Word}
