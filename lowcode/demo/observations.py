"""The daily observations of a case, from the notice to the end of care or to "now"."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from lowcode.demo.cases import Case, CaseNumber
from lowcode.demo.presets import TOKYO, World
from lowcode.demo.streams import Stream, exp_steps

MEANS: t.Final = (38.4, 38.3, 37.9, 37.4, 37.0, 36.8, 36.7)
"""Temperature by day since the onset; 36.6 afterwards."""
SHARES: t.Final = {
    "だるさ": (62, 60, 52, 43, 33, 25, 18, 12),
    "せき": (45, 52, 55, 54, 50, 45, 39, 33),
    "のどの痛み": (57, 55, 46, 36, 27, 19, 13, 9),
    "頭痛": (33, 30, 23, 17, 12, 9, 7, 5),
    "味・においがしない": (2, 3, 4, 5, 5, 5, 4, 4),
    "下痢": (6, 6, 5, 4, 3, 3, 2, 2),
    "食事がとれない": (9, 8, 6, 4, 3, 2, 1, 1),
}
DANGER: t.Final = {"A": 0.0025, "B": 0.06, "C": 0.25, "D": 0.6, "E": 0.25}
SIGNS: t.Final = (
    "少し動くと息があがる",
    "急に息苦しくなった",
    "胸の痛み",
    "息が荒い",
    "ゼーゼーしている",
    "ぼんやりしている",
)
TEXTS: t.Final = (
    "昨日より楽になりました。",
    "夜中にせきが出て眠れません。",
    "薬がなくなりそうです。",
    "食欲が戻ってきました。",
    "子どもの世話がつらいです。",
    "熱は下がりましたが、だるさが残ります。",
    "水分はとれています。",
    "のどが痛くて固形物が食べにくいです。",
    "家族にも症状が出てきました。",
    "仕事に戻れる日を知りたいです。",
)
CALLS: t.Final = (
    "本人と通話。呼吸は落ち着いている。水分をとるよう伝えた。",
    "家族と通話。夕方にもう一度電話する。",
    "症状は軽くなっている。様子を見る。",
    "受診先を案内した。",
    "解熱剤の飲み方を確認した。",
    "酸素の値を測り直してもらい、問題なし。",
    "翌朝まで様子を見て、悪くなれば119番と伝えた。",
    "薬局からの配達を案内した。",
    "食事がとれているか確認した。",
    "療養の終わる日を説明した。",
)
RESULTS: t.Final = (("通話", 0.78), ("不通", 0.17), ("留守電", 0.05))


@dataclass(slots=True)
class Observation:
    """One answer."""

    case: int
    at: datetime
    method: str
    temp: str = ""
    spo2: str = ""
    pulse: str = ""
    overall: str = "変わらない"
    symptoms: list[str] = field(default_factory=list)
    danger: list[str] = field(default_factory=list)
    request: list[str] = field(default_factory=list)
    antipyretic: bool = False
    eats: str = "とれている"
    text: str = ""
    seq: int = 1
    flag: str = "緑"
    """What the rule says."""
    more: dict[str, t.Any] = field(default_factory=dict)

    def values(self) -> dict[str, t.Any]:
        """The record, as canonical JSON."""
        made = {
            "case_no": CaseNumber(self.case),
            "observed_at": _instant(self.at),
            "method": self.method,
            "answered_by": self.more.get("answered_by", "本人"),
            "temp": self.temp,
            "spo2": self.spo2,
            "pulse": self.pulse,
            "antipyretic": "あり" if self.antipyretic else "なし",
            "overall": self.overall,
            "symptoms": self.symptoms or ["なし"],
            "danger": self.danger or ["なし"],
            "intake_ok": self.eats,
            "request": self.request or ["なし"],
            "free_text": self.text,
            "seq": str(self.seq),
            **self.more,
        }
        return {code: value for code, value in made.items() if value not in ("", [], None)}


def _instant(moment: datetime) -> str:
    return f"{moment.isoformat()[:16]}:00Z"


def observed(case: Case, world: World) -> bool:
    """Whether the case is observed at home or in a hotel at all."""
    return (
        case.place in ("自宅療養", "宿泊療養")
        and case.notice_state == "有効"
        and (world.today - case.day).days < world.preset.observed_days
    )


def observations(world: World, case: Case) -> Iterator[Observation]:
    """The answers of a case in order of time; none lies after "now"."""
    if not observed(case, world):
        return
    stream = Stream(world.seed, "observation", case.index)
    old = case.age >= 65
    share = 0.84 if not old else 0.48 if case.age < 80 else 0.18
    link = stream.chance(share)
    never = link and stream.chance(0.07)
    lent = stream.chance(0.55 if old else 0.18)
    habit = 35 * exp_steps(0.6 * stream.normal())
    silent = False
    last = min(case.care_end_plan, world.today)
    day = case.day
    while day <= last:
        number = (day - case.day).days
        wanted = 0.86 if number < 2 else 0.78 if number < 5 else 0.69
        # Who was silent yesterday is more likely to be silent today; on average the shares hold.
        answers = stream.uniform() < wanted + (0.1 if not silent else -0.3)
        silent = not answers or never
        called = stream.chance(0.93)
        if link and not never and answers:
            method, at = "本人入力（URL）", _answer_time(world, day, habit, stream)
        elif link and not called:
            day += timedelta(days=1)
            continue
        elif link or stream.chance(0.68):
            method, at = "電話", world.at(day, 570 + stream.below(420))
        else:
            method, at = "自動架電", world.at(day, 600 + stream.below(240))
        if at < case.notice_at:
            at = case.notice_at + timedelta(minutes=30 + stream.below(120))
        if at.astimezone(TOKYO).date() != day:  # the notice came too late for an answer on its own day
            day += timedelta(days=1)
            continue
        first = _answer(case, day, at, method, lent, stream)
        twice, again = stream.chance(0.02), stream.chance(0.03)
        yield from (one for one in _followed(case, world, first, stream) if one.at <= world.now)
        if method == "本人入力（URL）" and (twice or again):
            later = at + timedelta(minutes=1 if twice else 45 + stream.below(300))
            if later <= world.now and later.astimezone(TOKYO).date() == day:
                second = _answer(case, day, later, method, lent, stream)
                second.seq = 2
                yield from _followed(case, world, second, stream)
        day += timedelta(days=1)


def today_values(world: World, case: Case, care: str) -> dict[str, t.Any]:
    """What the ledger says about today's answer and about days without one."""
    if care not in ("自宅療養", "宿泊療養", "調整中"):
        return {"obs_today": "対象外"}
    answers = list(observations(world, case))
    if not answers:
        return {"obs_today": "未回答", "missed_days": str(max(0, (world.today - case.day).days - 1))}
    latest = answers[-1]
    day = latest.at.astimezone(TOKYO).date()
    if day < world.today:
        return {"obs_today": "未回答", "missed_days": str((world.today - day).days - 1)}
    if latest.method == "電話":
        return {"obs_today": "電話済", "missed_days": "0"}
    return {"obs_today": "回答済（良好）" if latest.flag == "緑" else "回答済（要確認）", "missed_days": "0"}


