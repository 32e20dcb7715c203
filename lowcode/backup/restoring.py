"""Restoring a backup into an empty place: all of it or, when anything fails, nothing.

The tables are made as they were at the backup's revision, filled, and then upgraded to this release's. Tables and
indexes of apps are made anew from their definitions. All of that is one transaction; the attachments lie there before
it is committed.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import typing as t
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.accounts import audit, audit_proof
from lowcode.backup import archive, keeping
from lowcode.backup.making import FORMAT, SEALS, SECRET, Progress, sync_folder
from lowcode.backup.values import Shape, readers, turned
from lowcode.deploy import rebuild
from lowcode.errors import LowcodeError
from lowcode.records import dumping, indexing
from lowcode.services import Services
from lowcode.system import migrate, models

ROWS_AT_ONCE = 1_000
_LOG: t.Final = models.AuditEntry.__table__.name


class CannotRestore(LowcodeError):
    """Nothing was restored; the sentence says why."""

    status = 409
    default_code = "backup.not_restored"


@dataclass(frozen=True)
class Restored:
    """What is there now."""

    made_at: str
    product: str
    revision: str
    tables: int
    rows: int
    files: int


def restore(services: Services, path: Path, *, progress: Progress = lambda _part, _count: None) -> Restored:
    """Fill the empty data folder and the empty database of ``services`` from the file ``path``.

    :raises BadArchive: the file is damaged (nothing is touched). :raises CannotRestore: the place is not empty, the
        secret in the environment is another, or the counts differ. :raises DatabaseTooNew: a newer release made it.
    """
    report = archive.check(path)
    if report.damage:
        raise archive.BadArchive(part=report.damage[0].part)
    manifest = report.manifest
    if manifest["format"] > FORMAT:
        raise CannotRestore("backup.newer_format", product=manifest["product"])
    migrate.require_known(manifest["revision"])
    _require_empty(services, path)
    with zipfile.ZipFile(path) as opened, _undone_on_failure(services.settings.data_dir) as folder:
        _put_secret(services, opened.read(SECRET))
        with db.writing(services.engine) as connection:
            _fill(connection, opened, manifest, progress)
            files = _put_files(services, opened, progress)
            if SEALS in opened.namelist():
                _put(folder / audit_proof.SEALS, opened.read(SEALS))
            now, by = services.settings.now(), services.system("lowcode restore")
            details = {"made_at": manifest["made_at"], "product": manifest["product"], "from": manifest["database"]}
            audit.note(connection, by, "backup.restored", now, target=path.name, details=details)
    with services.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("ANALYZE")  # both planners are blind until then
    rows = sum(each["rows"] for each in manifest["tables"])
    return Restored(
        manifest["made_at"], manifest["product"], manifest["revision"], len(manifest["tables"]), rows, files
    )


# --- an empty place ------------------------------------------------------------------------------


def _require_empty(services: Services, path: Path) -> None:
    folder = services.settings.data_dir
    database = Path(services.engine.url.database or "") if services.engine.dialect.name == "sqlite" else Path()
    allowed = {keeping.FOLDER, "lost+found", *(f"{database.name}{end}" for end in ("", "-wal", "-shm", "-deploy"))}
    for found in sorted(folder.iterdir()):
        if found.name not in allowed and found.resolve() != path.resolve():
            raise CannotRestore("backup.folder_not_empty", folder=str(folder), found=found.name)
    with db.reading(services.engine) as connection:
        tables = sa.inspect(connection).get_table_names()
    if tables:
        raise CannotRestore("backup.database_not_empty", table=sorted(tables)[0])


@contextlib.contextmanager
def _undone_on_failure(folder: Path) -> Iterator[Path]:
    """What is put into the empty folder is taken out again when the restore fails."""
    before = {each.name for each in folder.iterdir()}
    try:
        yield folder
    except BaseException:
        for each in folder.iterdir():
            if each.name in ("files", "secret.key", audit_proof.SEALS) and each.name not in before:
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        raise


def _put_secret(services: Services, secret: bytes) -> None:
    """The chain of the audit log hangs on it, so it must be the same one."""
    given = services.settings.secret_key
    if given is None:
        _put(services.settings.data_dir / "secret.key", secret)
    elif given.encode() != secret:
        raise CannotRestore("backup.other_secret")


def _put(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _put_files(services: Services, opened: zipfile.ZipFile, progress: Progress) -> int:
    count, folders = 0, set()
    for name in opened.namelist():
        if name.startswith("files/"):
            key = name.removeprefix("files/")
            with opened.open(name) as stream:
                services.store.put(key, t.cast(t.BinaryIO, stream))
            folders.add(services.store.path(key).parent)
            count += 1
            progress(name, count)
    for folder in sorted(folders):
        sync_folder(folder)
    return count


# --- tables --------------------------------------------------------------------------------------


def _fill(
    connection: sa.Connection, opened: zipfile.ZipFile, manifest: Mapping[str, t.Any], progress: Progress
) -> None:
    if db.is_sqlite(connection):
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    migrate.upgrade_to(connection, manifest["revision"])
    _forget_first_rows(connection)
    tables: list[Mapping[str, t.Any]] = manifest["tables"]
    for each in tables:
        if each["app"] is None:
            _fill_table(connection, opened, each, progress)
    there = {each["name"]: [name for name, _, _ in each["columns"]] for each in tables}
    for app in dumping.every_app(connection):
        tables_of_app = dumping.tables_of_all_versions(connection, app, there)
        rebuild.make_tables(connection, [table for table in tables_of_app if table.name in there])
    for each in tables:
        if each["app"] is not None:
            _fill_table(connection, opened, each, progress)
    for name, number in manifest["numbers"].items():
        if name != _LOG:
            db.set_last_number(connection, name, number)
    audit_proof.go_on_from(connection, manifest["numbers"][_LOG])
    if manifest["revision"] != migrate.head():
        migrate.upgrade_to(connection, migrate.head())
    # What is filled anew comes last: an upgrade may have made it already.
    present = set(sa.inspect(connection).get_table_names())
    for app in dumping.every_app(connection):
        tables_of_app = dumping.tables_of_all_versions(connection, app, there)
        rebuild.make_tables(connection, [table for table in tables_of_app if table.name not in present])
    rebuild.make_indexes(connection)
    for app in dumping.every_app(connection):
        indexing.start_over(connection, app)  # a job fills it; searches go on without it until then
    keeping.forget_result(connection)


def _forget_first_rows(connection: sa.Connection) -> None:
    """A new database has rows of its own; the backup has its own of the same."""
    present = set(sa.inspect(connection).get_table_names())
    for table in reversed(models.Base.metadata.sorted_tables):
        if table.name in present:
            connection.execute(sa.delete(sa.table(table.name)))


def _fill_table(
    connection: sa.Connection, opened: zipfile.ZipFile, described: Mapping[str, t.Any], progress: Progress
) -> None:
    shapes = [Shape(*column) for column in described["columns"]]
    names, how = [shape.name for shape in shapes], readers(shapes)
    table = sa.table(described["name"], *(shape.column() for shape in shapes))
    own = _self_references(connection, described["name"]) & set(names)
    later: list[dict[str, t.Any]] = []
    count = 0
    with opened.open(described["part"]) as packed:
        for lines in _pages(io.BufferedReader(t.cast(io.RawIOBase, packed))):
            rows = [dict(zip(names, turned(orjson.loads(line), how), strict=True)) for line in lines]
            for row in rows if own else ():
                # A row may name one that comes after it.
                later.append({"row": row["id"], **{f"new_{name}": row[name] for name in own}})
                row |= dict.fromkeys(own)
            connection.execute(sa.insert(table), rows)
            count += len(rows)
            progress(described["part"], count)
    if later:
        change = sa.update(table).where(table.c.id == sa.bindparam("row"))
        connection.execute(change.values({name: sa.bindparam(f"new_{name}") for name in own}), later)
    there = connection.scalar(sa.select(sa.func.count()).select_from(table))
    if not count == there == described["rows"]:
        raise CannotRestore("backup.count", table=described["name"], wanted=described["rows"], found=there)


def _self_references(connection: sa.Connection, table: str) -> set[str]:
    keys = sa.inspect(connection).get_foreign_keys(table)
    return {name for key in keys if key["referred_table"] == table for name in key["constrained_columns"]}


def _pages(stream: io.BufferedReader) -> Iterator[Sequence[bytes]]:
    page: list[bytes] = []
    for line in stream:
        page.append(line)
        if len(page) == ROWS_AT_ONCE:
            yield page
            page = []
    if page:
        yield page
