"""Pictures of attachments, made anew by a process that can be killed; the original is never shown inside a page.

A picture from a stranger is a program for a decoder: it is decoded in a process of its own with limits on memory,
time, pages and pixels, and only the pixels come back, as fresh WebP files.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lowcode.errors import invalid
from lowcode.files import confined

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
    arguments = [source, made, limits.pages, limits.side, limits.pixels, limits.seconds, limits.memory]
    code = confined.run(Path(__file__).with_name("picture.py"), arguments, seconds=limits.seconds, folder=made)
    if code is None:
        raise invalid("preview.too_slow", seconds=limits.seconds)
    if code != 0:
        raise invalid("preview.failed")


def forget(root: Path, key: str) -> None:
    """Delete the pictures of an attachment that is gone."""
    shutil.rmtree(folder_of(root, key), ignore_errors=True)


__all__ = ["CONTENT_TYPE", "KINDS", "Limits", "can_preview", "folder_of", "forget", "make", "pages"]
