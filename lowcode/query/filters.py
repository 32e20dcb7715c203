"""The same conditions from filter JSON and from the address of a list, and back.

JSON, as clients of our API write it::

    {"and": [{"field": "status", "operator": "in", "value": ["open", "new"]},
             {"or": [{"field": "due", "operator": "<", "value": {"function": "TODAY"}},
                     {"field": "note", "operator": "is empty"}]}]}

The address of a list, as its filter form sends it (conditions joined by "and")::

    ?f.status.in=open&f.status.in=new&f.due.lt=TODAY()&sort=-due,name&q=tokyo

An empty value asks for nothing, so that unused controls of a form do no harm; ``""`` means the empty text. A value
that looks like a function call is one unless it stands in double quotes. ``filter=`` takes the query text for what
single conditions cannot say.
"""

from __future__ import annotations

import math
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lowcode.errors import Invalid, Path, Problem
from lowcode.query import kintone
from lowcode.query.ast import (
    LIST_OPERATORS,
    OPERATORS,
    UNARY_OPERATORS,
    And,
    Compare,
    FunctionCall,
    Literal,
    Node,
    Operand,
    Or,
    Query,
    Search,
    SortKey,
    all_of,
)
from lowcode.query.functions import FUNCTIONS
from lowcode.query.problems import problem, shown
from lowcode.query.tokens import quote, scan

MAX_CONDITIONS = 1_000
MAX_DEPTH = 50
MAX_VALUES = 5_000
MAX_VALUE = 60_000
MAX_PARAMETERS = 300

WORDS: t.Final[Mapping[str, str]] = {
    "=": "eq",
    "!=": "ne",
    ">": "gt",
    "<": "lt",
    ">=": "ge",
    "<=": "le",
    "in": "in",
    "not in": "notin",
    "like": "like",
    "not like": "notlike",
    "is empty": "empty",
    "is not empty": "notempty",
}
"""The word for each operator in an address."""
_OPERATORS: t.Final = {word: operator for operator, word in WORDS.items()}
_CALL: t.Final = re.compile(r"[A-Z_]{1,40}\([^\"()]{0,200}\)")
_ARGUMENT: t.Final = re.compile(r"[A-Za-z0-9+-]{1,30}")
_KEYS: t.Final = frozenset({"field", "operator", "value"})


# --- JSON ----------------------------------------------------------------------------------------


def from_json(data: t.Any) -> Node | None:
    """The condition that filter JSON writes; None for ``None``, ``{}`` and ``[]``.

    :raises Invalid: with every problem; paths lead into the JSON.
    """
    reader = _JsonReader()
    node = reader.node(data, (), 0)
    if reader.problems:
        raise Invalid(reader.problems)
    return node


