"""Numbers: what people and clients write, exactness, limits."""

from __future__ import annotations

import typing as t
from decimal import Decimal

import pytest

from lowcode.errors import Invalid
from lowcode.fields.number import display_number, typed_number
from tests.fields.making import make, problems
from tests.fields.people import OFFICE


@pytest.mark.parametrize(
    "text, expected",
    [
        (" 42 ", "42"),
        ("1.5e1", "15"),
        ("１，２３４．５", "1234.5"),
        ("1,234,567", "1234567"),
        ("−３", "-3"),
        ("ー3", "-3"),
        ("▲5", "-5"),
        ("△5", "-5"),
        ("+7", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.50", "1.5"),
        ("-0", "0"),
        ("00012", "12"),
        ("0.0000001", "0"),
        ("0.0000005", "0"),
        ("0.0000015", "0.000002"),
        ("999999999999.999999", "999999999999.999999"),
    ],
)
def test_numbers_are_read_and_made_plain(text: str, expected: str) -> None:
    field = make("NUMBER")
    value = field.parse(text, OFFICE)
    assert (value, field.dump(value), field.text(value, OFFICE)) == (Decimal(expected), expected, expected)


@pytest.mark.parametrize(
    "text",
    [
        "十二",
        "1,23",
        "12,34",
        "1 2",
        "1.2.3",
        "٣",
        "10²",
        "①",
        "½",
        "0x10",
        "1_000",
        "NaN",
        "inf",
        "--1",
        "36.5℃",
        "e5",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert problems(lambda: make("NUMBER").parse(text, OFFICE)) == [("number.not_a_number", ())]


@pytest.mark.parametrize(
    "raw", ["1000000000000", "1e12", 10**12, 1e300, "-1e999999", "9" * 150, "999999999999.9999999"]
)
def test_eighteen_digits_are_the_limit(raw: t.Any) -> None:
    with pytest.raises(Invalid) as caught:
        make("NUMBER").coerce(raw, OFFICE)
    assert [(p.code, p.params) for p in caught.value.problems] == [("number.too_large", {"digits": 12})]


@pytest.mark.parametrize(
    "raw, expected",
    [(15, "15"), (0.1, "0.1"), (1.1e-5, "0.000011"), (Decimal("2.50"), "2.5"), ("1.5E+3", "1500"), (0, "0")],
)
def test_json_numbers_are_taken_as_written(raw: t.Any, expected: str) -> None:
    assert make("NUMBER").dump(make("NUMBER").coerce(raw, OFFICE)) == expected


@pytest.mark.parametrize("raw", [True, [], {}, float("nan"), float("inf"), "１２", b"1"])
def test_json_that_is_no_number(raw: t.Any) -> None:
    assert problems(lambda: make("NUMBER").coerce(raw, OFFICE)) == [("number.not_a_number", ())]


def test_a_spreadsheet_gets_long_numbers_as_text() -> None:
    field = make("NUMBER")
    assert field.cell(Decimal("123456789.123456"), OFFICE) == Decimal("123456789.123456")
    assert field.cell(Decimal("999999999999.999999"), OFFICE) == "999999999999.999999"
    assert field.from_cell("▲1,000", OFFICE) == Decimal(-1000)


@pytest.mark.parametrize(
    "number, digit, scale, expected",
    [
        ("1234567.891", True, None, "1,234,567.891"),
        ("0.125", False, 2, "0.13"),
        ("-0.125", False, 2, "-0.13"),
        ("999.995", True, 2, "1,000.00"),
        ("5", False, 3, "5.000"),
        ("-0.001", False, 1, "0.0"),
    ],
)
def test_display(number: str, digit: bool, scale: int | None, expected: str) -> None:
    assert display_number(Decimal(number), digit=digit, display_scale=scale) == expected


def test_separators_only_between_groups_of_three() -> None:
    assert [typed_number(text) for text in ("1,234", "1,2345", "12,345,678", ",123")] == [
        "1234",
        "1,2345",
        "12345678",
        ",123",
    ]
