"""The short way from a row to JSON gives what the long way gives, for every field type."""

from __future__ import annotations

import pytest

from lowcode.records.record import Change
from tests.builders import an_app
from tests.records.conftest import House

EVERYTHING = (
    an_app("everything")
    .field("SERIAL", "no", pattern="{FY2}-{0000}", reset="FISCAL_YEAR")
    .text("text")
    .long_text("long")
    .field("RICH_TEXT", "rich")
    .field("LINK", "tel", protocol="CALL")
    .number("whole")
    .number("exact", scale=10)
    .number("few", scale=0)
    .date("day")
    .field("TIME", "clock")
    .datetime("at")
    .choice("one", "a", "b")
    .field(
        "RADIO_BUTTON",
        "radio",
        options={"x": {"label": "x", "index": "0"}, "y": {"label": "y", "index": "1"}},
        defaultValue="",
    )
    .checks("many", "p", "q", "r")
    .field("MULTI_SELECT", "multi", options={"k": {"label": "k", "index": "0"}}, defaultValue=[])
    .formula("sum", "whole + exact")
    .formula("later", "day + 86400", format="DATE")
    .subtable("rows", an_app().text("who").number("years").checks("marks", "m", "n"))
)
VALUES = {
    "text": "山田",
    "long": "一\n二",
    "rich": "<b>太</b>",
    "tel": "090-0000-0001",
    "whole": "12",
    "exact": "-0.0000000001",
    "few": "7",
    "day": "2022-08-25",
    "clock": "09:30",
    "at": "2022-08-25T00:31:00Z",
    "one": "b",
    "radio": "y",
    "many": ["p", "r"],
    "multi": ["k"],
    "rows": [{"id": None, "values": {"who": "母", "years": "50.5", "marks": ["n"]}}],
}


@pytest.mark.parametrize(
    "values", [VALUES, {}, {"whole": "-1.5", "exact": "99999999", "few": "0"}], ids=["full", "empty", "numbers"]
)
def test_both_ways_agree(house: House, values: dict[str, object]) -> None:
    house.install(EVERYTHING.definition())
    saved = house.add("everything", **values)
    with house.reading() as space:
        reader = space.reader("everything")
        (short,) = reader.json_list()
        (again,) = reader.json_list(ids=[saved.id])
        record = reader.get(saved.id)
        long = {f.code: f.dump(record.values[f.code]) for f in reader.definition.fields if f.code in record.values}
    assert short == again == {"id": saved.id, "revision": 1, "values": long}


def test_a_page_far_down_is_the_same_page(house: House) -> None:
    house.install(EVERYTHING.definition())
    for _ in range(3):
        with house.writing() as space:
            space.service("everything").save([Change(values={"text": str(n)}) for n in range(100)])
    with house.reading() as space:
        reader = space.reader("everything")
        near = reader.json_list(limit=300)
        assert reader.json_list(limit=10, offset=250) == near[250:260]
