"""The functions of formulas: a table of what each takes, yields and does.

To add one, add a row to ``_TABLE`` and its sentence to ``[formula.function]`` of both languages; the checker,
the compiler, the designer's help and ``docs/formulas.md`` read them from here.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal, DecimalException

from lowcode.formula import moments, numbers, patterns, values
from lowcode.formula.kinds import Evaluator, Fault, Get, Kind, Options, Value

MAX_ARGUMENTS: t.Final = 32

NUMERIC: t.Final = frozenset({Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.TIME, Kind.DATETIME})
SCALARS: t.Final = frozenset({*NUMERIC, Kind.TEXT})
ALL: t.Final = frozenset(Kind)

Kinds: t.TypeAlias = frozenset[Kind]
"""What an expression may yield; the empty set is the blank text ``""``, which fits everywhere."""


class Takes(enum.Enum):
    """What a parameter takes: the kinds, whether a column may (or must) be given, and the code to refuse with."""

    NUMBER = (NUMERIC, "scalar", "formula.needs_number")
    NUMBERS = (NUMERIC, "either", "formula.needs_number")
    DAY = (frozenset({Kind.DATE, Kind.DATETIME, Kind.NUMBER}), "scalar", "formula.needs_date")
    MOMENT = (frozenset({Kind.DATE, Kind.TIME, Kind.DATETIME, Kind.NUMBER}), "scalar", "formula.needs_date")
    CONDITION = (frozenset({Kind.BOOLEAN, Kind.NUMBER}), "scalar", "formula.needs_condition")
    TEXT = (frozenset({Kind.TEXT}), "scalar", "formula.needs_text")
    SCALAR = (SCALARS, "scalar", "formula.needs_single")
    CHOICES = (frozenset({Kind.TEXTS}), "choices", "formula.needs_choices")
    COUNTABLE = (SCALARS, "either", "formula.needs_countable")
    SHOWABLE = (ALL, "scalar", "formula.needs_single")
    ANYTHING = (ALL, "either", "formula.needs_single")

    @property
    def kinds(self) -> Kinds:
        return self.value[0]

    @property
    def column(self) -> str:
        """``scalar``: no column; ``either``: also a column; ``choices``: a multi-choice or any column."""
        return self.value[1]

    @property
    def code(self) -> str:
        return self.value[2]


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function. ``takes`` names the parameters' kinds, the last group repeating for more arguments.

    ``signature`` and ``example`` are for people; ``kintone`` tells kintone's own from ours.
    """

    name: str
    signature: str
    takes: tuple[Takes, ...]
    minimum: int
    maximum: int = MAX_ARGUMENTS
    repeat: int = 1
    odd: bool = False
    yields: Callable[[Sequence[Kinds]], Kinds]
    build: Callable[[Sequence[Evaluator]], Evaluator] = field(repr=False)
    kintone: bool = False
    example: str

    def parameter(self, index: int, count: int) -> Takes:
        """What argument ``index`` of ``count`` must be."""
        if self.odd and index == count - 1:  # the default at the end
            return self.takes[-1]
        if index < len(self.takes):
            return self.takes[index]
        return self.takes[len(self.takes) - self.repeat + (index - len(self.takes)) % self.repeat]


def _always(kind: Kind) -> Callable[[Sequence[Kinds]], Kinds]:
    return lambda arguments: frozenset({kind})


def _union(arguments: Sequence[Kinds]) -> Kinds:
    return frozenset().union(*arguments)


# --- conditions -------------------------------------------------------------------------------------------


def _if(arguments: Sequence[Evaluator]) -> Evaluator:
    condition, yes, no = arguments
    truth = values.truth
    return lambda get, options: yes(get, options) if truth(condition(get, options)) else no(get, options)


def _ifs(arguments: Sequence[Evaluator]) -> Evaluator:
    pairs = tuple(zip(arguments[:-1:2], arguments[1::2], strict=True))
    default = arguments[-1]

    def evaluate(get: Get, options: Options) -> Value:
        for condition, result in pairs:
            if values.truth(condition(get, options)):
                return result(get, options)
        return default(get, options)

    return evaluate


