"""What a browser prints: the page tells so itself, for the audit log of apps with personal data.

The page has been told as read before; that it was put on paper, only the browser knows.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from flask import request, url_for
from werkzeug.wrappers import Response

from lowcode.records.catalog import LiveApp
from lowcode.runtime.blueprint import blueprint, record_ids
from lowcode.web.state import reading, reads

MOST = 5_000


class Printed(t.NamedTuple):
    """What ``js/printed.js`` tells, and whereto."""

    url: str
    ids: str


def printed(live: LiveApp, ids: Sequence[int]) -> Printed | None:
    """For a page that shows these records; None where nobody needs to know."""
    if not live.definition.holds_personal_data or not ids:
        return None
    return Printed(url_for("runtime.was_printed", app=live.id), ",".join(map(str, ids)))


@blueprint.post("/k/<int:app>/printed")
def was_printed(app: int) -> Response:
    """The browser begins to print the records of ``ids``; those that exist for the person are noted."""
    ids = record_ids(request.form.get("ids", "").split(","), MOST)
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live, noted=False)
        reader.policy.require("view")
        found = [record.id for record in reader.by_ids(ids, ())]
    if found:
        reads().note(live, "records.printed", found)
    return Response(status=204)
