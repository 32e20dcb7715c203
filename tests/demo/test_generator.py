"""Invented data are the same everywhere, hold the shares that were asked for, reach nobody, and fit the apps."""

from __future__ import annotations

import functools
import re
import typing as t
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from lowcode.definition import AppDefinition
from lowcode.demo import cases, load, observations, streams
from lowcode.demo.cases import Case, CaseNumber
from lowcode.demo.presets import PRESETS, World
from lowcode.errors import Invalid
from lowcode.fields.base import Context
from lowcode.fields.lookup import LookupField
from lowcode.fields.subtable import SubtableField
from lowcode.records import compute
from lowcode.transfer import shipped

REFERENCE = date(2022, 8, 25)
TINY = World.of("tiny", now=REFERENCE)
DEMO = World.of("demo", now=REFERENCE)
CTX = Context(now=DEMO.now)
GOLDEN = {
    "facility": (28, "263986d3133fda4a"),
    "case_ledger": (60, "15f63a7db8eb407b"),
    "observation": (278, "dabb8b66991ff66b"),
    "supply_request": (5, "c70efc125034323c"),
}


@functools.cache
def all_cases(world: World) -> tuple[Case, ...]:
    return tuple(cases.make_case(world, index) for index in range(world.preset.cases))


@functools.cache
def records(world: World, app: str) -> tuple[Mapping[str, t.Any], ...]:
    return tuple(load.rows(world, app))


# --- the same everywhere ---------------------------------------------------------------------


def test_same_numbers_on_every_machine() -> None:
    """Written down once: whoever changes these changes every data set."""
    assert streams.Stream(1, "case", 7).bits() == 7_061_601_662_863_077_986
    assert streams.stratified(1, "case", 7) == pytest.approx(0.745983034217, abs=1e-12)


def test_reference_bytes() -> None:
    made = load.manifest(TINY)["apps"]
    assert {app: (count["rows"], count["sha256"][:16]) for app, count in made.items()} == GOLDEN


def test_any_order_gives_the_same_rows() -> None:
    forwards = [cases.make_case(TINY, index) for index in range(60)]
    cases.head_of.cache_clear()
    backwards = [cases.make_case(TINY, index) for index in reversed(range(60))][::-1]
    assert forwards == backwards


def test_another_seed_gives_other_people() -> None:
    other = World.of("tiny", seed=1, now=REFERENCE)
    assert {c.person.name for c in all_cases(other)} != {c.person.name for c in all_cases(TINY)}


def test_days_move_with_now_and_people_stay() -> None:
    later = World.of("tiny", now=date(2026, 11, 24))
    assert later.days[-1] == date(2026, 11, 24)
    assert [(c.age, c.sex) for c in all_cases(later)] == [(c.age, c.sex) for c in all_cases(TINY)]


def test_now_is_today_at_nine_at_the_latest() -> None:
    world = World.of("tiny")
    assert world.now <= datetime.now(UTC)
    assert (world.local_now.hour, world.local_now.minute) <= (9, 0)


def test_unknown_preset() -> None:
    with pytest.raises(Invalid) as caught:
        World.of("huge")
    assert caught.value.problems[0].code == "demo.unknown_preset"


@pytest.mark.parametrize("name", PRESETS)
def test_daily_counts_add_up(name: str) -> None:
    world = World.of(name, now=REFERENCE)
    assert sum(world.counts) == world.preset.cases
    assert len(world.days) == world.preset.days
    assert world.days[-1] == REFERENCE
    assert min(world.counts) >= 0


def test_large_presets_are_made_row_by_row() -> None:
    world = World.of("pref", now=REFERENCE)
    last = cases.make_case(world, 999_999)
    assert last.hersys_id == "9999999"
    assert cases.case_values(world, last)["notice_at"] <= "2022-08-25T00:00:00Z"
    assert not observations.observed(last, world)


# --- shares ----------------------------------------------------------------------------------

