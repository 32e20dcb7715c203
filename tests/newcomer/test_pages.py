"""What the README and the manuals promise is there: commands, pictures, templates, words of the screens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lowcode import config, messages
from lowcode.cli import build_parser

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
GUIDES = sorted([*(ROOT / "docs" / "manual").glob("*.md"), *(ROOT / "docs" / "admin").glob("*.md")])
TAKEN_HERE = "".join(path.read_text("utf-8") for path in sorted((ROOT / "tests" / "newcomer").glob("*hour.py")))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands(page: Path) -> set[str]:
    """`make …` and `lowcode …` as they stand in code on a page."""
    text = page.read_text("utf-8")
    code = re.findall(r"```.*?\n(.*?)```", text, re.S) + re.findall(r"`([^`\n]+)`", text)
    return {
        found for part in code for found in re.findall(r"(?<!-[ugo] )\b(?:make|lowcode) (?!lowcode)[a-z][a-z-]*", part)
    }


def all_commands() -> set[str]:
    """The first words that the command knows."""
    [action] = [action for action in build_parser()._actions if action.choices]
    return set(action.choices or ())


@pytest.mark.parametrize("page", [README, *GUIDES], ids=named)
def test_every_command_on_the_page_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    known = all_commands()
    wrong = [
        found for found in commands(page)
        for tool, name in [found.split(" ")]
        if not (re.search(rf"^{name}:", makefile, re.M) if tool == "make" else name in known)
    ]  # fmt: skip
    assert wrong == []


def test_the_readme_begins_with_two_commands() -> None:
    first = re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), re.S)[0]
    assert re.findall(r"^make \S+", first, re.M) == ["make run", "make test"]


@pytest.mark.parametrize("page", [README, *GUIDES], ids=named)
def test_every_picture_of_the_page_is_there_and_says_what_it_shows(page: Path) -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text("utf-8"))
    missing = [path for words, path in pictures if not words or not (page.parent / path).resolve().is_file()]
    assert missing == []


def test_the_pictures_of_the_first_hour_are_taken_by_its_test() -> None:
    kept = {path.stem.removeprefix("newcomer-") for path in (ROOT / "docs" / "screens").glob("newcomer-*.png")}
    taken = set(re.findall(r'picture\("([a-z-]+)"\)', TAKEN_HERE)) | {
        f"{kind}{name}" for kind in ("", "phone-") for name in ("login", "home")
    }
    assert kept == taken


@pytest.mark.parametrize("page", [README], ids=named)
def test_the_shipped_templates_are_listed(page: Path) -> None:
    text = page.read_text("utf-8")
    for path in sorted((ROOT / "app_templates").glob("*.json")):
        [app] = [app for app in json.loads(path.read_text("utf-8"))["apps"] if app["code"] == path.stem]
        assert f"| `{path.stem}` | {app['settings']['name']} |" in text


@pytest.mark.parametrize("page", [path for path in GUIDES if path.parent.name == "manual"], ids=named)
def test_the_manual_uses_the_words_of_the_screens(page: Path) -> None:
    """What stands in 「」 is on a screen or in a shipped app."""
    known = "\n".join(messages.catalog("ja").values())
    known += "".join(path.read_text("utf-8") for path in (ROOT / "app_templates").glob("*.json"))
    said = re.findall(r"「([^」]+)」", page.read_text("utf-8"))
    pattern = [(words, ".*?".join(map(re.escape, re.split("…|　", words)))) for words in said]
    assert [words for words, form in pattern if not re.search(form, known)] == []


def test_the_administrators_page_lists_every_variable() -> None:
    read = set(re.findall(r'"(LOWCODE_[A-Z_]+)"', Path(config.__file__).read_text("utf-8")))
    page = (ROOT / "docs" / "admin" / "environment.md").read_text("utf-8")
    assert sorted(name for name in read if f"`{name}`" not in page) == []
