"""``lowcode backup`` and ``lowcode restore``."""

from __future__ import annotations

import argparse
import sys
import typing as t
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from lowcode import backup, db
from lowcode.backup import keeping
from lowcode.commands import Answer, Subparsers, command, open_services, say

TELL_EACH = 50_000
"""Rows between two lines of progress at a terminal."""


def add(subparsers: Subparsers) -> None:
    """Register the commands."""
    parser = command(subparsers, "backup", _backup, "cli.help.backup")
    parser.add_argument("file", type=Path, metavar="FILE", help=say("cli.option.backup_file"))
    parser = command(subparsers, "restore", _restore, "cli.help.restore")
    parser.add_argument("file", type=Path, metavar="FILE", help=say("cli.option.restore_file"))


def _backup(options: argparse.Namespace) -> Answer:
    services = open_services()
    made = backup.make(services, options.file, services.system("lowcode backup"), progress=_progress())
    with db.writing(services.engine) as connection:
        keeping.note_success(connection, made.as_json())
    lines = [say("cli.backup.made", file=made.file, records=made.records, files=made.files, mib=_mebibytes(made.size))]
    lines += [say("cli.backup.missing", key=key) for key in made.missing]
    lines += [say("cli.backup.damaged", key=key) for key in made.damaged]
    return Answer(made.as_json(), lines)


def _restore(options: argparse.Namespace) -> Answer:
    restored = backup.restore(open_services(check=False), options.file, progress=_progress())
    line = say("cli.backup.restored", made_at=restored.made_at, rows=restored.rows, files=restored.files)
    return Answer(asdict(restored), [line, say("cli.backup.log_in_again")])


def _progress() -> Callable[[str, int], None]:
    """Says now and then where it is, to a person at a terminal."""
    if not sys.stderr.isatty():
        return lambda _part, _count: None
    told: dict[str, t.Any] = {"part": "", "count": 0}

    def tell(part: str, count: int) -> None:
        if part.startswith("tables/") and (part != told["part"] or count - told["count"] >= TELL_EACH):
            told.update(part=part, count=count)
            if count >= TELL_EACH:
                print(say("cli.backup.progress", part=part, count=count), file=sys.stderr, flush=True)

    return tell


def _mebibytes(size: int) -> str:
    return f"{size / 1024**2:.1f}"
