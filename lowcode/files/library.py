"""The rows of attachments: what was uploaded, by whom, and what a record may attach."""

from __future__ import annotations

import typing as t
from datetime import datetime

import sqlalchemy as sa

from lowcode.fields.context import FileRef
from lowcode.files.store import FileStore
from lowcode.system import models

LONGEST_KEY = 64
UNSAFE = frozenset('\\/:*?"<>|\r\n\t\0')


def clean_name(name: str) -> str:
    """A file name without folders and control characters, at most 200 characters."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = "".join("_" if c in UNSAFE or ord(c) < 32 else c for c in base).strip(" .")
    return cleaned[-200:] or "file"


def keep(
    connection: sa.Connection,
    store: FileStore,
    stream: t.BinaryIO,
    *,
    name: str,
    content_type: str,
    user_id: int | None,
    now: datetime,
) -> FileRef:
    """Store an upload; it may be attached to a record by whoever uploaded it."""
    key, size, digest = store.write(stream)
    return register(
        connection, key=key, size=size, digest=digest, name=name, content_type=content_type, user_id=user_id, now=now
    )


def register(
    connection: sa.Connection,
    *,
    key: str,
    size: int,
    digest: str,
    name: str,
    content_type: str,
    user_id: int | None,
    now: datetime,
) -> FileRef:
    """Note a file whose bytes are already kept (hashing and syncing stay outside the write transaction)."""
    ref = FileRef(key=key, name=clean_name(name), content_type=content_type or "application/octet-stream", size=size)
    connection.execute(
        sa.insert(models.File.__table__).values(
            key=key,
            name=ref.name,
            content_type=ref.content_type,
            size=size,
            sha256=digest,
            created_by=user_id,
            created_at=now,
        )
    )
    return ref


class AttachableFiles:
    """The files that a record may attach (the fields' ``ctx.files``): looked up in the caller's transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> FileRef | None:
        """The facts of a file, or None."""
        if len(key) > LONGEST_KEY or "\0" in key:
            return None  # no key of ours, and PostgreSQL would refuse the question
        files = models.File.__table__
        row = self._connection.execute(
            sa.select(files.c.name, files.c.content_type, files.c.size).where(files.c.key == key)
        ).first()
        return None if row is None else FileRef(key=key, name=row.name, content_type=row.content_type, size=row.size)
