"""docs/query.md says what the code does, and every mistake has its sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lowcode import messages
from lowcode.fields.registry import TYPES
from lowcode.query import filters, functions, kintone, parser, resolve, tokens
from lowcode.query.ast import OPERATORS
from lowcode.query.build import MAX_PRODUCTS
from lowcode.query.problems import KINTONE, VALIDATION
from tests.query import random_queries, test_build, test_filters, test_functions, test_kintone

PAGE = (Path(__file__).parents[2] / "docs" / "query.md").read_text("utf-8")
CODE = re.compile(r"`([^`]+)`")


def section(title: str) -> str:
    """The text under a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every table in a text, without heads."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_every_operator_is_explained() -> None:
    explained = [
        CODE.findall(cells[0])[0] for cells in rows(section("Operators").split("| type |")[0]) if "`" in cells[0]
    ]
    assert explained == list(OPERATORS)


def documented_types() -> dict[str, set[str]]:
    found = {}
    for cells in rows("| type |" + section("Operators").split("| type |")[1]):
        for type_name in CODE.findall(cells[0]):
            found[type_name] = set(CODE.findall(cells[1]))
    return found


@pytest.mark.parametrize("type_name", TYPES)
def test_every_type_has_its_operators(type_name: str) -> None:
    kind = TYPES[type_name]
    assert documented_types()[type_name] == set(kind.operators)


def test_the_random_queries_use_every_operator_of_every_type() -> None:
    for code, kind in random_queries.FIELDS.items():
        type_name = (
            {"__ID__": "RECORD_NUMBER", "LOOKUP": "SINGLE_LINE_TEXT"}.get(kind)
            or re.sub("_(DATE|DATETIME|TEXT)$", "", kind)
            if kind.startswith(("CALC", "ROLLUP", "__", "LOOKUP"))
            else kind
        )
        wanted = documented_types()[type_name]
        if kind in ("ROLLUP", "ROLLUP_DATE"):
            wanted = wanted - {"like", "not like"}
        assert set(random_queries.OPERATORS[kind]) == wanted, code


def test_every_function_is_explained() -> None:
    explained = [CODE.findall(cells[0])[0].split("(")[0] for cells in rows(section("Functions")) if "`" in cells[0]]
    assert sorted(explained) == sorted(functions.FUNCTIONS)
    for unit in functions.UNITS:
        assert f"`{unit}`" in section("Functions") or unit == "DAYS"


def test_every_function_of_days_is_asked_with_every_argument() -> None:
    wanted: set[tuple[str, str | None]] = set()
    for function in functions.FUNCTIONS.values():
        if function.group == "moment" and function.name != "NOW":
            words = function.arguments[-1] if function.arguments else ()
            wanted |= {(function.name, word) for word in words}
            if not function.arguments or function.optional:
                wanted.add((function.name, None))
    assert set(random_queries.DAY_FUNCTIONS) == wanted


def test_the_words_of_addresses_are_listed() -> None:
    table = {
        CODE.findall(cells[1])[0]: CODE.findall(cells[0])[0]
        for cells in rows(section("As the address of a list"))
        if "`" in cells[0]
    }
    assert table == dict(filters.WORDS)


def test_kintone_s_codes_are_listed() -> None:
    listed = {ours: cells[0].strip("`") for cells in rows(section("Mistakes")) for ours in CODE.findall(cells[1])}
    assert listed == dict(KINTONE)
    assert f"`{VALIDATION}`" in section("Mistakes")


def test_the_limits_are_those_of_the_code() -> None:
    for number in (
        tokens.MAX_LENGTH,
        kintone.MAX_CONDITIONS,
        kintone.MAX_DEPTH,
        kintone.MAX_SORT_KEYS,
        kintone.LARGEST_LIMIT,
        kintone.LARGEST_OFFSET,
    ):
        assert re.search(rf"\b{number:,}\b", section("The text")), number
    assert f" {MAX_PRODUCTS}\n" in section("What differs from kintone")
    assert parser.MAX_CONDITIONS == resolve.MAX_CONDITIONS == filters.MAX_CONDITIONS
    assert parser.MAX_DEPTH == filters.MAX_DEPTH < resolve.MAX_DEPTH


def test_the_example_at_the_top_is_a_query() -> None:
    text = PAGE.split("```\n")[1].split("\n```")[0]
    query = kintone.parse(text)
    assert query.limit == 100
    assert kintone.parse(kintone.to_text(query)) == query


def provoked_codes() -> set[str]:
    """The codes that some test provokes by a case of its table."""
    found = {code for _, code, _ in test_kintone.MISTAKES}
    found |= {code for _, problems in test_build.PROBLEMS for code, _ in problems}
    found |= {code for _, code, _ in test_filters.BAD_JSON} | {code for _, code in test_functions.MISTAKES}
    named = Path(__file__).parent.glob("test_*.py")
    return (
        found
        | {code for path in named for code in re.findall(r'"query\.(?!md|toml)([a-z_]+)"', path.read_text("utf-8"))}
        | {
            "parameter",
            "sort_parameter",
            "operand_count",
            "not_sortable",
            "too_many_words",
        }
    )


def test_every_mistake_has_a_sentence_in_both_languages_and_a_test() -> None:
    japanese, english = (
        tomllib.loads((messages.FOLDER / locale / "query.toml").read_text("utf-8"))["query"] for locale in ("ja", "en")
    )
    assert set(japanese) == set(english)
    sentences = {f"query.{code}" for code in japanese}
    assert {code.removeprefix("query.") for code in sentences} == provoked_codes()
    assert set(KINTONE) <= sentences


@pytest.mark.parametrize("locale", messages.LOCALES)
def test_sentences_name_only_what_problems_carry(locale: str) -> None:
    for text, _, _ in test_kintone.MISTAKES:
        with pytest.raises(Exception) as caught:  # noqa: PT011  # test_kintone.py says which
            kintone.parse(text)
        for problem in getattr(caught.value, "problems", ()):
            sentence = messages.sentence(problem, locale)
            assert not re.search(r"\{[a-z]+\}", sentence), sentence
            assert sentence.endswith(("。", "."))
