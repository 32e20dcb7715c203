"""5,000 random queries give what a plain Python evaluator gives, on both databases."""

from __future__ import annotations

import functools
import random
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.query import build, kintone
from tests.query import random_queries, world
from tests.query.oracle import Asker, Condition, Oracle, Row

QUERIES = 5_000
SEED = 20240731
TOGETHER = 25
"""Conditions asked in one statement; a tenth of the queries is asked one by one, in WHERE."""
LEAST = 20


@pytest.mark.slow
def test_random_queries_give_what_the_oracle_gives(engine: sa.Engine) -> None:
    asked = questions()
    made = world.make(engine, random.Random(SEED))
    with db.reading(engine) as connection:
        # No statement comes twice: keeping them compiled would only cost.
        connection = connection.execution_options(compiled_cache=None)
        if connection.dialect.name == "postgresql":
            # Compiling these statements to machine code takes ten times as long as running them.
            connection.exec_driver_sql("SET LOCAL jit = off")
        for start in range(0, QUERIES, TOGETHER):
            some = slice(start, start + TOGETHER)
            texts = asked.texts[some]
            answers = ask(connection, made, texts, alone=start % (10 * TOGETHER) == 0)
            for at, (text, found) in enumerate(zip(texts, answers, strict=True), start):
                if found != asked.expected[at]:
                    pytest.fail(explained(asked.conditions[at], text, found ^ asked.expected[at], made))


def test_the_random_queries_are_worth_asking() -> None:
    asked = questions()
    telling = sum(0 < len(expected) < world.RECORDS for expected in asked.expected)
    assert telling >= QUERIES / 3, f"only {telling} results were neither empty nor everything"
    assert rare(asked.writer) == []


@dataclass(frozen=True)
class Questions:
    """Random queries and what the oracle says to each."""

    writer: random_queries.Writer
    conditions: Sequence[Condition]
    texts: Sequence[str]
    expected: Sequence[frozenset[int]]


@functools.cache
def questions() -> Questions:
    """The same for both databases: the records of a seed are the same."""
    cases, visits = world.records(random.Random(SEED))
    oracle = an_oracle(cases, visits)
    chance = random.Random(SEED + 1)
    writer = random_queries.Writer(chance)
    conditions = [writer.condition() for _ in range(QUERIES)]
    texts = [random_queries.written(condition, chance) for condition in conditions]
    expected = [oracle.found(condition) for condition in conditions]
    return Questions(writer, conditions, texts, expected)


def an_oracle(cases: Mapping[int, world.Plain], visits: Mapping[int, world.Plain]) -> Oracle:
    """The judge of a world's records."""
    by_key: dict[str, list[Row]] = {}
    for visit in visits.values():
        if visit["case_key"] is not None and (
            visit["visit_text"] is None or (visit["visit_number"] is not None and visit["visit_number"] > 0)
        ):
            by_key.setdefault(visit["case_key"], []).append(visit)

    def rows_of(record: Row, table: str) -> Sequence[Row]:
        return by_key.get(record["key"], []) if table == "visits" else t.cast("Sequence[Row]", record[table])

    asker = Asker(world.NOW, world.ZONE, "sato", "somu", world.WARDS)
    return Oracle(asker, cases, rows_of, random_queries.table_of)


def ask(connection: sa.Connection, made: world.World, texts: Sequence[str], *, alone: bool) -> list[set[int]]:
    """The ids that each query finds."""
    wanted = [
        build.condition(
            kintone.parse_condition(text),
            made.definition,
            made.tables,
            made.ctx,
            made.definition.field_codes,
            related=made.related,
        )
        for text in texts
    ]
    id_column = made.tables.main.c.id
    if alone:
        return [set(connection.scalars(sa.select(id_column).where(condition))) for condition in wanted]
    found: list[set[int]] = [set() for _ in texts]
    columns = [condition.label(f"q{at}") for at, condition in enumerate(wanted)]
    for id, *truths in connection.execute(sa.select(id_column, *columns)):
        for at, truth in enumerate(truths):
            assert truth is not None, f"neither true nor false: {texts[at]}"
            if truth:
                found[at].add(id)
    return found


def explained(condition: Condition, text: str, differing: set[int], made: world.World) -> str:
    """What a reader needs to see where the two disagree."""
    first = min(differing)
    return f"{text}\n{condition}\nthe two disagree on {len(differing)} records, first: {made.records[first]}"


def rare(writer: random_queries.Writer) -> list[object]:
    """Pairs of operator and type, and of function and argument, that hardly occurred."""
    pairs = {
        (kind + (" in a table" if random_queries.table_of(code) else ""), operator)
        for code, kind in random_queries.FIELDS.items()
        for operator in random_queries.operators_of(code)
    }
    others = ("LOGINUSER", "PRIMARY_ORGANIZATION", "MYWARD", "NOW")
    calls = {*random_queries.DAY_FUNCTIONS, *((name, None) for name in others)}
    return [
        *(pair for pair in pairs if writer.pairs[pair] < LEAST),
        *(call for call in calls if writer.calls[call] < LEAST),
    ]
