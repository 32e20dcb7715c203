"""What a search found, as a screen shows it: values with the words marked, and which field held them."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from lowcode import messages
from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Context, Field, Value
from lowcode.records.finding import Hit
from lowcode.search.needle import Needle
from lowcode.search.ranking import Piece, marked

AROUND: t.Final = 24
"""Characters shown on each side of what was found in a long text."""


def marks(pieces: Sequence[Piece]) -> Markup:
    """Pieces of a text as HTML."""
    return Markup().join(Markup("<mark>{}</mark>").format(text) if found else escape(text) for text, found in pieces)


def in_text(text: str, needle: Needle | None, *, around: int = 0) -> Markup:
    """A text with the words marked, cut to the surroundings of the first one when ``around`` is given."""
    return escape(text) if needle is None else marks(marked(text, needle, around=around))


def in_cell(drawn: Markup, text: str, needle: Needle) -> Markup:
    """A drawn value with the words marked; one that is more than its plain words stays as it is."""
    return in_text(text, needle) if drawn == escape(text) else drawn


def where_found(
    definition: AppDefinition, hit: Hit, values: Mapping[str, Value], needle: Needle, ctx: Context, shown: Sequence[str]
) -> list[tuple[str, Markup]]:
    """The fields that hold the words, each with its label and the words in their surroundings.

    :param shown: codes of fields that stand on the screen anyway.
    """
    found = []
    for field in hit.fields:
        if field.code in shown and not hit.in_files:
            continue
        label = field.display_label(ctx.locale)
        if field.type_name == "FILE" and hit.in_files:
            found.append((label, escape(messages.text("runtime.in_file", ctx.locale))))
        else:
            text = " ".join(_text(definition, field, values, needle, ctx).split())
            found.append((label, in_text(text, needle, around=AROUND)))
    return found


def _text(definition: AppDefinition, field: Field, values: Mapping[str, Value], needle: Needle, ctx: Context) -> str:
    """A field's words; of a column of a subtable, those of the first row that holds the words."""
    table = definition.subtable_of(field.code)
    if table is None:
        return field.text(values.get(field.code), ctx)
    texts = [field.text(row.values.get(field.code), ctx) for row in values.get(table.code) or ()]
    return next((text for text in texts if any(piece.found for piece in marked(text, needle))), " ".join(texts))


def codes_of(definition: AppDefinition, hits: Sequence[Hit]) -> list[str]:
    """The codes to read so that :func:`where_found` has its values (a column's table is read whole)."""
    found = []
    for hit in hits:
        for field in hit.fields:
            table = definition.subtable_of(field.code)
            found.append(field.code if table is None else table.code)
    return list(dict.fromkeys(found))


__all__ = ["codes_of", "in_cell", "in_text", "marks", "where_found"]
