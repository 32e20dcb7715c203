"""The protocol of a field type.

A field of an app is a frozen dataclass: settings are attributes, behaviour is methods.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import marshmallow as ma
import sqlalchemy as sa
import wtforms
from markupsafe import Markup, escape

from lowcode.errors import Problem, invalid
from lowcode.fields import adapters, plain
from lowcode.fields.context import NOBODY, Context, Tables, Value
from lowcode.fields.folding import contains, fold
from lowcode.fields.settings import ID_RANGE, FrozenMap, dump_settings, json_key, setting, settings_schema

CODE_PATTERN = re.compile(r"(?:[^\W\d]|＿)[\w・＿￥＄]{0,127}")
RESERVED_CODES = frozenset(
    {"__root__", "not", "and", "or", "in", "like", "is", "empty", "order", "by", "limit", "offset"}
)
EMPTY_OPERATORS = ("is empty", "is not empty")
EQUALITY = ("=", "!=", "in", "not in")
ORDER = (">", "<", ">=", "<=")
LIKE = ("like", "not like")
OPERATORS = frozenset({*EQUALITY, *ORDER, *LIKE, *EMPTY_OPERATORS})


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of one app. Subclass it, name it, and say how a value is stored."""

    type_name: t.ClassVar[str]
    operators: t.ClassVar[tuple[str, ...]] = (*EQUALITY, *EMPTY_OPERATORS)
    json_schema: t.ClassVar[Mapping[str, t.Any]] = {"type": ["string", "null"]}
    stores_value: t.ClassVar[bool] = True
    """False for layout parts and lists of related records."""
    form_class: t.ClassVar[type[adapters.FormField]] = adapters.FormField
    """The WTForms adapter of the edit form."""
    widget: t.ClassVar[adapters.Widget] = adapters.TextInput()
    api_class: t.ClassVar[type[adapters.ApiField]] = adapters.ApiField
    """The marshmallow adapter of an API body."""
    inside_subtable: t.ClassVar[bool] = True
    """Whether a subtable may hold it."""
    searchable: t.ClassVar[bool] = True
    """Whether its folded text joins the search table."""
    sortable: t.ClassVar[bool] = True

    id: int = setting(
        ma.fields.Integer(required=True, strict=True, validate=ID_RANGE),
        control="hidden",
        label="setting.id",
    )
    code: str = setting(ma.fields.String(required=True), control="text", label="setting.code")
    label: str = setting(ma.fields.String(required=True), control="text", label="setting.label")
    no_label: bool = setting(ma.fields.Boolean(), control="check", label="setting.no_label", default=False)
    labels: tuple[tuple[str, str], ...] = setting(FrozenMap(), control="labels", label="setting.labels", default=())
    hint: str = setting(ma.fields.String(), control="text", label="setting.hint", default="")
    personal: str = setting(
        ma.fields.String(validate=ma.validate.OneOf(["", "P1", "P2"], error="setting.choice")),
        control="select",
        label="setting.personal",
        default="",
    )
    indexed: bool = setting(ma.fields.Boolean(), control="check", label="setting.indexed", default=False)
    stored_as: str = setting(
        ma.fields.String(validate=ma.validate.Regexp(r"(f[1-9]\d{0,9}_[1-9]\d{0,4})?\Z", error="setting.choice")),
        control="hidden",
        label="setting.column",
        default="",
        key="column",
    )
    """The column where it is not ``f<id>``: each change of type gives the field a new one (``f<id>_<n>``)."""

    # -- settings --------------------------------------------------------------------------------

    @property
    def computes(self) -> bool:
        """Whether the record service derives the value, so that nobody may give it."""
        return False

    @property
    def writable(self) -> bool:
        """Whether people and clients may give the value."""
        return self.stores_value and not self.computes

    def check_settings(self) -> Iterator[Problem]:
        """What is wrong between the settings (each alone is checked by its schema); paths start with the JSON key."""
        if not CODE_PATTERN.fullmatch(self.code) or self.code.lower() in RESERVED_CODES:
            yield Problem(code="setting.bad_code", path=("code",), params={"value": self.code})

    # -- storage ---------------------------------------------------------------------------------

    @property
    def column_name(self) -> str:
        """The column: named by id, so that renaming a field is not a migration."""
        return self.stored_as or f"f{self.id}"

    def column_type(self) -> sa.types.TypeEngine[t.Any]:
        """The SQL type of the stored value."""
        raise NotImplementedError(type(self).__name__)

    def columns(self) -> tuple[sa.Column[t.Any], ...]:
        """The columns the field adds to its table; all nullable, the first holds the value."""
        if not self.stores_value:
            return ()
        return (sa.Column(self.column_name, self.column_type(), nullable=True),)

    def row_values(self, value: Value) -> dict[str, t.Any]:
        """Everything that is written to :meth:`columns` for a value, by column name."""
        return {self.column_name: self.store(value)}

    def has_index(self) -> bool:
        """Whether the field asks for an index of its own."""
        return self.indexed or self.is_unique()

    def index_columns(self) -> tuple[str, ...]:
        """The columns of that index: those by which ``=`` finds and duplicates are refused."""
        return (self.column_name,)

    def is_unique(self) -> bool:
        """Whether no two records may hold the same non-empty value."""
        return bool(getattr(self, "unique", False))

    def store(self, value: Value) -> Value:
        """The value as its first column takes it (before SQLAlchemy's type)."""
        return value

    def load(self, stored: t.Any) -> Value:
        """The value from what its first column gives."""
        return stored

    def convert_from(self, old: Field) -> Callable[[Value, Context], Value] | None:
        """A function that turns a value of ``old`` (another type) into ours, or None when there is no way.

        The function raises :class:`Invalid` for a value that does not convert. Default: by text.
        """
        if not (old.stores_value and self.stores_value and self.writable):
            return None
        return lambda value, ctx: self.parse(old.plain_text(value, ctx), ctx)

    # -- values ----------------------------------------------------------------------------------

    def default(self, ctx: Context) -> Value:
        """The value of a new record when none is given."""
        return None

    def coerce(self, raw: t.Any, ctx: Context) -> Value:
        """The value from canonical JSON, or from an already coerced value. Raises :class:`Invalid` (empty path)."""
        raise NotImplementedError(type(self).__name__)

    def dump(self, value: Value) -> t.Any:
        """Canonical JSON of a value; the inverse of :meth:`coerce`."""
        return value

    def check(self, value: Value, ctx: Context) -> Iterator[Problem]:
        """Everything wrong with a coerced value by the field's settings (paths are relative to the value)."""
        if self.is_required() and self.is_empty(value):
            yield Problem(code="required")

    def is_required(self) -> bool:
        """Whether an empty value is refused when a record is written."""
        return bool(getattr(self, "required", False))

    def is_empty(self, value: Value) -> bool:
        """Whether the value counts as empty."""
        return value is None or value == "" or value == ()

    def check_change(self, before: Value, after: Value, ctx: Context) -> Iterator[Problem]:
        """What is wrong with a change though the value alone is right (an option that is no longer offered)."""
        yield from ()

    # -- history -------------------------------------------------------------------------------

    def history_value(self, value: Value) -> t.Any:
        """JSON of a value that stays right when codes, options and people are renamed."""
        return self.dump(value)

    def from_history(self, raw: t.Any) -> Value:
        """The inverse of :meth:`history_value`."""
        return self.coerce(raw, NOBODY)

    # -- text: CSV, Excel, search ----------------------------------------------------------------

    def text(self, value: Value, ctx: Context) -> str:
        """What a person reads, as plain text."""
        return "" if value is None else str(value)

    def plain_text(self, value: Value, ctx: Context) -> str:
        """:meth:`text` without markup: for titles, messages and changes of type."""
        return self.text(value, ctx)

    def parse(self, text: str, ctx: Context) -> Value:
        """The value a person typed; forgiving (full-width digits, spaces around). Inverse of :meth:`text`."""
        return self.coerce(text, ctx)

    def cell(self, value: Value, ctx: Context) -> t.Any:
        """The native spreadsheet value (number, date, text, None)."""
        return self.text(value, ctx) or None

    def from_cell(self, raw: t.Any, ctx: Context) -> Value:
        """The value of a spreadsheet cell as openpyxl reads it. Raises :class:`Invalid`."""
        return self.parse(plain.as_text(raw), ctx)

    def search_text(self, value: Value, ctx: Context) -> str:
        """The folded text under which the value is found; empty when it is not searched."""
        return fold(self.text(value, ctx)) if self.searchable else ""

    # -- screens ---------------------------------------------------------------------------------

    def heading(self, locale: str) -> str:
        """The label as it stands beside the value and its control: empty where the author hides it."""
        return "" if self.no_label else self.display_label(locale)

    def display_label(self, locale: str) -> str:
        """The label in the reader's language."""
        return dict(self.labels).get(locale, self.label)

    def display(self, value: Value, ctx: Context) -> Markup:
        """The value as HTML inside a list or record page (a small piece, already escaped)."""
        return escape(self.text(value, ctx))

    def form_check(self, value: Value, ctx: Context) -> Iterator[Problem]:
        """What the form refuses; :meth:`check` and, where a form asks more than the API, that."""
        yield from self.check(value, ctx)

    def form_values(self, value: Value, ctx: Context) -> tuple[str, ...]:
        """What the form's control posts for a value."""
        return (self.text(value, ctx),)

    def from_form(self, values: Sequence[str], ctx: Context) -> Value:
        """The value that a posted control means. Raises :class:`Invalid`."""
        return self.parse(values[0] if values else "", ctx)

    def form_choices(self, value: Value, ctx: Context) -> Sequence[adapters.FormChoice]:
        """What the control offers, for those that offer a choice."""
        return ()

    def input_attributes(self, ctx: Context) -> dict[str, t.Any]:
        """Attributes of the form's control."""
        return {}

    def form_field(self, ctx: Context) -> wtforms.fields.core.UnboundField[t.Any]:
        """The WTForms field of an edit form, named by the field's code."""
        return t.cast("wtforms.fields.core.UnboundField[t.Any]", self.form_class(self, ctx))

    def api_field(self, ctx: Context) -> ma.fields.Field[t.Any]:
        """The marshmallow field of an API body."""
        return self.api_class(self, ctx)

    # -- kintone ---------------------------------------------------------------------------------

    def kintone_type(self) -> str:
        """The type shown to kintone's clients."""
        return self.type_name

    def to_kintone(self, value: Value, ctx: Context) -> dict[str, t.Any]:
        """The value as kintone's record JSON has it: ``{"type": …, "value": …}``."""
        return {"type": self.kintone_type(), "value": self.kintone_value(value, ctx)}

    def kintone_value(self, value: Value, ctx: Context) -> t.Any:
        """The ``value`` of :meth:`to_kintone`."""
        dumped = self.dump(value)
        return "" if dumped is None else dumped

    def from_kintone(self, raw: Mapping[str, t.Any], ctx: Context) -> Value:
        """The value from kintone's record JSON. Raises :class:`Invalid`."""
        return self.coerce(raw.get("value"), ctx)

    # -- queries ---------------------------------------------------------------------------------

    def column(self, tables: Tables) -> sa.ColumnElement[t.Any]:
        """The column that filters, sorts and totals use."""
        return tables.main.c[self.column_name]

    def sort_column(self, tables: Tables) -> sa.ColumnElement[t.Any]:
        """What sorts; the plain column unless people expect another order."""
        return self.column(tables)

    def operand(self, raw: t.Any, ctx: Context) -> Value:
        """One literal of a query (text or number as written) as a value. Raises :class:`Invalid`."""
        return self.parse(plain.as_text(raw), ctx)

    def where(self, operator: str, tables: Tables, operand: t.Any, ctx: Context) -> sa.ColumnElement[bool]:
        """The condition ``field operator operand`` in SQL with bound values.

        ``operand`` is a value from :meth:`operand`, a list of them for ``in``/``not in``, the folded text for
        ``like``/``not like``, and nothing for the two empty operators. SQL NULL counts as false: never negate it.
        """
        if operator not in OPERATORS:
            raise invalid("query.operator_not_allowed", operator=operator, field=self.code)
        column = self.column(tables)
        match operator:
            case "=":
                return column.is_(None) if self.is_empty(operand) else column == self.store(operand)
            case "!=":
                if self.is_empty(operand):
                    return column.is_not(None)
                return sa.or_(column.is_(None), column != self.store(operand))
            case "in":
                return self._where_in(column, operand)
            case "not in":
                return sa.not_(sa.func.coalesce(self._where_in(column, operand), sa.false()))
            case ">" | "<" | ">=" | "<=" if self.is_empty(operand):
                return sa.false()
            case ">":
                return t.cast("sa.ColumnElement[bool]", column > self.store(operand))
            case "<":
                return t.cast("sa.ColumnElement[bool]", column < self.store(operand))
            case ">=":
                return t.cast("sa.ColumnElement[bool]", column >= self.store(operand))
            case "<=":
                return t.cast("sa.ColumnElement[bool]", column <= self.store(operand))
            case "is empty":
                return column.is_(None)
            case "is not empty":
                return column.is_not(None)
            case "like":
                return self._where_like(tables, operand)
        return sa.not_(self._where_like(tables, operand))

    def _where_in(self, column: sa.ColumnElement[t.Any], operands: Iterable[Value]) -> sa.ColumnElement[bool]:
        operands = list(operands)
        present = [self.store(v) for v in operands if not self.is_empty(v)]
        conditions: list[sa.ColumnElement[bool]] = []
        if present:
            conditions.append(column.in_(present) if len(present) > 1 else column == present[0])
        if len(present) < len(operands):
            conditions.append(column.is_(None))
        return sa.or_(*conditions) if conditions else sa.false()

    def _where_like(self, tables: Tables, folded: str) -> sa.ColumnElement[bool]:
        search = tables.search
        if search is None or not self.searchable:
            return sa.false()
        found = contains(search.c[self.column_name], folded)
        return sa.exists(sa.select(1).where(search.c.id == tables.main.c.id, found))

    # -- designer --------------------------------------------------------------------------------

    @classmethod
    def settings(cls) -> type[ma.Schema]:
        """The marshmallow schema of the settings, made from the attributes."""
        return settings_schema(cls)

    @classmethod
    def controls(cls) -> list[dict[str, t.Any]]:
        """The settings panel, as data: key, control, label (message key), choices and default of each setting."""
        found = []
        for attribute in dataclasses.fields(cls):
            if "schema" in attribute.metadata:
                schema = attribute.metadata["schema"]
                choices = next((list(v.choices) for v in schema.validators if isinstance(v, ma.validate.OneOf)), None)
                missing = attribute.default is dataclasses.MISSING
                found.append(
                    {
                        "key": json_key(attribute),
                        "control": attribute.metadata["control"],
                        "label": attribute.metadata["label"],
                        "choices": choices,
                        "default": None if missing else schema._serialize(attribute.default, None, None),
                    }
                )
        return found

    def to_json(self) -> dict[str, t.Any]:
        """The field as it stands in a definition's ``properties``."""
        return {"type": self.type_name, **dump_settings(self)}
