"""The cases of the ledger: who they are, what they have, where they are cared for."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from lowcode.demo import names
from lowcode.demo.facilities import clinic_names
from lowcode.demo.presets import TOKYO, World
from lowcode.demo.streams import Stream, Weighted, stratified

WARDS: t.Final = Weighted(
    {
        "小倉南区": 24.6,
        "八幡西区": 20.8,
        "小倉北区": 18.6,
        "門司区": 10.0,
        "若松区": 7.8,
        "八幡東区": 7.2,
        "戸畑区": 5.4,
        "市外": 4.2,
        "県外": 1.4,
    }
)
AGES: t.Final = Weighted(
    {0: 1.3, 1: 14.7, 10: 12.9, 20: 12.6, 30: 14.4, 40: 15.5, 50: 11.0, 60: 7.1, 70: 5.6, 80: 3.5, 90: 1.6}
)
SEXES: t.Final = Weighted({"女性": 50.6, "男性": 48.95, "その他": 0.05, "不明": 0.4})
PRESUMED: t.Final = 0.065
"""Without a test only who lives with a case is counted."""
WITHOUT_SYMPTOMS: t.Final = 0.02
STATES: t.Final = Weighted({"有効": 98.6, "重複": 0.7, "取り下げ": 0.5, "他自治体へ移管": 0.2})
ONSET_DELAY: t.Final = Weighted({0: 24, 1: 36, 2: 21, 3: 10, 4: 5, 5: 2, 6: 0.8, 7: 0.6, 8: 0.4, 9: 0.2})
NOTICE_DELAY: t.Final = Weighted({0: 78, 1: 20, 2: 2})
# Minutes after midnight, shares of the notices.
HOURS: t.Final = ((540, 720, 0.22), (720, 900, 0.24), (900, 1080, 0.34), (1080, 1260, 0.17), (1260, 1439, 0.03))
CHANNELS: t.Final = Weighted({"HER-SYS": 82, "FAX": 15, "電話": 1.5, "陽性者登録センター": 1.5})
SYMPTOMS: t.Final = {
    "発熱": 0.73,
    "咳": 0.58,
    "咽頭痛": 0.57,
    "全身倦怠感": 0.38,
    "頭痛": 0.33,
    "鼻汁・鼻閉": 0.36,
    "関節筋肉痛": 0.17,
    "嗅覚・味覚障害": 0.04,
    "嘔気・嘔吐": 0.06,
    "下痢": 0.06,
    "肺炎像": 0.006,
    "結膜炎": 0.003,
}
RISKS: t.Final = {
    # Shares below 40, from 40 to 64, from 65.
    "高血圧": (0.01, 0.14, 0.46),
    "糖尿病": (0.005, 0.06, 0.19),
    "脂質異常症": (0.01, 0.10, 0.24),
    "肥満（BMI30以上）": (0.06, 0.09, 0.05),
    "喫煙歴": (0.12, 0.22, 0.09),
    "COPD": (0.0, 0.007, 0.04),
    "慢性腎臓病": (0.002, 0.01, 0.06),
    "悪性腫瘍": (0.002, 0.016, 0.06),
    "免疫低下": (0.003, 0.008, 0.02),
    "透析": (0.0002, 0.002, 0.009),
}
DOSES: t.Final = (
    (5, Weighted({"0": 1})),
    (12, Weighted({"0": 84, "1": 2, "2": 14})),
    (65, Weighted({"0": 15, "1": 1, "2": 24, "3": 52, "4": 2, "不明": 6})),
    (200, Weighted({"0": 10, "1": 1, "2": 8, "3": 33, "4": 45, "不明": 3})),
)
PATHS: t.Final = {"E": 0.0012, "D": 0.0003, "C": 0.007, "B": 0.019}
PATH_MEAN: t.Final = 1.0
"""What the factors of age, risk and vaccination come to on average, so that the shares above hold."""
PLACES: t.Final = Weighted({"自宅療養": 93, "宿泊療養": 4, "入院": 2.6, "施設内療養": 0.4})
JOBS: t.Final = (
    (7, Weighted({"未就学児": 1})),
    (19, Weighted({"児童・生徒": 1})),
    (23, Weighted({"学生": 60, "会社員": 25, "その他": 5, "医療従事者": 3, "無職": 4, "介護職員": 3})),
    (
        65,
        Weighted(
            {
                "会社員": 52,
                "自営業": 8,
                "公務員": 7,
                "医療従事者": 7,
                "介護職員": 5,
                "保育・教育職": 4,
                "主婦・主夫": 9,
                "無職": 4,
                "その他": 3,
                "不明": 1,
            }
        ),
    ),
    (200, Weighted({"無職": 62, "主婦・主夫": 17, "会社員": 6, "自営業": 8, "その他": 4, "不明": 3})),
)
SIZES: t.Final = Weighted({1: 34, 2: 29, 3: 18, 4: 14, 5: 5})
SECONDARY: t.Final = 0.285
"""The share of cases that caught it at home, two to four days after another case."""
OWN_CITY: t.Final = "北九州市"

Path = t.Literal["A", "B", "C", "D", "E"]


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """Stands for the case number that the ledger gives to a case."""

    index: int


@dataclass(frozen=True, slots=True)
class Person:
    """Name and household of a case."""

    surname: str
    surname_kana: str
    given: str
    given_kana: str
    latin: str
    language: str

    @property
    def name(self) -> str:
        return f"{self.surname}　{self.given}" if self.given else self.surname

    @property
    def kana(self) -> str:
        return f"{self.surname_kana}　{self.given_kana}" if self.given_kana else self.surname_kana


@dataclass(frozen=True, slots=True)
class Case:
    """What observations, supply requests and the ledger have to know of a case."""

    index: int
    day: date
    notice_at: datetime
    head: int
    """The case whose household it is: itself, or the one at home who fell ill first."""
    person: Person
    sex: str
    age: int
    birth: date
    ward: str
    tel1: str
    case_class: str
    notice_state: str
    onset: date | None
    diagnosis: date
    path: Path
    symptoms: tuple[str, ...]
    risks: tuple[str, ...]
    doses: str
    place: str
    care_start: date
    care_end_plan: date
    arranged_at: datetime
    """When the place of care was decided."""

    @property
    def hersys_id(self) -> str:
        return hersys_id(self.index)

    @property
    def has_symptoms(self) -> bool:
        return self.onset is not None


def hersys_id(index: int) -> str:
    """Seven digits of a block that is not in use."""
    return str(9_000_000 + index)


def secondary_share(world: World) -> float:
    """How likely a case of a day that can have one has somebody at home before it, so that the whole share holds."""
    possible = sum(count for number, count in enumerate(world.counts) if number * world.preset.stride >= 2)
    return min(0.5, SECONDARY * world.preset.cases / possible) if possible else 0.0


@lru_cache(maxsize=200_000)
def head_of(world: World, index: int) -> int:
    """The first case of the household: a chain of at most a few steps back in time."""
    number = world.day_number(index)
    earliest = -(-2 // world.preset.stride)
    if number < earliest or stratified(world.seed, "household", index) >= _share(world):
        return index
    stream = Stream(world.seed, "household", index)
    back = stream.between(earliest, max(earliest, 4 // world.preset.stride))
    day = max(0, number - back)
    if not world.counts[day]:
        return index
    return head_of(world, world.starts[day] + stream.below(world.counts[day]))


@lru_cache(maxsize=16)
def _share(world: World) -> float:
    return secondary_share(world)


def make_case(world: World, index: int) -> Case:
    """Case number ``index`` of a data set; depends on nothing but these two."""
    seed = world.seed
    stream = Stream(seed, "case", index)
    number = world.day_number(index)
    day = world.days[number]
    notice_at = _received(world, day, index - world.starts[number], world.counts[number], stream)
    head = head_of(world, index)
    age, sex = _age_and_sex(seed, index)
    case_class = _class(world, index, head)
    diagnosis = day - timedelta(days=NOTICE_DELAY.at(stratified(seed, "notice delay", index)))
    onset = None
    if case_class != "無症状病原体保有者":
        onset = diagnosis - timedelta(days=ONSET_DELAY.at(stratified(seed, "onset delay", index)))
    symptoms = _symptoms(stream, age) if onset else ()
    risks = _risks(stream, age, sex)
    doses = next(table for limit, table in DOSES if age < limit).draw(stream)
    path = _path(stratified(seed, "path", index), age, risks, doses)
    place = _place(stream, path, age)
    start = onset or diagnosis
    length = 10 if onset else 7
    extension = stream.between(1, 4) if stream.chance(0.08) else 0
    return Case(
        index=index,
        day=day,
        notice_at=notice_at,
        head=head,
        person=_person(world, index, head, sex, age),
        sex=sex,
        age=age,
        birth=_birth(stream, diagnosis, age),
        ward=_ward(world, head),
        tel1=_phone(world, head),
        case_class=case_class,
        notice_state=STATES.at(stratified(seed, "state", index)),
        onset=onset,
        diagnosis=diagnosis,
        path=path,
        symptoms=symptoms,
        risks=risks,
        doses=doses,
        place=place,
        care_start=start,
        care_end_plan=start + timedelta(days=length + extension),
        arranged_at=notice_at + timedelta(minutes=stream.below(18 * 60)),
    )


# --- one quantity each -----------------------------------------------------------------------


def _received(world: World, day: date, place: int, count: int, stream: Stream) -> datetime:
    """Notices of a day come in order; of the last day only what came before "now"."""
    quantile = (place + stream.uniform()) / count
    now = world.local_now
    if day == now.date() and (minutes := now.hour * 60 + now.minute) < 1439:
        return world.at(day, minutes * (0.25 + 0.74 * quantile))
    for start, end, share in HOURS:
        if quantile < share:
            return world.at(day, start + (end - start) * quantile / share)
        quantile -= share
    return world.at(day, 1439)


def _class(world: World, index: int, head: int) -> str:
    if stratified(world.seed, "class", index) < WITHOUT_SYMPTOMS:
        return "無症状病原体保有者"
    presumed = head != index and stratified(world.seed, "presumed", index) < PRESUMED / SECONDARY
    return "疑似症患者（みなし陽性）" if presumed else "患者（確定例）"


def _age_and_sex(seed: int, index: int) -> tuple[int, str]:
    band = AGES.at(stratified(seed, "age", index))
    stream = Stream(seed, "age", index)
    width = {0: 1, 1: 9, 90: 12}.get(band, 10)
    return band + stream.below(width), SEXES.at(stratified(seed, "sex", index))


def _birth(stream: Stream, on: date, age: int) -> date:
    """A day of birth that makes somebody ``age`` years old ``on`` a day."""
    latest = _years_before(on, age)
    earliest = _years_before(on, age + 1) + timedelta(days=1)
    return earliest + timedelta(days=stream.below((latest - earliest).days + 1))


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def _ward(world: World, head: int) -> str:
    if not world.preset.wards:
        return "小倉北区"
    return WARDS.at(stratified(world.seed, "ward", head))


def _phone(world: World, head: int) -> str:
    """A number from a block that reaches nobody; each household has its own."""
    if Stream(world.seed, "phone", head).chance(0.12):
        return f"093-000-{head % 10_000:04}" if world.preset.cases <= 10_000 else _mobile(head)
    return _mobile(head)


def _mobile(head: int) -> str:
    digits = (head * 7_654_321 + 1_234_567) % 10_000_000
    return f"090-0{digits // 10_000:03}-{digits % 10_000:04}"


def _person(world: World, index: int, head: int, sex: str, age: int) -> Person:
    stream = Stream(world.seed, "person", index)
    shared = Stream(world.seed, "surname", head if stream.chance(0.92) else index)
    if shared.chance(0.019):
        kana, latin, language = shared.choice(names.FOREIGN)
        return Person(kana, kana if shared.chance(0.7) else "", "", "", latin, language)
    surname, surname_kana = names.BY_RANK.draw(shared)
    if shared.chance(0.03) and surname in names.VARIANTS:
        surname = shared.choice(names.VARIANTS[surname])
    if surname in names.READINGS and shared.chance(0.3):
        surname_kana = names.READINGS[surname]
    generation = "early" if age >= 68 else "late" if age >= 34 else "heisei" if age >= 4 else "reiwa"
    drawn = sex if sex in ("男性", "女性") else stream.choice(("男性", "女性"))
    given, given_kana = stream.choice(names.GIVEN[drawn, generation])
    if given in names.TWO_READINGS and stream.chance(0.3):
        given_kana = names.TWO_READINGS[given]
    return Person(surname, surname_kana, given, given_kana, "", "日本語")


def _symptoms(stream: Stream, age: int) -> tuple[str, ...]:
    shares = SYMPTOMS | ({"嘔気・嘔吐": 0.12} if age < 13 else {}) | ({"肺炎像": 0.03} if age >= 70 else {})
    found = tuple(name for name, share in shares.items() if stream.chance(share))
    return found or ("発熱",)


def _risks(stream: Stream, age: int, sex: str) -> tuple[str, ...]:
    column = 0 if age < 40 else 1 if age < 65 else 2
    factor = 1.0 if age >= 18 else 0.1
    found = [name for name, shares in RISKS.items() if stream.chance(shares[column] * factor)]
    if age < 20 and "喫煙歴" in found:
        found.remove("喫煙歴")
    if sex == "女性" and 20 <= age < 40 and stream.chance(0.014):
        found.append("妊娠")
    return tuple(found)


def _path(quantile: float, age: int, risks: tuple[str, ...], doses: str) -> Path:
    factor = 0.15 if age < 40 else 0.6 if age < 65 else 2.5 if age < 75 else 6.0 if age < 85 else 11.0
    for _ in risks:
        factor *= 1.3
    if doses in ("3", "4", "5以上"):
        factor *= 0.6
    factor = min(factor / PATH_MEAN, 20.0)
    for path, share in PATHS.items():
        quantile -= share * factor
        if quantile < 0:
            return t.cast(Path, path)
    return "A"


def _place(stream: Stream, path: Path, age: int) -> str:
    drawn, facility = stream.uniform(), stream.uniform()
    if path in ("C", "D", "E"):
        return "入院"
    if age >= 85 and facility < 0.3:
        return "施設内療養" if facility < 0.2 else "入院"
    if path == "B" and facility < 0.5:
        return "入院"
    place = PLACES.at(drawn)
    return place if place != "入院" or age >= 40 else "自宅療養"


# --- the record ------------------------------------------------------------------------------


def care_now(case: Case, now: datetime) -> str:
    """The place of care at a moment."""
    today = now.astimezone(TOKYO).date()
    if case.path == "E" and today > case.care_start + timedelta(days=6):
        return "死亡"
    if today > case.care_end_plan:
        return "解除"
    if now < case.arranged_at:
        return "調整中"
    return "市外療養" if case.ward in ("市外", "県外") and case.place == "自宅療養" else case.place


def severity(case: Case) -> str:
    """How ill the person was at diagnosis."""
    if case.onset is None:
        return "無症状"
    return {"A": "軽症", "B": "中等症Ⅰ", "C": "中等症Ⅱ", "D": "重症", "E": "中等症Ⅱ"}[case.path]


def case_values(world: World, case: Case) -> dict[str, t.Any]:
    """The record in the ledger, as canonical JSON. ``clinic`` names a facility of the same data set."""
    stream = Stream(world.seed, "record", case.index)
    now, today = world.now, world.today
    care = care_now(case, now)
    ended = care in ("解除", "死亡")
    told = case.notice_at + timedelta(minutes=20 + stream.below(300))
    reached = told <= now and stream.chance(0.93)
    values: dict[str, t.Any] = {
        "hersys_id": case.hersys_id,
        "notice_at": _instant(case.notice_at),
        "intake_route": CHANNELS.at(stratified(world.seed, "channel", case.index)),
        "clinic": stream.choice(clinic_names(world)),
        "doctor": names.BY_RANK.draw(stream)[0],
        "report_date": case.day.isoformat(),
        "case_class": case.case_class,
        "notice_state": case.notice_state,
        "reinfect": "あり" if stream.chance(0.02) else "なし",
        "name": case.person.name,
        "kana": case.person.kana,
        "name_alt": case.person.latin,
        "sex": case.sex,
        "birth": case.birth.isoformat(),
        "age": str(case.age),
        "language": case.person.language,
        "interpreter": "必要" if case.person.latin else "不要",
        "job": next(table for limit, table in JOBS if case.age < limit).draw(stream),
        "tel1": case.tel1,
        "sms_ok": "不可" if case.tel1.startswith("093") else stream.choice(("可", "可", "可", "未確認")),
        "ward": case.ward,
        "household": case.tel1,
        "diagnosis_date": case.diagnosis.isoformat(),
        "sample_date": case.diagnosis.isoformat(),
        "first_visit": case.diagnosis.isoformat(),
        "severity": severity(case),
        "symptoms": list(case.symptoms),
        "risks": list(case.risks),
        "vax_count": case.doses,
        "travel": "なし",
        "need_hosp": "有" if case.path in ("C", "D", "E") or (case.path == "B" and case.place == "入院") else "無",
        "need_drug": "有" if len(case.risks) > 1 or case.age >= 65 else "無",
        "need_o2": "有" if case.path in ("C", "D", "E") else "無",
        "care": care,
        "care_start": case.care_start.isoformat(),
        "care_end_plan": case.care_end_plan.isoformat(),
    }
    values |= _address(world, case)
    values |= _clinical(stream, case)
    values |= _first_call(case, stream, told, reached, now)
    values["priority"] = priority(case, values)
    values["family"] = _family(world, case)
    if case.head != case.index:
        values["source_case"] = CaseNumber(case.head)
    values["route"] = ["家庭内"] if case.head != case.index else [stream.choice(ROUTES)]
    if case.age == 0:
        values["age_month"] = str(min(11, (case.diagnosis - case.birth).days // 31))
    if case.age < 16:
        values |= {"guardian": f"{case.person.surname}　保護者", "guardian_tel": case.tel1}
        if case.age >= 6:
            values["workplace"] = stream.choice(names.SCHOOLS)
    elif case.age < 65 and stream.chance(0.7):
        values["workplace"] = stream.choice(names.COMPANIES)
    if stream.chance(0.63 if case.age < 65 else 0.22):
        values["email"] = f"case{case.index + 1:06}@example.jp"
    if case.onset is None:
        values["asympt"] = ["無症状"]
    else:
        values["onset"] = case.onset.isoformat()
    if care == "死亡":
        values |= {"death_date": (case.care_start + timedelta(days=6)).isoformat(), "end_reason": "死亡"}
    if ended:
        values["care_end"] = values.get("death_date", case.care_end_plan.isoformat())
        values.setdefault("end_reason", "期間満了")
        values["end_told"] = stream.choice(("SMS済", "SMS済", "電話済"))
    if case.notice_state == "有効":
        press = case.day if case.notice_at.astimezone(TOKYO).hour < 15 else case.day + timedelta(days=1)
        values |= {"press_area": case.ward, "press_ok": stream.choice(("可", "可", "可", "一部不可", "不可"))}
        if press < today:
            values |= {"press_date": press.isoformat(), "press_no": str(case.index + 1)}
    values["obs_method"] = _obs_method(case, values, stream)
    return {code: value for code, value in values.items() if value not in ("", [], None)}


ROUTES: t.Final = ("職場", "学校・保育", "会食", "知人", "調査中", "不明", "不明", "不明", "高齢者施設", "医療機関")


def _instant(moment: datetime) -> str:
    return f"{moment.isoformat()[:16]}:00Z"


def _address(world: World, case: Case) -> dict[str, t.Any]:
    stream = Stream(world.seed, "address", case.head)
    town = stream.choice(names.TOWNS) + stream.choice(names.SUFFIXES)
    outside = case.ward in ("市外", "県外")
    city = {"市外": "若葉町", "県外": "みなと市"}.get(case.ward, f"{OWN_CITY}{case.ward}")
    values = {
        "zip": f"000-{stream.below(1000):03}0",
        "pref": "" if outside and case.ward == "県外" else "福岡県",
        "city": city,
        "addr1": f"{town}{stream.between(1, 6)}丁目{stream.between(1, 30)}番{stream.between(1, 25)}号",
    }
    if stream.chance(0.38):
        values["addr2"] = f"{stream.choice(names.BUILDINGS)}{town[:2]}{stream.between(1, 9)}0{stream.between(1, 9)}号室"
    return values


def _clinical(stream: Stream, case: Case) -> dict[str, t.Any]:
    values: dict[str, t.Any] = {}
    mean = {"A": 97.6, "B": 95.5, "C": 93.0, "D": 89.0, "E": 92.0}[case.path]
    if stream.chance(0.6) or case.path != "A":
        values["spo2_dx"] = str(max(80, min(100, round(mean + 0.9 * stream.normal()))))
    if "発熱" in case.symptoms or stream.chance(0.4):
        warm = 38.2 if "発熱" in case.symptoms else 36.6
        values["temp_dx"] = f"{max(35.0, min(41.5, warm + 0.5 * stream.normal())):.1f}"
    values["dx_method"] = (
        ["検査なし（みなし）"]
        if case.case_class == "疑似症患者（みなし陽性）"
        else [stream.choice(("核酸増幅法（PCR等）", "抗原定性", "抗原定性", "抗原定量"))]
    )
    if case.age >= 15 and stream.chance(0.5):
        tall = (172 if case.sex == "男性" else 158) + 5.5 * stream.normal()
        mass = 31.5 if "肥満（BMI30以上）" in case.risks else 22.5 + 2.0 * stream.normal()
        values |= {"height": f"{tall:.1f}", "weight": f"{max(32.0, mass * tall * tall / 10_000):.1f}"}
    if "妊娠" in case.risks:
        values["preg_week"] = str(stream.between(8, 38))
    if case.doses in ("1", "2", "3", "4"):
        given = case.diagnosis
        rows = []
        for dose in range(int(case.doses), 0, -1):
            given -= timedelta(days=stream.between(100, 220) if dose > 1 else 25)
            rows.append(
                {
                    "values": {
                        "vax_dose": str(dose),
                        "vax_date": given.isoformat(),
                        "vax_maker": stream.choice(("ファイザー", "ファイザー", "モデルナ")),
                    }
                }
            )
        values["vax"] = rows[::-1] if stream.chance(0.35) else []
    return values


def priority(case: Case, values: t.Mapping[str, t.Any]) -> str:
    """The priority by the rule of the ledger."""
    spo2 = values.get("spo2_dx")
    grave = severity(case) in ("中等症Ⅰ", "中等症Ⅱ", "重症") or values["need_hosp"] == "有"
    if grave or (spo2 and int(spo2) < 94) or "妊娠" in case.risks:
        return "最優先"
    if case.age >= 65 or case.age < 1 or len(case.risks) >= 2:
        return "優先"
    return "通常" if case.risks or case.age >= 50 else "SMSのみ"


def _family(world: World, case: Case) -> list[dict[str, t.Any]]:
    """Who else lives there, as far as the case told: for a later case the earlier one with its number."""
    stream = Stream(world.seed, "family", case.head)
    size = SIZES.draw(stream)
    told = Stream(world.seed, "family told", case.index).chance(0.6)
    rows: list[dict[str, t.Any]] = []
    if case.head != case.index:
        first = make_case(world, case.head)
        rows.append(
            {
                "family_name": first.person.name,
                "family_age": str(first.age),
                "family_state": "陽性",
                "family_relation": _relation(case.age, first.age),
                "family_case_no": CaseNumber(case.head),
            }
        )
    for number in range(size - 1 - len(rows) if told else 0):
        sex = stream.choice(("男性", "女性"))
        age = min(99, max(0, case.age + stream.choice((-30, -28, -3, 2, 27, 30))))
        generation = "early" if age >= 68 else "late" if age >= 34 else "heisei" if age >= 4 else "reiwa"
        given, _ = names.GIVEN[sex, generation][(stream.below(40) + number) % 40]
        rows.append(
            {
                "family_name": f"{case.person.surname}　{given}",
                "family_age": str(age),
                "family_relation": _relation(case.age, age),
                "family_state": stream.choice(("未検査", "未検査", "陰性", "濃厚接触者")),
                "family_disease": stream.choice(("高血圧", "糖尿病", "喘息")) if stream.chance(0.15) else "",
            }
        )
    return [{"values": {code: value for code, value in row.items() if value}} for row in rows]


def _relation(own: int, other: int) -> str:
    """What somebody of another age is to one in most families."""
    if abs(own - other) < 15:
        return "配偶者" if min(own, other) >= 20 else "兄弟姉妹"
    if other > own:
        return "親" if other - own < 45 else "祖父母"
    return "子"


def _first_call(case: Case, stream: Stream, told: datetime, reached: bool, now: datetime) -> dict[str, t.Any]:
    late, wrong = stream.uniform(), stream.choice(("不通1回", "不通2回", "SMS送付済"))
    if told > now:
        return {"first_call": "未着手"}
    if not reached:
        return {"first_call": wrong, "notes": [_note(told, "架電", "不在。後ほどかけ直す。")]}
    values: dict[str, t.Any] = {"first_call": "完了", "first_call_at": _instant(told)}
    if late < 0.3:
        values["notes"] = [_note(told, "架電", NOTES[case.index % len(NOTES)])]
    if case.age >= 65 and late > 0.6:
        values["alerts"] = ["独居"] if late > 0.85 else ["高齢者のみ世帯"]
    return values


def _note(at: datetime, kind: str, text: str) -> dict[str, t.Any]:
    return {"values": {"notes_at": _instant(at), "notes_kind": kind, "notes_text": text, "notes_by": []}}


NOTES: t.Final = (
    "本人と通話。症状は軽く、自宅で様子を見る。",
    "発熱と咳があるが食事はとれている。",
    "家族が応答。本人は休んでいる。",
    "受診先を案内した。",
    "健康観察の方法と連絡先を説明した。",
    "買い物に困っているとのこと。物資の申請を案内した。",
    "同居家族に症状なし。待機期間を説明した。",
    "解熱剤で下がっている。悪化時の連絡先を伝えた。",
    "職場への連絡方法を説明した。",
    "かかりつけ医に電話で相談済み。",
    "水分はとれている。翌日再度電話する。",
    "療養期間の見込みを伝えた。",
)


def _obs_method(case: Case, values: t.Mapping[str, t.Any], stream: Stream) -> str:
    drawn = stream.uniform()
    share = 0.84 if case.age < 65 else 0.48 if case.age < 80 else 0.18
    if drawn < share:
        return "URL（メール）" if "email" in values else "URL（SMS）"
    return "自動架電" if drawn < share + (1 - share) * 0.33 else "電話"
