"""Words for what definitions say: types, settings, places, changes and notes, in the reader's language."""

from __future__ import annotations

import typing as t
import urllib.parse
from collections.abc import Mapping

from lowcode.definition.compare import Change
from lowcode.definition.schema import AppDefinition
from lowcode.deploy import Note
from lowcode.errors import Path
from lowcode.fields.registry import CLASSES
from lowcode.web import i18n

Json = Mapping[str, t.Any]

ICONS: t.Final[Mapping[str, str]] = {
    "SINGLE_LINE_TEXT": "type",
    "MULTI_LINE_TEXT": "align-left",
    "RICH_TEXT": "file-text",
    "NUMBER": "hash",
    "CALC": "calculator",
    "RADIO_BUTTON": "circle-dot",
    "CHECK_BOX": "square-check",
    "MULTI_SELECT": "list",
    "DROP_DOWN": "chevrons-up-down",
    "DATE": "calendar",
    "TIME": "clock",
    "DATETIME": "calendar-days",
    "LINK": "link",
    "FILE": "paperclip",
    "USER_SELECT": "user",
    "ORGANIZATION_SELECT": "building-2",
    "GROUP_SELECT": "users",
    "LOOKUP": "search",
    "REFERENCE_TABLE": "database",
    "SUBTABLE": "table-2",
    "GROUP": "group",
    "LABEL": "heading",
    "SPACER": "between-horizontal-start",
    "HR": "minus",
    "SERIAL": "tag",
    "ROLLUP": "layers",
    "TOKEN": "key-round",
}
# Settings whose key in JSON means the same everywhere; the words are those of the designer's own controls.
_SETTING_WORDS: dict[str, str] = {
    control["key"]: control["label"] for kind in reversed(CLASSES) for control in kind.controls()
}
_APP_WORDS: t.Final[Mapping[str, str]] = {
    "name": "name",
    "names": "names",
    "description": "description",
    "icon": "icon",
    "theme": "theme",
    "hue": "hue",
    "titleField": "title_field",
    "enableThumbnails": "thumbnails",
    "enableBulkDeletion": "bulk_deletion",
    "enableComments": "comments",
    "enableDuplicateRecord": "duplicate_record",
    "enableInlineRecordEditing": "inline_editing",
    "firstMonthOfFiscalYear": "first_month",
    "personalData": "personal_data",
    "space": "space",
}
_VIEW_WORDS: t.Final[Mapping[str, str]] = {
    "type": "type",
    "names": "names",
    "fields": "fields",
    "date": "date",
    "title": "title",
    "html": "html",
    "pager": "pager",
    "device": "device",
    "filterCond": "filter",
    "sort": "sort",
}


def type_words(kind: str) -> str:
    """A field type as people call it."""
    words = i18n.translate(f"designer.type.{kind}")
    return kind if words.startswith("designer.type.") else words


def type_of(settings: Json) -> str:
    """The type of a property; a lookup is called so whatever it is based on."""
    if isinstance(settings.get("lookup"), Mapping):
        return "LOOKUP"
    kind = settings.get("type")
    return kind if isinstance(kind, str) else ""


def icon_of(kind: str) -> str:
    """The icon of a type."""
    return ICONS.get(kind, "circle")


def setting_words(key: str) -> str:
    """A setting of a field, by its key in JSON."""
    return i18n.translate(_SETTING_WORDS[key]) if key in _SETTING_WORDS else key


def value_words(text: str) -> str:
    """A value of a setting: yes and no, and the words of choices."""
    if text in ("True", "False"):
        return i18n.translate("designer.yes" if text == "True" else "designer.no")
    words = i18n.translate(f"setting.value.{text}") if text.isupper() else text
    return text if words.startswith("setting.value.") else words


def change_words(change: Change) -> str:
    """The sentence of a change, its technical words put into people's."""
    params: dict[str, t.Any] = dict(change.params)
    if change.kind in ("field_added", "field_retired"):
        params["type"] = type_words(str(params.get("type", "")))
    elif change.kind == "type_changed":
        params.update(before=type_words(params["before"]), after=type_words(params["after"]))
    elif change.kind == "field_setting_changed":
        params.update(
            setting=setting_words(params["setting"]),
            before=value_words(params["before"]) or _nothing(),
            after=value_words(params["after"]) or _nothing(),
        )
    elif change.kind == "setting_changed":
        word = _APP_WORDS.get(params["setting"])
        params.update(
            setting=i18n.translate(f"definition.setting.{word}") if word else _part(params["setting"]),
            before=value_words(params["before"]) or _nothing(),
            after=value_words(params["after"]) or _nothing(),
        )
    elif change.kind == "view_changed":
        params["settings"] = _comma().join(
            i18n.translate(f"definition.view.{_VIEW_WORDS[key]}") if key in _VIEW_WORDS else _part(key)
            for key in params["settings"].split(", ")
        )
    elif change.kind in ("rights_changed", "part_changed"):
        params["part"] = _part(params["part"])
    return i18n.translate(change.key, **params)


def note_words(note: Note) -> str:
    """The sentence of a note."""
    params = dict(note.params)
    for key in ("before", "after"):
        if key in params:
            params[key] = type_words(str(params[key]))
    return i18n.translate(note.key, **params)


def _nothing() -> str:
    return i18n.translate("designer.nothing")


def _comma() -> str:
    return i18n.translate("designer.comma")


def _part(key: str) -> str:
    words = i18n.translate(f"designer.part.{key}")
    return key if words.startswith("designer.part.") else words


def place_words(path: Path, definition: AppDefinition | None, raw: Json | None = None) -> str:
    """A place in a definition for people: 項目「温度」の最大値 rather than ``properties.temp.maxValue``."""
    if len(path) >= 2 and path[0] == "properties":
        code = path[3] if len(path) > 3 and path[2] == "fields" else path[1]
        rest = path[4:] if len(path) > 3 and path[2] == "fields" else path[2:]
        field = definition.find(str(code)) if definition is not None else None
        label = field.display_label(i18n.locale()) if field is not None else str(code)
        key = next((str(step) for step in rest if isinstance(step, str)), "")
        if not key:
            return i18n.translate("designer.place.field", label=label)
        return i18n.translate("designer.place.setting", label=label, setting=setting_words(key))
    if len(path) >= 2 and path[0] == "views":
        word = _VIEW_WORDS.get(str(path[2])) if len(path) > 2 else None
        if word:
            return i18n.translate(
                "designer.place.view_setting", name=path[1], setting=i18n.translate(f"definition.view.{word}")
            )
        return i18n.translate("designer.place.view", name=path[1])
    if len(path) >= 2 and path[0] == "settings" and path[1] in _APP_WORDS:
        return i18n.translate(f"definition.setting.{_APP_WORDS[str(path[1])]}")
    return ".".join(str(step) for step in path)


def place_url(app: int, path: Path) -> str:
    """The screen on which a place of a definition is changed."""
    base = f"/k/admin/app/{app}"
    if len(path) >= 2 and path[0] == "properties":
        code = path[3] if len(path) > 3 and path[2] == "fields" else path[1]
        return f"{base}/fields/{code}"
    if len(path) >= 2 and path[0] == "views":
        return f"{base}/views/edit?name={urllib.parse.quote(str(path[1]))}"
    if path and path[0] == "settings":
        return f"{base}/settings"
    return f"{base}/json"
