"""What can be parsed, what is refused and where, and the printed form."""

from __future__ import annotations

import pytest

from lowcode.errors import Invalid
from lowcode.formula import is_code, parse

REFUSED = [
    ("", "formula.empty", 1, ""),
    (" 　\n", "formula.empty", 1, ""),
    ("1+", "formula.unexpected_end", 3, ""),
    ("-", "formula.unexpected_end", 2, ""),
    ("(1", "formula.unclosed_bracket", 1, "("),
    ("SUM(1,(2", "formula.unclosed_bracket", 7, "("),
    ("SUM(1", "formula.unclosed_bracket", 4, "("),
    ("1)", "formula.syntax", 2, ")"),
    ("()", "formula.syntax", 2, ")"),
    ("SUM(,1)", "formula.syntax", 5, ","),
    ("SUM(1,)", "formula.syntax", 7, ")"),
    ("1,2", "formula.syntax", 2, ","),
    ("a b", "formula.syntax", 3, "b"),
    ("1 2", "formula.syntax", 3, "2"),
    ('a "x"', "formula.syntax", 3, '"x"'),
    ("5以上", "formula.syntax", 2, "以上"),
    ("1e5", "formula.syntax", 2, "e5"),
    ("1.", "formula.syntax", 2, "."),
    ("1.2.3", "formula.syntax", 4, ".3"),
    ("*1", "formula.syntax", 1, "*"),
    ("=1+1", "formula.syntax", 1, "="),
    ("1+*2", "formula.syntax", 3, "*"),
    ("a.b", "formula.syntax", 2, "."),
    ("a@b", "formula.syntax", 2, "@"),
    ("a:b", "formula.syntax", 2, ":"),
    ("a\\b", "formula.syntax", 2, "\\"),
    ("`a`", "formula.syntax", 1, "`"),
    ("a\x00b", "formula.syntax", 2, "\x00"),
    ("😀", "formula.syntax", 1, "😀"),
    ('"abc', "formula.unclosed_text", 1, '"'),
    ('"abc""', "formula.unclosed_text", 1, '"'),
    (r'"abc\"', "formula.unclosed_text", 1, '"'),
    ("1＋2", "formula.full_width", 2, "＋"),
    ("1－2", "formula.full_width", 2, "－"),
    ("1＊2", "formula.full_width", 2, "＊"),
    ("1／2", "formula.full_width", 2, "／"),
    ("SUM（1）", "formula.full_width", 4, "（"),
    ("a＝1", "formula.full_width", 2, "＝"),
    ("a＞1", "formula.full_width", 2, "＞"),
    ("a＆b", "formula.full_width", 2, "＆"),
    ("SUM(1，2)", "formula.full_width", 6, "，"),
    ("a １", "formula.full_width", 3, "１"),
    ("＂a＂", "formula.full_width", 1, "＂"),
    ("a×b", "formula.operator", 2, "×"),
    ("a÷b", "formula.operator", 2, "÷"),
    ("a≧b", "formula.operator", 2, "≧"),
    ("a≠b", "formula.operator", 2, "≠"),
    ("a−b", "formula.operator", 2, "−"),
    ("”a”", "formula.operator", 1, "”"),
    ("'a'", "formula.operator", 1, "'"),
    ("a==b", "formula.operator", 2, "=="),
    ("a=>b", "formula.operator", 2, "=>"),
    ("a=<b", "formula.operator", 2, "=<"),
    ("a><b", "formula.operator", 2, "><"),
    ("a&&b", "formula.operator", 2, "&&"),
    ("a||b", "formula.operator", 2, "||"),
    ("2**3", "formula.operator", 2, "**"),
    ("!a", "formula.operator", 1, "!"),
    ("a%", "formula.operator", 2, "%"),
    ("SUM(1;2)", "formula.operator", 6, ";"),
    ("[a]", "formula.operator", 1, "["),
    ("a<b<c", "formula.chained_comparison", 4, "<"),
    ("1=2=3", "formula.chained_comparison", 4, "="),
]


@pytest.mark.parametrize("text, code, position, found", REFUSED)
def test_a_refusal_says_what_is_wrong_and_where(text: str, code: str, position: int, found: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text)
    (problem,) = refused.value.problems
    assert (problem.code, problem.params["position"], problem.params["found"]) == (code, position, found)


@pytest.mark.parametrize(
    "text, use", [("1＋2", "+"), ("SUM（1", "("), ("a==1", "="), ("a≦1", "<="), ("a&&b", "AND( , )"), ("“a", '"')]
)
def test_a_refused_operator_comes_with_the_right_one(text: str, use: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert refused.value.problems[0].params["use"] == use


PRINTED = [
    (" 1 + 2 * 3 ", "1+2*3"),
    ("(1+2)*3", "(1+2)*3"),
    ("((1))+(2)", "1+2"),
    ("1-(2-3)", "1-(2-3)"),
    ("(1-2)-3", "(1-2)-3"),
    ("-(1+2)", "-(1+2)"),
    ("(-1)^2", "-1^2"),
    ("-(1^2)", "-(1^2)"),
    ("2^(3^4)", "2^(3^4)"),
    ("(a=b)=c", "(a=b)=c"),
    ('if( a > 1 , "x" , "" )', 'IF(a>1,"x","")'),
    ('"a""b"', r'"a\"b"'),
    (r'"a\\b\c"', r'"a\\b\\c"'),
    ("合計・税込 - ￥額", "合計・税込-￥額"),
    ("0.10", "0.10"),
    ("SUM( )", "SUM()"),
]


@pytest.mark.parametrize("text, printed", PRINTED)
def test_the_printed_form_has_no_needless_brackets(text: str, printed: str) -> None:
    formula = parse(text)
    assert str(formula) == printed
    assert parse(printed).root == formula.root


def test_references_come_in_the_order_of_the_text_and_once() -> None:
    formula = parse('IF(b > a, SUM(数量, b), "c" & SUM)')
    assert formula.reference_order == ("b", "a", "数量", "SUM")
    assert formula.references == {"a", "b", "数量", "SUM"}


def test_the_same_text_gives_the_same_object() -> None:
    assert parse("a + 1") is parse("a + 1")


@pytest.mark.parametrize(
    "text, valid",
    [
        ("a", True),
        ("数量", True),
        ("単価_税込", True),
        ("１回目", True),
        ("合計・税込", True),
        ("ﾌﾘｶﾞﾅ", True),
        ("か゛", True),
        ("￥", True),
        ("_", True),
        ("ー", True),
        ("1a", False),
        ("", False),
        ("a b", False),
        ("a-b", False),
        ("a.b", False),
        ("a（b）", False),
        ("a\n", False),
    ],
)
def test_field_codes(text: str, valid: bool) -> None:
    assert is_code(text) is valid
