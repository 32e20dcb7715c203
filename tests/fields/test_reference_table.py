"""REFERENCE_TABLE: settings only."""

from __future__ import annotations

import typing as t

import pytest

from tests.fields.making import make, refused
from tests.fields.people import OFFICE

PART: dict[str, t.Any] = {
    "relatedApp": {"app": "5", "code": "observation_log"},
    "condition": {"field": "case_no", "relatedField": "case_no"},
    "filterCond": 'flag in ("赤")',
    "displayFields": ["observed_at", "temp"],
    "sort": "observed_at desc",
    "size": "5",
}


def table(**part: t.Any) -> t.Any:
    return make("REFERENCE_TABLE", referenceTable={**PART, **part})


def test_part_is_kept() -> None:
    assert table().to_json()["referenceTable"] == PART
    part = table().reference_table
    assert (part.related_app.code, part.condition.field, part.display_fields) == (
        "observation_log",
        "case_no",
        ("observed_at", "temp"),
    )
    assert (part.filter_cond, part.sort, part.limit) == ('flag in ("赤")', "observed_at desc", 5)


def test_least_settings() -> None:
    least = {key: PART[key] for key in ("relatedApp", "condition")}
    part = make("REFERENCE_TABLE", referenceTable=least).reference_table
    assert (part.filter_cond, part.display_fields, part.sort, part.limit) == ("", (), "", 5)


@pytest.mark.parametrize("size", ["1", "3", "5", "10", "20", "30", "40", "50"])
def test_size(size: str) -> None:
    assert table(size=size).reference_table.limit == int(size)


@pytest.mark.parametrize(
    "part, path",
    [
        ({"size": "7"}, ("size",)),
        ({"condition": {"field": "a"}}, ("condition", "relatedField")),
        ({"displayFields": "a"}, ("displayFields",)),
        ({"relatedApp": {}}, ("relatedApp", "code")),
        ({"colour": "red"}, ("colour",)),
    ],
)
def test_wrong_settings(part: dict[str, t.Any], path: tuple[t.Any, ...]) -> None:
    assert [found for _, found in refused("REFERENCE_TABLE", referenceTable={**PART, **part})] == [
        ("referenceTable", *path)
    ]


def test_holds_no_value() -> None:
    field = table()
    assert (field.stores_value, field.writable, field.inside_subtable, field.columns(), field.operators) == (
        False,
        False,
        False,
        (),
        (),
    )
    assert field.coerce("anything", OFFICE) is None