SHARES: list[tuple[str, Callable[[Case], t.Any], Mapping[t.Any, float]]] = [
    (
        "ward",
        lambda c: c.ward if c.ward.endswith("区") else "outside",
        {
            "小倉南区": 24.6,
            "八幡西区": 20.8,
            "小倉北区": 18.6,
            "門司区": 10.0,
            "若松区": 7.8,
            "八幡東区": 7.2,
            "戸畑区": 5.4,
            "outside": 5.6,
        },
    ),
    (
        "age",
        lambda c: min(c.age // 10, 9),
        {0: 16.0, 1: 12.9, 2: 12.6, 3: 14.4, 4: 15.5, 5: 11.0, 6: 7.1, 7: 5.6, 8: 3.5, 9: 1.6},
    ),
    ("infants", lambda c: c.age == 0, {True: 1.3}),
    ("sex", lambda c: c.sex, {"女性": 50.6, "男性": 48.95, "不明": 0.4, "その他": 0.05}),
    (
        "class",
        lambda c: c.case_class,
        {"患者（確定例）": 91.5, "無症状病原体保有者": 2.0, "疑似症患者（みなし陽性）": 6.5},
    ),
    ("state", lambda c: c.notice_state, {"有効": 98.6, "取り下げ": 0.5, "重複": 0.7, "他自治体へ移管": 0.2}),
    (
        "onset to diagnosis",
        lambda c: None if c.onset is None else min((c.diagnosis - c.onset).days, 6),
        {0: 24 * 0.98, 1: 36 * 0.98, 2: 21 * 0.98, 3: 10 * 0.98, 4: 5 * 0.98, 5: 2 * 0.98, 6: 2 * 0.98},
    ),
    ("diagnosis to notice", lambda c: (c.day - c.diagnosis).days, {0: 78, 1: 20, 2: 2}),
    ("path", lambda c: c.path, {"A": 97.3, "B": 1.9, "C": 0.7, "D": 0.03, "E": 0.12}),
    ("fever", lambda c: c.onset is None or "発熱" in c.symptoms, {True: 73 * 0.98 + 2}),
]


@pytest.mark.parametrize("name, key, wanted", SHARES, ids=[name for name, _, _ in SHARES])
def test_shares_hold_within_a_point(name: str, key: Callable[[Case], t.Any], wanted: Mapping[t.Any, float]) -> None:
    found = Counter(map(key, all_cases(DEMO)))
    tolerance = 2.0 if name == "fever" else 1.0
    for value, share in wanted.items():
        assert found[value] * 100 / 4_200 == pytest.approx(share, abs=tolerance), value


def test_households() -> None:
    heads = Counter(case.head for case in all_cases(DEMO))
    assert sum(count for count in heads.values() if count > 1) / 42 == pytest.approx(46, abs=1)
    by_index = all_cases(DEMO)
    for case in by_index:
        first = by_index[case.head]
        assert first.head == case.head
        assert (case.ward, case.tel1) == (first.ward, first.tel1)
        assert case.head == case.index or first.day < case.day
    same = [case.person.surname == by_index[case.head].person.surname for case in by_index if case.head != case.index]
    assert sum(same) / len(same) == pytest.approx(0.92, abs=0.04)


def test_observations_look_like_a_wave() -> None:
    found = records(DEMO, "observation")
    assert len(found) == pytest.approx(26_000, rel=0.1)
    made = [one for case in all_cases(DEMO) for one in observations.observations(DEMO, case)]
    flags = Counter(one.flag for one in made)
    assert flags["緑"] / len(made) == pytest.approx(0.915, abs=0.015)
    assert flags["黄"] / len(made) == pytest.approx(0.076, abs=0.012)
    assert flags["赤"] / len(made) == pytest.approx(0.009, abs=0.004)
    link = [one.at + timedelta(hours=9) for one in made if one.method == "本人入力（URL）"]
    assert sum(moment.hour < 8 for moment in link) / len(link) == pytest.approx(0.55, abs=0.05)


# --- nothing real, nothing impossible --------------------------------------------------------


def test_nobody_can_be_reached() -> None:
    phone = re.compile(r"090-0\d{3}-\d{4}|093-000-\d{4}")
    for app, codes in {
        "case_ledger": ("tel1", "guardian_tel"),
        "supply_request": ("tel1",),
        "facility": ("tel", "tel_night", "fax"),
    }.items():
        for values in records(DEMO, app):
            for code in codes:
                assert code not in values or phone.fullmatch(values[code]), values[code]
    for app in ("case_ledger", "supply_request"):
        for values in records(DEMO, app):
            assert re.fullmatch(r"case\d{6}@example\.jp", values.get("email", "case000001@example.jp"))
            assert re.fullmatch(r"000-\d{3}0", values["zip"])


def test_names_and_numbers_occur_once() -> None:
    people = [(case.person.name, case.birth) for case in all_cases(DEMO)]
    assert len(people) == len(set(people))
    for app, code in {"case_ledger": "hersys_id", "facility": "name"}.items():
        values = [record[code] for record in records(DEMO, app)]
        assert len(values) == len(set(values))


def test_days_come_in_order() -> None:
    for case, values in zip(all_cases(DEMO), records(DEMO, "case_ledger"), strict=True):
        assert (case.onset or case.diagnosis) <= case.diagnosis <= case.day
        assert case.day.isoformat() <= values.get("press_date", "9999")
        assert case.care_end_plan >= case.care_start
        assert case.notice_at <= DEMO.now
    moments = [case.notice_at for case in all_cases(DEMO)]
    assert moments == sorted(moments)


def test_observations_lie_inside_care() -> None:
    for case in all_cases(DEMO):
        for one in observations.observations(DEMO, case):
            assert case.notice_at <= one.at <= DEMO.now
            assert case.care_start <= (one.at + timedelta(hours=9)).date() <= case.care_end_plan


def test_no_moment_after_now() -> None:
    instant = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:00Z")
    latest = DEMO.now.isoformat()[:16] + ":00Z"
    for app in load.APPS:
        for values in records(DEMO, app):
            for code, value in values.items():
                if isinstance(value, str) and instant.fullmatch(value) and code != "next_call":
                    assert value <= latest, (app, code, value)


# --- they fit the apps -----------------------------------------------------------------------


@functools.cache
def definition(app: str) -> AppDefinition:
    return shipped.load(app).apps[0]


@pytest.mark.parametrize("app", load.APPS)
@pytest.mark.parametrize("world", [TINY, DEMO], ids=["tiny", "demo"])
def test_every_value_is_valid(app: str, world: World) -> None:
    """Field by field as the record service would judge, without a database."""
    fields = {field.code: field for field in definition(app).fields}
    required = {code for code, field in fields.items() if field.is_required() and field.writable}
    defaults = {code for code in required if not fields[code].is_empty(fields[code].default(CTX))}
    for values in records(world, app)[:1_500]:
        assert not required - defaults - values.keys()
        for code, raw in values.items():
            field = fields[code]
            if isinstance(raw, CaseNumber):
                assert isinstance(field, LookupField)
                assert raw.index < world.preset.cases
                continue
            if isinstance(field, SubtableField):
                raw = [
                    {"values": {k: v for k, v in row["values"].items() if not isinstance(v, CaseNumber)}} for row in raw
                ]
            assert not [*field.check(field.coerce(raw, CTX), CTX)], (code, raw)


def test_generated_calls_follow_the_rule_of_the_app() -> None:
    """The generator judges in Python; the app's formula comes to the same."""
    app = definition("observation")
    formula = t.cast(t.Any, app.field("flag_auto"))
    for case in all_cases(DEMO)[:400]:
        for one in observations.observations(DEMO, case):
            raw = {**one.values(), "age": str(case.age), "onset": case.onset and case.onset.isoformat()}
            raw.pop("case_no")
            typed = {code: app.field(code).coerce(value, CTX) for code, value in raw.items()}
            typed["obs_date"] = (one.at + timedelta(hours=9)).date()

            def look_up(code: str, typed: Mapping[str, t.Any] = typed) -> t.Any:
                return compute.as_operand(app.field(code), typed.get(code), app)

            assert formula.expression
            assert _formula(formula.expression).evaluate(look_up, zone=CTX.zone) == one.flag


@functools.cache
def _formula(text: str) -> t.Any:
    from lowcode.formula import parse

    return parse(text)


def test_priority_is_that_of_the_app() -> None:
    app = definition("case_ledger")
    text = t.cast(t.Any, app.field("priority_auto")).expression
    for values in records(DEMO, "case_ledger")[:1_500]:
        codes = ("severity", "need_hosp", "risks", "age", "spo2_dx")
        typed = {code: app.field(code).coerce(values[code], CTX) for code in codes if code in values}

        def look_up(code: str, typed: Mapping[str, t.Any] = typed) -> t.Any:
            return compute.as_operand(app.field(code), typed.get(code), app)

        assert _formula(text).evaluate(look_up, zone=CTX.zone) == values["priority"]
