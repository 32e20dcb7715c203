"""Every setting does something, and a wrong one is named; hostile input is refused and nothing else."""

from __future__ import annotations

import importlib
import inspect
import math
import typing as t
from decimal import Decimal
from functools import partial

import orjson
import pytest

from lowcode import messages
from lowcode.errors import Invalid, Problem
from lowcode.fields.base import Field
from lowcode.fields.lookup import LOOKUPS
from lowcode.fields.registry import CLASSES, TYPES, load_field, settings_keys
from tests.fields.effects import EFFECTS, ELSEWHERE
from tests.fields.people import OFFICE
from tests.fields.samples import SAMPLES, Sample

KINDS = [*CLASSES, *LOOKUPS.values()]
SETTINGS = [pytest.param(kind, key, id=f"{kind.__name__}-{key}") for kind in KINDS for key in settings_keys(kind)]


@pytest.mark.parametrize("kind, key", SETTINGS)
def test_every_setting_has_a_proven_effect(kind: type[Field], key: str) -> None:
    name = kind.type_name
    if (proof := EFFECTS.get((name, key))) is not None:
        proof(name)
        return
    where = ELSEWHERE.get((name, key), "")
    assert where, f"{name}: no test says what {key} does"
    module, _, function = where.partition(".")
    source = inspect.getsource(getattr(importlib.import_module(f"tests.fields.{module}"), function))
    assert key in source or key == "lookup"


def test_no_effect_is_claimed_for_what_does_not_exist() -> None:
    known = {(kind.type_name, key) for kind in KINDS for key in settings_keys(kind)}
    assert set(EFFECTS) | set(ELSEWHERE) <= known


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_controls_speak_both_languages(kind: type[Field]) -> None:
    for control in kind.controls():
        for locale in messages.LOCALES:
            assert messages.catalog(locale).get(control["label"]), control
            for choice in control["choices"] or ():
                known = messages.catalog(locale).get(f"setting.value.{choice}")
                assert known or not choice or choice.isdecimal(), choice
        orjson.dumps(control)


# --- hostile input -----------------------------------------------------------------------------

HUGE = 10**5000
DEEP: list[t.Any] = []
for _ in range(500):
    DEEP = [DEEP]
TEXTS = [
    "",
    " ",
    "\u3000",
    "\n",
    "\r\n",
    "\t",
    "0",
    "x",
    "\x00",
    "a\x00b",
    "\x07",
    "\x1b[31m",
    "\ud800",
    "\udfff",
    "a\ud83d",
    "\ufffe",
    "\ufeff",
    "\u202e",
    "\u200b",
    "\u2028",
    "9" * 5000,
    "1e999999999",
    "NaN",
    "-1e999999999",
    "1e-999999999",
    "Infinity",
    "-Infinity",
    "1_000",
    "٣",
    "²",
    "½",
    "①",
    "0x10",
    "--1",
    "1.2.3",
    "0000-00-00",
    "9999-99-99",
    "10000-01-01",
    "-0001-01-01",
    "令和0年1月1日",
    "令和99999年1月1日",
    "2021-13-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2021-01-01T00:00:00+99:99",
    "99:99",
    "24:00",
    "24:60:60",
    "x" * 1_000_001,
    "あ" * 20_000,
    "a\n" * 20_000,
    "<script>alert(1)</script>",
    "<" * 2_000,
    "<b>" * 500,
    "&" * 2_000,
    "javascript:alert(1)",
    "http://[::1",
    "http://\x00",
    "tel:",
    "@",
    "%s%n{0}{x}",
    "'; DROP TABLE app_1; --",
    "=cmd|' /C calc'!A0",
]
NUMBERS = [
    0,
    -1,
    7,
    2**31,
    2**63,
    2**64,
    -(2**63) - 1,
    HUGE,
    1.5,
    1e308,
    -1e-308,
    math.nan,
    math.inf,
    -math.inf,
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("1e999999"),
    Decimal("-1e-999999"),
]
LISTS = [
    [],
    [[]],
    [None],
    [""],
    ["x"],
    [0],
    [True],
    [math.nan],
    [{}],
    ["\ud800"],
    [HUGE],
    ["x"] * 3_000,
    DEEP,
    (),
    (HUGE,),
    (None,),
]
OBJECTS = [
    {},
    {"x": 1},
    {"id": None},
    {"id": HUGE},
    {"id": "1"},
    {"code": 1},
    {"code": "\ud800"},
    {"value": []},
    {"id": 2**63},
    {"fileKey": "../../etc/passwd"},
    {"values": 5},
    {"id": 1, "values": {"x": HUGE}},
]
STRANGERS = [None, True, False, b"bytes", object(), int, {1, 2}, iter(()), 3j]
HOSTILE: list[t.Any] = [*TEXTS, *NUMBERS, *LISTS, *OBJECTS, *STRANGERS]


