"""Write ``app_templates/*.json`` from the tables beside this script: ``python -m scripts.make_templates``.

``scripts/templates/<app>.txt`` has one line a field; what is no table
(formulas, views, process, hints) stands in ``scripts/template_apps.py``.
The ids inside the files are kept from the files as they are, so that a new field never renumbers an old one.
``--check`` writes nothing and fails when a file is not what the tables say; a test does the same.
"""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from lowcode.definition import codec
from lowcode.definition.complete import SYSTEM_FIELDS
from lowcode.definition.ids import assign_ids
from lowcode.fields.registry import field_class, settings_keys
from lowcode.transfer import template
from scripts.template_apps import APPS, App, Related, View

Json = dict[str, t.Any]

ROOT = Path(__file__).resolve().parent.parent
TABLES = Path(__file__).resolve().parent / "templates"
TARGET = ROOT / "app_templates"

WARDS = ("門司区", "若松区", "戸畑区", "小倉北区", "小倉南区", "八幡東区", "八幡西区", "市外", "県外", "不明")
TYPES: Mapping[str, str] = {
    "SERIAL": "SERIAL",
    "TEXT": "SINGLE_LINE_TEXT",
    "CTEXT": "SINGLE_LINE_TEXT",
    "AREA": "MULTI_LINE_TEXT",
    "NUM": "NUMBER",
    "CALC": "CALC",
    "CDATE": "CALC",
    "DATE": "DATE",
    "DT": "DATETIME",
    "DROP": "DROP_DOWN",
    "RADIO": "RADIO_BUTTON",
    "CHECK": "CHECK_BOX",
    "MULTI": "MULTI_SELECT",
    "USER": "USER_SELECT",
    "ORG": "ORGANIZATION_SELECT",
    "GROUP": "GROUP_SELECT",
    "FILE": "FILE",
    "TEL": "LINK",
    "MAIL": "LINK",
    "LOOKUP": "SINGLE_LINE_TEXT",
    "TABLE": "SUBTABLE",
    "ROLL": "ROLLUP",
    "TOKEN": "TOKEN",
}
SPANS: Mapping[str, int] = {
    "SINGLE_LINE_TEXT": 4,
    "MULTI_LINE_TEXT": 12,
    "NUMBER": 2,
    "CALC": 2,
    "DATE": 3,
    "DATETIME": 3,
    "DROP_DOWN": 3,
    "RADIO_BUTTON": 4,
    "CHECK_BOX": 6,
    "MULTI_SELECT": 6,
    "USER_SELECT": 4,
    "ORGANIZATION_SELECT": 4,
    "GROUP_SELECT": 4,
    "FILE": 6,
    "LINK": 3,
    "SERIAL": 3,
    "ROLLUP": 3,
    "TOKEN": 6,
}
HUES: Mapping[str, Mapping[str, str]] = {
    "care": {
        "調整中": "orange",
        "自宅療養": "blue",
        "宿泊療養": "cyan",
        "入院": "red",
        "施設内療養": "purple",
        "市外療養": "magenta",
        "解除": "green",
        "死亡": "grey",
    },
    "flag": {"緑": "green", "黄": "yellow", "赤": "red"},
    "first_call": {
        "未着手": "red",
        "不通1回": "orange",
        "不通2回": "orange",
        "不通3回以上": "orange",
        "SMS送付済": "blue",
        "完了": "green",
        "連絡拒否": "grey",
    },
    "severity": {"無症状": "grey", "軽症": "blue", "中等症Ⅰ": "yellow", "中等症Ⅱ": "orange", "重症": "red"},
    "priority": {"最優先": "red", "優先": "orange", "通常": "blue", "SMSのみ": "grey"},
    "notice_state": {"有効": "green", "取り下げ": "grey", "重複": "yellow", "他自治体へ移管": "purple"},
    "obs_today": {
        "対象外": "grey",
        "未回答": "orange",
        "回答済（良好）": "green",
        "回答済（要確認）": "red",
        "電話済": "blue",
    },
    "overall": {"良い": "green", "変わらない": "blue", "悪くなった": "red"},
    "action_state": {
        "不要": "grey",
        "要架電": "red",
        "架電済": "blue",
        "受診調整": "orange",
        "救急要請": "red",
        "経過観察": "yellow",
    },
    "state": {
        "受付": "blue",
        "要照合": "yellow",
        "承認": "cyan",
        "却下": "grey",
        "発送依頼済": "purple",
        "発送済": "purple",
        "配達完了": "green",
        "不在持戻り": "orange",
        "取消": "grey",
    },
}


