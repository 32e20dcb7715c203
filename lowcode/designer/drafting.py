"""Changes to a draft, JSON in, JSON out: fields added, changed, retired and brought back; views and parts of the form.

Nothing is checked here: a draft may hold mistakes, and publishing names them all.
"""

from __future__ import annotations

import copy
import typing as t
from collections.abc import Iterator, Mapping

from lowcode.definition import rename
from lowcode.designer import placing
from lowcode.errors import Invalid, NotFound, invalid
from lowcode.fields.lookup import LOOKUPS
from lowcode.fields.registry import TYPES, settings_keys
from lowcode.query import kintone

Json = dict[str, t.Any]
LAYOUT_ONLY: t.Final = ("LABEL", "SPACER", "HR")


def copied(raw: Mapping[str, t.Any]) -> Json:
    """A deep copy to work on."""
    return copy.deepcopy(dict(raw))


def owner_of(raw: Mapping[str, t.Any], code: str) -> tuple[Json, str]:
    """The map that holds a field, and the code of the subtable around it. Raises :class:`NotFound`."""
    properties = raw.get("properties")
    if isinstance(properties, dict):
        if isinstance(properties.get(code), dict):
            return properties, ""
        for table, settings in properties.items():
            inner = settings.get("fields") if isinstance(settings, dict) else None
            if isinstance(inner, dict) and isinstance(inner.get(code), dict):
                return inner, str(table)
    raise NotFound("definition.no_such_field", code=code)


def path_of(raw: Mapping[str, t.Any], code: str) -> tuple[str, ...]:
    """Where a field stands in the JSON. Raises :class:`NotFound`."""
    _, table = owner_of(raw, code)
    return ("properties", table, "fields", code) if table else ("properties", code)


def all_fields(raw: Mapping[str, t.Any]) -> Iterator[tuple[str, Json, str]]:
    """Every field: code, settings, code of the subtable around it."""
    properties = raw.get("properties")
    for code, settings in properties.items() if isinstance(properties, dict) else ():
        if isinstance(settings, dict):
            yield str(code), settings, ""
            inner = settings.get("fields")
            for inner_code, each in inner.items() if isinstance(inner, dict) else ():
                if isinstance(each, dict):
                    yield str(inner_code), each, str(code)


def codes(raw: Mapping[str, t.Any]) -> set[str]:
    """All field codes."""
    return {code for code, _, _ in all_fields(raw)}


def add_field(raw: Mapping[str, t.Any], settings: Json, *, table: str = "", after: str = "") -> Json:
    """A copy with a new field, below ``after`` on the form or as the last column of ``table``.

    :raises Invalid: the code is taken.
    """
    made = copied(raw)
    code = settings["code"]
    if code in codes(made):
        raise invalid("definition.code_twice", "code", code=code)
    if table:
        owner, _ = owner_of(made, table)
        owner[table].setdefault("fields", {})[code] = settings
        spot = placing.find(made["layout"], table)
        spot.part.setdefault("fields", []).append({"type": settings["type"], "code": code})
        return made
    made["properties"][code] = settings
    if settings["type"] == "GROUP":
        _insert_part(made["layout"], {"type": "GROUP", "code": code, "layout": []}, after)
    elif settings["type"] == "SUBTABLE":
        _insert_part(made["layout"], {"type": "SUBTABLE", "code": code, "fields": []}, after)
    else:
        placing.insert(made["layout"], {"type": settings["type"], "code": code}, after)
    return made


def _insert_part(layout: list[t.Any], part: Json, after: str) -> None:
    if after:
        spot = placing.find(layout, after)
        if spot.column_of:
            spot = placing.find(layout, spot.column_of)
        # Groups and tables stand at the top only.
        top = next((i for i, each in enumerate(layout) if each is spot.box[spot.at] or each is spot.group), len(layout))
        layout.insert(top + 1, part)
    else:
        layout.append(part)


def add_part(raw: Mapping[str, t.Any], kind: str, words: str, *, after: str = "") -> Json:
    """A copy with a label, a space or a line on the form."""
    made = copied(raw)
    part: Json = {"type": kind, **({"label": words} if kind == "LABEL" else {})}
    placing.insert(made["layout"], part, after)
    return made


def change_field(raw: Mapping[str, t.Any], code: str, settings: Json, options: Mapping[str, str]) -> Json:
    """A copy in which a field has other settings, and wherever it is named its new code and options' labels.

    :param settings: the property as it will be, its new ``code`` inside.
    :param options: new label by option key, of options that records may hold already.
    :raises Invalid: the new code is taken.
    """
    made = copied(raw)
    for key, label in options.items():
        try:
            made = rename.rename_option(made, code, key, label, kintone)
        except (Invalid, NotFound):
            # Two options that trade their labels: the settings below say what is meant, and the check names a clash.
            continue
    new = settings["code"]
    if new != code:
        try:
            made = rename.rename_field(made, code, new, kintone)
        except Invalid as error:
            raise Invalid([invalid("definition.code_twice", "code", code=new).problems[0]]) from error
    owner, _ = owner_of(made, new)
    # Formulas and filters inside the settings were typed just now; they win over what renaming made of the old ones.
    owner[new] = settings
    return made


