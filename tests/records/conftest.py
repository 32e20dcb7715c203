"""A place to save records in: apps installed from a builder, transactions opened as the product opens them."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.definition import AppDefinition, dump
from lowcode.fields.base import Context
from lowcode.query import kintone
from lowcode.records import workspace
from lowcode.records.catalog import Catalog
from lowcode.records.record import Change, Record
from lowcode.records.tables import tables_for
from lowcode.system import migrate, models

NOW = datetime(2022, 8, 25, 0, 0, tzinfo=UTC)
ADMIN = Actor(kind="user", user_id=1, login="sato", name="佐藤", administrator=True)


@dataclass
class House:
    """One installation."""

    engine: sa.Engine
    catalog: Catalog = field(default_factory=Catalog)
    now: datetime = NOW

    def install(self, definition: AppDefinition) -> int:
        """Make an app live without the deploy machinery."""
        with db.writing(self.engine) as connection:
            made = connection.execute(
                sa.insert(models.App.__table__).values(
                    code=definition.code, live_version=1, next_id=definition.next_id, created_at=self.now
                )
            )
            app_id = int((made.inserted_primary_key or (0,))[0])
            connection.execute(
                sa.insert(models.AppVersion.__table__).values(
                    app_id=app_id,
                    version=1,
                    definition=orjson.dumps(dump(definition)).decode(),
                    hash="",
                    created_at=self.now,
                    note="",
                )
            )
            tables_for(app_id, definition).main.metadata.create_all(connection)
        return app_id

    def ctx(self, actor: Actor = ADMIN) -> Context:
        return Context(now=self.now, user_id=actor.user_id)

    def writing(self, actor: Actor = ADMIN) -> t.ContextManager[workspace.Workspace]:
        return workspace.writing(self.engine, self.catalog, actor, self.ctx(actor))

    def reading(self, actor: Actor = ADMIN) -> t.ContextManager[workspace.Workspace]:
        return workspace.reading(self.engine, self.catalog, actor, self.ctx(actor))

    def save(self, app: int | str, *changes: Change, actor: Actor = ADMIN) -> list[Record]:
        """One transaction with one save."""
        with self.writing(actor) as space:
            return space.service(app).save(changes)

    def add(self, app: int | str, **values: t.Any) -> Record:
        """One new record."""
        return self.save(app, Change(values=values))[0]

    def edit(self, app: int | str, record_id: int, revision: int | None = None, /, **values: t.Any) -> Record:
        """Change one record."""
        return self.save(app, Change(id=record_id, revision=revision, values=values))[0]

    def get(self, app: int | str, record_id: int) -> Record:
        """One record as it stands."""
        with self.reading() as space:
            return space.reader(app).get(record_id)

    def find(self, app: int | str, query: str = "", fields: Sequence[str] | None = None) -> list[Record]:
        """Records by a query text."""
        parsed = kintone.parse(query)
        with self.reading() as space:
            return space.reader(app).list(parsed.condition, parsed.order, fields=fields)


@pytest.fixture
def house(engine: sa.Engine) -> House:
    migrate.upgrade(engine)
    return House(engine)


Values = Mapping[str, t.Any]
