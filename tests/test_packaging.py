"""The wheel carries everything that the program reads: templates, scripts, sentences, apps, migrations."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Folder in the tree → folder in the wheel.
CARRIED = {"lowcode": "lowcode", "app_templates": "lowcode/_app_templates", "migrations": "lowcode/_migrations"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.parametrize("name", CARRIED)
def test_every_file_is_in_the_wheel(wheel: Path, name: str) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    there = [path.relative_to(ROOT / name) for path in (ROOT / name).rglob("*") if path.is_file()]
    wanted = [path for path in there if "__pycache__" not in path.parts and not path.name.startswith(".")]
    assert [str(path) for path in wanted if f"{CARRIED[name]}/{path.as_posix()}" not in inside] == []


def test_the_installed_program_finds_its_folders(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    for folder in ("_app_templates", "_migrations"):
        (tmp_path / "lowcode" / folder).mkdir(exist_ok=True)
    code = "from lowcode.resources import folder; print(folder('app_templates')); print(folder('migrations'))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.split()
    assert said == [str(tmp_path / "lowcode" / "_app_templates"), str(tmp_path / "lowcode" / "_migrations")]
