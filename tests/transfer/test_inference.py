"""A type for each column, by its header and all its values."""

from __future__ import annotations

import typing as t
from datetime import date, datetime, time

import pytest

from lowcode.definition import load
from lowcode.transfer import inference
from lowcode.transfer.inference import Guess


def guess(header: str, values: t.Sequence[t.Any]) -> Guess:
    facts = inference.learn([header], ((n, [v]) for n, v in enumerate(values)))
    return inference.guess(facts)[0]


@pytest.mark.parametrize(
    "header, values, type_name, settings",
    [
        ("発症日", ["2022-08-25", "令和4年8月26日", "R4.8.27", "2022/8/28", "20220829"], "DATE", {}),
        ("発症日", ["43883", "43895"], "DATE", {}),
        ("人数", ["43883", "43895"], "NUMBER", {}),
        ("公表日", ["1/28", "2月9日", "3/1"], "SINGLE_LINE_TEXT", {}),
        ("Date", ["0021/03/31", "0021/09/01"], "SINGLE_LINE_TEXT", {}),
        ("発症日", ["2022-08-25"] * 99 + ["調査中"], "DATE", {}),
        ("発症", ["2022-08-25"] * 3 + ["調査中"], "SINGLE_LINE_TEXT", {}),
        ("時刻", ["9:30", "15時31分"], "TIME", {}),
        ("受付", ["2022-08-25 09:30", "2022/8/25 10:00"], "DATETIME", {}),
        ("日", [date(2022, 8, 25)], "DATE", {}),
        ("日時", [datetime(2022, 8, 25, 9, 30), date(2022, 8, 26)], "DATETIME", {}),
        ("時", [time(9, 30)], "TIME", {}),
        ("人数", ["1", "１，２３４", "−5", ""], "NUMBER", {}),
        ("体温", ["36.5", "37"], "NUMBER", {}),
        ("比率", ["0.12345678", "1"], "NUMBER", {"scale": 8}),
        ("人数", ["1", "-", "―"], "NUMBER", {}),
        ("数", [1, 2.5], "NUMBER", {}),
        ("番号", ["1", "2", "3"], "SINGLE_LINE_TEXT", {"unique": True}),
        ("No.", [1, 2, 3], "SINGLE_LINE_TEXT", {"unique": True}),
        ("番号", ["1", "1", "2"], "NUMBER", {}),
        ("全国地方公共団体コード", ["131016", "131016", "131024"], "SINGLE_LINE_TEXT", {}),
        ("職員", ["0012", "0345"], "SINGLE_LINE_TEXT", {}),
        ("職員番号", ["0012", "0345"], "SINGLE_LINE_TEXT", {"unique": True}),
        ("個体", ["1234567890123"], "SINGLE_LINE_TEXT", {}),
        ("電話番号", ["0312345678", "０９０－１２３４－５６７８"], "LINK", {"protocol": "CALL"}),
        ("連絡先", ["03-1234-5678", "090-1234-5678"], "LINK", {"protocol": "CALL"}),
        ("メール", ["a@example.jp", "b@example.jp"], "LINK", {"protocol": "MAIL"}),
        ("ソース", ["https://example.jp/a", "http://example.jp/b"], "LINK", {"protocol": "WEB"}),
        ("備考", ["一行\n二行"], "MULTI_LINE_TEXT", {}),
        ("備考", ["長" * 101], "MULTI_LINE_TEXT", {}),
        ("氏名", ["甲", "乙", "丙"], "SINGLE_LINE_TEXT", {}),
        ("空", ["", " "], "SINGLE_LINE_TEXT", {}),
    ],
)
def test_a_type_for_a_column(header: str, values: list[t.Any], type_name: str, settings: dict[str, t.Any]) -> None:
    found = guess(header, values)
    rest = {k: v for k, v in found.properties.items() if k not in ("type", "code", "label")}
    assert (found.type_name, rest) == (type_name, settings)


@pytest.mark.parametrize(
    "header, values, options",
    [
        ("病院", ["甲", "乙", "甲", "甲", "乙", "乙"], ["甲", "乙"]),
        ("性別", ["男性", "女性"] * 3, ["男性", "女性", "その他", "不明"]),
        ("年代", ["10代", "20代", "不明"] * 3, ["10代", "20代", "不明"]),
    ],
)
def test_few_values_that_repeat_are_choices(header: str, values: list[str], options: list[str]) -> None:
    found = guess(header, values)
    assert (found.type_name, list(found.properties["options"])) == ("DROP_DOWN", options)


def test_many_values_are_no_choices() -> None:
    assert guess("区", [f"区{n}" for n in range(21)] * 5).type_name == "SINGLE_LINE_TEXT"
    assert guess("区", ["a", "b"]).type_name == "SINGLE_LINE_TEXT"


@pytest.mark.parametrize(
    "headers, codes",
    [
        (["番号", "退院・解除", "氏名（カナ）", "1回目", "a b"], ["番号", "退院・解除", "氏名_カナ", "_1回目", "a_b"]),
        (
            ["作成者", "レコード番号", "order", "No.", "No", "№"],
            ["作成者_2", "レコード番号_2", "order_2", "No", "No_2", "No_3"],
        ),
        (["（）", "ｶﾅ", "x" * 300], ["field", "カナ", "x" * 120]),
    ],
)
def test_codes_are_made_from_headers(headers: list[str], codes: list[str]) -> None:
    made: set[str] = set()
    found = []
    for header in headers:
        found.append(inference.field_code(header, made))
        made.add(found[-1])
    assert found == codes


def test_the_definition_can_be_published() -> None:
    headers = ["番号", "日付", "区", "備考", "列5", "作成者"]
    rows = [(n, [str(n), f"2022-08-{n:02}", "甲" if n % 2 else "乙", "a\nb", "", "x"]) for n in range(1, 13)]
    guesses = inference.guess(inference.learn(headers, rows))
    definition = load(inference.definition_of(guesses, code="made", name="名前"))
    assert [g.code for g in guesses] == ["番号", "日付", "区", "備考", "作成者_2"]
    assert (definition.name, definition.title_field.code) == ("名前", "番号")
    view = definition.view("一覧")
    assert view is not None
    assert view.fields == ("レコード番号", "番号", "日付", "区", "作成者_2")
