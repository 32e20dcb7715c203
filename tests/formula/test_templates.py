"""The formulas that the shipped apps need, on cases of a health centre."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from decimal import Decimal

import pytest

from lowcode.formula import Kind, Value, parse

TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
N = Decimal
DAY = dt.date

KINDS = {
    **dict.fromkeys(("age", "weight", "height", "spo2", "spo2_dx", "temp", "preg_week", "people", "bmi"), Kind.NUMBER),
    **dict.fromkeys(("severity", "need_hosp", "overall", "intake_ok", "place"), Kind.TEXT),
    **dict.fromkeys(("risks", "danger", "request", "symptoms"), Kind.TEXTS),
    **dict.fromkeys(("birth", "diagnosis_date", "onset", "care_start", "obs_date"), Kind.DATE),
    "observed_at": Kind.DATETIME,
}

AGE = "YEARS(birth, diagnosis_date)"
AGE_GROUP = 'IFS(IS_EMPTY(age), "", age < 10, "10歳未満", age >= 90, "90歳以上", ROUNDDOWN(age, -1) & "代")'
BMI = 'IF(OR(weight = "", height = ""), "", ROUND(weight / (height / 100) ^ 2, 1))'
PRIORITY = """IFS(
  OR(severity = "中等症Ⅰ", severity = "中等症Ⅱ", severity = "重症",
     AND(NOT(IS_EMPTY(spo2_dx)), spo2_dx < 94), need_hosp = "有", CONTAINS(risks, "妊娠")), "最優先",
  OR(age >= 65, COUNT_CHOICES(risks) >= 2, bmi >= 30, AND(NOT(IS_EMPTY(age)), age < 1)), "優先",
  OR(COUNT_CHOICES(risks) = 1, age >= 50), "通常",
  "SMSのみ")"""
FLAG = """IFS(
  OR(AND(COUNT_CHOICES(danger) > 0, NOT(CONTAINS(danger, "なし"))), AND(spo2 != "", spo2 <= 93),
     CONTAINS(symptoms, "水分がとれない")), "赤",
  OR(AND(spo2 >= 94, spo2 <= 95), AND(temp >= 38.5, DAYS(onset, obs_date) >= 4), overall = "悪くなった",
     CONTAINS(request, "電話がほしい"), CONTAINS(request, "受診したい"), AND(age >= 65, temp >= 37.5)), "黄",
  "緑")"""
CARE_END = 'ADD_DAYS(care_start, IF(severity = "無症状", 7, 10))'
BOXES = "IF(people >= 3, 2, 1)"
OBS_DATE = "ADD_DAYS(observed_at, 0)"


def days(obs_date: int) -> dict[str, Value]:
    return {"onset": DAY(2022, 8, 1), "obs_date": DAY(2022, 8, obs_date)}


CASES: list[tuple[str, dict[str, Value], Value]] = [
    (AGE, {"birth": DAY(1957, 8, 25), "diagnosis_date": DAY(2022, 8, 25)}, N(65)),
    (AGE, {"birth": DAY(1957, 8, 26), "diagnosis_date": DAY(2022, 8, 25)}, N(64)),
    (AGE, {"birth": None, "diagnosis_date": DAY(2022, 8, 25)}, None),
    (AGE_GROUP, {"age": N(0)}, "10歳未満"),
    (AGE_GROUP, {"age": N(9)}, "10歳未満"),
    (AGE_GROUP, {"age": N(10)}, "10代"),
    (AGE_GROUP, {"age": N(47)}, "40代"),
    (AGE_GROUP, {"age": N(89)}, "80代"),
    (AGE_GROUP, {"age": N(90)}, "90歳以上"),
    (AGE_GROUP, {"age": N(104)}, "90歳以上"),
    (AGE_GROUP, {"age": None}, None),
    (BMI, {"weight": N(80), "height": N(170)}, N("27.7")),
    (BMI, {"weight": N("61.5"), "height": N("158.2")}, N("24.6")),
    (BMI, {"weight": N(80), "height": None}, None),
    (BMI, {"weight": None, "height": N(170)}, None),
    (BMI, {"weight": N(80), "height": N(0)}, None),
    (PRIORITY, {"severity": "重症", "age": N(20)}, "最優先"),
    (PRIORITY, {"severity": "軽症", "age": N(20), "spo2_dx": N(93)}, "最優先"),
    (PRIORITY, {"severity": "軽症", "age": N(20), "spo2_dx": None, "risks": ()}, "SMSのみ"),
    (PRIORITY, {"severity": "軽症", "age": N(30), "risks": ("妊娠",)}, "最優先"),
    (PRIORITY, {"severity": "軽症", "age": N(30), "need_hosp": "有"}, "最優先"),
    (PRIORITY, {"severity": "軽症", "age": N(65), "risks": ()}, "優先"),
    (PRIORITY, {"severity": "軽症", "age": N(30), "risks": ("COPD", "糖尿病")}, "優先"),
    (PRIORITY, {"severity": "軽症", "age": N(30), "bmi": N(30), "risks": ()}, "優先"),
    (PRIORITY, {"severity": "軽症", "age": N(0), "risks": ()}, "優先"),
    (PRIORITY, {"severity": "軽症", "age": N(30), "risks": ("COPD",)}, "通常"),
    (PRIORITY, {"severity": "無症状", "age": N(50), "risks": ()}, "通常"),
    (PRIORITY, {"severity": "無症状", "age": None, "risks": ()}, "SMSのみ"),
    (FLAG, {"danger": ("唇が紫色",), "spo2": N(98)}, "赤"),
    (FLAG, {"danger": ("なし",), "spo2": N(93)}, "赤"),
    (FLAG, {"danger": ("なし",), "spo2": None, "symptoms": ("水分がとれない",)}, "赤"),
    (FLAG, {"danger": ("なし",), "spo2": N(95)}, "黄"),
    (FLAG, {"danger": (), "spo2": None, "temp": N("38.5"), **days(5)}, "黄"),
    (FLAG, {"danger": (), "spo2": None, "temp": N("38.5"), **days(4)}, "緑"),
    (FLAG, {"overall": "悪くなった"}, "黄"),
    (FLAG, {"request": ("食料がほしい", "電話がほしい")}, "黄"),
    (FLAG, {"age": N(70), "temp": N("37.5")}, "黄"),
    (FLAG, {"age": N(64), "temp": N("37.5")}, "緑"),
    (FLAG, {"danger": ("なし",), "spo2": N(98), "temp": N("36.5")}, "緑"),
    (CARE_END, {"care_start": DAY(2022, 8, 25), "severity": "無症状"}, DAY(2022, 9, 1)),
    (CARE_END, {"care_start": DAY(2022, 8, 25), "severity": "軽症"}, DAY(2022, 9, 4)),
    (CARE_END, {"care_start": None, "severity": "軽症"}, None),
    (BOXES, {"people": N(1)}, N(1)),
    (BOXES, {"people": N(2)}, N(1)),
    (BOXES, {"people": N(3)}, N(2)),
    (OBS_DATE, {"observed_at": dt.datetime(2022, 8, 24, 23, 30, tzinfo=dt.UTC)}, DAY(2022, 8, 25)),
    (OBS_DATE, {"observed_at": dt.datetime(2022, 8, 24, 14, 59, tzinfo=dt.UTC)}, DAY(2022, 8, 24)),
]  # fmt: skip


@pytest.mark.parametrize("text, record, expected", CASES)
def test_rules_of_the_health_centre(text: str, record: dict[str, Value], expected: Value) -> None:
    assert parse(text).evaluate(record, zone=TOKYO) == expected


@pytest.mark.parametrize(
    "text, kind",
    [
        (AGE, Kind.NUMBER),
        (AGE_GROUP, Kind.TEXT),
        (BMI, Kind.NUMBER),
        (PRIORITY, Kind.TEXT),
        (FLAG, Kind.TEXT),
        (CARE_END, Kind.DATE),
        (BOXES, Kind.NUMBER),
        (OBS_DATE, Kind.DATE),
    ],
)
def test_their_kinds_fit(text: str, kind: Kind) -> None:
    assert parse(text).check(KINDS) is kind
