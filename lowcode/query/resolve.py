"""Names and operands of a condition looked up in a definition; everything that is wrong is found at once.

What comes out is a tree of :class:`Leaf`, each with its field, what its operands mean and the rows it speaks of.
No SQL yet: the same step checks a view's condition in the designer.
"""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from lowcode.db import ExactNumber, UtcDateTime
from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid, Problem
from lowcode.fields.base import LIKE, Context, Field, ManyValued, fold
from lowcode.fields.options import ChoiceField
from lowcode.fields.reference_table import ReferenceTable, ReferenceTableField
from lowcode.fields.subtable import SubtableField
from lowcode.query import functions
from lowcode.query.ast import (
    ID,
    LIST_OPERATORS,
    POSITIVE,
    UNARY_OPERATORS,
    And,
    Compare,
    FunctionCall,
    Literal,
    Node,
    Or,
    Search,
    SortKey,
)
from lowcode.query.functions import FUNCTIONS, Span
from lowcode.query.kintone import parse_condition
from lowcode.query.problems import problem, shown

PERSON_TYPES = frozenset({"USER_SELECT", "CREATOR", "MODIFIER", "STATUS_ASSIGNEE"})
ENTITY_CODES: t.Final = {
    **dict.fromkeys(PERSON_TYPES, "unknown_user"),
    "ORGANIZATION_SELECT": "unknown_organization",
    "GROUP_SELECT": "unknown_group",
}
MAX_NUMBER = 60
MAX_CONDITIONS = 1_000
MAX_DEPTH = 60
_LARGEST_ID = 2**63 - 1

_DAY: t.Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_INSTANT: t.Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_NUMBER: t.Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_RECORD_NUMBER: t.Final = re.compile(r"(?:(.*)-)?([0-9]{1,40})")

Kind = t.Literal["id", "number", "date", "instant", "status", "value"]


@dataclass(frozen=True, eq=False)
class Related:
    """Another app as a condition on its records needs it."""

    definition: AppDefinition
    tables: t.Any
    readable: frozenset[str] | None = None
    """Codes that the asker may see there; None is every one."""
    visible: Callable[[t.Any], sa.ColumnElement[bool] | None] | None = None
    """The asker's record rights, given the tables under the name that the statement uses."""


RelatedApps = Callable[[str], "Related | tuple[t.Any, t.Any] | None"]


@dataclass(frozen=True, eq=False)
class Scope:
    """The rows that a condition speaks of, when they are not the records themselves."""

    code: str
    subtable: SubtableField | None = None
    join: ReferenceTable | None = None
    related: Related | None = None
    filter: Tree = None


@dataclass(frozen=True, eq=False)
class Leaf:
    """One comparison with everything looked up.

    ``values`` by kind: integers for ``id`` and ``status``, :class:`Decimal` for ``number``, :class:`Span` for
    ``date`` and ``instant``, the field's own values otherwise; None is "nothing entered". For ``like`` the one
    value is the folded text.
    """

    kind: Kind
    operator: str
    field: Field | None
    values: tuple[t.Any, ...]
    scope: Scope | None = None

    @property
    def positive(self) -> bool:
        """Whether one row is enough (the opposite: every row must hold)."""
        return self.operator in POSITIVE


@dataclass(frozen=True, eq=False)
class Words:
    """A search: every one of the folded words somewhere in the fields."""

    words: tuple[str, ...]
    fields: tuple[Field, ...]
    number: int | None = None


@dataclass(frozen=True, eq=False)
class Branch:
    """Conditions joined by ``and`` or by ``or``."""

    every: bool
    children: tuple[Branch | Leaf | Words, ...]


Tree = Branch | Leaf | Words | None
"""None: nothing is asked (an empty condition, or one that is ignored)."""


