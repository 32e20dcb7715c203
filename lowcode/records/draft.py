"""A record on its way through the service: what stands there, what was given, what it will be."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from lowcode.errors import Problem
from lowcode.fields.base import Value
from lowcode.records.record import Change, Record, SetAside


@dataclass(slots=True)
class Draft:
    """One change in progress; only the service touches it."""

    index: int
    change: Change
    before: Record | None
    id: int = 0
    values: dict[str, Value] = field(default_factory=dict)
    """All values of the record as it will be."""
    given: set[str] = field(default_factory=set)
    """Codes that the caller gave and that survived the merge."""
    sources: dict[str, int | None] = field(default_factory=dict)
    """Lookup field code → id of the record it was copied from."""
    row_sources: dict[tuple[str, int, str], int | None] = field(default_factory=dict)
    """The same inside subtables: (subtable, row index, inner code)."""
    problems: list[Problem] = field(default_factory=list)
    system: dict[str, t.Any] = field(default_factory=dict)
    """System columns to write besides the usual ones (status, creator …)."""
    translated: dict[str, t.Any] | None = None
    """What was posted, by today's codes, when the form was drawn from an older version."""
    set_aside: list[SetAside] = field(default_factory=list)
    unasked: frozenset[str] = frozenset()
    """Codes of fields that the form did not show or did not require."""

    @property
    def posted(self) -> Mapping[str, t.Any]:
        """What the caller gave, by today's codes."""
        return self.change.values if self.translated is None else self.translated

    @property
    def is_new(self) -> bool:
        """Whether the record does not exist yet."""
        return self.before is None

    @property
    def old(self) -> Mapping[str, Value]:
        """The values that stand there now; empty for a new record."""
        return self.before.values if self.before is not None else {}

    def problem(self, code: str, *path: str | int, **params: t.Any) -> None:
        """Note something wrong with this record."""
        self.problems.append(Problem(code=code, path=path, params=params))

    def changed(self, code: str) -> bool:
        """Whether the field will hold something else than now."""
        if self.before is None:
            return True
        return bool(self.values.get(code) != self.before.values.get(code))
