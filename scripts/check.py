"""What `make test`, `make lint` and `make fix` do, step by step, and one line at the end about each step.

Every step runs even when an earlier one failed: whoever waits for a suite wants to hear everything at once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
EVERYDAY = "not slow and not browser and not postgresql and not real_data"
# The whole suite runs on the interpreter of .venv. Every other interpreter found gets the everyday part of it; with
# CI=true, where minutes count, the part where Python itself matters most.
OTHER_VERSIONS = ("3.11", "3.12", "3.13")
WHOLE = ("tests",)
QUICK_PART = ("tests/formula", "tests/fields")
PROSE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "lowcode", "tests", "scripts", "migrations")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Outcome:
    """How one step ended."""

    step: str
    good: bool
    note: str


def run(step: str, *command: str | Path) -> Outcome:
    """Run a command, show what it says while it says it, and remember its last line."""
    print(f"\n── {step} " + "─" * max(4, 90 - len(step)), flush=True)
    said = bytearray()
    with subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None  # noqa: S101 (tells the type checker what PIPE means)
        while chunk := os.read(process.stdout.fileno(), 65536):
            said += chunk
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
    lines = COLOUR.sub("", said.decode("utf-8", "replace")).strip().splitlines()
    return Outcome(step, process.returncode == 0, lines[-1].strip("= ") if lines else "")


def pytest(step: str, python: str | Path, *arguments: str) -> Outcome:
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    # In the order of the folders: xdist would begin with the files of most tests, and the long ones have few.
    spread = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
    return run(step, python, "-m", "pytest", "-q", *spread, *colour, *arguments)


def lint() -> Iterator[Outcome]:
    """Style, format, spelling, indentation of templates."""
    yield run("ruff check", BIN / "ruff", "check", "--output-format=concise", ".")
    yield run("ruff format --check", BIN / "ruff", "format", "--check", "--output-format=concise", ".")
    yield run("codespell", BIN / "codespell", *present(PROSE))
    if templates := template_files():
        yield run("djhtml --check", BIN / "djhtml", "--tabwidth", "2", "--check", *templates)


def fix() -> Iterator[Outcome]:
    """Put right what the tools can put right by themselves."""
    yield run("ruff check --fix", BIN / "ruff", "check", "--fix", "--quiet", ".")
    yield run("ruff format", BIN / "ruff", "format", "--quiet", ".")
    if templates := template_files():
        # djhtml ends with 1 when it changed something, which is what was asked for.
        changed = run("djhtml", BIN / "djhtml", "--tabwidth", "2", *templates)
        yield Outcome(changed.step, True, changed.note)


def everything() -> Iterator[Outcome]:
    """The suite, the style, the types, and a part of the suite on every other interpreter."""
    yield pytest("pytest (everything)", sys.executable, "--durations=25", "--durations-min=5")
    yield from lint()
    yield run("mypy", sys.executable, "-m", "mypy")
    yield from other_interpreters()


def other_interpreters() -> Iterator[Outcome]:
    quick = os.environ.get("CI") == "true"
    tests = present(QUICK_PART if quick else WHOLE)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in OTHER_VERSIONS:
        if version == own:
            continue
        step = f"Python {version} ({'fields and formulas' if quick else 'everyday part'})"
        if not tests:
            yield Outcome(step, True, "left out: there are no such tests yet")
            continue
        python = find_interpreter(version)
        if python is None:
            yield Outcome(step, True, "left out: this interpreter is not on this machine")
            continue
        venv = ROOT / f".venv-{version}"
        made = run(f"set-up of .venv-{version}", "sh", "scripts/setup.sh", "dev", venv.name, python)
        yield pytest(step, venv / "bin" / "python", "-m", EVERYDAY, *tests) if made.good else made


def find_interpreter(version: str) -> str | None:
    """A Python of that version that really starts (a pyenv shim may not), or None."""
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), reverse=True)
    for candidate in (shutil.which(f"python{version}"), *map(str, installed)):
        if candidate is None:
            continue
        says = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if says.returncode == 0 and says.stdout.startswith(f"Python {version}."):
            return candidate
    return None


def present(paths: Sequence[str]) -> list[str]:
    return [path for path in paths if (ROOT / path).exists()]


def template_files() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "lowcode").glob("*/templates/**/*.html"))


def main(arguments: Sequence[str]) -> int:
    steps = {"all": everything, "lint": lint, "fix": fix}[arguments[0] if arguments else "all"]
    outcomes = list(steps())
    print("\n" + "═" * 94)
    for outcome in outcomes:
        print(f"{'ok    ' if outcome.good else 'FAILED'}  {outcome.step}: {outcome.note or 'nothing to report'}")
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