def kind_of(field: Field | None) -> Kind:
    """How a field's values are compared; None stands for ``$id``."""
    if field is None or field.type_name == "RECORD_NUMBER":
        return "id"
    if field.type_name == "STATUS":
        return "status"
    if field.type_name in ("CREATED_TIME", "UPDATED_TIME"):
        return "instant"
    if not field.stores_value or isinstance(field, ManyValued | SubtableField | ChoiceField) or not field.columns():
        return "value"
    column_type = field.column_type()
    if isinstance(column_type, ExactNumber):
        return "number"
    if isinstance(column_type, UtcDateTime | sa.DateTime):
        return "instant"
    return "date" if isinstance(column_type, sa.Date) else "value"


def operators_of(field: Field | None, *, in_rows: bool = False) -> tuple[str, ...]:
    """The operators that a field takes; None stands for ``$id``.

    :param in_rows: for a field of a subtable or of related records: there ``in`` stands for ``=``.
    """
    if kind_of(field) == "id":
        found: tuple[str, ...] = ("=", "!=", ">", "<", ">=", "<=", "in", "not in")
    elif field is not None and field.type_name == "STATUS":
        found = ("=", "!=", "in", "not in")
    else:
        found = t.cast(Field, field).operators
        if kind_of(field) != "value":
            found = tuple(operator for operator in found if operator not in LIKE)
    if not in_rows:
        return found
    has_equality = "=" in found or "in" in found
    rest = tuple(operator for operator in found if operator not in ("=", "!=", "in", "not in"))
    return (*rest, *LIST_OPERATORS) if has_equality else rest


