"""The two adapters through which libraries see a field: WTForms for forms, marshmallow for API bodies.

Both call the field's own methods, so that a form, the API, an import and a public form give the same problem for
the same mistake. Widgets write the control only; labels, hints and errors are the template's.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

import marshmallow as ma
import wtforms
from markupsafe import Markup, escape
from wtforms.utils import unset_value
from wtforms.widgets import html_params

from lowcode import messages
from lowcode.errors import Invalid, Problem
from lowcode.fields.context import Context, Value

if t.TYPE_CHECKING:
    from lowcode.fields.base import Field


class FormChoice(t.NamedTuple):
    """One line of a control that offers a choice."""

    value: str
    label: str
    selected: bool


class Widget(t.Protocol):
    """Writes the control of a form field as HTML."""

    def __call__(self, field: t.Any, **attributes: t.Any) -> Markup: ...


class FormField(wtforms.Field):
    """A field in a WTForms form: reads with ``from_form``, judges with ``form_check``, keeps what was typed.

    ``sent`` tells a control that was posted (even cleared) from one that the form did not show; ``changed`` whether
    the person changed it; ``problems`` are the mistakes as values, ``errors`` the same as sentences.
    """

    def __init__(self, field: Field, ctx: Context, **bound: t.Any) -> None:
        self.field, self.ctx = field, ctx
        self.sent = False
        self.problems: list[Problem] = []
        super().__init__(
            label=field.display_label(ctx.locale),
            description=field.hint,
            # Ids are made from the number: a code may be any Japanese word and two subtables may share one.
            id=f"{bound.get('_prefix', '')}f{field.id}",
            default=lambda: field.default(ctx),
            widget=field.widget,
            **bound,
        )

    @property
    def marker(self) -> str:
        """The hidden input that says "this control was shown": cleared boxes post nothing by themselves."""
        return f"{self.name}:shown"

    @property
    def changed(self) -> bool:
        """Whether the person changed the value that the form was drawn with."""
        return self.sent and self.data != self.object_data

    def process(self, formdata: t.Any, data: t.Any = unset_value, extra_filters: t.Any = None) -> None:
        self.problems = []
        self.sent = formdata is not None and (self.name in formdata or self.marker in formdata)
        super().process(formdata, data, extra_filters)

    def process_formdata(self, valuelist: list[t.Any]) -> None:
        if self.sent:
            try:
                self.data = self.field.from_form([str(value) for value in valuelist], self.ctx)
            except Invalid as error:
                self.process_errors = self._sentences(error.problems)

    def pre_validate(self, form: t.Any) -> None:
        if self.process_errors:
            raise wtforms.validators.StopValidation
        self.refuse(self.field.form_check(self.data, self.ctx))
        if self.sent:
            self.refuse(self.field.check_change(self.object_data, self.data, self.ctx))

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Show problems at this control (its own, or those that the record service found)."""
        self.errors = [*self.errors, *self._sentences(problems)]

    def _sentences(self, problems: Iterable[Problem]) -> list[str]:
        found = list(problems)
        self.problems += found
        return [messages.sentence(problem, self.ctx.locale) for problem in found]

    def _value(self) -> str:
        """The text in the control: what was typed, else the value."""
        if self.sent and self.raw_data:
            return str(self.raw_data[0])
        return next(iter(self.field.form_values(self.data, self.ctx)), "")

    def choices(self) -> Sequence[FormChoice]:
        """What the control offers, with what was chosen marked (a wrong choice leaves nothing marked)."""
        chosen = set(self.raw_data) if self.sent and self.raw_data is not None else None
        offered = self.field.form_choices(self.data, self.ctx)
        return offered if chosen is None else [c._replace(selected=c.value in chosen) for c in offered]

    def __call__(self, **attributes: t.Any) -> Markup:
        """The control; attributes given by the template win."""
        own: dict[str, t.Any] = self.field.input_attributes(self.ctx)
        described = [f"{self.id}-hint"] * bool(self.description) + [f"{self.id}-errors"] * bool(self.errors)
        if described:
            own["aria-describedby"] = " ".join(described)
        if self.errors:
            own["aria-invalid"] = "true"
        if self.field.no_label:
            own["aria-label"] = self.label.text
        if self.field.personal:
            # A shared office machine must not offer one patient's data while another's is typed.
            own |= {"autocomplete": "off", "data-personal": self.field.personal}
        return super().__call__(**{**own, **attributes})


