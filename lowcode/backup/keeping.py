"""The daily backups of an installation: where they lie, which ones stay, and how the last one went."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
import sqlalchemy as sa

from lowcode.config import Settings
from lowcode.system import meta, models

FOLDER = "backups"
GENERATIONS = 14
_NAME = re.compile(r"lowcode-\d{8}-\d{6}\.zip")
_meta = models.Meta.__table__


@dataclass(frozen=True)
class Generation:
    """One of the kept files."""

    path: Path
    size: int


def folder(settings: Settings) -> Path:
    """Where the daily backups lie; made where it is not there, and nobody else may look in."""
    found = settings.data_dir / FOLDER
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def next_path(settings: Settings, now: datetime) -> Path:
    """The name of a backup made now, by the installation's clock."""
    return folder(settings) / f"lowcode-{now.astimezone(settings.zone):%Y%m%d-%H%M%S}.zip"


def generations(settings: Settings) -> list[Generation]:
    """The kept backups, newest first."""
    place = settings.data_dir / FOLDER
    if not place.is_dir():
        return []
    paths = sorted((path for path in place.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
    return [Generation(path, path.stat().st_size) for path in paths]


def thin_out(settings: Settings) -> int:
    """Delete what is older than the newest :data:`GENERATIONS`. Returns how many; files of other names stay."""
    old = generations(settings)[GENERATIONS:]
    for each in old:
        each.path.unlink(missing_ok=True)
    # What a killed process left: one job writes here at a time.
    for left in (settings.data_dir / FOLDER).glob(".lowcode-*.part"):
        left.unlink(missing_ok=True)
    return len(old)


def note_success(connection: sa.Connection, made: Mapping[str, t.Any]) -> None:
    """Remember a finished backup; an earlier failure is over."""
    meta.write(connection, meta.LAST_BACKUP, orjson.dumps(dict(made)).decode())
    connection.execute(sa.delete(_meta).where(_meta.c.key == meta.FAILED_BACKUP))


def note_failure(connection: sa.Connection, now: datetime, code: str, params: Mapping[str, t.Any]) -> None:
    """Remember why the last one failed."""
    said = {"at": now.isoformat(), "code": code, "params": {name: str(value) for name, value in params.items()}}
    meta.write(connection, meta.FAILED_BACKUP, orjson.dumps(said).decode())


def forget_result(connection: sa.Connection) -> None:
    """In a restored installation no backup was made yet."""
    keys = (meta.LAST_BACKUP, meta.FAILED_BACKUP)
    connection.execute(sa.delete(_meta).where(_meta.c.key.in_(keys)))
