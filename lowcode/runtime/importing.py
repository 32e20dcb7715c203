"""Import by screen: upload, look at what was found, map columns, try it, run it as a job."""

from __future__ import annotations

import typing as t
from pathlib import Path

import sqlalchemy as sa
from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lowcode import messages
from lowcode.errors import Invalid, LowcodeError, NotFound
from lowcode.jobs.imports import enqueue_import
from lowcode.records.catalog import LiveApp
from lowcode.records.reader import RecordReader
from lowcode.runtime import shown
from lowcode.runtime.attachments import keep_upload
from lowcode.runtime.blueprint import blueprint
from lowcode.system import models
from lowcode.transfer import importing, tabular
from lowcode.transfer.mapping import map_columns
from lowcode.web.state import actor, context, reading, services, writing

MODES = ("upsert", "add", "update")
READING = ("encoding", "delimiter", "sheet", "header_row")


@blueprint.route("/k/<int:app>/import", methods=["GET", "POST"])
def import_file(app: int) -> str | Response | tuple[str, int]:
    """Step 1: choose a file."""
    problem = ""
    with reading() as space:
        live = space.app(app)
        space.reader(live).policy.require("import")
        tile = shown.tile(live, context().locale, current=True)
    if request.method == "POST":
        part = request.files.get("file")
        if part is not None and part.filename:
            ref = keep_upload(part)
            return redirect(url_for("runtime.import_mapping", app=app, key=ref.key), 303)
        problem = messages.text("runtime.import.choose", context().locale)
    page = render_template("runtime/import.html", app=tile, problem=problem)
    return (page, 422) if problem else page


def _path_of(key: str) -> tuple[Path, str]:
    """The uploaded file, for whoever uploaded it; anybody else's does not exist."""
    path = services().store.path(key)
    files = models.File.__table__
    with reading() as space:
        row = space.connection.execute(sa.select(files.c.name, files.c.created_by).where(files.c.key == key)).first()
    if row is None or row.created_by != actor().user_id:
        raise NotFound("file.not_found")
    return path, row.name


def _preview(path: Path, source: t.Mapping[str, str]) -> tabular.Preview:
    number = source.get("header_row", "")
    return tabular.inspect(
        path,
        encoding=source.get("encoding") or None,
        delimiter={"tab": "\t"}.get(source.get("delimiter", ""), source.get("delimiter")) or None,
        sheet=source.get("sheet") or None,
        header_row=int(number) if number.isdecimal() and len(number) < 4 else None,
    )


@blueprint.route("/k/<int:app>/import/<key>", methods=["GET", "POST"])
def import_mapping(app: int, key: str) -> str | Response | tuple[str, int]:
    """Step 2: how the file was read, which column goes where, and by which key."""
    path, name = _path_of(key)
    problems: list[dict[str, str]] = []
    try:
        preview = _preview(path, request.form if request.method == "POST" else request.args)
    except LowcodeError as error:
        return _refused(app, error)
    if request.method == "POST" and request.form.get("do") in ("try", "run"):
        try:
            return _start(app, key, name, preview)
        except Invalid as error:
            problems = [{"text": messages.sentence(p, context().locale)} for p in error.problems]
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        reader.policy.require("import")
        page = render_template(
            "runtime/import_mapping.html", **_page(live, reader, key, name, preview), problems=problems
        )
    return (page, 422) if problems else page


def _refused(app: int, error: LowcodeError) -> tuple[str, int]:
    words = (
        [messages.sentence(p, context().locale) for p in error.problems]
        if isinstance(error, Invalid)
        else [messages.text(error.code, context().locale, **error.params)]
    )
    with reading() as space:
        tile = shown.tile(space.app(app), context().locale, current=True)
    return render_template("runtime/import.html", app=tile, problem=" ".join(words)), 422


def _start(app: int, key: str, name: str, preview: tabular.Preview) -> Response:
    form = request.form
    overrides = {
        f"#{at + 1}": form.get(f"column:{at}", "") for at in range(len(preview.headers)) if f"column:{at}" in form
    }
    with writing() as space:
        plan = importing.plan_import(
            space,
            app,
            preview,
            key=form.get("key") or None,
            mode=form.get("mode") if form.get("mode") in MODES else None,
            dry_run=form.get("do") == "try",
            overrides=overrides,
            years=_years(form),
            serial=form.get("serial") == "1",
            bad_cells="empty" if form.get("bad_cells") == "empty" else "fail",
        )
        job = enqueue_import(space.connection, plan, key, actor(), services().settings.now(), name=name)
    return redirect(url_for("runtime.job", job_id=job), 303)


def _years(form: t.Mapping[str, str]) -> dict[str, int]:
    year = form.get("year", "")
    if not (year.isdecimal() and len(year) == 4):
        return {}
    return {code: int(year) for name, code in form.items() if name.startswith("column:") and code}


def _page(live: LiveApp, reader: RecordReader, key: str, name: str, preview: tabular.Preview) -> dict[str, t.Any]:
    definition, locale = live.definition, reader.ctx.locale
    proposed = map_columns(
        preview.headers,
        definition,
        writable=reader.policy.writable,
        key=None,
        overrides=None,
        years=None,
        serial=False,
    )
    fields = [
        f
        for f in definition.layout_order
        if f.code in reader.readable and (f.writable or f.type_name == "RECORD_NUMBER")
    ]
    inner = [
        (f"{table.display_label(locale)} › {f.display_label(locale)}", f.code)
        for table in definition.subtables
        if table.code in reader.readable
        for f in table.fields
        if f.writable
    ]
    targets = [(f.display_label(locale), f.code) for f in fields if f.type_name not in ("SUBTABLE", "FILE")] + inner
    samples = preview.samples(3)
    columns = [
        {
            "at": c.index,
            "header": c.header or f"({c.index + 1})",
            "field": c.field or "",
            "role": c.role,
            "samples": samples[c.index] if c.index < len(samples) else [],
        }
        for c in proposed
    ]
    keys = [
        (f.display_label(locale), f.code)
        for f in fields
        if f.type_name in ("SINGLE_LINE_TEXT", "NUMBER", "LINK", "DATE", "DATETIME", "RECORD_NUMBER", "SERIAL")
    ]
    number = definition.of_type("RECORD_NUMBER")
    mapped = {c.field for c in proposed}
    unique = next(
        (f.code for f in fields if f.is_unique() and f.code in mapped),
        number.code if number is not None and number.code in mapped else "",
    )
    chosen = request.form if request.method == "POST" else {}
    return {
        "app": shown.tile(live, locale, current=True),
        "key": key,
        "name": name,
        "columns": columns,
        "targets": targets,
        "keys": keys,
        "reading": preview.reading,
        "sheets": preview.sheets,
        "total": preview.total,
        "rows": [[tabular.as_text(cell) for cell in cells[:12]] for _, cells in preview.first_rows[:8]],
        "chosen_key": chosen.get("key", unique),
        "chosen_mode": chosen.get("mode", "upsert" if unique else "add"),
        "modes": MODES,
        "chosen": chosen,
    }
