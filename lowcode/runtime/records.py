"""One record as it is shown: its values, related records, process and timeline."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from urllib.parse import parse_qsl

from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from lowcode import messages
from lowcode.errors import Invalid, LowcodeError, NotFound
from lowcode.fields.base import Context, Field
from lowcode.fields.lookup import LookupField
from lowcode.fields.reference_table import ReferenceTableField
from lowcode.query import filters, kintone
from lowcode.query.ast import Compare, Literal, all_of
from lowcode.records import history, lookups, process
from lowcode.records.catalog import LiveApp
from lowcode.records.reader import RecordReader
from lowcode.records.record import Change, Record
from lowcode.records.workspace import Workspace
from lowcode.runtime import attachments, lists, shown
from lowcode.runtime.blueprint import blueprint, number_of
from lowcode.runtime.printing import printed
from lowcode.web import csrf
from lowcode.web.state import context, reading, writing, written

NEIGHBOURS = 1_000
"""Within how many records of the list "previous" and "next" are offered."""
ACTION_ICONS = {
    "create": "plus",
    "update": "pencil",
    "delete": "trash-2",
    "restore": "undo-2",
    "status": "git-branch",
    "derive": "refresh-cw",
    "import": "upload",
}


@blueprint.get("/k/<int:app>/show")
def show_by_fragment(app: int) -> str | Response:
    """``/k/<app>/show#record=<id>``, as kintone writes it; the page's script follows the fragment."""
    number = number_of(request.args.get("record"))
    if number is not None:
        return redirect(url_for("runtime.show_record", app=app, record_id=number))
    return render_template("runtime/follow_fragment.html", list_url=url_for("runtime.list_records", app=app))


@blueprint.get("/k/<int:app>/show/<int:record_id>")
def show_record(app: int, record_id: int) -> str:
    """A record with everything that belongs to it."""
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        record = reader.get(record_id)
        return render_template(
            "runtime/record.html", **_page(space, live, reader, record), printed=printed(live, [record.id])
        )


def _page(space: Workspace, live: LiveApp, reader: RecordReader, record: Record) -> dict[str, t.Any]:
    ctx, definition = reader.ctx, live.definition
    access = reader.access_to(record.id)
    may = {
        "add": reader.policy.allows("add"),
        "edit": access.edit,
        "delete": access.delete,
        "manage": reader.policy.allows("manage"),
    }
    sections = shown.record_sections(definition, record, access.readable, ctx)
    _link_files(live, record, sections)
    _show_drift(space, live, record, sections, ctx, may["edit"])
    sections.extend(_related(space, live, reader, record))
    title = shown.title_of(definition, record.id, record.values, ctx)
    back = request.args.get("list", "")
    kana = shown.reading_field(definition, record.values)
    return {
        "app": shown.tile(live, ctx.locale, current=True),
        "record": record,
        "title": title,
        "sections": sections,
        "may": may,
        "subtitle": kana.text(record.values[kana.code], ctx) if kana is not None else "",
        "timeline": _timeline(live, reader, record, may["edit"]),
        "process": _process(live, reader, record),
        "list_url": url_for("runtime.list_records", app=live.id) + (f"?{back}" if back else ""),
        "back": back,
        "neighbours": _neighbours(live, reader, record, back),
        "chips": _chips(live, record, ctx),
    }


def _chips(live: LiveApp, record: Record, ctx: Context) -> list[Markup]:
    """Coloured choices of the view's first columns stand beside the title."""
    found = []
    for f in live.definition.layout_order:
        options = getattr(f, "options", ())
        value = record.values.get(f.code)
        if (
            f.type_name in ("DROP_DOWN", "RADIO_BUTTON")
            and value is not None
            and any(getattr(o, "hue", "") for o in options)
        ):
            found.append(f.display(value, ctx))
    return found[:3]


def _link_files(live: LiveApp, record: Record, sections: list[shown.Section]) -> None:
    for section in sections:
        for item in section.pairs:
            f = live.definition.find(item.code) if item.code else None
            if f is not None and f.type_name == "FILE":
                lines = [file_line(live, record, f, ref) for ref in record.values.get(f.code) or ()]
                item.value = Markup('<ul class="file-list">{}</ul>').format(Markup("").join(lines))


