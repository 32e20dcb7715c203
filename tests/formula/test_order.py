"""The order of calculation, and circles."""

from __future__ import annotations

import pytest

from lowcode.errors import Invalid
from lowcode.formula import order


@pytest.mark.parametrize(
    "dependencies, expected",
    [
        ({}, []),
        ({"a": ()}, ["a"]),
        ({"b": (), "a": ()}, ["b", "a"]),
        ({"a": ("b",), "b": ()}, ["b", "a"]),
        ({"a": ("b", "typed in"), "b": ("c",), "c": ("typed in",)}, ["c", "b", "a"]),
        ({"a": ("c", "b"), "b": (), "c": ()}, ["c", "b", "a"]),
        ({"d": ("b", "c"), "b": ("a",), "c": ("a",), "a": ()}, ["a", "b", "c", "d"]),
        ({"x": (), "b": ("x",), "a": ("x",)}, ["x", "b", "a"]),
    ],
)
def test_each_comes_after_what_it_needs(dependencies: dict[str, tuple[str, ...]], expected: list[str]) -> None:
    assert order(dependencies) == expected


@pytest.mark.parametrize(
    "dependencies, cycle",
    [
        ({"a": ("a",)}, ["a", "a"]),
        ({"a": ("b",), "b": ("a",)}, ["a", "b", "a"]),
        ({"x": ("a",), "a": ("b",), "b": ("c",), "c": ("a",)}, ["a", "b", "c", "a"]),
        ({"a": (), "b": ("a", "c"), "c": ("b",)}, ["b", "c", "b"]),
    ],
)
def test_a_circle_is_shown_all_the_way_round(dependencies: dict[str, tuple[str, ...]], cycle: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        order(dependencies)
    (problem,) = refused.value.problems
    assert (problem.code, problem.params["cycle"]) == ("formula.cycle", cycle)


def test_long_chains_need_no_recursion() -> None:
    size = 50_000
    assert order({f"f{i}": (f"f{i + 1}",) for i in range(size)})[0] == f"f{size - 1}"
