"""Field codes renamed inside formulas."""

from __future__ import annotations

import pytest

from lowcode.formula import rename

CODES = {"a": "b", "b": "a", "数量": "個数", "SUM": "合計", "IF": "もし", "以上": "x"}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a", "b"),
        ("a+b", "b+a"),
        ("a1+aa+_a", "a1+aa+_a"),
        ("A", "A"),
        (" a\t+\n a ", " b\t+\n b "),
        ('"a"&a', '"a"&b'),
        ('"say ""a"" "&a', '"say ""a"" "&b'),
        (r'"\"a"&a', r'"\"a"&b'),
        ("SUM(数量)", "SUM(個数)"),
        ("SUM (数量)+SUM", "SUM (個数)+合計"),
        ("IF(IF,SUM　(a),a)", "IF(もし,SUM　(b),b)"),
        ("５＋a", "５＋b"),
        ("5以上", "5以上"),
        ("1a", "1a"),
        ("a == b", "b == a"),
        ('a & "never closed a', 'b & "never closed a'),
        ("a@b #", "b@a #"),
        ("", ""),
    ],
)
def test_only_field_codes_change(text: str, expected: str) -> None:
    assert rename(text, CODES) == expected


def test_nothing_to_rename_leaves_every_byte() -> None:
    text = '\ufeff IF( a>=1 ,"ｱ\r\n" , b ) \x00\u200b'
    assert rename(text, {}) == text
