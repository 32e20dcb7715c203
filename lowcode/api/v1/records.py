"""Records as plain JSON: values by field code in their canonical form."""

from __future__ import annotations

import flask

from lowcode.api.v1 import schemas
from lowcode.api.v1.blueprint import answer, blueprint, body
from lowcode.errors import NotFound, invalid
from lowcode.query import kintone
from lowcode.records.record import Change
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
        reader.policy.require("view", reader.definition)
        order = asked.order or kintone.parse("order by $id desc").order
        page = reader.json_list(asked.condition, order, limit=limit, offset=offset, fields=fields)
        total = reader.count(asked.condition) if flask.request.args.get("total") == "true" else None
        return answer({"records": page, "total": total})


@blueprint.get("/apps/<app>/records/<int:record_id>")
def get_record(app: str, record_id: int) -> flask.Response:
    """One record."""
    with state.reading() as space:
        reader = space.reader(space.app(app))
        reader.policy.require("view", reader.definition)
        found = reader.json_list(ids=[record_id])
        if not found:
            raise NotFound("record.not_found", id=record_id)
        return answer(found[0])


@blueprint.route("/apps/<app>/records", methods=["POST", "PATCH"])
def save_records(app: str) -> flask.Response:
    """Create (POST) or change (PATCH, each with an ``id``): all of them or none."""
    data = schemas.load(schemas.RecordsBody(), body())
    creating = flask.request.method == "POST"
    changes = []
    for at, one in enumerate(data["records"]):
        if creating == (one.get("id") is not None):
            raise invalid("api.id_not_wanted" if creating else "api.id_wanted", "records", at, "id")
        changes.append(Change(id=one.get("id"), revision=one.get("revision"), values=one["values"]))
    saved = state.written(lambda space: space.service(app).save(changes))
    return answer({"records": [{"id": r.id, "revision": r.revision} for r in saved]}, 201 if creating else 200)


@blueprint.delete("/apps/<app>/records")
def delete_records(app: str) -> flask.Response:
    """Move the records of ``ids=1,2`` to the trash: all of them or none."""
    ids = [part for part in flask.request.args.get("ids", "").split(",") if part]
    if not ids or len(ids) > schemas.MAX_RECORDS or not all(i.isascii() and i.isdecimal() and len(i) < 19 for i in ids):
        raise invalid("api.ids", "ids", most=schemas.MAX_RECORDS)
    state.written(lambda space: space.service(app).save([Change(id=int(i), delete=True) for i in ids]))
    return answer({})
