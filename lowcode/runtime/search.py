"""Search over all apps that a person may see: the first records of each that hold every word."""

from __future__ import annotations

import typing as t

from flask import render_template, request, url_for

from lowcode.errors import Invalid
from lowcode.query.ast import Search, SortKey
from lowcode.records.catalog import LiveApp
from lowcode.records.workspace import Workspace
from lowcode.runtime import columns as listed
from lowcode.runtime import lists, shown
from lowcode.runtime.blueprint import blueprint
from lowcode.web.state import reading

PER_APP = 5
MANY = 100


@blueprint.get("/search")
def search() -> str:
    """What the search box of the frame finds."""
    words = request.args.get("q", "").strip()[:200]
    found: list[dict[str, t.Any]] = []
    if words:
        with reading() as space:
            for live in space.snapshot.all():
                hits = _hits(space, live, words)
                if hits is not None:
                    found.append(hits)
    return render_template("runtime/search.html", words=words, found=found)


def _hits(space: Workspace, live: LiveApp, words: str) -> dict[str, t.Any] | None:
    """The newest hits of one app, or None when there are none."""
    reader = space.reader(live)
    if not reader.policy.allows("view"):
        return None
    named = live.definition.title_field
    columns = [
        f for f in listed.columns_of(live.definition, lists.view_of(reader, ""), reader.shown) if f.code != named.code
    ][:5]
    condition = Search(words)
    try:
        records = reader.list(
            condition, (SortKey("$id", True),), limit=PER_APP, fields=[named.code, *(f.code for f in columns)]
        )
        total = reader.count(condition, limit=MANY + 1) if len(records) == PER_APP else len(records)
    except Invalid:
        return None
    if not records:
        return None
    ctx = reader.ctx
    rows = [
        {
            "url": url_for("runtime.show_record", app=live.id, record_id=r.id),
            "title": shown.title_of(live.definition, r.id, r.values, ctx),
            "facts": [
                (f.display_label(ctx.locale), f.text(r.values.get(f.code), ctx))
                for f in columns
                if not f.is_empty(r.values.get(f.code))
            ],
        }
        for r in records
    ]
    return {
        "app": shown.tile(live, ctx.locale),
        "rows": rows,
        "total": f"{MANY}+" if total > MANY else str(total),
        "all_url": url_for("runtime.list_records", app=live.id, view="all", q=words),
    }


@blueprint.get("/help")
def help_page() -> str:
    """What one needs to know to begin, and the keys."""
    return render_template("runtime/help.html")
