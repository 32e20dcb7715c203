"""How many SQL statements the usual requests take: what makes a page slow on another day is counted here, not timed.

The numbers are those of the benchmark's case ledger, after the caches of the process are filled. BEGIN and COMMIT are
left out. A smaller number is good news: write it down. A larger one needs a reason.
"""

from __future__ import annotations

import contextlib
import csv
import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import flask
import orjson
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from bench import ledger, ours
from lowcode import deploy
from lowcode.app import create_app
from lowcode.config import Settings
from lowcode.services import Services
from lowcode.system import migrate
from lowcode.transfer import importing, tabular

API = "/api/v1/apps/{app}/records"
COUNTS = {
    "get by id": 4,
    "list 100": 4,
    "list 100, ward and two statuses": 5,
    "exact phone": 4,
    "list page, HTML": 5,
    "record page, HTML": 6,
    "create one": 12,
    "update one": 13,
    "create a hundred": 12,
    "import 20 rows, half of them new": 23,
}
PERSONAL = {
    "get by id": 1,
    "list 100": 1,
    "list 100, ward and two statuses": 1,
    "exact phone": 1,
    "list page, HTML": 1,
    "record page, HTML": 1,
}
"""What the audit log adds where the app holds personal data: one statement for who reads, none for who writes."""


# Each write transaction takes the lock that holds the live versions; the import's first one only learns the definition.
# Of the search index, a new record writes the texts and the grams; a changed one also reads the texts that were
# there, and on SQLite takes their grams out first.
POSTGRESQL = {"create one": 1, "update one": 0, "create a hundred": 1, "import 20 rows, half of them new": 2}


class Office:
    """The benchmark's app with a few records, a program's token and a person who is logged in."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.app, token = ours.prepare(services)
        ours.load(services, self.app, 0, 120)
        application: flask.Flask = create_app(services=services)
        self.program: FlaskClient = application.test_client()
        self.person: FlaskClient = application.test_client()
        self.headers = {"X-Cybozu-API-Token": token}
        page = self.person.get("/login").get_data(as_text=True)
        found = re.search('name="csrf_token" value="([^"]+)"', page)
        assert found is not None
        data = {"login": "bench", "password": ours.PASSWORD, "csrf_token": found[1]}
        assert self.person.post("/login", data=data).status_code == 302

    def api(self, path: str = "", query: t.Mapping[str, t.Any] | None = None) -> None:
        answer = self.program.get(API.format(app=self.app) + path, query_string=query, headers=self.headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)

    def save(self, method: str, records: list[dict[str, t.Any]]) -> None:
        answer = self.program.open(
            API.format(app=self.app), method=method, data=orjson.dumps({"records": records}), headers=self.headers
        )
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)

    def page(self, path: str) -> None:
        assert self.person.get(f"/k/{self.app}/{path}").status_code == 200

    def take_in(self, path: Path, first: int) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=ledger.COLUMNS)
            writer.writeheader()
            for n in range(10):
                writer.writerow(ledger.row(n) | {"doctor": f"{first} {n}"})
                writer.writerow(ledger.row(first + n))
        actor = self.services.system("count")
        preview = tabular.inspect(path)
        with self.services.reading(actor) as space:
            plan = importing.plan_import(space, self.app, preview, key="number", mode="upsert")
        report = importing.run_import(
            path, plan, lambda: self.services.writing(actor), importing.MemoryJournal(), batch="n"
        )
        assert (report.created, report.updated, report.failed) == (10, 10, 0)


@pytest.fixture
def office(engine: sa.Engine, tmp_path: Path) -> Office:
    migrate.upgrade(engine)
    settings = Settings.from_environment({"LOWCODE_DATA_DIR": str(tmp_path), "LOWCODE_DATABASE_URL": str(engine.url)})
    return Office(Services.open(settings, engine))


@contextlib.contextmanager
def counted(engine: sa.Engine) -> Iterator[list[str]]:
    """The statements executed inside the block."""
    found: list[str] = []

    def note(_connection: t.Any, _cursor: t.Any, statement: str, *_rest: t.Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            found.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_the_number_of_statements_of_each_request(office: Office, tmp_path: Path) -> None:
    extra = {} if office.services.engine.dialect.name == "sqlite" else POSTGRESQL
    expected = {name: count + extra.get(name, 0) for name, count in COUNTS.items()}
    assert numbers_of(office, tmp_path, 1) == expected
    actor = office.services.system("count")
    deploy.apply_definition(office.services.engine, office.app, ledger.definition(personal=True), actor)
    assert numbers_of(office, tmp_path, 3) == {name: count + PERSONAL.get(name, 0) for name, count in expected.items()}


def numbers_of(office: Office, tmp_path: Path, start: int) -> dict[str, int]:
    ward, first, third = ledger.WARDS[0], ledger.STATUSES[0], ledger.STATUSES[2]
    filtered = f'ward in ("{ward}") and status in ("{first}", "{third}") order by diagnosis desc limit 100'
    tel = ledger.row(5)["tel"]
    requests: dict[str, t.Callable[[int], None]] = {
        "get by id": lambda n: office.api(f"/{n}"),
        "list 100": lambda n: office.api(query={"limit": 100}),
        "list 100, ward and two statuses": lambda n: office.api(query={"query": filtered}),
        "exact phone": lambda n: office.api(query={"query": f'tel = "{tel}"'}),
        "list page, HTML": lambda n: office.page(""),
        "record page, HTML": lambda n: office.page(f"show/{n}"),
        "create one": lambda n: office.save("POST", [{"values": ledger.row(1000 + n)}]),
        "update one": lambda n: office.save("PATCH", [{"id": n, "values": {"doctor": f"{n}", "temperature": "37.5"}}]),
        "create a hundred": lambda n: office.save(
            "POST", [{"values": row} for row in ledger.rows(10_000 + 100 * n, 100)]
        ),
        "import 20 rows, half of them new": lambda n: office.take_in(tmp_path / "in.csv", 100_000 * n),
    }
    numbers: dict[str, int] = {}
    for name, ask in requests.items():
        ask(start)  # fills the caches
        with counted(office.services.engine) as statements:
            ask(start + 1)
        numbers[name] = len(statements)
    return numbers
