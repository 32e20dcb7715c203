"""Exports as jobs: a file among the attachments of whoever asked."""

from __future__ import annotations

import tempfile
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.files import library
from lowcode.jobs import queue
from lowcode.jobs.running import JobRun
from lowcode.query import kintone
from lowcode.transfer import exporting

CONTENT_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def enqueue_export(
    connection: sa.Connection,
    app_id: int,
    actor: Actor,
    now: datetime,
    *,
    query: str = "",
    columns: Sequence[str] | None = None,
    format: t.Literal["csv", "tsv", "xlsx"] = "csv",
    encoding: t.Literal["utf-8", "cp932"] = "utf-8",
    name: str = "",
) -> int:
    """A job that writes the records of ``query`` into a file; its result names the file's key."""
    payload = {
        "app": app_id,
        "query": query,
        "columns": None if columns is None else list(columns),
        "format": format,
        "encoding": encoding,
        "name": name,
    }
    return queue.add(connection, "records.export", payload, now, by=actor, app_id=app_id)


def run_export(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``records.export``."""
    payload, actor = run.job.payload, run.actor()
    format = payload["format"]
    with tempfile.TemporaryDirectory(prefix="lowcode-export-") as folder:
        path = Path(folder) / f"export.{format}"
        code, count, replaced = write_file(
            run, actor, path, format, payload["encoding"], payload["query"], payload["columns"]
        )
        with path.open("rb") as stream:
            key, size, digest = run.services.store.write(stream)
    name = payload["name"] or f"{code}.{format}"
    with db.writing(run.services.engine) as connection:
        library.register(
            connection,
            key=key,
            size=size,
            digest=digest,
            name=name,
            content_type=CONTENT_TYPES[format],
            user_id=run.job.actor_id,
            now=run.clock(),
        )
    return {"file": key, "name": name, "count": count, "replaced": replaced}


def write_file(
    run: JobRun,
    actor: Actor,
    path: Path,
    format: str,
    encoding: t.Literal["utf-8", "cp932"],
    query: str,
    columns: Sequence[str] | None,
) -> tuple[str, int, list[tuple[str, int]]]:
    """The file itself: the app's code, how many records, and the characters that were replaced."""
    parsed = kintone.parse(query)
    replaced = exporting.Replaced()

    def on_page(count: int) -> None:
        run.check_ending()
        run.progress(count)

    with run.services.reading(actor) as space:
        reader = space.reader(run.job.payload["app"])
        chosen = exporting.choose_columns(reader, columns)
        ids = exporting.begin(space, reader, parsed, chosen, format)
        pages = exporting.short_pages(
            lambda: run.services.reading(actor), run.job.payload["app"], ids, chosen, on_page=on_page
        )
        if format == "xlsx":
            exporting.export_xlsx(reader, path, columns=chosen, pages=pages)
        else:
            with path.open("wb") as out:
                out.writelines(
                    exporting.export_csv(
                        reader,
                        columns=chosen,
                        encoding=encoding,
                        delimiter="\t" if format == "tsv" else ",",
                        replaced=replaced,
                        pages=pages,
                    )
                )
        return reader.live.code, len(ids), replaced.listed()


__all__ = ["CONTENT_TYPES", "enqueue_export", "run_export", "write_file"]
