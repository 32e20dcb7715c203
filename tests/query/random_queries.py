"""Random conditions over the world of ``world.py``, as tuples for the oracle and as query text for the product."""

from __future__ import annotations

import random
import typing as t
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal

from tests.query import world
from tests.query.oracle import Condition

EQUAL, ORDER, ONE_OF, LIKE = ("=", "!="), (">", "<", ">=", "<="), ("in", "not in"), ("like", "not like")
EMPTY = ("is empty", "is not empty")

OPERATORS: t.Final[Mapping[str, tuple[str, ...]]] = {
    "RECORD_NUMBER": (*EQUAL, *ORDER, *ONE_OF),
    "__ID__": (*EQUAL, *ORDER, *ONE_OF),
    "SINGLE_LINE_TEXT": (*EQUAL, *ONE_OF, *LIKE),
    "LINK": (*EQUAL, *ONE_OF, *LIKE),
    "NUMBER": (*EQUAL, *ORDER, *ONE_OF),
    "CALC": (*EQUAL, *ORDER, *ONE_OF),
    "CALC_DATE": (*EQUAL, *ORDER, *ONE_OF),
    "CALC_DATETIME": (*EQUAL, *ORDER, *ONE_OF),
    "LOOKUP": (*EQUAL, *ONE_OF, *LIKE),
    "ROLLUP": (*EQUAL, *ORDER, *ONE_OF),
    "ROLLUP_TEXT": (*EQUAL, *ORDER, *ONE_OF, *LIKE),
    "ROLLUP_DATE": (*EQUAL, *ORDER, *ONE_OF),
    "MULTI_LINE_TEXT": (*LIKE, *EMPTY),
    "RICH_TEXT": (*LIKE, *EMPTY),
    "CHECK_BOX": ONE_OF,
    "RADIO_BUTTON": ONE_OF,
    "DROP_DOWN": ONE_OF,
    "MULTI_SELECT": ONE_OF,
    "DATE": (*EQUAL, *ORDER),
    "TIME": (*EQUAL, *ORDER),
    "DATETIME": (*EQUAL, *ORDER),
    "CREATED_TIME": (*EQUAL, *ORDER),
    "UPDATED_TIME": (*EQUAL, *ORDER),
    "USER_SELECT": ONE_OF,
    "ORGANIZATION_SELECT": ONE_OF,
    "GROUP_SELECT": ONE_OF,
    "CREATOR": ONE_OF,
    "MODIFIER": ONE_OF,
    "STATUS_ASSIGNEE": ONE_OF,
    "STATUS": (*EQUAL, *ONE_OF),
    "FILE": (*LIKE, *EMPTY),
    "SERIAL": (*EQUAL, *ONE_OF, *LIKE),
}
"""kintone's table of operators by type, written again by hand, with ours for our own types."""

FIELDS: t.Final[Mapping[str, str]] = {
    "$id": "__ID__",
    "レコード番号": "RECORD_NUMBER",
    "作成者": "CREATOR",
    "更新者": "MODIFIER",
    "作成日時": "CREATED_TIME",
    "更新日時": "UPDATED_TIME",
    "ステータス": "STATUS",
    "作業者": "STATUS_ASSIGNEE",
    "text": "SINGLE_LINE_TEXT",
    "氏名": "SINGLE_LINE_TEXT",
    "note": "MULTI_LINE_TEXT",
    "rich": "RICH_TEXT",
    "number": "NUMBER",
    "whole": "NUMBER",
    "sum": "CALC",
    "sum_date": "CALC_DATE",
    "sum_instant": "CALC_DATETIME",
    "drop": "DROP_DOWN",
    "radio": "RADIO_BUTTON",
    "checks": "CHECK_BOX",
    "multi": "MULTI_SELECT",
    "date": "DATE",
    "time": "TIME",
    "instant": "DATETIME",
    "link": "LINK",
    "users": "USER_SELECT",
    "orgs": "ORGANIZATION_SELECT",
    "groups": "GROUP_SELECT",
    "files": "FILE",
    "serial": "SERIAL",
    "looked": "LOOKUP",
    "total": "ROLLUP",
    "latest": "ROLLUP_TEXT",
    "last": "ROLLUP_DATE",
    "row_text": "SINGLE_LINE_TEXT",
    "row_number": "NUMBER",
    "row_choice": "DROP_DOWN",
    "row_checks": "CHECK_BOX",
    "row_date": "DATE",
    "row_instant": "DATETIME",
    "row_note": "MULTI_LINE_TEXT",
    "row_users": "USER_SELECT",
    "line_text": "SINGLE_LINE_TEXT",
    "line_number": "NUMBER",
    "visits.visit_text": "SINGLE_LINE_TEXT",
    "visits.visit_number": "NUMBER",
    "visits.visit_choice": "DROP_DOWN",
    "visits.visit_date": "DATE",
    "visits.visit_note": "MULTI_LINE_TEXT",
}
TABLES: t.Final[Mapping[str, str]] = {"row": "rows", "line": "lines", "visits.visit": "visits"}

WEEKDAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
DAY_FUNCTIONS: t.Final[tuple[tuple[str, str | None], ...]] = (
    *((name, None) for name in ("TODAY", "YESTERDAY", "TOMORROW")),
    *(("FROM_TODAY", unit) for unit in ("DAYS", "WEEKS", "MONTHS", "YEARS")),
    *((f"{shift}_WEEK", day) for shift in ("LAST", "THIS", "NEXT") for day in (None, *WEEKDAYS)),
    *(
        (f"{shift}_MONTH", day)
        for shift in ("LAST", "THIS", "NEXT")
        for day in (None, "LAST", *(str(n) for n in range(1, 32)))
    ),
    *((f"{shift}_YEAR", None) for shift in ("LAST", "THIS", "NEXT")),
)
"""Every function of days with every argument (of ``FROM_TODAY`` every unit)."""

DATE_TYPES = ("DATE", "CALC_DATE", "ROLLUP_DATE")
INSTANT_TYPES = ("DATETIME", "CALC_DATETIME", "CREATED_TIME", "UPDATED_TIME")
WARD_TYPES = ("SINGLE_LINE_TEXT", "LOOKUP", "CHECK_BOX", "RADIO_BUTTON", "DROP_DOWN", "MULTI_SELECT")
PEOPLE_TYPES = ("USER_SELECT", "CREATOR", "MODIFIER", "STATUS_ASSIGNEE")


def table_of(code: str) -> str | None:
    """The table or list of related records whose rows a code speaks of."""
    return TABLES.get(code.rpartition("_")[0]) if code in FIELDS and "_" in code else None


def operators_of(code: str) -> tuple[str, ...]:
    """What a field takes: inside tables ``in`` stands for ``=``."""
    found = OPERATORS[FIELDS[code]]
    if table_of(code) is None:
        return found
    return (
        *(operator for operator in found if operator not in (*EQUAL, *ONE_OF)),
        *(ONE_OF if set(found) & {"=", "in"} else ()),
    )


