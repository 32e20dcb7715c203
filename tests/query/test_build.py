"""What a condition means in SQL beyond the random queries: rights, problems, orders, searches, related apps, sizes."""

from __future__ import annotations

import random
import typing as t
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.definition.queries import QueryText
from lowcode.errors import Invalid, Problem
from lowcode.fields.folding import fold
from lowcode.fields.registry import load_field
from lowcode.query import build, filters, kintone, operands
from lowcode.query.ast import And, Compare, FunctionCall, Literal, Node, Or, Search, SortKey
from lowcode.query.problems import kintone_code
from lowcode.query.texts import check_text
from lowcode.query.top import top_n
from lowcode.records.tables import tables_for
from tests.builders import an_app
from tests.query import world

DEFINITION = world.cases()
VISITS = world.visits()


@pytest.fixture(scope="module")
def kept(module_database_url: str) -> Iterator[sa.Engine]:
    """One database for all tests here: they only read, or take back what they write."""
    made = db.make_engine(module_database_url)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def made(kept: sa.Engine) -> world.World:
    return world.make(kept, random.Random(9))


@pytest.fixture
def connection(kept: sa.Engine, made: world.World) -> Iterator[sa.Connection]:
    with db.reading(kept) as opened:
        yield opened


def where(made: world.World, query: str | Node | None, **changes: t.Any) -> sa.ColumnElement[bool]:
    node = kintone.parse_condition(query) if isinstance(query, str) else query
    ctx = replace(made.ctx, **changes)
    return build.condition(node, made.definition, made.tables, ctx, made.definition.field_codes, related=made.related)


def ids(connection: sa.Connection, made: world.World, query: str | Node | None, **changes: t.Any) -> set[int]:
    return set(connection.scalars(sa.select(made.tables.main.c.id).where(where(made, query, **changes))))


# --- problems ------------------------------------------------------------------------------------

