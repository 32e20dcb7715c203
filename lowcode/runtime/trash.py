"""Deleted records: what was deleted, by whom, and bringing it back."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from lowcode import messages
from lowcode.runtime import shown
from lowcode.runtime.blueprint import blueprint, number_of, record_ids
from lowcode.web.state import context, reading, written

PAGE = 50
MOST_PAGES = 100_000


@blueprint.get("/k/<int:app>/trash")
def trash(app: int) -> str:
    """The deleted records of an app, newest first."""
    page = min(number_of(request.args.get("page")) or 1, MOST_PAGES)
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        found = reader.trash(limit=PAGE + 1, offset=(max(page, 1) - 1) * PAGE)
        rows = [
            {
                "id": t.id,
                "title": shown.title_of(live.definition, t.id, t.values, reader.ctx),
                "who": t.entry.actor_name,
                "when": shown.when(t.entry.at, reader.ctx),
            }
            for t in found[:PAGE]
        ]
        return render_template(
            "runtime/trash.html",
            app=shown.tile(live, reader.ctx.locale, current=True),
            rows=rows,
            prev_url=url_for("runtime.trash", app=app, page=page - 1) if page > 1 else "",
            next_url=url_for("runtime.trash", app=app, page=page + 1) if len(found) > PAGE else "",
        )


@blueprint.route("/k/<int:app>/restore", methods=["GET", "POST"])
def restore(app: int) -> str | Response:
    """Bring records back. A link to here only asks: a link must not write."""
    ids = record_ids(request.args["ids"].split(",") if "ids" in request.args else request.form.getlist("ids"))
    if request.method == "GET":
        with reading() as space:
            live = space.app(app)
            return render_template(
                "runtime/restore.html", app=shown.tile(live, context().locale, current=True), ids=ids, count=len(ids)
            )
    written(lambda space: space.service(app).restore(ids))
    flash(messages.text("runtime.restored", context().locale, count=len(ids)))
    if len(ids) == 1:
        return redirect(url_for("runtime.show_record", app=app, record_id=ids[0]))
    return redirect(url_for("runtime.list_records", app=app))
