"""Exporting: chosen columns, harmless cells, and files that change nothing when they come back."""

from __future__ import annotations

import csv
import io
import typing as t
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.errors import Forbidden, Invalid
from lowcode.fields.registry import TYPES
from lowcode.query import ast, kintone
from lowcode.system import migrate
from lowcode.transfer import exporting, importing
from lowcode.transfer.cells import harmless, unguarded
from tests.builders import an_app
from tests.transfer.conftest import Desk, counts
from tests.transfer.every_type import EVERYTHING, FullHouse, furnish


@pytest.fixture
def full(engine: sa.Engine, tmp_path: Path) -> Desk:
    migrate.upgrade(engine)
    desk = Desk(engine, tmp_path)
    desk.house = FullHouse(engine)
    furnish(desk.house)
    return desk


def test_the_app_has_a_field_of_every_type() -> None:
    used = {f.type_name for f in EVERYTHING.definition().all_fields}
    valueless = {"REFERENCE_TABLE", "GROUP", "LABEL", "HR", "SPACER"}
    assert set(TYPES) - used <= {"LOOKUP", *valueless}, "give every_type.py the new type too"


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.xlsx"])
@pytest.mark.parametrize("key", ["number", "レコード番号", "day"])
def test_importing_the_own_export_changes_nothing(full: Desk, name: str, key: str) -> None:
    before = full.house.find("everything")
    path = full.folder / name
    condition = kintone.parse('day != ""').condition if key == "day" else None
    with full.house.reading() as space:
        reader = space.reader("everything")
        if name.endswith("xlsx"):
            exporting.export_xlsx(reader, path, condition)
        else:
            path.write_bytes(
                b"".join(exporting.export_csv(reader, condition, delimiter="\t" if name.endswith("tsv") else ","))
            )
    result = full.take("everything", path, key=key)
    assert (counts(result), full.errors(result)) == ((0, 0, 1 if key == "day" else 4, 0), [])
    assert result.unknown_columns == []
    assert full.house.find("everything") == before


def test_a_record_can_be_copied_by_its_export_into_an_empty_app(full: Desk) -> None:
    text = full.csv("everything")
    before = {r["number"]: r for r in full.house.find("everything")}
    path = full.file(text.decode("utf-8-sig").replace(",0001,", ",A,").replace(",2,", ",B,"))
    plan = full.plan("everything", path, key="番号", overrides={"レコード番号": ""})
    full.journal = importing.MemoryJournal()
    result = importing.run_import(path, plan, full.house.writing, full.journal)
    assert (result.created, result.failed) == (2, 0), full.errors(result)
    after = {r["number"]: r for r in full.house.find("everything")}
    apart = ("number", "files", "family", "doses")
    writable = [f for f in EVERYTHING.definition().fields if f.writable and f.code not in apart]
    for old, new in (("0001", "A"), ("2", "B")):
        for field in writable:
            was, now = before[old][field.code], after[new][field.code]
            assert now == was or (now is None and str(was).strip() == ""), field.code
    assert [dict(x.values) for x in after["A"]["family"]] == [dict(x.values) for x in before["0001"]["family"]][:2]


def test_columns_are_those_chosen_in_that_order(full: Desk) -> None:
    text = full.csv("everything", ["amount", "number", "line_2"]).decode("utf-8-sig")
    assert text.splitlines()[0] == "数,番号,line_2"
    assert text.splitlines()[-1] == "-12.345,0001,''=2"
    with pytest.raises(Invalid):
        full.csv("everything", ["nowhere"])
    with pytest.raises(Invalid):
        full.csv("everything", ["secret"])


def test_a_secret_is_never_exported(full: Desk) -> None:
    assert "secret" not in full.csv("everything").decode("utf-8-sig").splitlines()[0]


def test_tables_stand_in_extra_rows_below_a_star(full: Desk) -> None:
    rows = list(csv.reader(io.StringIO(full.csv("everything", ["number", "family"]).decode("utf-8-sig"))))
    assert rows[0] == ["レコードの開始行", "番号", "続柄", "years", "sick", "born"]
    assert rows[-3:] == [
        ["*", "0001", "父", "60", "はい", ""],
        ["", "0001", "'@母", "-1", "", "2020-02-29"],
        ["", "0001", "", "", "", ""],
    ]


