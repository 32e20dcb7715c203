"""The shipped templates hold what health centres need, field by field, and are what their tables say."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from lowcode import resources
from lowcode.definition import AppDefinition, waiting
from lowcode.fields.base import Field
from lowcode.fields.lookup import LookupField
from lowcode.fields.subtable import SubtableField
from lowcode.query import build, kintone
from lowcode.transfer import template
from scripts import make_templates
from scripts.template_apps import APPS

EXPECTED = Path(__file__).parent / "data" / "templates.txt"
CODES = ("facility", "case_ledger", "observation", "supply_request")
TYPES = {
    "SERIAL": "SERIAL",
    "TEXT": "SINGLE_LINE_TEXT",
    "AREA": "MULTI_LINE_TEXT",
    "NUM": "NUMBER",
    "CALC": "CALC",
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
    "LINK": "LINK",
    "LOOKUP": "SINGLE_LINE_TEXT",
    "TABLE": "SUBTABLE",
    "ROLL": "ROLLUP",
    "TOKEN": "TOKEN",
}
# What calculates a text or a day is a text with a formula, or a calculation shown as a date.
OTHER_TYPES = {
    ("case_ledger", "age_group"): "SINGLE_LINE_TEXT",
    ("case_ledger", "priority_auto"): "SINGLE_LINE_TEXT",
    ("observation", "flag_auto"): "SINGLE_LINE_TEXT",
    ("observation", "obs_date"): "CALC",
}
# The rules of the observation log need the age and the onset, and the judgement that counts has a field of its own.
HELPERS = {"observation": {"age", "onset", "flag_result"}}
# A lookup finds its source by a value that occurs once.
ALSO_UNIQUE = {("facility", "name")}
ALWAYS_INDEXED = {"SERIAL", "ROLLUP", "CHECK_BOX", "MULTI_SELECT", "USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT"}


@dataclass(frozen=True)
class Wanted:
    """One line of the table of fields."""

    app: str
    label: str
    code: str
    kind: str
    flags: frozenset[str]
    default: str
    rest: str


def wanted() -> Iterator[Wanted]:
    app = ""
    for line in EXPECTED.read_text("utf-8").splitlines():
        if line.startswith("["):
            app = line.strip("[]")
        elif not line.startswith("#"):
            label, code, kind, flags, default, rest = (cell.strip() for cell in (line + " |" * 5).split("|")[:6])
            yield Wanted(app, label, code, kind, frozenset(flags.split()), default, rest)


WANTED = tuple(wanted())


@pytest.fixture(scope="module")
def apps() -> Mapping[str, AppDefinition]:
    loaded = [template.load((resources.folder("app_templates") / f"{code}.json").read_bytes()) for code in CODES]
    return {app.code: app for one in loaded for app in one.apps}


@pytest.mark.parametrize("line", WANTED, ids=lambda line: f"{line.app}.{line.code}")
def test_field_is_as_specified(line: Wanted, apps: Mapping[str, AppDefinition]) -> None:
    found = apps[line.app].field(line.code)
    assert found.label == line.label
    assert found.type_name == OTHER_TYPES.get((line.app, line.code), TYPES[line.kind])
    assert isinstance(found, LookupField) == (line.kind == "LOOKUP")
    assert dict(found.labels).get("en") or found.label.isascii()
    if line.kind not in ("SERIAL", "TABLE"):
        assert bool(getattr(found, "required", False)) == ("R" in line.flags)
    assert found.is_unique() == ("U" in line.flags or (line.app, line.code) in ALSO_UNIQUE or line.kind == "TOKEN")
    assert found.personal == next((flag for flag in ("P1", "P2") if flag in line.flags), "")
    assert "I" not in line.flags or found.type_name in ALWAYS_INDEXED or found.has_index()
    if line.default == "now":
        assert getattr(found, "default_now_value", False)
    elif line.default:
        assert getattr(found, "default_value", "") == line.default
    if isinstance(found, SubtableField):
        inner = {f"{line.code}_{name}": kind for name, kind in (pair.split() for pair in line.rest.split(", "))}
        assert {one.code: one.type_name for one in found.fields} == {c: TYPES[kind] for c, kind in inner.items()}
    elif line.rest:
        assert [option.label for option in t.cast(t.Any, found).options] == line.rest.split(" / ")


@pytest.mark.parametrize(
    "code, fields, required, inner",
    [("case_ledger", 118, 14, 14), ("observation", 34, 5, 0), ("supply_request", 34, 11, 0), ("facility", 25, 4, 0)],
)
def test_number_of_fields(code: str, fields: int, required: int, inner: int, apps: Mapping[str, AppDefinition]) -> None:
    own = [f for f in apps[code].fields if _counts(f) and f.code not in HELPERS.get(code, set())]
    assert len(own) == fields == sum(line.app == code for line in WANTED)
    assert sum("R" in line.flags for line in WANTED if line.app == code) == required
    assert sum(len(table.fields) for table in apps[code].subtables) == inner


def _counts(field: Field) -> bool:
    return (field.stores_value or isinstance(field, SubtableField)) and not hasattr(field, "system_column")


def test_helper_fields_are_the_only_additions(apps: Mapping[str, AppDefinition]) -> None:
    for code, app in apps.items():
        named = {line.code for line in WANTED if line.app == code}
        assert {f.code for f in app.fields if _counts(f)} - named == HELPERS.get(code, set())


@pytest.mark.parametrize("code", CODES)
def test_views_and_actions_can_be_asked(code: str, apps: Mapping[str, AppDefinition]) -> None:
    app = apps[code]
    texts = [view.filter_cond for view in app.views] + [action.filter_cond for action in app.status.actions]
    for text in filter(None, texts):
        assert build.check(kintone.parse_condition(text), app) == (), text
    for view in app.views:
        assert build.check_order(kintone.parse_order(view.sort) if view.sort else (), app) == (), view.name
        assert dict(view.names)["en"]


@pytest.mark.parametrize(
    "code, names",
    [
        (
            "case_ledger",
            "全件 本日受理 初回連絡待ち 本日の架電対象 未回答者 体調不良者 入院調整中 宿泊調整中 "
            "自宅療養中 本日解除予定 私の担当 自区 世帯別 重複候補 公表待ち カレンダー（解除予定）",
        ),
        ("observation", "本日の回答 要架電 私の架電 電話で確認済（本日） 症例別経過 夜間回答 期間抽出"),
        ("supply_request", "受付（未審査） 要照合 重複の疑い 本日発送分 発送依頼済 不在持戻り 区別"),
        ("facility", "入院受入（空き順） 宿泊施設（空室） 検査機関 種別別 更新なし"),
    ],
)
def test_views_that_the_work_needs(code: str, names: str, apps: Mapping[str, AppDefinition]) -> None:
    assert set(names.split()) <= {view.name for view in apps[code].views}


def test_own_ward_of_the_ledger(apps: Mapping[str, AppDefinition]) -> None:
    views = {view.name: view for view in apps["case_ledger"].views}
    own = views["自区"]
    assert own.fields == views["全件"].fields
    assert own.filter_cond == 'ward in (MYWARD()) and care not in ("解除", "死亡")'
    assert own.sort == "last_flag asc"


def test_process_of_the_ledger(apps: Mapping[str, AppDefinition]) -> None:
    status = apps["case_ledger"].status
    assert status.enable
    assert status.first is not None
    assert status.first.name == "受理"
    steps = {(action.from_state, action.name, action.to_state) for action in status.actions}
    assert {
        ("受理", "内容確認", "確認済"),
        ("初回連絡中", "療養先決定", "療養中"),
        ("解除待ち", "延長", "療養中"),
        ("療養中", "死亡", "死亡"),
        ("調整中", "取り下げ", "取り下げ"),
    } <= steps


def test_linked_apps_fit_each_other(apps: Mapping[str, AppDefinition]) -> None:
    whole = template.write(apps.values())
    assert template.load(whole).codes == ("case_ledger", "facility", "observation", "supply_request")
    assert {part.app for part in waiting(apps["case_ledger"], apps)} == {
        "notice_intake",
        "cluster",
        "oximeter_loan",
        "epi_survey",
        "contact",
        "test",
        "placement",
        "certificate",
        "consultation",
        "vaccination",
    }
    assert template.load(whole).requires == ("cluster", "contact", "notice_intake")


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.code)
def test_files_are_what_the_tables_say(app: t.Any) -> None:
    path = make_templates.TARGET / f"{app.code}.json"
    assert path.read_bytes() == make_templates.file_of(app)


def test_ids_outlive_a_new_field(monkeypatch: pytest.MonkeyPatch) -> None:
    app = next(app for app in APPS if app.code == "facility")
    before = orjson.loads(make_templates.file_of(app))["apps"][0]["properties"]
    first = make_templates.lines("facility")
    new = make_templates.Line("基本", "色", "Colour", "colour", "TEXT", frozenset(), "", {})
    monkeypatch.setattr(make_templates, "lines", lambda _app: [new, *first])
    after = orjson.loads(make_templates.file_of(app))["apps"][0]["properties"]
    assert {code: after[code]["id"] for code in before} == {code: before[code]["id"] for code in before}
    assert after["colour"]["id"] not in {settings["id"] for settings in before.values()}
