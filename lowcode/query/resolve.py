"""Names and operands of a condition looked up in a definition; everything that is wrong is found at once.

What comes out is a tree of :class:`Leaf`, each with its field, what its operands mean and the rows it speaks of.
No SQL yet: the same step checks a view's condition in the designer.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.definition.schema import AppDefinition
from lowcode.errors import Invalid, Problem
from lowcode.fields.base import LIKE, Context, Field, SystemField, fold
from lowcode.fields.options import ChoiceField
from lowcode.fields.reference_table import ReferenceTable, ReferenceTableField
from lowcode.fields.subtable import SubtableField
from lowcode.query import functions, operands
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
from lowcode.query.functions import FUNCTIONS
from lowcode.query.kinds import PERSON_TYPES, Kind, function_fits, join_kind, kind_of, operators_of
from lowcode.query.parser import parse_condition
from lowcode.query.problems import problem, shown

ENTITY_CODES: t.Final = {
    **dict.fromkeys(PERSON_TYPES, "unknown_user"),
    "ORGANIZATION_SELECT": "unknown_organization",
    "GROUP_SELECT": "unknown_group",
}
MAX_CONDITIONS = 1_000
MAX_DEPTH = 60


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

    text: str
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


class Resolver:
    """Looks up one condition; ``problems`` grows as it goes."""

    def __init__(
        self,
        definition: AppDefinition,
        readable: frozenset[str] | None,
        ctx: Context | None,
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
        if own is None or other is None or join_kind(own) is None or join_kind(own) != join_kind(other):
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
        values = self._operands(node, field, scope)
        # An unknown option is reported before an operator that does not fit, as kintone does.
        unknown_option = any(p.code == "query.unknown_option" for p in self.problems[before:])
        fits = self._operator_fits(node, field, scope)
        if not fits and not unknown_option:
            del self.problems[before:-1]
        if values is None or len(self.problems) > before:
            return None
        return Leaf(kind_of(field), node.operator, field, values, scope)

    def _operator_fits(self, node: Compare, field: Field | None, scope: Scope | None) -> bool:
        if node.operator in operators_of(field, in_rows=scope is not None):
            return True
        equality = scope is not None and node.operator in ("=", "!=") and "in" in operators_of(field, in_rows=True)
        params: dict[str, t.Any] = {"field": shown(node.field), "operator": node.operator}
        if equality:
            params["instead"] = "in" if node.operator == "=" else "not in"
        self.problems.append(
            problem("equality_in_table" if equality else "operator_not_allowed", node.position, **params)
        )
        return False

    def _operands(self, node: Compare, field: Field | None, scope: Scope | None) -> tuple[t.Any, ...] | None:
        """What the operands mean; None when the condition is to be ignored."""
        values: list[t.Any] = []
        ignored = False
        definition = self.definition if scope is None or scope.related is None else scope.related.definition
        for operand in node.operands:
            if isinstance(operand, FunctionCall):
                meant = self._call(operand, node, field)
                ignored = ignored or meant is None
                values += meant or ()
            elif operands.unstorable(operand.value):
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
                    return [operands.record_number(text, field, definition)]
                case "status":
                    return [operands.state_id(text, definition)]
                case "number":
                    return [operands.number(text, t.cast(Field, field), self.ctx)]
                case "date":
                    return [functions.one_day(operands.day(text) or t.cast(Field, field).operand(text, self.ctx))]
                case "instant":
                    return [operands.instant(text, t.cast(Field, field), self.ctx)]
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
        return problem(
            code,
            operand.position,
            field=shown(node.field),
            value=shown(operand.value),
            reason=error.problems[0].code if error.problems else "",
        )

    def _call(self, call: FunctionCall, node: Compare, field: Field | None) -> Sequence[t.Any] | None:
        """The values that a function gives, none of them after a problem; None when the condition is to be ignored."""
        function = FUNCTIONS.get(call.name)
        if function is None:
            self.problems.append(problem("unknown_function", call.position, function=shown(call.name)))
            return ()
        wrong = function.check(call)
        if wrong is not None:
            self.problems.append(wrong)
            return ()
        if (
            not function_fits(function.name, field)
            or node.operator in LIKE
            or (function.group != "moment" and node.operator not in LIST_OPERATORS)
        ):
            self.problems.append(
                problem("function_not_allowed", call.position, function=call.name, field=shown(node.field))
            )
            return ()
        match function.group:
            case "person":
                # Nobody is nobody: without a user the operand is left out, so that "in" finds nothing.
                return () if self.ctx.user_id is None else (self.ctx.user_id,)
            case "organization":
                return self.ctx.organization_ids[:1] or None
            case "ward":
                return operands.named(self.ctx.wards, t.cast(Field, field), self.ctx)
        if call.name == "NOW":
            return (functions.minute(self.ctx.now),)
        try:
            span = functions.days(call, self.ctx)
        except Invalid as error:
            self.problems.extend(error.problems)
            return ()
        return (functions.as_instants(span, self.ctx) if kind_of(field) == "instant" else span,)

    # -- search ----------------------------------------------------------------------------------

    def _search(self, node: Search) -> Words | None:
        if operands.unstorable(node.text):
            self.problems.append(problem("control_character", node.position))
            return None
        words = tuple(dict.fromkeys(fold(node.text).split()))
        if not words:
            return None
        if len(words) > _MAX_WORDS:
            self.problems.append(problem("too_many_words", limit=_MAX_WORDS))
            return None
        found = tuple(f for f in self.definition.all_fields if is_searched(self.definition, f, self.readable))
        only = words[0] if len(words) == 1 else ""
        number = int(only) if only.isascii() and only.isdecimal() and len(only) < 19 else None
        return Words(node.text, words, found, number)


def is_searched(definition: AppDefinition, field: Field, readable: frozenset[str] | None) -> bool:
    """Whether a search looks into a field; into a column of a subtable only where the table may be read too."""
    table = definition.subtable_of(field.code)
    seen = readable is None or (field.code in readable and (table is None or table.code in readable))
    return seen and field.searchable and field.stores_value and not isinstance(field, SystemField | SubtableField)


_MAX_WORDS = 20
_parsed = functools.lru_cache(maxsize=1_000)(parse_condition)


def sort_problem(key: SortKey, definition: AppDefinition, readable: frozenset[str] | None) -> Problem | None:
    """Why records cannot be sorted by a key, if they cannot."""
    if key.field == ID:
        return None
    field = definition.find(key.field) if readable is None or key.field in readable else None
    table = definition.subtable_of(key.field)
    if field is None or not (table is None or readable is None or table.code in readable):
        return problem("unknown_field", key.position, field=shown(key.field))
    if table is not None or not field.sortable or not field.stores_value:
        return problem("not_sortable", key.position, field=shown(key.field))
    return None


def _counts(node: Compare) -> bool:
    """Whether a comparison has as many operands as its operator wants (a tree may be made by hand)."""
    if node.operator in UNARY_OPERATORS:
        return not node.operands
    return bool(node.operands) if node.operator in LIST_OPERATORS else len(node.operands) == 1


__all__ = [
    "Branch",
    "Kind",
    "Leaf",
    "Related",
    "RelatedApps",
    "Resolver",
    "Scope",
    "Tree",
    "Words",
    "function_fits",
    "is_searched",
    "kind_of",
    "operators_of",
    "sort_problem",
]
