"""The installation of the merge property test: an app, writers at their desks, values as the model has them."""

from __future__ import annotations

import contextlib
import typing as t
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from lowcode import db
from lowcode.accounts import tokens
from lowcode.app import create_app
from lowcode.fields.base import Context, Field
from lowcode.fields.subtable import Row
from lowcode.records.catalog import Catalog
from lowcode.records.record import ORDER, Change, Record
from lowcode.records.workspace import Workspace
from lowcode.services import Services
from lowcode.web.state import EXTENSION
from tests.builders import an_app
from tests.people import Browser, add, make_services
from tests.records import merge_model as model
from tests.records.conftest import House
from tests.records.merge_model import PLAIN, SETS, TABLE, Asked, Content, Line, Place

CELLS = (*model.PLAIN_CELLS, *model.SET_CELLS)
APP = (
    an_app("ledger")
    .text("name", required=True)
    .text("note")
    .number("age", maxValue=str(model.LARGEST_AGE))
    .choice("ward", "門司区", "小倉北区", "若松区")
    .date("day")
    .checks("risks", "高血圧", "糖尿病", "透析", "喫煙")
    .subtable("family", an_app().text("who").number("years").checks("tags", "同居", "濃厚接触"))
    .formula("total", "SUM(years) + age")
)
DEFINITION = APP.definition()
FIELDS: dict[str, Field] = {f.code: f for f in (*DEFINITION.fields, *DEFINITION.field("family").fields)}  # type: ignore[attr-defined]  # a subtable
NUMBER = next(f.code for f in DEFINITION.fields if f.type_name == "RECORD_NUMBER")
WRITERS = 6
PACKAGES = ("lowcode.runtime", "lowcode.api")


def options(code: str) -> list[str]:
    """The keys of a check box's options."""
    return [option.key for option in t.cast(t.Any, FIELDS[code]).options]


# -- values as the model writes them -----------------------------------------------------------------


def shown(code: str, value: t.Any) -> t.Any:
    """A stored value as the model writes it."""
    return from_json(code, FIELDS[code].dump(value))


def from_json(code: str, dumped: t.Any) -> t.Any:
    """A value in its canonical JSON as the model writes it."""
    match dumped:
        case list():
            return frozenset(dumped)
        case str() if FIELDS[code].type_name == "NUMBER" or code == "total":
            return int(Decimal(dumped))
        case Decimal():
            return int(dumped)
        case date():
            return dumped.isoformat()
    return dumped


def shown_content(values: Mapping[str, t.Any], keys: Mapping[int, str]) -> Content:
    """A stored record as the model writes it; ``keys`` names the rows."""
    found = {code: shown(code, values.get(code)) for code in (*PLAIN, *SETS, "total")}
    found[TABLE] = tuple(shown_line(row, keys) for row in values.get(TABLE) or ())
    return found


def shown_line(row: Row, keys: Mapping[int, str]) -> Line:
    """A stored row as the model writes it."""
    assert row.id is not None
    return Line(keys[row.id], {code: shown(code, value) for code, value in row.values.items()})


@dataclass
class Names:
    """Which record and which row of the model is which of the product, in one history."""

    ids: list[int] = field(default_factory=list)
    keys: dict[int, str] = field(default_factory=dict)
    row_ids: dict[str, int] = field(default_factory=dict)

    def path(self, place: Place) -> tuple[str | int, ...]:
        if place == model.ORDER:
            return (TABLE, ORDER)
        return (place[0], self.row_ids[place[1]], *place[2:]) if place[:1] == (TABLE,) else place

    def clash_key(self, place: Place) -> str:
        return "/".join(map(str, self.path(place)))

    def place(self, path: Sequence[str | int]) -> Place:
        if tuple(path) == (TABLE, ORDER):
            return model.ORDER
        step = (self.keys[int(path[1])],) if len(path) > 1 else ()
        return (*map(str, path[:1]), *step, *map(str, path[2:]))

    def asked(self, path: Sequence[str | int], sides: Sequence[t.Any]) -> Asked:
        """A clash whose sides are canonical JSON."""
        place = self.place(path)
        return Asked(place, *(self._side(place, side) for side in sides))

    def _side(self, place: Place, side: t.Any) -> t.Any:
        if place == model.ORDER:
            return tuple(self.keys[row["id"]] for row in side)
        return self._line(side) if len(place) == 2 else from_json(place[-1], side)

    def _line(self, row: t.Any) -> Line | None:
        if row is None:
            return None
        return Line(self.keys[row["id"]], {code: from_json(code, value) for code, value in row["values"].items()})

    def json(self, content: Content) -> dict[str, t.Any]:
        """A content as canonical JSON."""
        found = {c: plain(v) for c, v in content.items() if c not in (TABLE, "total")}
        if TABLE in content:
            found[TABLE] = [
                {"id": self.row_ids.get(line.key), "values": {c: plain(v) for c, v in line.cells.items()}}
                for line in model.lines(content)
            ]
        return found


