"""How records look on a page: titles, values, sections and rows for the shared templates. No SQL, no rules."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from markupsafe import Markup, escape

from lowcode import messages
from lowcode.definition.schema import AppDefinition, LayoutGroup, LayoutItem, LayoutRow
from lowcode.fields.base import Context, Field
from lowcode.fields.rich_text import clean
from lowcode.fields.subtable import SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.record import Record
from lowcode.records.titles import title_of as title_of
from lowcode.web.nav import AppLink, app_link


def tile(live: LiveApp, locale: str, *, current: bool = False) -> AppLink:
    """The app as heads and cards show it."""
    return replace(app_link(live), current=current, name=live.definition.display_name(locale))


READINGS = ("kana", "フリガナ", "ふりがな", "カナ")


def reading_field(definition: AppDefinition, present: Iterable[str]) -> Field | None:
    """The field with the reading of the title, which stands beside or below it; None when there is none to show."""
    codes = set(present)
    found = next((f for f in definition.layout_order if f.code in READINGS and f.code in codes), None)
    return found if found is not None and found.code != definition.title_field.code else None


def painted(label: str) -> Markup:
    """The formatted words of a LABEL; what an app's author wrote is markup, but never a script, form or picture."""
    return Markup(clean(label))  # noqa: S704  # cleaned


@dataclass
class Item:
    """One value on a page."""

    label: str
    value: Markup
    span: int = 3
    small: str = ""
    code: str = ""


@dataclass
class Section:
    """One card of a shown record (see ``runtime_parts/record_card.html``)."""

    title: str
    id: str = ""
    pairs: list[Item] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    fold: bool = False
    open: bool = True
    number: int | None = None
    tools: Markup = field(default_factory=Markup)
    refreshes: list[str] = field(default_factory=list)
    table: t.Any = None
    side: Markup | None = None
    body: Markup | None = None


@dataclass
class Column:
    """A head cell of a table."""

    label: str
    numeric: bool = False
    kind: str = ""


NUMERIC_TYPES = frozenset({"NUMBER", "CALC"})
DATE_TYPES = frozenset({"DATE", "TIME", "DATETIME", "CREATED_TIME", "UPDATED_TIME"})


def is_numeric(shown: Field) -> bool:
    """Whether the column stands on the right."""
    return (shown.type_name in NUMERIC_TYPES and getattr(shown, "format", "NUMBER") in ("NUMBER", "NUMBER_DIGIT")) or (
        shown.type_name == "ROLLUP" and getattr(shown, "format", "") == "NUMBER"
    )


def column_kind(shown: Field) -> str:
    """``date`` for points in time, ``text`` for long texts, else nothing."""
    if shown.type_name in DATE_TYPES or getattr(shown, "format", "") in ("DATE", "DATETIME"):
        return "date"
    return "text" if shown.type_name in ("MULTI_LINE_TEXT", "RICH_TEXT") else ""


def span_of(shown: Field, item: LayoutItem | None) -> int:
    """How many of twelve columns a value takes: as the author set it, else by the type's nature."""
    if item is not None and getattr(item, "span", None):
        return int(t.cast(t.Any, item).span)
    if shown.type_name in ("MULTI_LINE_TEXT", "RICH_TEXT", "FILE", "SUBTABLE"):
        return 12
    return (
        6
        if shown.type_name in ("CHECK_BOX", "MULTI_SELECT", "USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT")
        else 3
    )


def wide(words: str) -> int:
    """Twice the width for long texts."""
    return 6 if len(words) > 18 else 3


Place = tuple[str, str, bool, list[tuple[Field | None, LayoutItem | None]]]
"""(title, id, open, [(field or None for a label, layout item)])"""


