"""Stable integer ids for everything that records, history and other apps keep: one counter per app."""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Callable, Iterator, Mapping

from lowcode.definition.system_fields import SYSTEM_TYPES

Json = dict[str, t.Any]


def assign_ids(raw: Mapping[str, t.Any], previous: Mapping[str, t.Any] | None = None, *, floor: int = 1) -> Json:
    """A copy of a definition in which everything has an id.

    An id that is there stays. What has none takes the id of the same thing in ``previous`` (the same code, option
    key or name), else the next number. Options and states of ``previous`` that are gone come back as retired ones,
    because records may still hold them.

    :param floor: the least number for a new id; numbers once given are never given again.
    """
    made = copy.deepcopy(dict(raw))
    before: Mapping[str, t.Any] = previous or {}
    used = [*_all_ids(made), *_all_ids(before)]
    kept = [n for n in (made.get("nextId"), before.get("nextId")) if isinstance(n, int) and not isinstance(n, bool)]
    counter = _Counter(max([floor, *kept, *(n + 1 for n in used)]))
    _fields(made, before, counter)
    _status(made, before, counter)
    for key in ("views", "reports", "actions"):
        _named(_map(made, key), _map(before, key), counter)
    _rules(made, before, counter)
    made["nextId"] = counter.next
    return made


class _Counter:
    def __init__(self, start: int) -> None:
        self.next = start

    def take(self) -> int:
        self.next += 1
        return self.next - 1


def _map(owner: t.Any, key: str) -> Json:
    """A member that should be a map; an empty one when it is anything else (the check names it)."""
    found = owner.get(key) if isinstance(owner, Mapping) else None
    return found if isinstance(found, dict) else {}


def _list(owner: t.Any, key: str) -> list[t.Any]:
    found = owner.get(key) if isinstance(owner, Mapping) else None
    return found if isinstance(found, list) else []


def _id(part: t.Any) -> int | None:
    found = part.get("id") if isinstance(part, Mapping) else None
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 10:
        found = int(found)  # kintone writes the ids of views as texts
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def _parts(raw: Mapping[str, t.Any]) -> Iterator[t.Any]:
    for settings in _map(raw, "properties").values():
        yield settings
        yield from _map(settings, "options").values()
        for inner in _map(settings, "fields").values():
            yield inner
            yield from _map(inner, "options").values()
    status = _map(raw, "status")
    yield from _map(status, "states").values()
    yield from _list(status, "actions")
    for key in ("views", "reports", "actions"):
        yield from _map(raw, key).values()
    yield from _list(raw, "rules")


def _all_ids(raw: Mapping[str, t.Any]) -> Iterator[int]:
    for part in _parts(raw):
        if (found := _id(part)) is not None:
            yield found


def _give(part: Json, like: t.Any, counter: _Counter, taken: set[int]) -> None:
    """Put an id into ``part``: its own, that of ``like``, or a new one."""
    found = _id(part)
    if found is None:
        found = _id(like)
        if found is None or found in taken:
            found = counter.take()
    taken.add(found)
    part["id"] = found


def _fields(made: Json, before: Mapping[str, t.Any], counter: _Counter) -> None:
    properties, old = _map(made, "properties"), _map(before, "properties")
    kinds = [settings.get("type") for settings in properties.values() if isinstance(settings, Mapping)]
    for code, settings in old.items():
        # A file may leave the system fields out; they stay what they were, under whatever code.
        kind = settings.get("type") if isinstance(settings, Mapping) else None
        if kind in SYSTEM_TYPES and kind not in kinds and code not in properties and made.get("properties") is not None:
            properties[code] = copy.deepcopy(settings)
    _properties(properties, old, counter)


def _properties(properties: Json, old: Mapping[str, t.Any], counter: _Counter) -> None:
    taken = {i for p in properties.values() if (i := _id(p)) is not None}
    by_id = {i: p for p in old.values() if (i := _id(p)) is not None}
    for code, settings in properties.items():
        if not isinstance(settings, dict):
            continue
        _give(settings, old.get(code), counter, taken)
        like = by_id.get(settings["id"], {})
        if isinstance(settings.get("options"), dict):
            _options(settings["options"], _map(like, "options"), counter)
        if isinstance(settings.get("fields"), dict):
            _properties(settings["fields"], _map(like, "fields"), counter)


def _options(options: Json, old: Mapping[str, t.Any], counter: _Counter) -> None:
    _named(options, old, counter)
    _keep_retired(options, old)


def _named(parts: Json, old: Mapping[str, t.Any], counter: _Counter) -> None:
    taken = {i for p in parts.values() if (i := _id(p)) is not None}
    for name, part in parts.items():
        if isinstance(part, dict):
            _give(part, old.get(name), counter, taken)


def _keep_retired(parts: Json, old: Mapping[str, t.Any]) -> None:
    present = {_id(part) for part in parts.values()}
    last = max((_index(part) for part in parts.values()), default=-1)
    for name, part in old.items():
        if (number := _id(part)) is None or number in present:
            continue
        last += 1
        kept = {**copy.deepcopy(part), "retired": True, "index": str(last)}
        free = name if name not in parts else f"{name} ({number})"
        for key in ("label", "name"):
            if kept.get(key) == name:
                kept[key] = free
        parts[free] = kept


def _index(part: t.Any) -> int:
    found = part.get("index") if isinstance(part, Mapping) else None
    return int(found) if isinstance(found, int | str) and str(found).isascii() and str(found).isdigit() else 0


def _status(made: Json, before: Mapping[str, t.Any], counter: _Counter) -> None:
    status, old = _map(made, "status"), _map(before, "status")
    states = _map(status, "states")
    _named(states, _map(old, "states"), counter)
    if states or "states" in status:
        _keep_retired(states, _map(old, "states"))
    actions = [action for action in _list(status, "actions") if isinstance(action, dict)]
    _listed(actions, _list(old, "actions"), counter, lambda a: (a.get("name"), a.get("from")))


def _rules(made: Json, before: Mapping[str, t.Any], counter: _Counter) -> None:
    rules = [rule for rule in _list(made, "rules") if isinstance(rule, dict)]
    _listed(rules, _list(before, "rules"), counter, lambda rule: rule.get("name"))


def _listed(parts: list[Json], old: list[t.Any], counter: _Counter, key: Callable[[Json], t.Any]) -> None:
    taken = {i for p in parts if (i := _id(p)) is not None}
    like = {repr(key(p)): p for p in old if isinstance(p, dict)}
    for part in parts:
        _give(part, like.get(repr(key(part))), counter, taken)
