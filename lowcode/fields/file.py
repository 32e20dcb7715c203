"""FILE: attachments of a record."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import marshmallow as ma
import orjson
import sqlalchemy as sa
from markupsafe import Markup

from lowcode.errors import Invalid
from lowcode.fields import adapters, form_widgets
from lowcode.fields.base import EMPTY_OPERATORS, LIKE, Context, ManyValued, Problem, Value, setting, text_column
from lowcode.fields.context import FileRef
from lowcode.fields.plain import shortened

ADDRESS = "/k/{app}/file/{field}/{key}"
"""Where the runtime hands an attachment out; with ``/<size>`` behind it, a small picture of it."""
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
THUMBNAIL_SIZES = ("50", "150", "250", "500")


@dataclass(frozen=True, kw_only=True)
class FileField(ManyValued):
    """Attachments: a tuple of :class:`FileRef`; uploading happens elsewhere and gives the keys.

    Files never change once stored, so the main table keeps names and sizes beside the keys and a list of
    records needs no second read; the side table holds the keys, to find the records of a file.
    """

    type_name: t.ClassVar[str] = "FILE"
    operators: t.ClassVar[tuple[str, ...]] = (*LIKE, *EMPTY_OPERATORS)
    form_class: t.ClassVar[type[adapters.FormField]] = form_widgets.FileFormField
    widget: t.ClassVar[adapters.Widget] = form_widgets.FileInput()
    json_schema: t.ClassVar[Mapping[str, t.Any]] = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["fileKey"],
            "properties": {
                "fileKey": {"type": "string"},
                "name": {"type": "string"},
                "contentType": {"type": "string"},
                "size": {"type": "integer"},
            },
        },
    }

    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    thumbnail_size: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(THUMBNAIL_SIZES, error="setting.choice")),
        control="select",
        label="setting.thumbnail_size",
        default="150",
    )

    def element_type(self) -> sa.types.TypeEngine[t.Any]:
        return text_column()

    def elements(self, value: Value) -> Sequence[t.Any]:
        return tuple(ref.key for ref in value or ())

    def store(self, value: Value) -> Value:
        return orjson.dumps(self.dump(value)).decode() if value else None

    def load(self, stored: t.Any) -> Value:
        return tuple(_ref(item) for item in orjson.loads(stored)) if stored else ()

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        """Files from a list of ``{"fileKey": …}``, keys, or :class:`FileRef`; names and sizes are the store's.

        :raises Invalid: for a key that does not exist or that the actor may not attach.
        """
        if raw is None or raw == "":
            return ()
        items = list(raw) if isinstance(raw, list | tuple) else [raw]
        found: dict[str, FileRef] = {}
        problems: list[Problem] = []
        for index, item in enumerate(items):
            if isinstance(item, FileRef):
                found.setdefault(item.key, item)
                continue
            key = item.get("fileKey") if isinstance(item, Mapping) else item
            ref = ctx.files.get(key) if isinstance(key, str) and key else None
            if ref is None:
                problems.append(Problem(code="file.unknown", path=(index,), params={"value": shortened(key)}))
            else:
                found.setdefault(ref.key, ref)
        if problems:
            raise Invalid(problems)
        return tuple(found.values())

    def dump(self, value: Value) -> t.Any:
        return [{"fileKey": r.key, "name": r.name, "contentType": r.content_type, "size": r.size} for r in value or ()]

    def from_history(self, raw: t.Any) -> Value:
        return tuple(_ref(item) for item in raw or ())

    def text(self, value: Value, ctx: Context) -> str:
        """The names, one a line."""
        return "\n".join(ref.name for ref in value or ())

    def parse(self, text: str, ctx: Context) -> Value:
        """Files from keys, one a line. A name does not lead back to a file: it is not unique."""
        return self.coerce([line.strip() for line in text.splitlines() if line.strip()], ctx)

    def display(self, value: Value, ctx: Context) -> Markup:
        return Markup(" ").join(self.link(ref, ctx) for ref in value or ())

    def link(self, ref: FileRef, ctx: Context) -> Markup:
        """A file as a link with its size, and with a small picture where it is one and pictures are made."""
        name = Markup("<span>{}</span>").format(ref.name)
        if ctx.app_id is not None:
            address = ADDRESS.format(app=ctx.app_id, field=self.id, key=quote(ref.key, safe=""))
            if ctx.previews and ref.content_type in PICTURES:
                name = Markup('<img class="thumb" src="{0}/{1}" width="{1}" alt="" loading="lazy">{2}').format(
                    address, self.thumbnail_size, name
                )
            name = Markup('<a href="{}">{}</a>').format(address, name)
        return Markup('<span class="file">{} <span class="file-size">{}</span></span>').format(
            name, shown_size(ref.size)
        )

    def form_values(self, value: Value, ctx: Context) -> tuple[str, ...]:
        return tuple(ref.key for ref in value or ())

    def from_form(self, values: Sequence[str], ctx: Context) -> Value:
        return self.coerce(list(values), ctx)

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return [{**item, "size": str(item["size"])} for item in self.dump(value)]

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        return str(raw)


def shown_size(size: int) -> str:
    """A size as people read it: ``12 KB``."""
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size} {unit}"
        size = -(-size // 1024)
    return f"{size} GB"


def _ref(item: Mapping[str, t.Any]) -> FileRef:
    return FileRef(item["fileKey"], item["name"], item["contentType"], int(item["size"]))
