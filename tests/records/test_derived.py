"""Lookups, roll-ups and numbers: values that come from other records or from counters."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lowcode.errors import Invalid
from lowcode.records.record import Change
from tests.builders import an_app
from tests.records.conftest import House

FACILITY = an_app("facility").text("code", unique=True).text("name").text("tel").choice("kind", "病院", "診療所")
CASES = (
    an_app("cases")
    .field("SERIAL", "no", pattern="{FY2}-{0000}", reset="FISCAL_YEAR")
    .text("name")
    .field(
        "SINGLE_LINE_TEXT",
        "clinic",
        lookup={
            "relatedApp": {"code": "facility"},
            "relatedKeyField": "code",
            "fieldMappings": [
                {"field": "clinic_name", "relatedField": "name"},
                {"field": "clinic_kind", "relatedField": "kind"},
            ],
            "lookupPickerFields": ["name"],
            "filterCond": "",
            "sort": "",
            "freshness": "FRESH",
        },
    )
    .text("clinic_name")
    .text("clinic_kind")
    .field(
        "ROLLUP",
        "last_temp",
        format="NUMBER",
        rollup={
            "relatedApp": {"code": "obs"},
            "keyField": "no",
            "relatedField": "case",
            "function": "LATEST",
            "field": "temp",
            "orderField": "at",
            "filterCond": "",
        },
    )
    .field(
        "ROLLUP",
        "calls",
        format="NUMBER",
        rollup={
            "relatedApp": {"code": "obs"},
            "keyField": "no",
            "relatedField": "case",
            "function": "COUNT",
            "field": "",
            "orderField": "",
            "filterCond": 'method in ("電話")',
        },
    )
    .formula("hot", "IF(last_temp >= 37.5, 1, 0)")
)
OBS = (
    an_app("obs")
    .field(
        "SINGLE_LINE_TEXT",
        "case",
        lookup={
            "relatedApp": {"code": "cases"},
            "relatedKeyField": "no",
            "fieldMappings": [{"field": "who", "relatedField": "name"}],
            "lookupPickerFields": ["name"],
            "filterCond": "",
            "sort": "",
        },
    )
    .text("who")
    .datetime("at")
    .number("temp")
    .choice("method", "電話", "URL")
)


@pytest.fixture
def apps(house: House) -> House:
    for builder in (FACILITY, CASES, OBS):
        house.install(builder.definition())
    return house


def test_a_lookup_copies_and_an_empty_key_clears(apps: House) -> None:
    apps.add("facility", code="F1", name="中央病院", kind="病院")
    case = apps.add("cases", name="山田", clinic="F1", clinic_name="ignored")
    assert (case["clinic_name"], case["clinic_kind"]) == ("中央病院", "病院")
    cleared = apps.edit("cases", case.id, clinic="")
    assert (cleared["clinic"], cleared["clinic_name"], cleared["clinic_kind"]) == (None, None, None)


def test_an_unknown_key_is_a_problem_of_the_lookup(apps: House) -> None:
    with pytest.raises(Invalid) as caught:
        apps.add("cases", clinic="nowhere")
    assert [(p.code, p.path) for p in caught.value.problems] == [("lookup.not_found", (0, "clinic"))]


def test_a_fresh_lookup_follows_its_source_without_raising_the_revision(apps: House) -> None:
    facility = apps.add("facility", code="F1", name="中央病院")
    case = apps.add("cases", clinic="F1")
    apps.edit("facility", facility.id, name="新中央病院")
    now = apps.get("cases", case.id)
    assert (now["clinic_name"], now.revision) == ("新中央病院", 1)
    assert apps.edit("cases", case.id, 1, name="b")["name"] == "b"


def test_a_snapshot_lookup_stays_as_it_was_copied(apps: House) -> None:
    case = apps.add("cases", name="山田")
    seen = apps.add("obs", case=case["no"])
    apps.edit("cases", case.id, name="川田")
    assert apps.get("obs", seen.id)["who"] == "山田"


def test_roll_ups_follow_their_children(apps: House) -> None:
    case = apps.add("cases", name="山田")
    assert (case["last_temp"], case["calls"], case["hot"]) == (None, Decimal(0), Decimal(0))
    first = apps.add("obs", case=case["no"], at="2022-08-01T00:00:00Z", temp="38.2", method="URL")
    assert (apps.get("cases", case.id)["last_temp"], apps.get("cases", case.id)["hot"]) == (Decimal("38.2"), Decimal(1))
    apps.add("obs", case=case["no"], at="2022-07-31T00:00:00Z", temp="36.1", method="電話")
    now = apps.get("cases", case.id)
    assert (now["last_temp"], now["calls"], now.revision) == (Decimal("38.2"), Decimal(1), 1)
    apps.save("obs", Change(id=first.id, delete=True))
    assert apps.get("cases", case.id)["last_temp"] == Decimal("36.1")
    other = apps.add("cases", name="b")
    moved = apps.find("obs")[0]
    apps.edit("obs", moved.id, case=other["no"])
    assert apps.get("cases", case.id)["last_temp"] is None
    assert apps.get("cases", other.id)["last_temp"] == Decimal("36.1")
    with apps.reading() as space:
        assert {e.action for e, _ in space.reader("cases").history(case.id)} == {"create", "derive"}


def test_numbers_start_anew_each_fiscal_year_and_are_never_used_twice(apps: House) -> None:
    numbers = [r["no"] for r in apps.save("cases", Change(), Change())]
    apps.now = datetime(2023, 4, 1, tzinfo=UTC)
    numbers += [r["no"] for r in apps.save("cases", Change())]
    assert numbers == ["04-0001", "04-0002", "05-0001"]
    last = apps.find("cases", "order by $id desc")[0]
    apps.save("cases", Change(id=last.id, delete=True))
    assert apps.add("cases")["no"] == "05-0002"


def test_numbers_are_right_under_concurrency(apps: House) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                apps.save("cases", Change(), Change())
        except BaseException as error:  # handed to the main thread below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with apps.reading() as space:
        records = [r for page in space.reader("cases").stream() for r in page]
    assert sorted(r["no"] for r in records) == [f"04-{n:04}" for n in range(1, 81)]


def test_a_failed_save_takes_no_number(apps: House) -> None:
    apps.add("cases")
    with pytest.raises(Invalid):
        apps.add("cases", clinic="nowhere")
    assert apps.add("cases")["no"] == "04-0002"