class _JsonReader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.conditions = self.values = 0
        self.deep = False

    def fail(self, code: str, path: Path, **params: t.Any) -> None:
        self.problems.append(replace(problem(code, **params), path=path))

    def node(self, data: t.Any, path: Path, depth: int) -> Node | None:
        if data is None or data == {} or data == []:
            return None
        if depth > MAX_DEPTH:
            if not self.deep:
                self.fail("too_deep", path, limit=MAX_DEPTH)
            self.deep = True
            return None
        if isinstance(data, list):
            return self.several(data, path, depth, And)
        if not isinstance(data, Mapping):
            self.fail("json_shape", path)
            return None
        for key, kind in (("and", And), ("or", Or)):
            if key in data:
                if len(data) > 1 or not isinstance(data[key], list):
                    self.fail("json_shape", path)
                    return None
                return self.several(data[key], (*path, key), depth, kind)
        if set(data) == {"search"} and isinstance(data["search"], str):
            return Search(data["search"]) if data["search"].strip() else None
        return self.compare(data, path)

    def several(self, data: list[t.Any], path: Path, depth: int, kind: type[And] | type[Or]) -> Node | None:
        children: list[Node] = []
        for index, item in enumerate(data):
            if self.conditions > MAX_CONDITIONS:
                break
            child = self.node(item, (*path, index), depth + 1)
            if child is not None:
                children.append(child)
        if len(children) < 2:
            return children[0] if children else None
        return kind(tuple(children))

    def compare(self, data: Mapping[str, t.Any], path: Path) -> Compare | None:
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            if self.conditions == MAX_CONDITIONS + 1:
                self.fail("too_many_conditions", path, limit=MAX_CONDITIONS)
            return None
        unknown = [key for key in data if key not in _KEYS]
        if unknown:
            self.fail("json_key", (*path, str(unknown[0])), key=shown(str(unknown[0])))
        field, operator = data.get("field"), data.get("operator")
        if not isinstance(field, str) or not field or not _is_code(field):
            self.fail("json_field", (*path, "field"))
        if not isinstance(operator, str) or operator not in OPERATORS:
            self.fail("json_operator", (*path, "operator"), operator=shown(str(operator)))
        if self.problems or not isinstance(operator, str):
            return None
        value = data.get("value")
        if operator in UNARY_OPERATORS:
            if value not in (None, "", []):
                self.fail("operand_count", (*path, "value"), field=shown(str(field)), operator=operator)
            return Compare(str(field), operator)
        if operator in LIST_OPERATORS:
            listed = value if isinstance(value, list) else [value]
            if not listed or len(listed) > MAX_VALUES:
                self.fail("operand_count", (*path, "value"), field=shown(str(field)), operator=operator)
                return None
            operands = [self.operand(item, (*path, "value", index)) for index, item in enumerate(listed)]
        else:
            operands = [self.operand(value, (*path, "value"))]
        if None in operands:
            return None
        return Compare(str(field), operator, tuple(t.cast("list[Operand]", operands)))

    def operand(self, value: t.Any, path: Path) -> Operand | None:
        self.values += 1
        if self.values > MAX_VALUES:
            if self.values == MAX_VALUES + 1:
                self.fail("too_many_parts", path, limit=MAX_VALUES)
            return None
        if isinstance(value, Mapping):
            return self.call(value, path)
        if value is None:
            return Literal("")
        if isinstance(value, str) and len(value) <= MAX_VALUE:
            return Literal(value)
        number = _number_text(value)
        if number is None:
            self.fail("json_value", path)
            return None
        return Literal(number, quoted=False)

    def call(self, data: Mapping[str, t.Any], path: Path) -> FunctionCall | None:
        name, arguments = data.get("function"), data.get("arguments", [])
        if not isinstance(name, str) or not isinstance(arguments, list) or set(data) - {"function", "arguments"}:
            self.fail("json_function", path)
            return None
        name = name.upper()
        if name not in FUNCTIONS:
            self.fail("unknown_function", (*path, "function"), function=shown(name))
            return None
        written: list[Literal] = []
        for index, argument in enumerate(arguments[:10]):
            number = _number_text(argument)
            if number is None and not (isinstance(argument, str) and len(argument) <= 100):
                self.fail("json_value", (*path, "arguments", index))
                return None
            written.append(Literal(argument if number is None else number, quoted=False))
        return FunctionCall(name, tuple(written))


