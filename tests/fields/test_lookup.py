"""LOOKUP: three base types, a second column, and settings of their own."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from lowcode.fields.link import LinkField
from lowcode.fields.lookup import LookupField
from lowcode.fields.number import NumberField
from lowcode.fields.text import SingleLineTextField
from tests.fields.making import complaints, make, problems, refused
from tests.fields.people import OFFICE

PART: dict[str, t.Any] = {
    "relatedApp": {"code": "case_ledger"},
    "relatedKeyField": "case_no",
    "fieldMappings": [{"field": "name", "relatedField": "name"}, {"field": "age", "relatedField": "age"}],
    "lookupPickerFields": ["case_no", "name"],
    "filterCond": 'state in ("有効")',
    "sort": "case_no desc",
}


def lookup(type_name: str = "SINGLE_LINE_TEXT", **part: t.Any) -> t.Any:
    return make(type_name, code="case_no", id=12, lookup={**PART, **part})


@pytest.mark.parametrize(
    "type_name, base, raw, value",
    [
        ("SINGLE_LINE_TEXT", SingleLineTextField, "04-000001", "04-000001"),
        ("NUMBER", NumberField, "12.0", Decimal(12)),
        ("LINK", LinkField, "https://example.jp/", "https://example.jp/"),
    ],
)
def test_behaves_as_its_base(type_name: str, base: type[t.Any], raw: str, value: t.Any) -> None:
    field = lookup(type_name)
    assert isinstance(field, LookupField)
    assert isinstance(field, base)
    assert field.coerce(raw, OFFICE) == value
    assert field.to_kintone(value, OFFICE)["type"] == type_name
    assert [column.name for column in field.columns()][-1] == "f12_r" == field.source_column
    assert field.columns()[0].name == "f12"
    assert field.has_index()
    assert not field.is_unique()
    assert field.to_json()["type"] == type_name


def test_copy_targets() -> None:
    assert lookup().copy_targets == ("name", "age")
    assert lookup(fieldMappings=[]).copy_targets == ()


@pytest.mark.parametrize(
    "freshness, fresh, drift", [("COPY", False, False), ("FRESH", True, False), ("DRIFT", False, True)]
)
def test_freshness(freshness: str, fresh: bool, drift: bool) -> None:
    field = lookup(freshness=freshness)
    assert (field.keeps_fresh, field.shows_drift) == (fresh, drift)


def test_freshness_is_kintones_by_default() -> None:
    assert lookup().lookup.freshness == "COPY"


def test_part_is_kept() -> None:
    part = lookup().to_json()["lookup"]
    assert {**part, "relatedApp": {"code": part["relatedApp"]["code"]}} == {**PART, "freshness": "COPY"}


def test_required() -> None:
    field = make("SINGLE_LINE_TEXT", required=True, lookup=PART)
    assert complaints(field, None, OFFICE) == [("required", ())]


@pytest.mark.parametrize(
    "key, value", [("unique", True), ("minLength", "1"), ("maxLength", "9"), ("defaultValue", "x"), ("expression", "a")]
)
def test_no_limits_of_its_own(key: str, value: t.Any) -> None:
    assert refused("SINGLE_LINE_TEXT", lookup=PART, **{key: value}) == [("setting.unknown", (key,))]


@pytest.mark.parametrize(
    "type_name, part, found",
    [
        ("SINGLE_LINE_TEXT", {"relatedApp": None}, ("lookup", "relatedApp")),
        ("SINGLE_LINE_TEXT", {"freshness": "SOMETIMES"}, ("lookup", "freshness")),
        ("SINGLE_LINE_TEXT", {"fieldMappings": [{"field": "a"}]}, ("lookup", "fieldMappings", 0, "relatedField")),
        (
            "SINGLE_LINE_TEXT",
            {"fieldMappings": [{"field": "a", "relatedField": "b"}] * 2},
            ("lookup", "fieldMappings", 1, "field"),
        ),
        (
            "SINGLE_LINE_TEXT",
            {"fieldMappings": [{"field": "x", "relatedField": "b"}]},
            ("lookup", "fieldMappings", 0, "field"),
        ),
        ("DATE", {}, ("type",)),
    ],
)
def test_wrong_settings(type_name: str, part: dict[str, t.Any], found: tuple[t.Any, ...]) -> None:
    assert [path for _, path in refused(type_name, lookup={**PART, **part})] == [found]


def test_form() -> None:
    kind = type("F", (Form,), {"case_no": lookup().form_field(OFFICE)})
    bound = kind(MultiDict([("case_no", "０４ ")])).case_no
    html = str(bound())
    assert html.startswith("<lc-combobox")
    for part in ('data-url="/k/7/picker/12?q="', 'name="case_no"', 'type="text"', 'data-lookup="case_no"', 'id="f12"'):
        assert part in html
    assert "hidden" not in html


def test_a_number_that_is_none() -> None:
    assert problems(lambda: lookup("NUMBER").coerce("abc", OFFICE)) == [("number.not_a_number", ())]
