"""Whatever text comes in, the answer is a value or a problem, and soon."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import time
import zoneinfo
from decimal import Decimal

import pytest

from lowcode.errors import Invalid
from lowcode.formula import FUNCTIONS, Kind, Value, parse, rename

TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
FIELDS = {"a": Kind.NUMBER, "t": Kind.TEXT}
VALUES: dict[str, Value] = {"a": Decimal("999999999999"), "t": "x" * 65_536}

REFUSED = {
    "100,000 brackets": "(" * 100_000,
    "4,999 pairs of brackets": "(" * 4_999 + "1" + ")" * 4_999,
    "51 brackets": "(" * 51 + "1" + ")" * 51,
    "5,000 signs": "-" * 5_000 + "1",
    "calls in calls": "IF(" * 3_000,
    "signs and calls in turn": "-SUM(" * 1_000 + "1",
    "powers in brackets": "2^(" * 3_000 + "2",
    "1 MB of one letter": "x" * 1_000_000,
    "1 MB of digits": "9" * 1_000_000,
    "1 MB of text": '"' + "x" * 1_000_000 + '"',
    "1 MB of quotes": '"' * 1_000_001,
    "1 MB of spaces": " " * 1_000_000,
    "1 MB of brackets": "(" * 1_000_000,
    "1 MB of nulls": "\x00" * 1_000_000,
    "9,999 digits": "9" * 9_999,
    "9,999 backslashes in a text": '"' + "\\" * 9_999,
    "quotes that never pair": '"' * 9_999,
    "text that never closes": '"' + 'a""' * 3_300,
    "3,000 terms": "1+" * 2_999 + "1",
    "3,000 arguments": "SUM(" + "1," * 2_999 + "1)",
    "deep without brackets": "SUM(1=1&1+1*1^" * 49 + "1" + ")" * 49,
    "code": "__import__('os').system('id')",
    "attributes": "a.__class__.__bases__",
    "subscripts": "a[0]",
    "a template": "{{7*7}}",
    "another template": "${7*7}",
    "SQL": "a; DROP TABLE users --",
    "a comment": "a /* b */",
    "a lone surrogate": "\ud800",
    "a right-to-left mark": "a\u202e+1",
}


def timed(text: str) -> float:
    """Seconds until the answer: the best of three, since the machine has other work."""
    best = 60.0
    for _ in range(3):
        start = time.perf_counter()
        with pytest.raises(Invalid):
            parse(text)
        best = min(best, time.perf_counter() - start)
    return best


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_text_is_refused_at_once(name: str) -> None:
    assert timed(REFUSED[name]) < 0.05


WORKED_OUT = {
    "a tower of powers": "9^9^9^9^9",
    "a power of powers": "((9^100)^100)^100",
    "a billion as exponent": "10^1000000000",
    "minus a billion": "10^-1000000000",
    "products that grow": "*".join(["(9^100)"] * 300),
    "long sums": "+".join(["a"] * 999),
    "long quotients": "/".join(["a"] * 999),
    "small quotients": "1/" + "/".join(["(10^100)"] * 300),
    "joined texts": "&".join(["t"] * 999),
    "rounding far out": "ROUND(a, 10^90)",
    "dates far out": 'DATE_FORMAT(a*a*a, "YYYY", "system")',
    "days far out": "ADD_DAYS(a, 9^99)",
    "as deep as allowed": "(" * 50 + "1" + ")" * 50,
    "signs as deep as allowed": "-" * 50 + "1",
    "calls as deep as allowed": "SUM(" * 50 + "1" + ")" * 50,
    "levels as deep as allowed": "SUM(1=1&1+1*1^" * 16 + "1" + ")" * 16,
    "a long name of a zone": 'DATE_FORMAT(0, "YYYY", "' + "A/" * 4_000 + '")',
    "a long pattern": 'DATE_FORMAT(0, "' + "Y" * 9_000 + '", "system")',
    "a long run of a letter": 'DATE_FORMAT(0, "' + "d" * 200 + '", "system")',
    "a pattern for str.format": '"{0.__class__.__mro__}" & t',
    "a function of Python": "eval(1)",
    "a name of Python": "__class__",
}


@pytest.mark.parametrize("name", WORKED_OUT)
def test_hostile_formulas_have_a_value_or_none(name: str) -> None:
    start = time.perf_counter()
    formula = parse(WORKED_OUT[name])
    with contextlib.suppress(Invalid):
        formula.check(FIELDS)
    result = formula.evaluate(VALUES, zone=TOKYO)
    assert result is None or isinstance(result, Decimal | str | bool)
    assert time.perf_counter() - start < 5  # a hang would take minutes; a busy machine may take a while


PAYLOADS: list[Value] = [
    "' OR '1'='1",
    "'; DROP TABLE records; --",
    '" & a & "',
    "{0.__class__.__init__.__globals__}",
    "%(x)s%n%s",
    "{{7*7}}",
    "<%= 7*7 %>",
    "${jndi:ldap://localhost/a}",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "/etc/localtime",
    "Asia/Tokyo\x00",
    "YYYY" * 200,
    "'" * 99,
    "\ud800",
    "\x00",
    "９" * 50,
    "1e999999999",
    "NaN",
    Decimal("1e-5000"),
    Decimal("-1e5000"),
    Decimal("sNaN"),
    (),
    (None, ("a", ("b",)), Decimal("Infinity")),
    ("x" * 40_000, "y" * 40_000),
    dt.date.min,
    dt.date.max,
    dt.datetime.min,
    dt.datetime.max,
    dt.time.max,
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_of_every_function_stands_anything(name: str) -> None:
    function = FUNCTIONS[name]
    count = function.minimum
    formula = parse(f"{name}({','.join(f'p{index}' for index in range(count))})")
    for position, payload in itertools.product(range(count), PAYLOADS):
        for other in (None, Decimal(3), True, "x", dt.date(2022, 8, 25), ("a",), payload):
            record = {f"p{index}": payload if index == position else other for index in range(count)}
            result = formula.evaluate(record, zone=TOKYO)
            assert result is None or isinstance(result, Decimal | str | bool | dt.date | dt.time)


def test_deep_formulas_leave_room_on_the_stack() -> None:
    def below(levels: int) -> Value:
        if levels:
            return below(levels - 1)
        formula = parse("SUM(2=2&2+2*2^" * 16 + "2" + ")" * 16)
        assert formula.check({}) is Kind.NUMBER
        assert str(formula)
        return formula.evaluate({}, zone=TOKYO)

    assert below(300) is not False


def test_renaming_takes_linear_time_on_any_text() -> None:
    for name, text in REFUSED.items():
        start = time.perf_counter()
        rename(text, {"a": "b"})
        assert time.perf_counter() - start < 5, name
