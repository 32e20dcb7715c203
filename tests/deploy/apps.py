"""Apps with records for the tests of deploying, written straight into the tables."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.access.actor import Actor, system
from lowcode.definition import AppDefinition
from lowcode.deploy import versions
from lowcode.fields.base import Context, ManyValued
from lowcode.records.tables import AppTables, tables_for
from lowcode.system import models

ACTOR: Actor = system("tests")
NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
CTX = Context(now=NOW)
Json = dict[str, t.Any]


def with_system_tables(engine: sa.Engine) -> sa.Engine:
    """The engine, with the platform's tables in its database."""
    with db.writing(engine) as connection:
        models.Base.metadata.create_all(connection)
    return engine


def live(connection: sa.Connection, app_id: int) -> tuple[int, AppDefinition, AppTables]:
    """The live version of an app with its tables, as a reader sees it."""
    row = versions.app_row(connection, app_id)
    assert row.live_version is not None
    definition = versions.definition_of(connection, app_id, row.live_version)
    return row.live_version, definition, tables_for(app_id, definition)


def add_records(engine: sa.Engine, app_id: int, records: Sequence[Mapping[str, t.Any]]) -> None:
    """Write records (values as people type them, by code) by the rules of the live version."""
    with db.writing(engine) as connection:
        db.hold_live_versions(connection)
        version, definition, tables = live(connection, app_id)
        for record in records:
            typed = {code: definition.field(code).coerce(raw, CTX) for code, raw in record.items()}
            stored: Json = {"created_at": NOW, "updated_at": NOW, "revision": 1}
            for code, value in typed.items():
                stored.update(definition.field(code).row_values(value))
            number = connection.execute(sa.insert(tables.main).values(stored).returning(tables.main.c.id)).scalar_one()
            _write_sides(connection, definition, tables, number, typed)
            _write_history(connection, tables, number, version, "create")


def change_record(engine: sa.Engine, app_id: int, number: int, values: Mapping[str, t.Any]) -> None:
    """Change a record by the rules of the live version."""
    with db.writing(engine) as connection:
        db.hold_live_versions(connection)
        version, definition, tables = live(connection, app_id)
        typed = {code: definition.field(code).coerce(raw, CTX) for code, raw in values.items()}
        stored: Json = {}
        for code, value in typed.items():
            stored.update(definition.field(code).row_values(value))
        connection.execute(sa.update(tables.main).where(tables.main.c.id == number).values(stored))
        _write_history(connection, tables, number, version, "update")


def _write_sides(
    connection: sa.Connection, definition: AppDefinition, tables: AppTables, number: int, typed: Mapping[str, t.Any]
) -> None:
    assert tables.search is not None
    connection.execute(
        sa.insert(tables.search).values(
            id=number,
            **{
                definition.field(code).column_name: definition.field(code).search_text(value, CTX) or None
                for code, value in typed.items()
                if definition.field(code).searchable
            },
        )
    )
    for code, value in typed.items():
        field = definition.field(code)
        if isinstance(field, ManyValued):
            for position, element in enumerate(field.elements(value)):
                connection.execute(
                    sa.insert(tables.side(field.id)).values(record_id=number, position=position, value=element)
                )


def _write_history(connection: sa.Connection, tables: AppTables, number: int, version: int, action: str) -> None:
    connection.execute(
        sa.insert(tables.history).values(
            record_id=number,
            revision=1,
            at=NOW,
            action=action,
            actor_kind="system",
            actor_name="tests",
            version=version,
            before=None,
            after=orjson.dumps({}).decode(),
        )
    )


def values(connection: sa.Connection, app_id: int, code: str) -> list[t.Any]:
    """The values of one field in order of record, as a reader of the live version sees them."""
    _, definition, tables = live(connection, app_id)
    field = definition.field(code)
    column = tables.main.c[field.column_name]
    return [field.load(stored) for stored in connection.scalars(sa.select(column).order_by(tables.main.c.id))]


def definition_json(engine: sa.Engine, app_id: int) -> Json:
    """The live definition as JSON, to be changed."""
    with db.reading(engine) as connection:
        row = versions.app_row(connection, app_id)
        text = versions.live_text(connection, row)
    assert text is not None
    return t.cast(Json, orjson.loads(text))


def save(engine: sa.Engine, app_id: int, definition: Mapping[str, t.Any]) -> deploy.Draft:
    """Keep a draft."""
    with db.writing(engine) as connection:
        return deploy.save_draft(connection, app_id, definition, ACTOR)


def publish(engine: sa.Engine, app_id: int, definition: Mapping[str, t.Any]) -> int:
    """Keep a draft and publish it."""
    save(engine, app_id, definition)
    return deploy.deploy(engine, app_id, ACTOR, ctx=CTX)


def retype(definition: Json, code: str, **settings: t.Any) -> Json:
    """The definition with another type (and settings) for one field."""
    kept = {key: definition["properties"][code][key] for key in ("id", "code", "label")}
    return {**definition, "properties": {**definition["properties"], code: {**kept, **settings}}}
