"""What formulas yield for fields of given kinds, and every problem at once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lowcode.errors import Invalid
from lowcode.formula import FUNCTIONS, Column, Kind, KindOrColumn, parse

FIELDS: Mapping[str, KindOrColumn] = {
    "n": Kind.NUMBER,
    "m": Kind.NUMBER,
    "t": Kind.TEXT,
    "d": Kind.DATE,
    "e": Kind.DATE,
    "clock": Kind.TIME,
    "at": Kind.DATETIME,
    "b": Kind.BOOLEAN,
    "risks": Kind.TEXTS,
    "prices": Column(Kind.NUMBER),
    "names": Column(Kind.TEXT),
    "dates": Column(Kind.DATE),
    "marks": Column(Kind.TEXTS),
}

FINE = [
    ("1", Kind.NUMBER),
    ('"x"', Kind.TEXT),
    ('""', Kind.TEXT),
    ("n+m*2", Kind.NUMBER),
    ("n^2/m", Kind.NUMBER),
    ("-n", Kind.NUMBER),
    ("n&t", Kind.TEXT),
    ("n=m", Kind.BOOLEAN),
    ('n=""', Kind.BOOLEAN),
    ('d=""', Kind.BOOLEAN),
    ("n=t", Kind.BOOLEAN),
    ("d<e", Kind.BOOLEAN),
    ("d<at", Kind.BOOLEAN),
    ("d", Kind.DATE),
    ("at", Kind.DATETIME),
    ("clock", Kind.TIME),
    ("b", Kind.BOOLEAN),
    ("t", Kind.TEXT),
    ("d+86400", Kind.NUMBER),
    ("d-e", Kind.NUMBER),
    ("b+1", Kind.NUMBER),
    ('""+1', Kind.NUMBER),
    ("SUM(prices)*n", Kind.NUMBER),
    ("SUM(n,prices,clock)", Kind.NUMBER),
    ("IF(n>1,n,m)", Kind.NUMBER),
    ('IF(n>1,n,"")', Kind.NUMBER),
    ('IF(n>1,n,"")+1', Kind.NUMBER),
    ('IF(n>1,n,"none")', Kind.TEXT),
    ("IF(n>1,d,e)", Kind.DATE),
    ("IF(n>1,d,at)", Kind.DATETIME),
    ("IF(n>1,d,n)", Kind.NUMBER),
    ("IF(b,n>1,n)", Kind.NUMBER),
    ("IF(b,n>1,m>1)", Kind.BOOLEAN),
    ("IF(n,t,t)", Kind.TEXT),
    ('IFS(n>1,"a",n>2,"b","c")', Kind.TEXT),
    ('IFS(n>1,1,n>2,2,"")', Kind.NUMBER),
    ("AND(b,n>1,n)", Kind.BOOLEAN),
    ("NOT(b)", Kind.BOOLEAN),
    ("ROUND(n/m,1)", Kind.NUMBER),
    ("ROUND(n/m)", Kind.NUMBER),
    ("YEN(n,0)", Kind.TEXT),
    ('DATE_FORMAT(d,"YYYY","Etc/GMT")', Kind.TEXT),
    ('DATE_FORMAT(n+1,"YYYY","system")', Kind.TEXT),
    ('CONTAINS(risks,"COPD")', Kind.BOOLEAN),
    ('CONTAINS(names,"x")', Kind.BOOLEAN),
    ('CONTAINS(marks,"x")', Kind.BOOLEAN),
    ("COUNT_CHOICES(risks)", Kind.NUMBER),
    ("COUNT(names,n)", Kind.NUMBER),
    ("MIN(n,m)", Kind.NUMBER),
    ("MAX(dates)", Kind.DATE),
    ("MAX(dates,at)", Kind.DATETIME),
    ("IS_EMPTY(risks)", Kind.BOOLEAN),
    ("IS_EMPTY(names)", Kind.BOOLEAN),
    ("LEN(t)", Kind.NUMBER),
    ("TEXT(risks)&t", Kind.TEXT),
    ("TEXT(n)", Kind.TEXT),
    ("YEARS(d,at)", Kind.NUMBER),
    ("MONTHS(d,e)", Kind.NUMBER),
    ("DAYS(d,e+86400)", Kind.NUMBER),
    ("ADD_DAYS(d,n)", Kind.DATE),
    ("SUM(" + ",".join(["n"] * 32) + ")", Kind.NUMBER),
]


@pytest.mark.parametrize("text, kind", FINE)
def test_the_kind_of_the_result(text: str, kind: Kind) -> None:
    assert parse(text).check(FIELDS) is kind


WRONG = [
    ("x", [("formula.unknown_field", 1)]),
    ("x+y*n", [("formula.unknown_field", 1), ("formula.unknown_field", 3)]),
    ("１２+1", [("formula.full_width", 1)]),
    ("NO_SUCH(x)", [("formula.unknown_function", 1), ("formula.unknown_field", 9)]),
    ("eval(n)", [("formula.unknown_function", 1)]),
    ("SUM()", [("formula.arguments_between", 1)]),
    ("SUM(" + ",".join(["n"] * 33) + ")", [("formula.arguments_between", 1)]),
    ("IF(n>1,1)", [("formula.arguments", 1)]),
    ("IF(n>1,1,2,3)", [("formula.arguments", 1)]),
    ("NOT(b,b)", [("formula.arguments", 1)]),
    ("YEN(n)", [("formula.arguments", 1)]),
    ("ROUND(n,1,2)", [("formula.arguments_between", 1)]),
    ("DATE_FORMAT(d)", [("formula.arguments_between", 1)]),
    ("IFS(b,1,b,2)", [("formula.needs_default", 1)]),
    ("IFS(b,1)", [("formula.arguments_between", 1)]),
    ("t+1", [("formula.needs_number", 1)]),
    ("1+t", [("formula.needs_number", 3)]),
    ('1-"x"', [("formula.needs_number", 3)]),
    ("-t", [("formula.needs_number", 2)]),
    ("t<t", [("formula.needs_number", 1), ("formula.needs_number", 3)]),
    ("t*t", [("formula.needs_number", 1), ("formula.needs_number", 3)]),
    ("SUM(t)", [("formula.needs_number", 5)]),
    ("SUM(names)", [("formula.needs_number", 5)]),
    ("ROUND(t,1)", [("formula.needs_number", 7)]),
    ('IF(b,n,"x")+1', [("formula.needs_number", 1)]),
    ("IF(t,1,2)", [("formula.needs_condition", 4)]),
    ("IF(d,1,2)", [("formula.needs_condition", 4)]),
    ("AND(b,t)", [("formula.needs_condition", 7)]),
    ('IFS(b,1,t,2,"")', [("formula.needs_condition", 9)]),
    ('DATE_FORMAT(t,"YYYY","system")', [("formula.needs_date", 13)]),
    ('DATE_FORMAT(d,n,"system")', [("formula.needs_text", 15)]),
    ('DATE_FORMAT(d,"YYYY-Q","system")', [("formula.date_format", 15)]),
    ('DATE_FORMAT(d,"it\'s","system")', [("formula.date_format", 15)]),
    ('DATE_FORMAT(d,"YYYY","JST")', [("formula.zone", 22)]),
    ('DATE_FORMAT(d,"YYYY","../../etc/passwd")', [("formula.zone", 22)]),
    ('DATE_FORMAT(d,"YYYY","Asia")', [("formula.zone", 22)]),
    ("YEARS(clock,d)", [("formula.needs_date", 7)]),
    ("YEARS(t,d)", [("formula.needs_date", 7)]),
    ("ADD_DAYS(d,t)", [("formula.needs_number", 12)]),
    ('CONTAINS(t,"x")', [("formula.needs_choices", 10)]),
    ("CONTAINS(risks,n)", [("formula.needs_text", 16)]),
    ("COUNT_CHOICES(n)", [("formula.needs_choices", 15)]),
    ("risks", [("formula.choices", 1)]),
    ('risks="COPD"', [("formula.choices", 1)]),
    ("risks&t", [("formula.choices", 1)]),
    ("COUNT(risks)", [("formula.choices", 7)]),
    ("LEN(risks)", [("formula.choices", 5)]),
    ("IF(b,risks,t)", [("formula.choices", 6)]),
    ("prices", [("formula.column", 1)]),
    ("prices*2", [("formula.column", 1)]),
    ("SUM(prices*2)", [("formula.column", 5)]),
    ("SUM(IF(b,prices,0))", [("formula.column", 10)]),
    ('names="x"', [("formula.column", 1)]),
    ("names&t", [("formula.column", 1)]),
    ("YEARS(dates,d)", [("formula.column", 7)]),
    ("x+prices+t", [("formula.unknown_field", 1), ("formula.column", 3), ("formula.needs_number", 10)]),
]


@pytest.mark.parametrize("text, problems", WRONG)
def test_every_problem_is_named_with_its_place(text: str, problems: list[tuple[str, int]]) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text).check(FIELDS)
    assert [(problem.code, problem.params["position"]) for problem in refused.value.problems] == problems


def test_inside_a_row_its_fields_are_single_values() -> None:
    inside = {**FIELDS, "prices": Kind.NUMBER, "count": Kind.NUMBER}
    assert parse("prices*count*n").check(inside) is Kind.NUMBER


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_takes_an_unknown_field_or_too_many_arguments(name: str) -> None:
    function = FUNCTIONS[name]
    arguments = ",".join(["unknown"] * function.minimum)
    with pytest.raises(Invalid) as refused:
        parse(f"{name}({arguments})").check(FIELDS)
    assert {problem.code for problem in refused.value.problems} == {"formula.unknown_field"}
    with pytest.raises(Invalid):
        parse(f"{name}({','.join(['n'] * 33)})").check(FIELDS)
