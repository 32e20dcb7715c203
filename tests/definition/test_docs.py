"""docs/definition-format.md names every key that a definition may have, and its example loads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lowcode.definition import codec, load
from lowcode.fields.base import Field
from lowcode.fields.options import Option
from lowcode.fields.settings import settings_schema

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "definition-format.md").read_text("utf-8")
COMMON = {schema.data_key or name for name, schema in settings_schema(Field)().fields.items()}


def keys(schema: type) -> list[str]:
    return [str(member.data_key or name) for name, member in schema().fields.items()]


CASES = [
    *[("AppDefinition", key) for key in codec.KEYS],
    *[(name, key) for name, schema in sorted(codec.schemas().items()) for key in keys(schema)],
    *[("Field", key) for key in sorted(COMMON)],
    *[("Option", key) for key in keys(settings_schema(Option))],
]


@pytest.mark.parametrize("part, key", CASES)
def test_every_key_is_documented(part: str, key: str) -> None:
    assert f"`{key}`" in PAGE, f"{part}.{key}"


@pytest.mark.parametrize("part", sorted(codec.schemas()))
def test_every_part_is_named(part: str) -> None:
    assert re.search(rf"\b{part}\b", PAGE), part


def test_the_example_loads_as_it_stands() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    definition = load(json.loads(example))
    assert definition.title_field.code == "name"
    assert codec.dump(definition)["properties"]["family"]["fields"]["relation"]["id"] == 11
