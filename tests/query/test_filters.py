"""Filter JSON and the address of a list: there, back, and what is refused."""

from __future__ import annotations

import random
import typing as t
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import pytest

from lowcode.errors import Invalid, Path
from lowcode.query import filters
from lowcode.query.ast import And, Compare, FunctionCall, Literal, Node, Operand, Or, Search, SortKey
from lowcode.query.filters import ListQuery
from tests.query.test_kintone import a_tree

A, B = Compare("a", "=", (Literal("x"),)), Compare("b", "is empty")

JSON: list[tuple[t.Any, Node | None]] = [
    (None, None),
    ({}, None),
    ([], None),
    ({"and": []}, None),
    ({"field": "a", "operator": "=", "value": "x"}, A),
    ({"field": "b", "operator": "is empty"}, B),
    ({"field": "b", "operator": "is empty", "value": None}, B),
    ({"field": "a", "operator": "=", "value": None}, Compare("a", "=", (Literal(""),))),
    ({"field": "a", "operator": ">", "value": 5}, Compare("a", ">", (Literal("5", False),))),
    ({"field": "a", "operator": ">", "value": -1.5}, Compare("a", ">", (Literal("-1.5", False),))),
    ({"field": "a", "operator": "in", "value": ["x", 1]}, Compare("a", "in", (Literal("x"), Literal("1", False)))),
    ({"field": "a", "operator": "in", "value": "x"}, Compare("a", "in", (Literal("x"),))),
    ({"field": "氏名", "operator": "like", "value": '"x'}, Compare("氏名", "like", (Literal('"x'),))),
    ({"field": "t.a", "operator": "in", "value": [""]}, Compare("t.a", "in", (Literal(""),))),
    ({"field": "d", "operator": "=", "value": {"function": "today"}}, Compare("d", "=", (FunctionCall("TODAY"),))),
    (
        {"field": "d", "operator": "<", "value": {"function": "FROM_TODAY", "arguments": [-5, "DAYS"]}},
        Compare("d", "<", (FunctionCall("FROM_TODAY", (Literal("-5", False), Literal("DAYS", False))),)),
    ),
    ({"search": "x"}, Search("x")),
    ({"and": [A_JSON := {"field": "a", "operator": "=", "value": "x"}]}, A),
    ([A_JSON, {"field": "b", "operator": "is empty"}], And((A, B))),
    ({"or": [A_JSON, {"and": [A_JSON, {"field": "b", "operator": "is empty"}]}]}, Or((A, And((A, B))))),
]


@pytest.mark.parametrize("data, expected", JSON)
def test_filter_json_is_read(data: t.Any, expected: Node | None) -> None:
    assert filters.from_json(data) == expected
    assert filters.from_json(filters.to_json(expected)) == expected


BAD_JSON: list[tuple[t.Any, str, Path]] = [
    ("a = 1", "json_shape", ()),
    ({"and": "x"}, "json_shape", ()),
    ({"and": [], "or": []}, "json_shape", ()),
    ({"and": [1]}, "json_shape", ("and", 0)),
    ({"field": "a"}, "json_operator", ("operator",)),
    ({"field": "a", "operator": "==", "value": 1}, "json_operator", ("operator",)),
    ({"field": "a", "operator": ["="], "value": 1}, "json_operator", ("operator",)),
    ({"operator": "=", "value": 1}, "json_field", ("field",)),
    ({"field": "a = 1 or b", "operator": "=", "value": 1}, "json_field", ("field",)),
    ({"field": 'a"', "operator": "=", "value": 1}, "json_field", ("field",)),
    ({"field": "", "operator": "=", "value": 1}, "json_field", ("field",)),
    ({"field": "a", "operator": "=", "value": 1, "x": 1}, "json_key", ("x",)),
    ({"field": "a", "operator": "=", "value": ["x"]}, "json_value", ("value",)),
    ({"field": "a", "operator": "=", "value": True}, "json_value", ("value",)),
    ({"field": "a", "operator": "=", "value": float("nan")}, "json_value", ("value",)),
    ({"field": "a", "operator": "=", "value": 10**50}, "json_value", ("value",)),
    ({"field": "a", "operator": "=", "value": "x" * 60_001}, "json_value", ("value",)),
    ({"field": "a", "operator": "in", "value": []}, "operand_count", ("value",)),
    ({"field": "a", "operator": "in", "value": ["x"] * 5_001}, "operand_count", ("value",)),
    ({"field": "a", "operator": "is empty", "value": "x"}, "operand_count", ("value",)),
    ({"field": "a", "operator": "=", "value": {"function": "NOPE"}}, "unknown_function", ("value", "function")),
    ({"field": "a", "operator": "=", "value": {"call": "TODAY"}}, "json_function", ("value",)),
    ({"field": "a", "operator": "=", "value": {"function": "TODAY", "arguments": 1}}, "json_function", ("value",)),
    ({"or": [{"field": "a", "operator": "in", "value": ["x", [1]]}]}, "json_value", ("or", 0, "value", 1)),
]