def file_line(live: LiveApp, record: Record, f: Field, ref: t.Any) -> Markup:
    """A file as a link, with a picture of each page as soon as there are some."""
    link = Markup('<a href="{}">{}</a> <span class="file-size">{}</span>').format(
        url_for("runtime.download", app=live.id, record_id=record.id, field_id=f.id, key=ref.key),
        ref.name,
        size_words(ref.size),
    )
    return Markup('<li class="file">{}{}</li>').format(link, file_pages(live, record, f, [ref]))


def file_pages(live: LiveApp, record: Record, f: Field, refs: Iterable[t.Any]) -> Markup:
    """A picture of each page of some files, each a link to itself; nothing while there are none."""
    pictures = Markup("").join(_pictures(live, record, f, ref) for ref in refs)
    return Markup('<div class="file-pages">{}</div>').format(pictures) if pictures else Markup("")


def _pictures(live: LiveApp, record: Record, f: Field, ref: t.Any) -> Markup:
    place = {"app": live.id, "record_id": record.id, "field_id": f.id, "key": ref.key}
    size = getattr(f, "thumbnail_size", "150")
    return Markup("").join(
        Markup(
            '<a class="file-page" href="{0}"><img class="thumb" src="{0}" width="{1}" alt="{2}" loading="lazy"></a>'
        ).format(
            url_for("runtime.preview", number=number, **place),
            size,
            messages.text("runtime.page_of", context().locale, name=ref.name, number=number),
        )
        for number in range(1, attachments.preview_count(ref) + 1)
    )


def size_words(size: int) -> str:
    """A file's size for people."""
    return f"{size} B" if size < 1024 else f"{size // 1024} KB" if size < 1024**2 else f"{size / 1024**2:.1f} MB"


def _show_drift(
    space: Workspace, live: LiveApp, record: Record, sections: list[shown.Section], ctx: Context, may_edit: bool
) -> None:
    """Copied values whose source changed since say so beside the value; one button fetches them again."""
    for f in live.definition.fields:
        if not (isinstance(f, LookupField) and f.shows_drift and f.code in record.values):
            continue
        for code, now in lookups.drift(space, live, f, record.values).items():
            target = live.definition.field(code)
            for section in sections:
                for item in section.pairs:
                    if item.code == code:
                        item.small = messages.text("runtime.drift", ctx.locale, value=target.text(now, ctx))
                        if may_edit and f.code not in section.refreshes:
                            section.refreshes.append(f.code)
                            section.tools += _refresh_button(live, record, f, ctx)


def _refresh_button(live: LiveApp, record: Record, f: Field, ctx: Context) -> Markup:
    return Markup(
        '<form method="post" action="{}"><input type="hidden" name="csrf_token" value="{}">'
        '<input type="hidden" name="field" value="{}">'
        '<button class="button button-secondary button-small" type="submit">{}</button></form>'
    ).format(
        url_for("runtime.copy_again", app=live.id, record_id=record.id),
        csrf.token(),
        f.code,
        messages.text("runtime.copy_again", ctx.locale, label=f.display_label(ctx.locale)),
    )


@blueprint.post("/k/<int:app>/show/<int:record_id>/copy")
def copy_again(app: int, record_id: int) -> Response:
    """Fetch the copied values of a lookup again from its source."""
    with writing() as space:
        live = space.app(app)
        field = live.definition.find(request.form.get("field", ""))
        if not isinstance(field, LookupField):
            raise NotFound("field.unknown", field=request.form.get("field", "")[:100])
        record = space.reader(live).get(record_id)
        space.service(live).save(
            [Change(id=record_id, values={field.code: record.values.get(field.code)}, revision=record.revision)]
        )
    flash(messages.text("runtime.copied_again", context().locale))
    return redirect(url_for("runtime.show_record", app=app, record_id=record_id))


def _related(space: Workspace, live: LiveApp, reader: RecordReader, record: Record) -> list[shown.Section]:
    ctx = reader.ctx
    found = []
    waiting: list[str] = []
    for f in live.definition.fields:
        if not isinstance(f, ReferenceTableField) or f.code not in reader.readable:
            continue
        label = f.display_label(ctx.locale)
        other = space.snapshot.find(f.reference_table.related_app.code)
        if other is None:
            waiting.append(label)
            continue
        section = _related_section(space, live, record, f, other, label)
        if section is not None:
            found.append(section)
    if waiting:
        found.append(_waiting_section(waiting, ctx))
    return found


