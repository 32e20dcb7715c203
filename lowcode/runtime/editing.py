"""Adding and editing a record: one form, with and without scripts, and the dialog for simultaneous edits."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from lowcode import messages
from lowcode.errors import Invalid
from lowcode.fields.base import Context, Value
from lowcode.fields.subtable import SubtableField
from lowcode.records import compute, once
from lowcode.records.catalog import LiveApp
from lowcode.records.plan import plan_for
from lowcode.records.reader import RecordReader
from lowcode.records.record import ORDER, Record, RecordClash, clash_key
from lowcode.records.workspace import Workspace
from lowcode.runtime import shown
from lowcode.runtime.attachments import with_uploads
from lowcode.runtime.blueprint import blueprint, number_of
from lowcode.runtime.edit_form import EditForm
from lowcode.runtime.older_forms import VERSION
from lowcode.runtime.records import clip
from lowcode.runtime.submission import ASKED, CHOOSE, CHOSEN_AT, ONCE, REVISION, Drawn, Saved, submit
from lowcode.web.state import actor, context, reading, written

NEVER_COPIED = frozenset({"FILE", "TOKEN"})
"""Types whose values belong to one record alone."""


# -- views -----------------------------------------------------------------------------------------


@blueprint.route("/k/<int:app>/new", methods=["GET", "POST"])
def new_record(app: int) -> str | Response | tuple[str, int]:
    """A new record."""
    with reading() as space:
        # Rights come first: an upload of somebody who may not is not kept, and nothing is drawn.
        live = space.app(app)
        reader = space.reader(live)
        reader.policy.require("add")
        if request.method == "GET":
            return _page(live, EditForm(live, reader, None, None, _preset(live, reader)), _back(app, None))
    return _save(app, None)


@blueprint.route("/k/<int:app>/edit/<int:record_id>", methods=["GET", "POST"])
def edit_record(app: int, record_id: int) -> str | Response | tuple[str, int]:
    """An existing record."""
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        reader.require("edit", record_id)
        if request.method == "GET":
            record = reader.get(record_id)
            return _page(live, EditForm(live, reader, record, None), _back(app, record_id))
    return _save(app, record_id)


def _preset(live: LiveApp, reader: RecordReader) -> dict[str, Value]:
    """Values that a link hands to a new record (``v.<code>=…``), or those of the record to be copied."""
    preset: dict[str, Value] = {}
    copied = number_of(request.args.get("copy"))
    if copied is not None and live.definition.settings.enable_duplicate_record:
        original = reader.get(copied)
        preset = {
            f.code: _copied_rows(f, original.values[f.code])
            if isinstance(f, SubtableField)
            else original.values[f.code]
            for f in live.definition.fields
            if f.writable and f.code in original.values and f.type_name not in NEVER_COPIED and not f.is_unique()
        }
    for name, text in request.args.items():
        f = live.definition.find(name[2:]) if name.startswith("v.") else None
        if f is not None and f.writable and f.code in reader.readable:
            try:
                preset[f.code] = f.parse(text, reader.ctx)
            except Invalid:
                continue
    return preset


def _copied_rows(table: SubtableField, rows: Value) -> Value:
    """The rows of a record as new rows."""
    kept = [f.code for f in table.fields if f.writable and f.type_name not in NEVER_COPIED]
    return tuple(
        table.make_row(None, {code: row.values[code] for code in kept if code in row.values}) for row in rows or ()
    )


def _back(app: int, record_id: int | None) -> str:
    back = request.values.get("back", "")
    if back.startswith("/k/") and "//" not in back and "\\" not in back:
        return back
    return (
        url_for("runtime.show_record", app=app, record_id=record_id)
        if record_id
        else url_for("runtime.list_records", app=app)
    )


def _page(
    live: LiveApp, form: EditForm, back: str, *, conflict: dict[str, t.Any] | None = None, revision: int | None = None
) -> str:
    record = form.record
    seen = revision if revision is not None else record.revision if record is not None else None
    hidden = [("back", back), (VERSION, str(live.version))] + ([(REVISION, str(seen))] if seen is not None else [])
    if record is None:
        hidden.append((ONCE, request.form.get(ONCE) or once.new_key()))
    action = (
        url_for("runtime.edit_record", app=live.id, record_id=record.id)
        if record is not None
        else url_for("runtime.new_record", app=live.id)
    )
    title = (
        shown.title_of(live.definition, record.id, record.values, form.ctx)
        if record is not None
        else messages.text("runtime.new", form.ctx.locale)
    )
    return render_template(
        "runtime/edit.html",
        app=shown.tile(live, form.ctx.locale, current=True),
        record=record,
        title=title,
        conflict=conflict,
        form=form.template(action=action, cancel_url=back, hidden=hidden),
    )


def _save(app: int, record_id: int | None) -> str | Response | tuple[str, int]:
    formdata = with_uploads(request.form, request.files)
    back = _back(app, record_id)

    def save(space: Workspace) -> str | tuple[str, int] | Saved:
        outcome = submit(space, app, record_id, formdata)
        return outcome if isinstance(outcome, Saved) else _answer(outcome, formdata, back)

    saved = written(save)
    if not isinstance(saved, Saved):
        return saved
    flash(messages.text("runtime.saved", context().locale))
    for one in saved.set_aside:
        flash(messages.text("runtime.set_aside", context().locale, label=one.label, text=one.text))
    if formdata.get("then") == "next":
        return redirect(url_for("runtime.new_record", app=app), 303)
    return redirect(
        back
        if request.values.get("back") and record_id is None and back != url_for("runtime.list_records", app=app)
        else url_for("runtime.show_record", app=app, record_id=saved.id),
        303,
    )


def _answer(outcome: Drawn, formdata: MultiDict[str, str], back: str) -> str | tuple[str, int]:
    """The form again, with what keeps it from being saved."""
    form = outcome.form
    if outcome.kind == "gone":
        form.problems = [{"text": messages.text("runtime.deleted_meanwhile", form.ctx.locale), "href": ""}]
    conflict = None if outcome.clash is None else _conflict(form.live, form.reader, outcome.clash, formdata)
    page = _page(form.live, form, back, conflict=conflict, revision=outcome.revision)
    return page if outcome.kind == "shown" else (page, 422 if outcome.kind == "refused" else 409)


def _conflict(
    live: LiveApp, reader: RecordReader, clash: RecordClash, formdata: MultiDict[str, str]
) -> dict[str, t.Any]:
    """The context of ``runtime_parts/conflict_dialog.html``: each clash with before, theirs and mine."""
    ctx = reader.ctx
    rows = []
    for one in clash.clashes:
        label, words = _clash_words(live, one.path, ctx)
        rows.append(
            {
                "name": clash_key(one.path),
                "label": label,
                "was": words(one.before),
                "theirs": words(one.theirs),
                "mine": words(one.mine),
                "choice": "",
                "joinable": False,
            }
        )
    names = [clash_key(one.path) for one in clash.clashes]
    kept = [
        {"name": name, "value": value}
        for name, value in formdata.items(multi=True)
        if name not in ("csrf_token", "choose", CHOSEN_AT, ASKED) and not name.startswith(CHOOSE)
    ]
    kept += [{"name": CHOSEN_AT, "value": str(clash.revision)}, {"name": ASKED, "value": "\n".join(names)}]
    return {
        "who": clash.who or messages.text("runtime.somebody", ctx.locale),
        "when": shown.when(clash.at, ctx),
        "me": actor().name,
        "action": url_for("runtime.edit_record", app=live.id, record_id=clash.record_id),
        "hidden": kept,
        "rows": rows,
        "merged": [],
        "page": False,
    }


def _clash_words(live: LiveApp, path: tuple[str | int, ...], ctx: Context) -> tuple[str, t.Callable[[Value], str]]:
    f = live.definition.find(str(path[0]))
    if f is None:
        return str(path[0]), str
    label = f.display_label(ctx.locale)
    if len(path) == 1:
        return label, lambda v: clip(f, v, ctx)
    if len(path) == 3 and isinstance(f, SubtableField):
        inner = f.find(str(path[2]))
        if inner is not None:
            return f"{label} › {inner.display_label(ctx.locale)}", lambda v: clip(inner, v, ctx)

    if path[1:] == (ORDER,):
        return messages.text("runtime.order_of", ctx.locale, label=label), lambda v: clip(f, v, ctx)

    def row_words(row: Value) -> str:
        if row is None:
            return messages.text("runtime.row_deleted", ctx.locale)
        return clip(f, (row,), ctx)

    return messages.text("runtime.row_of", ctx.locale, label=label), row_words


@blueprint.post("/k/<int:app>/calculate")
def calculate(app: int) -> dict[str, t.Any]:
    """Calculated values of a form while it is filled in: ``{"values": {code: text}}``; nothing is saved."""
    record_id = number_of(request.form.get("record"))
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        record = reader.get(record_id) if record_id is not None else None
        form = EditForm(live, reader, record, request.form)
        form.form.validate()
        return {"values": _derived(live, reader, record, form.values())}


def _derived(live: LiveApp, reader: RecordReader, record: Record | None, values: Mapping[str, Value]) -> dict[str, str]:
    present: dict[str, Value] = dict(record.values) if record is not None else {}
    present.update(values)
    plan = plan_for(live)
    compute.evaluate(live.definition, plan, present, reader.ctx)
    return {
        f.code: f.text(present.get(f.code), reader.ctx)
        for f, table in plan.formulas
        if table is None and f.code in reader.readable
    }
