"""How offices really write: other spellings of good values, and mistakes. Each is noted with the truth beside it.

``Effect`` is what an import with default settings makes of a cell: ``read`` gives the true value in spite of the
spelling, ``kept`` gives what is written (wrong, but possible), ``refused`` makes the row come back with an error.
"""

from __future__ import annotations

import typing as t
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lowcode.demo.presets import World
from lowcode.demo.streams import Stream

Effect = t.Literal["read", "kept", "refused"]
Row = dict[str, str]
"""One row of a file: text of the cell by field code."""

HALF_KANA: t.Final = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF66, 0xFF9E)} | {
    "　": " "
}
VOICED: t.Final = "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポ"
UNVOICED: t.Final = dict(zip(VOICED, "カキクケコサシスセソタチツテトハヒフヘホハヒフヘホ", strict=True))
DASHES: t.Final = ("−", "―", "ー", "-")


@dataclass(frozen=True)
class Dirt:
    """One dirty cell."""

    column: str
    kind: str
    written: str
    truth: str
    effect: Effect


def half_width(kana: str) -> str:
    """Katakana in half width, with the voiced mark as a character of its own."""
    return "".join(
        "".join(
            HALF_KANA.get(part, {"\u3099": "ﾞ", "\u309a": "ﾟ"}.get(part, part))
            for part in unicodedata.normalize("NFD", letter)
        )
        for letter in kana
    )


def hiragana(kana: str) -> str:
    """Katakana as hiragana."""
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in kana)


def full_width(text: str) -> str:
    """Digits and hyphens in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else "－" if c == "-" else c for c in text)


def era_short(day: date) -> str:
    """``S55.3.9``."""
    letter, year = _era(day)
    return f"{letter}{year}.{day.month}.{day.day}"


def era_long(day: date) -> str:
    """``昭和55年3月9日``."""
    letter, year = _era(day)
    name = {"R": "令和", "H": "平成", "S": "昭和", "T": "大正"}[letter]
    return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def _era(day: date) -> tuple[str, int]:
    for letter, first, before in (
        ("R", date(2019, 5, 1), 2018),
        ("H", date(1989, 1, 8), 1988),
        ("S", date(1926, 12, 25), 1925),
    ):
        if day >= first:
            return letter, day.year - before
    return "T", day.year - 1911


def soil(world: World, index: int, row: Row, plain: Mapping[str, t.Any], columns: tuple[str, ...]) -> list[Dirt]:
    """Dirty the row of case ``index`` in place; returns what was done.

    :param plain: the record as canonical JSON. :param columns: field codes in the order of the file's columns.
    """
    stream = Stream(world.seed, "dirt", index)
    found: list[Dirt] = []

    def write(code: str, kind: str, written: str, effect: Effect) -> None:
        found.append(Dirt(code, kind, written, row[code], effect))
        row[code] = written

    _spell(stream, row, plain, write)
    _mistake(stream, row, plain, write)
    if stream.chance(0.001):
        found += _shift(row, columns, stream)
    return found


Write = t.Callable[[str, str, str, Effect], None]


def _spell(stream: Stream, row: Row, plain: Mapping[str, t.Any], write: Write) -> None:
    """Other spellings: nearly all are read as what they mean."""
    birth, drawn = date.fromisoformat(plain["birth"]), stream.uniform()
    if drawn < 0.7:
        write("birth", "era date", era_short(birth) if drawn < 0.4 else era_long(birth), "read")
    drawn, kana = stream.uniform(), row["kana"]
    if drawn < 0.04:
        write("kana", "half-width kana", half_width(kana), "kept")
    elif drawn < 0.06:
        write("kana", "hiragana", hiragana(kana), "kept")
    elif drawn < 0.07 and any(c in UNVOICED for c in kana):
        write("kana", "voiced mark missing", "".join(UNVOICED.get(c, c) for c in kana), "kept")
    drawn, phone = stream.uniform(), row["tel1"]
    if drawn < 0.2:
        write("tel1", "no hyphens", phone.replace("-", ""), "read")
    elif drawn < 0.25:
        write("tel1", "full-width phone", full_width(phone), "read")
    elif drawn < 0.27:
        write("tel1", "other hyphen", phone.replace("-", stream.choice(("‐", "ー"))), "read")
    if stream.chance(0.06):
        write("addr1", "full-width digits", full_width(row["addr1"]), "kept")


def _mistake(stream: Stream, row: Row, plain: Mapping[str, t.Any], write: Write) -> None:
    """Slips and habits, by the shares that offices show."""
    chosen = [stream.uniform() for _ in range(11)]
    if chosen[0] < 0.02:
        write(
            "name",
            "full-width space",
            row["name"] + "　" if chosen[0] < 0.01 else row["name"].replace("　", "　　"),
            "kept",
        )
    if chosen[1] < 0.05 and not row["email"]:
        write("email", "dash for none", stream.choice(DASHES), "read")
    if row["onset"]:
        day = date.fromisoformat(plain["onset"])
        if chosen[2] < 0.0017:
            write("onset", "comma in date", era_short(day).replace(".", ",", 2).replace(",", ".", 1), "refused")
        elif chosen[2] < 0.0034:
            write("onset", "impossible day", f"{day.year}/{day.month}/32", "refused")
        elif chosen[2] < 0.005:
            write("onset", "compact date", f"{day:%Y%m%d}", "read")
        elif chosen[2] < 0.007:
            write("onset", "spreadsheet serial", str((day - date(1899, 12, 30)).days), "refused")
    if chosen[3] < 0.001:
        write("birth", "1900 date", "1900-01-01", "kept")
    if chosen[4] < 0.01:
        step = 1 if chosen[4] < 0.005 or row["age"] == "0" else -1
        write("age", "age off by one", str(int(row["age"]) + step), "kept")
    if chosen[5] < 0.003:
        write("sex", "blank", "", "kept")
    if chosen[6] < 0.002 and row["ward"].endswith("区"):
        write("ward", "ward of another address", "戸畑区" if row["ward"] != "戸畑区" else "若松区", "kept")
    if chosen[7] < 0.005:
        write("drugs", "line break", "降圧薬\n卵アレルギー", "kept")
    elif chosen[7] < 0.01:
        write("doctor", "line break in one line", row["doctor"] + "\n医師", "refused")


def _shift(row: Row, columns: tuple[str, ...], stream: Stream) -> list[Dirt]:
    """Everything from a column on stands one column further right, as after a stray comma."""
    start = columns.index("notice_at")
    before = dict(row)
    for code, source in zip(columns[start + 1 :], columns[start:-1], strict=True):
        row[code] = before[source]
    row[columns[start]] = ""
    return [Dirt(columns[start], "column shifted", "", before[columns[start]], "refused")]
