"""JSON with lines: the same values as the standard reader, the same refusals, and the right line for every path."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowcode.designer import json_text
from lowcode.errors import Invalid

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_it_reads_what_the_standard_reader_reads(value: t.Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    located = json_text.read(text)
    assert located.value == json.loads(text)
    lines = text.split("\n")
    for path, line in located.lines.items():
        if path and isinstance(path[-1], str):
            assert json.dumps(path[-1], ensure_ascii=False) in lines[line - 1]


@given(st.text(alphabet='{}[]":,truefalsn0123456789.eE+- \n\\ux', max_size=30))
def test_it_refuses_what_the_standard_reader_refuses(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(Invalid):
            json_text.read(text)
        return
    refused: set[str] = set()
    try:
        value = json_text.read(text).value
    except Invalid as error:
        refused, value = {problem.code for problem in error.problems}, expected
    # Keys named twice and numbers beyond every float are refused here, and only they.
    assert value == expected
    assert refused <= {"designer.json.twice", "designer.json.syntax"}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("a",), 2),
        (("a", "b"), 3),
        (("a", "b", 1), 5),
        (("a", "missing"), 2),
        (("a", "b", 7, "x"), 3),
        (("elsewhere",), 1),
        (("c",), 8),
    ],
)
def test_a_path_finds_its_line_or_the_nearest_around_it(path: tuple[str | int, ...], line: int) -> None:
    text = '{\n  "a": {\n    "b": [\n      1,\n      {"x": 2}\n    ]\n  },\n  "c": null\n}'
    assert json_text.read(text).line(path) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("{", 1),
        ('{"a" 1}', 1),
        ('{"a": 1,}', 1),
        ("[1,\n2,\n]", 3),
        ('"\n"', 1),
        ("nul", 1),
        ("1 2", 1),
        ("[1e999]", 1),
        ("[NaN]", 1),
        ("[" * 5000, 1),
        ('{"a":\n{"b":\n tru}}', 3),
        ("9" * 5000, 1),
        ('{"a":\n"\\ud800"}', 2),
        ('{"\\udfff": 1}', 1),
    ],
)
def test_a_mistake_has_a_line(text: str, line: int) -> None:
    with pytest.raises(Invalid) as caught:
        json_text.read(text)
    assert caught.value.problems[0].params["line"] == line


def test_a_long_text_is_read_quickly_enough_to_wait_for() -> None:
    value = {f"field_{n}": {"type": "NUMBER", "label": "x" * 20, "options": list(range(50))} for n in range(500)}
    text = json_text.write(value)
    assert json_text.read(text).value == value
