"""Streamed exports."""

from __future__ import annotations

from collections.abc import Iterator

import flask

from lowcode.api.v1.blueprint import blueprint
from lowcode.query import kintone
from lowcode.transfer import exporting
from lowcode.web import state


@blueprint.get("/apps/<app>/records.csv")
def records_csv(app: str) -> flask.Response:
    """The matching records as CSV in UTF-8, streamed: ``query``, ``fields=a,b``."""
    asked = kintone.parse(flask.request.args.get("query", ""))
    codes = [code for code in flask.request.args.get("fields", "").split(",") if code] or None
    services, actor = state.services(), state.actor()
    with state.reading() as space:
        # Everything that can be refused is refused before the first byte.
        reader = space.reader(space.app(app))
        reader.policy.require("export")
        columns = exporting.choose_columns(reader, codes)
        ids = exporting.begin(space, reader, asked, columns, "csv")

    def pieces() -> Iterator[bytes]:
        with services.reading(actor) as space:
            reader = space.reader(space.app(app))
            columns = exporting.choose_columns(reader, codes)
            pages = exporting.short_pages(lambda: services.reading(actor), app, ids, columns)
            yield from exporting.export_csv(reader, columns=columns, pages=pages)

    made = flask.Response(pieces(), mimetype="text/csv")
    made.headers["Content-Disposition"] = 'attachment; filename="records.csv"'
    made.headers["Cache-Control"] = "no-store"
    return made