PROBLEMS: list[tuple[str, list[tuple[str, str]]]] = [
    # (query, [(our code, kintone's code)])
    ("nothing = 1", [("unknown_field", "GAIA_IQ11")]),
    ("TEXT = 1", [("unknown_field", "GAIA_IQ11")]),
    ("$revision = 1", [("unknown_field", "GAIA_IQ11")]),
    ('text > "a"', [("operator_not_allowed", "GAIA_IQ03")]),
    ("text is empty", [("operator_not_allowed", "GAIA_IQ03")]),
    ('note = "a"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('note in ("a")', [("operator_not_allowed", "GAIA_IQ03")]),
    ('rich != "a"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('number like "1"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('total like "1"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('drop = "甲"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('checks like "甲"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('date in ("2024-01-01")', [("operator_not_allowed", "GAIA_IQ03")]),
    ("instant is empty", [("operator_not_allowed", "GAIA_IQ03")]),
    ('作成者 = "sato"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('ステータス > "受理"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('files in ("a")', [("operator_not_allowed", "GAIA_IQ03")]),
    ("$id is empty", [("operator_not_allowed", "GAIA_IQ03")]),
    ('$id like "1"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('カテゴリー in ("a")', [("operator_not_allowed", "GAIA_IQ03")]),
    ('rows in ("a")', [("operator_not_allowed", "GAIA_IQ03")]),
    ('visits in ("a")', [("operator_not_allowed", "GAIA_IQ03")]),
    ('row_text = "a"', [("equality_in_table", "GAIA_IQ07")]),
    ("row_number != 1", [("equality_in_table", "GAIA_IQ07")]),
    ('row_date = "2024-01-01"', [("equality_in_table", "GAIA_IQ07")]),
    ('visits.visit_text = "a"', [("equality_in_table", "GAIA_IQ07")]),
    ('row_choice = "甲"', [("equality_in_table", "GAIA_IQ07")]),
    ('row_note = "a"', [("operator_not_allowed", "GAIA_IQ03")]),
    ('drop in ("丁")', [("unknown_option", "GAIA_IQ10")]),
    ('drop = "丁"', [("unknown_option", "GAIA_IQ10"), ("operator_not_allowed", "GAIA_IQ03")]),
    ('radio in ("甲", "丁", "戊")', [("unknown_option", "GAIA_IQ10")] * 2),
    ('ステータス = "なし"', [("unknown_option", "GAIA_IQ10")]),
    ('row_checks in ("丁")', [("unknown_option", "GAIA_IQ10")]),
    ('users in ("nobody")', [("unknown_user", "GAIA_IL26")]),
    ('作業者 in ("nobody")', [("unknown_user", "GAIA_IL26")]),
    ('orgs in ("nowhere")', [("unknown_organization", "GAIA_IL28")]),
    ('groups in ("none")', [("unknown_group", "GAIA_IL42")]),
    ("number = abc()", [("unknown_function", "GAIA_IL08")]),
    ('number = "abc"', [("not_a_value", "CB_VA01")]),
    ('date = "2024-02-30"', [("not_a_value", "CB_VA01")]),
    ('date = "tomorrow"', [("not_a_value", "CB_VA01")]),
    ('instant = "2024-13-01T00:00:00Z"', [("not_a_value", "CB_VA01")]),
    ('time = "25:00"', [("not_a_value", "CB_VA01")]),
    ('$id = "cases-1"', [("not_a_value", "CB_VA01")]),
    ('レコード番号 = "other-1"', [("not_a_value", "CB_VA01")]),
    ("$id = 1.5", [("not_a_value", "CB_VA01")]),
    ("date = NOW()", [("function_not_allowed", "GAIA_IL08")]),
    ("time = NOW()", [("function_not_allowed", "GAIA_IL08")]),
    ("text = TODAY()", [("function_not_allowed", "GAIA_IL08")]),
    ("number = TODAY()", [("function_not_allowed", "GAIA_IL08")]),
    ("$id in (LOGINUSER())", [("function_not_allowed", "GAIA_IL08")]),
    ("orgs in (LOGINUSER())", [("function_not_allowed", "GAIA_IL08")]),
    ("groups in (PRIMARY_ORGANIZATION())", [("function_not_allowed", "GAIA_IL08")]),
    ("text like TODAY()", [("function_not_allowed", "GAIA_IL08")]),
    ("text = MYWARD()", [("function_not_allowed", "GAIA_IL08")]),
    ("text like MYWARD()", [("function_not_allowed", "GAIA_IL08")]),
    ("number in (MYWARD())", [("function_not_allowed", "GAIA_IL08")]),
    ("link in (MYWARD())", [("function_not_allowed", "GAIA_IL08")]),
    ("serial in (MYWARD())", [("function_not_allowed", "GAIA_IL08")]),
    ("latest in (MYWARD())", [("function_not_allowed", "GAIA_IL08")]),
    ("orgs in (MYWARD())", [("function_not_allowed", "GAIA_IL08")]),
    ("ステータス in (MYWARD())", [("function_not_allowed", "GAIA_IL08")]),
    ("$id in (MYWARD())", [("function_not_allowed", "GAIA_IL08")]),
    ('text in (MYWARD("門司区"))', [("argument_count", "GAIA_IL08")]),
    ("date = THIS_MONTH(40)", [("bad_day", "GAIA_IQ23")]),
    ("date = FROM_TODAY(1, DAY)", [("bad_unit", "GAIA_IQ25")]),
    ("date = TODAY(1)", [("argument_count", "GAIA_IL08")]),
    ("date = FROM_TODAY(99999999, DAYS)", [("too_far", "GAIA_IL08")]),
    ("rows.row_text in (1)", [("not_related", "GAIA_IR02")]),
    ("nothing.text in (1)", [("not_related", "GAIA_IR02")]),
    ("text.text in (1)", [("not_related", "GAIA_IR02")]),
    ("visits.nothing in (1)", [("unknown_field", "GAIA_IQ11")]),
    ("visits.a.b in (1)", [("unknown_field", "GAIA_IQ11")]),
    (
        'nothing = 1 and (text > "a" or x.y in (1)) and drop in ("丁")',
        [
            ("unknown_field", "GAIA_IQ11"),
            ("operator_not_allowed", "GAIA_IQ03"),
            ("not_related", "GAIA_IR02"),
            ("unknown_option", "GAIA_IQ10"),
        ],
    ),
]


@pytest.mark.parametrize("query, expected", PROBLEMS)
def test_every_problem_is_found_and_known_to_kintone(query: str, expected: list[tuple[str, str]]) -> None:
    node = kintone.parse_condition(query)

    def related(code: str) -> tuple[t.Any, None] | None:
        return (VISITS, None) if code == "visits" else None

    found = build.check(node, DEFINITION, DEFINITION.field_codes, ctx=world.CTX, related=related)
    assert [(p.code.removeprefix("query."), kintone_code(p)) for p in found] == expected


def test_a_hidden_field_is_exactly_an_unknown_one() -> None:
    def problems(code: str, hidden: str) -> tuple[Problem, ...]:
        readable = DEFINITION.field_codes - {hidden}
        node = kintone.parse_condition(f'{code} in ("x")')
        found = build.check(node, DEFINITION, readable, ctx=world.CTX)
        return (*found, *build.check_order([SortKey(code)], DEFINITION, readable))

    for hidden, asked in [
        ("text", "text"),
        ("drop", "drop"),
        ("users", "users"),
        ("row_text", "row_text"),
        ("rows", "row_text"),
        ("レコード番号", "レコード番号"),
    ]:
        renamed = [replace(p, params={**p.params, "field": asked}) for p in problems("nothing", "")]
        assert list(problems(asked, hidden)) == renamed
    dotted = kintone.parse_condition("visits.visit_text in (1)")
    (problem,) = build.check(dotted, DEFINITION, DEFINITION.field_codes - {"visits"}, ctx=world.CTX)
    (unknown,) = build.check(kintone.parse_condition("visitz.visit_text in (1)"), DEFINITION, ctx=world.CTX)
    assert problem.code == unknown.code == "query.not_related"


def test_hidden_fields_are_not_searched(connection: sa.Connection, made: world.World) -> None:
    needle = Search("東京")

    def found(readable: frozenset[str]) -> int:
        condition = build.condition(needle, made.definition, made.tables, made.ctx, readable)
        statement = sa.select(sa.func.count()).select_from(made.tables.main).where(condition)
        return connection.scalar(statement) or 0

    everything = found(made.definition.field_codes)
    assert 0 < found(frozenset({"text"})) < found(frozenset({"text", "rows", "row_text"})) < everything
    assert found(frozenset({"row_text"})) == found(frozenset()) == 0


def test_a_condition_made_by_hand_is_checked_too() -> None:
    deep: Node = Compare("text", "=", (Literal("a"),))
    for _ in range(70):
        deep = And((deep, Compare("text", "=", (Literal("a"),))))
    cases: list[tuple[Node, str]] = [
        (Compare("text", "=", ()), "operand_count"),
        (Compare("text", "=", (Literal("a"), Literal("b"))), "operand_count"),
        (Compare("text", "in", ()), "operand_count"),
        (Compare("note", "is empty", (Literal("a"),)), "operand_count"),
        (Compare("text", "is nothing", (Literal("a"),)), "operator_not_allowed"),
        (Compare("text", "=", (Literal("a\x00b"),)), "control_character"),
        (Compare("text", "=", (Literal("a\ud800"),)), "control_character"),
        (Compare("text", "like", (Literal("a\x1b"),)), "control_character"),
        (Search("a\x00"), "control_character"),
        (Search(" ".join(map(str, range(21)))), "too_many_words"),
        (Compare("date", "=", (FunctionCall("today"),)), "unknown_function"),
        (deep, "too_deep"),
        (Or(tuple(Compare("text", "=", (Literal("a"),)) for _ in range(1_001))), "too_many_conditions"),
    ]
    for node, code in cases:
        found = build.check(node, DEFINITION, ctx=world.CTX)
        assert [p.code for p in found][:1] == [f"query.{code}"]


def test_a_view_is_checked_without_looking_people_and_other_apps_up() -> None:
    text = 'users in ("somebody", LOGINUSER()) and visits.anything in (1)'
    assert list(check_text(QueryText(text=text, kind="filter", definition=DEFINITION))) == []
    for text, kind, code in [
        ("nothing = 1", "filter", "unknown_field"),
        ("nothing desc", "sort", "unknown_field"),
        ("text =", "filter", "ends_early"),
        ("note", "sort", "not_sortable"),
        ("row_text", "sort", "not_sortable"),
        ("rows", "sort", "not_sortable"),
    ]:
        query = QueryText(text=text, kind=t.cast(t.Any, kind), definition=DEFINITION)
        assert [p.code for p in check_text(query)] == [f"query.{code}"]


# --- values --------------------------------------------------------------------------------------


def test_nobody_and_no_organisation(connection: sa.Connection, made: world.World) -> None:
    everything = set(made.records)
    assert ids(connection, made, "作成者 in (LOGINUSER())", user_id=None) == set()
    assert ids(connection, made, "users not in (LOGINUSER())", user_id=None) == everything
    # kintone: the condition is ignored, and all records that meet the others are found.
    nobody = {"organization_ids": ()}
    assert ids(connection, made, "orgs in (PRIMARY_ORGANIZATION())", **nobody) == everything
    assert ids(connection, made, "orgs in (PRIMARY_ORGANIZATION()) and $id < 5", **nobody) == {1, 2, 3, 4}
    assert ids(connection, made, "orgs in (PRIMARY_ORGANIZATION()) or $id < 5", **nobody) == {1, 2, 3, 4}
    assert ids(connection, made, 'orgs in (PRIMARY_ORGANIZATION(), "somu")', **nobody) == ids(
        connection, made, 'orgs in ("somu")'
    )
    assert ids(connection, made, "drop in (MYWARD())", wards=()) == set()
    assert ids(connection, made, "text in (MYWARD())", wards=()) == set()
    assert ids(connection, made, "checks not in (MYWARD())", wards=()) == everything
    assert ids(connection, made, 'drop in (MYWARD(), "乙")', wards=()) == ids(connection, made, 'drop in ("乙")')


@pytest.mark.parametrize(
    "code, other",
    [
        ("drop", 'drop in ("甲", "丙")'),
        ("radio", 'radio in ("甲", "丙")'),
        ("checks", 'checks in ("甲", "丙")'),
        ("multi", 'multi in ("甲", "丙")'),
        ("row_choice", 'row_choice in ("甲", "丙")'),
        ("visits.visit_choice", 'visits.visit_choice in ("甲", "丙")'),
        ("text", 'text in ("甲", "丙", "東京")'),
        ("looked", 'looked in ("甲", "丙", "東京")'),
    ],
)
def test_the_wards_of_the_asker_stand_for_their_names(
    connection: sa.Connection, made: world.World, code: str, other: str
) -> None:
    wards = {"wards": ("甲", "東京", "丙")}
    found = ids(connection, made, f"{code} in (MYWARD())", **wards)
    assert found == ids(connection, made, other) != set()
    assert found == ids(
        connection, made, filters.from_json({"field": code, "operator": "in", "value": {"function": "MYWARD"}}), **wards
    )
    address = [(f"f.{code}.in", "MYWARD()")]
    assert found == ids(connection, made, filters.from_parameters(address).node, **wards)
    assert filters.to_parameters(filters.from_parameters(address)) == tuple(address)
    negative = other.replace(" in ", " not in ")
    assert ids(connection, made, f"{code} not in (MYWARD())", **wards) == ids(connection, made, negative)
    assert list(check_text(QueryText(text=f"{code} in (MYWARD())", kind="filter", definition=DEFINITION))) == []


def test_a_ward_is_the_option_that_reads_so_or_once_did() -> None:
    options = {
        "東区": {"label": "東", "labels": {"en": "East"}, "index": "0", "id": 1},
        "西区": {"label": "西区", "index": "1", "id": 2},
        "新": {"label": "東部", "index": "2", "id": 3},
        "旧": {"label": "西", "index": "3", "id": 4, "retired": True},
        "北": {"label": "西区分室", "index": "4", "id": 5},
        "西": {"label": "北", "index": "5", "id": 6},
    }
    field = load_field("ward", {"type": "DROP_DOWN", "code": "ward", "label": "区", "id": 9, "options": options})
    for name, expected in [
        ("東区", [1]),
        ("東", [1]),
        ("East", [1]),
        ("東部", [3]),
        ("北", [6]),  # what reads so today, not what did once
        ("南区", []),
    ]:
        assert operands.named([name], field, world.CTX) == expected, name
    assert operands.named(["南区", "西区", "東"], field, world.CTX) == [2, 1]


def test_numbers_beyond_the_column_compare_as_they_should(connection: sa.Connection, made: world.World) -> None:
    entered = ids(connection, made, 'number not in ("")')
    assert 0 < len(entered) < len(made.records)
    for text, expected in [
        ("number < 1e300", entered),
        ("number > 1e300", set()),
        ("number > -1e300", entered),
        ("number = 1e300", set()),
        ("number != 1e300", set(made.records)),
        ("number <= 99999999999999999999", entered),
        ("number < 1e-9999", ids(connection, made, "number <= 0")),
        ("number > 0.00000000001", ids(connection, made, "number > 0")),
        ("whole > 0.5", ids(connection, made, "whole >= 1")),
        ("whole < -0.5", ids(connection, made, "whole <= -1")),
        ("whole in (0.5)", set()),
        ("number in (1, 1.0, 1e0)", ids(connection, made, "number = 1")),
        ('number = "１"', ids(connection, made, "number = 1")),
        ("$id < 99999999999999999999999", set(made.records)),
        ("$id > 99999999999999999999999", set()),
        ("$id > -99999999999999999999999", set(made.records)),
        ("$id = 9007199254740991", set()),
        ('レコード番号 in ("CASES-1", "cases-2", 3)', {1, 2, 3}),
    ]:
        assert ids(connection, made, text) == expected, text


def test_days_at_the_ends_of_the_calendar(connection: sa.Connection, made: world.World) -> None:
    for field in ("date", "instant"):
        entered = ids(connection, made, f'{field} != ""')
        for text, expected in [
            ('<= "9999-12-31"', entered),
            ('> "9999-12-31"', set()),
            ('>= "0001-01-01"', entered),
            ('< "0001-01-01"', set()),
            ('= "9999-12-31"', set()),
            ('!= "9999-12-31"', set(made.records)),
        ]:
            assert ids(connection, made, f"{field} {text}") == expected, text


def test_system_times_are_compared_by_the_minute_that_people_see(connection: sa.Connection, made: world.World) -> None:
    created = made.records[1]["作成日時"]
    shown = created.strftime("%Y-%m-%dT%H:%M:00Z")
    later = (created + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:00Z")
    for text, expected in [
        (f'= "{shown}"', True),
        (f'!= "{shown}"', False),
        (f'> "{shown}"', False),
        (f'>= "{shown}"', True),
        (f'<= "{shown}"', True),
        (f'< "{shown}"', False),
        (f'< "{later}"', True),
    ]:
        assert (1 in ids(connection, made, f"作成日時 {text}")) is expected, text


def test_blank_texts_are_empty(kept: sa.Engine, made: world.World) -> None:
    column, main = made.definition.field("note").column_name, made.tables.main
    with kept.connect() as connection, connection.begin() as transaction:
        for at, blank in enumerate(["", " ", "　", "\n\t\r ", " x "], 1):
            connection.execute(sa.update(main).where(main.c.id == at).values({column: blank}))
        assert ids(connection, made, "note is empty and $id <= 5") == {1, 2, 3, 4}
        assert ids(connection, made, "note is not empty and $id <= 5") == {5}
        transaction.rollback()


INJECTIONS = [
    "' or 1=1 --",
    '" or 1=1 --',
    "'; drop table app_1; --",
    "%",
    "_",
    "\\",
    "\\'",
    "x' || (select 1) || '",
    ":param",
    "%(p)s",
    "?",
    "{0}",
    "$1",
    "/**/",
    "*",
    "[a-z]",
    "^.*$",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_value_is_only_ever_a_value(connection: sa.Connection, made: world.World, text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert ids(connection, made, f'text = "{quoted}"') == set()
    assert ids(connection, made, f'text in ("{quoted}", "{quoted}2") or row_text in ("{quoted}")') == set()
    for field in ("text", "note", "files", "row_note", "visits.visit_text"):
        found = ids(connection, made, f'{field} like "{quoted}"')
        # Some of the records do hold a percent sign, a backslash, an underscore or an asterisk's like.
        assert len(found) < len(made.records) / 2
    assert ids(connection, made, Search(text)) != set(made.records)
    sql = str(where(made, f'text = "{quoted}"').compile(dialect=connection.dialect))
    assert len(text) < 3 or text not in sql


def test_negation_is_exact(connection: sa.Connection, made: world.World) -> None:
    for query in [
        "number > 1",
        'text = "Tokyo"',
        'text in ("Tokyo", "東京")',
        "date < TODAY()",
        "instant = THIS_MONTH()",
        'drop in ("甲")',
        'text like "東"',
        'ステータス = "受理"',
        '作成者 in ("sato")',
        '作業者 in ("sato")',
        'checks in ("甲", "")',
        'row_number > 1 and row_text like "東"',
        "visits.visit_number > 1",
        "time < 10:00",
    ]:
        found = ids(connection, made, query)
        others = set(connection.scalars(sa.select(made.tables.main.c.id).where(sa.not_(where(made, query)))))
        assert found | others == set(made.records), query
        assert not found & others, query


# --- rows ----------------------------------------------------------------------------------------


def test_conditions_joined_by_and_hold_on_the_same_row(connection: sa.Connection, made: world.World) -> None:
    def expected(holds: t.Callable[[world.Plain], bool]) -> set[int]:
        return {id for id, record in made.records.items() if any(holds(row) for row in record["rows"])}

    both = expected(lambda r: r["row_choice"] == "甲" and "乙" in r["row_checks"])
    apart = expected(lambda r: r["row_choice"] == "甲") & expected(lambda r: "乙" in r["row_checks"])
    assert both < apart
    for text in [
        'row_choice in ("甲") and row_checks in ("乙")',
        '(row_choice in ("甲") and $id > 0) and row_checks in ("乙")',
        '(row_choice in ("甲") or $id < 0) and (row_checks in ("乙") or $id < 0)',
    ]:
        assert ids(connection, made, text) == both, text


def test_too_many_combinations_are_an_error_value(made: world.World) -> None:
    text = " and ".join(f"(row_number > {n} or $id > {n})" for n in range(9))
    with pytest.raises(Invalid) as caught:
        where(made, text)
    assert [p.code for p in caught.value.problems] == ["query.too_complex"]


def test_an_app_related_to_itself(connection: sa.Connection, made: world.World) -> None:
    definition, tables = made.visits, made.visit_tables
    key = definition.field("case_key").code
    json = {
        "type": "REFERENCE_TABLE",
        "id": 900,
        "code": "same",
        "label": "same",
        "referenceTable": {
            "relatedApp": {"code": "visits"},
            "condition": {"field": key, "relatedField": key},
            "filterCond": "visit_number > 0",
            "displayFields": [],
            "sort": "",
            "size": "5",
        },
    }
    whole = replace(definition, fields=(*definition.fields, load_field("same", json)))
    node = kintone.parse_condition('same.visit_choice in ("甲") and visit_number < 0 and same.$id > 3')

    def found(related: t.Any) -> set[int]:
        condition = build.condition(node, whole, tables, made.ctx, whole.field_codes, related=lambda _: related)
        return set(connection.scalars(sa.select(tables.main.c.id).where(condition)))

    def wanted(other: world.Plain) -> bool:
        return other["visit_choice"] == "甲" and (other["visit_number"] or 0) > 0 and other["$id"] > 3

    keys = {v["case_key"] for v in made.visit_records.values() if wanted(v)} - {None}
    expected = {id for id, v in made.visit_records.items() if v["case_key"] in keys and (v["visit_number"] or 0) < 0}
    assert found((whole, tables)) == expected != set()
    # The asker's rights there: fields and records.
    nothing = build.Related(whole, tables, whole.field_codes, lambda there: there.main.c.id < 0)
    assert found(nothing) == set()
    with pytest.raises(Invalid) as caught:
        found(build.Related(whole, tables, frozenset({"visit_text"})))
    assert [p.code for p in caught.value.problems] == ["query.unknown_field"]


def test_numbers_of_different_places_are_joined(engine: sa.Engine) -> None:
    reference = {
        "relatedApp": {"code": "other"},
        "condition": {"field": "n", "relatedField": "m"},
        "filterCond": "",
        "displayFields": [],
        "sort": "",
        "size": "5",
    }
    one = an_app("one").number("n", scale=2).field("REFERENCE_TABLE", "ref", referenceTable=reference).definition()
    other = an_app("other").number("m", scale=4).definition()
    tables, there = tables_for(1, one), tables_for(2, other)
    with db.writing(engine) as connection:
        for part, code, definition in [(tables, "n", one), (there, "m", other)]:
            part.main.metadata.create_all(connection)
            name = definition.field(code).column_name
            connection.execute(
                sa.insert(part.main),
                [{"id": n, "created_at": world.NOW, "updated_at": world.NOW, name: n} for n in range(1, 4)],
            )
    for text, expected in [("ref.m > 1", {2, 3}), ("ref.$id in (3)", {3})]:
        condition = build.condition(
            kintone.parse_condition(text), one, tables, world.CTX, related=lambda _: (other, there)
        )
        with db.reading(engine) as connection:
            assert set(connection.scalars(sa.select(tables.main.c.id).where(condition))) == expected


# --- order ---------------------------------------------------------------------------------------


def order(connection: sa.Connection, made: world.World, text: str) -> list[int]:
    keys = build.order_by(kintone.parse_order(text), made.definition, made.tables, made.definition.field_codes)
    return list(connection.scalars(sa.select(made.tables.main.c.id).order_by(*keys)))


@pytest.mark.parametrize("code", ["text", "number", "date", "instant", "作成日時", "whole", "latest", "serial", "time"])
@pytest.mark.parametrize("descending", [False, True])
def test_empty_values_come_first_going_up_and_last_going_down(
    connection: sa.Connection, made: world.World, code: str, descending: bool
) -> None:
    def key(id: int) -> tuple[bool, t.Any, int]:
        value = made.records[id][code]
        return value is not None, value if value is not None else 0, id

    expected = sorted(made.records, key=key, reverse=descending)
    assert order(connection, made, f"{code} {'desc' if descending else 'asc'}") == expected


def test_choices_and_states_sort_in_their_own_order(connection: sa.Connection, made: world.World) -> None:
    for code, choices in [("drop", world.CHOICES), ("ステータス", world.STATES)]:
        places: dict[str | None, int] = {None: -1, **{choice: at for at, choice in enumerate(choices)}}
        expected = sorted(made.records, key=lambda id: (places[made.records[id][code]], id))
        assert order(connection, made, code) == expected


def test_the_id_ends_every_order(connection: sa.Connection, made: world.World) -> None:
    assert order(connection, made, "") == sorted(made.records, reverse=True)
    assert (
        order(connection, made, "$id") == order(connection, made, "レコード番号 asc, text desc") == sorted(made.records)
    )
    assert order(connection, made, "text desc, text asc") == order(connection, made, "text desc, $id asc")
    for text in ("nothing", "note", "checks", "rows", "row_text", "visits", "カテゴリー"):
        with pytest.raises(Invalid):
            order(connection, made, text)


# --- search --------------------------------------------------------------------------------------


def test_a_search_looks_everywhere(connection: sa.Connection, made: world.World) -> None:
    tokyo = ids(connection, made, Search("ﾄｳｷｮｳ"))
    assert tokyo >= ids(
        connection, made, 'text like "とうきょう" or note like "とうきょう" or row_text like "とうきょう"'
    )
    assert ids(connection, made, Search("ﾄｳｷｮｳ とうきょう 100%")) == tokyo & ids(connection, made, Search("100%"))
    assert ids(connection, made, Search("  ")) == set(made.records)
    assert 7 in ids(connection, made, Search("7"))
    assert ids(connection, made, And((Search("ﾄｳｷｮｳ"), Compare("$id", "<", (Literal("50"),))))) == {
        id for id in tokyo if id < 50
    }


def test_a_name_is_found_without_the_space_in_it(connection: sa.Connection, made: world.World) -> None:
    spaced = {id: fold(plain["text"]) for id, plain in made.records.items() if " " in fold(plain["text"] or "")}
    assert spaced
    for id, text in spaced.items():
        assert id in ids(connection, made, Search(text.replace(" ", "")))


# --- sizes ---------------------------------------------------------------------------------------


def test_long_conditions_run(connection: sa.Connection, made: world.World) -> None:
    many = " or ".join(f"$id = {n}" for n in range(1, 1_001))
    assert ids(connection, made, many) == set(made.records)
    listed = ", ".join(f'"k{n}"' for n in range(5_000))
    assert ids(connection, made, f"key in ({listed})") == ids(connection, made, 'key != ""')
    assert ids(connection, made, f'key not in ({listed}, "")') == set()
    halves = " or ".join(f"({' or '.join(f'$id = {n}' for n in range(at, at + 50))})" for at in range(1, 1_001, 50))
    assert ids(connection, made, halves) == set(made.records)
    nested = "(" * 50 + "$id = 1" + ")" * 50
    assert ids(connection, made, nested) == {1}


# --- the first n ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query, sort",
    [
        ('drop in ("甲", "乙")', "date desc"),
        ('drop in ("甲", "") and number > 0', "date asc, text desc"),
        ('ステータス in ("受理", "完了") and text like "東"', ""),
        ("number in (1, 1.0, 5, 0.5)", "drop desc"),
        ('text in ("Tokyo", "東京", "ß") and radio not in ("甲")', "作成日時"),
    ],
)
def test_the_first_of_each_value_give_the_first_of_all(
    connection: sa.Connection, made: world.World, query: str, sort: str
) -> None:
    node, keys = kintone.parse_condition(query), kintone.parse_order(sort)
    ordered = build.order_by(keys, made.definition, made.tables)
    plain = sa.select(made.tables.main.c.id).where(where(made, query)).order_by(*ordered)
    visible = [made.tables.main.c.id > 20]
    for limit, offset in [(1, 0), (10, 0), (7, 13), (500, 0)]:
        statement = top_n(node, keys, limit, made.definition, made.tables, made.ctx, offset=offset, visible=visible)
        assert statement is not None
        expected = plain.where(*visible).limit(limit).offset(offset)
        assert list(connection.scalars(statement)) == list(connection.scalars(expected))


@pytest.mark.parametrize(
    "query",
    [
        "",
        'drop in ("甲")',
        'checks in ("甲", "乙")',
        'drop in ("甲", "乙") or $id > 1',
        'row_choice in ("甲", "乙")',
        'drop not in ("甲", "乙")',
        'users in (LOGINUSER(), "sato")',
        'visits.visit_choice in ("甲", "乙")',
        "$id in (1, 2)",
        'link in ("a", "b")',
    ],
)
def test_the_plain_statement_is_kept_where_it_is_as_good(made: world.World, query: str) -> None:
    assert top_n(kintone.parse_condition(query), (), 10, made.definition, made.tables, made.ctx) is None


def test_a_filter_from_json_finds_the_same(connection: sa.Connection, made: world.World) -> None:
    data = {
        "and": [
            {"field": "drop", "operator": "in", "value": ["甲", ""]},
            {
                "or": [
                    {"field": "number", "operator": ">", "value": 1},
                    {"field": "date", "operator": "=", "value": {"function": "THIS_MONTH"}},
                ]
            },
        ]
    }
    text = 'drop in ("甲", "") and (number > 1 or date = THIS_MONTH())'
    assert ids(connection, made, filters.from_json(data)) == ids(connection, made, text)
