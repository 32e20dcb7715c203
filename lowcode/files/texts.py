"""What stands in an attachment, for the search: read by a process with limits (:mod:`lowcode.files.confined`)."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

from lowcode.files import confined

ENDINGS: t.Final = frozenset({".pdf", ".docx", ".xlsx", ".xlsm", ".txt", ".csv", ".tsv", ".md", ".log"})
"""Names of files that may hold text; what a file really is, its first bytes say."""
LONGEST: t.Final = 30_000
"""Characters of one file that are searched."""
MOST_BYTES: t.Final = 50 * 1024 * 1024
SECONDS: t.Final = 20
MEMORY: t.Final = 1024 * 1024 * 1024


def may_hold_text(name: str, size: int) -> bool:
    """Whether reading the file is worth a job."""
    return Path(name).suffix.lower() in ENDINGS and 0 < size <= MOST_BYTES


def read(source: Path, *, seconds: int = SECONDS) -> str:
    """The text of a file, at most :data:`LONGEST` characters; empty for one that is broken, locked or too slow."""
    with tempfile.TemporaryDirectory(prefix="lowcode-text-") as made:
        target = Path(made) / "text"
        arguments = [source, target, LONGEST, seconds, MEMORY]
        code = confined.run(Path(__file__).with_name("text_of_file.py"), arguments, seconds=seconds, folder=Path(made))
        return target.read_text("utf-8") if code == 0 and target.exists() else ""


__all__ = ["ENDINGS", "LONGEST", "may_hold_text", "read"]
