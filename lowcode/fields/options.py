"""Options of choice fields: kept by id in records, by key in JSON, read by label."""

from __future__ import annotations

import functools
import typing as t
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import marshmallow as ma
import sqlalchemy as sa
from markupsafe import Markup, escape

from lowcode.errors import Invalid, Problem, invalid
from lowcode.fields.adapters import FormChoice
from lowcode.fields.base import Field
from lowcode.fields.context import Context, Tables, Value
from lowcode.fields.plain import as_text, shortened
from lowcode.fields.settings import ID_RANGE, FrozenMap, IntegerString, dump_settings, load_settings, setting

HUES = ("", "blue", "green", "red", "orange", "yellow", "purple", "cyan", "magenta", "brown", "grey")
MAX_OPTIONS = 2_000
MAX_LABEL = 128
MAX_TYPED = 1_000


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice. ``key`` is its first label and never changes, so that clients survive a new label."""

    id: int = setting(
        ma.fields.Integer(required=True, strict=True, validate=ID_RANGE),
        control="hidden",
        label="setting.option_id",
    )
    key: str = ""
    label: str = setting(ma.fields.String(required=True), control="text", label="setting.option_label")
    index: int = setting(
        IntegerString(required=True, minimum=0, maximum=10**6), control="hidden", label="setting.option_index"
    )
    labels: tuple[tuple[str, str], ...] = setting(
        FrozenMap(), control="labels", label="setting.option_labels", default=()
    )
    hue: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(HUES, error="setting.choice")),
        control="hue",
        label="setting.option_hue",
        default="",
    )
    retired: bool = setting(ma.fields.Boolean(), control="check", label="setting.option_retired", default=False)

    def text(self, locale: str) -> str:
        """The label in a language."""
        return dict(self.labels).get(locale) or self.label


class Options(ma.fields.Field[tuple[Option, ...]]):
    """``{key: {"label", "index", "id", …}}``, kept as a tuple in the order of ``index``."""

    def _serialize(self, value: t.Any, attr: str | None, obj: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        for option in value or ():
            dumped = dump_settings(option)
            for key in ("labels", "hue", "retired"):
                if not dumped[key]:
                    del dumped[key]
            found[option.key] = dumped
        return found

    def _deserialize(
        self, value: t.Any, attr: str | None, data: Mapping[str, t.Any] | None, **kwargs: t.Any
    ) -> tuple[Option, ...]:
        if not isinstance(value, Mapping):
            raise ma.ValidationError("setting.not_a_map")
        if len(value) > MAX_OPTIONS:
            raise ma.ValidationError("setting.too_many_options")
        found: list[Option] = []
        mistakes: dict[str, t.Any] = {}
        for key, raw in value.items():
            try:
                found.append(Option(key=str(key), **load_settings(Option, raw)))
            except ma.ValidationError as error:
                mistakes[str(key)] = error.messages
        if mistakes:
            raise ma.ValidationError(mistakes)
        return tuple(sorted(found, key=lambda option: (option.index, option.id)))


@dataclass(frozen=True, kw_only=True)
class ChoiceField(Field):
    """What RADIO_BUTTON, DROP_DOWN, CHECK_BOX and MULTI_SELECT share: their options."""

    required: bool = setting(ma.fields.Boolean(), control="check", label="setting.required", default=False)
    options: tuple[Option, ...] = setting(Options(), control="options", label="setting.options", default=())

    @functools.cached_property
    def _by_id(self) -> dict[int, Option]:
        return {option.id: option for option in self.options}

    @functools.cached_property
    def _by_key(self) -> dict[str, Option]:
        """Key first: a key always means its own option, even when another's label reads the same."""
        return self._lookup(lambda option: (option.label, *dict(option.labels).values()), lambda option: (option.key,))

    @functools.cached_property
    def _by_label(self) -> dict[str, Option]:
        """Label first: what a person reads is what a person types."""
        return self._lookup(
            lambda option: (option.key,), lambda option: dict(option.labels).values(), lambda option: (option.label,)
        )

    def _lookup(self, *names: t.Callable[[Option], Iterable[str]]) -> dict[str, Option]:
        """Options by name; later kinds of name win over earlier ones, offered options over retired ones."""
        found: dict[str, Option] = {}
        for kind in names:
            for option in sorted(self.options, key=lambda option: not option.retired):
                found.update(dict.fromkeys(kind(option), option))
        return found

    def option(self, option_id: int) -> Option | None:
        """The option with an id, offered or retired."""
        return self._by_id.get(option_id)

    def offered(self, *also: int) -> tuple[Option, ...]:
        """The options that may be chosen now, in order, and those named."""
        return tuple(o for o in self.options if not o.retired or o.id in also)

    def option_text(self, option_id: int, locale: str) -> str:
        """The label of an option; its bare number when a definition has lost it."""
        found = self._by_id.get(option_id)
        return str(option_id) if found is None else found.text(locale)

    def option_key(self, option_id: int) -> str:
        """The key of an option; its bare number when a definition has lost it."""
        found = self._by_id.get(option_id)
        return str(option_id) if found is None else found.key

    def coerce_option(self, raw: t.Any) -> int | None:
        """An option's id from its id, key or label; None for nothing. Raises :class:`Invalid`."""
        if raw is None or raw == "":
            return None
        if isinstance(raw, int) and not isinstance(raw, bool) and raw in self._by_id:
            return raw
        found = self._by_key.get(raw) if isinstance(raw, str) else None
        if found is None:
            raise invalid("choice.unknown", value=shortened(raw))
        return found.id

    def parse_option(self, text: str, ctx: Context) -> int | None:
        """An option's id from what a person typed: its label in the reader's language first."""
        text = text.strip()
        if not text:
            return None
        if len(text) > MAX_TYPED:
            raise invalid("choice.unknown", value=shortened(text))
        for option in self.options:
            if option.labels and not option.retired and option.text(ctx.locale) == text:
                return option.id
        found = self._by_label.get(text) or self._folded.get(fold_option(text))
        if found is None:
            raise invalid("choice.unknown", value=shortened(text))
        return found.id

    @functools.cached_property
    def _folded(self) -> dict[str, Option]:
        """Options by label without differences of width and case, where that is not ambiguous."""
        found: dict[str, Option | None] = {}
        for name, option in self._by_label.items():
            folded = fold_option(name)
            found[folded] = option if found.get(folded, option) is option else None
        return {name: option for name, option in found.items() if option is not None}

    def form_choices(self, value: Value, ctx: Context) -> Sequence[FormChoice]:
        chosen = self.chosen(value)
        return [FormChoice(str(o.id), o.text(ctx.locale), o.id in chosen) for o in self.offered(*chosen)]

    def chosen(self, value: Value) -> tuple[int, ...]:
        """The option ids in a value."""
        raise NotImplementedError(type(self).__name__)

    def check_change(self, before: Value, after: Value, ctx: Context) -> Iterator[Problem]:
        kept = self.chosen(before)
        for option_id in self.chosen(after):
            option = self._by_id.get(option_id)
            if option is not None and option.retired and option_id not in kept:
                yield Problem(code="choice.retired", params={"value": option.text(ctx.locale)})

    def display(self, value: Value, ctx: Context) -> Markup:
        chosen = self.chosen(value)
        if len(chosen) == 1:
            return self.display_option(chosen[0], ctx)
        return Markup(", ").join(self.display_option(option_id, ctx) for option_id in chosen)

    def display_option(self, option_id: int, ctx: Context) -> Markup:
        """An option as a coloured chip, or as plain text when it has no hue."""
        found, text = self._by_id.get(option_id), escape(self.option_text(option_id, ctx.locale))
        if found is None or not found.hue:
            return text
        return Markup('<span class="chip hue-{}"><span class="chip-mark"></span>{}</span>').format(found.hue, text)

    def check_settings(self) -> Iterator[Problem]:
        yield from super().check_settings()
        labels: dict[str, str] = {}
        ids: dict[int, str] = {}
        for option in self.options:
            where = ("options", option.key)
            if not option.key or not option.label.strip():
                yield Problem(code="setting.option_without_label", path=(*where, "label"))
            elif len(option.label) > MAX_LABEL or len(option.key) > MAX_LABEL:
                yield Problem(code="setting.too_long", path=(*where, "label"), params={"limit": MAX_LABEL})
            if labels.setdefault(option.label, option.key) != option.key:
                yield Problem(code="setting.option_twice", path=(*where, "label"), params={"value": option.label})
            if ids.setdefault(option.id, option.key) != option.key:
                yield Problem(code="setting.id_twice", path=(*where, "id"), params={"value": option.id})
        if not self.options:
            yield Problem(code="setting.no_options", path=("options",))
        yield from self._check_default()

    def _check_default(self) -> Iterator[Problem]:
        wanted = t.cast(t.Any, self).default_value
        for key in [wanted] if isinstance(wanted, str) else wanted or ():
            try:
                self.coerce_option(key)
            except Invalid as error:
                yield from (p.under("defaultValue") for p in error.problems)


