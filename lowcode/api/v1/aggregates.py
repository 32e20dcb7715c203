"""Totals by group."""

from __future__ import annotations

import typing as t
from datetime import date, datetime, time
from decimal import Decimal

import flask

from lowcode.api.v1.blueprint import answer, blueprint
from lowcode.errors import invalid
from lowcode.fields.base import ManyValued
from lowcode.query import kintone
from lowcode.web import state

MOST_GROUPS, MOST_MEASURES = 5, 20


@blueprint.get("/apps/<app>/aggregate")
def aggregate(app: str) -> flask.Response:
    """``group=ward,status&measure=count,sum:amount&query=…`` → ``{"groups": [{"group", "measures"}]}``."""
    asked = kintone.parse(flask.request.args.get("query", ""))
    group = [code for code in flask.request.args.get("group", "").split(",") if code]
    measures: list[tuple[str, str | None]] = []
    for part in flask.request.args.get("measure", "count").split(","):
        name, _, code = part.partition(":")
        measures.append((name, code or None))
    if len(group) > MOST_GROUPS or len(measures) > MOST_MEASURES:
        raise invalid("api.too_many_parts", "group", groups=MOST_GROUPS, measures=MOST_MEASURES)
    with state.reading() as space:
        reader = space.reader(space.app(app))
        reader.policy.require("view")
        found = reader.aggregate(group, measures, asked.condition)
        fields = [reader.definition.field(code) for code in group]
        rows = []
        for values, totals in found:
            named = {}
            for field, value in zip(fields, values, strict=True):
                if isinstance(field, ManyValued):
                    dumped = field.dump((value,)) if value is not None else []
                    named[field.code] = dumped[0] if dumped else None
                else:
                    named[field.code] = field.dump(value)
            rows.append({"group": named, "measures": [plain(total) for total in totals]})
    return answer({"groups": rows})


def plain(value: t.Any) -> t.Any:
    """A total as JSON: exact numbers as text, so that nothing is rounded on the way."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date | datetime | time) else value