class Resolver:
    """Looks up one condition; ``problems`` grows as it goes."""

    def __init__(
        self, definition: AppDefinition, readable: frozenset[str] | None, ctx: Context | None,
        related: RelatedApps | None,
    ) -> None:
        self.definition, self.readable, self.related = definition, readable, related
        self.people_known = ctx is not None
        self.ctx = ctx if ctx is not None else Context()
        self.problems: list[Problem] = []
        self._scopes: dict[str, Scope] = {}
        self._count = 0

    def tree(self, node: Node | None, depth: int = 0) -> Tree:
        """The condition with everything looked up; meaningless when there are problems."""
        if node is None:
            return None
        if depth > MAX_DEPTH:
            self.problems.append(problem("too_deep", limit=MAX_DEPTH))
            return None
        if isinstance(node, And | Or):
            children = [tree for child in node.children if (tree := self.tree(child, depth + 1)) is not None]
            if len(children) < 2:
                return children[0] if children else None
            return Branch(isinstance(node, And), tuple(children))
        self._count += 1
        if self._count > MAX_CONDITIONS:
            if self._count == MAX_CONDITIONS + 1:
                self.problems.append(problem("too_many_conditions", limit=MAX_CONDITIONS))
            return None
        return self._search(node) if isinstance(node, Search) else self._compare(node)

    # -- names -----------------------------------------------------------------------------------

    def find(self, code: str, position: int) -> tuple[Field | None, Scope | None] | None:
        """The field and the rows that a code means; None after a problem. A hidden field is an unknown one."""
        if code == ID:
            return None, None
        if "." in code:
            return self._find_related(code, position)
        field = self._visible(code)
        if field is None:
            self.problems.append(problem("unknown_field", position, field=shown(code)))
            return None
        subtable = self.definition.subtable_of(code)
        if subtable is None:
            return field, None
        if self._visible(subtable.code) is None:
            self.problems.append(problem("unknown_field", position, field=shown(code)))
            return None
        return field, self._scopes.setdefault(subtable.code, Scope(subtable.code, subtable=subtable))

    def _visible(self, code: str) -> Field | None:
        return self.definition.find(code) if self.readable is None or code in self.readable else None

    def _find_related(self, code: str, position: int) -> tuple[Field | None, Scope | None] | None:
        table_code, _, inner_code = code.partition(".")
        table = self._visible(table_code)
        scope = self._related_scope(table) if isinstance(table, ReferenceTableField) else None
        if scope is None and isinstance(table, ReferenceTableField) and not self.people_known:
            return None  # the other app may still arrive
        if scope is None or scope.related is None:
            self.problems.append(problem("not_related", position, field=shown(code), table=shown(table_code)))
            return None
        there = scope.related
        if inner_code == ID:
            return None, scope
        hidden = there.readable is not None and inner_code not in there.readable
        field = None if hidden or there.definition.subtable_of(inner_code) else there.definition.find(inner_code)
        if field is None:
            self.problems.append(problem("unknown_field", position, field=shown(code)))
            return None
        return field, scope

    def _related_scope(self, table: ReferenceTableField) -> Scope | None:
        if table.code in self._scopes:
            return self._scopes[table.code]
        settings = table.reference_table
        found = self.related(settings.related_app.code) if self.related is not None else None
        if found is None:
            return None
        related = found if isinstance(found, Related) else Related(*found)
        own = self.definition.find(settings.condition.field)
        other = related.definition.find(settings.condition.related_field)
        if own is None or other is None or _join_kind(own) is None or _join_kind(own) != _join_kind(other):
            return None
        try:
            inner = Resolver(related.definition, None, self.ctx if self.people_known else None, None)
            tree = inner.tree(_parsed(settings.filter_cond))
        except Invalid:
            return None
        if inner.problems:
            return None
        scope = Scope(table.code, join=settings, related=related, filter=tree)
        return self._scopes.setdefault(table.code, scope)

    # -- comparisons -----------------------------------------------------------------------------

    def _compare(self, node: Compare) -> Leaf | None:
        found = self.find(node.field, node.position)
        if found is None:
            return None
        field, scope = found
        before = len(self.problems)
        if not _counts(node):
            self.problems.append(
                problem("operand_count", node.position, field=shown(node.field), operator=node.operator)
            )
            return None
        operands = self._operands(node, field, scope)
        # An unknown option is reported before an operator that does not fit, as kintone does.
        unknown_option = any(p.code == "query.unknown_option" for p in self.problems[before:])
        fits = self._operator_fits(node, field, scope)
        if not fits and not unknown_option:
            del self.problems[before:-1]
        if operands is None or len(self.problems) > before:
            return None
        return Leaf(kind_of(field), node.operator, field, operands, scope)

    def _operator_fits(self, node: Compare, field: Field | None, scope: Scope | None) -> bool:
        if node.operator in operators_of(field, in_rows=scope is not None):
            return True
        equality = scope is not None and node.operator in ("=", "!=") and "in" in operators_of(field, in_rows=True)
        self.problems.append(problem(
            "equality_in_table" if equality else "operator_not_allowed", node.position, field=shown(node.field),
            operator=node.operator, instead="in" if node.operator == "=" else "not in",
        ))
        return False

    def _operands(self, node: Compare, field: Field | None, scope: Scope | None) -> tuple[t.Any, ...] | None:
        """What the operands mean; None when the condition is to be ignored."""
        values: list[t.Any] = []
        ignored = False
        definition = self.definition if scope is None or scope.related is None else scope.related.definition
        for operand in node.operands:
            if isinstance(operand, FunctionCall):
                known = self._call(operand, node, field)
                if known is _IGNORED:
                    ignored = True
                elif known is not None:
                    values.append(known)
            elif _unstorable(operand.value):
                self.problems.append(problem("control_character", operand.position))
            elif node.operator in ("like", "not like"):
                values.append(fold(operand.value))
            else:
                values += self._literal(operand, node, field, definition)
        return None if ignored and not values else tuple(values)

    def _literal(self, operand: Literal, node: Compare, field: Field | None, definition: AppDefinition) -> list[t.Any]:
        """A list of one value, or of none after a problem."""
        text = operand.value
        if text == "":
            return [None]
        try:
            match kind_of(field):
                case "id":
                    return [_record_number(text, field, definition)]
                case "status":
                    return [_state(text, definition)]
                case "number":
                    return [_number(text, t.cast(Field, field), self.ctx)]
                case "date":
                    return [functions.one_day(_day(text) or t.cast(Field, field).operand(text, self.ctx))]
                case "instant":
                    return [_instant(text, t.cast(Field, field), self.ctx)]
            known = t.cast(Field, field)
            if known.type_name in ENTITY_CODES and not self.people_known:
                return [0]
            return [known.operand(text, self.ctx)]
        except Invalid as error:
            self.problems.append(self._not_a_value(error, operand, node, field))
            return []

    def _not_a_value(self, error: Invalid, operand: Literal, node: Compare, field: Field | None) -> Problem:
        if field is not None and field.type_name in ENTITY_CODES:
            code = ENTITY_CODES[field.type_name]
        elif isinstance(field, ChoiceField) or (field is not None and field.type_name == "STATUS"):
            code = "unknown_option"
        else:
            code = "not_a_value"
        return problem(code, operand.position, field=shown(node.field), value=shown(operand.value),
                       reason=error.problems[0].code if error.problems else "")

    def _call(self, call: FunctionCall, node: Compare, field: Field | None) -> t.Any:
        """What a function gives; None after a problem or when nobody is meant."""
        function = FUNCTIONS.get(call.name)
        if function is None:
            self.problems.append(problem("unknown_function", call.position, function=shown(call.name)))
            return None
        wrong = function.check(call)
        if wrong is not None:
            self.problems.append(wrong)
            return None
        if function.group == "reserved":
            self.problems.append(problem("function_reserved", call.position, function=call.name))
            return None
        if not function_fits(function.name, field) or node.operator in LIKE or (
            function.group != "moment" and node.operator not in LIST_OPERATORS
        ):
            self.problems.append(
                problem("function_not_allowed", call.position, function=call.name, field=shown(node.field))
            )
            return None
        match function.group:
            case "person":
                # Nobody is nobody: without a user the operand is left out, so that "in" finds nothing.
                return self.ctx.user_id
            case "organization":
                return self.ctx.organization_ids[0] if self.ctx.organization_ids else _IGNORED
        if call.name == "NOW":
            return functions.minute(self.ctx.now)
        try:
            span = functions.days(call, self.ctx)
        except Invalid as error:
            self.problems.extend(error.problems)
            return None
        return functions.as_instants(span, self.ctx) if kind_of(field) == "instant" else span

    # -- search ----------------------------------------------------------------------------------

    def _search(self, node: Search) -> Words | None:
        if _unstorable(node.text):
            self.problems.append(problem("control_character", node.position))
            return None
        words = tuple(dict.fromkeys(fold(node.text).split()))
        if not words:
            return None
        if len(words) > _MAX_WORDS:
            self.problems.append(problem("too_many_words", limit=_MAX_WORDS))
            return None
        found = tuple(
            field for field in self.definition.all_fields
            if field.searchable and field.columns() and self._visible(field.code) is not None
            and ((table := self.definition.subtable_of(field.code)) is None or self._visible(table.code) is not None)
        )
        only = words[0] if len(words) == 1 else ""
        number = int(only) if only.isascii() and only.isdecimal() and len(only) < 19 else None
        return Words(words, found, number)


