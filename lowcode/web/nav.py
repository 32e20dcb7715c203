"""What the frame of every page shows: who is logged in, the apps in their spaces, links. Read only when it is drawn."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import flask
import orjson

from lowcode.records.catalog import LiveApp
from lowcode.system import meta
from lowcode.web import i18n, state

HUES = ("blue", "green", "red", "orange", "purple", "cyan", "magenta", "brown", "grey")
BY_COLOUR = {
    "#c2410c": "orange",
    "#0066be": "blue",
    "#197a4b": "green",
    "#6f23d0": "purple",
    "#006f83": "cyan",
    "#8b3200": "brown",
    "#aa00aa": "magenta",
}
LINKS: Mapping[str, str] = {
    "home": "/",
    "apps": "/apps",
    "search": "/search",
    "logout": "/logout",
    "settings": "/account",
    "help": "/help",
    "new_space": "/spaces/new",
    "rail": "/account/rail",
}
SIZES, DENSITIES, FOCUS = ("100", "112", "125"), ("narrow", "standard", "wide"), ("normal", "strong")
Counter = Callable[[], int]


@dataclass(frozen=True)
class Me:
    """The person at the screen."""

    name: str
    login: str
    initial: str
    role: str
    hue: str


@dataclass(frozen=True)
class AppLink:
    """An app in the rail or on the portal."""

    id: int
    code: str
    name: str
    url: str
    icon: str
    hue: str
    space: str
    current: bool


@dataclass(frozen=True)
class Space:
    """Apps that belong together."""

    name: str
    url: str
    open: bool
    apps: tuple[AppLink, ...]


class Nav:
    """The rail. Each part is looked up when a template first asks for it."""

    def __init__(self) -> None:
        # A page that no package brings yet is not offered.
        self.links: Mapping[str, str] = {
            name: path
            for name, path in LINKS.items()
            if f"promised:{path.strip('/')}" not in flask.current_app.view_functions
        }

    @functools.cached_property
    def apps(self) -> tuple[AppLink, ...]:
        """Apps that the person may see, in the order of space and name."""
        if state.find_actor() is None:
            return ()
        with state.reading() as workspace:
            found = [
                app_link(live)
                for live in workspace.snapshot.all()
                if workspace.policy(live).allows("view") or workspace.policy(live).allows("add")
            ]
        return tuple(sorted(found, key=lambda app: (app.space, app.name, app.id)))

    @functools.cached_property
    def spaces(self) -> tuple[Space, ...]:
        """Spaces with their apps; apps without one stand last, under a common word."""
        names: dict[str, list[AppLink]] = {}
        for app in self.apps:
            names.setdefault(app.space, []).append(app)
        without = names.pop("", [])
        found = [Space(name, "", True, tuple(apps)) for name, apps in names.items()]
        if without:
            found.append(Space(i18n.translate("nav.other_apps" if found else "nav.apps"), "", True, tuple(without)))
        return tuple(found)

    @functools.cached_property
    def favourites(self) -> Sequence[AppLink]:
        """Apps with a star, in the order of starring."""
        starred = preferences().get("favourites", [])
        by_id = {app.id: app for app in self.apps}
        return [by_id[each] for each in starred if each in by_id]

    @property
    def current(self) -> str:
        """Which entry of the rail this page belongs to."""
        path = flask.request.path
        if path == "/":
            return "home"
        if path.startswith("/admin"):
            return "admin"
        first = path.split("/")[1]
        return first if first in ("work", "notices", "apps") else ""

    @functools.cached_property
    def work_count(self) -> int:
        """Records that wait for the person."""
        return self._count("work_count")

    @functools.cached_property
    def notice_count(self) -> int:
        """Unread notices."""
        return self._count("notice_count")

    @property
    def admin(self) -> str:
        """The address of the administration, for those who may."""
        actor = state.find_actor()
        return "/admin/" if actor is not None and actor.administrator else ""

    @property
    def can_create(self) -> bool:
        """Whether the person may make spaces; there are none yet but those that apps name."""
        return False

    @staticmethod
    def _count(name: str) -> int:
        counter: Counter | None = flask.current_app.extensions.get(f"lowcode.{name}")
        return counter() if counter is not None and state.find_actor() is not None else 0


def app_link(live: LiveApp) -> AppLink:
    """How an app is shown in lists of apps."""
    settings = live.definition.settings
    # kintone's own icons have names such as APP1; ours are names of the sprite.
    icon = settings.icon.key if settings.icon.key.islower() else "table-2"
    return AppLink(
        id=live.id,
        code=live.code,
        name=live.definition.display_name(i18n.locale()),
        url=f"/k/{live.id}/",
        icon=icon,
        hue=app_hue(settings.hue, live.id),
        space=settings.space,
        current=flask.request.path.startswith((f"/k/{live.id}/", f"/k/admin/app/{live.id}/")),
    )


def app_hue(hue: str, number: int) -> str:
    """A hue by name or by its colour; apps without one get theirs by number."""
    hue = BY_COLOUR.get(hue.lower(), hue)
    return hue if hue in HUES else HUES[number % len(HUES)]


def preferences() -> dict[str, t.Any]:
    """Size, density, focus and favourites of the person."""
    session = state.session()
    found = orjson.loads(session.preferences) if session is not None else {}
    return found if isinstance(found, dict) else {}


def me() -> Me | None:
    """The person at the screen, or None."""
    actor = state.find_actor()
    if actor is None or actor.kind != "user" or actor.user_id is None:
        return None
    directory = state.context().directory
    title = getattr(getattr(directory, "people", {}).get(actor.user_id), "title", "")
    organization = directory.by_id("ORGANIZATION", actor.organization_ids[0]) if actor.organization_ids else None
    role = " ".join(part for part in (organization.name if organization else "", title) if part)
    return Me(actor.name, actor.login, actor.name[:1] or "?", role, HUES[actor.user_id % len(HUES)])


def globals_of_page() -> dict[str, t.Any]:
    """What every template may use besides the globals of the environment."""
    facts: Mapping[str, str] = flask.g.get("meta") or {}
    return {
        "nav": Nav(),
        "me": me(),
        "prefs": preferences(),
        "locale": i18n.locale(),
        "site_name": facts.get(meta.SITE_NAME) or i18n.translate("nav.site_name"),
        "site_unit": facts.get(meta.SITE_UNIT, ""),
    }
