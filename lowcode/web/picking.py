"""People, organisations and groups for the lists that pickers show."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lowcode.fields.base import fold
from lowcode.fields.context import Directory, Entity

EVERYBODY = 10_000
"""So many are looked through for the typed words."""


def entities(
    directory: Directory, kind: str, words: str, most: int, *, among: Collection[int] | None = None
) -> list[dict[str, str]]:
    """The first active ones whose name or code holds the typed words, as ``lc-combobox`` reads them.

    :param among: only these, by id.
    """
    people: Iterable[Entity]
    if among is None:
        people = directory.choices(kind, EVERYBODY)
    else:
        people = [e for e in (directory.by_id(kind, each) for each in sorted(among)) if e is not None and e.active]
    needle = fold(words)
    found: list[dict[str, str]] = []
    for entity in people:
        label = f"{entity.name} ({entity.code})"
        if not needle or needle in fold(label):
            found.append({"value": label, "label": label, "detail": entity.code})
        if len(found) >= most:
            break
    return found
