"""The list of an app: views as tabs, search, filters, sorting, paging, and actions on ticked rows."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from lowcode import messages
from lowcode.definition.schema import View
from lowcode.errors import Invalid, NotFound
from lowcode.fields.base import Context, Field
from lowcode.fields.link import LinkField
from lowcode.fields.lookup import LookupField
from lowcode.fields.options import ChoiceField
from lowcode.query import filters, kintone
from lowcode.query.ast import Node, SortKey, all_of
from lowcode.records.catalog import LiveApp
from lowcode.records.finding import Found, Hit
from lowcode.records.reader import RecordReader
from lowcode.records.record import Change, Record
from lowcode.runtime import calendar, columns, marking, shown
from lowcode.runtime.blueprint import blueprint, number_of, record_ids
from lowcode.runtime.printing import printed
from lowcode.web.state import context, reading, written

PAGE_SIZES = (20, 50, 100, 500)
COUNT_LIMIT = 10_000
"""Totals beyond this are shown as "10,000+": counting more costs more than it tells."""
RANKED = 1_000
"""So far down, what a search found comes the best first; who asks for an order, or looks beyond, gets that order."""


@blueprint.get("/k/<int:app>/")
def list_records(app: int) -> str | Response:
    """A page of records under a view, a search and filters."""
    if request.args.get("add.field"):
        return redirect(_with_added_filter(app))
    if "col" in request.args or "columns" in request.args:
        return redirect(_with_columns(app))
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        reader.policy.require("view")
        page = ListPage.of_request(live, reader, context())
        return render_template("runtime/list.html", **page.template(_may(reader)))


@blueprint.get("/k/<code>/")
def list_by_code(code: str) -> Response:
    """An app's code leads to its number."""
    with reading() as space:
        live = space.app(code)
    query = request.query_string.decode("utf-8", "replace")
    return redirect(url_for("runtime.list_records", app=live.id) + (f"?{query}" if query else ""))


def _may(reader: RecordReader) -> dict[str, bool]:
    actions: tuple[t.Any, ...] = ("add", "edit", "delete", "import", "export", "manage")
    return {action: reader.policy.allows(action) for action in actions}


def _with_added_filter(app: int) -> str:
    """The list's address with the condition of the filter form joined to the others."""
    code, word = request.args["add.field"], request.args.get("add.op", "eq")
    kept = [(k, v) for k, v in request.args.items(multi=True) if not k.startswith("add.") and k != "page"]
    values = [v for v in request.args.getlist("add.value") if v] or (["1"] if word in ("empty", "notempty") else [])
    kept.extend((f"f.{code}.{word}", value) for value in values)
    return url_for("runtime.list_records", app=app) + "?" + encode(kept)


def _with_columns(app: int) -> str:
    """The list's address with the columns of the chooser; none ticked means those of the view."""
    chosen = columns.from_chooser(request.args.getlist("col"), request.args)
    kept = [
        (k, v)
        for k, v in request.args.items(multi=True)
        if k not in ("col", "columns", columns.COLS) and not k.startswith("place:") and v
    ]
    query = encode([*kept, *([(columns.COLS, chosen)] if chosen else [])])
    return url_for("runtime.list_records", app=app) + (f"?{query}" if query else "")


def encode(pairs: Sequence[tuple[str, str]]) -> str:
    """Parameters as a query string (repeated names stay repeated)."""
    return urlencode(pairs)


