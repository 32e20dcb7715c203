"""Texts, formatted texts, choices and links beyond the contract."""

from __future__ import annotations

import typing as t

import pytest
import sqlalchemy as sa

from lowcode.fields import plain
from lowcode.fields.base import fold
from lowcode.fields.link import is_web_address, phone_digits
from lowcode.fields.rich_text import clean, words
from tests.fields.making import make, problems, refused
from tests.fields.people import OFFICE, someone_else
from tests.fields.samples import OPTIONS
from tests.fields.test_contract import OneTable

ENGLISH = someone_else(locale="en")


@pytest.mark.parametrize(
    "text, folded",
    [
        ("ﾔﾏﾀﾞ　はなこ", "ヤマダ ハナコ"),
        ("ＡＢＣ  abc", "abc abc"),
        (" ｶﾞｷﾞ\n", "ガギ"),
        ("Straße", "strasse"),
        ("ゔ", "ヴ"),
        ("①", "1"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded == fold(folded)


@pytest.mark.parametrize(
    "raw, stored",
    [("a\r\nb\rc", "a\nb\nc"), ("a\u2028b", "a\nb"), (" \n\u3000", None), (12, "12"), (1.5, "1.5"), ("", None)],
)
def test_lines(raw: t.Any, stored: str | None) -> None:
    assert make("MULTI_LINE_TEXT").coerce(raw, OFFICE) == stored


def test_one_line_keeps_spaces_and_refuses_breaks() -> None:
    field = make("SINGLE_LINE_TEXT")
    assert field.coerce(" a ", OFFICE) == " a "
    assert problems(lambda: field.coerce("a\r\nb", OFFICE)) == [("text.line_break", ())]
    assert problems(lambda: field.coerce("x" * 10_001, OFFICE)) == [("text.too_long", ())]
    assert problems(lambda: field.coerce(["a"], OFFICE)) == [("text.not_text", ())]


@pytest.mark.parametrize(
    "text, length", [("葛\U000e0100城", 2), ("が", 1), ("か\u3099", 1), ("𠮷野家", 3), ("❤\ufe0f", 1)]
)
def test_length(text: str, length: int) -> None:
    assert plain.length(text) == length


@pytest.mark.parametrize(
    "raw, cleaned",
    [
        ('<p style="x" onclick="y">a</p>', "<p>a</p>"),
        ("<script>alert(1)</script>a", "a"),
        ("<img src=x onerror=y>a", "a"),
        ('<a href="javascript:x">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ("<svg><script>x</script></svg>a", "a"),
        ("<iframe src=x></iframe>a", "a"),
        ("a<b", "a"),
        ("<b>a", "<b>a</b>"),
        ("1 &lt; 2", "1 &lt; 2"),
    ],
)
def test_html_is_cleaned_once_for_all(raw: str, cleaned: str) -> None:
    assert clean(raw) == clean(cleaned) == cleaned


def test_html_is_searched_by_its_words() -> None:
    assert words("<p>発熱&nbsp;38℃</p><ul><li>せき</li><li>A&amp;B</li></ul>") == "発熱 38℃\nせき\nA&B"
    assert make("RICH_TEXT").search_text("<p>発<b>熱</b></p>", OFFICE) == "発熱"
    assert make("RICH_TEXT").coerce("<p>&nbsp;<br></p>", OFFICE) is None


@pytest.mark.parametrize(
    "written, digits",
    [
        ("03-1234-5678", "0312345678"),
        ("０３（１２３４）５６７８", "0312345678"),
        ("+81 3 1234 5678", "0312345678"),
        ("+81-(0)3-1234-5678", "0312345678"),
        ("090 1234 5678 内線12", "09012345678"),
        ("+1 650-253-0000", "+16502530000"),
        ("", ""),
        ("03ー1234ー5678", "0312345678"),
        ("110", "110"),
    ],
)
def test_a_telephone_number_is_its_digits(written: str, digits: str) -> None:
    assert phone_digits(written) == digits
    if digits:
        field = make("LINK", protocol="CALL")
        assert digits in field.search_text(field.coerce(written, OFFICE), OFFICE)


def test_a_telephone_number_is_found_however_it_is_written(engine: sa.Engine) -> None:
    field = make("LINK", protocol="CALL", id=7)
    tables = OneTable(field)
    numbers = ["03-1234-5678", "０３（１２３４）５６７８", "+81 3 1234 5678", "03-1234-5679"]
    with engine.begin() as connection:
        tables.fill(connection, field, [field.coerce(number, OFFICE) for number in numbers])

        def found(operator: str, operand: t.Any) -> list[int]:
            condition = field.where(operator, tables, operand, OFFICE)
            return list(connection.scalars(sa.select(tables.main.c.id).where(condition).order_by(tables.main.c.id)))

        assert found("=", field.operand("0312345678", OFFICE)) == [1, 2, 3]
        assert found("in", [field.operand("03 1234 5679", OFFICE)]) == [4]
        assert found("like", fold("1234-56")) == [1, 2, 3, 4]
        assert found("like", fold("5678")) == [1, 2, 3]


@pytest.mark.parametrize("address", ["https://例え.jp/あ?x=1#y", "http://localhost", "HTTPS://A.JP"])
def test_web_addresses(address: str) -> None:
    assert is_web_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "java\nscript:x",
        "https:/a",
        "https://",
        "https://a b",
        'https://a"b',
        "https://a@b",
        "//a",
        "http://[",
        "vbscript:x",
    ],
)
def test_what_is_no_web_address(address: str) -> None:
    assert not is_web_address(address)


@pytest.mark.parametrize(
    "text, ctx, option",
    [
        ("陽性", OFFICE, 11),
        ("Positive", ENGLISH, 11),
        ("positive", OFFICE, 11),
        (" 陰性 ", OFFICE, 12),
        ("その他", OFFICE, 13),
        ("12", OFFICE, 13),
        ("不明", OFFICE, 15),
        ("旧・不明", OFFICE, 15),
        ("旧･不明", OFFICE, 15),
        ("", OFFICE, None),
    ],
)
def test_an_option_is_found_by_label_and_key(text: str, ctx: t.Any, option: int | None) -> None:
    assert make("DROP_DOWN", options=OPTIONS).parse(text, ctx) == option


def test_a_new_label_means_its_own_option_and_an_old_key_still_works() -> None:
    swapped = {"A": {"id": 1, "label": "B", "index": "0"}, "B": {"id": 2, "label": "A", "index": "1"}}
    field = make("DROP_DOWN", options=swapped)
    assert (field.coerce("A", OFFICE), field.parse("A", OFFICE)) == (1, 2)
    assert (field.dump(1), field.text(1, OFFICE)) == ("A", "B")


@pytest.mark.parametrize(
    "text, chosen",
    [
        ("陽性\n陰性", (11, 12)),
        ("陰性、陽性", (11, 12)),
        ("陰性, 保留", (14,)),
        ("陰性, 保留\n陽性", (11, 14)),
        ("陽性\n\n陽性", (11,)),
        ("", ()),
    ],
)
def test_several_options_in_one_cell(text: str, chosen: tuple[int, ...]) -> None:
    assert make("CHECK_BOX", options=OPTIONS).parse(text, OFFICE) == chosen


def test_each_unknown_option_is_named_with_its_place() -> None:
    field = make("CHECK_BOX", options=OPTIONS)
    assert problems(lambda: field.coerce(["陽性", "x", 11, 99, True], OFFICE)) == [
        ("choice.unknown", (n,)) for n in (1, 3, 4)
    ]
    assert problems(lambda: field.coerce("陽性", OFFICE)) == [("choice.not_a_list", ())]


def test_options_are_sorted_as_the_author_put_them() -> None:
    moved = {key: {**option, "index": str(9 - int(str(option["index"])))} for key, option in OPTIONS.items()}
    assert refused("DROP_DOWN", options=[]) == [("setting.not_a_map", ("options",))]
    field = make("DROP_DOWN", id=7, options=moved)
    assert [option.id for option in field.options] == [15, 14, 13, 12, 11]