def _waiting_section(labels: list[str], ctx: Context) -> shown.Section:
    """One folded card for everything whose app is not installed: a page full of empty cards hides what is there."""
    title = messages.text("runtime.waiting_for_apps", ctx.locale, count=len(labels))
    joined = messages.text("runtime.comma", ctx.locale).join(labels)
    body = Markup('<p class="card-body muted">{}</p>').format(joined)
    return shown.Section(title=title, id="related-waiting", fold=True, open=False, body=body)


def _related_section(
    space: Workspace, live: LiveApp, record: Record, f: ReferenceTableField, other: LiveApp, label: str
) -> shown.Section | None:
    part = f.reference_table
    own = live.definition.find(part.condition.field)
    relation = other.definition.find(part.condition.related_field)
    reader = space.reader(other)
    if own is None or relation is None or relation.code not in reader.readable or own.code not in record.values:
        return None
    value = record.values[own.code]
    ctx = reader.ctx
    records: list[Record] = []
    total = 0
    if not own.is_empty(value):
        operator = "=" if "=" in relation.operators else "in"
        condition = all_of(
            Compare(relation.code, operator, (Literal(own.text(value, ctx)),)),
            kintone.parse(part.filter_cond).condition if part.filter_cond else None,
        )
        order = kintone.parse(f"order by {part.sort}").order if part.sort else kintone.parse("order by $id desc").order
        try:
            records = reader.list(
                condition,
                order,
                limit=int(part.size or 5),
                fields=[*part.display_fields, other.definition.title_field.code],
            )
            total = reader.count(condition, limit=1001)
        except Invalid:
            return None
    columns = [
        c
        for c in (other.definition.find(code) for code in part.display_fields)
        if c is not None and c.code in reader.readable
    ]
    rows = [
        {
            "cells": [
                c.display(r.values.get(c.code), ctx) if not c.is_empty(r.values.get(c.code)) else "" for c in columns
            ],
            "url": url_for("runtime.show_record", app=other.id, record_id=r.id),
        }
        for r in records
    ]
    tools = Markup("")
    if not own.is_empty(value):
        text = own.text(value, ctx)
        word = "eq" if "=" in relation.operators else "in"
        tools += Markup('<a class="button button-small" href="{}">{}</a>').format(
            url_for("runtime.list_records", app=other.id)
            + "?"
            + lists.encode([("view", "all"), (f"f.{relation.code}.{word}", text)]),
            messages.text("runtime.see_all", ctx.locale),
        )
        if reader.policy.allows("add"):
            back = url_for("runtime.show_record", app=live.id, record_id=record.id)
            handed = lists.encode([(f"v.{relation.code}", text), ("back", back)])
            tools += Markup('<a class="button button-secondary button-small" href="{}">{}</a>').format(
                url_for("runtime.new_record", app=other.id) + "?" + handed,
                messages.text("runtime.add_related", ctx.locale),
            )
    table = {
        "columns": [
            shown.Column(c.display_label(ctx.locale), shown.is_numeric(c), shown.column_kind(c)) for c in columns
        ],
        "rows": rows,
    }
    body = (
        None
        if rows
        else Markup('<p class="card-body muted">{}</p>').format(messages.text("runtime.no_related", ctx.locale))
    )
    return shown.Section(
        title=label, id=f"related-{f.id}", number=total, tools=tools, table=table if rows else None, body=body
    )


