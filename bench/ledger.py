"""The case ledger of the benchmark: 31 columns, about 1 KB a record, invented and the same in every run."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

APP = "bench_ledger"
WARDS = ("門司区", "小倉北区", "小倉南区", "若松区", "八幡東区", "八幡西区", "戸畑区", "市外")
STATUSES = ("受付", "初回連絡待ち", "調査中", "健康観察中", "入院調整中", "入院", "宿泊療養", "解除")
UNFINISHED, UNFINISHED_STATUSES = "区の未完了", (STATUSES[0], STATUSES[2])
"""A view of one ward, and what it shows."""
SEXES = ("男性", "女性", "不明")
ROUTES = ("HER-SYS", "FAX", "電話", "その他")
SEVERITIES = ("無症状", "軽症", "中等症Ⅰ", "中等症Ⅱ", "重症")
FLAGS = ("緑", "黄", "赤")
SURNAMES = (
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡辺",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "山田",
    "佐々木",
    "山口",
    "松本",
)
KANA = (
    "サトウ",
    "スズキ",
    "タカハシ",
    "タナカ",
    "イトウ",
    "ワタナベ",
    "ヤマモト",
    "ナカムラ",
    "コバヤシ",
    "カトウ",
    "ヨシダ",
    "ヤマダ",
    "ササキ",
    "ヤマグチ",
    "マツモト",
)
GIVEN = ("花子", "一郎", "健太", "美咲", "大輔", "節子", "由美", "翔", "陽子", "修")
GIVEN_KANA = ("ハナコ", "イチロウ", "ケンタ", "ミサキ", "ダイスケ", "セツコ", "ユミ", "ショウ", "ヨウコ", "オサム")
RARE, RARE_EVERY = ("鬼頭", "キトウ"), 5_000
"""A surname that few have, and one record in so many has it."""
NOTES = (
    "咳が続く。食事は半分ほど。",
    "倦怠感あり。解熱剤を内服。",
    "水分はとれている。夜間の相談先を案内した。",
    "同居の家族は無症状。",
    "聞き取り完了。調査票を送付した。",
)

TEXTS = (
    "number",
    "name",
    "kana",
    "zip",
    "address",
    "tel",
    "email",
    "clinic",
    "doctor",
    "workplace",
    "household",
    "emergency",
)
NUMBERS = ("age", "temperature", "spo2", "missed_days")
DATES = ("birth", "onset", "diagnosis", "care_start", "care_end")
TIMES = ("notice_at", "next_call")
CHOICES: dict[str, tuple[str, ...]] = {
    "sex": SEXES,
    "ward": WARDS,
    "status": STATUSES,
    "route": ROUTES,
    "severity": SEVERITIES,
    "flag": FLAGS,
}
LONG = ("notes", "alerts")
COLUMNS = (*TEXTS, *NUMBERS, *DATES, *TIMES, *CHOICES, *LONG)
INDEXED = ("name", "kana", "tel", "household", "diagnosis", "ward", "status")
UNIQUE = "number"
VIEW = ("number", "name", "kana", "age", "sex", "ward", "status", "severity", "diagnosis", "next_call", "flag")


def mixed(seed: int) -> int:
    """A well-mixed 64-bit number (SplitMix64), so that row n is the same in any order and on any machine."""
    z = (seed + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return z ^ (z >> 31)


def row(n: int, *, number: str | None = None) -> dict[str, t.Any]:
    """Record ``n`` as plain JSON values (numbers as text, as our API writes them)."""
    r = mixed(n)

    def pick(values: tuple[str, ...], shift: int) -> str:
        return values[(r >> shift) % len(values)]

    who, given = (r >> 3) % len(SURNAMES), (r >> 11) % len(GIVEN)
    rare = n % RARE_EVERY == RARE_EVERY - 1
    day = 1 + (r >> 17) % 28
    month = 1 + (r >> 23) % 12
    return {
        "number": number or f"04-{n:07d}",
        "name": f"{RARE[0] if rare else SURNAMES[who]} {GIVEN[given]}",
        "kana": f"{RARE[1] if rare else KANA[who]} {GIVEN_KANA[given]}",
        "zip": f"80{(r >> 5) % 10}-00{(r >> 9) % 100:02d}",
        "address": f"{pick(WARDS, 7)}みどり町東{1 + r % 9}丁目{1 + (r >> 13) % 20}番{1 + (r >> 15) % 30}号",
        "tel": f"090-0{(r >> 19) % 1000:03d}-{n % 10000:04d}",
        "email": f"case{n:07d}@example.jp",
        "clinic": f"第{(r >> 21) % 420}クリニック",
        "doctor": f"{SURNAMES[(r >> 27) % len(SURNAMES)]} 医師",
        "workplace": f"第{(r >> 29) % 900}事業所",
        "household": f"H{(r >> 31) % 60000:06d}",
        "emergency": f"{SURNAMES[who]} {GIVEN[(r >> 33) % len(GIVEN)]} 093-000-{(r >> 35) % 10000:04d}",
        "age": str((r >> 37) % 100),
        "temperature": f"{36 + (r >> 39) % 4}.{(r >> 41) % 9 + 1}",
        "spo2": str(90 + (r >> 43) % 10),
        "missed_days": str((r >> 45) % 5),
        "birth": f"{1930 + (r >> 47) % 90}-{month:02d}-{day:02d}",
        "onset": f"2022-{month:02d}-{day:02d}",
        "diagnosis": f"2022-{month:02d}-{day:02d}",
        "care_start": f"2022-{month:02d}-{day:02d}",
        "care_end": f"2023-{month:02d}-{day:02d}",
        "notice_at": f"2022-{month:02d}-{day:02d}T{(r >> 49) % 24:02d}:{(r >> 51) % 60:02d}:00Z",
        "next_call": f"2022-{month:02d}-{day:02d}T{(r >> 52) % 24:02d}:00:00Z",
        "sex": pick(SEXES, 2),
        "ward": pick(WARDS, 7),
        "status": pick(STATUSES, 14),
        "route": pick(ROUTES, 20),
        "severity": pick(SEVERITIES, 26),
        "flag": pick(FLAGS, 32),
        "notes": " ".join(NOTES[(r >> (2 * k)) % len(NOTES)] for k in range(6)),
        "alerts": NOTES[r % len(NOTES)],
    }


def rows(start: int, count: int) -> Iterator[dict[str, t.Any]]:
    """Records ``start`` … ``start + count - 1``."""
    return (row(n) for n in range(start, start + count))


def definition(*, app_code: str = APP, personal: bool = False) -> dict[str, t.Any]:
    """The app as this product knows it; ``personal`` has the audit log tell who reads it."""
    properties: dict[str, t.Any] = {}
    for code in TEXTS:
        properties[code] = {"type": "SINGLE_LINE_TEXT", "code": code, "label": code}
    properties[UNIQUE]["unique"] = True
    properties["name"]["required"] = True
    for code in NUMBERS:
        properties[code] = {"type": "NUMBER", "code": code, "label": code}
    for code in DATES:
        properties[code] = {"type": "DATE", "code": code, "label": code}
    for code in TIMES:
        properties[code] = {"type": "DATETIME", "code": code, "label": code}
    for code, options in CHOICES.items():
        properties[code] = {
            "type": "DROP_DOWN",
            "code": code,
            "label": code,
            "options": {o: {"label": o, "index": str(i)} for i, o in enumerate(options)},
        }
    for code in LONG:
        properties[code] = {"type": "MULTI_LINE_TEXT", "code": code, "label": code}
    for code in INDEXED:
        properties[code]["indexed"] = True
    first, third = UNFINISHED_STATUSES
    return {
        "format": 1,
        "code": app_code,
        "settings": {"name": "台帳", "personalData": personal},
        "properties": properties,
        "layout": [{"type": "ROW", "fields": [{"type": p["type"], "code": c}]} for c, p in properties.items()],
        "views": {
            "全件": {
                "type": "LIST",
                "name": "全件",
                "index": "0",
                "fields": list(VIEW),
                "filterCond": "",
                "sort": "$id desc",
            },
            UNFINISHED: {
                "type": "LIST",
                "name": UNFINISHED,
                "index": "1",
                "fields": list(VIEW),
                "filterCond": f'ward in ("{WARDS[0]}") and status in ("{first}", "{third}")',
                "sort": "diagnosis desc",
            },
        },
    }
