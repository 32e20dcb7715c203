"""Adding and editing a record: one form, with and without scripts, and the dialog for simultaneous edits."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import wtforms
from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from lowcode import messages
from lowcode.errors import Invalid, Problem
from lowcode.fields.adapters import FormField
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.row_widgets import ADD_ROW, SubtableFormField
from lowcode.fields.subtable import SubtableField
from lowcode.records import compute, once
from lowcode.records.catalog import LiveApp
from lowcode.records.plan import plan_for
from lowcode.records.reader import RecordReader
from lowcode.records.record import Change, MergeConflict, Record, RecordClash, SetAside, clash_key
from lowcode.records.workspace import Workspace
from lowcode.runtime import shown
from lowcode.runtime.attachments import with_uploads
from lowcode.runtime.blueprint import blueprint, number_of
from lowcode.runtime.older_forms import VERSION, older, renamed
from lowcode.runtime.records import clip, file_pages
from lowcode.web.state import actor, context, reading, written

CHOOSE = "choose:"
NEVER_COPIED = frozenset({"FILE", "TOKEN"})
"""Types whose values belong to one record alone."""
ONCE = "once"
"""The hidden key of a form for a new record."""


class EditForm:
    """The form of one record: WTForms fields of everything the actor may fill in, by code."""

    def __init__(
        self,
        live: LiveApp,
        reader: RecordReader,
        record: Record | None,
        formdata: MultiDict[str, str] | None,
        preset: Mapping[str, Value] | None = None,
    ) -> None:
        self.live, self.reader, self.record, self.ctx = live, reader, record, reader.ctx
        writable = reader.policy.writable(live.definition) & reader.readable
        copied = plan_for(live).copied
        self.fields = [
            f
            for f in live.definition.layout_order
            if f.code in writable and f.writable and f.stores_value and f.code not in copied
        ]
        self.form = wtforms.form.BaseForm({f.code: f.form_field(self.ctx) for f in self.fields})
        values: Mapping[str, Value] = record.values if record is not None else preset or {}
        self.form.process(formdata, data={f.code: values[f.code] for f in self.fields if f.code in values})
        self.problems: list[dict[str, str]] = []

    def bound(self, code: str) -> FormField | None:
        """The control of a field, if the form has one."""
        return t.cast(FormField, self.form[code]) if code in self.form else None

    def validate(self) -> bool:
        """Check every control; problems are collected for the summary."""
        fine = self.form.validate()
        self._summarise()
        return fine

    def readable(self) -> bool:
        """Whether every control could be read at all (nothing is checked yet)."""
        controls = [t.cast(FormField, self.form[f.code]) for f in self.fields]
        rows = [row for c in controls if isinstance(c, SubtableFormField) for row in c.rows if not row.deleted]
        return not any(c.process_errors for c in controls) and not any(row.broken for row in rows)

    def values(self) -> dict[str, Value]:
        """What was posted, by code."""
        found = {}
        for f in self.fields:
            bound = t.cast(FormField, self.form[f.code])
            if bound.sent:
                found[f.code] = bound.data
        return found

    def changes(self) -> dict[str, Value]:
        """What to save: of a new record everything, else what differs from the record as it stands.

        A lookup whose key nobody touched must not copy again.
        """
        if self.record is None:
            return self.values()
        return {code: value for code, value in self.values().items() if t.cast(FormField, self.form[code]).changed}

    def refuse(self, problems: Sequence[Problem]) -> None:
        """Show problems of the record service at their controls; those without one go to the summary."""
        loose: list[Problem] = []
        for problem in problems:
            path = problem.path[1:]
            bound = self.bound(str(path[0])) if path else None
            if bound is None:
                loose.append(problem)
                continue
            bound.refuse([Problem(code=problem.code, path=path[1:], params=problem.params)])
        self._summarise()
        for problem in loose:
            label = ""
            if len(problem.path) > 1:
                f = self.live.definition.find(str(problem.path[1]))
                label = (
                    f"{f.display_label(self.ctx.locale)}: " if f is not None and f.code in self.reader.readable else ""
                )
            self.problems.append({"text": label + messages.sentence(problem, self.ctx.locale), "href": ""})

    def _summarise(self) -> None:
        self.problems = []
        for f in self.fields:
            bound = t.cast(FormField, self.form[f.code])
            for sentence in dict.fromkeys(bound.errors):
                self.problems.append(
                    {"text": f"{f.display_label(self.ctx.locale)}: {sentence}", "href": f"#{bound.id}"}
                )

    # -- template --------------------------------------------------------------------------------

    def template(self, *, action: str, cancel_url: str, hidden: Sequence[tuple[str, str]]) -> dict[str, t.Any]:
        """The context of ``runtime_parts/edit_form.html``."""
        locale = self.ctx.locale
        sections = []
        for title, anchor, _, items in shown.places(self.live.definition, self.reader.readable, locale):
            drawn = [d for f, item in items for d in (self._item(f, item), self._pages(f)) if d is not None]
            if drawn:
                sections.append({"title": title, "id": anchor, "parts": drawn})
        return {
            "id": "edit",
            "action": action,
            "cancel_url": cancel_url,
            "problems": self.problems,
            "sections": sections,
            "hidden": [{"name": n, "value": v} for n, v in hidden],
            "next_label": messages.text("runtime.save_next", locale) if self.record is None else "",
        }

    def _pages(self, f: Field | None) -> dict[str, t.Any] | None:
        """The pages of a record's attachments below their control: people type off what was faxed."""
        if f is None or self.record is None or f.type_name != "FILE":
            return None
        pages = file_pages(self.live, self.record, f, self.record.values.get(f.code) or ())
        return {"html": pages, "span": 12} if pages else None

    def _item(self, f: Field | None, item: t.Any) -> dict[str, t.Any] | None:
        if f is None:
            if item is not None and item.type == "LABEL" and item.label:
                return {
                    "html": Markup('<div class="form-label">{}</div>').format(shown.painted(item.label)),
                    "span": 12,
                }
            return {"html": Markup("<hr>"), "span": 12} if item is not None and item.type == "HR" else None
        bound = self.bound(f.code)
        span = 12 if isinstance(f, SubtableField) else shown.span_of(f, item)
        if bound is not None:
            return {"bound": bound, "span": span}
        if not f.stores_value or f.type_name == "TOKEN":
            return None
        value = self.record.values.get(f.code) if self.record is not None else None
        words = (
            f.display(value, self.ctx)
            if value is not None and not f.is_empty(value)
            else escape(messages.text("runtime.automatic", self.ctx.locale))
        )
        return {
            "html": Markup(
                '<div class="field"><div class="field-head"><span class="field-label">{}</span></div>'
                '<div class="value-shown muted" data-derived="{}">{}</div></div>'
            ).format(f.display_label(self.ctx.locale), f.code, words),
            "span": span,
        }


