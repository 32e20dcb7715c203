"""An office with a ledger of people, and short ways to fill and to search it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import sqlalchemy as sa

from lowcode import deploy
from lowcode.access.actor import Actor
from lowcode.config import Settings
from lowcode.records.finding import Found
from lowcode.records.record import Change, Record
from lowcode.records.workspace import Workspace
from lowcode.services import Services
from lowcode.system import migrate
from tests.builders import an_app

LEDGER: t.Final = (
    an_app("people")
    .text("name")
    .text("kana")
    .field("LINK", "tel", protocol="CALL")
    .text("postcode")
    .date("born")
    .text("address")
    .text("number")
    .long_text("note")
    .field("FILE", "papers")
    .subtable("family", an_app("rows").text("relative").text("remark").field("FILE", "letters"))
)
ACTOR: t.Final = Actor(kind="user", user_id=1, login="sato", name="佐藤", administrator=True)


class Office:
    """One installation with one app."""

    def __init__(self, engine: sa.Engine, folder: Path, definition: dict[str, t.Any] | None = None) -> None:
        migrate.upgrade(engine)
        settings = Settings.from_environment({"LOWCODE_DATA_DIR": str(folder), "LOWCODE_DATABASE_URL": str(engine.url)})
        self.services = Services.open(settings, engine)
        self.app = deploy.create_app(engine, definition or LEDGER.json(), ACTOR)

    def save(self, *changes: Change) -> list[Record]:
        return self.services.write(ACTOR, lambda space: space.service(self.app).save(changes))

    def add(self, *records: dict[str, t.Any]) -> list[int]:
        return [record.id for record in self.save(*[Change(values=values) for values in records])]

    def read(self, work: t.Callable[[Workspace], t.Any]) -> t.Any:
        with self.services.reading(ACTOR) as space:
            return work(space)

    def found(self, words: str, **options: t.Any) -> Found:
        found: Found = self.read(lambda space: space.reader(self.app).search(words, **options))
        return found

    def ids(self, words: str, **options: t.Any) -> list[int]:
        return [hit.id for hit in self.found(words, **options).hits]


def rows(*relatives: str) -> list[dict[str, t.Any]]:
    """Rows of the family's table."""
    return [{"values": {"relative": name}} for name in relatives]
