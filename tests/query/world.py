"""A small world for query tests: an app with every type that can be queried, an app related to it, and random records.

Records are kept twice: as plain values (option keys, user codes, file names) for the evaluator in ``oracle.py``, and in
the tables. Nothing here goes through the record service.
"""

from __future__ import annotations

import random
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from lowcode import db
from lowcode.definition.schema import AppDefinition
from lowcode.fields.base import Context, Field, ManyValued
from lowcode.fields.context import Entity, FileRef
from lowcode.records.tables import AppTables, RowTables, tables_for
from tests.builders import an_app, some_options

Plain = dict[str, t.Any]

ZONE = ZoneInfo("Asia/Tokyo")
# A Wednesday night in Tokyo that is still the same Wednesday in UTC, in a month of 31 days between shorter ones.
NOW = datetime(2024, 7, 31, 13, 41, 27, 5_000, tzinfo=UTC)
TODAY = date(2024, 7, 31)
RECORDS, VISITS = 500, 1_000
USERS = {"suzuki": 1, "sato": 2, "tanaka": 3, "yamada": 4}
ORGANIZATIONS = {"kansen": 11, "somu": 12, "kanri": 13}
GROUPS = {"leaders": 21, "everyone": 22}
CODES = {"USER": USERS, "ORGANIZATION": ORGANIZATIONS, "GROUP": GROUPS}
CHOICES = ("甲", "乙", "丙", 'q"uote')
WARDS = ("甲", "東京", "Tokyo", "どこにもない区")
"""What the asker's organisations serve; none of it is an option but the first."""
STATES = ("受理", "確認済", "完了")
WORDS = (
    "東京",
    "とうきょう",
    "トウキョウ",
    "ﾄｳｷｮｳ",
    "Tokyo",
    "ＴＯＫＹＯ",
    "100%",
    "a_b",
    "x'y",
    'say "hi"',
    "back\\slash",
    "空 白",
    "－",
    "令和",
    "é",
    "ß",
    "😷",
    "tab\tbed",
)


class People:
    """The directory of this world."""

    def by_code(self, kind: str, code: str) -> Entity | None:
        id = CODES[kind].get(code)
        return None if id is None else Entity(t.cast(t.Any, kind), id, code, code)

    def by_id(self, kind: str, id: int) -> Entity | None:
        return next((Entity(t.cast(t.Any, kind), i, c, c) for c, i in CODES[kind].items() if i == id), None)

    def members(self, kind: str, id: int, *, below: bool = True) -> frozenset[int]:
        return frozenset()

    def below(self, id: int) -> frozenset[int]:
        return frozenset()

    def choices(self, kind: str, limit: int) -> Sequence[Entity]:
        return ()


CTX = Context(
    now=NOW,
    zone=ZONE,
    user_id=2,
    organization_ids=(12, 13),
    group_ids=(21,),
    wards=WARDS,
    directory=People(),
    app_id=1,
    app_code="cases",
)


