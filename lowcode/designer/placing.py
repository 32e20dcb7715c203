"""Where fields stand on the form, changed on the JSON of a layout: up, down, side by side, into and out of groups."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from lowcode.errors import NotFound

Json = dict[str, t.Any]
Move = t.Literal["up", "down", "beside", "alone", "in", "out"]
MOVES: t.Final[tuple[Move, ...]] = ("up", "down", "beside", "alone", "in", "out")
MOST_IN_ROW: t.Final = 4
ALONE: t.Final = frozenset({"REFERENCE_TABLE"})
"""Types that take a row for themselves."""


@dataclass(frozen=True)
class Spot:
    """A part of the form: ``box[at]`` is it (a group, a subtable, a column), or the row in which it is ``item``."""

    box: list[t.Any]
    at: int
    item: int | None = None
    group: Json | None = None
    column_of: str = ""

    @property
    def part(self) -> Json:
        """The part itself."""
        found = self.box[self.at] if self.item is None else self.box[self.at]["fields"][self.item]
        return t.cast(Json, found)

    @property
    def key(self) -> str:
        """What finds the part again: its field code, or its place when it has none (a label, a line)."""
        code = self.part.get("code")
        return code if isinstance(code, str) and code else ""


def spots(layout: t.Any) -> Iterator[tuple[str, Spot]]:
    """Every part of the form in reading order, with its key. What is malformed is left out."""
    yield from _box(layout, None, "@")


def _box(parts: t.Any, group: Json | None, place: str) -> Iterator[tuple[str, Spot]]:
    for at, part in enumerate(parts if isinstance(parts, list) else ()):
        if not isinstance(part, dict):
            continue
        found = part.get("fields")
        inner: list[t.Any] = found if isinstance(found, list) else []
        if part.get("type") == "ROW":
            for item, each in enumerate(inner):
                if isinstance(each, dict):
                    spot = Spot(parts, at, item, group)
                    yield spot.key or f"{place}{at}.{item}", spot
            continue
        spot = Spot(parts, at, None, group)
        yield spot.key or f"{place}{at}", spot
        if part.get("type") == "SUBTABLE":
            for number, each in enumerate(inner):
                if isinstance(each, dict):
                    spot = Spot(inner, number, None, group, str(part.get("code", "")))
                    yield spot.key or f"{place}{at}.c{number}", spot
        elif part.get("type") == "GROUP":
            yield from _box(part.get("layout"), part, f"{place}{at}.g")


def find(layout: t.Any, key: str) -> Spot:
    """The part with this key. Raises :class:`NotFound`."""
    for found, spot in spots(layout):
        if found == key:
            return spot
    raise NotFound("definition.no_such_field", code=key)


def groups(layout: t.Any) -> list[Json]:
    """The groups of a form."""
    return [part for part in layout if isinstance(part, dict) and part.get("type") == "GROUP"]


def move(layout: list[t.Any], key: str, how: Move, group: str = "") -> None:
    """Move a part in place; a move that leads nowhere changes nothing. Raises :class:`NotFound`."""
    spot = find(layout, key)
    if how in ("up", "down"):
        _step(spot, -1 if how == "up" else 1)
    elif spot.item is None:
        return
    elif how == "beside":
        _beside(spot)
    elif how == "alone":
        if len(spot.box[spot.at]["fields"]) > 1:
            spot.box.insert(spot.at + 1, {"type": "ROW", "fields": [spot.box[spot.at]["fields"].pop(spot.item)]})
    elif how == "in":
        target = next((part for part in groups(layout) if part.get("code") == group), None)
        if target is None:
            raise NotFound("definition.no_such_field", code=group)
        if target is not spot.group:
            rows = target.setdefault("layout", [])
            rows.append({"type": "ROW", "fields": [_take(spot)]})
    elif spot.group is not None:
        index = next(i for i, part in enumerate(layout) if part is spot.group)
        layout.insert(index + 1, {"type": "ROW", "fields": [_take(spot)]})


def _step(spot: Spot, step: int) -> None:
    if spot.item is None:
        _swap(spot.box, spot.at, spot.at + step)
        return
    row = spot.box[spot.at]["fields"]
    if 0 <= spot.item + step < len(row):
        _swap(row, spot.item, spot.item + step)
    elif len(row) > 1:
        spot.box.insert(spot.at + (1 if step > 0 else 0), {"type": "ROW", "fields": [row.pop(spot.item)]})
    else:
        _swap(spot.box, spot.at, spot.at + step)


def _swap(box: list[t.Any], at: int, other: int) -> None:
    if 0 <= other < len(box):
        box[at], box[other] = box[other], box[at]


def _beside(spot: Spot) -> None:
    """Join the row above."""
    above = spot.box[spot.at - 1] if spot.at > 0 else None
    if not isinstance(above, dict) or above.get("type") != "ROW" or spot.part.get("type") in ALONE:
        return
    row = above.setdefault("fields", [])
    if len(row) >= MOST_IN_ROW or any(each.get("type") in ALONE for each in row if isinstance(each, dict)):
        return
    row.append(_take(spot))


def _take(spot: Spot) -> Json:
    """The part, taken out; a row without fields goes too."""
    if spot.item is None:
        return t.cast(Json, spot.box.pop(spot.at))
    row = spot.box[spot.at]["fields"]
    part = t.cast(Json, row.pop(spot.item))
    if not row:
        spot.box.pop(spot.at)
    return part


def remove(layout: list[t.Any], key: str) -> None:
    """Take a part off the form; what stood in a group stays, behind it."""
    for found, spot in spots(layout):
        if found != key:
            continue
        part = _take(spot)
        if part.get("type") == "GROUP":
            spot.box[spot.at : spot.at] = part.get("layout") or []
        return


def insert(layout: list[t.Any], part: Json, after: str = "") -> None:
    """Put a field, label or line on the form: below ``after`` (in its group when it is a group), else at the end."""
    row = {"type": "ROW", "fields": [part]}
    if not after:
        layout.append(row)
        return
    spot = find(layout, after)
    if spot.column_of:
        spot = find(layout, spot.column_of)
    if spot.item is None and spot.part.get("type") == "GROUP":
        spot.part.setdefault("layout", []).append(row)
    else:
        spot.box.insert(spot.at + 1, row)