def places(definition: AppDefinition, readable: Iterable[str], locale: str) -> list[Place]:
    """The form as sections: rows before and between groups, each group, each subtable; system fields left out."""
    codes = set(readable)
    found: list[Place] = []
    loose: list[tuple[Field | None, LayoutItem | None]] = []
    basics = messages.text("runtime.basics", locale)

    def close() -> None:
        if loose:
            found.append(
                (basics if not any(p[0] == basics for p in found) else "", f"part-{len(found)}", True, list(loose))
            )
            loose.clear()

    for part in definition.layout:
        if isinstance(part, LayoutRow):
            loose.extend(_row_items(definition, part, codes))
        elif isinstance(part, LayoutGroup):
            items = [i for row in part.layout for i in _row_items(definition, row, codes)]
            if items:
                close()
                group = definition.find(part.code)
                title = group.display_label(locale) if group is not None else part.code
                found.append((title, f"part-{len(found)}", True, items))
        elif part.code in codes:
            table = definition.find(part.code)
            if table is not None:
                close()
                found.append((table.display_label(locale), f"part-{len(found)}", True, [(table, None)]))
    close()
    return found


def _row_items(
    definition: AppDefinition, row: LayoutRow, codes: set[str]
) -> list[tuple[Field | None, LayoutItem | None]]:
    items: list[tuple[Field | None, LayoutItem | None]] = []
    for item in row.fields:
        if item.type in ("LABEL", "HR", "SPACER"):
            items.append((None, item))
            continue
        shown = definition.find(item.code)
        if shown is not None and shown.code in codes:
            items.append((shown, item))
    return items


def rows_table(table: SubtableField, rows: Sequence[t.Any], ctx: Context) -> dict[str, t.Any]:
    """A subtable's rows as the card's table."""
    inner = [f for f in table.fields if f.stores_value]
    return {
        "columns": [Column(f.display_label(ctx.locale), is_numeric(f), column_kind(f)) for f in inner],
        "rows": [{"cells": [f.display(r.values.get(f.code), ctx) for f in inner], "url": ""} for r in rows],
    }


def when(moment: datetime | None, ctx: Context) -> str:
    """A point in time as people say it: today 10:42, yesterday, 11/20 16:10, 2021/11/20."""
    if moment is None:
        return ""
    local = moment.astimezone(ctx.zone)
    clock = local.strftime("%H:%M")
    days = (ctx.today - local.date()).days
    if days == 0:
        return messages.text("runtime.today_at", ctx.locale, time=clock)
    if days == 1:
        return messages.text("runtime.yesterday_at", ctx.locale, time=clock)
    if local.year == ctx.today.year:
        return f"{local.month}/{local.day} {clock}"
    return f"{local.year}/{local.month}/{local.day} {clock}"


def record_sections(definition: AppDefinition, record: Record, readable: frozenset[str], ctx: Context) -> list[Section]:
    """The cards of a record's own values; empty ones are folded into one line per card."""
    found: list[Section] = []
    for title, anchor, is_open, items in places(definition, readable, ctx.locale):
        section = Section(title=title, id=anchor, open=is_open)
        for shown, item in items:
            if shown is None:
                if item is not None and item.type == "LABEL" and item.label:
                    section.pairs.append(Item("", painted(item.label), 12))
                continue
            if isinstance(shown, SubtableField):
                rows = record.values.get(shown.code) or ()
                section.number = len(rows)
                if rows:
                    section.table = rows_table(shown, rows, ctx)
                else:
                    section.body = Markup('<p class="card-body muted">{}</p>').format(
                        messages.text("runtime.no_table_rows", ctx.locale)
                    )
                continue
            if not shown.stores_value:
                continue
            value = record.values.get(shown.code)
            label = shown.heading(ctx.locale)
            if shown.is_empty(value):
                section.empty.append(shown.display_label(ctx.locale))
                continue
            drawn = shown.display(value, ctx)
            span = span_of(shown, item)
            section.pairs.append(
                Item(
                    label, escape(drawn), max(span, wide(shown.text(value, ctx))) if span < 6 else span, code=shown.code
                )
            )
        if section.pairs or section.empty or section.table or section.body:
            found.append(section)
    return found
