"""Make one archive with the source and every wheel, from which `make run` works without a network.

The wheels are for this machine's platform and for Python 3.11, 3.12 and 3.13.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13")


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, check=True)


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def download(wheels: Path) -> None:
    """Fetch the locked wheels, hashes checked, for each version of Python."""
    for version in VERSIONS:
        print(f"wheels for Python {version} …", flush=True)
        pip(
            "download", "--require-hashes", "--only-binary=:all:", "--python-version", version,
            "--dest", wheels, "-r", "requirements.lock",
        )  # fmt: skip


def build(wheels: Path) -> str:
    """Build lowcode's own wheel; returns its version."""
    with tempfile.TemporaryDirectory() as source:
        # From the commit, as the source below: what is not committed is not in the bundle.
        subprocess.run(
            ["tar", "-x", "-C", source],
            input=subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout,
            check=True,
        )
        pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, source)
    (wheel,) = wheels.glob("lowcode-*.whl")
    return wheel.name.split("-")[1]


def main() -> int:
    if git("status", "--porcelain").strip():
        print("note: changes that are not committed are left out of the bundle", file=sys.stderr)
    epoch = int(git("log", "-1", "--format=%ct"))
    with tempfile.TemporaryDirectory() as work:
        wheels = Path(work) / "wheels"
        wheels.mkdir()
        download(wheels)
        version = build(wheels)
        name = f"lowcode-bundle-{version}"
        target = ROOT / "dist" / f"{name}.tar.gz"
        target.parent.mkdir(exist_ok=True)
        tree = Path(work) / name
        git("archive", f"--prefix={name}/", "--output", str(Path(work) / "source.tar"), "HEAD")
        with tarfile.open(Path(work) / "source.tar") as source:
            source.extractall(work, filter="data")
        (tree / "dist").mkdir(exist_ok=True)
        shutil.move(wheels, tree / "dist" / "wheels")
        with tarfile.open(target, "w:gz") as bundle:
            bundle.add(tree, name, filter=lambda member: anonymous(member, epoch))
    size = os.path.getsize(target) / 1_000_000
    print(f"{target.relative_to(ROOT)} ({size:.0f} MB)")
    print(f"On the other machine: tar xf {target.name}; cd {name}; make run")
    return 0


def anonymous(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """Leave the builder's names and clock out of the archive."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = epoch
    return member


if __name__ == "__main__":
    sys.exit(main())
