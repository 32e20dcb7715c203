"""Older definitions become today's: one function a step, dict to dict. Stored versions are never rewritten."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from lowcode.errors import invalid

Json = dict[str, t.Any]

CURRENT: t.Final = 1
STEPS: dict[int, Callable[[Json], Json]] = {}
"""``STEPS[n]`` turns format ``n`` into ``n + 1``."""


def upgrade(raw: Mapping[str, t.Any]) -> Json:
    """The definition in today's format; a file without ``format`` counts as today's.

    :raises Invalid: the format is no number, or newer than this release knows (path ``("format",)``).
    """
    made = dict(raw)
    version = made.get("format", CURRENT)
    if isinstance(version, bool) or not isinstance(version, int) or version < min(STEPS, default=CURRENT):
        raise invalid("definition.format", "format", value=str(version)[:40])
    if version > CURRENT:
        raise invalid("definition.newer_format", "format", value=version, known=CURRENT)
    while version < CURRENT:
        made = STEPS[version](made)
        version += 1
    return {**made, "format": CURRENT}