def _neighbours(live: LiveApp, reader: RecordReader, record: Record, back: str) -> dict[str, t.Any] | None:
    """The record's place in the list that it was opened from, with the addresses before and after it."""
    if not back:
        return None
    args = parse_qsl(back, keep_blank_values=True)
    try:
        view = lists.view_of(reader, dict(args).get("view", ""))
        asked = filters.from_parameters(args)
        saved = kintone.parse(view.filter_cond).condition if view and view.filter_cond else None
        order = asked.order or (
            kintone.parse(f"order by {view.sort}").order
            if view and view.sort
            else kintone.parse("order by $id desc").order
        )
        ids = list(reader.ids(all_of(saved, asked.node), order, limit=NEIGHBOURS))
    except (Invalid, NotFound):
        return None
    if record.id not in ids:
        return None
    at = ids.index(record.id)

    def url(index: int) -> str:
        return (
            url_for("runtime.show_record", app=live.id, record_id=ids[index], list=back)
            if 0 <= index < len(ids)
            else ""
        )

    total = f"{len(ids)}+" if len(ids) == NEIGHBOURS else str(len(ids))
    return {"words": f"{at + 1} / {total}", "prev_url": url(at - 1), "next_url": url(at + 1)}


def _process(live: LiveApp, reader: RecordReader, record: Record) -> dict[str, t.Any] | None:
    definition, locale = live.definition, reader.ctx.locale
    first = definition.status.first
    if first is None:
        return None
    now = record.status if record.status is not None else first.id
    actions = process.possible_actions(definition, now)
    path = [s for s in definition.status.states if not s.retired]
    main = _main_path(definition, now)
    steps = []
    for state in [s for s in path if s.name in main] or path:
        at = main.index(state.name) if state.name in main else -1
        current = definition.status.state(now)
        place = main.index(current.name) if current is not None and current.name in main else 0
        steps.append(
            {
                "label": state.display_name(locale),
                "state": "now" if state.id == now else "done" if at < place else "next",
                "at": at,
            }
        )
    steps.sort(key=lambda s: t.cast(int, s["at"]))
    return {"steps": steps, "actions": [{"name": a.name, "label": dict(a.names).get(locale, a.name)} for a in actions]}


def _main_path(definition: t.Any, now: int) -> list[str]:
    """The states along first actions from the start, with the present one in its place."""
    names = [definition.status.first.name]
    while True:
        following = next(
            (a.to_state for a in definition.status.actions if a.from_state == names[-1] and a.to_state not in names),
            None,
        )
        if following is None:
            break
        names.append(following)
    present = definition.status.state(now)
    if present is not None and present.name not in names:
        names.append(present.name)
    return names


def _timeline(live: LiveApp, reader: RecordReader, record: Record, may_edit: bool) -> dict[str, t.Any]:
    ctx = reader.ctx
    entries = []
    for entry, changes in reader.history(record.id, limit=60):
        shown_entry = _entry(live, record, entry, changes, ctx, may_edit)
        if entry.set_aside and (entry.actor_id == ctx.user_id or reader.policy.allows("manage")):
            # No right says who may read a field that is gone: its author, and whoever manages the app.
            shown_entry["changes"] += [{"label": one.label, "old": "", "new": one.text} for one in entry.set_aside]
        entries.append(shown_entry)
    return {
        "tabs": [
            {
                "label": messages.text("runtime.changes", ctx.locale),
                "url": "#timeline",
                "current": True,
                "icon": "history",
                "count": len(entries),
            }
        ],
        "entries": entries,
    }


def _entry(
    live: LiveApp,
    record: Record,
    entry: history.Entry,
    changes: list[history.FieldChange],
    ctx: Context,
    may_edit: bool,
) -> dict[str, t.Any]:
    listed = [
        {
            "label": c.field.display_label(ctx.locale),
            "old": clip(c.field, c.before, ctx),
            "new": clip(c.field, c.after, ctx),
        }
        for c in changes
    ]
    chips: list[Markup] = []
    if entry.action == "status":
        for image in (entry.before, entry.after):
            state = live.definition.status.state(image.get("status") or 0) or live.definition.status.first
            if state is not None:
                chips.append(escape(state.display_name(ctx.locale)))
    text: Markup | str = ""
    if may_edit and entry.action == "update" and changes:
        text = Markup('<a class="small" href="{}">{}</a>').format(
            url_for("runtime.restore_values", app=live.id, record_id=record.id, entry=entry.id),
            messages.text("runtime.restore_values", ctx.locale),
        )
    who = messages.text("runtime.system", ctx.locale) if entry.actor_kind == "system" else entry.actor_name
    return {
        "kind": "event",
        "who": who,
        "what": messages.text(f"runtime.did.{entry.action}", ctx.locale),
        "time": shown.when(entry.at, ctx),
        "iso": entry.at.isoformat(),
        "icon": ACTION_ICONS.get(entry.action, "pencil"),
        "changes": listed,
        "chips": chips,
        "text": text,
    }