@dataclass
class Writer:
    """Makes conditions and remembers what occurred in them."""

    chance: random.Random
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Operator by type, ``in a table`` added to the type there."""
    calls: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    """Function by argument."""

    def __post_init__(self) -> None:
        self._leaves = self._round([(code, o) for code in FIELDS for o in operators_of(code)])
        moments = [code for code, kind in FIELDS.items() if kind in (*DATE_TYPES, *INSTANT_TYPES)]
        self._moments = self._round([(code, o) for code in moments for o in operators_of(code) if o not in EMPTY])
        self._days = self._round(list(DAY_FUNCTIONS))

    def _round(self, items: Sequence[t.Any]) -> Iterator[t.Any]:
        """The items in random order, again and again: all occur equally often."""
        while True:
            yield from self.chance.sample(items, len(items))

    def condition(self, depth: int = 0) -> Condition:
        """A condition of one to about six comparisons."""
        roll = self.chance.random()
        if depth == 2 or roll < (0.3, 0.6)[min(depth, 1)]:
            return self.comparison()
        children = [self.condition(depth + 1) for _ in range(self.chance.choice([2, 2, 2, 3]))]
        return ("and" if roll < 0.7 else "or", children)

    def comparison(self) -> Condition:
        """One comparison."""
        code, operator = next(self._moments if self.chance.random() < 0.45 else self._leaves)
        kind = FIELDS[code]
        self.pairs[kind + (" in a table" if table_of(code) else ""), operator] += 1
        if operator in EMPTY:
            return (code, operator, ())
        if operator in ONE_OF:
            return (code, operator, tuple(self.operand(kind, True) for _ in range(self.chance.choice([1, 1, 2, 3]))))
        return (code, operator, (self.operand(kind, False, like=operator in LIKE),))

    def operand(self, kind: str, listed: bool, *, like: bool = False) -> t.Any:
        """A value or a call that a type takes."""
        chance = self.chance
        if not like and chance.random() < 0.04 and kind not in ("RECORD_NUMBER", "__ID__"):
            return ""
        if kind in PEOPLE_TYPES and chance.random() < 0.25:
            return self.call("LOGINUSER", None)
        if kind == "ORGANIZATION_SELECT" and chance.random() < 0.25:
            return self.call("PRIMARY_ORGANIZATION", None)
        if kind in WARD_TYPES and listed and chance.random() < 0.15:
            return self.call("MYWARD", None)
        if kind in INSTANT_TYPES and chance.random() < 0.03:
            return self.call("NOW", None)
        if kind in (*DATE_TYPES, *INSTANT_TYPES) and chance.random() < 0.8:
            return self.call(*next(self._days))
        return _VALUES[kind](chance) if not like else _needle(chance)

    def call(self, name: str, argument: str | None) -> Condition:
        """A call, counted."""
        self.calls[name, argument] += 1
        if name == "FROM_TODAY":
            near = {"DAYS": 40, "WEEKS": 8, "MONTHS": 3, "YEARS": 1}[t.cast(str, argument)]
            return ("call", name, (str(self.chance.randint(-near, near)), argument))
        return ("call", name, () if argument is None else (argument,))


def _needle(chance: random.Random) -> str:
    word = world.some_text(chance)
    if chance.random() < 0.03:
        return ""
    start = chance.randint(0, len(word) - 1)
    return word[start : start + chance.randint(1, 4)] if chance.random() < 0.7 else word


_VALUES: t.Final[Mapping[str, Callable[[random.Random], t.Any]]] = {
    "__ID__": lambda c: c.randint(-3, 510),
    "RECORD_NUMBER": lambda c: c.randint(1, 510),
    **dict.fromkeys(("SINGLE_LINE_TEXT", "LOOKUP", "ROLLUP_TEXT"), world.some_text),
    "LINK": lambda c: f"https://{c.choice(['b.test', 'a.test'])}/{c.randint(1, 9)}",
    **dict.fromkeys(
        ("NUMBER", "CALC", "ROLLUP"), lambda c: world.some_number(c, 6) + Decimal(c.choice(["0", "0.0000005", "-0.3"]))
    ),
    **dict.fromkeys(("CHECK_BOX", "MULTI_SELECT", "RADIO_BUTTON", "DROP_DOWN"), lambda c: c.choice(world.CHOICES)),
    **dict.fromkeys(DATE_TYPES, world.some_date),
    **dict.fromkeys(INSTANT_TYPES, lambda c: c.choice([world.some_instant, world.some_date])(c)),
    "TIME": lambda c: time(c.randint(0, 23), c.choice([0, 30])),
    **dict.fromkeys(PEOPLE_TYPES, lambda c: c.choice(list(world.USERS))),
    "ORGANIZATION_SELECT": lambda c: c.choice(list(world.ORGANIZATIONS)),
    "GROUP_SELECT": lambda c: c.choice(list(world.GROUPS)),
    "STATUS": lambda c: c.choice(world.STATES),
    "SERIAL": lambda c: f"{c.randint(1, 60):04}",
}


# --- as text -------------------------------------------------------------------------------------


def written(condition: Condition, chance: random.Random) -> str:
    """A condition as somebody may write it: any white space, any case of keywords, parentheses too many."""
    if condition[0] in ("and", "or"):
        word = chance.choice([condition[0], condition[0].upper()])
        gap = chance.choice([" ", "  ", "\n", "\t", "　", " \r\n"])
        pieces = [
            f"({inner})" if child[0] in ("and", "or") or chance.random() < 0.1 else inner
            for child in condition[1]
            for inner in [written(child, chance)]
        ]
        return f"{gap}{word}{gap}".join(pieces)
    code, operator, operands = condition
    text = [_operand(operand, code, chance) for operand in operands]
    if operator in EMPTY:
        return f"{code} {operator}"
    if operator in ONE_OF:
        gap = chance.choice(["", " "])
        return f"{code} {operator}{gap}({chance.choice([',', ', ', ' , ']).join(text)})"
    gap = " " if operator in LIKE else chance.choice(["", " ", "　"])
    return f"{code}{gap}{operator}{gap}{text[0]}"


def _operand(operand: t.Any, code: str, chance: random.Random) -> str:
    if isinstance(operand, tuple):
        _, name, arguments = operand
        shown = [a if chance.random() < 0.8 else f'"{a}"' for a in arguments]
        return f"{name}({', '.join(shown)})"
    if isinstance(operand, int | Decimal):
        if code == "レコード番号" and chance.random() < 0.3:
            return f'"{chance.choice(["cases", "CASES"])}-{operand}"'
        plain = f"{operand:f}" if isinstance(operand, Decimal) else str(operand)
        return plain if chance.random() < 0.5 else f'"{plain}"'
    if isinstance(operand, time):
        return chance.choice(['"{}"', "{}"]).format(operand.strftime("%H:%M"))
    if isinstance(operand, datetime):
        local = operand.astimezone(world.ZONE).strftime("%Y-%m-%dT%H:%M:%S")
        return chance.choice(
            [
                f'"{operand.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"',
                f'"{local}+0900"',
                f'"{local}+09:00"',
                f'"{local[:16]}"',
            ]
        )
    if isinstance(operand, date):
        return f'"{operand.isoformat()}"'
    escaped = str(operand).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'