def plain(value: t.Any) -> t.Any:
    """A value of the model as JSON has it."""
    return sorted(value) if isinstance(value, frozenset) else value


# -- the office ----------------------------------------------------------------------------------------


@dataclass
class Desk:
    """One writer: an account, an engine and a connection of their own, and what they saw last of each record."""

    number: int
    services: Services
    user_id: int
    connection: sa.Connection
    client: FlaskClient
    csrf: str
    token: str
    file: Path
    seen: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.actor = self.services.actor(self.user_id)
        with db.reading(self.services.engine) as connection:
            self.ctx: Context = self.services.context(connection, self.actor)


class Office:
    """The desks of one installation, and the app they work on; counts what went through each door."""

    def __init__(self, engine: sa.Engine, folder: Path, stack: contextlib.ExitStack) -> None:
        self.services = make_services(engine, folder)
        self.house = House(engine)
        self.app = self.house.install(DEFINITION)
        self.web = create_app(services=self.services, packages=PACKAGES)
        self.counts: Counter[str] = Counter()
        self.desks = [self._desk(number, folder, stack) for number in range(WRITERS)]

    def _desk(self, number: int, folder: Path, stack: contextlib.ExitStack) -> Desk:
        login = f"w{number}"
        user_id = add(self.services, login, administrator=True)
        with db.writing(self.services.engine) as connection:
            token = tokens.add(
                connection, self.app, ["view", "add", "edit"], by=self.services.system("test"), now=self.house.now
            )
        engine = another(self.services.engine)
        stack.callback(engine.dispose)
        services = replace(self.services, engine=engine, catalog=Catalog())
        connection = stack.enter_context(engine.connect().execution_options(**{db.WRITE_OPTION: True}))
        browser = Browser(self.services, web=self.web)
        assert browser.log_in(login).status_code == 302
        assert browser.get(f"/k/{self.app}/new").status_code == 200
        return Desk(
            number, services, user_id, connection, browser.client, browser.token, token, folder / f"desk-{number}.csv"
        )

    @contextlib.contextmanager
    def writing(self, desk: Desk) -> Iterator[Workspace]:
        """A transaction of a writer's own connection."""
        with desk.connection.begin():
            db.hold_live_versions(desk.connection)
            yield Workspace(desk.connection, desk.services.catalog, desk.actor, desk.ctx)

    def at(self, desk: Desk) -> FlaskClient:
        """A writer's browser; the web process it reaches works on that writer's engine."""
        self.web.extensions[EXTENSION] = desk.services
        return desk.client

    def save(self, desk: Desk, changes: Sequence[Change]) -> list[Record]:
        """Through the record service alone."""
        with self.writing(desk) as space:
            return space.service(self.app).save(changes)

    def records(self, desk: Desk, ids: Sequence[int]) -> dict[int, Record]:
        """Records as they stand."""
        with self.writing(desk) as space:
            return {r.id: r for r in space.reader(self.app).by_ids(ids)}


def another(engine: sa.Engine) -> sa.Engine:
    """Another engine on the same database."""
    url = engine.url.render_as_string(hide_password=False)
    if engine.dialect.name == "sqlite":
        made = db.make_engine(url)
        sa.event.listen(made, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        return made
    with engine.connect() as connection:
        return db.make_engine(url, schema=connection.scalar(sa.text("SELECT current_schema()")))