def clip(f: Field, value: t.Any, ctx: Context) -> str:
    """A value in a line of the timeline."""
    words = " ".join(f.text(value, ctx).split()) if f.type_name != "SUBTABLE" else table_words(f, value, ctx)
    return words if len(words) <= 120 else words[:119] + "…"


def table_words(f: t.Any, rows: t.Any, ctx: Context) -> str:
    """A subtable's rows in one line: cells by "/", rows by "；"."""
    return "；".join(
        "/".join(filter(None, (c.text(r.values.get(c.code), ctx) for c in f.fields if c.stores_value)))
        for r in rows or ()
    )


# -- actions on one record -----------------------------------------------------------------------


@blueprint.post("/k/<int:app>/show/<int:record_id>/action")
def take_action(app: int, record_id: int) -> Response:
    """A process action."""
    locale = context().locale
    change = Change(
        id=record_id, action=request.form.get("action", ""), revision=number_of(request.form.get("revision"))
    )
    try:
        written(lambda space: space.service(app).save([change]))
    except LowcodeError as error:
        words = (
            [messages.sentence(p, locale) for p in error.problems]
            if isinstance(error, Invalid)
            else [messages.text(error.code, locale, **error.params)]
        )
        flash(" ".join(words), "error")
    return redirect(url_for("runtime.show_record", app=app, record_id=record_id))


@blueprint.post("/k/<int:app>/show/<int:record_id>/delete")
def delete_record(app: int, record_id: int) -> Response:
    """Move a record to the trash."""
    change = Change(id=record_id, delete=True, revision=number_of(request.form.get("revision")))
    written(lambda space: space.service(app).save([change]))
    undo = url_for("runtime.restore", app=app, ids=str(record_id))
    flash({"text": messages.text("runtime.deleted", context().locale, count=1), "undo_url": undo})  # type: ignore[arg-type]
    return redirect(url_for("runtime.list_records", app=app))


def _changes_of(reader: RecordReader, record_id: int, entry: int) -> list[history.FieldChange]:
    """What one entry of the history changed. :raises NotFound: the record has no such entry."""
    found = next((changes for e, changes in reader.history(record_id) if e.id == entry), None)
    if found is None:
        raise NotFound()
    return found


@blueprint.get("/k/<int:app>/show/<int:record_id>/restore/<int:entry>")
def restore_values(app: int, record_id: int, entry: int) -> str:
    """Which values of an earlier state would come back; the form posts the choice."""
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        record = reader.get(record_id)
        rows = [
            {
                "code": c.field.code,
                "label": c.field.display_label(reader.ctx.locale),
                "before": clip(c.field, c.before, reader.ctx),
                "now": clip(c.field, record.values.get(c.field.code), reader.ctx),
            }
            for c in _changes_of(reader, record_id, entry)
            if c.field.writable
        ]
        return render_template(
            "runtime/restore_values.html",
            app=shown.tile(live, reader.ctx.locale, current=True),
            record=record,
            entry=entry,
            rows=rows,
            title=shown.title_of(live.definition, record.id, record.values, reader.ctx),
        )


@blueprint.post("/k/<int:app>/show/<int:record_id>/restore/<int:entry>")
def restore_values_now(app: int, record_id: int, entry: int) -> Response:
    """Put the chosen fields back to what they were before a change."""
    chosen = set(request.form.getlist("codes"))

    def put_back(space: Workspace) -> bool:
        live = space.app(app)
        reader = space.reader(live)
        found = next(((e, c) for e, c in reader.history(record_id) if e.id == entry), None)
        if found is None:
            return False
        values = {c.field.code: c.before for c in found[1] if c.field.code in chosen and c.field.writable}
        present = reader.get(record_id)
        space.service(live).save([Change(id=record_id, revision=present.revision, values=values)])
        return True

    if written(put_back):
        flash(messages.text("runtime.values_restored", context().locale))
    return redirect(url_for("runtime.show_record", app=app, record_id=record_id))
