"""The apps are filled through the record service, and everything derived is right afterwards."""

from __future__ import annotations

import time
import typing as t
from datetime import date

import pytest
import sqlalchemy as sa

from lowcode.access.actor import system
from lowcode.demo import load as demo
from lowcode.demo import samples
from lowcode.demo.presets import World
from lowcode.errors import Conflict
from lowcode.fields.base import Context
from lowcode.query import kintone
from lowcode.records import workspace
from lowcode.records.catalog import Catalog
from lowcode.records.record import Record
from lowcode.system import migrate
from lowcode.transfer import shipped

WORLD = World.of("tiny", now=date(2022, 8, 25))
ACTOR = system("tests")
SECONDS = 60
"""On an idle machine it takes three; the limit only catches what grows with the square."""


def read(engine: sa.Engine, app: str, query: str = "") -> list[Record]:
    parsed = kintone.parse(query)
    with workspace.reading(engine, Catalog(), ACTOR, Context(now=WORLD.now)) as space:
        return space.reader(app).list(parsed.condition, parsed.order, limit=1_000)


@pytest.fixture
def house(engine: sa.Engine) -> sa.Engine:
    migrate.upgrade(engine)
    return engine


def test_tiny_city(house: sa.Engine) -> None:
    start = time.perf_counter()
    made = demo.load(house, WORLD)
    assert time.perf_counter() - start < SECONDS
    assert made == demo.manifest(WORLD)
    assert {app: len(read(house, app)) for app in demo.APPS} == {a: c["rows"] for a, c in made["apps"].items()}
    cases = {record.values["case_no"]: record for record in read(house, "case_ledger", "order by notice_at asc")}
    assert list(cases) == sorted(cases)
    latest: dict[str, Record] = {}
    for record in read(house, "observation", "order by observed_at asc"):
        case = cases[record.values["case_no"]]
        assert record.values["name"] == case.values["name"]
        assert record.values["flag_auto"] in ("緑", "黄", "赤")
        latest[case.values["case_no"]] = record
    for number, record in latest.items():
        for own, theirs in (
            ("last_obs", "observed_at"),
            ("last_temp", "temp"),
            ("last_spo2", "spo2"),
            ("last_flag", "flag_result"),
        ):
            assert cases[number].values[own] == record.values[theirs]
    with_clinic = [record for record in cases.values() if record.values["clinic"]]
    assert len(with_clinic) == 60
    assert all(record.values["clinic_code"].startswith("401") for record in with_clinic)
    families = [row for record in cases.values() for row in record.values["family"]]
    assert len(families) > 20
    named = [row.values["family_case_no"] for row in families if row.values["family_case_no"]]
    assert named
    assert set(named) <= cases.keys()
    definition = shipped.load("case_ledger").apps[0]
    for record in cases.values():
        care, state = record.values["care"], definition.status.state(t.cast(int, record.status))
        assert state is not None
        if definition.field("care").dump(care) == "調整中":
            assert state.name in ("受理", "確認済", "初回連絡中", "調整中", "取り下げ", "移管")
    assert len({record.status for record in cases.values()}) >= 4
    with workspace.reading(house, Catalog(), ACTOR, Context()) as space:
        assert all(demo.BANNER in space.app(app).definition.settings.description for app in demo.APPS)
    with pytest.raises(Conflict) as caught:
        demo.load(house, WORLD)
    assert caught.value.code == "demo.not_empty"


def test_installed_apps_get_the_banner_and_staff_their_cases(house: sa.Engine) -> None:
    shipped.install(house, ["facility", "case_ledger"], ACTOR)
    demo.load(house, WORLD, only=("facility", "case_ledger"), staff=(11, 12))
    found = {record.values["staff"] for record in read(house, "case_ledger")}
    assert found == {(), (11,), (12,)}
    # Later apps find the cases that are there.
    demo.load(house, WORLD, only=("observation",))
    assert len(read(house, "observation")) == demo.manifest(WORLD)["apps"]["observation"]["rows"]


def test_observations_need_their_cases(house: sa.Engine) -> None:
    shipped.install(house, ["observation"], ACTOR)
    with pytest.raises(Conflict) as caught:
        demo.load(house, WORLD, only=("observation",))
    assert caught.value.code == "demo.no_cases"


def test_sample_data_of_one_template(house: sa.Engine) -> None:
    numbers = shipped.install(house, ["facility"], ACTOR)
    assert samples.fill(house, tuple(numbers)) == {"facility": 28}
    assert samples.fill(house, ("somebody_elses",)) == {}
