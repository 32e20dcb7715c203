"""Attachments: storing uploads before a save, and handing files out by the record that holds them."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from flask import send_file
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.wrappers import Response

from lowcode import db
from lowcode.errors import NotFound
from lowcode.fields.context import FileRef
from lowcode.fields.form_widgets import UPLOAD
from lowcode.fields.subtable import SubtableField
from lowcode.files import library, previews
from lowcode.jobs.previews import enqueue_preview
from lowcode.jobs.previews import root as preview_root
from lowcode.jobs.searching import enqueue_text
from lowcode.records.catalog import LiveApp
from lowcode.records.workspace import Workspace
from lowcode.runtime.blueprint import blueprint
from lowcode.system import models
from lowcode.web.state import actor, reading, reads, services


def with_uploads(form: MultiDict[str, str], files: MultiDict[str, FileStorage]) -> MultiDict[str, str]:
    """Store what arrives as ``<name>:upload`` and add each file's key to the form data as ``<name>``.

    The bytes are kept before any transaction; what no record claims is swept away later.
    """
    combined: MultiDict[str, str] = MultiDict(form)
    made = [
        (name.removesuffix(UPLOAD), part)
        for name, part in files.items(multi=True)
        if name.endswith(UPLOAD) and part.filename
    ]
    for name, part in made:
        combined.add(name, keep_upload(part, preview=True).key)
    return combined


def keep_upload(part: FileStorage, *, preview: bool = False) -> FileRef:
    """Keep one uploaded file for whoever sent it; the bytes are synced before the short write transaction begins.

    :param preview: have pictures made of it, where it is of a kind that can have some.
    """
    key, size, digest = services().store.write(t.cast(t.BinaryIO, part.stream))
    now = services().settings.now()
    with db.writing(services().engine) as connection:
        ref = library.register(
            connection,
            key=key,
            size=size,
            digest=digest,
            name=part.filename or "",
            user_id=actor().user_id,
            content_type=part.mimetype or "application/octet-stream",
            now=now,
        )
        if preview:
            enqueue_preview(connection, key, ref.content_type, size, now)
        enqueue_text(connection, key, ref.name, size, now)
        return ref


def _holder(app: int, field_id: int, key: str) -> int:
    """The record that has a file: its rights decide."""
    services().store.path(key)  # refuses what is no key before the database is asked
    with reading() as space:
        space.app(app)  # of an app that somebody may not know, nothing is told
        files = models.File.__table__
        wanted = sa.select(files.c.record_id).where(files.c.key == key, files.c.app_id == app, files.c.claimed)
        record_id: int | None = space.connection.scalar(wanted)
    if record_id is None:
        raise NotFound("file.not_found")
    return record_id


def _file_of(app: int, record_id: int, field_id: int, key: str, action: str) -> FileRef:
    """A file that a field of a record holds, for those who may read both.

    :param action: what the audit log tells of it.
    """
    with reading() as space:
        live = space.app(app)
        ref = held_file(space, live, record_id, field_id, key)
    # By its key: a file's name may be a person's.
    place = {"field": live.definition.by_id(field_id).code, "key": key}  # type: ignore[union-attr]  # it was found
    reads().note(live, action, [record_id], target=f"{live.code}/{record_id}", details=place)
    return ref


def held_file(space: Workspace, live: LiveApp, record_id: int, field_id: int, key: str) -> FileRef:
    """The file with this key in a field of a record. :raises NotFound: there is none for the actor."""
    field = live.definition.by_id(field_id)
    if field is None or field.type_name != "FILE":
        raise NotFound("file.not_found")
    table = live.definition.subtable_of(field.code)
    holder = table if table is not None else field
    record = space.reader(live, noted=False).get(record_id, fields=[holder.code])
    value = record.values.get(holder.code) or ()
    if isinstance(holder, SubtableField):
        value = tuple(ref for row in value for ref in row.values.get(field.code) or ())
    ref = next((r for r in value if r.key == key), None)
    if ref is None:
        raise NotFound("file.not_found")
    return t.cast(FileRef, ref)


@blueprint.get("/k/<int:app>/file/<int:field_id>/<key>")
def download_by_key(app: int, field_id: int, key: str) -> Response:
    """A file as a field's value links to it."""
    return download(app, _holder(app, field_id, key), field_id, key)


@blueprint.get("/k/<int:app>/file/<int:record_id>/<int:field_id>/<key>")
def download(app: int, record_id: int, field_id: int, key: str) -> Response:
    """A file of a record, always as a download: what a citizen sent must not run in a clerk's browser."""
    ref = _file_of(app, record_id, field_id, key, "file.downloaded")
    response = send_file(
        services().store.open(ref.key),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=ref.name,
        max_age=0,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@blueprint.get("/k/<int:app>/file/<int:record_id>/<int:field_id>/<key>/page/<int:number>")
def preview(app: int, record_id: int, field_id: int, key: str, number: int) -> Response:
    """A page of a file as a picture that we made ourselves; nothing of the original is in it."""
    ref = _file_of(app, record_id, field_id, key, "file.previewed")
    pages = previews.pages(preview_root(services().settings), ref.key)
    if not 1 <= number <= len(pages):
        raise NotFound("file.not_found")
    response = send_file(pages[number - 1], mimetype=previews.CONTENT_TYPE, max_age=0)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def preview_count(ref: FileRef) -> int:
    """How many pictures there are of a file by now."""
    if not previews.can_preview(ref.content_type, ref.size):
        return 0
    return len(previews.pages(preview_root(services().settings), ref.key))