def _answer_time(world: World, day: date, habit: float, stream: Stream) -> datetime:
    """After the mail at seven: half an hour for most, at night for a few."""
    minutes = habit * exp_steps(0.9 * stream.normal())
    if stream.chance(0.04):
        return world.at(day, 60 * 21 + stream.below(150))
    return world.at(day, 420 + min(minutes, 840))


def _answer(case: Case, day: date, at: datetime, method: str, lent: bool, stream: Stream) -> Observation:
    since = (day - (case.onset or case.diagnosis)).days
    made = Observation(case.index, at, method)
    if case.onset is not None:
        made.symptoms = [name for name, shares in SHARES.items() if stream.chance(shares[min(since, 7)] / 100)]
    made.antipyretic = case.onset is not None and since <= 2 and stream.chance(0.35)
    made.temp = f"{_temperature(case, since, made.antipyretic, stream):.1f}"
    if lent:
        made.spo2 = str(_oxygen(case, since, stream))
        made.pulse = str(max(48, min(130, round(78 + 9 * stream.normal()))))
    drawn = stream.uniform()
    worse = 0.027 if case.path == "A" else 0.12
    made.overall = "悪くなった" if drawn < worse else "変わらない" if drawn < 0.5 - 0.03 * min(since, 9) else "良い"
    if stream.chance(DANGER[case.path]):
        made.danger = [stream.choice(SIGNS)]
        if stream.chance(0.3):
            made.danger = sorted({*made.danger, stream.choice(SIGNS)})
    if "食事がとれない" in made.symptoms:
        made.eats = "少ない" if stream.chance(0.4) else made.eats
    wish = stream.uniform()
    if wish < 0.05:
        made.request = [
            "電話がほしい"
            if wish < 0.012
            else "受診したい"
            if wish < 0.02
            else "薬がほしい"
            if wish < 0.032
            else "食料がほしい"
        ]
    if method == "本人入力（URL）" and stream.chance(0.06):
        made.text = stream.choice(TEXTS)
    if case.age < 12:
        made.more["answered_by"] = "家族"
    made.flag = judge(case, since, made)
    return made


