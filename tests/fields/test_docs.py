"""``docs/field-types.md`` says what is true: every type, its operators, its settings, an example that is read."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import orjson
import pytest

from lowcode.fields.base import Field
from lowcode.fields.lookup import LOOKUPS
from lowcode.fields.registry import CLASSES, settings_keys
from tests.fields.people import OFFICE
from tests.fields.samples import SAMPLES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "field-types.md").read_text("utf-8")
SECTIONS: t.Final[dict[str, str]] = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
SHARED = "Settings of every type"
KINDS: list[tuple[str, type[Field]]] = [
    *((kind.type_name, kind) for kind in CLASSES),
    *((f"{kind.type_name} with `lookup`", kind) for kind in LOOKUPS.values()),
]


def documented(heading: str) -> list[str]:
    """The settings in the table of a section."""
    return re.findall(r"^\| `(\w+)` \| \S", SECTIONS[heading], re.MULTILINE)


def test_there_is_a_section_for_each_type_and_no_other() -> None:
    assert list(SECTIONS) == [SHARED, *(heading for heading, _ in KINDS)]


@pytest.mark.parametrize("heading, kind", KINDS, ids=lambda x: x if isinstance(x, str) else "")
def test_settings_and_operators(heading: str, kind: type[Field]) -> None:
    assert [*documented(SHARED), *documented(heading)] == list(settings_keys(kind))
    operators = re.findall(r"^Operators: (.*)$", SECTIONS[heading], re.MULTILINE)
    assert operators == [" ".join(f"`{operator}`" for operator in kind.operators) or "none"]


@pytest.mark.parametrize("heading, kind", KINDS, ids=lambda x: x if isinstance(x, str) else "")
def test_the_example_is_read(heading: str, kind: type[Field]) -> None:
    example = re.search(r"^JSON: `(.*)`$", SECTIONS[heading], re.MULTILINE)
    if example is None or "…" in example[1]:
        return
    field = next(s.field for s in SAMPLES if type(s.field) is kind)
    raw = orjson.loads(example[1])
    assert not field.is_empty(field.coerce(raw, OFFICE))
    if heading != "SUBTABLE":  # rows may name some of their cells only
        assert field.dump(field.coerce(raw, OFFICE)) == raw