def _and(arguments: Sequence[Evaluator]) -> Evaluator:
    def evaluate(get: Get, options: Options) -> Value:
        return all(values.truth(argument(get, options)) for argument in arguments)

    return evaluate


def _or(arguments: Sequence[Evaluator]) -> Evaluator:
    def evaluate(get: Get, options: Options) -> Value:
        return any(values.truth(argument(get, options)) for argument in arguments)

    return evaluate


def _not(arguments: Sequence[Evaluator]) -> Evaluator:
    (condition,) = arguments
    return lambda get, options: not values.truth(condition(get, options))


def _is_empty(arguments: Sequence[Evaluator]) -> Evaluator:
    (argument,) = arguments

    def evaluate(get: Get, options: Options) -> Value:
        try:
            return values.is_empty(argument(get, options))
        except (Fault, DecimalException):
            # What cannot be worked out would be shown as an empty cell, so it is empty here as well.
            return True

    return evaluate


def _contains(arguments: Sequence[Evaluator]) -> Evaluator:
    choices, wanted = arguments

    def evaluate(get: Get, options: Options) -> Value:
        found, label = choices(get, options), wanted(get, options)
        if isinstance(found, tuple | list):
            return any(label in item if isinstance(item, tuple | list) else values.equal(item, label) for item in found)
        return not values.is_empty(found) and values.equal(found, label)

    return evaluate


# --- numbers and columns ----------------------------------------------------------------------------------


def _each(arguments: Sequence[Evaluator], get: Get, options: Options) -> t.Iterator[Value]:
    """The values of all arguments, columns row by row."""
    for argument in arguments:
        value = argument(get, options)
        if isinstance(value, tuple | list):
            yield from value
        else:
            yield value


def _sum(arguments: Sequence[Evaluator]) -> Evaluator:
    def evaluate(get: Get, options: Options) -> Value:
        total = numbers.ZERO
        for value in _each(arguments, get, options):
            total = numbers.add(total, values.number(value))
        return total

    return evaluate


def _count(arguments: Sequence[Evaluator]) -> Evaluator:
    return lambda get, options: Decimal(sum(not values.is_empty(value) for value in _each(arguments, get, options)))


def _extreme(choose: Callable[[list[Value]], Value]) -> Callable[[Sequence[Evaluator]], Evaluator]:
    def build(arguments: Sequence[Evaluator]) -> Evaluator:
        def evaluate(get: Get, options: Options) -> Value:
            present = [value for value in _each(arguments, get, options) if not values.is_empty(value)]
            return choose(present) if present else None

        return evaluate

    return build


def _count_choices(arguments: Sequence[Evaluator]) -> Evaluator:
    (choices,) = arguments

    def evaluate(get: Get, options: Options) -> Value:
        found = choices(get, options)
        if not isinstance(found, tuple | list):
            return Decimal(not values.is_empty(found))
        chosen = 0
        for item in found:
            chosen += len(item) if isinstance(item, tuple | list) else not values.is_empty(item)
        return Decimal(chosen)

    return evaluate


def _round(mode: str) -> Callable[[Sequence[Evaluator]], Evaluator]:
    def build(arguments: Sequence[Evaluator]) -> Evaluator:
        value, places = arguments if len(arguments) == 2 else (*arguments, _zero)
        return lambda get, options: numbers.rounded(
            values.number(value(get, options)), values.number(places(get, options)), mode
        )

    return build


def _zero(get: Get, options: Options) -> Value:
    return numbers.ZERO


# --- texts ------------------------------------------------------------------------------------------------


def _yen(arguments: Sequence[Evaluator]) -> Evaluator:
    def evaluate(get: Get, options: Options) -> Value:
        value, places = (values.number(argument(get, options)) for argument in arguments)
        amount = numbers.rounded(value, places, ROUND_HALF_UP)
        if not amount.is_finite() or amount.adjusted() >= options.precision.integer_digits:
            raise Fault("precision")
        sign = "-" if amount < 0 else ""
        return f"{sign}¥{amount.copy_abs():,.{max(int(places), 0)}f}"

    return evaluate