# --- reading the tables ----------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of a table."""

    block: str
    label: str
    english: str
    code: str
    kind: str
    flags: frozenset[str]
    options: str
    settings: Mapping[str, str]

    @property
    def table(self) -> str:
        """The code of the subtable that holds it, or an empty text."""
        return self.code.split(".")[0] if "." in self.code else ""

    @property
    def field_code(self) -> str:
        """The code in the app: a row's field carries its table's name in front, since codes are unique in an app."""
        return self.code.replace(".", "_")


def lines(app: str) -> list[Line]:
    """The fields of an app, in order."""
    found = []
    for text in (TABLES / f"{app}.txt").read_text("utf-8").splitlines():
        if not text or text.startswith("#"):
            continue
        cells = [cell.strip() for cell in text.split("|")]
        block, label, english, code, kind, flags, options, settings = (*cells, "", "")[:8]
        pairs = [part.strip().partition("=") for part in settings.split(";") if part.strip()]
        found.append(
            Line(
                block,
                label,
                english,
                code,
                kind,
                frozenset(flags.split()),
                options,
                {key: value for key, _, value in pairs},
            )
        )
    return found


def english_options() -> dict[str, str]:
    """English labels of options and states."""
    text = (TABLES / "options_en.txt").read_text("utf-8")
    pairs = [line.partition(" = ") for line in text.splitlines() if line and not line.startswith("#")]
    return {japanese: english for japanese, _, english in pairs}


# --- one field -------------------------------------------------------------------------------


def property_of(line: Line, app: App) -> Json:
    """A field as it stands in ``properties``."""
    code = line.field_code
    made: Json = {"type": TYPES[line.kind], "code": code, "label": line.label}
    if line.english != line.label:
        made["labels"] = {"en": line.english}
    if hint := app.hints.get(code):
        made["hint"] = hint
    if personal := line.flags & {"P1", "P2"}:
        made["personal"] = min(personal)
    if line.kind not in ("SERIAL", "ROLL", "TOKEN", "TABLE", "CTEXT", "CALC", "CDATE") and (
        "R" in line.flags or line.kind == "RADIO"
    ):
        made["required"] = "R" in line.flags
    if line.flags & {"U", "+U"} and line.kind != "SERIAL":
        made["unique"] = True
    if (shape := SHAPES.get(line.kind)) is not None:
        made.update(shape(line, app))
    made.update(_limits(line))
    # Types that have an index anyway (roll-ups, several choices, people) take no such setting.
    if "I" in line.flags and "indexed" in settings_keys(field_class(made)):
        made["indexed"] = True
    return made


def _limits(line: Line) -> Iterator[tuple[str, t.Any]]:
    names = {
        "min": "minValue",
        "max": "maxValue",
        "minLength": "minLength",
        "maxLength": "maxLength",
        "places": "displayScale",
        "format": "format",
    }
    for key, name in names.items():
        if line.settings.get(key):
            yield name, line.settings[key]
    if "scale" in line.settings:
        yield "scale", int(line.settings["scale"])
    if "unit" in line.settings:
        yield "unit", line.settings["unit"]
        yield "unitPosition", "AFTER"


def _choice(line: Line, app: App) -> Json:
    names = WARDS if line.options == "@ward" else tuple(name.strip() for name in line.options.split(" / "))
    english, hues = english_options(), HUES.get(line.code, {})
    options: Json = {}
    for index, name in enumerate(names):
        options[name] = {"label": name, "index": str(index)}
        if name in english:
            options[name]["labels"] = {"en": english[name]}
        if name in hues:
            options[name]["hue"] = hues[name]
    made: Json = {"options": options}
    if line.kind in ("DROP", "RADIO"):
        made["defaultValue"] = line.settings.get("D", "")
    return made