def _number_text(value: t.Any) -> str | None:
    """A JSON number as the query writes it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**40 else None
    return repr(value) if math.isfinite(value) else None


def to_json(node: Node | None) -> dict[str, t.Any]:
    """The filter JSON of a condition; the inverse of :func:`from_json` but for the quotes of numbers."""
    match node:
        case None:
            return {}
        case And(children):
            return {"and": [to_json(child) for child in children]}
        case Or(children):
            return {"or": [to_json(child) for child in children]}
        case Search(text):
            return {"search": text}
    found: dict[str, t.Any] = {"field": node.field, "operator": node.operator}
    values = [_value_json(operand) for operand in node.operands]
    if node.operator in LIST_OPERATORS:
        found["value"] = values
    elif values:
        found["value"] = values[0]
    return found


def _value_json(operand: Operand) -> t.Any:
    if isinstance(operand, FunctionCall):
        arguments = [argument.value for argument in operand.arguments]
        return {"function": operand.name, **({"arguments": arguments} if arguments else {})}
    if not operand.quoted and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", operand.value):
        return int(operand.value)
    if not operand.quoted and re.fullmatch(r"-?[0-9]{1,9}\.[0-9]{1,9}", operand.value):
        number = float(operand.value)
        return number if repr(number) == operand.value else operand.value
    return operand.value


# --- the address of a list -----------------------------------------------------------------------


@dataclass(frozen=True)
class ListQuery:
    """What the address of a list asks for, beside the view's own condition."""

    condition: Node | None = None
    order: tuple[SortKey, ...] = ()
    search: str = ""

    @property
    def node(self) -> Node | None:
        """The condition and the search together."""
        return all_of(self.condition, Search(self.search) if self.search.strip() else None)

    @property
    def conditions(self) -> tuple[Node, ...]:
        """The conditions that are joined by "and", one by one."""
        if self.condition is None:
            return ()
        return self.condition.children if isinstance(self.condition, And) else (self.condition,)

    def with_condition(self, condition: Node) -> ListQuery:
        """The same with one more condition."""
        return replace(self, condition=all_of(self.condition, condition))

    def without(self, condition: Node) -> ListQuery:
        """The same without a condition."""
        return replace(self, condition=all_of(*(each for each in self.conditions if each != condition)))

    def sorted_by(self, *keys: SortKey) -> ListQuery:
        """The same in another order."""
        return replace(self, order=keys)


@dataclass(frozen=True)
class Chip:
    """One condition as a screen shows it, and the parameters that are left when it is taken away.

    ``field`` is empty for a condition that is more than one comparison and for the search.
    """

    condition: Node
    field: str
    operator: str
    values: tuple[str, ...]
    remaining: tuple[tuple[str, str], ...]


def from_parameters(pairs: Iterable[tuple[str, str]]) -> ListQuery:
    """What the parameters of a list's address ask for; other parameters are none of ours and are passed over.

    :raises Invalid: with every problem; paths are the names of parameters.
    """
    problems: list[Problem] = []
    conditions: list[Node | None] = []
    lists: dict[tuple[str, str], int] = {}
    order: tuple[SortKey, ...] = ()
    search, count = "", 0
    for name, value in pairs:
        if not value or not (name.startswith("f.") or name in ("sort", "q", "filter")):
            continue
        count += 1
        if count > MAX_PARAMETERS:
            problems.append(problem("too_many_conditions", limit=MAX_PARAMETERS))
            break
        try:
            if name == "q":
                search = value[:MAX_VALUE]
            elif name == "sort":
                order = _sort_keys(value)
            elif name == "filter":
                conditions.append(kintone.parse_condition(value))
            else:
                _take(name, value, conditions, lists)
        except Invalid as error:
            problems.extend(each.under(name) for each in error.problems)
    if problems:
        raise Invalid(problems)
    return ListQuery(all_of(*conditions), order, search)


def _take(name: str, value: str, conditions: list[Node | None], lists: dict[tuple[str, str], int]) -> None:
    """One ``f.<code>.<operator>`` added to the conditions; values of the same list come together."""
    code, _, word = name[2:].rpartition(".")
    operator = _OPERATORS.get(word)
    if not code or operator is None or not _is_code(code):
        raise Invalid([problem("parameter", name=shown(name))])
    if operator in UNARY_OPERATORS:
        conditions.append(Compare(code, operator))
        return
    operand = _operand(value)
    if operator not in LIST_OPERATORS:
        conditions.append(Compare(code, operator, (operand,)))
        return
    place = lists.setdefault((code, operator), len(conditions))
    if place == len(conditions):
        conditions.append(Compare(code, operator, (operand,)))
    else:
        known = t.cast(Compare, conditions[place])
        conditions[place] = replace(known, operands=(*known.operands, operand))


def _operand(value: str) -> Operand:
    if value.startswith('"') or _CALL.fullmatch(value):
        try:
            parsed = kintone.parse_condition(f"value = {value}")
        except Invalid:
            parsed = None
        if isinstance(parsed, Compare):
            (operand,) = parsed.operands
            if isinstance(operand, Literal) or operand.name in FUNCTIONS:
                return _unplaced(operand)
    return Literal(value)