def _temperature(case: Case, since: int, antipyretic: bool, stream: Stream) -> float:
    noise = stream.normal()
    if case.onset is None:
        return 36.5 + 0.25 * noise
    if case.path != "A" and since < 7:
        return min(40.5, 38.0 + 0.6 * noise)
    place = since + 1 if case.age < 10 else since
    mean = MEANS[place] if place < len(MEANS) else 36.6
    warmer = 0.3 if case.age < 10 and since <= 3 else 0.0
    value = mean + warmer + (0.6 if since <= 3 else 0.35) * noise - (0.8 if antipyretic else 0.0)
    return max(35.2, min(41.0, value))


def _oxygen(case: Case, since: int, stream: Stream) -> int:
    mean = 97.6
    if case.path == "B" and since >= 4:
        mean = 94.5
    elif case.path in ("C", "E") and since >= 4:
        mean = 92.0 if since >= 6 else 94.0
    elif case.path == "D" and since >= 3:
        mean = 88.0
    value = round(mean + 0.9 * stream.normal())
    if stream.chance(0.015):
        value = stream.between(82, 90)  # a cold finger
    return max(70, min(100, value))


def judge(case: Case, since: int, made: Observation) -> str:
    """The rule of the observation log, in Python: generated calls follow it."""
    spo2, temp = int(made.spo2) if made.spo2 else None, float(made.temp)
    if made.danger or (spo2 is not None and spo2 <= 93) or "水分がとれない" in made.symptoms:
        return "赤"
    if (
        (spo2 is not None and spo2 <= 95)
        or (case.onset is not None and temp >= 38.5 and since >= 4)
        or made.overall == "悪くなった"
        or {"電話がほしい", "受診したい"} & set(made.request)
        or (case.age >= 65 and temp >= 37.5)
    ):
        return "黄"
    return "緑"


def _followed(case: Case, world: World, made: Observation, stream: Stream) -> Iterator[Observation]:
    """The answer with what staff did about it."""
    wait = stream.between(4, 25) if made.flag == "赤" else stream.between(60, 300)
    length = max(1, min(40, round(5 * exp_steps(0.5 * stream.normal()))))
    drawn, text, kept = stream.uniform(), stream.choice(CALLS), stream.uniform()
    start = made.at + timedelta(minutes=wait)
    if made.flag == "緑":
        if made.method == "電話":
            made.more |= {
                "action_state": "不要",
                "call_result": "通話",
                "call_from": _instant(made.at),
                "call_to": _instant(made.at + timedelta(minutes=length)),
            }
    elif start > world.now:
        made.more["action_state"] = "要架電"
    else:
        result = RESULTS[0][0] if drawn < RESULTS[0][1] else RESULTS[1][0] if drawn < 0.95 else RESULTS[2][0]
        made.more |= {"call_from": _instant(start), "call_result": result, "action_state": "要架電"}
        if result == "通話":
            end = min(start + timedelta(minutes=length), world.now)
            made.more |= {
                "call_to": _instant(end),
                "action_note": text,
                "action_state": "受診調整"
                if made.flag == "赤" and kept < 0.25
                else "経過観察"
                if kept < 0.4
                else "架電済",
            }
            if made.flag == "黄" and kept > 0.95:
                made.more["flag"] = "緑"  # staff found the person well
        else:
            made.more["next_call"] = _instant(start + timedelta(hours=2))
    yield made