def _date_format(arguments: Sequence[Evaluator]) -> Evaluator:
    value, pattern, name = arguments if len(arguments) == 3 else (*arguments, lambda get, options: "system")

    def evaluate(get: Get, options: Options) -> Value:
        moment = value(get, options)
        if values.is_empty(moment):
            return None
        wanted = values.text(name(get, options), options)
        zone = options.zone if wanted == "system" else patterns.zone(wanted)
        if zone is None:
            raise Fault("zone")
        shown = values.text(pattern(get, options), options)
        if not patterns.is_valid(shown):
            raise Fault("date_format")
        return patterns.write(moments.local(moments.moment(values.number(moment)), zone), shown)

    return evaluate


def _text(arguments: Sequence[Evaluator]) -> Evaluator:
    (argument,) = arguments
    return lambda get, options: values.text(argument(get, options), options)


def _len(arguments: Sequence[Evaluator]) -> Evaluator:
    (argument,) = arguments
    return lambda get, options: Decimal(len(values.text(argument(get, options), options)))


# --- dates ------------------------------------------------------------------------------------------------


def _between(measure: Callable[[t.Any, t.Any], int]) -> Callable[[Sequence[Evaluator]], Evaluator]:
    def build(arguments: Sequence[Evaluator]) -> Evaluator:
        start, end = arguments

        def evaluate(get: Get, options: Options) -> Value:
            first = moments.local_date(start(get, options), options.zone)
            last = moments.local_date(end(get, options), options.zone)
            return None if first is None or last is None else Decimal(measure(first, last))

        return evaluate

    return build


def _add_days(arguments: Sequence[Evaluator]) -> Evaluator:
    start, days = arguments

    def evaluate(get: Get, options: Options) -> Value:
        first = moments.local_date(start(get, options), options.zone)
        return None if first is None else moments.plus_days(first, values.number(days(get, options)))

    return evaluate


_T = Takes
_NUMBER, _TEXT, _BOOLEAN, _DATE = map(_always, (Kind.NUMBER, Kind.TEXT, Kind.BOOLEAN, Kind.DATE))

