"""The rows of a list as HTML, for wide screens as table rows and for phones as cards.

Written in Python because a list has hundreds of cells: as template loops they took two thirds of a page's time
(every cell asked for a dozen attributes). Everything that is not safe HTML already is escaped here.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

Row = Mapping[str, t.Any]
Say = t.Callable[..., str]
_MARK = "\ue000"
"""A character of the private use area: no sentence and no escaping touches it."""


def _plain(row: t.Any, name: str) -> t.Any:
    """A value of a row or column, whether it is a mapping or an object; missing ones are empty."""
    return row.get(name) if isinstance(row, Mapping) else getattr(row, name, None)


def _safe(value: t.Any) -> str:
    """``value`` as HTML; most cells are drawn already."""
    return value if type(value) is Markup else escape(value)


def table_rows(
    columns: Sequence[t.Any], rows: Sequence[t.Any], form_id: str, say: Say, *, selectable: bool = False
) -> Markup:
    """The ``<tr>`` of every row.

    :param columns: each with ``primary``, ``numeric``, ``kind``. :param rows: each with ``id url name cells`` and as
        wished ``sub tint selected``; a cell is Markup or text, None or "" when empty.
    """
    none = f'<span class="none" aria-label="{escape(say("web.empty"))}" role="img">—</span>'
    opens = []
    for column in columns:
        kind = _plain(column, "kind")
        classes = " ".join(filter(None, ("num" if _plain(column, "numeric") else "", f"cell-{kind}" if kind else "")))
        opens.append(None if _plain(column, "primary") else f'<td class="{escape(classes)}">' if classes else "<td>")
    form = escape(form_id)
    # The sentence is looked up once; the name stands where the mark was.
    label_before, _, label_behind = escape(say("web.select_row", name=_MARK)).partition(_MARK)
    parts: list[str] = []
    for row in rows:
        name = escape(_plain(row, "name"))
        tint, selected = _plain(row, "tint"), _plain(row, "selected")
        classes = " ".join(
            filter(None, ("is-selected" if selected else "", f"row-tint-{escape(tint)}" if tint else ""))
        )
        parts.append(f'\n<tr class="{classes}">' if classes else "\n<tr>")
        if selectable:
            label = f"{label_before}{name}{label_behind}"
            parts.append(
                f'<td class="cell-check"><input class="tick" type="checkbox" name="ids" '
                f'value="{escape(_plain(row, "id"))}" form="{form}" aria-label="{label}"'
                f"{' checked' if selected else ''}></td>"
            )
        for opening, cell in zip(opens, _plain(row, "cells"), strict=True):
            empty = not cell and (cell is None or cell == "")
            if opening is None:
                sub = _plain(row, "sub")
                below = f'<span class="cell-sub">{escape(sub)}</span>' if sub else ""
                link = f'<a href="{escape(_plain(row, "url"))}">{name if empty else _safe(cell)}</a>'
                parts.append(f'<th scope="row" class="cell-main">{link}{below}</th>')
            else:
                parts.append(f"{opening}{none if empty else _safe(cell)}</td>")
        parts.append("</tr>")
    return Markup("".join(parts))  # noqa: S704  # every part was escaped above


def cards(columns: Sequence[t.Any], rows: Sequence[t.Any], say: Say, icon: t.Callable[..., Markup]) -> Markup:
    """The ``<li>`` of every row for phones: the primary cell as title, the columns marked ``phone`` as facts.

    :param icon: the macro that draws an icon by name.
    """
    primary = next((at for at, c in enumerate(columns) if _plain(c, "primary")), None)
    facts = []
    for at, column in enumerate(columns):
        if _plain(column, "phone"):
            sign, label = _plain(column, "phone_icon"), _plain(column, "phone_label")
            before = icon(sign, 16) if sign else f'<span class="row-card-label">{escape(label)}</span>' if label else ""
            facts.append((at, before))
    phone = icon("phone", 22)
    parts: list[str] = []
    for row in rows:
        cells, name = _plain(row, "cells"), _plain(row, "name")
        title = cells[primary] if primary is not None and cells[primary] not in (None, "") else name
        note, call = _plain(row, "card_note"), _plain(row, "call_url")
        shown = "".join(
            [
                f'<span class="row-card-fact">{before}{_safe(cells[at])}</span>'
                for at, before in facts
                if cells[at] not in (None, "")
            ]
        )
        small = f"<small>{escape(note)}</small>" if note else ""
        button = ""
        if call:
            words = escape(say("web.call", name=name))
            inside = f'{phone}<span class="visually-hidden">{words}</span>'
            button = f'<a class="call-button" href="{escape(call)}">{inside}</a>'
        link = f'<a href="{escape(_plain(row, "url"))}">{escape(title)}</a>'
        parts.append(
            f'\n<li class="row-card"><div class="row-card-main"><div class="row-card-title">{link}{small}</div>'
            f'<div class="row-card-facts">{shown}</div></div>{button}</li>'
        )
    return Markup("".join(parts))  # noqa: S704  # every part was escaped above
