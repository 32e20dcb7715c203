"""Laws that hold for every formula, tried on generated ones."""

from __future__ import annotations

import datetime as dt
import itertools
import typing as t
import zoneinfo
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from lowcode.errors import Invalid
from lowcode.formula import FUNCTIONS, Column, Kind, KindOrColumn, Precision, Value, order, parse, rename, tree
from lowcode.formula.parser import parse as parse_tree
from lowcode.formula.tokens import quote, unquote

TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
CODES = ("a", "b", "数量", "単価_税込", "１回目", "SUM", "IF", "合計・税込")

numbers = st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False).map(tree.Number)
texts = st.text(max_size=12).map(tree.Text)
references = st.sampled_from(CODES).map(tree.Reference)
LEVEL_OPERATORS = (("+", "-"), ("*", "/"), ("^",), ("&",))


def chains(operands: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    return st.one_of(
        *(
            st.builds(
                lambda first, rest: tree.Chain(first, tuple(rest)),
                operands,
                st.lists(st.tuples(st.sampled_from(operators), operands), min_size=1, max_size=3),
            )
            for operators in LEVEL_OPERATORS
        ),
        st.builds(
            lambda first, operator, second: tree.Chain(first, ((operator, second),)),
            operands,
            st.sampled_from(("=", "!=", "<>", "<", "<=", ">", ">=")),
            operands,
        ),
    )


def wider(nodes: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    return st.one_of(
        chains(nodes),
        st.builds(tree.Sign, st.sampled_from("+-"), nodes),
        st.builds(
            lambda name, arguments: tree.Call(name, tuple(arguments)),
            st.sampled_from(sorted(FUNCTIONS)),
            st.lists(nodes, max_size=4),
        ),
    )


leaves: st.SearchStrategy[tree.Node] = st.one_of(numbers, texts, references)
trees = st.recursive(leaves, wider, max_leaves=12)

scalars: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.text(max_size=5),
    st.booleans(),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.just(dt.UTC)),
)
values = st.one_of(scalars, st.lists(scalars, max_size=3).map(tuple), st.lists(st.text(max_size=3)).map(tuple))
kinds: st.SearchStrategy[KindOrColumn] = st.one_of(st.sampled_from(Kind), st.sampled_from(Kind).map(Column))


@settings(deadline=None, max_examples=200)
@given(trees)
def test_a_printed_tree_parses_to_the_same_tree(root: tree.Node) -> None:
    assert parse_tree(tree.to_text(root)) == root


@settings(deadline=None, max_examples=200)
@given(trees, st.permutations(CODES))
def test_renaming_changes_references_only_and_can_be_undone(root: tree.Node, new: list[str]) -> None:
    text = tree.to_text(root)
    codes = {old: f"新{name}" for old, name in zip(CODES, new, strict=True)}
    renamed = rename(text, codes)
    assert parse(renamed).reference_order == tuple(codes[code] for code in parse(text).reference_order)
    assert rename(renamed, {new: old for old, new in codes.items()}) == text


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30))
def test_a_quoted_text_means_itself(text: str) -> None:
    assert unquote(quote(text)) == text
    result = parse(quote(text)).evaluate({}, zone=TOKYO)
    assert result == (text or None)


@settings(deadline=None, max_examples=300)
@given(trees, st.dictionaries(st.sampled_from(CODES), values), st.dictionaries(st.sampled_from(CODES), kinds))
def test_any_formula_has_a_result_for_any_values(
    root: tree.Node, record: dict[str, Value], fields: dict[str, KindOrColumn]
) -> None:
    formula = parse(tree.to_text(root))
    result = formula.evaluate(record, zone=TOKYO)
    assert result is None or isinstance(result, Decimal | str | bool | dt.date | dt.time)
    if isinstance(result, Decimal):
        assert result.is_finite()
        assert result.adjusted() < 12
        assert t.cast(int, result.as_tuple().exponent) >= -4
    if formula.explain(record, zone=TOKYO) is not None:
        assert result is None
    try:
        formula.check(fields)
    except Invalid as refused:
        for problem in refused.problems:
            assert problem.code.startswith("formula.")
            assert 1 <= problem.params["position"] <= len(formula.text)