# -- views -----------------------------------------------------------------------------------------


@blueprint.route("/k/<int:app>/new", methods=["GET", "POST"])
def new_record(app: int) -> str | Response | tuple[str, int]:
    """A new record."""
    with reading() as space:
        # Rights come first: an upload of somebody who may not is not kept, and nothing is drawn.
        live = space.app(app)
        reader = space.reader(live)
        reader.policy.require("add", live.definition)
        if request.method == "GET":
            return _page(live, EditForm(live, reader, None, None, _preset(live, reader)), _back(app, None))
    return _save(app, None)


@blueprint.route("/k/<int:app>/edit/<int:record_id>", methods=["GET", "POST"])
def edit_record(app: int, record_id: int) -> str | Response | tuple[str, int]:
    """An existing record."""
    with reading() as space:
        live = space.app(app)
        reader = space.reader(live)
        reader.policy.require("edit", live.definition)
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
    hidden = [("back", back), (VERSION, str(live.version))] + ([("revision", str(seen))] if seen is not None else [])
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


@dataclass(frozen=True)
class Saved:
    """The record that a form made or changed, and what was typed for fields that are gone."""

    id: int
    set_aside: tuple[SetAside, ...] = ()


def _save(app: int, record_id: int | None) -> str | Response | tuple[str, int]:
    formdata = with_uploads(request.form, request.files)
    back = _back(app, record_id)

    def save(space: Workspace) -> str | tuple[str, int] | Saved:
        live = space.app(app)
        reader = space.reader(live)
        seen, version = number_of(formdata.get("revision")), number_of(formdata.get(VERSION))
        drawn = older(space, live, version)
        typed = formdata if drawn is None else renamed(formdata, drawn.definition, live.definition)
        if record_id is not None and seen is not None and not reader.by_ids([record_id], ()):
            return _deleted_meanwhile(live, reader, typed, back)
        record = reader.get(record_id) if record_id is not None else None
        form = EditForm(live, reader, record, typed)
        if ADD_ROW in formdata or formdata.get("then") == "edit":
            return _page(live, form, back, revision=seen)
        posted = form if drawn is None else EditForm(drawn, space.reader(drawn), None, formdata)
        if not (form.validate() if drawn is None else posted.readable()):
            form.validate()
            return _page(live, form, back, revision=seen), 422
        change = Change(
            id=record_id,
            values=posted.changes(),
            revision=seen,
            choices=_choices(formdata),
            chosen_at=number_of(formdata.get("chosen_at")),
            version=None if drawn is None else version,
        )
        try:
            with space.connection.begin_nested():
                return _written(space, live, change, formdata.get(ONCE, ""))
        except Invalid as error:
            form.refuse(error.problems)
            return _page(live, form, back, revision=seen), 422
        except MergeConflict as error:
            conflict = _conflict(live, reader, error.records[0], formdata)
            return _page(live, form, back, conflict=conflict, revision=seen), 409

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


