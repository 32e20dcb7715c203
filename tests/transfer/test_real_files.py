"""Files that prefectures really published. They stay outside the project, so these tests never run in CI."""

from __future__ import annotations

import csv
import typing as t
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from lowcode import messages
from lowcode.access.actor import system
from lowcode.errors import LowcodeError
from lowcode.transfer import app_from_file, importing, report, tabular
from tests.builders import an_app
from tests.transfer.conftest import Desk, counts

ACTOR = system("test")


def make(desk: Desk, path: Path, code: str = "made") -> tuple[report.Report, app_from_file.Proposal]:
    desk.journal = importing.MemoryJournal()
    _, done, proposal = app_from_file.make_app_from_file(
        desk.house.engine, path, ACTOR, lambda: desk.house.writing(ACTOR), code=code, journal=desk.journal
    )
    return done, proposal


def test_two_snapshots_of_osaka_one_after_the_other(desk: Desk, real_data: Path) -> None:
    made, _ = make(desk, real_data / "osaka" / "patients_20201104.csv", "osaka")
    assert counts(made) == (13_191, 0, 0, 0)
    second = real_data / "osaka" / "patients_20201116.csv"
    rehearsed = desk.take("osaka", second, key="番号", dry_run=True)
    assert counts(rehearsed) == (2_230, 766, 12_425, 0)
    assert counts(desk.take("osaka", second, key="番号")) == (2_230, 766, 12_425, 0)
    assert counts(desk.take("osaka", second, key="番号")) == (0, 0, 15_421, 0)


def test_tokyo_loads_whole_and_its_sums_by_date_are_those_of_the_file(desk: Desk, real_data: Path) -> None:
    path = real_data / "tokyo" / "130001_tokyo_covid19_positive_cases_by_municipality.csv"
    made, proposal = make(desk, path, "tokyo")
    assert counts(made) == (58_240, 0, 0, 0)
    assert [g.type_name for g in proposal.guesses][3:] == ["DATE", "DROP_DOWN", "NUMBER"]
    expected: Counter[date] = Counter()
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            expected[date.fromisoformat(row["公表_年月日"])] += int(row["陽性者数"] or 0)
    with desk.house.reading() as space:
        found = space.reader("tokyo").aggregate(["公表_年月日"], [("sum", "陽性者数")])
    assert {day: int(total or 0) for (day,), (total,) in found} == dict(expected)


@pytest.mark.parametrize(
    "name, key, options, expected, wrong",
    [
        pytest.param(
            "chiba/12_chiba.csv",
            "No.",
            {},
            (0, 0, 0, 4_962),
            {"date.no_year": 9_866, "date.not_a_date": 58, "choice.unknown": 8},
            id="chiba: dates without a year",
        ),
        pytest.param(
            "chiba/12_chiba.csv",
            "No.",
            {"years": {"発症日": 2020, "検査確定日": 2020}},
            (4_901, 0, 0, 61),
            {"date.not_a_date": 58, "choice.unknown": 8},
            id="chiba: the clerk says the year",
        ),
        pytest.param(
            "hokkaido/covid19hokkaido_20200305.csv",
            "No.",
            {"years": {"公表日": 2020}},
            (37, 0, 0, 46),
            {"text.line_break": 46},
            id="hokkaido: line breaks in cells",
        ),
        pytest.param(
            "shizuoka/22_shizuoka_city.csv",
            "No.",
            {},
            (559, 0, 0, 561),
            {"choice.unknown": 561},
            id="shizuoka: ※２",
        ),
        pytest.param(
            "hiroshima/34_hiroshima.csv",
            "No.",
            {"years": {"公表日": 2021}},
            (1_599, 0, 0, 177),
            {"date.not_a_date": 177},
            id="hiroshima: ranges of days, short rows",
        ),
        pytest.param(
            "saitama_wide/date_district_diff.csv",
            None,
            {"overrides": {"Date": "公表日"}},
            (0, 0, 0, 328),
            {"date.year_too_small": 328},
            id="saitama: the year 0021",
        ),
    ],
)
def test_messy_files_give_errors_that_a_clerk_can_act_on(
    desk: Desk,
    real_data: Path,
    name: str,
    key: str | None,
    options: dict[str, t.Any],
    expected: tuple[int, int, int, int],
    wrong: dict[str, int],
) -> None:
    desk.install(
        an_app("cases")
        .text("no", label="No.", unique=True)
        .text("age", label="年代")
        .choice("sex", "男性", "女性", "男", "女", "非公表", label="性別")
        .text("place", label="居住地")
        .date("公表日")
        .date("発症日")
        .date("検査確定日", label="検査確定日")
        .definition()
    )
    mapped = {"患者_性別": "sex", "公表_年月日": "公表日", "確定日": "公表日"}
    preview = tabular.inspect(real_data / name)
    overrides = {k: v for k, v in mapped.items() if k in preview.headers} | options.get("overrides", {})
    result = desk.take("cases", real_data / name, key=key, **{**options, "overrides": overrides})
    errors = desk.errors(result)
    found = Counter(c.problem.code for e in errors for c in e.errors)
    assert (counts(result), dict(found)) == (expected, wrong)
    for error in errors[:200]:
        assert error.row > preview.reading.header_row
        for cell in error.errors:
            sentence = cell.reason("ja")
            assert sentence != cell.problem.code
            assert sentence.endswith("。")
            assert "{" not in sentence
            assert cell.column in preview.headers or not cell.value


def test_every_table_can_be_looked_at_or_is_refused_with_a_sentence(real_data: Path) -> None:
    refused = []
    for path in sorted(real_data.rglob("*")):
        if path.suffix not in (".csv", ".tsv", ".xlsx", ".zip"):
            continue
        try:
            preview = tabular.inspect(path)
        except LowcodeError as error:
            problem = getattr(error, "problems", [None])[0]
            assert problem is not None
            assert messages.sentence(problem, "ja").endswith("。")
            refused.append(path.name)
            continue
        assert len(preview.headers) >= 2, path
    assert refused == ["covid-19_daily_survey.zip"]


@pytest.mark.parametrize(
    "name, header_row, rows, types",
    [
        ("tochigi/09_tochigi.csv", 2, 3_014, {"陽性確認日": "DATE"}),
        ("kyoto/26_kyoto.csv", 1, 134, {"発表日": "DATE"}),
        ("okinawa/47_okinawa.csv", 1, 6_311, {"確定日": "DATE", "発病日": "SINGLE_LINE_TEXT"}),
        ("osaka/shops_20230212.tsv", 1, 3_071, {"通し番号": "SINGLE_LINE_TEXT"}),
        ("nara/29_nara.xlsx", 2, 2_563, {"公表_年月日": "DATE"}),
        ("tokyo/daily_no_header.csv", 0, 977, {"列1": "DATE", "列2": "NUMBER"}),
        ("saitama_wide/date_district_diff.csv", 1, 328, {"さいたま市": "NUMBER"}),
    ],
)
def test_an_app_is_made_from_a_file_in_one_step(
    desk: Desk, real_data: Path, name: str, header_row: int, rows: int, types: dict[str, str]
) -> None:
    done, proposal = make(desk, real_data / name)
    assert (proposal.preview.reading.header_row, done.created) == (header_row, rows)
    assert {g.header: g.type_name for g in proposal.guesses if g.header in types} == types
