"""Installations to back up and empty places to restore into, on either database."""

from __future__ import annotations

import io
import itertools
import typing as t
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.access.actor import Actor
from lowcode.accounts import audit, audit_proof, organizations
from lowcode.config import Settings
from lowcode.files import library
from lowcode.services import Services
from lowcode.system import migrate
from lowcode.transfer import exporting, template
from tests.builders import an_app
from tests.conftest import _execute
from tests.deploy import apps
from tests.people import NOW, add
from tests.transfer.every_type import FullHouse, furnish, row

Kind = t.Literal["sqlite", "postgresql"]
CODES = ("facility", "visits", "everything", "wards")
SYSTEM = Actor(kind="system", reason="test", administrator=True)
CONTENTS = (b"", bytes(range(256)) * 500, "写真".encode())
_numbers = itertools.count(1)


class Place:
    """A data folder and a database."""

    def __init__(self, folder: Path, engine: sa.Engine, **environment: str) -> None:
        frozen = {"LOWCODE_DRILL": "1", "LOWCODE_NOW": NOW.isoformat()}
        settings = Settings.from_environment({"LOWCODE_DATA_DIR": str(folder), **frozen, **environment})
        self.folder, self.engine = folder, engine
        self.services = Services.open(settings, engine)
        self.house = FullHouse(engine, self.services.catalog)

    @property
    def actor(self) -> Actor:
        return self.services.system("test")

    def upload(self, content: bytes) -> str:
        with db.writing(self.engine) as connection:
            stream, store = io.BytesIO(content), self.services.store
            ref = library.keep(connection, store, stream, name="a.bin", content_type="", user_id=1, now=NOW)
        return ref.key

    def csv(self, code: str) -> bytes:
        with self.house.reading() as space:
            reader = space.reader(code)
            return b"".join(exporting.export_csv(reader, None, (), exporting.choose_columns(reader, None)))

    def template(self) -> bytes:
        with self.house.reading() as space:
            return template.export(space, CODES, with_records=True)

    def log(self) -> audit_proof.Report:
        with db.reading(self.engine) as connection:
            return audit_proof.examine(connection, self.folder)

    def note(self, count: int = 1) -> None:
        with db.writing(self.engine) as connection:
            for _ in range(count):
                audit.note(connection, self.actor, "log.read", NOW)


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Place]]:
    """``place("sqlite")``: an empty place."""
    ends: list[Callable[[], t.Any]] = []

    def make(kind: Kind = "sqlite", **environment: str) -> Place:
        number = next(_numbers)
        folder = tmp_path / f"place{number}"
        folder.mkdir()
        if kind == "sqlite":
            engine = db.make_engine(f"sqlite:///{folder / 'lowcode.db'}")
        else:
            url, schema = t.cast(str, request.getfixturevalue("pg_url")), f"backup{number}"
            _execute(url, f"CREATE SCHEMA {schema}")
            engine = db.make_engine(url, schema=schema)
            ends.append(lambda: _execute(url, f"DROP SCHEMA {schema} CASCADE"))
        ends.append(engine.dispose)
        return Place(folder, engine, **environment)

    yield make
    for end in reversed(ends):
        end()


def fill(place: Place) -> None:
    """People, every type of field, attachments, a retired field with values, a history, an audit log with a seal."""
    migrate.upgrade(place.engine)
    services = place.services
    with db.writing(place.engine) as connection:
        # The one below is older than the one above it.
        organizations.save(connection, organizations.OrganizationData(code="low", name="係"), SYSTEM, NOW)
        above = organizations.OrganizationData(code="high", name="所", wards=("門司区",))
        organizations.save(connection, above, SYSTEM, NOW)
        low = organizations.OrganizationData(code="low", name="係", parent="high")
        organizations.save(connection, low, SYSTEM, NOW, organization_id=1)
    add(services, "sato", name="佐藤")
    furnish(place.house)
    keys = [place.upload(content) for content in CONTENTS]
    place.house.edit("everything", 1, files=[{"fileKey": key} for key in keys])
    place.upload(b"attached to nothing")
    retire(place)
    place.note(3)
    audit_proof.seal(place.engine, place.folder, place.actor, NOW)
    place.note(2)


def retire(place: Place) -> None:
    """An app in its second version, whose first had a field, a subtable and choices more."""
    rows = an_app().text("who").checks("sick", "はい", "不明")
    first = an_app("wards").text("name").text("old").number("beds").checks("kinds", "A", "B").subtable("staff", rows)
    number = deploy.create_app(place.engine, first.json(), apps.ACTOR)
    place.house.add(
        "wards", name="東", old="前の値", beds="12.5", kinds=["B", "A"], staff=[row(who="a", sick=["はい"])]
    )
    definition = apps.definition_json(place.engine, number)
    for code in ("old", "kinds", "staff"):
        del definition["properties"][code]
    apps.publish(place.engine, number, {**definition, "layout": []})


def parts(path: Path) -> dict[str, bytes]:
    """What a backup holds, by name."""
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
