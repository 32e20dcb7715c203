"""What publishing a draft means, one card a change: what it is, what happens to the data, what has to be agreed to."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lowcode.definition.compare import Change
from lowcode.deploy import Note, Plan
from lowcode.designer import words
from lowcode.errors import Path
from lowcode.web import i18n

Action = t.Literal["add", "change", "retire"]
HUES: t.Final[Mapping[Action, str]] = {"add": "green", "change": "blue", "retire": "red"}
_RETIRES: t.Final = frozenset({"field_retired", "option_retired", "view_removed", "state_retired", "action_removed"})
_ADDS: t.Final = frozenset(
    {
        "app_added",
        "field_added",
        "option_added",
        "view_added",
        "state_added",
        "action_added",
        "process_on",
        "option_restored",
        "state_restored",
    }
)


@dataclass(frozen=True)
class Unreadable:
    """A value that will not convert, with links to records that hold it."""

    value: str
    count: int
    records: tuple[int, ...]


@dataclass(frozen=True)
class Card:
    """One change on the review page."""

    action: Action
    hue: str
    words: str
    happens: tuple[str, ...]
    side: str = ""
    agree: str = ""
    """The name under which its author has to agree; empty when nothing gets out of sight."""
    agree_words: str = ""
    weight: str = "info"
    unreadable: tuple[Unreadable, ...] = ()


def action_of(change: Change) -> Action:
    """Whether a change adds, changes or takes away."""
    if change.kind in _RETIRES:
        return "retire"
    return "add" if change.kind in _ADDS else "change"


def cards(plan: Plan, changes: t.Sequence[Change], values: Mapping[int, int]) -> tuple[list[Card], list[str]]:
    """The cards of a plan, and the sentences of notes that belong to no single change.

    :param values: how many records hold a value, by id of a retired field.
    """
    notes = [note for note in plan.notes if note.weight != "problem"]
    used: set[int] = set()
    found = []
    for change in changes:
        own = [note for note in notes if _belongs(note, change)]
        used.update(id(note) for note in own)
        found.append(_card(plan, change, own, values))
    return found, [words.note_words(note) for note in notes if id(note) not in used]


def plain(changes: t.Sequence[Change]) -> list[Card]:
    """Cards without a plan, for differences between versions."""
    return [Card(action := action_of(c), HUES[action], words.change_words(c), ()) for c in changes]


def _belongs(note: Note, change: Change) -> bool:
    about = {
        "deploy.note.retired": ("field_retired",),
        "deploy.note.required": ("field_setting_changed",),
        "deploy.note.option_retired": ("option_retired",),
        "deploy.note.moved": ("field_moved",),
        "deploy.note.converts": ("type_changed",),
        "deploy.note.no_way": ("type_changed",),
        "deploy.note.unconvertible": ("type_changed",),
    }.get(note.key)
    return about is not None and change.kind in about and _same_place(note.path, change.path)


def _same_place(one: Path, other: Path) -> bool:
    length = 4 if len(one) > 3 and one[2:3] == ("fields",) else 2
    if one[2:3] == ("options",):
        length = len(one)
    return one[:length] == other[:length]


def _card(plan: Plan, change: Change, notes: list[Note], values: Mapping[int, int]) -> Card:
    action = action_of(change)
    weight = next((w for w in ("loss", "slow") if any(note.weight == w for note in notes)), "info")
    happens = [words.note_words(note) for note in notes]
    card = Card(action, HUES[action], words.change_words(change), (), weight=weight)
    if change.kind == "field_added" and plan.records:
        happens.append(i18n.translate("designer.review.stays_empty", count=f"{plan.records:,}"))
    if change.kind == "field_retired":
        count = values.get(change.field_id or 0, 0)
        happens.insert(0, i18n.translate("designer.review.has_values", count=f"{count:,}"))
        if count:
            card = replace(
                card, agree=_name(change), agree_words=i18n.translate("designer.review.agree", count=f"{count:,}")
            )
    elif weight == "loss":
        card = replace(card, agree=_name(change), agree_words=i18n.translate("designer.review.agree_loss"))
    lost = [item for item in plan.unconvertible if item.field_id == change.field_id]
    if change.kind == "type_changed" and lost:
        card = replace(
            card, unreadable=tuple(Unreadable(item.value, item.count, item.record_ids[:20]) for item in lost)
        )
    if not happens:
        card = replace(card, side=i18n.translate("designer.review.no_effect"))
    return replace(card, happens=tuple(happens))


def _name(change: Change) -> str:
    return f"{change.kind}:{change.field_id or '.'.join(str(step) for step in change.path)}"
