"""Filter and sort texts inside a definition, and what looks into them: queries build on definitions."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Path, Problem


@dataclass(frozen=True, kw_only=True)
class QueryText:
    """A filter or sort text, and the app whose fields it may name."""

    text: str
    kind: t.Literal["filter", "sort"]
    definition: AppDefinition


class QueryChecker(t.Protocol):
    """Tells what is wrong with a query text; paths are relative to the text."""

    def __call__(self, query: QueryText) -> Iterator[Problem]: ...


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A part that names an app which is not installed: it is kept and wakes when that app arrives."""

    field: str
    app: str
    path: Path