_MAX_WORDS = 20
_IGNORED: t.Final = object()
_parsed = functools.lru_cache(maxsize=1_000)(parse_condition)


def function_fits(name: str, field: Field | None) -> bool:
    """Whether a field takes a function; None stands for ``$id``."""
    function = FUNCTIONS[name]
    if field is None or function.group == "reserved":
        return False
    match function.group:
        case "person":
            return field.type_name in PERSON_TYPES
        case "organization":
            return field.type_name == "ORGANIZATION_SELECT"
    kind = kind_of(field)
    return kind == "instant" or (kind == "date" and name != "NOW")


def sort_problem(
    key: SortKey, definition: AppDefinition, readable: frozenset[str] | None
) -> Problem | None:
    """Why records cannot be sorted by a key, if they cannot."""
    if key.field == ID:
        return None
    field = definition.find(key.field) if readable is None or key.field in readable else None
    if field is None:
        return problem("unknown_field", key.position, field=shown(key.field))
    if definition.subtable_of(key.field) is not None or not field.sortable or not field.stores_value:
        return problem("not_sortable", key.position, field=shown(key.field))
    return None


def _counts(node: Compare) -> bool:
    """Whether a comparison has as many operands as its operator wants (a tree may be made by hand)."""
    if node.operator in UNARY_OPERATORS:
        return not node.operands
    return bool(node.operands) if node.operator in LIST_OPERATORS else len(node.operands) == 1