class TextInput:
    """One line. ``type`` is always text: the product's own reading is more forgiving than a browser's."""

    def __init__(self, *, css: str = "input", **attributes: str) -> None:
        self.attributes = {"class": css, "type": "text", **attributes}

    def __call__(self, field: FormField, **attributes: t.Any) -> Markup:
        required = {"aria-required": "true"} if field.field.is_required() else {}
        own = {"id": field.id, "name": field.name, "value": field._value()}
        params = {**own, **self.attributes, **required, **attributes}
        return Markup(f"<input {html_params(**params)}>")


class TextArea:
    """Several lines."""

    def __call__(self, field: FormField, **attributes: t.Any) -> Markup:
        required = {"aria-required": "true"} if field.field.is_required() else {}
        params = {"id": field.id, "name": field.name, "class": "textarea", "rows": 4, **required, **attributes}
        # Browsers drop one line break after the tag; without ours a text that begins with one would lose it.
        return Markup(f"<textarea {html_params(**params)}>\r\n{escape(field._value())}</textarea>")


class Select:
    """A drop-down list; with ``multiple`` a list box that takes several and carries the marker."""

    def __init__(self, *, multiple: bool = False) -> None:
        self.multiple = multiple

    def __call__(self, field: FormField, **attributes: t.Any) -> Markup:
        choices = field.choices()
        params: dict[str, t.Any] = {"id": field.id, "name": field.name, "class": "select"}
        if field.field.is_required():
            params["aria-required"] = "true"
        if self.multiple:
            params |= {"multiple": True, "size": min(max(len(choices), 3), 8)}
        options = "".join(
            f"<option {html_params(value=choice.value, selected=choice.selected)}>{escape(choice.label)}</option>"
            for choice in choices
        )
        control = Markup(f"<select {html_params(**{**params, **attributes})}>{options}</select>")
        return marker(field) + control if self.multiple else control


class Choices:
    """Radio buttons or check boxes, side by side or in a column, with the marker."""

    def __init__(self, kind: t.Literal["radio", "checkbox"]) -> None:
        self.kind = kind

    def __call__(self, field: FormField, **attributes: t.Any) -> Markup:
        group = {
            "id": field.id,
            "role": "radiogroup" if self.kind == "radio" else "group",
            "class": "choices",
            "aria-label": field.label.text,
        }
        css = "radio" if self.kind == "radio" else "check"
        autocomplete = attributes.pop("autocomplete", None)
        lines = []
        for choice in field.choices():
            params = {
                "type": self.kind,
                "id": f"{field.id}-{choice.value or 'none'}",
                "name": field.name,
                "value": choice.value,
                "checked": choice.selected,
            }
            if autocomplete:
                params["autocomplete"] = autocomplete
            text = escape(choice.label)
            lines.append(f'<label class="{css}"><input {html_params(**params)}> <span>{text}</span></label>')
        return marker(field) + Markup(f"<div {html_params(**{**group, **attributes})}>{''.join(lines)}</div>")


def marker(field: FormField) -> Markup:
    """The hidden input without which "nothing chosen" and "not on this form" would look the same."""
    return Markup(f"<input {html_params(type='hidden', name=field.marker, value='1')}>")


class ApiField(ma.fields.Field[Value]):
    """A field in a marshmallow schema; problems arrive in ``ValidationError.messages`` as values."""

    def __init__(self, field: Field, ctx: Context, **kwargs: t.Any) -> None:
        super().__init__(data_key=field.code, allow_none=True, metadata=dict(field.json_schema), **kwargs)
        self.field, self.ctx = field, ctx

    def deserialize(
        self, value: t.Any, attr: str | None = None, data: Mapping[str, t.Any] | None = None, **kwargs: t.Any
    ) -> t.Any:
        # marshmallow would answer None by itself; a many-valued field's empty value is ().
        if value is None:
            return self._deserialize(value, attr, data, **kwargs)
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any) -> Value:
        try:
            loaded = self.field.coerce(value, self.ctx)
            problems = tuple(self.field.check(loaded, self.ctx))
        except Invalid as error:
            problems = error.problems
        if problems:
            raise ma.ValidationError(list(problems))
        return loaded

    def _serialize(self, value: Value, attr: str | None, obj: t.Any, **kwargs: t.Any) -> t.Any:
        return self.field.dump(value)
