"""Making a backup while people work: one snapshot of every table, then the attachments that it names.

Attachments are written once and never changed, so copying them after the snapshot is as good as copying them in it.
What was written to the file of seals before the snapshot began is in the snapshot's audit log; that part of it is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import sqlalchemy as sa

from lowcode import __version__, db
from lowcode.access.actor import Actor
from lowcode.accounts import audit, audit_proof
from lowcode.backup.archive import CHUNK, Writer
from lowcode.backup.values import Shape, turned, writers
from lowcode.config import Settings
from lowcode.errors import LowcodeError, NotFound
from lowcode.files.store import FileStore
from lowcode.records import dumping
from lowcode.services import Services, secret_key
from lowcode.system import migrate, models

FORMAT = 1
"""Grows when an older release could not restore what is written; see ``docs/admin/backup.md``."""
SECRET, SEALS = "keys/secret.key", "keys/audit-seals.jsonl"
LEFT_OUT: t.Final = frozenset({"audit_head", "sessions", "login_attempts"})
"""The first is worked out from the log. Log-ins of before must not come back to life with a restore."""
ROWS_AT_ONCE = 1_000
Progress = Callable[[str, int], None]
"""Told the part that is written and how much of it: rows of a table, bytes of an attachment."""


class CannotBackUp(LowcodeError):
    """A backup is refused."""

    status = 409
    default_code = "backup.failed"


@dataclass(frozen=True)
class Made:
    """A finished backup."""

    file: str
    size: int
    made_at: str
    tables: int
    rows: int
    apps: int
    records: int
    files: int
    missing: tuple[str, ...]
    """Keys of attachments of records whose bytes are not there."""
    damaged: tuple[str, ...]
    """Keys of attachments whose bytes are not those that were uploaded; they are in the backup as they are."""

    def as_json(self) -> dict[str, t.Any]:
        """As commands and jobs tell it."""
        return {**asdict(self), "missing": list(self.missing), "damaged": list(self.damaged)}


def make(services: Services, path: Path, actor: Actor, *, progress: Progress = lambda _part, _count: None) -> Made:
    """Write everything into the file ``path``; a file of that name is replaced once the new one is whole.

    :raises CannotBackUp: a password for it is set. :raises OSError: no room, no right, no such folder.
    """
    refuse_password(services.settings)
    migrate.check(services.engine)
    now = services.settings.now()
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            writer = Writer(stream, now)
            try:
                manifest = _write(services, writer, progress)
                writer.close({"format": FORMAT, "product": __version__, "made_at": now.isoformat(), **manifest})
            except BaseException:
                writer.abandon()
                raise
            stream.flush()
            os.fsync(stream.fileno())
        made = _summary(manifest, path, aside.stat().st_size, now.isoformat())
        # Before anybody can take the file away.
        with db.writing(services.engine) as connection:
            details = {"size": made.size, "records": made.records, "files": made.files}
            audit.note(connection, actor, "backup.made", now, target=path.name, details=details)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return made


def refuse_password(settings: Settings) -> None:
    """Backups are not encrypted yet, and whoever set a password expects that.

    :raises CannotBackUp: ``LOWCODE_BACKUP_PASSWORD`` is set.
    """
    if settings.backup_password:
        raise CannotBackUp("backup.no_encryption")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(services: Services, writer: Writer, progress: Progress) -> dict[str, t.Any]:
    settings = services.settings
    with contextlib.suppress(FileNotFoundError):
        # Before the snapshot: a seal that is newer than it would make the restored log look cut off.
        seals = (settings.data_dir / audit_proof.SEALS).read_bytes()
        with writer.part(SEALS) as out:
            out.write(seals)
    with writer.part(SECRET) as out:
        out.write(secret_key(settings).encode())
    with db.reading(services.engine) as connection:
        tables, numbers, attachments = _tables(connection, db.beside(services.engine, connection), writer, progress)
        found = {
            "revision": migrate.head(),
            "database": connection.dialect.name,
            "apps": len(dumping.every_app(connection)),
            "tables": tables,
            "numbers": numbers,
        }
    return {**found, "files": _attachments(services.store, writer, attachments, progress)}


# --- tables --------------------------------------------------------------------------------------


class _Attachment(t.NamedTuple):
    key: str
    sha256: str
    claimed: bool


def _tables(
    connection: sa.Connection,
    beside: Callable[[], t.ContextManager[sa.Connection]],
    writer: Writer,
    progress: Progress,
) -> tuple[list[dict[str, t.Any]], Mapping[str, int], list[_Attachment]]:
    described: list[dict[str, t.Any]] = []
    for app, table in _all_tables(connection):
        shapes = [Shape.of(column) for column in table.columns]
        # SQLAlchemy's names are a kind of text that JSON does not take for a key.
        name = str(table.name)
        part = f"tables/{name}.jsonl"
        with writer.part(part) as out, beside() as reader:
            rows = 0
            for lines, count in _lines(reader, table, shapes):
                out.write(lines)
                rows += count
                progress(part, rows)
        columns = [shape.as_json() for shape in shapes]
        described.append({"name": name, "app": app, "part": part, "columns": columns, "rows": rows})
    numbers = db.last_numbers(connection, [each["name"] for each in described])
    log = str(models.AuditEntry.__table__.name)
    numbers = {**numbers, log: audit_proof.highest(connection)}
    files = models.File.__table__
    columns_wanted = (files.c.key, files.c.sha256, files.c.claimed)
    attachments = [_Attachment(*row) for row in connection.execute(sa.select(*columns_wanted).order_by(files.c.key))]
    return described, numbers, attachments


def _all_tables(connection: sa.Connection) -> Iterator[tuple[int | None, sa.Table]]:
    """The tables in an order in which each finds what it refers to, with the columns that are there."""
    for table in models.Base.metadata.sorted_tables:
        if table.name not in LEFT_OUT:
            yield None, table
    inspector = sa.inspect(connection)
    # One question for all of them: an installation has thousands of tables.
    there = {
        name: {column["name"] for column in columns} for (_, name), columns in inspector.get_multi_columns().items()
    }
    for app in dumping.every_app(connection):
        for table in dumping.tables_of_all_versions(connection, app, there):
            if not table.info.get(dumping.REBUILT):
                yield app, table


def _lines(connection: sa.Connection, table: sa.Table, shapes: t.Sequence[Shape]) -> Iterator[tuple[bytes, int]]:
    how = writers(shapes)
    statement = sa.select(table).order_by(*table.primary_key.columns)
    result = connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})
    for page in result.partitions():
        yield b"".join(orjson.dumps(turned(row, how)) + b"\n" for row in page), len(page)


# --- attachments ---------------------------------------------------------------------------------


def _attachments(
    store: FileStore, writer: Writer, attachments: list[_Attachment], progress: Progress
) -> dict[str, t.Any]:
    count = size = 0
    missing, damaged = [], []
    for each in attachments:
        try:
            stream = store.open(each.key)
        except NotFound:
            # An upload that nobody attached may be swept away meanwhile; of a record none ever is.
            if each.claimed:
                missing.append(each.key)
            continue
        part, digest, length = f"files/{each.key}", hashlib.sha256(), 0
        with stream, writer.part(part, packed=False) as out:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                length += len(chunk)
                out.write(chunk)
                progress(part, length)
        if digest.hexdigest() != each.sha256:
            damaged.append(each.key)
        count, size = count + 1, size + length
    return {"count": count, "bytes": size, "missing": missing, "damaged": damaged}


def _summary(manifest: Mapping[str, t.Any], path: Path, size: int, made_at: str) -> Made:
    tables, files = manifest["tables"], manifest["files"]
    return Made(
        file=str(path),
        size=size,
        made_at=made_at,
        tables=len(tables),
        rows=sum(each["rows"] for each in tables),
        apps=manifest["apps"],
        records=sum(each["rows"] for each in tables if each["name"] == f"app_{each['app']}"),
        files=files["count"],
        missing=tuple(files["missing"]),
        damaged=tuple(files["damaged"]),
    )