# --- values --------------------------------------------------------------------------------------


def _unstorable(text: str) -> bool:
    """Whether a database would refuse the text: control characters and halves of surrogate pairs."""
    return any((c < " " and c not in "\t\n\r") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)


def _record_number(text: str, field: Field | None, definition: AppDefinition) -> int:
    """A record's id from ``12`` or, where the field is the record number, ``APPCODE-12``."""
    found = _RECORD_NUMBER.fullmatch(text.strip())
    prefix = found[1] if found else None
    if found is None or (prefix is not None and (field is None or prefix.upper() != definition.code.upper())):
        signed = re.fullmatch(r"-[0-9]{1,40}", text.strip())
        if signed:
            return max(int(text), -_LARGEST_ID)
        raise Invalid([problem("not_a_value")])
    # Ids beyond 64 bits exist nowhere; the largest number stands for them all.
    return min(int(found[2]), _LARGEST_ID)


def _state(text: str, definition: AppDefinition) -> int:
    """A state's id from its name in any language; present states win over removed ones."""
    states = definition.status.states
    for retired in (False, True):
        for state in states:
            if bool(state.retired) is retired and (text == state.name or text in dict(state.names).values()):
                return state.id
    raise Invalid([problem("unknown_option")])


def _number(text: str, field: Field, ctx: Context) -> Decimal:
    clean = text.strip()
    if _NUMBER.fullmatch(clean) and len(clean) <= MAX_NUMBER:
        return Decimal(clean)
    return Decimal(field.operand(text, ctx))  # full-width digits, hours and minutes: as the field reads them


def _day(text: str) -> date | None:
    """A day from year, month and day; None where it is written in another way (an era, full width)."""
    found = _DAY.fullmatch(text.strip())
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        raise Invalid([problem("not_a_value")]) from None


def _instant(text: str, field: Field, ctx: Context) -> Span:
    """A minute from a date and a time, a whole day from a date alone."""
    day = _day(text)
    if day is not None:
        return functions.as_instants(functions.one_day(day), ctx)
    whole = _INSTANT.fullmatch(text.strip())
    try:
        if whole:
            zone = "+00:00" if whole[4] == "Z" else whole[4] or ""
            moment = datetime.fromisoformat(f"{whole[1]}T{whole[2]}{whole[3] or ''}{zone}")
            return functions.minute(moment if moment.tzinfo else moment.replace(tzinfo=ctx.zone))
        return functions.minute(field.operand(text, ctx))
    except (ValueError, OverflowError):
        raise Invalid([problem("not_a_value")]) from None


def _join_kind(field: Field) -> str | None:
    """What kind of value joins two apps; None where values of two apps cannot be compared."""
    kind = kind_of(field)
    if kind in ("id", "number"):
        return "number"
    if kind in ("status", "instant") or isinstance(field, ChoiceField | ManyValued | SubtableField):
        return None
    if kind == "date":
        return "date"
    return "text" if field.columns() and isinstance(field.column_type(), sa.String) else None


__all__ = [
    "Branch", "Kind", "Leaf", "Related", "RelatedApps", "Resolver", "Scope", "Tree", "Words",
    "function_fits", "kind_of", "operators_of", "sort_problem",
]
