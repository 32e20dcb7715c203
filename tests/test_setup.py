"""What `make run` says on a machine that lacks something, and that it does nothing twice."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the set-up reads, and an empty folder of programs."""
    for name in ("scripts/setup.sh", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("dirname", "cat", "rm", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(folder / "programs"), "LC_ALL": "C.UTF-8"}
    shell = str(shutil.which("sh"))
    return subprocess.run(
        [shell, "scripts/setup.sh", "run"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)


def test_without_python_it_says_in_both_languages_what_to_install(folder: Path) -> None:
    done = set_up(folder)
    assert done.returncode == 1
    assert "Python 3.11 以上が見つかりません" in done.stderr
    assert "apt install python3 python3-venv python3-pip" in done.stderr


def test_an_older_python_is_not_taken(folder: Path) -> None:
    program(folder / "programs" / "python3", "exit 1")
    assert "Python 3.11 or newer is missing" in set_up(folder).stderr


@pytest.mark.parametrize("missing", ("venv", "ensurepip"))
def test_without_venv_or_pip_it_names_the_package(folder: Path, missing: str) -> None:
    # Debian's python3 has neither until python3-venv is installed.
    program(
        folder / "programs" / "python3",
        f'case "$2" in "import {missing}") exit 1 ;; esac\nexec {sys.executable} "$@"',
    )
    done = set_up(folder)
    assert done.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt install python{version}-venv" in done.stderr
    assert not (folder / ".venv").exists()


def test_an_unchanged_lock_installs_nothing_and_a_changed_one_does(folder: Path) -> None:
    calls = folder / "calls"
    python = folder / ".venv" / "bin" / "python"
    # The fake answers to -c as Python does and only notes what pip is asked.
    program(python, f'if [ "$1" = -m ]; then echo "$@" >>{calls}; else exec {sys.executable} "$@"; fi')

    assert set_up(folder).returncode == 0
    first = calls.read_text("utf-8")
    assert "--require-hashes -r requirements.lock" in first
    assert "--no-deps --no-build-isolation --editable ." in first

    assert set_up(folder).returncode == 0
    assert calls.read_text("utf-8") == first

    with (folder / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert set_up(folder).returncode == 0
    assert calls.read_text("utf-8") == first * 2


def test_a_bundle_is_installed_without_an_index(folder: Path) -> None:
    calls = folder / "calls"
    program(folder / ".venv" / "bin" / "python", f'[ "$1" = -m ] && echo "$@" >>{calls} || exec {sys.executable} "$@"')
    (folder / "dist" / "wheels").mkdir(parents=True)
    assert set_up(folder).returncode == 0
    lines = calls.read_text("utf-8").splitlines()
    assert lines
    assert all("--no-index --find-links dist/wheels" in line for line in lines)


def test_a_virtual_environment_that_was_moved_is_made_current_again(folder: Path) -> None:
    """The stamp names the folder, for an editable install points to it."""
    calls = folder / "calls"
    program(folder / ".venv" / "bin" / "python", f'[ "$1" = -m ] && echo "$@" >>{calls} || exec {sys.executable} "$@"')
    stamp = hashlib.sha256(b"/elsewhere" + sys.version.encode()).hexdigest()
    (folder / ".venv" / ".stamp-run").write_text(stamp, "utf-8")
    assert set_up(folder).returncode == 0
    assert len(calls.read_text("utf-8").splitlines()) == 2
