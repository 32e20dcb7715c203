"""People and a browser for tests: ``make_services``, ``add(services, "sato")``, ``Browser(services)``."""

from __future__ import annotations

import re
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import flask
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lowcode import app, db
from lowcode.accounts import passwords, users
from lowcode.config import Settings
from lowcode.services import Services
from lowcode.system import migrate

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
PASSWORD = "three quiet ledgers"
_HASHED: dict[str, passwords.Prepared] = {}


def make_services(engine: sa.Engine, folder: Path, **environment: str) -> Services:
    """Services on an empty, prepared database, with the clock standing at :data:`NOW`."""
    settings = Settings.from_environment(
        {
            "LOWCODE_DATA_DIR": str(folder),
            "LOWCODE_SECRET_KEY": "a key for tests alone",
            "LOWCODE_DRILL": "1",
            "LOWCODE_NOW": NOW.isoformat(),
            **environment,
        }
    )
    migrate.upgrade(engine)
    return Services.open(settings, engine)


def prepared(password: str = PASSWORD) -> passwords.Prepared:
    """A hashed password; each is hashed once per run."""
    if password not in _HASHED:
        _HASHED[password] = passwords.prepare(password)
    return _HASHED[password]


def add(services: Services, login: str, *, password: str = PASSWORD, **values: t.Any) -> int:
    """Add a user by the system."""
    data = users.UserData(login=login, **{"name": login.title(), **values})
    with db.writing(services.engine) as connection:
        return users.save(connection, data, services.system("test"), NOW, password=prepared(password))


class Browser:
    """A browser without scripts: keeps cookies, and sends the token of the last page with each form."""

    def __init__(
        self,
        services: Services,
        packages: t.Sequence[str] = ("lowcode.admin",),
        *,
        web: flask.Flask | None = None,
        **environment: str,
    ) -> None:
        found = web if web is not None else app.create_app(services=services, packages=packages)
        self.client: FlaskClient = found.test_client()
        self.environment = environment
        self.token = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page."""
        return self._seen(self.client.get(path, headers=headers, environ_base=self.environment, buffered=True))

    def post(self, path: str, data: t.Mapping[str, t.Any] | None = None, **headers: str) -> TestResponse:
        """Send a form."""
        form = {"csrf_token": self.token, **(data or {})}
        return self._seen(
            self.client.post(path, data=form, headers=headers, environ_base=self.environment, buffered=True)
        )

    def log_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        """Log in by the form."""
        self.get("/login")
        answer = self.post("/login", {"login": login, "password": password})
        if answer.status_code == 302:
            self.get("/account")
        return answer

    def _seen(self, answer: TestResponse) -> TestResponse:
        if answer.mimetype == "text/html":
            found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
            self.token = found[1] if found else self.token
        return answer