_TABLE: t.Final = (
    Function(name="SUM", signature="SUM(number, …)", takes=(_T.NUMBERS,), minimum=1, yields=_NUMBER, build=_sum,
             kintone=True, example="SUM(1, 2, 3.5)"),
    Function(name="IF", signature="IF(condition, then, else)", takes=(_T.CONDITION, _T.SCALAR, _T.SCALAR), minimum=3,
             maximum=3, yields=lambda kinds: _union(kinds[1:]), build=_if, kintone=True,
             example='IF(2 > 1, "yes", "no")'),
    Function(name="AND", signature="AND(condition, …)", takes=(_T.CONDITION,), minimum=1, yields=_BOOLEAN, build=_and,
             kintone=True, example="AND(1 < 2, 2 < 3)"),
    Function(name="OR", signature="OR(condition, …)", takes=(_T.CONDITION,), minimum=1, yields=_BOOLEAN, build=_or,
             kintone=True, example="OR(1 > 2, 2 > 3)"),
    Function(name="NOT", signature="NOT(condition)", takes=(_T.CONDITION,), minimum=1, maximum=1, yields=_BOOLEAN,
             build=_not, kintone=True, example="NOT(1 > 2)"),
    Function(name="ROUND", signature="ROUND(number, places)", takes=(_T.NUMBER, _T.NUMBER), minimum=1, maximum=2,
             yields=_NUMBER, build=_round(ROUND_HALF_UP), kintone=True, example="ROUND(21.456, 1)"),
    Function(name="ROUNDUP", signature="ROUNDUP(number, places)", takes=(_T.NUMBER, _T.NUMBER), minimum=1, maximum=2,
             yields=_NUMBER, build=_round(ROUND_UP), kintone=True, example="ROUNDUP(21.41, 1)"),
    Function(name="ROUNDDOWN", signature="ROUNDDOWN(number, places)", takes=(_T.NUMBER, _T.NUMBER), minimum=1,
             maximum=2, yields=_NUMBER, build=_round(ROUND_DOWN), kintone=True, example="ROUNDDOWN(47, -1)"),
    Function(name="YEN", signature="YEN(number, places)", takes=(_T.NUMBER, _T.NUMBER), minimum=2, maximum=2,
             yields=_TEXT, build=_yen, kintone=True, example="YEN(1132.85, 0)"),
    Function(name="DATE_FORMAT", signature="DATE_FORMAT(moment, pattern, zone)",
             takes=(_T.MOMENT, _T.TEXT, _T.TEXT), minimum=2, maximum=3, yields=_TEXT, build=_date_format,
             kintone=True, example='DATE_FORMAT(1661385600, "YYYY-MM-dd HH:mm", "Asia/Tokyo")'),
    Function(name="CONTAINS", signature="CONTAINS(choices, label)", takes=(_T.CHOICES, _T.TEXT), minimum=2, maximum=2,
             yields=_BOOLEAN, build=_contains, kintone=True, example='CONTAINS(risks, "COPD")'),
    Function(name="IFS", signature="IFS(condition, value, …, default)", takes=(_T.CONDITION, _T.SCALAR), minimum=3,
             repeat=2, odd=True, yields=lambda kinds: _union([*kinds[1::2], kinds[-1]]), build=_ifs,
             example='IFS(1 > 2, "a", 2 > 1, "b", "c")'),
    Function(name="COUNT", signature="COUNT(value, …)", takes=(_T.COUNTABLE,), minimum=1, yields=_NUMBER,
             build=_count, example='COUNT(1, "", "x")'),
    Function(name="MIN", signature="MIN(number, …)", takes=(_T.NUMBERS,), minimum=1, yields=_union,
             build=_extreme(lambda present: min(present, key=values.number)), example="MIN(3, 1, 2)"),
    Function(name="MAX", signature="MAX(number, …)", takes=(_T.NUMBERS,), minimum=1, yields=_union,
             build=_extreme(lambda present: max(present, key=values.number)), example="MAX(3, 1, 2)"),
    Function(name="COUNT_CHOICES", signature="COUNT_CHOICES(choices)", takes=(_T.CHOICES,), minimum=1, maximum=1,
             yields=_NUMBER, build=_count_choices, example="COUNT_CHOICES(risks)"),
    Function(name="IS_EMPTY", signature="IS_EMPTY(value)", takes=(_T.ANYTHING,), minimum=1, maximum=1,
             yields=_BOOLEAN, build=_is_empty, example='IS_EMPTY("")'),
    Function(name="LEN", signature="LEN(value)", takes=(_T.SCALAR,), minimum=1, maximum=1, yields=_NUMBER, build=_len,
             example='LEN("保健所")'),
    Function(name="TEXT", signature="TEXT(value)", takes=(_T.SHOWABLE,), minimum=1, maximum=1, yields=_TEXT,
             build=_text, example="TEXT(1.50)"),
    Function(name="YEARS", signature="YEARS(from, to)", takes=(_T.DAY, _T.DAY), minimum=2, maximum=2, yields=_NUMBER,
             build=_between(moments.full_years), example="YEARS(birth, diagnosed)"),
    Function(name="MONTHS", signature="MONTHS(from, to)", takes=(_T.DAY, _T.DAY), minimum=2, maximum=2,
             yields=_NUMBER, build=_between(moments.full_months), example="MONTHS(birth, diagnosed)"),
    Function(name="DAYS", signature="DAYS(from, to)", takes=(_T.DAY, _T.DAY), minimum=2, maximum=2, yields=_NUMBER,
             build=_between(lambda first, last: (last - first).days), example="DAYS(onset, diagnosed)"),
    Function(name="ADD_DAYS", signature="ADD_DAYS(date, days)", takes=(_T.DAY, _T.NUMBER), minimum=2, maximum=2,
             yields=_DATE, build=_add_days, example="ADD_DAYS(onset, 7)"),
)  # fmt: skip

FUNCTIONS: t.Final[Mapping[str, Function]] = {function.name: function for function in _TABLE}
"""Every function by name."""
