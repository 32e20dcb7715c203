"""docs/formulas.md and the sentences say what the code does."""

from __future__ import annotations

import ast
import datetime as dt
import re
import zoneinfo
from pathlib import Path

import pytest

from lowcode import messages
from lowcode.errors import Invalid
from lowcode.formula import (
    DEFAULT_PRECISION,
    FUNCTIONS,
    Column,
    Format,
    Function,
    Kind,
    KindOrColumn,
    Options,
    Value,
    functions,
    parse,
    parser,
    text,
    tokens,
    values,
)
from lowcode.formula.patterns import LETTERS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lowcode" / "formula"
PAGE = (ROOT / "docs" / "formulas.md").read_text("utf-8")
OPTIONS = Options(zoneinfo.ZoneInfo("Asia/Tokyo"), DEFAULT_PRECISION)

# The record that the page's examples are about; it is written down on the page.
RECORD: dict[str, Value] = {
    "birth": dt.date(1957, 8, 25),
    "onset": dt.date(2022, 8, 20),
    "diagnosed": dt.date(2022, 8, 25),
    "risks": ("COPD", "糖尿病"),
}
KINDS: dict[str, KindOrColumn] = {
    **dict.fromkeys(("birth", "onset", "diagnosed"), Kind.DATE),
    "risks": Kind.TEXTS,
    "memo": Kind.TEXT,
    "count": Kind.NUMBER,
    "price": Column(Kind.NUMBER),
}


def result(formula: str) -> str:
    return text(parse(formula).evaluate(RECORD, zone=OPTIONS.zone), OPTIONS)


def row(function: Function) -> str:
    """The line of the page about one function, built from the registry and the sentences."""
    japanese, english = (messages.text(f"formula.function.{function.name}", locale) for locale in ("ja", "en"))
    origin = "kintone" if function.kintone else "lowcode"
    example = f"`{function.example}` → `{result(function.example)}`"
    return f"| `{function.signature}` | {japanese} | {english} | {example} | {origin} |"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_page_has_each_function_as_it_is(name: str) -> None:
    assert row(FUNCTIONS[name]) in PAGE.splitlines()
    parse(FUNCTIONS[name].example).check(KINDS)
    assert FUNCTIONS[name].signature.startswith(f"{name}(")


def test_the_page_has_no_function_that_does_not_exist() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)\(", PAGE, re.MULTILINE)
    assert listed == list(FUNCTIONS)


def test_every_example_of_the_page_gives_the_result_it_shows() -> None:
    examples = re.findall(r"`([^`\n]+)` → `([^`\n]*)`", PAGE)
    assert len(examples) > 40
    assert [(formula, result(formula)) for formula, _ in examples] == examples


@pytest.mark.parametrize(
    "number",
    [
        parser.MAX_LENGTH,
        parser.MAX_NESTING,
        parser.MAX_NODES,
        parser.MAX_NUMBER,
        functions.MAX_ARGUMENTS,
        values.MAX_TEXT,
    ],
)
def test_the_page_names_the_limits(number: int) -> None:
    limits = PAGE.partition("\n## 上限")[2].partition("\n## ")[0]
    assert f"{number:,}" in limits


def test_the_page_names_formats_and_letters() -> None:
    assert all(f"| `{form.value}` |" in PAGE for form in Format)
    listed = re.findall(r"^\| `([A-Za-z])[A-Za-z]*`", PAGE.partition("\n### DATE_FORMAT")[2], re.MULTILINE)
    assert set(LETTERS) - {"y"} <= set(listed)


def codes() -> set[str]:
    """All problem codes that the package can give."""
    found: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.findall(r"^formula\.[a-z_]+(?:\.[a-z_]+)*$", node.value))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault":
                (argument,) = node.args
                assert isinstance(argument, ast.Constant)
                found.add(f"formula.fault.{argument.value!s}")
    return found


@pytest.mark.parametrize("locale", messages.LOCALES)
def test_every_code_and_function_has_a_sentence_and_none_is_idle(locale: str) -> None:
    sentences = {code for code in messages.catalog(locale) if code.startswith("formula.")}
    assert sentences == codes() | {f"formula.function.{name}" for name in FUNCTIONS}


@pytest.mark.parametrize("locale", messages.LOCALES)
@pytest.mark.parametrize(
    "formula",
    ["", "(", '"', "1+", "1＋1", "a==b", "a<b<c", "x", "X(1)", "IF(1)", "SUM()", "IFS(1,2,3,4)", "memo+1", "price",
     "risks", "COUNT_CHOICES(count)", 'YEARS(memo, "")', "IF(memo,1,2)", 'CONTAINS(risks,1)', "(" * 60, "1" * 50,
     "1" * 10_001, "1+" * 3_000 + "1", 'DATE_FORMAT(birth,"Q")', 'DATE_FORMAT(birth,"d","Mars")'],
)  # fmt: skip
def test_sentences_are_complete(formula: str, locale: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(formula).check(KINDS)
    for problem in refused.value.problems:
        sentence = messages.sentence(problem, locale)
        assert sentence != problem.code
        assert not re.search(r"\{\w+\}", sentence)


def test_the_package_knows_nothing_but_errors_and_evaluates_no_code() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                assert not module.startswith("lowcode") or module.startswith(("lowcode.formula", "lowcode.errors"))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "__import__", "setattr", "float"}, path.name


def test_mistakes_that_people_make_are_no_operators() -> None:
    for mistake in tokens.OPERATOR_MISTAKES:
        with pytest.raises(Invalid) as refused:
            parse(f"a{mistake}b")
        assert refused.value.problems[0].code in ("formula.operator", "formula.unclosed_text")
