"""Refresh ``lowcode/web/static/vendor`` from npm, or check that it is what npm would give.

    python frontend/vendor.py           # npm ci, then copies, sprite, licences, VENDOR.toml
    python frontend/vendor.py --check   # the same into a temporary folder, compared byte for byte

Only whoever refreshes needs Node; people who install or develop do not. A package without a licence
file stops the script, so nothing enters the product unlabelled.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import typing as t
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
TARGET = HERE.parent / "lowcode" / "web" / "static" / "vendor"


def install() -> None:
    """Bring the exact versions of the lock file into ``node_modules``; no package's own script runs."""
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)  # noqa: S607  # wherever the developer has it


def version_of(name: str) -> str:
    """The installed version of one package."""
    return str(json.loads((MODULES / name / "package.json").read_text("utf-8"))["version"])


def sprite(icons: t.Sequence[str]) -> str:
    """One SVG with a ``<symbol>`` per icon, in order of name."""
    symbols = []
    for name in sorted(set(icons)):
        source = (MODULES / "lucide-static" / "icons" / f"{name}.svg").read_text("utf-8")
        found = re.search(r"<svg[^>]*>(.*)</svg>", source, re.DOTALL)
        if found is None:
            raise SystemExit(f"{name}.svg holds no drawing")
        drawing = re.sub(r"\s+", " ", found.group(1)).replace("> <", "><").replace(" />", "/>").strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def build(target: Path) -> None:
    """Write every vendored file, its licences and ``VENDOR.toml`` into ``target``."""
    wanted = tomllib.loads((HERE / "vendor.toml").read_text("utf-8"))["package"]
    (target / "licenses").mkdir(parents=True, exist_ok=True)
    manifest = ["# Made by frontend/vendor.py; a test compares the checksums.\n"]
    for package in wanted:
        name = package["name"]
        version = version_of(name)
        licence = MODULES / name / package["licence_file"]
        if not licence.is_file():
            raise SystemExit(f"{name} has no licence file at {licence}")
        written: dict[str, bytes] = {}
        for source, goal in package.get("files", {}).items():
            written[goal.format(version=version)] = (MODULES / name / source).read_bytes()
        if "sprite" in package:
            written[package["sprite"]] = sprite(package["icons"]).encode()
        written[f"licenses/{name}.txt"] = licence.read_bytes()
        for goal, content in written.items():
            (target / goal).write_bytes(content)
            manifest.append(
                f'[[file]]\npath = "{goal}"\nname = "{name}"\nversion = "{version}"\nlicence = "{package["licence"]}"\n'
                f'origin = "npm:{name}"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
                f"bytes = {len(content)}\n"
            )
    (target / "VENDOR.toml").write_text("\n".join(manifest), "utf-8")


def differences(one: Path, other: Path) -> list[str]:
    """Names of files that are not the same in both folders."""
    names = {str(p.relative_to(f)) for f in (one, other) for p in f.rglob("*") if p.is_file()}
    return sorted(
        name
        for name in names
        if not (
            (one / name).is_file()
            and (other / name).is_file()
            and (one / name).read_bytes() == (other / name).read_bytes()
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare only; 1 when something differs")
    parser.add_argument("--no-install", action="store_true", help="use node_modules as it is")
    options = parser.parse_args()
    if not options.no_install:
        install()
    if not options.check:
        build(TARGET)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        changed = differences(Path(folder), TARGET)
    for name in changed:
        print(f"differs: {name}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
