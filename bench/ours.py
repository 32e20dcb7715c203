"""This product under the benchmark: the app, its records through the record service, a token and a log-in."""

from __future__ import annotations

import typing as t
from pathlib import Path

import flask

from bench import ledger, observations
from bench.serving import Client
from bench.session import Session
from lowcode import db, deploy
from lowcode.accounts import passwords, tokens, users
from lowcode.app import create_app
from lowcode.config import Settings
from lowcode.records.record import Change
from lowcode.services import Services
from lowcode.system import migrate

PASSWORD = "bench mark counts rows"  # of a database that lives for one run


def services_for(folder: Path, url: str) -> Services:
    """Services on a fresh database."""
    services = Services.open(Settings.from_environment({"LOWCODE_DATA_DIR": str(folder), "LOWCODE_DATABASE_URL": url}))
    migrate.upgrade(services.engine)
    return services


def prepare(services: Services) -> tuple[int, str]:
    """The app, a person and a token. Returns the app's number and the token."""
    actor = services.system("benchmark")
    number = deploy.create_app(services.engine, ledger.definition(), actor)
    prepared = passwords.prepare(PASSWORD)
    with db.writing(services.engine) as connection:
        person = users.UserData(login="bench", name="計測", administrator=True)
        users.save(connection, person, actor, services.settings.now(), password=prepared)
        token = tokens.add(connection, number, ["view", "add", "edit", "delete"], by=actor, now=services.settings.now())
    return number, token


def prepare_pair(services: Services, count: int) -> tuple[tuple[int, str], tuple[int, str]]:
    """Two equal apps with ``count`` records each, one of which holds personal data; each with a token."""
    actor = services.system("benchmark")
    made = []
    for code, personal in (("bench_told", True), ("bench_untold", False)):
        number = deploy.create_app(services.engine, ledger.definition(app_code=code, personal=personal), actor)
        load(services, number, 0, count)
        with db.writing(services.engine) as connection:
            token = tokens.add(connection, number, ["view"], by=actor, now=services.settings.now())
        made.append((number, token))
    return made[0], made[1]


def load(
    services: Services,
    app: int,
    start: int,
    count: int,
    *,
    batch: int = 1_000,
    tell: t.Callable[[int], None] | None = None,
) -> None:
    """Records through the record service, as an import would write them."""
    actor = services.system("benchmark")
    for begin in range(start, start + count, batch):
        with services.writing(actor) as space:
            space.service(app).save(
                [Change(values=row) for row in ledger.rows(begin, min(batch, start + count - begin))]
            )
        if tell is not None:
            tell(begin + batch - start)
    with db.writing(services.engine) as connection:
        connection.exec_driver_sql("ANALYZE")


def application() -> flask.Flask:
    """For gunicorn: settings come from the environment."""
    return create_app()


def log_in(client: Client) -> None:
    """Log in as a person, so that pages can be asked for."""
    session = Session(client.connection.port)
    answer = session.log_in("bench", PASSWORD)
    if answer.status not in (302, 303):
        raise RuntimeError(f"log-in: {answer.status} {answer.body[:300]}")
    client.headers["Cookie"] = session.header()


def prepare_load(services: Services, people: int) -> tuple[tuple[int, int], tuple[str, str], list[str]]:
    """What the load run needs: the ledger and the observations, both with personal data, and ``people`` users.

    Returns the numbers of both apps, a token that reads each, and the log-in names.
    """
    actor = services.system("benchmark")
    cases = deploy.create_app(services.engine, ledger.definition(personal=True), actor)
    watched = deploy.create_app(services.engine, observations.definition(), actor)
    prepared = passwords.prepare(PASSWORD)
    logins = [f"person{number:03d}" for number in range(people)]
    now = services.settings.now()
    with db.writing(services.engine) as connection:
        for login in logins:
            users.save(connection, users.UserData(login=login, name=login), actor, now, password=prepared)
        made = tuple(tokens.add(connection, app, ["view"], by=actor, now=now) for app in (cases, watched))
    return (cases, watched), (made[0], made[1]), logins
