"""Form controls of people, files and lookups. All of them work without scripts.

Scripts enhance what they find: ``data-url`` on a control is where its picker asks for choices.
"""

from __future__ import annotations

import typing as t

from markupsafe import Markup
from wtforms.utils import unset_value
from wtforms.widgets import html_params

from lowcode import messages
from lowcode.fields.adapters import FormField, marker
from lowcode.fields.context import Context

if t.TYPE_CHECKING:
    from lowcode.fields.base import Field

PICKER = "/k/{app}/picker/{field}?q="
"""Where the runtime answers a picker with ``{"items": [{"value", "label", "detail"}]}``; the typed words follow.

The label goes into the box, so it must be what the field reads: the key of a lookup, ``name (code)`` of a person.
"""
UPLOAD = ":upload"
"""The runtime stores what arrives as ``<name>:upload`` and adds each file's key to the form data as ``<name>``."""


def picker_url(field: Field, ctx: Context) -> str:
    """The address that a field's picker asks."""
    return PICKER.format(app=ctx.app_id or 0, field=field.id)


def written(**params: t.Any) -> Markup:
    """Attributes of a tag, escaped."""
    return Markup(html_params(**params))


def picker(control: Markup, field: Field, ctx: Context) -> Markup:
    """A text input that scripts turn into a combobox."""
    words = {name: messages.text(f"web.combo_{name}", ctx.locale) for name in ("hits", "none", "choose", "enter")}
    params = written(data_url=picker_url(field, ctx), **{f"data_text_{name}": text for name, text in words.items()})
    return Markup("<lc-combobox {}>{}</lc-combobox>").format(params, control)


def say(code: str, ctx: Context, **params: t.Any) -> str:
    """A sentence of these controls."""
    return messages.text(f"form.{code}", ctx.locale, **params)


# --- people ------------------------------------------------------------------------------------


class EntityPicker:
    """A list box of the people that may be chosen; where there are too many to list, a line for codes below it."""

    def __call__(self, field: FormField, **attributes: t.Any) -> Markup:
        choices = field.choices()
        shared = {"aria-required": "true"} if field.field.is_required() else {}
        params = {
            "id": field.id,
            "name": field.name,
            "class": "select",
            "multiple": True,
            "size": min(max(len(choices), 3), 8),
            **shared,
            **attributes,
        }
        options = Markup("").join(
            Markup("<option {}>{}</option>").format(written(value=choice.value, selected=choice.selected), choice.label)
            for choice in choices
        )
        control = Markup("<select {}>{}</select>").format(written(**params), options)
        return marker(field) + control + self._line(field)

    def _line(self, field: FormField) -> Markup:
        if t.cast(t.Any, field.field).lists_everybody(field.ctx):
            return Markup("")
        offered = {choice.value for choice in field.choices()}
        typed = [str(raw) for raw in field.raw_data or () if raw and raw not in offered] if field.sent else []
        params = {
            "type": "text",
            "name": field.name,
            "id": f"{field.id}-more",
            "class": "input entity-more",
            "value": ", ".join(typed),
            "autocomplete": "off",
            "aria-label": say("entity_more", field.ctx, label=field.label.text),
            "placeholder": say("entity_more_short", field.ctx),
        }
        return picker(Markup("<input {}>").format(written(**params)), field.field, field.ctx)


# --- lookups -----------------------------------------------------------------------------------


class LookupInput:
    """The key as text. The server finds the record when the form is saved; a script offers the picker earlier."""

    def __call__(self, field: FormField, **attributes: t.Any) -> Markup:
        required = {"aria-required": "true"} if field.field.is_required() else {}
        params = {
            "type": "text",
            "id": field.id,
            "name": field.name,
            "value": field._value(),
            "class": "input lookup",
            "autocomplete": "off",
            "data-lookup": field.field.code,
            **required,
            **attributes,
        }
        return picker(Markup("<input {}>").format(written(**params)), field.field, field.ctx)


# --- files -------------------------------------------------------------------------------------


class FileFormField(FormField):
    """Attachments: the keys that stay are posted as ``<name>``, ticked removals as ``<name>:remove``."""

    removed: frozenset[str] = frozenset()

    @property
    def upload_name(self) -> str:
        """The name under which new files are posted."""
        return f"{self.name}{UPLOAD}"

    @property
    def remove_name(self) -> str:
        """The name of the tick boxes."""
        return f"{self.name}:remove"

    def process(self, formdata: t.Any, data: t.Any = unset_value, extra_filters: t.Any = None) -> None:
        self.removed = frozenset(formdata.getlist(self.remove_name)) if formdata is not None else frozenset()
        super().process(formdata, data, extra_filters)

    def process_formdata(self, valuelist: list[t.Any]) -> None:
        super().process_formdata([key for key in valuelist if key and key not in self.removed])


class FileInput:
    """The attached files, each with a box that removes it, and an input that takes more."""

    def __call__(self, field: FileFormField, **attributes: t.Any) -> Markup:
        lines = Markup("").join(self._line(field, ref, number) for number, ref in enumerate(field.data or ()))
        kept = Markup('<ul class="file-list" id="{}-kept">{}</ul>').format(field.id, lines) if lines else Markup("")
        params = {
            "type": "file",
            "id": field.id,
            "name": field.upload_name,
            "multiple": True,
            "class": "file-input",
            **attributes,
        }
        return marker(field) + kept + Markup("<input {}>").format(written(**params))

    def _line(self, field: FileFormField, ref: t.Any, number: int) -> Markup:
        return Markup(
            '<li>{link}<input type="hidden" name="{name}" value="{key}"> <label class="check">'
            '<input type="checkbox" id="{id}-remove-{number}" name="{remove}" value="{key}">'
            " <span>{text}</span></label></li>"
        ).format(
            link=t.cast(t.Any, field.field).link(ref, field.ctx),
            name=field.name,
            key=ref.key,
            id=field.id,
            number=number,
            remove=field.remove_name,
            text=say("file_remove", field.ctx, name=ref.name),
        )


__all__ = [
    "PICKER",
    "UPLOAD",
    "EntityPicker",
    "FileFormField",
    "FileInput",
    "LookupInput",
    "picker",
    "picker_url",
    "say",
    "written",
]
