"""The form of one record: what it shows, what was posted, and what of it is to be saved."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

import wtforms
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from lowcode import messages
from lowcode.errors import Problem
from lowcode.fields.adapters import FormField
from lowcode.fields.base import Field, Value
from lowcode.fields.row_widgets import SubtableFormField
from lowcode.fields.subtable import SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.plan import plan_for
from lowcode.records.reader import RecordReader
from lowcode.records.record import Record
from lowcode.runtime import shown
from lowcode.runtime.records import file_pages


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
        writable, self.readable_codes = _rights(reader, record)
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
                    f"{f.display_label(self.ctx.locale)}: " if f is not None and f.code in self.readable_codes else ""
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
        for title, anchor, _, items in shown.places(self.live.definition, self.readable_codes, locale):
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


def _rights(reader: RecordReader, record: Record | None) -> tuple[frozenset[str], frozenset[str]]:
    """The codes that the form may ask for, and those that it may show."""
    if record is not None:
        access = reader.access_to(record.id)
        return access.writable, access.readable
    mine = {f.code: reader.actor.user_id for f in reader.definition.fields if f.type_name == "CREATOR"}
    writable = reader.policy.writable_in(mine)
    return writable, reader.readable | writable
