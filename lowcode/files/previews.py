"""Pictures of attachments, made anew by a process that can be killed; the original is never shown inside a page.

A picture from a stranger is a program for a decoder: it is decoded in a process of its own with limits on memory,
time, pages and pixels, and only the pixels come back, as fresh WebP files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lowcode.errors import NotAvailable, invalid

KINDS = frozenset(
    {
        "application/pdf",
        "image/tiff",
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/bmp",
    }
)
MAX_PAGES = 10
MAX_SIDE = 1600
MAX_PIXELS = 60_000_000
MAX_INPUT = 100 * 1024 * 1024
SECONDS = 30
GRACE = 2.0
"""The clock on the wall may run a little longer than the processor's."""
MEMORY = 1024 * 1024 * 1024
FORMAT = "webp"
CONTENT_TYPE = "image/webp"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one preview may cost."""

    pages: int = MAX_PAGES
    side: int = MAX_SIDE
    pixels: int = MAX_PIXELS
    seconds: int = SECONDS
    memory: int = MEMORY


def can_preview(content_type: str, size: int) -> bool:
    """Whether a preview is worth a job."""
    return content_type.partition(";")[0].strip().lower() in KINDS and 0 < size <= MAX_INPUT


def folder_of(root: Path, key: str) -> Path:
    """Where the previews of an attachment lie; ``root`` is the folder of all previews."""
    if len(key) != 40 or not key.isalnum() or not key.isascii():
        raise invalid("file.unknown", value=key[:100])
    return root / key[:2] / key


def pages(root: Path, key: str) -> list[Path]:
    """The pictures of an attachment in order; empty while there are none."""
    folder = folder_of(root, key)
    return sorted(folder.glob(f"*.{FORMAT}")) if folder.is_dir() else []


def make(source: Path, root: Path, key: str, limits: Limits | None = None) -> int:
    """Make the pictures of a file. Returns how many there are now.

    :raises Invalid: ``preview.failed`` (the file is broken or too large) or ``preview.too_slow``.
    :raises NotAvailable: the machine cannot limit a process.
    """
    limits = limits or Limits()
    if os.name != "posix":
        raise NotAvailable("preview.not_on_this_system")
    target = folder_of(root, key)
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=target.parent))
    try:
        _run(source, made, limits)
        count = len(list(made.glob(f"*.{FORMAT}")))
        if count == 0:
            raise invalid("preview.failed")
        # A folder appears whole or not at all.
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
        return count
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _run(source: Path, made: Path, limits: Limits) -> None:
    command = [
        sys.executable,
        "-I",
        "-m",
        "lowcode.files.picture",
        str(source),
        str(made),
        str(limits.pages),
        str(limits.side),
        str(limits.pixels),
        str(limits.seconds),
        str(limits.memory),
    ]
    process = subprocess.Popen(  # noqa: S603  # our own module with numbers and paths that we made
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        cwd=made,
    )
    try:
        code = process.wait(timeout=limits.seconds + GRACE)
    except subprocess.TimeoutExpired:
        raise invalid("preview.too_slow", seconds=limits.seconds) from None
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
    if code == -24:  # SIGXCPU
        raise invalid("preview.too_slow", seconds=limits.seconds)
    if code != 0:
        raise invalid("preview.failed")


def forget(root: Path, key: str) -> None:
    """Delete the pictures of an attachment that is gone."""
    shutil.rmtree(folder_of(root, key), ignore_errors=True)


__all__ = ["CONTENT_TYPE", "KINDS", "Limits", "can_preview", "folder_of", "forget", "make", "pages"]
