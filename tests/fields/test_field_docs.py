"""docs/field-types.md names every type, and every setting of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lowcode.fields.base import Field
from lowcode.fields.registry import CLASSES, settings_keys

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "field-types.md").read_text("utf-8")
COMMON = set(re.findall(r"`(\w+)`", PAGE.split("## Settings of every type")[1].split("\n## ")[0])) - {
    "required", "unique", "defaultValue", "indexed",
}  # fmt: skip
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.type_name)
def test_type_and_settings_are_described(kind: type[Field]) -> None:
    described = set(re.findall(r"`(\w+)`", SECTIONS[kind.type_name]))
    assert set(settings_keys(kind)) - COMMON <= described


def test_no_type_is_described_that_does_not_exist() -> None:
    assert set(SECTIONS) == {kind.type_name for kind in CLASSES} | {"LOOKUP"}