def cases() -> AppDefinition:
    """The app that is queried."""
    rows = (
        an_app()
        .text("row_text")
        .number("row_number", scale=2)
        .choice("row_choice", *CHOICES)
        .checks("row_checks", *CHOICES)
        .date("row_date")
        .datetime("row_instant")
        .long_text("row_note")
        .field("USER_SELECT", "row_users")
    )
    related = {
        "relatedApp": {"code": "visits"},
        "condition": {"field": "key", "relatedField": "case_key"},
        "filterCond": 'visit_number > 0 or visit_text in ("")',
        "displayFields": ["visit_text"],
        "sort": "",
        "size": "5",
    }
    lookup = {
        "relatedApp": {"code": "visits"},
        "relatedKeyField": "visit_text",
        "fieldMappings": [],
        "lookupPickerFields": [],
        "filterCond": "",
        "sort": "",
    }
    rollup = {
        "relatedApp": {"code": "visits"},
        "keyField": "key",
        "relatedField": "case_key",
        "orderField": "visit_date",
        "filterCond": "",
    }
    return (
        an_app("cases")
        .text("text")
        .text("key")
        .text("氏名")
        .long_text("note")
        .field("RICH_TEXT", "rich")
        .number("number")
        .number("whole", scale=0)
        .field("CALC", "sum", expression="number * 2")
        .field("CALC", "sum_date", expression="date", format="DATE")
        .field("CALC", "sum_instant", expression="instant", format="DATETIME")
        .choice("drop", *CHOICES)
        .field("RADIO_BUTTON", "radio", options=some_options(CHOICES))
        .checks("checks", *CHOICES)
        .field("MULTI_SELECT", "multi", options=some_options(CHOICES))
        .date("date")
        .field("TIME", "time")
        .datetime("instant")
        .field("LINK", "link", protocol="WEB")
        .field("USER_SELECT", "users")
        .field("ORGANIZATION_SELECT", "orgs")
        .field("GROUP_SELECT", "groups")
        .field("FILE", "files")
        .field("SERIAL", "serial", pattern="{0000}")
        .field("SINGLE_LINE_TEXT", "looked", lookup=lookup)
        .field("ROLLUP", "total", rollup={**rollup, "function": "SUM", "field": "visit_number"}, format="NUMBER")
        .field("ROLLUP", "latest", rollup={**rollup, "function": "LATEST", "field": "visit_text"}, format="TEXT")
        .field("ROLLUP", "last", rollup={**rollup, "function": "MAX", "field": "visit_date"}, format="DATE")
        .field("REFERENCE_TABLE", "visits", referenceTable=related)
        .subtable("rows", rows)
        .subtable("lines", an_app().text("line_text").number("line_number"))
        .part(
            "status",
            {
                "enable": True,
                "states": {name: {"name": name, "index": str(at)} for at, name in enumerate(STATES)},
                "actions": [],
            },
        )
        .definition()
    )


def visits() -> AppDefinition:
    """The app that is related to it."""
    return (
        an_app("visits")
        .text("case_key")
        .text("visit_text")
        .number("visit_number")
        .choice("visit_choice", *CHOICES)
        .date("visit_date")
        .long_text("visit_note")
        .definition()
    )


@dataclass(frozen=True)
class World:
    """Definitions, tables and the same records as plain values by id."""

    definition: AppDefinition
    tables: AppTables
    records: Mapping[int, Plain]
    visits: AppDefinition
    visit_tables: AppTables
    visit_records: Mapping[int, Plain]
    ctx: Context = CTX

    def related(self, code: str) -> tuple[AppDefinition, AppTables] | None:
        """The other app, as the reader hands it to queries."""
        return (self.visits, self.visit_tables) if code == "visits" else None


def records(chance: random.Random) -> tuple[dict[int, Plain], dict[int, Plain]]:
    """Random records of both apps as plain values, by id."""
    cases = {id: _record(id, chance) for id in range(1, RECORDS + 1)}
    return cases, {id: _visit(id, chance) for id in range(1, VISITS + 1)}


def make(engine: sa.Engine, chance: random.Random) -> World:
    """A world in an empty database."""
    definition, other = cases(), visits()
    tables, other_tables = tables_for(1, definition), tables_for(2, other)
    plain, plain_other = records(chance)
    with db.writing(engine) as connection:
        for part in (tables, other_tables):
            part.main.metadata.create_all(connection)
        key = other_tables.main.c[other.field("case_key").column_name]
        sa.Index("ix_case_key", key).create(connection)  # as a deploy makes it for what is related
        _insert(connection, definition, tables, plain)
        _insert(connection, other, other_tables, plain_other)
    return World(definition, tables, plain, other, other_tables, plain_other)


# --- random values -------------------------------------------------------------------------------


def some_text(chance: random.Random) -> str:
    """One of few texts, so that texts meet."""
    return chance.choice(WORDS) if chance.random() < 0.7 else chance.choice(WORDS) + chance.choice(WORDS)


def some_date(chance: random.Random) -> date:
    """A day near today, often at the edges of weeks, months and years."""
    if chance.random() < 0.15:
        return chance.choice(
            [
                date(2023, 12, 31),
                date(2024, 1, 1),
                date(2024, 6, 30),
                date(2024, 7, 1),
                date(2024, 8, 31),
                date(2024, 12, 31),
                date(2025, 1, 1),
                date(2024, 2, 29),
            ]
        )
    return TODAY + timedelta(days=round(chance.triangular(-70, 70, 0)))


