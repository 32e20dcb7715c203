"""What others wrote and we ship: named, licensed, unchanged."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "lowcode" / "web" / "static"
VENDOR = STATIC / "vendor"
FILES = tomllib.loads((VENDOR / "VENDOR.toml").read_text("utf-8"))["file"]
TEMPLATES = sorted((ROOT / "lowcode").glob("*/templates/**/*.html"))
SPRITE = (VENDOR / "lucide-sprite.svg").read_text("utf-8")
ICONS = set(re.findall(r'<symbol id="([^"]+)"', SPRITE))

# icon('search'), icon='search', icon_end="arrow-right", 'icon': 'plus'
ICON_NAMES = re.compile(r"""(?:\bicon\(\s*|\bicon(?:_end|_name)?\s*=\s*|['"]icon['"]:\s*)['"]([a-z][a-z0-9-]+)['"]""")


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["path"])
def test_a_vendored_file_is_what_the_manifest_says(entry: dict[str, object]) -> None:
    content = (VENDOR / str(entry["path"])).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert len(content) == entry["bytes"]
    assert entry["licence"]
    assert entry["version"]


def test_every_vendored_file_is_in_the_manifest() -> None:
    present = {str(p.relative_to(VENDOR)) for p in VENDOR.rglob("*") if p.is_file()} - {"VENDOR.toml"}
    assert present == {entry["path"] for entry in FILES}


@pytest.mark.parametrize("name", sorted({str(entry["name"]) for entry in FILES}))
def test_every_package_brings_its_licence(name: str) -> None:
    assert len((VENDOR / "licenses" / f"{name}.txt").read_text("utf-8")) > 200


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "lowcode")))
def test_templates_use_icons_that_the_sprite_has(template: Path) -> None:
    assert set(ICON_NAMES.findall(template.read_text("utf-8"))) - ICONS == set()


def test_the_search_for_icon_names_finds_them() -> None:
    text = """icon('a-b', 16) button('x', icon="cc", icon_end='dd') {'icon': 'ee'}"""
    assert ICON_NAMES.findall(text) == ["a-b", "cc", "dd", "ee"]


@pytest.mark.parametrize("script", sorted(STATIC.glob("js/*.js")), ids=lambda p: p.name)
def test_key_handlers_leave_the_input_method_alone(script: Path) -> None:
    text = script.read_text("utf-8")
    guards = text.count("event.isComposing || event.keyCode === 229")
    assert guards >= len(re.findall(r"addEventListener\('keydown'", text))


@pytest.mark.parametrize("script", sorted(STATIC.glob("js/*.js")), ids=lambda p: p.name)
def test_nothing_is_kept_in_the_browser(script: Path) -> None:
    assert not re.search(r"\b(localStorage|sessionStorage|indexedDB|caches)\b", script.read_text("utf-8"))