@pytest.mark.parametrize("data, code, path", BAD_JSON)
def test_a_mistake_in_filter_json_is_named_with_its_path(data: t.Any, code: str, path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        filters.from_json(data)
    assert [(p.code, p.path) for p in caught.value.problems] == [(f"query.{code}", path)]


def test_deep_and_long_filter_json_is_refused() -> None:
    deep: t.Any = A_JSON
    for _ in range(60):
        deep = {"and": [deep, A_JSON]}
    for data, code in [(deep, "query.too_deep"), ({"or": [A_JSON] * 1_002}, "query.too_many_conditions")]:
        with pytest.raises(Invalid) as caught:
            filters.from_json(data)
        assert [p.code for p in caught.value.problems] == [code]


ADDRESSES: list[tuple[str, ListQuery]] = [
    ("", ListQuery()),
    ("page=2&view=x&f.a.eq=&q=&sort=", ListQuery()),
    ("f.a.eq=x", ListQuery(A)),
    ("f.b.empty=1", ListQuery(B)),
    ("f.a.eq=x&f.b.empty=1", ListQuery(And((A, B)))),
    ("f.a.in=x&f.b.empty=1&f.a.in=y", ListQuery(And((Compare("a", "in", (Literal("x"), Literal("y"))), B)))),
    ("f.a.notin=%22%22", ListQuery(Compare("a", "not in", (Literal(""),)))),
    ("f.a.gt=5&f.a.lt=7", ListQuery(And((Compare("a", ">", (Literal("5"),)), Compare("a", "<", (Literal("7"),)))))),
    (
        "f.d.ge=FROM_TODAY(-5,+DAYS)",
        ListQuery(Compare("d", ">=", (FunctionCall("FROM_TODAY", (Literal("-5", False), Literal("DAYS", True))),))),
    ),
    ("f.a.like=TODAY()", ListQuery(Compare("a", "like", (FunctionCall("TODAY"),)))),
    ('f.a.like="TODAY()"', ListQuery(Compare("a", "like", (Literal("TODAY()"),)))),
    ("f.a.like=NOPE()", ListQuery(Compare("a", "like", (Literal("NOPE()"),)))),
    ('f.a.like="x', ListQuery(Compare("a", "like", (Literal('"x'),)))),
    ("f.t.a.in=x", ListQuery(Compare("t.a", "in", (Literal("x"),)))),
    ("f.氏名.notlike=山", ListQuery(Compare("氏名", "not like", (Literal("山"),)))),
    ("sort=a", ListQuery(order=(SortKey("a"),))),
    ("sort=-a,+b", ListQuery(order=(SortKey("a", True), SortKey("b")))),
    ("q=山+花", ListQuery(search="山 花")),
    ('filter=a="x"+or+b+is+empty', ListQuery(Or((A, B)))),
]


@pytest.mark.parametrize("address, expected", ADDRESSES)
def test_the_address_of_a_list_is_read(address: str, expected: ListQuery) -> None:
    read = filters.from_parameters(parse_qsl(address, keep_blank_values=True))
    assert read.order == expected.order
    assert read.search == expected.search
    assert _unquoted(read.condition) == _unquoted(expected.condition)


def _unquoted(node: Node | None) -> Node | None:
    """A condition without the difference between ``5`` and ``"5"``."""
    match node:
        case And(children):
            return And(tuple(t.cast(Node, _unquoted(child)) for child in children))
        case Or(children):
            return Or(tuple(t.cast(Node, _unquoted(child)) for child in children))
        case Compare():
            return replace(node, operands=tuple(_quoted(operand) for operand in node.operands))
    return node


def _quoted(operand: Operand) -> Operand:
    if isinstance(operand, Literal):
        return Literal(operand.value)
    return FunctionCall(operand.name, tuple(Literal(argument.value) for argument in operand.arguments))


@pytest.mark.parametrize(
    "address, code, name",
    [
        ("f.a=x", "parameter", "f.a"),
        ("f.a.is=x", "parameter", "f.a.is"),
        ("f..eq=x", "parameter", "f..eq"),
        ("f.a+or+b.eq=x", "parameter", "f.a or b.eq"),
        ("sort=a b", "sort_parameter", "sort"),
        ("sort=--a,", "sort_parameter", "sort"),
        ("filter=a", "ends_early", "filter"),
        ("filter=a=1+limit+5", "only_condition", "filter"),
    ],
)
def test_a_mistake_in_the_address_is_named(address: str, code: str, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        filters.from_parameters(parse_qsl(address))
    assert [(p.code, p.path) for p in caught.value.problems] == [(f"query.{code}", (name,))]


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(Invalid) as caught:
        filters.from_parameters([("f.a.eq", "x")] * 301)
    assert [p.code for p in caught.value.problems] == ["query.too_many_conditions"]


def test_random_conditions_survive_the_address() -> None:
    chance = random.Random(3)
    for _ in range(1_000):
        query = ListQuery(a_tree(chance), (SortKey("a", chance.random() < 0.5),), chance.choice(["", "x y", "TODAY()"]))
        address = urlencode(filters.to_parameters(query))
        read = filters.from_parameters(parse_qsl(address, keep_blank_values=True))
        # Conditions joined by "and" stand side by side: whether they stood in one pair of brackets is lost.
        assert _flat(read.condition) == _flat(query.condition)
        assert (read.order, read.search) == (query.order, query.search)


def _flat(node: Node | None) -> list[Node]:
    if isinstance(node, And):
        return [each for child in node.children for each in _flat(child)]
    return [] if node is None else [t.cast(Node, _unquoted(node))]


def test_chips_show_each_condition_and_what_is_left_without_it() -> None:
    query = filters.from_parameters(parse_qsl("f.a.in=x&f.a.in=y&f.d.lt=TODAY()&filter=b=1+or+c=2&sort=-a&q=山"))
    chips = filters.chips(query)
    assert [(chip.field, chip.operator, chip.values) for chip in chips] == [
        ("a", "in", ("x", "y")),
        ("d", "<", ("TODAY()",)),
        ("", "filter", ("b = 1 or c = 2",)),
        ("", "search", ("山",)),
    ]
    assert chips[0].remaining == (("f.d.lt", "TODAY()"), ("filter", "b = 1 or c = 2"), ("sort", "-a"), ("q", "山"))
    assert chips[3].remaining == (
        ("f.a.in", "x"),
        ("f.a.in", "y"),
        ("f.d.lt", "TODAY()"),
        ("filter", "b = 1 or c = 2"),
        ("sort", "-a"),
    )
    for chip in chips:
        assert len(filters.chips(filters.from_parameters(chip.remaining))) == 3


def test_a_list_query_is_changed_without_changing_it() -> None:
    query = ListQuery(A)
    assert query.with_condition(B) == ListQuery(And((A, B)))
    assert query.with_condition(B).without(A) == ListQuery(B)
    assert query.without(A) == ListQuery()
    assert query.sorted_by(SortKey("a")).order == (SortKey("a"),)
    assert ListQuery(A, search="x").node == And((A, Search("x")))
    assert ListQuery(search=" ").node is None
    assert filters.to_query(ListQuery(A), limit=5).limit == 5
    assert filters.of_values("a", ["x"]) == Compare("a", "in", (Literal("x"),))