def some_instant(chance: random.Random) -> datetime:
    """A minute near now, often around midnight in Tokyo or in UTC."""
    clock = time(chance.choice([0, 8, 9, 15, 23]), chance.choice([0, 1, 41, 59]))
    return datetime.combine(some_date(chance), clock, ZONE).astimezone(UTC)


def some_number(chance: random.Random, scale: int) -> Decimal:
    """A number with at most ``scale`` places."""
    return Decimal(chance.choice([0, 1, -1, 5, 10, 25, 999, -250])).scaleb(-chance.randint(0, min(scale, 2)))


def _maybe(chance: random.Random, value: t.Any, empty: t.Any = None) -> t.Any:
    return empty if chance.random() < 0.2 else value


def _some(chance: random.Random, choices: Sequence[str], most: int = 3) -> tuple[str, ...]:
    return tuple(sorted(chance.sample(list(choices), chance.randint(0, min(most, len(choices)))), key=choices.index))


def _record(id: int, chance: random.Random) -> Plain:
    created = some_instant(chance) + timedelta(seconds=chance.randint(0, 59), microseconds=chance.randint(0, 999_999))
    return {
        "$id": id,
        "レコード番号": id,
        "作成者": _maybe(chance, chance.choice(list(USERS))),
        "更新者": _maybe(chance, chance.choice(list(USERS))),
        "作成日時": created,
        "更新日時": created + timedelta(days=chance.randint(0, 20), seconds=chance.randint(0, 99)),
        "ステータス": _maybe(chance, chance.choice(STATES)),
        "作業者": _some(chance, list(USERS), 2),
        "text": _maybe(chance, some_text(chance)),
        "key": _maybe(chance, f"k{chance.randint(1, 400)}"),
        "氏名": _maybe(chance, some_text(chance)),
        "note": _maybe(chance, some_text(chance) + "\n" + some_text(chance)),
        "rich": _maybe(chance, f"<div>{chance.choice(WORDS[:8])}<b>{chance.choice(WORDS[:8])}</b></div>"),
        "number": _maybe(chance, some_number(chance, 6)),
        "whole": _maybe(chance, some_number(chance, 0)),
        "sum": _maybe(chance, some_number(chance, 6)),
        "sum_date": _maybe(chance, some_date(chance)),
        "sum_instant": _maybe(chance, some_instant(chance)),
        "drop": _maybe(chance, chance.choice(CHOICES)),
        "radio": _maybe(chance, chance.choice(CHOICES)),
        "checks": _some(chance, CHOICES),
        "multi": _some(chance, CHOICES),
        "date": _maybe(chance, some_date(chance)),
        "time": _maybe(chance, time(chance.randint(0, 23), chance.choice([0, 30]))),
        "instant": _maybe(chance, some_instant(chance)),
        "link": _maybe(chance, f"https://{chance.choice(['b.test', 'A.test', 'a.test'])}/{chance.randint(1, 9)}"),
        "users": _some(chance, list(USERS)),
        "orgs": _some(chance, list(ORGANIZATIONS), 2),
        "groups": _some(chance, list(GROUPS), 2),
        "files": tuple(f"{chance.choice(WORDS[:6])}{n}.pdf" for n in range(chance.randint(0, 2))),
        "serial": _maybe(chance, f"{chance.randint(1, 60):04}"),
        "looked": _maybe(chance, some_text(chance)),
        "total": _maybe(chance, some_number(chance, 6)),
        "latest": _maybe(chance, some_text(chance)),
        "last": _maybe(chance, some_date(chance)),
        "rows": [_row(chance) for _ in range(chance.choice([0, 0, 1, 1, 2, 3]))],
        "lines": [
            {"line_text": _maybe(chance, some_text(chance)), "line_number": _maybe(chance, some_number(chance, 2))}
            for _ in range(chance.choice([0, 1, 2]))
        ],
    }


