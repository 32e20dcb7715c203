"""The tolerant search of an app."""

from __future__ import annotations

import flask

from lowcode.api.v1.blueprint import answer, blueprint
from lowcode.api.v1.records import number
from lowcode.query import kintone
from lowcode.web import state

MOST_HITS, DEEPEST = 500, 1_000


@blueprint.get("/apps/<app>/search")
def search(app: str) -> flask.Response:
    """``q=わたなべ 5678``, ``fuzzy=true``, ``query=…``, ``limit``, ``offset``, ``fields=a,b``: the best records first.

    ``{"records": [{"id", "revision", "values", "score", "found": [codes]}], "total", "more"}``; ``more`` says that
    there are more than ``total``, which were not counted.
    """
    asked = kintone.parse(flask.request.args.get("query", ""))
    fields = [code for code in flask.request.args.get("fields", "").split(",") if code] or None
    limit, offset = number("limit", 20, MOST_HITS), number("offset", 0, DEEPEST)
    with state.reading() as space:
        reader = space.reader(space.app(app))
        reader.policy.require("view")
        found = reader.search(
            flask.request.args.get("q", ""),
            asked.condition,
            fuzzy=flask.request.args.get("fuzzy") == "true",
            limit=limit,
            offset=offset,
        )
        by_id = {hit.id: hit for hit in found.hits}
        page = [
            {**record, "score": by_id[record["id"]].score, "found": [f.code for f in by_id[record["id"]].fields]}
            for record in reader.json_list(found.asked, ids=list(by_id), fields=fields)
        ]
        return answer({"records": page, "total": found.total, "more": found.more})