def test_condition_and_order(full: Desk) -> None:
    query = kintone.parse('number in ("2", "3") order by number desc')
    with full.house.reading() as space:
        reader = space.reader("everything")
        columns = exporting.choose_columns(reader, ["number"])
        text = b"".join(exporting.export_csv(reader, query.condition, query.order, columns)).decode("utf-8-sig")
    assert text == "番号\r\n3\r\n2\r\n"


def test_cp932_uses_twins_and_lists_what_it_lacks(desk: Desk) -> None:
    desk.install(an_app("a").text("name").definition())
    desk.house.add("a", name="¥100〜−𠮷野家😀")
    desk.house.add("a", name="普通")
    replaced = exporting.Replaced()
    content = desk.csv("a", ["name"], encoding="cp932", replaced=replaced)
    assert content.decode("cp932") == "name\r\n普通\r\n￥100～－〓野家〓\r\n"
    assert sorted(replaced.listed()) == [("😀", 1), ("𠮷", 1)]


@pytest.mark.parametrize(
    "text, written",
    [
        ("=1+1", "'=1+1"),
        ("+81 3", "'+81 3"),
        ("-5", "-5"),
        ("-5a", "'-5a"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("'=1", "''=1"),
        ("'x", "'x"),
        ("a=1", "a=1"),
        ("", ""),
        ("-", "'-"),
        ("+1.5", "+1.5"),
        ("''@", "'''@"),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_spelled_harmlessly(text: str, written: str) -> None:
    assert harmless(text) == written
    assert unguarded(written) == text


def test_spreadsheets_get_native_values_and_texts_that_are_no_formulas(full: Desk) -> None:
    path = full.folder / "x.xlsx"
    with full.house.reading() as space:
        reader = space.reader("everything")
        columns = exporting.choose_columns(reader, ["number", "line", "amount", "day", "moment", "clock"])
        assert exporting.export_xlsx(reader, path, kintone.parse('number = "0001"').condition, (), columns) == 1
    cells = openpyxl.load_workbook(path).worksheets[0][2]
    assert [(getattr(c.value, "isoformat", lambda c=c: c.value)(), c.data_type) for c in cells] == [
        ("0001", "s"),
        ("=1+1", "s"),
        (-12.345, "n"),
        ("2022-08-25T00:00:00", "d"),
        ("2022-08-25T10:30:00", "d"),
        ("09:05:00", "d"),
    ]
    assert cells[1].quotePrefix


def test_exporting_is_a_right(desk: Desk) -> None:
    rights = {
        "app": {
            "rights": [
                {
                    "entity": {"type": "GROUP", "code": "everyone"},
                    "includeSubs": False,
                    "appEditable": False,
                    "recordViewable": True,
                    "recordAddable": True,
                    "recordEditable": True,
                    "recordDeletable": True,
                    "recordImportable": True,
                    "recordExportable": False,
                }
            ]
        },
        "record": {"rights": []},
        "field": {"rights": []},
    }
    desk.install(an_app("a").text("name").part("acl", rights).definition())
    with desk.house.reading(Actor(kind="user", user_id=5, login="x")) as space, pytest.raises(Forbidden):
        exporting.export_csv(space.reader("a"))


def test_pages_are_read_in_short_transactions_and_memory_stays_constant(full: Desk) -> None:
    seen: list[int] = []
    opened = 0

    def reading() -> t.Any:
        nonlocal opened
        opened += 1
        return full.house.reading()

    with full.house.reading() as space:
        reader = space.reader("everything")
        columns = exporting.choose_columns(reader, ["number"])
        ids = exporting.begin(space, reader, ast.Query(), columns, "csv")
        pages = exporting.short_pages(reading, "everything", ids, columns, size=2, on_page=seen.append)
    text = b"".join(exporting.export_csv(reader, columns=columns, pages=pages))
    assert (opened, seen, text.count(b"\r\n")) == (2, [2, 4], 5)
