"""The options of a choice field as rows of a form: renamed, moved, coloured, retired, added.

An option that records may hold keeps its key for ever; one that was never published is simply changed or dropped.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

Json = dict[str, t.Any]
Form = MultiDict[str, str]


@dataclass(frozen=True)
class OptionRow:
    """One line of the editor."""

    key: str
    label: str
    english: str
    place: str
    hue: str
    retired: bool
    published: bool


def ordered(value: t.Any) -> list[tuple[str, Json]]:
    """The options of a property in order."""
    pairs = [(str(k), o) for k, o in value.items() if isinstance(o, dict)] if isinstance(value, Mapping) else []
    return sorted(pairs, key=lambda pair: (_number(pair[1].get("index")), _number(pair[1].get("id"))))


def _number(value: t.Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def rows(value: t.Any, form: Form | None, name: str, published: frozenset[int]) -> list[OptionRow]:
    """The lines of the editor, as stored or as typed."""
    found = []
    for at, (key, option) in enumerate(ordered(value)):
        prefix = f"{name}.{at}"
        labels = option.get("labels") if isinstance(option.get("labels"), Mapping) else {}
        stored = OptionRow(
            key=key,
            label=str(option.get("label", key)),
            english=str((labels or {}).get("en", "")),
            place=str(at + 1),
            hue=str(option.get("hue", "")),
            retired=bool(option.get("retired")),
            published=_number(option.get("id")) in published,
        )
        if form is not None and f"{prefix}.key" in form:
            stored = OptionRow(
                key=key,
                label=form.get(f"{prefix}.label", ""),
                english=form.get(f"{prefix}.en", ""),
                place=form.get(f"{prefix}.place", ""),
                hue=form.get(f"{prefix}.hue", ""),
                retired=f"{prefix}.retired" in form,
                published=stored.published,
            )
        found.append(stored)
    return found


def read(form: Form, name: str, before: t.Any) -> tuple[Json, dict[str, str]]:
    """The options as the form says them, and the new labels of those that were there, by key."""
    old = dict(ordered(before))
    renamed: dict[str, str] = {}
    lines: list[tuple[float, str, Json]] = []
    at = 0
    while f"{name}.{at}.key" in form:
        prefix = f"{name}.{at}"
        key = form[f"{prefix}.key"]
        option = dict(old.get(key, {}))
        label = form.get(f"{prefix}.label", "").strip()
        published = form.get(f"{prefix}.published") == "1"
        retired = f"{prefix}.retired" in form or (not label and not published)
        place = form.get(f"{prefix}.place", "")
        at += 1
        if retired and not published:
            continue
        if label and label != option.get("label", key):
            if published:
                renamed[key] = label
            elif label not in old:
                key = label
        _set(
            option,
            label or str(option.get("label", key)),
            form.get(f"{prefix}.en", "").strip(),
            form.get(f"{prefix}.hue", ""),
            retired,
        )
        lines.append((_place(place, at), key, option))
    typed = [line.strip() for line in form.get(f"{name}.new", "").replace("\r\n", "\n").split("\n") if line.strip()]
    taken = {key for _, key, _ in lines}
    for number, label in enumerate(dict.fromkeys(typed)):
        if label not in taken:
            lines.append((float(10**6 + number), label, {"label": label}))
            taken.add(label)
    made: Json = {}
    for index, (_, key, option) in enumerate(sorted(lines, key=lambda line: line[0])):
        made[key] = {**option, "index": str(index)}
    return made, renamed


def _set(option: Json, label: str, english: str, hue: str, retired: bool) -> None:
    option["label"] = label
    labels = {k: v for k, v in (option.get("labels") or {}).items() if k != "en"}
    if english:
        labels["en"] = english
    for key, value in (("labels", labels), ("hue", hue), ("retired", retired)):
        if value:
            option[key] = value
        else:
            option.pop(key, None)


def _place(text: str, otherwise: int) -> float:
    """A typed place; ``2.5`` stands between 2 and 3, so that nobody has to renumber."""
    plain = text.strip().replace("．", ".")
    whole, _, rest = plain.partition(".")
    if plain.isascii() and whole.isdigit() and (not rest or rest.isdigit()) and len(plain) < 10:
        return float(plain)
    return float(otherwise)


__all__ = ["OptionRow", "ordered", "read", "rows"]
