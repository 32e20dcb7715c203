"""Export of a list: chosen columns in a chosen order, as CSV, TSV or a spreadsheet."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, quote

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lowcode.errors import Invalid
from lowcode.jobs.exports import enqueue_export
from lowcode.query import filters, kintone
from lowcode.query import writing as query_writing
from lowcode.query.ast import ID, Compare, Literal, Query
from lowcode.records.reader import RecordReader
from lowcode.runtime import lists, shown
from lowcode.runtime.blueprint import blueprint
from lowcode.runtime.columns import COLS, columns_of
from lowcode.transfer import exporting
from lowcode.web.state import actor, context, reading, services, writing

MOST_FOUND = 4_000
"""So many records of a search go into a spreadsheet; filters have no such limit."""
FORMATS = ("csv", "tsv", "xlsx")


@blueprint.get("/k/<int:app>/export")
def export_form(app: int) -> str:
    """Which columns, in which order, as what."""
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        reader.policy.require("export")
        query = _query(reader, request.query_string.decode())
        view = lists.view_of(reader, request.args.get("view", ""))
        first = [f.code for f in columns_of(live.definition, view, reader.shown, request.args.get(COLS, ""))]
        fields = exporting.exportable(live.definition, reader.shown)
        ordered = sorted(fields, key=lambda f: first.index(f.code) if f.code in first else len(first))
        columns = [
            {"code": f.code, "label": f.display_label(reader.ctx.locale), "chosen": f.code in first, "place": at + 1}
            for at, f in enumerate(ordered)
        ]
        return render_template(
            "runtime/export.html",
            app=shown.tile(live, reader.ctx.locale, current=True),
            columns=columns,
            total=reader.count(query.condition),
            back=request.query_string.decode(),
            formats=FORMATS,
        )


@blueprint.post("/k/<int:app>/export")
def export(app: int) -> AnyResponse:
    """UTF-8 texts stream at once; spreadsheets and CP932 (which lists what it replaced) are made by a job."""
    chosen = _chosen_columns()
    kind = t.cast(
        t.Literal["csv", "tsv", "xlsx"], request.form.get("format") if request.form.get("format") in FORMATS else "csv"
    )
    encoding: t.Literal["utf-8", "cp932"] = "cp932" if request.form.get("encoding") == "cp932" else "utf-8"
    with writing() as space:
        live = space.app(app)
        reader = space.reader(live)
        reader.policy.require("export")
        exporting.choose_columns(reader, chosen)
        query = _query(reader, request.form.get("list", ""))
        moment = context().now.astimezone(context().zone).strftime("%Y%m%d-%H%M")
        name = f"{live.definition.display_name(context().locale)}-{moment}.{kind}"
        if kind == "xlsx" or encoding == "cp932":
            job = enqueue_export(
                space.connection,
                live.id,
                actor(),
                services().settings.now(),
                query=_as_text(reader, query),
                columns=chosen,
                format=kind,
                encoding=encoding,
                name=name,
            )
            return redirect(url_for("runtime.job", job_id=job))
    return _stream(app, query, chosen, "\t" if kind == "tsv" else ",", name)


def _stream(app: int, query: Query, codes: Sequence[str] | None, delimiter: str, name: str) -> Response:
    who, held = actor(), services()
    with reading() as space:
        reader = space.reader(app)
        columns = exporting.choose_columns(reader, codes)
        ids = exporting.begin(space, reader, query, columns, "csv" if delimiter == "," else "tsv")

    def pieces() -> Iterator[bytes]:
        with held.reading(who) as space:
            reader = space.reader(app)
            columns = exporting.choose_columns(reader, codes)
            pages = exporting.short_pages(lambda: held.reading(who), app, ids, columns)
            yield from exporting.export_csv(reader, columns=columns, delimiter=delimiter, pages=pages)

    answer = Response(pieces(), mimetype="text/csv" if delimiter == "," else "text/tab-separated-values")
    answer.headers["Content-Disposition"] = (
        f"attachment; filename=\"export.{'csv' if delimiter == ',' else 'tsv'}\"; filename*=UTF-8''{quote(name)}"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _chosen_columns() -> list[str] | None:
    """The ticked columns by their places."""
    codes = request.form.getlist("columns")

    def place(code: str) -> int:
        number = request.form.get(f"place:{code}", "")
        return int(number) if number.isdecimal() and len(number) < 6 else 10_000

    return sorted(codes, key=place) or None


def _query(reader: RecordReader, list_query: str) -> Query:
    """The condition and order of the list that the export belongs to."""
    pairs = parse_qsl(list_query, keep_blank_values=True)
    view = lists.view_of(reader, dict(pairs).get("view", ""))
    try:
        asked = filters.from_parameters(pairs)
    except Invalid:
        asked = filters.ListQuery()
    saved = kintone.parse(view.filter_cond) if view is not None and view.filter_cond else Query()
    order = asked.order or (kintone.parse(f"order by {view.sort}").order if view is not None and view.sort else ())
    return Query(saved.narrowed(asked.node).condition, tuple(order))


def _as_text(reader: RecordReader, query: Query) -> str:
    """The query for a job. What the search box found has no words in the query text, so its records are named."""
    try:
        return query_writing.to_text(query)
    except (Invalid, TypeError, ValueError):
        ids = reader.ids(query.condition, query.order, limit=MOST_FOUND)
        named = Compare(ID, "in", tuple(Literal(str(i)) for i in ids) or (Literal("0"),))
        return query_writing.to_text(Query(named, query.order))
