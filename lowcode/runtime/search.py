"""Search over all apps that a person may see: the best records of each, the apps with the best ones first."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from flask import render_template, request, url_for

from lowcode.errors import Invalid
from lowcode.records.catalog import LiveApp
from lowcode.records.workspace import Workspace
from lowcode.runtime import columns as listed
from lowcode.runtime import lists, marking, shown
from lowcode.runtime.blueprint import blueprint
from lowcode.search.needle import LONGEST
from lowcode.web.state import reading

PER_APP = 5
FACTS = 4
"""Values shown behind a record's name, those that hold the words first."""


@dataclass(frozen=True)
class AppHits:
    """What one app has."""

    best: int
    template: dict[str, t.Any]


@blueprint.get("/search")
def search() -> str:
    """What the search box of the frame finds; ``fuzzy=1`` also what sounds alike or comes near."""
    words = request.args.get("q", "").strip()[:LONGEST]
    fuzzy = request.args.get("fuzzy") == "1"
    found: list[AppHits] = []
    if words:
        with reading() as space:
            hits = [_hits(space, live, words, fuzzy=fuzzy) for live in space.snapshot.all()]
        # Sorting keeps the order of the apps where they are as good.
        found = sorted((each for each in hits if each is not None), key=lambda each: -each.best)
    return render_template(
        "runtime/search.html",
        words=words,
        fuzzy=fuzzy,
        found=[each.template for each in found],
        fuzzy_url=url_for("runtime.search", q=words, fuzzy=1),
    )


def _hits(space: Workspace, live: LiveApp, words: str, *, fuzzy: bool) -> AppHits | None:
    """The best hits of one app, or None when there are none."""
    reader = space.reader(live)
    if not reader.policy.allows("view"):
        return None
    try:
        found = reader.search(words, fuzzy=fuzzy, limit=PER_APP)
    except Invalid:
        return None
    if not found.hits or found.needle is None:
        return None
    definition, ctx, needle = live.definition, reader.ctx, found.needle
    named = definition.title_field
    view = lists.view_of(reader, "")
    columns = [f for f in listed.columns_of(definition, view, reader.shown) if f.code != named.code][:FACTS]
    codes = list(dict.fromkeys([named.code, *(f.code for f in columns), *marking.codes_of(definition, found.hits)]))
    read = reader.by_ids([hit.id for hit in found.hits], codes, found_by=found.asked)
    records = {record.id: record for record in read}
    rows = []
    for hit in found.hits:
        record = records[hit.id]
        facts = marking.where_found(definition, hit, record.values, needle, ctx, [named.code])
        there = {f.code for f in hit.fields}
        facts += [
            (f.display_label(ctx.locale), marking.in_text(f.text(record.values.get(f.code), ctx), needle))
            for f in columns
            if f.code not in there and not f.is_empty(record.values.get(f.code))
        ]
        title = shown.title_of(definition, record.id, record.values, ctx)
        rows.append(
            {
                "url": url_for("runtime.show_record", app=live.id, record_id=record.id),
                "title": marking.in_text(title, needle),
                "facts": facts[:FACTS],
            }
        )
    template = {
        "app": shown.tile(live, ctx.locale),
        "rows": rows,
        "total": f"{found.total}+" if found.more else str(found.total),
        "all_url": url_for("runtime.list_records", app=live.id, view="all", q=words, fuzzy=1 if fuzzy else None),
    }
    return AppHits(found.hits[0].score, template)


@blueprint.get("/help")
def help_page() -> str:
    """What one needs to know to begin, and the keys."""
    return render_template("runtime/help.html")