@dataclass
class ListPage:
    """Everything a list shows, worked out from the address."""

    live: LiveApp
    reader: RecordReader
    ctx: Context
    view: View | None
    asked: filters.ListQuery
    problems: list[str]
    columns: list[Field]
    page: int
    size: int
    records: list[Record] = field(default_factory=list)
    total: int = 0
    calendar: dict[str, t.Any] | None = None
    found: Found | None = None
    """What the search box found, when the best come first."""

    @classmethod
    def of_request(cls, live: LiveApp, reader: RecordReader, ctx: Context) -> ListPage:
        """Read the page that the present request asks for."""
        definition = live.definition
        view = view_of(reader, request.args.get("view", ""))
        problems: list[str] = []
        try:
            asked = filters.from_parameters(request.args.items(multi=True))
        except Invalid as error:
            asked = filters.ListQuery()
            problems = [messages.sentence(p, ctx.locale) for p in error.problems]
        size = _number(request.args.get("size"), 50)
        found = cls(
            live=live,
            reader=reader,
            ctx=ctx,
            view=view,
            asked=asked,
            problems=problems,
            columns=columns.columns_of(definition, view, reader.shown, request.args.get(columns.COLS, "")),
            page=max(1, _number(request.args.get("page"), 1)),
            size=size if size in PAGE_SIZES else 50,
        )
        try:
            found._read()
        except Invalid as error:
            found.problems.extend(messages.sentence(p, ctx.locale) for p in error.problems)
        return found

    def _read(self) -> None:
        if self.view is not None and self.view.type == "CALENDAR" and self._read_month(self.view):
            return
        condition, order = self.condition(), self.order()
        named = self.live.definition.title_field.code
        beside = [f.code for f in (self._reading(), self._phone()) if f is not None]
        codes = list(dict.fromkeys([*[f.code for f in self.columns], named, *beside]))
        offset = (self.page - 1) * self.size
        if self.asked.search.strip() and not self.asked.order and offset + self.size <= RANKED:
            self.found = found = self.reader.search(
                self.asked.search,
                all_of(self._saved(), self.asked.condition),
                fuzzy=self.fuzzy,
                limit=self.size,
                offset=offset,
            )
            codes = list(dict.fromkeys([*codes, *marking.codes_of(self.live.definition, found.hits)]))
            self.records = self.reader.by_ids([hit.id for hit in found.hits], codes, found_by=found.asked)
            self.total = found.total
            return
        self.total = self.reader.count(condition, limit=COUNT_LIMIT + 1)
        self.records = self.reader.list(condition, order, limit=self.size, offset=offset, fields=codes)

    @property
    def fuzzy(self) -> bool:
        """Whether the search box also finds what sounds alike."""
        return request.args.get("fuzzy") == "1"

    def _saved(self) -> Node | None:
        return kintone.parse(self.view.filter_cond).condition if self.view and self.view.filter_cond else None

    def _reading(self) -> Field | None:
        """The reading that stands below the title, unless it has a column of its own."""
        found = shown.reading_field(self.live.definition, self.reader.readable)
        codes = [f.code for f in self.columns]
        return (
            found
            if found is not None and found.code not in codes and self.live.definition.title_field.code in codes
            else None
        )

    def _phone(self) -> LinkField | None:
        """The telephone number that a phone's card offers to call."""
        definition = self.live.definition
        copied = {code for f in definition.fields if isinstance(f, LookupField) for code in f.copy_targets}
        # A number that a lookup copies is often somebody else's: the clinic's in a patient's record.
        own = [f for f in definition.layout_order if f.code not in copied]
        fields = [*self.columns, *own, *definition.layout_order]
        return next(
            (f for f in fields if isinstance(f, LinkField) and f.is_phone and f.code in self.reader.readable), None
        )

    def _read_month(self, view: View) -> bool:
        """The records of a calendar's month; whether there is a calendar to show."""
        by = calendar.field_of(self.live.definition, view, self.reader.readable)
        if by is None:
            return False
        month = calendar.Month.read(request.args.get(calendar.MONTH, ""), self.ctx.today)
        condition = all_of(self.condition(), calendar.within(by, month, self.ctx))
        named = self.live.definition.find(view.title) or self.live.definition.title_field
        codes = list(dict.fromkeys([by.code, named.code, self.live.definition.title_field.code]))
        order = [SortKey(by.code, False), SortKey("$id", False)]
        self.records = self.reader.list(condition, order, limit=calendar.MOST_RECORDS, fields=codes)
        self.total = len(self.records)

        def link(record: Record) -> dict[str, str]:
            words = (
                named.text(record.values.get(named.code), self.ctx).strip()
                if named.code in self.reader.readable
                else ""
            )
            url = url_for(
                "runtime.show_record", app=self.live.id, record_id=record.id, list=request.query_string.decode()
            )
            return {
                "url": url,
                "name": words or shown.title_of(self.live.definition, record.id, record.values, self.ctx),
            }

        self.calendar = {
            **calendar.template(month, by, self.records, self.ctx, link=link),
            "previous_url": self.url(**{calendar.MONTH: month.moved(-1).text}),
            "next_url": self.url(**{calendar.MONTH: month.moved(1).text}),
            "today_url": self.url(**{calendar.MONTH: None}),
        }
        return True

    def condition(self) -> Node | None:
        """The view's condition and the asked ones together."""
        return all_of(self._saved(), self.asked.node)

    def order(self) -> Sequence[SortKey]:
        """The asked order, else the view's, else newest first."""
        if self.asked.order:
            return self.asked.order
        if self.view and self.view.sort:
            return kintone.parse(f"order by {self.view.sort}").order
        return (SortKey("$id", True),)

    # -- addresses -------------------------------------------------------------------------------

    def url(self, **changes: t.Any) -> str:
        """The same list with other parameters; None takes one away."""
        kept = [(k, v) for k, v in request.args.items(multi=True) if k not in changes and v]
        kept.extend((k, str(v)) for k, v in changes.items() if v is not None)
        query = encode(kept)
        return url_for("runtime.list_records", app=self.live.id) + (f"?{query}" if query else "")

    def _chips(self) -> list[dict[str, str]]:
        rest = [(k, v) for k, v in request.args.items(multi=True) if k in ("view", "size", columns.COLS) and v]
        found = []
        for chip in filters.chips(self.asked):
            shown_field = self.live.definition.find(chip.field) if chip.field in self.reader.readable else None
            label = shown_field.display_label(self.ctx.locale) if shown_field else ""
            found.append(
                {
                    "field": label or messages.text("runtime.search", self.ctx.locale),
                    "words": condition_words(chip, shown_field, self.ctx),
                    "remove_url": url_for("runtime.list_records", app=self.live.id)
                    + "?"
                    + encode([*rest, *chip.remaining]),
                }
            )
        return found

    # -- template --------------------------------------------------------------------------------

    def template(self, may: dict[str, bool]) -> dict[str, t.Any]:
        """The context of ``runtime/list.html``."""
        definition, ctx = self.live.definition, self.ctx
        pages = -(-min(self.total, COUNT_LIMIT) // self.size) or 1
        first = (self.page - 1) * self.size + 1
        many = self.total > COUNT_LIMIT or (self.found is not None and self.found.more)
        total_words = f"{min(self.total, COUNT_LIMIT):,}+" if many else f"{self.total:,}"
        words = (
            messages.text(
                "runtime.list_words",
                ctx.locale,
                first=f"{first:,}",
                last=f"{first + len(self.records) - 1:,}",
                total=total_words,
            )
            if self.records
            else messages.text("runtime.list_none", ctx.locale)
        )
        more = self.calendar is None and len(self.records) == self.size and (many or self.page < pages)
        return {
            "app": shown.tile(self.live, ctx.locale, current=True),
            "printed": printed(self.live, [record.id for record in self.records]),
            "view": self.view,
            "tabs": self._tabs(),
            "chips": self._chips(),
            "problems": self.problems,
            "asked": self.asked,
            "kept": [(k, v) for k, v in request.args.items(multi=True) if k not in ("q", "page", "fuzzy") and v],
            "fuzzy": self.fuzzy,
            "filter_fields": self._filter_fields(),
            "operators": [(word, messages.text(f"runtime.op.{word}", ctx.locale)) for word in filters.WORDS.values()],
            "sort_fields": self._sort_links(),
            "columns": columns.offered(definition, self.reader.shown, self.columns, ctx.locale),
            "kept_columns": [
                (k, v) for k, v in request.args.items(multi=True) if k not in ("page", columns.COLS) and v
            ],
            "table": self._table(may) if self.calendar is None else None,
            "calendar": self.calendar,
            "foot": {
                "words": words,
                "updated": ctx.now.astimezone(ctx.zone).strftime("%H:%M"),
                "prev_url": self.url(page=self.page - 1) if self.page > 1 else "",
                "next_url": self.url(page=self.page + 1) if more else "",
            },
            "selection": self._selection(may) if self.calendar is None else None,
            "may": may,
            "sizes": [(n, self.url(size=n, page=None), n == self.size) for n in PAGE_SIZES],
            "query_string": request.query_string.decode(),
            "description": definition.settings.description,
        }

    def _tabs(self) -> list[dict[str, t.Any]]:
        base = url_for("runtime.list_records", app=self.live.id)
        found: list[dict[str, t.Any]] = []
        views = views_for(self.reader)
        if not any(not v.filter_cond for v in views):
            found.append(
                {
                    "label": messages.text("runtime.all_records", self.ctx.locale),
                    "url": f"{base}?view=all",
                    "icon": "list",
                    "current": self.view is None,
                }
            )
        for view in views:
            found.append(
                {
                    "label": view.display_name(self.ctx.locale),
                    "url": f"{base}?view={view.id}",
                    "icon": "calendar-days" if view.type == "CALENDAR" else "list",
                    "current": self.view is not None and view.id == self.view.id,
                    "count": self.total
                    if self.view is not None and view.id == self.view.id and self.total <= 999
                    else None,
                }
            )
        return found

    def _filter_fields(self) -> list[dict[str, str]]:
        return [
            {"value": f.code, "label": f.display_label(self.ctx.locale)}
            for f in self.live.definition.layout_order
            if f.code in self.reader.readable and f.operators
        ]

    def _sort_links(self) -> list[dict[str, t.Any]]:
        """Each column that can be sorted by: alone, or after the keys that are in force."""
        order = self.order()
        present = {key.field: key.descending for key in order}
        found = []
        for f in self.columns:
            if not f.sortable or f.code not in self.reader.readable:
                continue
            then = (
                [*order, SortKey(f.code, False)]
                if f.code not in present
                else [SortKey(k.field, k.descending != (k.field == f.code)) for k in order]
            )
            found.append(
                {
                    "label": f.display_label(self.ctx.locale),
                    "current": f.code in present,
                    "descending": present.get(f.code, False),
                    "url": self.url(sort=sort_text([SortKey(f.code, present.get(f.code) is False)]), page=None),
                    "then_url": self.url(sort=sort_text([k for k in then if k.field != "$id"]), page=None)
                    if present.keys() - {"$id"}
                    else "",
                }
            )
        return found

    def _table(self, may: dict[str, bool]) -> dict[str, t.Any]:
        ctx, definition = self.ctx, self.live.definition
        order = self.order()
        first = order[0] if order else None
        named = definition.title_field
        primary = next((i for i, f in enumerate(self.columns) if f.code == named.code), 0)
        heads = []
        for at, f in enumerate(self.columns):
            is_sorted = first is not None and first.field == f.code
            descending = bool(is_sorted and first and first.descending)
            heads.append(
                {
                    "label": f.display_label(ctx.locale),
                    "numeric": shown.is_numeric(f),
                    "kind": shown.column_kind(f),
                    "primary": at == primary,
                    "phone": at != primary and at < 6,
                    "phone_label": f.display_label(ctx.locale),
                    "sort_url": self.url(sort=("" if not is_sorted or descending else "-") + f.code, page=None)
                    if f.sortable and f.code in self.reader.readable
                    else "",
                    "sorted": ("descending" if descending else "ascending") if is_sorted else "",
                }
            )
        rows = []
        reading, phone = self._reading(), self._phone()
        back = request.query_string.decode()
        # One address is built; the others differ in the record's number only.
        first_url = url_for("runtime.show_record", app=self.live.id, record_id=0, list=back or None)
        before, _, behind = first_url.partition("/show/0")
        drawn = [self._drawn(f, in_link=at == primary) for at, f in enumerate(self.columns)]
        hits = {hit.id: hit for hit in self.found.hits} if self.found is not None else {}
        for at, record in enumerate(self.records):
            cells = [column[at] for column in drawn]
            rows.append(
                {
                    "id": record.id,
                    "url": f"{before}/show/{record.id}{behind}",
                    "call_url": phone.href(str(record.values.get(phone.code) or "")) if phone is not None else None,
                    **self._below(record, reading, hits.get(record.id)),
                    "name": shown.title_of(definition, record.id, record.values, ctx),
                    "cells": cells,
                }
            )
        view_name = (
            self.view.display_name(ctx.locale) if self.view else messages.text("runtime.all_records", ctx.locale)
        )
        filtered = bool(self.asked.conditions or self.asked.search)
        return {
            "caption": f"{definition.display_name(ctx.locale)}、{view_name}",
            "columns": heads,
            "rows": rows,
            "selectable": may["edit"] or may["delete"],
            "empty": {
                "title": messages.text("runtime.empty_filtered" if filtered else "runtime.empty", ctx.locale),
                "text": messages.text("runtime.empty_filtered_text" if filtered else "runtime.empty_text", ctx.locale),
                "action": messages.text("runtime.show_all" if filtered else "runtime.add", ctx.locale),
                "href": url_for("runtime.list_records", app=self.live.id)
                if filtered
                else url_for("runtime.new_record", app=self.live.id),
            },
        }

    def _below(self, record: Record, reading: Field | None, hit: Hit | None) -> dict[str, t.Any]:
        """What stands below the title: the reading, and the fields beside the columns that a search found."""
        words = reading.text(record.values.get(reading.code), self.ctx) if reading is not None else ""
        needle = self.found.needle if self.found is not None else None
        if hit is None or needle is None:
            return {"sub": words}
        seen = [f.code for f in self.columns] + ([reading.code] if reading is not None else [])
        parts = [marking.in_text(words, needle)] if words else []
        elsewhere = [
            Markup("{} {}").format(label, text)
            for label, text in marking.where_found(self.live.definition, hit, record.values, needle, self.ctx, seen)
        ]
        return {"sub": Markup("　").join([*parts, *elsewhere]), "card_note": Markup("　").join(elsewhere)}

    def _drawn(self, f: Field, *, in_link: bool) -> list[Markup | None]:
        """A column's cells; choices repeat, and so each is drawn once."""
        code, ctx, repeats = f.code, self.ctx, isinstance(f, ChoiceField)
        needle = self.found.needle if self.found is not None else None
        known: dict[t.Any, Markup | None] = {}
        found: list[Markup | None] = []
        for record in self.records:
            value = record.values.get(code)
            if repeats and value in known:
                found.append(known[value])
                continue
            cell = None if f.is_empty(value) else escape(f.display(value, ctx))
            if in_link and cell is not None:
                cell = plain_in_link(f, value, cell, ctx)
            if needle is not None and cell is not None:
                cell = marking.in_cell(cell, f.text(value, ctx), needle)
            if repeats:
                known[value] = cell
            found.append(cell)
        return found

    def _selection(self, may: dict[str, bool]) -> dict[str, t.Any] | None:
        actions = []
        if may["delete"]:
            actions.append(
                {"label": messages.text("runtime.delete", self.ctx.locale), "icon": "trash-2", "value": "delete"}
            )
        if not actions:
            return None
        return {"action": url_for("runtime.bulk", app=self.live.id), "count": 0, "actions": actions}


def views_for(reader: RecordReader) -> list[View]:
    """The lists and calendars of the app whose conditions and order name nothing that is hidden from the reader.

    A list of those who meet a condition tells what the condition asks.
    """
    return [
        v for v in reader.definition.views if v.type in ("LIST", "CALENDAR") and reader.may_ask(v.filter_cond, v.sort)
    ]


def view_of(reader: RecordReader, key: str) -> View | None:
    """The view of the address: by number, ``all`` for none, else the first list that the reader may see."""
    if key == "all":
        return None
    lists = views_for(reader)
    if key:
        number = number_of(key)
        found = reader.definition.view(number) if number is not None else reader.definition.view(key)
        if found is None or (found not in lists and found.type in ("LIST", "CALENDAR")):
            raise NotFound("view.not_found", view=key)
        return found
    return lists[0] if lists else None


def sort_text(order: Sequence[SortKey]) -> str:
    """Sort keys as the address writes them."""
    return ",".join(("-" if key.descending else "") + key.field for key in order)


def plain_in_link(shown_field: Field, value: t.Any, drawn: Markup, ctx: Context) -> Markup:
    """A value inside the row's link: one that is a link itself gives its words only."""
    return escape(shown_field.text(value, ctx)) if "<a" in drawn or "<ul" in drawn or "<div" in drawn else drawn


def condition_words(chip: filters.Chip, shown_field: Field | None, ctx: Context) -> str:
    """A condition in words: "が 受付・調査中", "が空"."""
    if not chip.operator or shown_field is None:
        return (
            "・".join(chip.values)
            if chip.values
            else kintone.condition_text(chip.condition)
            if chip.field or not chip.values
            else ""
        )
    word = filters.WORDS[chip.operator]
    values = ("・" if ctx.locale == "ja" else ", ").join(chip.values)
    return messages.text(f"runtime.words.{word}", ctx.locale, values=values)


@blueprint.post("/k/<int:app>/bulk")
def bulk(app: int) -> Response:
    """An action on the ticked records: delete them (they wait in the trash)."""
    ids = record_ids(request.form.getlist("ids"))
    if request.form.get("do") == "delete" and ids:
        written(lambda space: space.service(app).save([Change(id=i, delete=True) for i in ids]))
        locale = context().locale
        undo = url_for("runtime.restore", app=app, ids=",".join(map(str, ids)))
        text = messages.text("runtime.deleted", locale, count=len(ids))
        flash({"text": text, "undo_url": undo})  # type: ignore[arg-type]  # the layout shows mappings
    back = request.referrer
    return redirect(back if back and back.startswith(request.host_url) else url_for("runtime.list_records", app=app))


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 9 else otherwise
