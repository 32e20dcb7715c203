"""What the pickers of a form ask for: people by name, and source records of a lookup."""

from __future__ import annotations

from flask import jsonify, request
from werkzeug.wrappers import Response

from lowcode.errors import NotFound
from lowcode.fields.entity_select import EntitySelectField
from lowcode.fields.lookup import LookupField
from lowcode.query import kintone
from lowcode.query.ast import Search, all_of
from lowcode.records.catalog import LiveApp
from lowcode.records.workspace import Workspace
from lowcode.runtime.blueprint import blueprint
from lowcode.web import picking
from lowcode.web.state import reading

MOST = 20


@blueprint.get("/k/<int:app>/picker/<int:field_id>")
def picker(app: int, field_id: int) -> Response:
    """``{"items": [{"value", "label", "detail"}]}`` for the typed words."""
    words = request.args.get("q", "").strip()[:100]
    with reading() as space:
        live = space.app(app)
        field = live.definition.by_id(field_id)
        if field is None or field.code not in space.policy(live).shown:
            raise NotFound("field.unknown", field=field_id)
        if isinstance(field, LookupField):
            items = suggested_records(space, field, words)
        elif isinstance(field, EntitySelectField):
            items = _people(space, live, field, words)
        else:
            items = []
    return jsonify(items=items)


def suggested_records(space: Workspace, field: LookupField, words: str) -> list[dict[str, str]]:
    """The records of a lookup's source that hold the words, as far as the actor sees them."""
    part = field.lookup
    source = space.snapshot.find(part.related_app.code)
    if source is None:
        return []
    reader = space.reader(source)
    key = source.definition.find(part.related_key_field)
    if key is None or key.code not in reader.readable:
        return []
    details = [
        f
        for f in (source.definition.find(c) for c in part.lookup_picker_fields)
        if f is not None and f.code in reader.readable
    ]
    condition = all_of(
        kintone.parse(part.filter_cond).condition if part.filter_cond else None, Search(words) if words else None
    )
    order = kintone.parse(f"order by {part.sort}").order if part.sort else kintone.parse("order by $id desc").order
    if not reader.may_ask(part.filter_cond, part.sort):
        return []  # who is offered would tell what the author's condition asks
    records = reader.list(condition, order, limit=MOST, fields=[key.code, *(f.code for f in details)])
    found = []
    for record in records:
        text = key.text(record.values.get(key.code), reader.ctx)
        detail = "　".join(
            filter(None, (f.text(record.values.get(f.code), reader.ctx) for f in details if f.code != key.code))
        )
        found.append({"value": text, "label": text, "detail": detail})
    return found


def _people(space: Workspace, live: LiveApp, field: EntitySelectField, words: str) -> list[dict[str, str]]:
    ctx = space.context(live)
    return picking.entities(ctx.directory, field.kind, words, MOST, among=field.allowed(ctx))
