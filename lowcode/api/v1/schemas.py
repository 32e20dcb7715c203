"""The shapes of ``/api/v1`` bodies. Values of fields pass the fields' own marshmallow adapters."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Mapping

import marshmallow as ma

from lowcode.errors import Invalid, Path, Problem
from lowcode.fields.base import Context
from lowcode.records.catalog import LiveApp

MAX_RECORDS = 2_000


class RecordBody(ma.Schema):
    """One record of a request; ``values`` are checked by the record service, field by field."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": "api.unknown_key", "type": "api.not_an_object"}  # noqa: RUF012  # as marshmallow declares it

    id = ma.fields.Integer(strict=True, allow_none=True, validate=ma.validate.Range(1, 2**63 - 1, error="api.number"))
    revision = ma.fields.Integer(
        strict=True, allow_none=True, validate=ma.validate.Range(0, 2**31 - 1, error="api.number")
    )
    values = ma.fields.Dict(keys=ma.fields.String(), load_default=dict)
    choices = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.String(validate=ma.validate.OneOf(("mine", "theirs"), error="api.choice")),
    )
    chosen_at = ma.fields.Integer(strict=True, validate=ma.validate.Range(0, 2**31 - 1, error="api.number"))


class RecordsBody(ma.Schema):
    """``{"records": [...]}``."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": "api.unknown_key", "type": "api.not_an_object"}  # noqa: RUF012  # as marshmallow declares it

    records = ma.fields.List(
        ma.fields.Nested(RecordBody),
        required=True,
        validate=ma.validate.Length(1, MAX_RECORDS, error="api.too_many_records"),
    )


_KNOWN = ("api.", "setting.")


def load(schema: ma.Schema, data: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The checked body. Raises :class:`Invalid` with every problem and its path."""
    try:
        return t.cast(dict[str, t.Any], schema.load(data))
    except ma.ValidationError as error:
        raise Invalid(list(_problems(error.messages, ()))) from None


def _problems(messages: t.Any, path: Path) -> Iterable[Problem]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _problems(inner, path if key == "_schema" else (*path, key))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        code = message if isinstance(message, str) and message.startswith(_KNOWN) else "api.shape"
        yield Problem(code=code, path=path, params={"most": MAX_RECORDS})


@functools.lru_cache(maxsize=500)
def record_schema(live: LiveApp) -> type[ma.Schema]:
    """The marshmallow schema of an app's values, made from its fields (for the API's description)."""
    ctx = Context(app_id=live.id, app_code=live.code)
    fields = {
        f.code: f.api_field(ctx) for f in live.definition.fields if f.stores_value and getattr(f, "exported", True)
    }
    return ma.Schema.from_dict(fields, name=f"App{live.id}")