def _written(space: Workspace, live: LiveApp, change: Change, key: str) -> Saved:
    """Save, unless this very form has made its record already."""
    if change.id is None and key:
        earlier = once.take(space.connection, space.actor, live.id, key, space.ctx.now)
        if earlier is not None:
            return Saved(earlier)
    saved = space.service(live).save([change])[0]
    if change.id is None and key:
        once.made(space.connection, space.actor, live.id, key, saved.id)
    return Saved(saved.id, saved.set_aside)


def _deleted_meanwhile(live: LiveApp, reader: RecordReader, typed: MultiDict[str, str], back: str) -> tuple[str, int]:
    """Somebody deleted the record while this form was open: what was typed is shown as a new record, not saved."""
    reader.policy.require("add", live.definition)
    form = EditForm(live, reader, None, typed)
    form.problems = [{"text": messages.text("runtime.deleted_meanwhile", form.ctx.locale), "href": ""}]
    return _page(live, form, back), 409


def _choices(formdata: MultiDict[str, str]) -> dict[str, t.Literal["mine", "theirs"]]:
    """Which side stays at each clash: all theirs, or each as chosen (not chosen counts as not answered)."""
    found: dict[str, t.Literal["mine", "theirs"]] = {}
    take_theirs = formdata.get("choose") == "theirs"
    for name in formdata.get("clashes", "").split("\n"):
        choice = "theirs" if take_theirs else formdata.get(CHOOSE + name, "")
        if name and choice in ("mine", "theirs"):
            found[name] = t.cast(t.Any, choice)
    return found


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
        if name not in ("csrf_token", "choose", "chosen_at", "clashes") and not name.startswith(CHOOSE)
    ]
    kept += [{"name": "chosen_at", "value": str(clash.revision)}, {"name": "clashes", "value": "\n".join(names)}]
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
