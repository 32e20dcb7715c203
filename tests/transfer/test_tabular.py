"""Finding out how a file is read: kind, encoding, delimiter, header; and saying so when it cannot be."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from lowcode import messages
from lowcode.errors import Invalid, LowcodeError, TooLarge
from lowcode.transfer import excel, tabular
from lowcode.transfer.tabular import Reading


def write(folder: Path, content: bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


TABLE = "番号,氏名,日付\n1,髙橋〜,2022-08-25\n2,鈴木,2022-08-26\n"


@pytest.mark.parametrize(
    "content, encoding, delimiter",
    [
        (TABLE.encode(), "utf-8", ","),
        (b"\xef\xbb\xbf" + TABLE.encode(), "utf-8", ","),
        (TABLE.replace("〜", "～").encode("cp932"), "cp932", ","),
        (TABLE.replace(",", "\t").encode("utf-16"), "utf-16", "\t"),
        (TABLE.replace("髙", "高").encode("iso2022_jp"), "iso2022_jp", ","),
        (TABLE.replace("髙", "高").encode("euc_jp"), "euc_jp", ","),
        ("番号,ﾌﾘｶﾞﾅ\n1,ﾔﾏﾀﾞ ﾊﾅｺ\n2,ｽｽﾞｷ ｲﾁﾛｳ\n".encode("cp932"), "cp932", ","),
        (TABLE.replace(",", ";").encode(), "utf-8", ";"),
        (TABLE.replace(",", "\t").encode(), "utf-8", "\t"),
        (("a,b\n" + "x,y\n" * 400_000 + "山,川\n").encode("cp932"), "cp932", ","),
        (TABLE.replace("\n", "\r\n").encode(), "utf-8", ","),
        (TABLE.replace("\n", "\r").encode(), "utf-8", ","),
        ("番号\n1\n2\n".encode(), "utf-8", ","),
    ],
)
def test_encoding_and_delimiter_are_found(tmp_path: Path, content: bytes, encoding: str, delimiter: str) -> None:
    preview = tabular.inspect(write(tmp_path, content))
    assert (preview.reading.encoding, preview.reading.delimiter, preview.reading.header_row) == (encoding, delimiter, 1)
    assert preview.headers[0] in ("番号", "a")
    assert preview.total in (2, 400_001)


@pytest.mark.parametrize(
    "content, code",
    [
        (b"", "transfer.empty"),
        (b"\n\n , \n", "transfer.empty"),
        (b"\xef\xbb\xbf<html><body>503</body></html>", "transfer.html"),
        (b"\n<!DOCTYPE HTML>\n<title>x</title>", "transfer.html"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xls", "transfer.old_excel"),
        (b"%PDF-1.4 ...", "transfer.pdf"),
        (b"PK\x03\x04 broken", "transfer.broken_file"),
        (b"a,b\n\xff\xfe\x80\n", "transfer.encoding"),
        (b'a,b\n1,"' + b"x\n" * 150_000, "transfer.broken_row"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        list(tabular.rows(path := write(tmp_path, content), tabular.inspect(path).reading))
    (problem,) = caught.value.problems
    assert problem.code == code
    for locale in messages.LOCALES:
        assert messages.sentence(problem, locale) not in ("", code)


@pytest.mark.parametrize(
    "first, row, headers",
    [
        (["番号,氏名", "1,甲"], 1, ("番号", "氏名")),
        (["一覧表,,,", "○患者,,,8月", "No.,年代,性別,日", "1,20,女,8/1"], 3, ("No.", "年代", "性別", "日")),
        (["最終更新,2022-08-25,,,", "a,b,c,d,e", "1,2,3,4,5"], 2, ("a", "b", "c", "d", "e")),
        (["2020-01-24,1", "2020-01-25,2"], 0, ("列1", "列2")),
        ([",氏名,氏名,, 年　齢 ", "1,甲,乙,x,4"], 1, ("列1", "氏名", "氏名_2", "列4", "年　齢")),
        (['"確定\n陽性者","Case\nnumber",x', "1,2,3"], 1, ("確定陽性者", "Case number", "x")),
        (["a,b", "1,2,3", "1,2,3", "1,2,3"], 1, ("a", "b", "列3")),
        (["a,b", "1,2", "1,2", "1,2", "1,2", "1,2", "1,2,9"], 1, ("a", "b")),
    ],
)
def test_the_header_is_proposed(tmp_path: Path, first: list[str], row: int, headers: tuple[str, ...]) -> None:
    preview = tabular.inspect(write(tmp_path, "\n".join(first).encode()))
    assert (preview.reading.header_row, preview.headers) == (row, headers)


@pytest.mark.parametrize("row, headers, count", [(0, ("列1", "列2"), 3), (1, ("x", "y"), 2), (2, ("a", "b"), 1)])
def test_the_header_can_be_chosen(tmp_path: Path, row: int, headers: tuple[str, ...], count: int) -> None:
    preview = tabular.inspect(write(tmp_path, b"x,y\na,b\n1,2\n"), header_row=row)
    assert (preview.headers, len(list(tabular.rows(tmp_path / "a.csv", preview.reading)))) == (headers, count)


def test_a_preview_shows_the_first_rows_and_samples(tmp_path: Path) -> None:
    preview = tabular.inspect(write(tmp_path, TABLE.encode()))
    assert preview.first_rows[:2] == ((1, ["番号", "氏名", "日付"]), (2, ["1", "髙橋〜", "2022-08-25"]))
    assert preview.samples() == [["1", "2"], ["髙橋〜", "鈴木"], ["2022-08-25", "2022-08-26"]]


@pytest.mark.parametrize(
    "options, code",
    [
        ({"encoding": "klingon"}, "transfer.encoding_unknown"),
        ({"encoding": "iso2022_jp"}, "transfer.encoding_wrong"),
        ({"delimiter": "|"}, "transfer.delimiter"),
        ({"header_row": 99}, "transfer.header_row"),
    ],
)
def test_a_choice_that_does_not_fit_is_said(tmp_path: Path, options: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        tabular.inspect(write(tmp_path, TABLE.encode()), **options)  # type: ignore[arg-type]  # a table of cases
    assert caught.value.problems[0].code == code


def book(folder: Path, sheets: dict[str, list[list[object]]], name: str = "a.xlsx") -> Path:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    made.save(folder / name)
    return folder / name


def test_spreadsheets_give_native_values(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["番号", "数", "日", "時"],
        [1, 2.0, date(2022, 8, 25), datetime(2022, 8, 25, 9, 30)],
        [],
        ["0002", 2.5, None, True],
    ]
    preview = tabular.inspect(path := book(tmp_path, {"一": rows, "二": [["x"], [1]]}, "upload"))
    assert (preview.sheets, preview.reading.sheet, preview.headers) == (("一", "二"), "一", ("番号", "数", "日", "時"))
    assert list(tabular.rows(path, preview.reading)) == [
        (2, [1, 2, date(2022, 8, 25), datetime(2022, 8, 25, 9, 30)]),
        (4, ["0002", 2.5, None, True]),
    ]
    assert tabular.inspect(path, sheet="二").headers == ("x",)
    with pytest.raises(Invalid) as caught:
        tabular.inspect(path, sheet="三")
    assert caught.value.problems[0].code == "transfer.no_such_sheet"


def bomb(folder: Path, size: int) -> Path:
    path = folder / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("xl/sharedStrings.xml", b"a" * size)
    return path


def test_what_would_unpack_too_large_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MAX_STRINGS", 1_000_000)
    with pytest.raises(TooLarge):
        tabular.inspect(bomb(tmp_path, 2_000_000))
    monkeypatch.setattr(excel, "MAX_UNPACKED", 1_500_000)
    with pytest.raises(TooLarge):
        tabular.inspect(bomb(tmp_path, 2_000_000))


def test_a_zip_that_is_no_spreadsheet_says_so(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data.csv", "a,b")
    with pytest.raises(Invalid) as caught:
        tabular.inspect(write(tmp_path, out.getvalue(), "a.xlsx"))
    assert caught.value.problems[0].code == "transfer.zip"


@pytest.mark.parametrize("content", [b"a," * 3000 + b"\n1,2\n", b"x\n" + b"1\n" * 10])
def test_limits_on_columns_and_rows(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "MAX_ROWS", 5)
    with pytest.raises(LowcodeError) as caught:
        list(tabular.rows(path := write(tmp_path, content), tabular.inspect(path).reading))
    assert caught.value.code in ("transfer.too_many_columns", "transfer.too_many_rows")


def test_a_large_file_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "MAX_BYTES", 10)
    with pytest.raises(TooLarge):
        tabular.inspect(write(tmp_path, TABLE.encode()))


def test_rows_are_streamed(tmp_path: Path) -> None:
    path = write(tmp_path, b"a,b\n" + b"0123456789,0123456789\n" * 200_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in tabular.rows(path, Reading(kind="csv", encoding="utf-8"))) == 200_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "cells, footnote",
    [
        (["※欠番(101)", "", ""], True),
        (["", "注）速報値", ""], True),
        (["1", "", ""], False),
        (["山田", "", ""], False),
        (["※", "", ""], False),
        (["※1", "x", ""], False),
        (["この表は速報値であり、後日変更されることがありますので、ご注意ください。", "", ""], True),
    ],
)
def test_remarks_under_a_table(cells: list[str], footnote: bool) -> None:
    assert tabular.is_footnote(cells, 3) is footnote
    assert not tabular.is_footnote(cells, 2)
