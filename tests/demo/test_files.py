"""Import files: an import makes of them what their manifest says, and every dirty cell is known."""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import system
from lowcode.demo import dirt, files
from lowcode.demo.presets import World
from lowcode.errors import Invalid
from lowcode.fields.base import Context
from lowcode.records import workspace
from lowcode.records.catalog import Catalog
from lowcode.system import migrate
from lowcode.transfer import importing, shipped, tabular
from lowcode.transfer.report import Report

# A seed with at least one of the rarer mistakes among its sixty rows.
WORLD = World.of("tiny", now=date(2022, 8, 25))
ACTOR = system("tests")
CTX = Context(now=WORLD.now)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("import")
    files.write(WORLD, made)
    return made


@pytest.fixture(scope="module")
def manifest(folder: Path) -> dict[str, dict[str, t.Any]]:
    import orjson

    return {one["file"]: one for one in orjson.loads((folder / "manifest.json").read_bytes())["files"]}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[sa.Engine]:
    made = db.make_engine(f"sqlite:///{tmp_path / 'files.db'}")
    migrate.upgrade(made)
    shipped.install(made, ["facility", "case_ledger"], ACTOR)
    yield made
    made.dispose()


def take_in(engine: sa.Engine, path: Path, app: str, key: str) -> Report:
    catalog = Catalog()
    preview = tabular.inspect(path)
    with workspace.reading(engine, catalog, ACTOR, CTX) as space:
        plan = importing.plan_import(space, app, preview, key=key)
    return importing.run_import(path, plan, lambda: workspace.writing(engine, catalog, ACTOR, CTX))


def numbers(report: Report) -> dict[str, int]:
    counts = report.counts()
    return {name: counts[name] for name in ("created", "updated", "unchanged", "failed")}


@pytest.mark.parametrize(
    "name",
    [
        "case_ledger.csv",
        "case_ledger_cp932.csv",
        "case_ledger.xlsx",
        "case_ledger_dirty.csv",
        "case_ledger_dirty_cp932.csv",
        "case_ledger_dirty.xlsx",
        "extra_column.csv",
    ],
)
def test_import_gives_the_expected_numbers(
    name: str, house: sa.Engine, folder: Path, manifest: dict[str, dict[str, t.Any]]
) -> None:
    assert (
        numbers(take_in(house, folder / "facility.csv", "facility", "facility_no"))
        == (manifest["facility.csv"]["expected"])
    )
    report = take_in(house, folder / name, "case_ledger", "hersys_id")
    assert numbers(report) == manifest[name]["expected"]
    refused = {cell["row"] for cell in manifest[name]["dirty"] if cell["effect"] == "refused"}
    assert refused <= {error.row for error in report.errors}


def test_second_file_changes_what_changed(
    house: sa.Engine, folder: Path, manifest: dict[str, dict[str, t.Any]]
) -> None:
    take_in(house, folder / "facility.csv", "facility", "facility_no")
    take_in(house, folder / "case_ledger.csv", "case_ledger", "hersys_id")
    report = take_in(house, folder / "case_ledger_again.csv", "case_ledger", "hersys_id")
    assert numbers(report) == manifest["case_ledger_again.csv"]["expected"]
    assert report.counts()["updated"] > 0


def test_error_page_is_refused(folder: Path) -> None:
    with pytest.raises(Invalid) as caught:
        tabular.inspect(folder / "error_page.csv")
    assert caught.value.problems[0].code == "transfer.html"


def test_same_bytes_again(folder: Path, tmp_path: Path, manifest: dict[str, dict[str, t.Any]]) -> None:
    files.write(WORLD, tmp_path)
    for name, one in manifest.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == one["sha256"], name


def test_form_of_the_files(folder: Path) -> None:
    raw = (folder / "case_ledger.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") >= 61
    assert (folder / "case_ledger_cp932.csv").read_bytes().decode("cp932").startswith("HER-SYS ID,")
    sheet = openpyxl.load_workbook(folder / "case_ledger.xlsx", read_only=True).worksheets[0]
    assert sum(1 for _ in sheet.iter_rows()) == 61


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_manifest_tells_the_truth_about_every_dirty_cell(
    encoding: str, folder: Path, manifest: dict[str, dict[str, t.Any]]
) -> None:
    import csv

    name = "case_ledger_dirty.csv" if encoding == "utf-8-sig" else "case_ledger_dirty_cp932.csv"
    with (folder / name).open(encoding=encoding, newline="") as stream:
        table = list(csv.reader(stream))
    assert manifest[name]["dirty"]
    replaced = {(one["row"], one["field"]) for one in manifest[name]["replaced"]}
    for cell in manifest[name]["dirty"]:
        if cell["kind"] != "column shifted" and (cell["row"], cell["field"]) not in replaced:
            found = table[cell["row"] - 1][table[0].index(cell["column"])]
            written = cell["written"] if encoding == "utf-8-sig" else "".join(map(files._fitting, cell["written"]))
            assert found == written


@pytest.mark.parametrize(
    "made, wanted",
    [
        (dirt.half_width("ガッコウ　パン"), "ｶﾞｯｺｳ ﾊﾟﾝ"),
        (dirt.hiragana("サトウ　ヴァン"), "さとう　ゔぁん"),
        (dirt.full_width("090-0123"), "０９０－０１２３"),
        (dirt.era_short(date(1980, 3, 9)), "S55.3.9"),
        (dirt.era_long(date(2019, 5, 1)), "令和元年5月1日"),
        (dirt.era_long(date(1925, 1, 1)), "大正14年1月1日"),
    ],
)
def test_spellings(made: str, wanted: str) -> None:
    assert made == wanted


def test_every_kind_of_dirt_occurs_in_a_larger_city() -> None:
    world = World.of("demo", now=date(2022, 8, 25))
    tables = files.Tables(world)
    kinds = {one.kind for row in files._dirty_rows(tables) for one in row.dirt}
    assert kinds == {
        "era date",
        "half-width kana",
        "hiragana",
        "voiced mark missing",
        "no hyphens",
        "full-width phone",
        "other hyphen",
        "full-width digits",
        "full-width space",
        "dash for none",
        "comma in date",
        "impossible day",
        "compact date",
        "spreadsheet serial",
        "1900 date",
        "age off by one",
        "blank",
        "ward of another address",
        "line break",
        "line break in one line",
        "column shifted",
        "row repeated",
        "same person again",
    }