def _lookup(line: Line, app: App) -> Json:
    target, _, mappings = line.options.partition(":")
    other, key = target.strip().split(".")
    pairs = [pair.strip().split("=") for pair in mappings.split(",") if pair.strip()]
    return {
        "lookup": {
            "relatedApp": {"app": "", "code": other},
            "relatedKeyField": key,
            "fieldMappings": [{"field": own, "relatedField": theirs} for own, theirs in pairs],
            "lookupPickerFields": line.settings.get("pick", key).split(","),
            "filterCond": "",
            "sort": "",
            "freshness": "FRESH" if "fresh" in line.settings else "COPY",
        }
    }


def _rollup(line: Line, app: App) -> Json:
    place, _, work = line.options.partition(":")
    target, own = place.split(" by ")
    other, related = target.strip().split(".")
    function, _, rest = work.strip().partition(" ")
    what, _, order = rest.partition(",")
    return {
        "rollup": {
            "relatedApp": {"app": "", "code": other},
            "keyField": own.strip(),
            "relatedField": related,
            "function": function,
            "field": what.strip(),
            "orderField": order.strip(),
            "filterCond": line.settings.get("filter", ""),
        }
    }


def _moment(line: Line, app: App) -> Json:
    return {
        **({"defaultNowValue": True} if "now" in line.settings else {}),
        **({"calendar": "ERA"} if "era" in line.settings else {}),
    }


def _person(line: Line, app: App) -> Json:
    return {"defaultValue": [{"type": "FUNCTION", "code": "LOGINUSER()"}]} if "me" in line.settings else {}


SHAPES: Mapping[str, t.Callable[[Line, App], Json]] = {
    "SERIAL": lambda line, app: {"pattern": line.settings["pattern"], "reset": line.settings["reset"]},
    "CTEXT": lambda line, app: {"expression": app.formulas[line.code]},
    "CALC": lambda line, app: {"expression": app.formulas[line.code], "format": "NUMBER"},
    "CDATE": lambda line, app: {"expression": app.formulas[line.code], "format": "DATE"},
    "DATE": _moment,
    "DT": _moment,
    "DROP": _choice,
    "RADIO": _choice,
    "CHECK": _choice,
    "MULTI": _choice,
    "TEL": lambda line, app: {"protocol": "CALL"},
    "MAIL": lambda line, app: {"protocol": "MAIL"},
    "LOOKUP": _lookup,
    "ROLL": _rollup,
    "USER": _person,
    "TABLE": lambda line, app: {"fields": {}},
    "TOKEN": lambda line, app: {"form": "", "expiresAfterDays": line.settings.get("days", "")},
}


# --- one app ---------------------------------------------------------------------------------


def definition(app: App) -> Json:
    """The definition of a template, without ids."""
    properties: Json = {}
    for line in lines(app.code):
        home = properties[line.table]["fields"] if line.table else properties
        home[line.field_code] = property_of(line, app)
    for block, (code, label, english) in app.blocks.items():
        properties[code] = {
            "type": "GROUP",
            "code": code,
            "label": label,
            "labels": {"en": english},
            "openGroup": block not in app.closed_blocks,
        }
    for related in app.related:
        properties[related.code] = _reference(related)
    for kind, code, english in SYSTEM_FIELDS:
        properties[code] = {"type": kind, "code": code, "label": code, "labels": {"en": english}}
    return {
        "format": 1,
        "code": app.code,
        "settings": {
            "name": app.name,
            "names": {"en": app.english},
            "description": app.description,
            "icon": {"type": "PRESET", "key": app.icon},
            "hue": app.hue,
            "titleField": {"selectionMode": "MANUAL", "code": app.title},
            "firstMonthOfFiscalYear": "4",
            "personalData": app.code != "facility",
            "space": "感染症対策",
        },
        "properties": properties,
        "layout": layout(app),
        "views": {view.name: _view(view, index) for index, view in enumerate(app.views)},
        "status": _status(app),
        "acl": {
            "app": {
                "rights": [
                    {"entity": {"type": "CREATOR", "code": ""}, **_rights("appEditable", *RECORD_RIGHTS)},
                    # Health data is withdrawn, not deleted; taking it out of the system is a right to be given by name.
                    {
                        "entity": {"type": "GROUP", "code": "everyone"},
                        **_rights("recordViewable", "recordAddable", "recordEditable"),
                    },
                ]
            }
        },
    }


