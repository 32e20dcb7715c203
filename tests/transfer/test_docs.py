"""``docs/import.md`` and the program say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lowcode import cli
from lowcode.transfer import exporting, mapping, tabular
from lowcode.transfer.inference import MAX_CHOICES, MOSTLY

PAGE = (Path(__file__).parents[2] / "docs" / "import.md").read_text("utf-8")
COMMANDS = ("records import", "records export", "records undo", "app from-file")


def options(capsys: pytest.CaptureFixture[str]) -> set[str]:
    found: set[str] = set()
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            cli.build_parser().parse_args([*name.split(), "--help"])
        found |= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    return found


def test_every_option_of_the_page_exists_and_every_deciding_option_is_described(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known, described = options(capsys), set(re.findall(r"--[a-z][a-z-]+", PAGE))
    assert described - known == set()
    small = {"--help", "--json", "--user", "--errors", "--query", "--columns", "--output", "--sheet"}
    assert known - described - small == set()


@pytest.mark.parametrize(
    "fact",
    [
        mapping.RECORD_START,
        f"{tabular.MAX_BYTES // 1024 // 1024}MB",
        f"{MAX_CHOICES}種類以下",
        f"{MOSTLY:.0%}以上",
        exporting.REPLACEMENT,
    ],
)
def test_the_page_names_the_limits(fact: str) -> None:
    assert fact in PAGE
