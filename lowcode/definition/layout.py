"""Where fields stand on the form: rows, subtables and groups, as kintone's layout API has them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import marshmallow as ma

from lowcode.definition.parts import IntegerString, One, Part, Several, Text, refuse
from lowcode.fields.settings import setting

LAYOUT_ONLY = ("LABEL", "SPACER", "HR")
"""Parts of the form that only the layout knows; they have no field code."""


@dataclass(frozen=True, kw_only=True)
class Size(Part):
    """Measures in pixels."""

    omitted: t.ClassVar[frozenset[str]] = frozenset({"width", "height", "inner_height"})

    width: int | None = setting(IntegerString(least=0, most=10_000), control="number", label="", default=None)
    height: int | None = setting(IntegerString(least=0, most=10_000), control="number", label="", default=None)
    inner_height: int | None = setting(IntegerString(least=0, most=10_000), control="number", label="", default=None)


@dataclass(frozen=True, kw_only=True)
class LayoutItem(Part):
    """One field, label, spacer or line in a row. ``span`` is its share of twelve columns."""

    omitted: t.ClassVar[frozenset[str]] = frozenset({"code", "label", "element_id", "size", "span"})

    type: str = setting(Text(required=True, shortest=1), control="hidden", label="")
    code: str = setting(Text(), control="field", label="", default="")
    label: str = setting(Text(longest=10_000), control="area", label="", default="")
    element_id: str = setting(Text(longest=128), control="text", label="", default="")
    size: Size = setting(One(Size), control="hidden", label="", default=Size())
    span: int | None = setting(
        ma.fields.Integer(strict=True, validate=ma.validate.Range(1, 12, error="definition.span"), allow_none=True),
        control="number",
        label="definition.layout.span",
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class LayoutRow(Part):
    """Fields side by side."""

    type: str = setting(Text(), control="hidden", label="", default="ROW")
    fields: tuple[LayoutItem, ...] = setting(Several(LayoutItem), control="hidden", label="", default=())


@dataclass(frozen=True, kw_only=True)
class LayoutSubtable(Part):
    """A subtable with its columns in order."""

    type: str = setting(Text(), control="hidden", label="", default="SUBTABLE")
    code: str = setting(Text(required=True, shortest=1), control="hidden", label="")
    fields: tuple[LayoutItem, ...] = setting(Several(LayoutItem), control="hidden", label="", default=())


@dataclass(frozen=True, kw_only=True)
class LayoutGroup(Part):
    """Rows that can be folded away together."""

    type: str = setting(Text(), control="hidden", label="", default="GROUP")
    code: str = setting(Text(required=True, shortest=1), control="hidden", label="")
    layout: tuple[LayoutRow, ...] = setting(Several(LayoutRow), control="hidden", label="", default=())


LayoutPart: t.TypeAlias = LayoutRow | LayoutSubtable | LayoutGroup
KINDS: t.Final[Mapping[str, type[LayoutPart]]] = {
    "ROW": LayoutRow,
    "SUBTABLE": LayoutSubtable,
    "GROUP": LayoutGroup,
}


def load_layout(raw: t.Any) -> tuple[LayoutPart, ...]:
    """The layout from JSON. Raises :class:`marshmallow.ValidationError`."""
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        raise refuse("setting.not_a_list")
    found: list[LayoutPart] = []
    wrong: dict[int, t.Any] = {}
    for index, part in enumerate(raw):
        kind = part.get("type") if isinstance(part, Mapping) else None
        try:
            if not isinstance(kind, str) or kind not in KINDS:
                raise ma.ValidationError({"type": ["definition.layout_type"]})
            found.append(KINDS[kind].from_json(part))
        except ma.ValidationError as error:
            wrong[index] = error.messages
            continue
        if isinstance(made := found[-1], LayoutGroup):
            for row, inner in enumerate(made.layout):
                if inner.type != "ROW":
                    wrong[index] = {"layout": {row: {"type": ["definition.layout_in_group"]}}}
    if wrong:
        raise ma.ValidationError(t.cast(dict[str, t.Any], wrong))
    return tuple(found)


def items(layout: tuple[LayoutPart, ...]) -> Iterator[tuple[tuple[str | int, ...], str, str, str]]:
    """Every mention of a field: path inside the layout, field code, layout type, code of the subtable around it."""
    for index, part in enumerate(layout):
        if isinstance(part, LayoutRow):
            yield from _row((index, "fields"), part.fields, "")
        elif isinstance(part, LayoutSubtable):
            yield (index,), part.code, "SUBTABLE", ""
            yield from _row((index, "fields"), part.fields, part.code)
        else:
            yield (index,), part.code, "GROUP", ""
            for number, row in enumerate(part.layout):
                yield from _row((index, "layout", number, "fields"), row.fields, "")


def _row(
    path: tuple[str | int, ...], row: tuple[LayoutItem, ...], subtable: str
) -> Iterator[tuple[tuple[str | int, ...], str, str, str]]:
    for position, item in enumerate(row):
        yield (*path, position), item.code, item.type, subtable
