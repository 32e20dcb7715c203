"""The form control of a subtable: rows that can be added, moved and removed without scripts."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape
from wtforms.utils import unset_value

from lowcode import messages
from lowcode.errors import Problem
from lowcode.fields.adapters import FormField, marker
from lowcode.fields.context import Context, Value
from lowcode.fields.form_widgets import say, written

if t.TYPE_CHECKING:
    from lowcode.fields.base import Field
    from lowcode.fields.subtable import Row, SubtableField

ADD_ROW = "_add_row"
"""The button that asks for one more row; its value is the subtable's name. Nothing is saved then."""
_MAX_ROW_NUMBER = 99_999


@dataclass
class RowForm:
    """One row on the form: its number in the names, its stored id, and one bound control per inner field."""

    number: int
    row_id: int | None
    place: int
    cells: list[FormField]
    deleted: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """Whether a control could not be read."""
        return any(cell.process_errors for cell in self.cells)

    def values(self) -> dict[str, Value]:
        """What the person may have changed, by inner code."""
        return {cell.field.code: cell.data for cell in self.cells if cell.sent and cell.field.writable}


class SubtableFormField(FormField):
    """Rows named ``<name>-<n>-<inner code>``, with ``<name>-<n>:id``, ``:place`` and ``:delete`` beside them.

    New rows in which nothing was typed are dropped. ``data`` has the rows that stay, in the order of their places,
    with the cells that were posted.
    """

    field: SubtableField
    rows: list[RowForm]

    def process(self, formdata: t.Any, data: t.Any = unset_value, extra_filters: t.Any = None) -> None:
        self.rows = []
        super().process(None, data, extra_filters)
        stored: Sequence[Row] = self.data or ()
        numbers = self._numbers(formdata) if formdata is not None else []
        self.sent = formdata is not None and (self.marker in formdata or bool(numbers))
        if self.sent:
            self._read(formdata, numbers, {row.id: row for row in stored if row.id is not None})
            wanted = self.name in formdata.getlist(ADD_ROW)
        else:
            self.rows = [self._row(n, row.id, n + 1, row, None) for n, row in enumerate(stored)]
            wanted = False
        if wanted or not self.rows:
            number = max((row.number for row in self.rows), default=-1) + 1
            self.rows.append(self._row(number, None, len(self.rows) + 1, None, None))

    def _numbers(self, formdata: t.Any) -> list[int]:
        pattern = re.compile(rf"{re.escape(self.name)}-([0-9]{{1,6}})[-:]")
        found = {int(match[1]) for key in formdata if (match := pattern.match(key))}
        return sorted(number for number in found if number <= _MAX_ROW_NUMBER)

    def _read(self, formdata: t.Any, numbers: Iterable[int], stored: dict[int, Row]) -> None:
        for number in numbers:
            prefix = f"{self.name}-{number}"
            row_id = _digits(formdata.get(f"{prefix}:id"))
            place = _digits(formdata.get(f"{prefix}:place"))
            old = stored.get(row_id) if row_id is not None else None
            row = self._row(number, row_id, number + 1 if place is None else place, old, formdata)
            row.deleted = f"{prefix}:delete" in formdata
            self.rows.append(row)
        self.rows.sort(key=lambda row: row.place)
        self.data = tuple(row for _, row in self._kept())

    def _row(self, number: int, row_id: int | None, place: int, old: Row | None, formdata: t.Any) -> RowForm:
        cells = []
        for inner in self.field.fields:
            if not inner.stores_value:
                continue
            unbound = t.cast(t.Any, inner.form_field(self.ctx))
            cell: FormField = unbound.bind(
                form=None,
                name=inner.code,
                prefix=f"{self.name}-{number}-",
                translations=self._translations_of(),
                _meta=self.meta,
            )
            cell.id = f"{self.id}-{number}-f{inner.id}"
            cell.label.field_id = cell.id
            if old is not None:
                cell.process(formdata, old.values.get(inner.code))
            else:
                cell.process(formdata)
            cells.append(cell)
        return RowForm(number, row_id, place, cells)

    def _translations_of(self) -> t.Any:
        return getattr(self, "_translations", None)

    def _kept(self) -> list[tuple[RowForm, Row]]:
        """The rows that count, as forms and as values."""
        made = [(row, self.field.make_row(row.row_id, row.values())) for row in self.rows if not row.deleted]
        blank = {id(v) for _, v in made} - {id(v) for v in self.field.without_blank((v for _, v in made), self.ctx)}
        return [(form, value) for form, value in made if id(value) not in blank or form.broken]

    @property
    def changed(self) -> bool:
        """Whether a row came, went, moved or got another value."""
        if not self.sent:
            return False
        stored: Sequence[Row] = self.object_data or ()
        if [row.id for row in self.data] != [row.id for row in stored]:
            return True
        return any(
            row.values[code] != old.values.get(code)
            for row, old in zip(self.data, stored, strict=True)
            for code in row.values
        )

    def validate(self, form: t.Any, extra_validators: t.Any = ()) -> bool:
        """Every cell by its own rules; ``problems`` carry the path ``(row, inner code, …)``."""
        self.errors = list(self.process_errors)
        self.problems = []
        if self.sent:
            for index, (row, _) in enumerate(self._kept()):
                for cell in row.cells:
                    if cell.sent and cell.field.writable and not cell.validate(form):
                        self.problems += [problem.under(index, cell.field.code) for problem in cell.problems]
        if self.problems:
            self.errors = [*self.errors, say("rows_refused", self.ctx)]
        return not self.errors

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Show problems at the cells that their paths ``(row, inner code, …)`` name, the rest at the table."""
        kept = [form for form, _ in self._kept()] if self.sent else self.rows
        own = []
        for problem in problems:
            cell = self._cell(kept, problem)
            if cell is None:
                own.append(problem)
            else:
                cell.refuse([Problem(code=problem.code, path=problem.path[2:], params=problem.params)])
                self.problems.append(problem)
        super().refuse(own)
        if self.problems and not self.errors:
            self.errors = [say("rows_refused", self.ctx)]

    def _cell(self, rows: Sequence[RowForm], problem: Problem) -> FormField | None:
        match problem.path:
            case (int(index), str(code), *_) if 0 <= index < len(rows):
                return next((cell for cell in rows[index].cells if cell.field.code == code), None)
        return None

    def blank(self) -> RowForm:
        """The row that scripts copy; they put a number in place of ``__n__``."""
        row = self._row(0, None, 0, None, None)
        for cell in row.cells:
            cell.name = f"{self.name}-__n__-{cell.field.code}"
            cell.id = cell.label.field_id = f"{self.id}-__n__-f{cell.field.id}"
        return row


class SubtableInput:
    """A table with one line a row. It writes the cells' errors too, since no template sees the cells."""

    kind: t.ClassVar[str] = "subtable"
    """Templates give a control with a kind a caption instead of a label."""

    def __call__(self, field: SubtableFormField, **attributes: t.Any) -> Markup:
        heads = Markup("").join(
            Markup('<th scope="col">{}</th>').format(self._head(inner, field.ctx))
            for inner in field.field.fields
            if inner.stores_value
        )
        lines = Markup("").join(self._line(field, row, place) for place, row in enumerate(field.rows, 1))
        params = {
            "id": field.id,
            "class": "subtable",
            "role": "region",
            "tabindex": "0",
            "aria-label": field.label.text,
            **attributes,
        }
        return Markup(
            '<lc-subtable class="subtable-editor" data-name="{name}">{marker}<div {params}><table><thead><tr>'
            '<th scope="col" class="cell-handle">{place}</th>{heads}<th scope="col">{delete}</th></tr></thead>'
            "<tbody>{lines}</tbody></table></div><template><table><tbody>{blank}</tbody></table></template>"
            '<div class="subtable-foot"><button class="button button-small button-link" type="submit" name="{add}" '
            'value="{name}" formnovalidate>{add_text}</button></div></lc-subtable>'
        ).format(
            marker=marker(field),
            params=written(**params),
            heads=heads,
            lines=lines,
            name=field.name,
            place=say("row_place", field.ctx),
            delete=say("row_delete", field.ctx),
            blank=self._line(field, field.blank(), None),
            add=ADD_ROW,
            add_text=say("row_add", field.ctx),
        )

    def _head(self, inner: Field, ctx: Context) -> Markup:
        label = escape(inner.display_label(ctx.locale))
        if inner.is_required():
            label += Markup(' <span class="field-required">{}</span>').format(messages.text("web.required", ctx.locale))
        return label + (Markup('<span class="hint">{}</span>').format(inner.hint) if inner.hint else Markup(""))

    def _line(self, field: SubtableFormField, row: RowForm, place: int | None) -> Markup:
        number = "__n__" if place is None else str(row.number)
        shown = "" if place is None else str(place)
        prefix = f"{field.name}-{number}"
        cells = Markup("").join(
            Markup('<td><span class="sub-label" aria-hidden="true">{}</span>{}{}</td>').format(
                cell.label.text,
                cell(**{"aria-label": say("row_cell", field.ctx, label=cell.label.text, row=shown)}),
                _errors(cell),
            )
            for cell in row.cells
        )
        place_input = written(
            type="text",
            inputmode="numeric",
            name=f"{prefix}:place",
            value=shown,
            size=3,
            **{"class": "input input-place", "aria-label": say("row_place_of", field.ctx, row=shown)},
        )
        delete_input = written(
            type="checkbox",
            name=f"{prefix}:delete",
            value="1",
            checked=row.deleted,
            **{"aria-label": say("row_delete_of", field.ctx, row=shown)},
        )
        row_id = written(type="hidden", name=f"{prefix}:id", value="" if row.row_id is None else row.row_id)
        return Markup(
            '<tr data-row="{}"><td class="cell-handle"><input {}><input {}></td>{}'
            '<td class="cell-tools"><label class="check"><input {}> <span class="sub-label">{}</span></label></td></tr>'
        ).format(number, row_id, place_input, cells, delete_input, say("row_delete", field.ctx))


def _errors(cell: FormField) -> Markup:
    if not cell.errors:
        return Markup("")
    lines = Markup("").join(Markup('<p class="field-error"><span>{}</span></p>').format(error) for error in cell.errors)
    return Markup('<div id="{}-errors">{}</div>').format(cell.id, lines)


def _digits(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


__all__ = ["ADD_ROW", "RowForm", "SubtableFormField", "SubtableInput"]
