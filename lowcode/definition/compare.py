"""Two versions of an app → what is different, as values that screens and commands can show."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lowcode.definition.codec import property_json
from lowcode.definition.parts import Part
from lowcode.definition.process import ProcessAction, State
from lowcode.definition.schema import AppDefinition
from lowcode.errors import Path
from lowcode.fields.base import Field
from lowcode.fields.subtable import SubtableField

Kind = t.Literal[
    "app_added",
    "code_changed",
    "setting_changed",
    "field_added",
    "field_retired",
    "field_renamed",
    "field_relabelled",
    "field_moved",
    "type_changed",
    "field_setting_changed",
    "option_added",
    "option_renamed",
    "option_retired",
    "option_restored",
    "option_changed",
    "layout_changed",
    "view_added",
    "view_removed",
    "view_renamed",
    "view_changed",
    "process_on",
    "process_off",
    "state_added",
    "state_renamed",
    "state_retired",
    "state_restored",
    "state_changed",
    "action_added",
    "action_removed",
    "action_changed",
    "rights_changed",
    "part_changed",
]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference. ``definition.change.<kind>`` is its sentence; ``params`` fill it in."""

    kind: Kind
    path: Path
    field_id: int | None = None
    details: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The message key of the sentence."""
        return f"definition.change.{self.kind}"

    @property
    def params(self) -> Mapping[str, str]:
        """What fills the sentence in."""
        return dict(self.details)


def _change(kind: Kind, *path: str | int, field_id: int | None = None, **details: str) -> Change:
    return Change(kind=kind, path=path, field_id=field_id, details=tuple(details.items()))


def compare(old: AppDefinition | None, new: AppDefinition) -> tuple[Change, ...]:
    """What ``new`` changes, in the order: settings, fields, layout, views, process, rights, the rest."""
    if old is None:
        return (_change("app_added", name=new.name), *(_added(field) for field in new.fields if field.writable))
    return tuple(_differences(old, new))


def _differences(old: AppDefinition, new: AppDefinition) -> Iterator[Change]:
    if old.code != new.code:
        yield _change("code_changed", "code", before=old.code, after=new.code)
    for key, before, after in _settings(old.settings, new.settings):
        yield _change("setting_changed", "settings", key, setting=key, before=before, after=after)
    yield from _fields(old, new)
    if old.layout != new.layout:
        yield _change("layout_changed", "layout")
    yield from _views(old, new)
    yield from _process(old, new)
    for key in ("app", "record", "field"):
        if getattr(old.acl, key) != getattr(new.acl, key):
            yield _change("rights_changed", "acl", key, part=key)
    for key in ("notifications", "reports", "actions", "rules"):
        if getattr(old, key) != getattr(new, key):
            yield _change("part_changed", key, part=key)


def _settings(old: Part, new: Part) -> Iterator[tuple[str, str, str]]:
    before, after = old.to_json(), new.to_json()
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            yield key, _short(before.get(key)), _short(after.get(key))


def _short(value: t.Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


# -- fields ----------------------------------------------------------------------------------------


def _added(field: Field) -> Change:
    return _change("field_added", "properties", field.code, field_id=field.id, label=field.label, type=field.type_name)


def _fields(old: AppDefinition, new: AppDefinition) -> Iterator[Change]:
    for field in new.all_fields:
        before = old.by_id(field.id)
        path = new.path_of(field)
        if before is None:
            yield _change("field_added", *path, field_id=field.id, label=field.label, type=field.type_name)
        else:
            if _home(old, before) != _home(new, field):
                yield _change("field_moved", *path, field_id=field.id, label=field.label)
            yield from field_changes(before, field, path)
    for before in old.all_fields:
        if new.by_id(before.id) is None:
            yield _change(
                "field_retired", *old.path_of(before), field_id=before.id, label=before.label, type=before.type_name
            )


def _home(definition: AppDefinition, field: Field) -> int | None:
    subtable = definition.subtable_of(field.code)
    return subtable.id if subtable else None


def field_changes(old: Field, new: Field, path: Path) -> Iterator[Change]:
    """What changed in one field (of the same id)."""
    if old == new:
        return
    if old.code != new.code:
        yield _change("field_renamed", *path, "code", field_id=new.id, label=new.label, before=old.code, after=new.code)
    if old.label != new.label:
        yield _change("field_relabelled", *path, "label", field_id=new.id, before=old.label, after=new.label)
    if _type(old) != _type(new):
        yield _change(
            "type_changed", *path, "type", field_id=new.id, label=new.label, before=_type(old), after=_type(new)
        )
    before, after = property_json(old), property_json(new)
    left_out = {"type", "code", "label", "id", "options", "fields", "column"}
    for key in dict.fromkeys((*before, *after)):
        if key in left_out or before.get(key) == after.get(key):
            continue
        if old.type_name != new.type_name and (key not in before or key not in after):
            continue  # the other type has other settings; that is not news
        yield _change(
            "field_setting_changed",
            *path,
            key,
            field_id=new.id,
            label=new.label,
            setting=key,
            before=_short(before.get(key)),
            after=_short(after.get(key)),
        )
    yield from _options(getattr(old, "options", ()), new, path)


def _type(field: Field) -> str:
    return "LOOKUP" if getattr(field, "lookup", None) is not None else field.type_name


def _options(old: Sequence[t.Any], new: Field, path: Path) -> Iterator[Change]:
    before = {option.id: option for option in old}
    for option in getattr(new, "options", ()):
        place = (*path, "options", option.key)
        was = before.get(option.id)
        names = {"label": new.label, "option": option.label}
        if was is None:
            if not option.retired:
                yield _change("option_added", *place, field_id=new.id, **names)
            continue
        if was.label != option.label or was.key != option.key:
            yield _change(
                "option_renamed", *place, field_id=new.id, label=new.label, before=was.label, after=option.label
            )
        if option.retired != was.retired:
            yield _change("option_retired" if option.retired else "option_restored", *place, field_id=new.id, **names)
        elif (option.index, option.hue, option.labels) != (was.index, was.hue, was.labels):
            yield _change("option_changed", *place, field_id=new.id, **names)
    kept = {option.id for option in getattr(new, "options", ())}
    for option in old:
        if option.id not in kept and not isinstance(new, SubtableField):
            yield _change(
                "option_retired", *path, "options", option.key, field_id=new.id, label=new.label, option=option.label
            )


# -- views and process -----------------------------------------------------------------------------


def _views(old: AppDefinition, new: AppDefinition) -> Iterator[Change]:
    before = {view.id: view for view in old.views}
    for view in new.views:
        was = before.pop(view.id, None)
        if was is None:
            yield _change("view_added", "views", view.name, name=view.name)
            continue
        if was.name != view.name:
            yield _change("view_renamed", "views", view.name, before=was.name, after=view.name)
        keys = ", ".join(key for key, _, _ in _settings(was, view) if key != "name")
        if keys:
            yield _change("view_changed", "views", view.name, name=view.name, settings=keys)
    for was in before.values():
        yield _change("view_removed", "views", was.name, name=was.name)


def _process(old: AppDefinition, new: AppDefinition) -> Iterator[Change]:
    if old.status.enable != new.status.enable:
        yield _change("process_on" if new.status.enable else "process_off", "status", "enable")
    yield from _states(old.status.states, new.status.states)
    yield from _listed(old.status.actions, new.status.actions)


def _states(old: Iterable[State], new: Iterable[State]) -> Iterator[Change]:
    before = {state.id: state for state in old}
    for state in new:
        place = ("status", "states", state.name)
        was = before.pop(state.id, None)
        if was is None:
            yield _change("state_added", *place, name=state.name)
            continue
        if was.name != state.name:
            yield _change("state_renamed", *place, before=was.name, after=state.name)
        if was.retired != state.retired:
            yield _change("state_retired" if state.retired else "state_restored", *place, name=state.name)
        elif any(key not in ("name", "retired") for key, _, _ in _settings(was, state)):
            yield _change("state_changed", *place, name=state.name)
    for was in before.values():
        yield _change("state_retired", "status", "states", was.name, name=was.name)


def _listed(old: Iterable[ProcessAction], new: Iterable[ProcessAction]) -> Iterator[Change]:
    before = {action.id: action for action in old}
    for index, action in enumerate(new):
        was = before.pop(action.id, None)
        if was is None:
            yield _change("action_added", "status", "actions", index, name=action.name)
        elif was != action:
            yield _change("action_changed", "status", "actions", index, name=action.name)
    for was in before.values():
        yield _change("action_removed", "status", "actions", name=was.name)


def renamed_codes(old: AppDefinition, new: AppDefinition) -> dict[str, str]:
    """Old code → new code of the fields that have another code now."""
    found = {}
    for field in new.all_fields:
        before = old.by_id(field.id)
        if before is not None and before.code != field.code:
            found[before.code] = field.code
    return found
