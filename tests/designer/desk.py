"""A person at the designer without scripts: opens pages, fills in their forms, reads their words."""

from __future__ import annotations

import io
import typing as t
from collections.abc import Mapping
from pathlib import Path

import lxml.html
import orjson
import sqlalchemy as sa
from werkzeug.test import TestResponse

from lowcode import db, deploy
from lowcode.deploy import versions
from lowcode.services import Services
from tests import people

PACKAGES = ("lowcode.runtime", "lowcode.designer", "lowcode.admin")
Json = dict[str, t.Any]


class Screen:
    """A page as it was answered."""

    def __init__(self, answer: TestResponse) -> None:
        self.status, self.location = answer.status_code, answer.headers.get("Location", "")
        self.text = answer.text
        self.tree = lxml.html.fromstring(answer.text) if answer.mimetype == "text/html" and answer.text else None

    def words(self, selector: str) -> list[str]:
        """The words of every element that a selector finds."""
        return [] if self.tree is None else [" ".join(e.text_content().split()) for e in self.tree.cssselect(selector)]

    def form(self, action: str = "", holds: Mapping[str, str] | None = None) -> Json:
        """What a form of the page would send as it stands."""
        assert self.tree is not None, self.text
        for form in self.tree.forms:
            if form.method.lower() != "post" or (action and not (form.action or "").endswith(action)):
                continue
            values: Json = {}
            for name, value in form.form_values():
                # A browser leaves out the line end that follows a <textarea> tag.
                values.setdefault(name, value.removeprefix("\n"))
            if all(values.get(name) == value for name, value in (holds or {}).items()) and "logout" not in (
                form.action or ""
            ):
                return values
        raise AssertionError(f"no form for {action!r} in {self.words('h1')}: {self.text[:2000]}")

    def target(self, action: str) -> str:
        """The whole address of a form whose address ends so."""
        assert self.tree is not None
        return next(str(form.action) for form in self.tree.forms if (form.action or "").endswith(action))


class Desk:
    """An administrator who is logged in."""

    def __init__(self, services: Services, login: str) -> None:
        self.services = services
        self.browser = people.Browser(services, PACKAGES)
        self.browser.log_in(login)

    @classmethod
    def open(cls, engine: sa.Engine, folder: Path) -> Desk:
        """A prepared installation with one administrator."""
        services = people.make_services(engine, folder)
        people.add(services, "hanako", administrator=True, name="設計 花子")
        return cls(services, "hanako")

    def other(self, login: str, **values: t.Any) -> Desk:
        """Somebody else at another machine."""
        people.add(self.services, login, **values)
        return Desk(self.services, login)

    def get(self, path: str, status: int = 200) -> Screen:
        """Open a page."""
        screen = Screen(self.browser.get(path))
        assert screen.status == status, (screen.status, screen.location, screen.text[-3000:])
        return screen

    def post(self, path: str, data: Mapping[str, t.Any], status: int = 302) -> Screen:
        """Send a form."""
        screen = Screen(self.browser.post(path, data))
        if screen.status != status:
            raise AssertionError(
                (screen.status, screen.location, screen.words(".error-summary li"), screen.text[-1500:])
            )
        return screen

    def send(
        self,
        path: str,
        data: Mapping[str, t.Any],
        status: int = 302,
        *,
        drop: tuple[str, ...] = (),
        action: str = "",
        holds: Mapping[str, str] | None = None,
    ) -> Screen:
        """Open a page, change some values of its form and send it."""
        screen = self.get(path)
        values = screen.form(action, holds)
        for name in drop:
            values.pop(name, None)
        target = screen.target(action) if action else path
        return self.post(target, {**values, **data}, status)

    # -- jobs ------------------------------------------------------------------------------------

    def create(self, name: str, code: str) -> int:
        """An empty app; returns its number."""
        screen = self.send("/k/admin/app/new", {"name": name, "code": code}, action="/new/empty")
        return int(screen.location.rstrip("/").rsplit("/", 1)[-1])

    def add_field(self, app: int, label: str, kind: str, status: t.Any = 302, **values: t.Any) -> Screen:
        """A field with settings."""
        place = values.pop("place", "")
        query = {"label": label, "type": kind, "place": place}
        path = f"/k/admin/app/{app}/fields/new?" + "&".join(f"{k}={v}" for k, v in query.items())
        form = self.get(path).form("/fields/new")
        return self.post(f"/k/admin/app/{app}/fields/new", {**form, **values}, status)

    def add_record(self, app: int, **values: str) -> None:
        """A record by the app's own form; options by their labels."""
        form = self.get(f"/k/{app}/new").form("/new")
        options = {code: settings.get("options", {}) for code, settings in self.live(app)["properties"].items()}
        typed = {
            code: str(next((o["id"] for o in options[code].values() if o["label"] == value), value))
            for code, value in values.items()
        }
        self.post(f"/k/{app}/new", {**form, **typed}, 303)

    def move(self, app: int, key: str, how: str, group: str = "") -> None:
        """Move a part of the form."""
        holds = {"key": key, "how": how, **({"group": group} if group else {})}
        self.send(f"/k/admin/app/{app}/", {}, action="/move", holds=holds)

    def publish(self, app: int, note: str = "", status: int = 302, **values: t.Any) -> Screen:
        """Publish by the review page."""
        form = self.get(f"/k/admin/app/{app}/review").form("/publish")
        return self.post(f"/k/admin/app/{app}/publish", {**form, "note": note, **values}, status)

    def upload(self, path: str, name: str, content: bytes, status: int = 303) -> Screen:
        """Send a file."""
        return self.post(path, {"file": (io.BytesIO(content), name)}, status)

    # -- what is kept ------------------------------------------------------------------------------

    def draft(self, app: int) -> Json:
        """The draft as JSON."""
        with db.reading(self.services.engine) as connection:
            return deploy.load_draft(connection, app).definition

    def live(self, app: int) -> Json:
        """The live version as JSON."""
        with db.reading(self.services.engine) as connection:
            text = versions.live_text(connection, versions.app_row(connection, app))
        assert text is not None
        return t.cast(Json, orjson.loads(text))
