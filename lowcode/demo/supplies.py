"""Requests for food and daily goods by households in home care."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from datetime import datetime, timedelta

from lowcode.demo.cases import SIZES, Case, CaseNumber, case_values
from lowcode.demo.presets import TOKYO, World
from lowcode.demo.streams import Stream

SHARE: t.Final = 0.22
REPEATED: t.Final = 0.06
REFUSED: t.Final = 0.04


def _instant(moment: datetime) -> str:
    return f"{moment.isoformat()[:16]}:00Z"


def requests(world: World, case: Case) -> Iterator[dict[str, t.Any]]:
    """The requests of a household, by its first case; none lies after "now"."""
    if case.head != case.index or case.place != "自宅療養" or case.notice_state != "有効":
        return
    stream = Stream(world.seed, "supply", case.index)
    if not stream.chance(SHARE):
        return
    at = case.notice_at + timedelta(hours=2 + stream.below(70))
    if at <= world.now:
        yield _request(world, case, at, stream, again=False)
    if stream.chance(REPEATED):
        later = at + timedelta(hours=6 + stream.below(60))
        if later <= world.now:
            yield _request(world, case, later, stream, again=True)


def _request(world: World, case: Case, at: datetime, stream: Stream, *, again: bool) -> dict[str, t.Any]:
    ledger = case_values(world, case)
    size = SIZES.draw(Stream(world.seed, "family", case.head))
    online = stream.chance(0.71)
    small = 1 if size > 2 and stream.chance(0.2) else 0
    infants = small if stream.chance(0.4) else 0
    values: dict[str, t.Any] = {
        "applied_at": _instant(at),
        "channel": "オンライン" if online else stream.choice(("電話", "電話", "健康観察から")),
        "case_no": CaseNumber(case.index),
        "hersys_in": case.hersys_id if online and stream.chance(0.6) else "",
        "applicant": case.person.name,
        "applicant_kana": case.person.kana,
        "birth": case.birth.isoformat(),
        "tel1": case.tel1,
        "email": ledger.get("email", ""),
        "zip": ledger["zip"],
        "address": f"{ledger['city']}{ledger['addr1']}",
        "building": ledger.get("addr2", ""),
        "drop_place": stream.choice(("玄関前", "玄関前", "玄関前", "宅配ボックス", "管理人")),
        "family_n": str(size),
        "infant_n": str(infants),
        "child_n": str(small),
        "elder_n": "1" if case.age >= 65 else "0",
        "care_start": case.care_start.isoformat(),
        "eligible": ["同居者全員が自宅待機"] + (["親族・知人の支援なし"] if stream.chance(0.6) else ["ネット通販困難"]),
        "sets": _sets(stream, infants),
        "diaper": stream.choice(("S", "M", "L", "ビッグ")) if infants else "不要",
        "allergy": stream.choice(("卵", "小麦", "えび・かに", "そば")) if stream.chance(0.07) else "",
        "special": ["日本語以外の案内"] if case.person.latin else [],
    }
    values |= _course(world, at, stream, again)
    return {code: value for code, value in values.items() if value not in ("", [], None)}


def _sets(stream: Stream, infants: int) -> list[str]:
    found = ["食料品"]
    if stream.chance(0.55):
        found.append("日用品")
    if infants:
        found.append("乳児用品（粉ミルク・おむつ）")
    if stream.chance(0.08):
        found.append("おかゆ・軟らかい食事")
    if stream.chance(0.25):
        found.append("衛生用品")
    return found


def _course(world: World, at: datetime, stream: Stream, again: bool) -> dict[str, t.Any]:
    """How far the request has come by "now"."""
    refused, absent = stream.chance(REFUSED), stream.chance(0.015)
    days = stream.between(1, 3)
    local = at.astimezone(TOKYO)
    # Requests after 17:00 count as the next day's.
    ship = local.date() + timedelta(days=1 if local.hour >= 17 else 0) + timedelta(days=1)
    delivered = ship + timedelta(days=days - 1)
    if again:
        return {"state": "却下", "deny_reason": "重複"} if local.date() < world.today else {"state": "受付"}
    if refused:
        return {"state": "却下", "deny_reason": stream.choice(("対象外", "療養終了", "市外"))}
    if local.date() == world.today:
        return {"state": "要照合" if stream.chance(0.1) else "受付"}
    if ship >= world.today:
        return {"state": "承認", "ship_on": ship.isoformat()}
    made = {"ship_on": ship.isoformat(), "list_no": f"L{ship:%y%m%d}", "tracking": f"9{stream.below(10**11):011}"}
    if delivered < world.today:
        return made | {"state": "配達完了", "delivered_on": delivered.isoformat()}
    return made | {"state": "不在持戻り" if absent else "発送済"}