RECORD_RIGHTS = (
    "recordViewable",
    "recordAddable",
    "recordEditable",
    "recordDeletable",
    "recordImportable",
    "recordExportable",
)


def _rights(*given: str) -> Json:
    return {name: name in given for name in ("appEditable", *RECORD_RIGHTS)}


def layout(app: App) -> list[Json]:
    """A group for each block; rows are filled up to twelve columns; tables and related lists follow their block."""
    found: list[Json] = []
    table = lines(app.code)
    for block, (code, _, _) in app.blocks.items():
        rows: list[Json] = []
        used = 12
        for line in table:
            if line.block != block or line.table or line.kind == "TABLE":
                continue
            kind = TYPES[line.kind]
            span = app.spans.get(line.code, _span(line, kind))
            if used + span > 12:
                rows.append({"type": "ROW", "fields": []})
                used = 0
            rows[-1]["fields"].append({"type": kind, "code": line.code, "span": span})
            used += span
        found.append({"type": "GROUP", "code": code, "layout": rows})
        for line in table:
            if line.block == block and line.kind == "TABLE":
                inner = [one for one in table if one.table == line.code]
                found.append(
                    {
                        "type": "SUBTABLE",
                        "code": line.code,
                        "fields": [{"type": TYPES[one.kind], "code": one.field_code} for one in inner],
                    }
                )
    found.extend(
        {"type": "ROW", "fields": [{"type": "REFERENCE_TABLE", "code": related.code}]} for related in app.related
    )
    return found


def _span(line: Line, kind: str) -> int:
    """The width of a control: choices side by side need room for their words."""
    if line.kind == "CDATE":
        return 3
    if line.kind in ("RADIO", "CHECK"):
        letters = sum(len(name) + 3 for name in line.options.split(" / "))
        return next((span for span, room in ((3, 14), (4, 22), (6, 36)) if letters <= room), 12)
    return SPANS[kind]


def _reference(related: Related) -> Json:
    return {
        "type": "REFERENCE_TABLE",
        "code": related.code,
        "label": related.label,
        "labels": {"en": related.english},
        "referenceTable": {
            "relatedApp": {"app": "", "code": related.app},
            "condition": {"field": related.own, "relatedField": related.other},
            "filterCond": "",
            "displayFields": related.columns.split(),
            "sort": related.sort,
            "size": "5",
        },
    }


def _view(view: View, index: int) -> Json:
    made: Json = {
        "type": "LIST",
        "name": view.name,
        "names": {"en": view.english},
        "index": str(index),
        "fields": view.columns.split(),
        "filterCond": view.filter,
        "sort": view.sort,
    }
    if view.date:
        made |= {"type": "CALENDAR", "date": view.date, "title": view.title, "fields": []}
    return made


def _status(app: App) -> Json:
    english = english_options()
    states = {
        name: {
            "name": name,
            "index": str(index),
            "hue": hue,
            "names": {"en": english[name]},
            "assignee": {"type": "ONE", "entities": []},
        }
        for index, (name, hue) in enumerate(app.states.items())
    }
    actions = [
        {"name": name, "names": {"en": spoken}, "from": start, "to": end, "filterCond": condition, "type": "PRIMARY"}
        for name, spoken, start, end, condition in app.actions
    ]
    return {"enable": bool(states), "states": states, "actions": actions}


# --- files -----------------------------------------------------------------------------------


def file_of(app: App) -> bytes:
    """The bytes of a template file; ids are taken from the file that is there."""
    path = TARGET / f"{app.code}.json"
    previous = orjson.loads(path.read_bytes())["apps"][0] if path.exists() else None
    made = assign_ids(definition(app), previous)
    return template.write([codec.load(made)])


def main() -> int:
    """Write the files; with ``--check`` compare them instead. Returns the exit code."""
    stale = []
    for app in APPS:
        path, made = TARGET / f"{app.code}.json", file_of(app)
        if "--check" in sys.argv[1:]:
            stale += [] if path.exists() and path.read_bytes() == made else [path.name]
        else:
            path.write_bytes(made)
    for name in stale:
        print(f"app_templates/{name} is not what scripts/make_templates.py makes", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