def _row(chance: random.Random) -> Plain:
    return {
        "row_text": _maybe(chance, some_text(chance)),
        "row_number": _maybe(chance, some_number(chance, 2)),
        "row_choice": _maybe(chance, chance.choice(CHOICES)),
        "row_checks": _some(chance, CHOICES, 2),
        "row_date": _maybe(chance, some_date(chance)),
        "row_instant": _maybe(chance, some_instant(chance)),
        "row_note": _maybe(chance, some_text(chance)),
        "row_users": _some(chance, list(USERS), 2),
    }


def _visit(id: int, chance: random.Random) -> Plain:
    return {
        "$id": id,
        "case_key": _maybe(chance, f"k{chance.randint(1, 400)}"),
        "visit_text": _maybe(chance, some_text(chance)),
        "visit_number": _maybe(chance, some_number(chance, 6)),
        "visit_choice": _maybe(chance, chance.choice(CHOICES)),
        "visit_date": _maybe(chance, some_date(chance)),
        "visit_note": _maybe(chance, some_text(chance)),
    }


# --- writing them --------------------------------------------------------------------------------


def _insert(
    connection: sa.Connection, definition: AppDefinition, tables: AppTables, records: Mapping[int, Plain]
) -> None:
    states = {state.name: state.id for state in definition.status.states}
    fields = [f for f in definition.fields if f.columns() and f.type_name != "SUBTABLE"]
    system = []
    for id, plain in records.items():
        assignees = tuple(USERS[code] for code in plain.get("作業者", ()))
        system.append(
            {
                "id": id,
                "revision": 1,
                "created_at": plain.get("作成日時", NOW),
                "updated_at": plain.get("更新日時", NOW),
                "created_by": USERS.get(plain.get("作成者") or ""),
                "updated_by": USERS.get(plain.get("更新者") or ""),
                "status": states.get(plain.get("ステータス") or ""),
                "assignees": f"[{','.join(map(str, assignees))}]" if assignees else None,
                "categories": None,
            }
        )
    _write(connection, tables, fields, list(records.values()), system)
    row_id = 0
    for subtable in definition.subtables:
        rows, places = [], []
        for id, plain in records.items():
            for position, row in enumerate(plain[subtable.code]):
                row_id += 1
                rows.append(row)
                places.append({"id": row_id, "record_id": id, "position": position})
        _write(connection, tables.rows[subtable.id], subtable.fields, rows, places)


def _write(
    connection: sa.Connection,
    tables: RowTables,
    fields: Sequence[Field],
    rows: Sequence[Plain],
    places: Sequence[dict[str, t.Any]],
) -> None:
    main, sides, search = [], {f.id: list[Plain]() for f in fields if isinstance(f, ManyValued)}, []
    for plain, place in zip(rows, places, strict=True):
        values = {f.code: stored(f, plain.get(f.code)) for f in fields}
        main.append({**place, **{k: v for f in fields for k, v in f.row_values(values[f.code]).items()}})
        for f in fields:
            if isinstance(f, ManyValued):
                elements = enumerate(f.elements(values[f.code]))
                sides[f.id] += [{"record_id": place["id"], "position": at, "value": v} for at, v in elements]
        texts = {f.column_name: f.search_text(values[f.code], CTX) or None for f in fields if f.searchable}
        search.append({"id": place["id"], **texts})
    connection.execute(sa.insert(tables.main), main)
    for id, listed in sides.items():
        if listed:
            connection.execute(sa.insert(tables.side(id)), listed)
    if tables.search is not None:
        connection.execute(sa.insert(tables.search), search)


def stored(field: Field, plain: t.Any) -> t.Any:
    """A plain value as the field keeps it."""
    if plain is None:
        return () if isinstance(field, ManyValued) else None
    match field.type_name:
        case "DROP_DOWN" | "RADIO_BUTTON" | "CHECK_BOX" | "MULTI_SELECT":
            return field.coerce(list(plain) if isinstance(plain, tuple) else plain, CTX)
        case "USER_SELECT":
            return tuple(USERS[code] for code in plain)
        case "ORGANIZATION_SELECT":
            return tuple(ORGANIZATIONS[code] for code in plain)
        case "GROUP_SELECT":
            return tuple(GROUPS[code] for code in plain)
        case "FILE":
            return tuple(FileRef(f"key-{name}", name, "application/pdf", 1) for name in plain)
    return plain
