"""Where the bytes of attachments lie: written under a temporary name, synced, renamed, then never changed.

A file exists for others only once its row is committed; bytes without a row (a crash between the two) are swept
away by a job after a grace period.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
import typing as t
from pathlib import Path

from lowcode.errors import NotFound, TooLarge

MAX_BYTES = 1024 * 1024 * 1024
"""Largest attachment; kintone's own limit is 1 GB."""
CHUNK = 1024 * 1024


class FileStore:
    """A folder of attachments: ``<folder>/<first two letters of the key>/<key>``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, stream: t.BinaryIO, *, limit: int = MAX_BYTES) -> tuple[str, int, str]:
        """Keep the bytes of ``stream``.

        :returns: the new key, the size in bytes and the SHA-256 in hex. :raises TooLarge: beyond ``limit``.
        """
        key = secrets.token_hex(20)
        return key, *self.put(key, stream, limit=limit)

    def put(self, key: str, stream: t.BinaryIO, *, limit: int = MAX_BYTES) -> tuple[int, str]:
        """Keep the bytes under a key that they have already (from a backup).

        :returns: the size in bytes and the SHA-256 in hex. :raises TooLarge: beyond ``limit``.
        """
        target = self.path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
        try:
            with os.fdopen(handle, "wb") as out:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge("file.too_large", limit=limit // CHUNK)
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            Path(temporary).rename(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return size, digest.hexdigest()

    def path(self, key: str) -> Path:
        """Where the bytes of ``key`` lie. :raises NotFound: when the key is not one of ours."""
        if len(key) != 40 or not key.isascii() or not key.isalnum():
            raise NotFound("file.not_found")
        return self.folder / key[:2] / key

    def open(self, key: str) -> t.BinaryIO:
        """The bytes of ``key`` for reading. :raises NotFound: when they are not there."""
        try:
            return self.path(key).open("rb")
        except FileNotFoundError:
            raise NotFound("file.not_found") from None

    def delete(self, key: str) -> None:
        """Forget the bytes of ``key``; nothing happens when they are gone already."""
        self.path(key).unlink(missing_ok=True)