def retype(settings: Mapping[str, t.Any], kind: str) -> Json:
    """The property with another type; what the new type knows too is kept."""
    base, _, lookup = kind.partition(":")
    target = LOOKUPS[lookup] if base == "LOOKUP" else TYPES[base]
    known = settings_keys(target)
    made = {key: value for key, value in settings.items() if key in known and key not in ("defaultValue", "column")}
    if "format" in made and made["format"] not in _choices(target, "format"):
        del made["format"]
    if base == "LOOKUP":
        made["lookup"] = settings.get("lookup") or {}
    elif "lookup" in made:
        del made["lookup"]
    return {"type": lookup or base, **made}


def _choices(target: t.Any, key: str) -> list[str]:
    return next((control["choices"] or [] for control in target.controls() if control["key"] == key), [])


def retire_field(raw: Mapping[str, t.Any], code: str) -> Json:
    """A copy without a field: gone from the form, from columns of views and from the title too.

    Formulas and conditions that name it stay, so that the check shows what has to be decided.
    """
    made = copied(raw)
    owner, _ = owner_of(made, code)
    gone = {code, *(owner[code].get("fields") or {})} if owner[code].get("type") == "SUBTABLE" else {code}
    del owner[code]
    placing.remove(made["layout"], code)
    for view in _views(made):
        if isinstance(view.get("fields"), list):
            view["fields"] = [each for each in view["fields"] if each not in gone]
    title = made.get("settings", {}).get("titleField")
    if isinstance(title, dict) and title.get("code") in gone:
        made["settings"]["titleField"] = {"selectionMode": "AUTO", "code": ""}
    return made


def restore_field(raw: Mapping[str, t.Any], code: str, settings: Json, table: str = "") -> Json:
    """A copy with a field of an older version back, under its own id, so that its values show again.

    :raises Invalid: another field has its code now.
    """
    made = copied(raw)
    taken = codes(made)
    inner = settings.get("fields") if settings.get("type") == "SUBTABLE" else None
    for each in (code, *(inner or ())):
        if each in taken:
            raise invalid("definition.code_twice", "code", code=each)
    home = table if table in taken else ""
    made = add_field(made, copy.deepcopy(settings), table=home)
    if inner:
        spot = placing.find(made["layout"], code)
        spot.part["fields"] = [{"type": each.get("type", ""), "code": name} for name, each in inner.items()]
    return made


def _views(raw: Mapping[str, t.Any]) -> Iterator[Json]:
    found = raw.get("views")
    for view in found.values() if isinstance(found, dict) else ():
        if isinstance(view, dict):
            yield view


def ordered_views(raw: Mapping[str, t.Any]) -> list[tuple[str, Json]]:
    """The views in the order of their tabs."""
    found = raw.get("views")
    pairs = (
        [(str(name), view) for name, view in found.items() if isinstance(view, dict)] if isinstance(found, dict) else []
    )
    return sorted(pairs, key=lambda pair: (_number(pair[1].get("index")), _number(pair[1].get("id"))))


def _number(value: t.Any) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isascii() and str(value).isdigit() else 0


def put_view(raw: Mapping[str, t.Any], name: str, view: Json) -> Json:
    """A copy with a view changed (``name`` is what it was called), or a new one behind the others (``name`` empty).

    :raises Invalid: the name is taken.
    """
    made = copied(raw)
    made["views"] = dict(ordered_views(made))
    if view["name"] != name and view["name"] in made["views"]:
        raise invalid("definition.view_twice", "name", name=view["name"])
    if name:
        made = rename.rename_view(made, name, view["name"])
        made["views"][view["name"]] = {**made["views"][view["name"]], **view}
    else:
        made["views"][view["name"]] = view
    return _numbered(made)


def delete_view(raw: Mapping[str, t.Any], name: str) -> Json:
    """A copy without a view."""
    made = copied(raw)
    made["views"] = {each: view for each, view in ordered_views(made) if each != name}
    return _numbered(made)


def move_view(raw: Mapping[str, t.Any], name: str, step: int) -> Json:
    """A copy with a view one place further."""
    made = copied(raw)
    names = [each for each, _ in ordered_views(made)]
    if name in names and 0 <= (other := names.index(name) + step) < len(names):
        at = names.index(name)
        names[at], names[other] = names[other], names[at]
    made["views"] = {each: made["views"][each] for each in names}
    return _numbered(made)


def _numbered(made: Json) -> Json:
    for index, view in enumerate(made["views"].values()):
        view["index"] = str(index)
    return made
