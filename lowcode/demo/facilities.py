"""Clinics, hospitals, hotels and homes with invented names, each name once."""

from __future__ import annotations

import typing as t
from functools import lru_cache

from lowcode.demo import names
from lowcode.demo.presets import World
from lowcode.demo.streams import Stream

KINDS: t.Final = (
    "内科",
    "小児科",
    "耳鼻咽喉科",
    "内科・小児科",
    "外科内科",
    "呼吸器内科",
    "整形外科",
    "循環器内科",
    "消化器内科",
    "皮膚科",
    "総合診療科",
    "ファミリー",
)
HOMES: t.Final = (
    "あさひ園",
    "ひまわり苑",
    "すみれ荘",
    "やすらぎの家",
    "こもれび",
    "ゆうなぎ",
    "つくし園",
    "はなみずき",
)
WARDS: t.Final = ("門司区", "若松区", "戸畑区", "小倉北区", "小倉南区", "八幡東区", "八幡西区")
PLACES: t.Final = tuple(f"{town}{suffix}" for town in names.TOWNS for suffix in names.SUFFIXES)
HOURS: t.Final = ("月～金 9:00-12:00", "月～金 9:00-12:00、15:00-18:00", "月～土 9:00-12:30", "24時間")


@lru_cache(maxsize=8)
def clinic_names(world: World) -> tuple[str, ...]:
    """The names of the clinics that file notices."""
    return tuple(_clinic_name(index) for index in range(world.preset.clinics))


def _clinic_name(index: int) -> str:
    # 40 places and 12 kinds of clinic: going through both at once gives each pair once in 480.
    return f"{PLACES[index % 40]}{KINDS[(index // 40 + index) % 12]}クリニック"


def facility_count(world: World) -> int:
    """How many facilities there are."""
    preset = world.preset
    return preset.clinics + preset.hospitals + preset.hotels + preset.homes


def facility_values(world: World, index: int) -> dict[str, t.Any]:
    """The record of facility number ``index``."""
    preset = world.preset
    stream = Stream(world.seed, "facility", index)
    town = PLACES[index % 40]
    ward = stream.choice(WARDS) if preset.wards else "小倉北区"
    values: dict[str, t.Any] = {
        "facility_no": f"401{index + 1:07}",
        "ward": ward,
        "zip": f"000-{stream.below(1000):03}0",
        "address": f"北九州市{ward}{town}{stream.between(1, 5)}丁目{stream.between(1, 20)}番",
        "tel": f"093-000-{(index * 7 + 1000) % 10_000:04}",
        "fax": f"093-000-{(index * 7 + 1003) % 10_000:04}",
        "contact": names.BY_RANK.draw(stream)[0],
        "public": "可" if stream.chance(0.9) else "不可",
    }
    rest = index
    if rest < preset.clinics:
        return values | _clinic(stream, rest)
    rest -= preset.clinics
    if rest < preset.hospitals:
        beds = 760 // 18
        return values | _with_beds(world, stream, f"{PLACES[rest]}総合病院", "入院受入", beds, max(2, beds // 10))
    rest -= preset.hospitals
    if rest < preset.hotels:
        return values | _with_beds(world, stream, f"ホテル{PLACES[rest]}", "宿泊療養施設", 1560 // 9, 0)
    rest -= preset.hotels
    return values | {"name": f"{PLACES[rest % 40]}{HOMES[(rest // 40 + rest) % 8]}", "kind": ["高齢者施設"]}


def _clinic(stream: Stream, index: int) -> dict[str, t.Any]:
    return {
        "name": _clinic_name(index),
        "kind": ["診療・検査医療機関"],
        "slots": str(stream.between(2, 12) * 5),
        "hours": stream.choice(HOURS[:3]),
        "methods": stream.choice((["PCR"], ["抗原定性"], ["PCR", "抗原定性"])),
        "can_observe": "可" if stream.chance(0.6) else "不可",
    }


def _with_beds(world: World, stream: Stream, name: str, kind: str, beds: int, icu: int) -> dict[str, t.Any]:
    updated = world.at(world.today, max(0.0, (world.local_now.hour * 60 + world.local_now.minute) * 0.9))
    return {
        "name": name,
        "kind": [kind],
        "beds": str(beds),
        "beds_icu": str(icu) if icu else "",
        "beds_free": str(stream.below(beds // 2)),
        "free_at": f"{updated.isoformat()[:16]}:00Z",
        "accepts": [name for name in ("透析", "妊婦", "小児", "要介護", "認知症", "外国語") if stream.chance(0.35)],
        "hours": HOURS[3],
        "tel_night": f"093-000-{stream.below(10_000):04}",
    }
