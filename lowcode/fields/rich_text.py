"""RICH_TEXT: formatted text, kept as cleaned HTML."""

from __future__ import annotations

import html
import re
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import marshmallow as ma
import nh3
import sqlalchemy as sa
from markupsafe import Markup

from lowcode.errors import Invalid, Problem
from lowcode.fields import adapters, plain
from lowcode.fields.base import EMPTY_OPERATORS, LIKE, Field, fold, text_column
from lowcode.fields.context import Context, Value
from lowcode.fields.multi_line_text import MAX_TEXT
from lowcode.fields.settings import setting

TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}
_BLOCK_END = re.compile(r"<(?:br|hr|/p|/div|/li|/tr|/h[1-4]|/blockquote|/pre)\b[^>]*>", re.IGNORECASE)
_CELL_END = re.compile(r"</t[dh]>", re.IGNORECASE)


def clean(markup: str) -> str:
    """HTML with the tags of :data:`TAGS` and nothing that runs, loads or styles. Cleaning twice changes nothing."""
    return nh3.clean(
        markup,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
        clean_content_tags={"script", "style", "title", "textarea", "iframe"},
    )


def words(markup: str) -> str:
    """The plain text of cleaned HTML, a line per block."""
    text = _CELL_END.sub("\t", _BLOCK_END.sub("\n", markup))
    lines = html.unescape(nh3.clean(text, tags=set())).replace("\xa0", " ").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


@dataclass(frozen=True, kw_only=True)
class RichTextField(Field):
    """Formatted text. Its text (for files) is the HTML, as in kintone; it is searched by its words."""

    type_name: t.ClassVar[str] = "RICH_TEXT"
    operators: t.ClassVar[tuple[str, ...]] = (*LIKE, *EMPTY_OPERATORS)
    widget: t.ClassVar[adapters.Widget] = adapters.TextArea()
    json_schema: t.ClassVar[t.Mapping[str, t.Any]] = {"type": ["string", "null"], "format": "html"}
    sortable: t.ClassVar[bool] = False

    # Not a setting here: words are found through the search table.
    indexed: bool = False
    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    default_value: str = setting(ma.fields.String(), control="rich-text", label="setting.default_value", default="")

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return text_column()

    def has_index(self) -> bool:
        return False

    def default(self, ctx: Context) -> Value:
        return self.coerce(self.default_value, ctx)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        text = plain.coerce_text(raw, limit=MAX_TEXT, lines=True)
        if text is None:
            return None
        cleaned = clean(text).strip()
        return cleaned if words(cleaned) or "<hr" in cleaned else None

    def plain_text(self, value: Value, ctx: Context) -> str:
        return words(value) if value else ""

    def convert_from(self, old: Field) -> Callable[[Value, Context], Value] | None:
        if isinstance(old, RichTextField) or super().convert_from(old) is None:
            return super().convert_from(old)
        # Plain text is no markup: "<" stays what it is and lines stay lines.
        return lambda value, ctx: self.coerce(html.escape(old.text(value, ctx)).replace("\n", "<br>"), ctx)

    def search_text(self, value: Value, ctx: Context) -> str:
        return fold(words(value)) if value else ""

    def display(self, value: Value, ctx: Context) -> Markup:
        # Cleaned again: what is shown does not depend on the rules of the day when it was stored.
        return Markup('<div class="rich-text">{}</div>').format(Markup(clean(value))) if value else Markup()  # noqa: S704  # cleaned

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        return {"data-editor": "rich-text"}

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        try:
            plain.coerce_text(self.default_value, limit=MAX_TEXT, lines=True)
        except Invalid as error:
            yield from (problem.under("defaultValue") for problem in error.problems)