def _unplaced(operand: Operand) -> Operand:
    """An operand whose position means nothing: it was not read from a query text."""
    if isinstance(operand, Literal):
        return replace(operand, position=0)
    return replace(operand, position=0, arguments=tuple(replace(a, position=0) for a in operand.arguments))


def _sort_keys(value: str) -> tuple[SortKey, ...]:
    keys = []
    for piece in value.split(",")[: kintone.MAX_SORT_KEYS]:
        code = piece.strip().removeprefix("-")
        if not code or not _is_code(code):
            raise Invalid([problem("sort_parameter", value=shown(value))])
        keys.append(SortKey(code, piece.strip().startswith("-")))
    return tuple(keys)


def to_parameters(query: ListQuery) -> tuple[tuple[str, str], ...]:
    """The parameters that ask for the same; :func:`from_parameters` gives the query again."""
    found: list[tuple[str, str]] = []
    listed: set[tuple[str, str]] = set()
    for condition in query.conditions:
        found += _parameters(condition, listed)
    if query.order:
        found.append(("sort", ",".join(("-" if key.descending else "") + key.field for key in query.order)))
    if query.search:
        found.append(("q", query.search))
    return tuple(found)


def _parameters(condition: Node, listed: set[tuple[str, str]]) -> list[tuple[str, str]]:
    if isinstance(condition, Compare) and all(_is_plain(operand) for operand in condition.operands):
        name = f"f.{condition.field}.{WORDS[condition.operator]}"
        if condition.operator in UNARY_OPERATORS:
            return [(name, "1")]
        key = (condition.field, condition.operator)
        # A second list on the same field would run together with the first.
        if condition.operator not in LIST_OPERATORS or key not in listed:
            if condition.operator in LIST_OPERATORS:
                listed.add(key)
            return [(name, _parameter(operand)) for operand in condition.operands]
    return [("filter", kintone.condition_text(condition))]


def _is_plain(operand: Operand) -> bool:
    """Whether a parameter can hold the operand: calls only of what they are read as."""
    if isinstance(operand, Literal):
        return True
    return operand.name in FUNCTIONS and all(_ARGUMENT.fullmatch(argument.value) for argument in operand.arguments)


def _parameter(operand: Operand) -> str:
    if isinstance(operand, FunctionCall):
        arguments = ", ".join(argument.value for argument in operand.arguments)
        return f"{operand.name}({arguments})"
    value = operand.value
    return quote(value) if not value or value.startswith('"') or _CALL.fullmatch(value) else value


def chips(query: ListQuery) -> tuple[Chip, ...]:
    """Each condition of a list as something that can be shown and taken away."""
    found = [_chip(condition, query.without(condition)) for condition in query.conditions]
    if query.search.strip():
        found.append(_chip(Search(query.search), replace(query, search="")))
    return tuple(found)


def _chip(condition: Node, remaining: ListQuery) -> Chip:
    parameters = to_parameters(remaining)
    if isinstance(condition, Compare):
        values = tuple(
            operand.value if isinstance(operand, Literal) else _parameter(operand) for operand in condition.operands
        )
        return Chip(condition, condition.field, condition.operator, values, parameters)
    if isinstance(condition, Search):
        return Chip(condition, "", "search", (condition.text,), parameters)
    return Chip(condition, "", "filter", (kintone.condition_text(condition),), parameters)


def to_query(query: ListQuery, *, limit: int | None = None, offset: int | None = None) -> Query:
    """The list's query with its page."""
    return Query(query.node, query.order, limit, offset)


def _is_code(code: str) -> bool:
    """Whether a text could stand for a field in the query language."""
    if len(code) > 300:
        return False
    try:
        tokens = scan(code)
    except Invalid:
        return False
    return len(tokens) == 2 and tokens[0].kind == "word" and tokens[0].text == code


def of_values(field: str, values: Sequence[str]) -> Compare:
    """The condition that a field is one of some values."""
    return Compare(field, "in", tuple(Literal(value) for value in values))