@dataclass(frozen=True, kw_only=True)
class SingleChoice(ChoiceField):
    """A choice of one: an option id or None in memory."""

    operators: t.ClassVar[tuple[str, ...]] = ("in", "not in")

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        return sa.Integer()

    def chosen(self, value: Value) -> tuple[int, ...]:
        return () if value is None else (value,)

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        return self.coerce_option(raw)

    def dump(self, value: Value) -> t.Any:
        return None if value is None else self.option_key(value)

    def text(self, value: Value, ctx: Context) -> str:
        return "" if value is None else self.option_text(value, ctx.locale)

    def parse(self, text: str, ctx: Context) -> Value:
        return self.parse_option(text, ctx)

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        return self.dump(value)

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        return self.coerce_option(as_text(raw))

    def history_value(self, value: Value) -> t.Any:
        return value

    def from_history(self, raw: t.Any) -> Value:
        return raw if isinstance(raw, int) else None

    def form_values(self, value: Value, ctx: Context) -> tuple[str, ...]:
        return ("" if value is None else str(value),)

    def from_form(self, values: Sequence[str], ctx: Context) -> Value:
        # A control posts ids: a new label between drawing and posting changes nothing.
        text = values[0] if values else ""
        return self.coerce_option(int(text) if text.isdecimal() and len(text) < 12 else text)

    def sort_column(self, tables: Tables) -> sa.ColumnElement[t.Any]:
        column = self.column(tables)
        ids = [option.id for option in self.options]
        if ids == sorted(ids):
            return column
        return sa.case({id: place for place, id in enumerate(ids)}, value=column)


def fold_option(text: str) -> str:
    """A label without differences of width, case and white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
