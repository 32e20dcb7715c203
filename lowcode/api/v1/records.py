"""Records as plain JSON: values by field code in their canonical form."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

import flask

from lowcode import messages
from lowcode.api.v1 import schemas
from lowcode.api.v1.blueprint import answer, blueprint, body
from lowcode.api.v1.conflicts import conflicts_json
from lowcode.errors import NotFound, invalid
from lowcode.query import kintone
from lowcode.records.record import Change, MergeConflict, Record
from lowcode.records.workspace import Workspace
from lowcode.web import state

MAX_PAGE = 5_000


def number(name: str, otherwise: int, most: int) -> int:
    """A whole number from the address. Raises :class:`Invalid` beyond 0…``most``."""
    text = flask.request.args.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= most):
        raise invalid("api.number_range", name, most=most)
    return int(text)


@blueprint.get("/apps/<app>/records")
def list_records(app: str) -> flask.Response:
    """A page: ``query`` in kintone's language, ``limit``, ``offset``, ``fields=a,b``, ``total=true``."""
    asked = kintone.parse(flask.request.args.get("query", ""))
    fields = [code for code in flask.request.args.get("fields", "").split(",") if code] or None
    limit = asked.limit if asked.limit is not None else number("limit", 100, MAX_PAGE)
    offset = asked.offset if asked.offset is not None else number("offset", 0, 2**40)
    with state.reading() as space:
        reader = space.reader(space.app(app))
        reader.policy.require("view")
        order = asked.order or kintone.parse("order by $id desc").order
        page = reader.json_list(asked.condition, order, limit=limit, offset=offset, fields=fields)
        total = reader.count(asked.condition) if flask.request.args.get("total") == "true" else None
        return answer({"records": page, "total": total})


@blueprint.get("/apps/<app>/records/<int:record_id>")
def get_record(app: str, record_id: int) -> flask.Response:
    """One record."""
    with state.reading() as space:
        reader = space.reader(space.app(app))
        reader.policy.require("view")
        found = reader.json_list(ids=[record_id])
        if not found:
            raise NotFound("record.not_found", id=record_id)
        return answer(found[0])


@blueprint.route("/apps/<app>/records", methods=["POST", "PATCH"])
def save_records(app: str) -> flask.Response:
    """Create (POST) or change (PATCH, each with an ``id``): all of them or none.

    A PATCH with the ``revision`` it was made from is merged with what others changed since. A true clash is answered
    with 409 and ``conflicts``; sent again with ``choices`` (``mine`` or ``theirs`` by the clash's key) and the shown
    revision as ``chosen_at`` it goes through.
    """
    creating = flask.request.method == "POST"
    changes = changes_of(body(), creating=creating)
    saved = state.written(lambda space: save(space, app, changes))
    if isinstance(saved, dict):
        return answer(saved, MergeConflict.status)
    return answer({"records": [{"id": r.id, "revision": r.revision} for r in saved]}, 201 if creating else 200)


def changes_of(data: Mapping[str, t.Any], *, creating: bool) -> list[Change]:
    """The changes that a body asks for. Raises :class:`Invalid` for a body of another shape."""
    changes = []
    for at, one in enumerate(schemas.load(schemas.RecordsBody(), data)["records"]):
        if creating == (one.get("id") is not None):
            raise invalid("api.id_not_wanted" if creating else "api.id_wanted", "records", at, "id")
        changes.append(Change(**one))
    return changes


def save(space: Workspace, app: str, changes: Sequence[Change]) -> list[Record] | dict[str, t.Any]:
    """The saved records, or the answer that shows the clashes (then nothing was written)."""
    live = space.app(app)
    try:
        return space.service(live).save(changes)
    except MergeConflict as error:
        message = messages.text(error.code, space.ctx.locale, **error.params)
        shown = {"code": error.code, "message": message, "problems": []}
        return {"error": shown, "conflicts": conflicts_json(error, space.reader(live))}


@blueprint.delete("/apps/<app>/records")
def delete_records(app: str) -> flask.Response:
    """Move the records of ``ids=1,2`` to the trash: all of them or none."""
    ids = [part for part in flask.request.args.get("ids", "").split(",") if part]
    if not ids or len(ids) > schemas.MAX_RECORDS or not all(i.isascii() and i.isdecimal() and len(i) < 19 for i in ids):
        raise invalid("api.ids", "ids", most=schemas.MAX_RECORDS)
    state.written(lambda space: space.service(app).save([Change(id=int(i), delete=True) for i in ids]))
    return answer({})
