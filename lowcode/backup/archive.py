"""The file of a backup: a zip that any tool opens, in which no byte can change without being found and named.

Its members stand one behind the other from the first byte on. The last one, ``manifest.json``, says of every other
where it lies, how long it is (with its own header) and its SHA-256. The comment at the very end has the same of the
manifest and of the zip's directory, and a SHA-256 of itself. So every byte of the file is covered by one of them.
The hashes find accidents; who changes a file on purpose can write new ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import typing as t
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from lowcode.errors import LowcodeError

MANIFEST = "manifest.json"
DIRECTORY = "zip directory"
END = "end of the file"
CHUNK = 1024 * 1024
LEVEL = 3
"""Twice as fast as zlib's usual 6 for a twentieth more bytes."""
_COMMENT = re.compile(
    rb"lowcode backup: manifest ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{64}) directory ([0-9a-f]{64})"
    rb" self [0-9a-f]{64}"
)
_SELF: t.Final = len(" self ") + 64


def _comment(start: int, length: int, manifest: str, directory: str) -> bytes:
    words = f"lowcode backup: manifest {start:016x} {length:016x} {manifest} directory {directory}".encode()
    return words + b" self " + hashlib.sha256(words).hexdigest().encode()


_LENGTH: t.Final = len(_comment(0, 0, "0" * 64, "0" * 64))


class BadArchive(LowcodeError):
    """The file is no backup, or a damaged one; ``params['part']`` names what is damaged."""

    status = 422
    default_code = "backup.damaged"


@dataclass(frozen=True)
class Damage:
    """A part of the file that is not as it was written."""

    part: str
    """The member's name, :data:`DIRECTORY` or :data:`END`."""


@dataclass(frozen=True)
class Report:
    """What :func:`check` found."""

    parts: int
    size: int
    damage: tuple[Damage, ...]
    manifest: Mapping[str, t.Any]
    """Empty where the manifest itself cannot be read."""


class _Counted:
    """A stream that zipfile writes to and cannot go back in; it counts and hashes what passes."""

    def __init__(self, stream: t.BinaryIO) -> None:
        self._stream, self._at = stream, 0
        self._digest = hashlib.sha256()
        self._kept: bytes | None = None

    def write(self, data: t.Any) -> int:
        chunk = bytes(data)
        self._at += len(chunk)
        if self._kept is not None:
            chunk = self._kept + chunk
            chunk, self._kept = chunk[:-_LENGTH], chunk[-_LENGTH:]
        self._digest.update(chunk)
        self._stream.write(chunk)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        self._stream.flush()

    def cut(self) -> str:
        """The hash of what passed since the last cut."""
        found, self._digest = self._digest.hexdigest(), hashlib.sha256()
        return found

    def keep_back(self) -> None:
        """From now on the last bytes stay here: the place of the comment, which names what is before it."""
        self._kept = b""

    def end(self, comment: bytes) -> None:
        self._stream.write(comment)

    def silence(self) -> None:
        self._stream = io.BytesIO()


class Writer:
    """Writes the members one after the other; memory does not grow with their size."""

    def __init__(self, stream: t.BinaryIO, now: datetime) -> None:
        self._counted = _Counted(stream)
        self._zip = zipfile.ZipFile(t.cast(t.BinaryIO, self._counted), "w", compresslevel=LEVEL)
        self._time = now.timetuple()[:6]
        self._parts: list[tuple[str, int, int, str]] = []

    @contextlib.contextmanager
    def part(self, name: str, *, packed: bool = True) -> Iterator[t.IO[bytes]]:
        """A member to write into. ``packed=False`` for what mostly is compressed already."""
        start = self._counted.tell()
        info = zipfile.ZipInfo(name, self._time)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as out:
            yield out
        self._parts.append((name, start, self._counted.tell() - start, self._counted.cut()))

    def close(self, manifest: Mapping[str, t.Any]) -> None:
        """Write the manifest, the directory and the comment."""
        parts = [list(part) for part in self._parts]
        with self.part(MANIFEST) as out:
            out.write(orjson.dumps({**manifest, "parts": parts}, option=orjson.OPT_INDENT_2))
        _, start, length, digest = self._parts[-1]
        self._counted.keep_back()
        self._zip.comment = b"0" * _LENGTH
        self._zip.close()
        self._counted.end(_comment(start, length, digest, self._counted.cut()))

    def abandon(self) -> None:
        """After a failure: let go of the stream, which is worth nothing any more."""
        self._counted.silence()
        self._zip.close()


def check(path: Path) -> Report:
    """Read the whole file and name every part with a changed byte.

    :raises BadArchive: it is no backup at all. :raises OSError: it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(2) != b"PK" and not _ending(stream, size):
            raise BadArchive("backup.not_one", file=str(path))
        found = _ending(stream, size)
        if found is None:
            return Report(0, size, (Damage(END),), {})
        start, length = int(found[1], 16), int(found[2], 16)
        damage = []
        if _hash(stream, start, length) != found[3].decode():
            damage.append(Damage(MANIFEST))
        if _hash(stream, start + length, size - _LENGTH - start - length) != found[4].decode():
            damage.append(Damage(DIRECTORY))
        if damage:
            return Report(0, size, tuple(damage), {})
        with zipfile.ZipFile(path) as opened:
            manifest = orjson.loads(opened.read(MANIFEST))
        at = 0
        for name, offset, count, digest in manifest["parts"]:
            if offset != at or _hash(stream, offset, count) != digest:
                damage.append(Damage(name))
            at = offset + count
        if at != start:
            damage.append(Damage(MANIFEST))
    return Report(len(manifest["parts"]), size, tuple(damage), manifest)


def _ending(stream: t.BinaryIO, size: int) -> re.Match[bytes] | None:
    if size < _LENGTH:
        return None
    stream.seek(size - _LENGTH)
    comment = stream.read(_LENGTH)
    found = _COMMENT.fullmatch(comment)
    return found if found and hashlib.sha256(comment[:-_SELF]).hexdigest().encode() == comment[-64:] else None


def _hash(stream: t.BinaryIO, start: int, length: int) -> str:
    digest = hashlib.sha256()
    stream.seek(start)
    while length > 0 and (chunk := stream.read(min(CHUNK, length))):
        digest.update(chunk)
        length -= len(chunk)
    return digest.hexdigest()


__all__ = ["DIRECTORY", "END", "MANIFEST", "BadArchive", "Damage", "Report", "Writer", "check"]
