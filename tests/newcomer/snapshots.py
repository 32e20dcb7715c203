"""Two snapshots of a prefecture's list of cases: the published ones, or invented ones of the same shape."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

HEADER = ("番号", "報道提供日", "年代", "性別", "居住地", "退院・解除")
CITIES = ("大阪市", "堺市", "守口市", "豊中市", "枚方市", "調査中", "府外")
ROWS, NEW, CHANGED = 1_800, 240, 96


@dataclass(frozen=True)
class Snapshots:
    """The same list on two days, and what an import of the second by 番号 must say."""

    first: Path
    second: Path
    rows: int
    created: int
    updated: int
    unchanged: int


def published(folder: Path) -> Snapshots:
    """The files of a real prefecture, outside the project."""
    return Snapshots(
        folder / "osaka" / "patients_20201104.csv", folder / "osaka" / "patients_20201116.csv",
        rows=13_191, created=2_230, updated=766, unchanged=12_425,
    )  # fmt: skip


def invented(folder: Path) -> Snapshots:
    """Files of the same shape, letter set and habits, with made-up rows."""
    first = [_row(number) for number in range(1, ROWS + 1)]
    second = [list(row) for row in first]
    # People recover, one moves house, and new cases follow; a number was skipped, as in the real list.
    for at in range(0, CHANGED * 7, 7):
        second[at][5] = "" if second[at][5] else "○"
    second += [_row(number) for number in range(ROWS + 2, ROWS + 2 + NEW)]
    return Snapshots(
        _write(folder / "patients_1104.csv", first), _write(folder / "patients_1116.csv", second),
        rows=ROWS, created=NEW, updated=CHANGED, unchanged=ROWS - CHANGED,
    )  # fmt: skip


def _row(number: int) -> list[str]:
    day = date(2020, 1, 29) + timedelta(days=number // 8)
    age = "未就学児" if number % 97 == 0 else str(10 * (1 + number * 7 % 9))
    return [
        str(number), day.isoformat(), age, "女性" if number % 2 else "男性", CITIES[number * 5 % len(CITIES)],
        "○" if number % 3 else "",
    ]  # fmt: skip


def _write(path: Path, rows: list[list[str]]) -> Path:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *rows])
    path.write_bytes(text.getvalue().encode("cp932"))
    return path
