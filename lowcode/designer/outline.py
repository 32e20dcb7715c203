"""The form as an outline: every part in reading order, with its type, its code, its marks and its problems."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from lowcode.definition.complete import SYSTEM_TYPES
from lowcode.designer import drafting, placing, words
from lowcode.designer.bench import Bench
from lowcode.web import i18n


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the outline."""

    key: str
    code: str
    label: str
    kind: str
    kind_words: str
    icon: str
    depth: int
    required: bool = False
    unique: bool = False
    state: str = ""
    """``new`` or ``changed`` against the live version."""
    problems: tuple[str, ...] = ()
    url: str = ""
    moves: tuple[placing.Move, ...] = ()
    group: str = ""


def entries(bench: Bench) -> list[Entry]:
    """The outline of the draft's form."""
    if not bench.readable:
        return []
    fields = {code: (settings, table) for code, settings, table in drafting.all_fields(bench.raw)}
    layout = bench.raw["layout"]
    any_group = bool(placing.groups(layout))
    found = []
    for key, spot in placing.spots(layout):
        code = spot.key
        settings, _ = fields.get(code, ({}, ""))
        kind = words.type_of(settings) or str(spot.part.get("type", ""))
        depth = (1 if spot.group is not None else 0) + (1 if spot.column_of else 0)
        found.append(
            Entry(
                key=key,
                code=code,
                label=str(settings.get("label") or spot.part.get("label") or words.type_words(kind)),
                kind=kind,
                kind_words=words.type_words(kind),
                icon=words.icon_of(kind),
                depth=depth,
                required=bool(settings.get("required")),
                unique=bool(settings.get("unique")),
                state=_state(bench, code),
                problems=_problems(bench, code),
                url=f"/k/admin/app/{bench.app.id}/fields/{code}" if code else "",
                moves=_moves(spot, any_group),
                group=str(spot.group.get("code", "")) if spot.group else "",
            )
        )
    return found


def _state(bench: Bench, code: str) -> str:
    field = bench.definition.find(code) if bench.definition is not None and code else None
    if field is None or bench.live is None or not bench.has_draft:
        return ""
    before = bench.live.by_id(field.id)
    if before is None:
        return "new"
    return "changed" if any(change.field_id == field.id for change in bench.changes) else ""


def _problems(bench: Bench, code: str) -> tuple[str, ...]:
    if not code:
        return ()
    found = []
    for problem in bench.problems:
        path = problem.path
        if path[:2] == ("properties", code):
            # A table's own line does not repeat what its columns say.
            if len(path) > 3 and path[2] == "fields":
                continue
        elif not (len(path) > 3 and path[0] == "properties" and path[2:4] == ("fields", code)):
            continue
        found.append(i18n.sentence(problem))
    return tuple(found)


def _moves(spot: placing.Spot, any_group: bool) -> tuple[placing.Move, ...]:
    moves: list[placing.Move] = []
    row = spot.box[spot.at]["fields"] if spot.item is not None else []
    alone = len(row) <= 1
    if spot.at > 0 or (spot.item or 0) > 0 or not alone:
        moves.append("up")
    if spot.at < len(spot.box) - 1 or not alone:
        moves.append("down")
    if spot.item is not None:
        above = spot.box[spot.at - 1] if spot.at > 0 else {}
        if alone and isinstance(above, dict) and above.get("type") == "ROW":
            moves.append("beside")
        if not alone:
            moves.append("alone")
        if any_group and spot.group is None:
            moves.append("in")
        if spot.group is not None:
            moves.append("out")
    return tuple(moves)


def group_choices(bench: Bench) -> list[tuple[str, str]]:
    """The groups of the form: code and label."""
    found = []
    for part in placing.groups(bench.raw["layout"]) if bench.readable else ():
        code = str(part.get("code", ""))
        settings = bench.raw["properties"].get(code)
        label = settings.get("label") if isinstance(settings, dict) else None
        found.append((code, str(label or code)))
    return found


def place_choices(bench: Bench) -> list[tuple[str, str]]:
    """Where a new field can go: behind each part of the form, into each group, as a column of each table."""
    found: list[tuple[str, str]] = []
    for entry in entries(bench):
        if entry.kind == "SUBTABLE":
            found.append((f"table:{entry.key}", i18n.translate("designer.place.into_table", label=entry.label)))
        if entry.kind == "GROUP":
            found.append((f"after:{entry.key}", i18n.translate("designer.place.into_group", label=entry.label)))
        elif entry.depth == 0 or entry.group:
            found.append((f"after:{entry.key}", i18n.translate("designer.place.after", label=entry.label)))
    return found


def system_fields(bench: Bench) -> list[tuple[str, str, dict[str, t.Any]]]:
    """The fields that every app has: code, words of the type, settings."""
    return [
        (code, words.type_words(str(settings.get("type"))), settings)
        for code, settings, _ in drafting.all_fields(bench.raw)
        if settings.get("type") in SYSTEM_TYPES
    ]