@settings(deadline=None, max_examples=300)
@given(trees, st.data())
def test_what_passes_the_check_never_meets_a_value_of_a_wrong_kind(root: tree.Node, data: st.DataObject) -> None:
    fitting: dict[Kind, st.SearchStrategy[Value]] = {
        Kind.NUMBER: st.none() | st.decimals(-1000, 1000, places=2),
        Kind.TEXT: st.none() | st.text(max_size=4),
        Kind.BOOLEAN: st.booleans(),
        Kind.DATE: st.none() | st.dates(),
        Kind.TIME: st.none() | st.times(),
        Kind.DATETIME: st.none() | st.datetimes(timezones=st.just(dt.UTC)),
        Kind.TEXTS: st.lists(st.text(max_size=3)).map(tuple),
    }
    fields = {code: data.draw(st.sampled_from(Kind)) for code in CODES}
    formula = parse(tree.to_text(root))
    try:
        formula.check(fields)
    except Invalid:
        return
    record = {code: data.draw(fitting[kind]) for code, kind in fields.items()}
    problem = formula.explain(record, zone=TOKYO)
    assert problem is None or problem.code not in ("formula.fault.conversion", "formula.fault.function")


ALPHABET = ["a", "数", "SUM(", "IF(", "1", ".", '"', "\\", "(", ")", ",", *"+-*/^&=<>!%＋（ \n'｡\x00\ud800😀"]


@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(ALPHABET), max_size=30).map("".join))
def test_any_text_is_a_formula_or_refused_with_a_place(text: str) -> None:
    rename(text, {"a": "b"})
    try:
        formula = parse(text)
    except Invalid as refused:
        (problem,) = refused.problems
        assert problem.code.startswith("formula.")
        assert 1 <= problem.params["position"] <= len(text) + 1
        return
    assert parse(str(formula)).root == formula.root


def oracle(node: tree.Node, record: dict[str, Decimal], places: int) -> Fraction:
    """The value by school arithmetic with fractions, each quotient rounded half to even."""
    match node:
        case tree.Number():
            return Fraction(node.value)
        case tree.Reference():
            return Fraction(record.get(node.code, Decimal(0)))
        case tree.Sign():
            inner = oracle(node.operand, record, places)
            return -inner if node.operator == "-" else inner
        case tree.Chain():
            result = oracle(node.first, record, places)
            for operator, operand in node.rest:
                other = oracle(operand, record, places)
                if operator == "/":
                    result = Fraction(round(result / other * 10**places), 10**places)
                else:
                    result = {"+": result + other, "-": result - other, "*": result * other}[operator]
            return result
        case _:
            raise AssertionError(node)


small = st.decimals(min_value=0, max_value=99, places=3).map(tree.Number)
arithmetic = st.recursive(
    st.one_of(small, references),
    lambda nodes: st.one_of(
        *(
            st.builds(
                lambda first, rest: tree.Chain(first, tuple(rest)),
                nodes,
                st.lists(st.tuples(st.sampled_from(operators), nodes), min_size=1, max_size=3),
            )
            for operators in (("+", "-"), ("*", "/"))
        ),
        st.builds(tree.Sign, st.sampled_from("+-"), nodes),
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=300)
@given(
    arithmetic,
    st.dictionaries(st.sampled_from(CODES), st.decimals(-99, 99, places=3)),
    st.integers(min_value=0, max_value=10),
)
def test_arithmetic_agrees_with_fractions(root: tree.Node, record: dict[str, Decimal], places: int) -> None:
    precision = Precision(digits=80, decimal_places=places)
    # "0+": an empty field alone stays empty.
    formula = parse(f"0+({tree.to_text(root)})")
    result = formula.evaluate(t.cast(dict[str, Value], record), zone=TOKYO, precision=precision)
    try:
        expected = round(oracle(root, record, places) * 10**places)
    except ZeroDivisionError:
        assert result is None
        return
    assert isinstance(result, Decimal)
    assert Fraction(result) == Fraction(expected, 10**places)


@settings(deadline=None, max_examples=200)
@given(st.dates(), st.dates())
def test_full_years_agree_with_counting_birthdays(start: dt.date, end: dt.date) -> None:
    first, last = sorted((start, end))
    birthdays = sum((year, first.month, first.day) <= (last.year, last.month, last.day)
                    for year in range(first.year + 1, last.year + 1))  # fmt: skip
    assert parse("YEARS(a,b)").evaluate({"a": first, "b": last}, zone=TOKYO) == birthdays
    assert parse("DAYS(a,b)").evaluate({"a": first, "b": last}, zone=TOKYO) == (last - first).days
    assert parse("ADD_DAYS(a,DAYS(a,b))").evaluate({"a": first, "b": last}, zone=TOKYO) == last


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefghxy"), max_size=3)))
def test_an_order_puts_each_after_its_needs_or_shows_a_circle(dependencies: dict[str, list[str]]) -> None:
    try:
        names = order(dependencies)
    except Invalid as refused:
        cycle = refused.problems[0].params["cycle"]
        assert cycle[0] == cycle[-1]
        assert all(needed in dependencies[name] for name, needed in itertools.pairwise(cycle))
        return
    assert sorted(names) == sorted(dependencies)
    place = {name: index for index, name in enumerate(names)}
    assert all(place[needed] < place[name] for name in names for needed in dependencies[name] if needed in place)