def problems_of(act: t.Callable[[], t.Any]) -> tuple[Problem, ...]:
    """What ``act`` refuses; nothing when it does not."""
    try:
        act()
    except Invalid as error:
        return error.problems
    return ()


def refused_or_whole(field: Field, act: t.Callable[[], t.Any]) -> None:
    """``act`` gives a value that the product can keep and show, or refuses with sentences that can be written."""
    problems = problems_of(act)
    if not problems:
        value = act()
        problems = tuple(field.check(value, OFFICE))
        orjson.dumps([field.dump(value), field.history_value(value)])
        field.text(value, OFFICE).encode()
        str(field.display(value, OFFICE)).encode()
        field.search_text(value, OFFICE).encode()
        if field.stores_value:
            field.row_values(value)
    for problem in problems:
        for locale in messages.LOCALES:
            sentence = messages.sentence(problem, locale)
            assert sentence.encode()
            assert sentence != problem.code, f"{problem.code} has no sentence"
            assert len(sentence) < 500


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_hostile_values_are_refused_or_whole(sample: Sample) -> None:
    field = sample.field
    for raw in HOSTILE:
        refused_or_whole(field, partial(field.coerce, raw, OFFICE))
        if field.stores_value:
            refused_or_whole(field, partial(field.from_cell, raw, OFFICE))
            refused_or_whole(field, partial(field.from_kintone, {"value": raw}, OFFICE))
        if isinstance(raw, str) and field.stores_value:
            refused_or_whole(field, partial(field.parse, raw, OFFICE))
            refused_or_whole(field, partial(field.from_form, [raw], OFFICE))
            if field.operators:
                refused = problems_of(partial(field.operand, raw, OFFICE))
                assert all(messages.sentence(problem) != problem.code for problem in refused)


@pytest.mark.parametrize("sample", {type(s.field): s for s in SAMPLES}.values(), ids=lambda s: s.name)
def test_hostile_settings_are_refused_or_whole(sample: Sample) -> None:
    properties = sample.field.to_json()
    small = [raw for raw in HOSTILE if not (isinstance(raw, str) and len(raw) > 200_000)]
    for key in properties:
        for raw in small:
            given = {**properties, key: raw}
            if problems := problems_of(partial(load_field, "項目", given)):
                assert {p.path[0] for p in problems} <= {key, "defaultValue", "minValue", "minLength", "type"}
                assert all(messages.sentence(p) != p.code for p in problems), problems
                continue
            made = load_field("項目", given)
            assert load_field("項目", made.to_json()) == made
            if made.stores_value:
                made.columns()
                made.default(OFFICE)
            [made.display(value, OFFICE) for value in sample.values if key not in ("options", "type")]


@pytest.mark.parametrize("properties", [{}, {"type": None}, {"type": []}, {"type": "NO_SUCH"}, {"type": "number"}])
def test_an_unknown_type(properties: dict[str, t.Any]) -> None:
    with pytest.raises(Invalid) as caught:
        load_field("x", {"id": 1, "label": "x", **properties})
    assert [(p.code, p.path) for p in caught.value.problems] == [("setting.unknown_type", ("type",))]


def test_every_problem_of_a_field_is_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        load_field("x", {"type": "NUMBER", "id": "1", "label": None, "minValue": "a", "digit": [], "unit_": ""})
    assert {(p.code, p.path) for p in caught.value.problems} == {
        ("setting.wrong_type", ("id",)),
        ("setting.missing", ("label",)),
        ("setting.not_a_number", ("minValue",)),
        ("setting.wrong_type", ("digit",)),
        ("setting.unknown", ("unit_",)),
    }


@pytest.mark.parametrize("code", ["0x", "", "a b", "a-b", "not", "OR", "__ROOT__", "$id", "x" * 129, "a\n"])
def test_codes_that_no_field_may_have(code: str) -> None:
    with pytest.raises(Invalid) as caught:
        load_field(code, {"type": "DATE", "id": 1, "label": "x"})
    assert [p.code for p in caught.value.problems] == ["setting.bad_code"]


@pytest.mark.parametrize("code", ["氏名", "x1", "ＡＢ", "_x", "カナ・名", "名￥", "名前＿２"])
def test_codes_that_kintone_allows(code: str) -> None:
    assert load_field(code, {"type": "DATE", "id": 1, "label": "x"}).code == code


def test_the_registry_knows_each_type_once() -> None:
    assert len(TYPES) == len(CLASSES)
