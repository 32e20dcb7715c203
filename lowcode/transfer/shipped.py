"""The templates that come with the product (``app_templates/``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from lowcode import db, resources
from lowcode.access.actor import Actor
from lowcode.deploy.versions import known_apps
from lowcode.errors import Conflict, NotFound
from lowcode.fields.base import Context
from lowcode.transfer import template


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """One shipped template, as lists of templates show it."""

    name: str
    title: str
    titles: Mapping[str, str]
    description: str
    icon: str
    hue: str
    requires: tuple[str, ...]
    """Other shipped templates that are installed with it."""
    fields: int
    views: int


def names() -> tuple[str, ...]:
    """The names of the shipped templates, in order."""
    return tuple(sorted(path.stem for path in resources.folder("app_templates").glob("*.json")))


def path_of(name: str) -> Path:
    """The file of a template. Raises :class:`NotFound`."""
    if name not in names():
        raise NotFound("template.unknown", name=name[:40], names="、".join(names()))
    return resources.folder("app_templates") / f"{name}.json"


def load(name: str) -> template.Template:
    """A shipped template. Raises :class:`NotFound`."""
    return template.load(path_of(name).read_bytes())


def catalogue() -> list[Shipped]:
    """Every shipped template."""
    found = []
    for name in names():
        loaded = load(name)
        app = loaded.apps[0]
        found.append(
            Shipped(
                name=name,
                title=app.name,
                titles=dict(app.settings.names),
                description=app.settings.description,
                icon=app.settings.icon.key,
                hue=app.settings.hue,
                views=len(app.views),
                requires=tuple(code for code in loaded.requires if code in names()),
                fields=sum(1 for field in app.fields if field.stores_value and not hasattr(field, "system_column")),
            )
        )
    return found


def with_requirements(wanted: Sequence[str]) -> list[str]:
    """``wanted`` and every shipped template they need, what is needed first. Raises :class:`NotFound`."""
    ordered: list[str] = []

    def take(name: str, under_way: frozenset[str]) -> None:
        if name in ordered or name in under_way:
            return
        for code in load(name).requires:
            if code in names():
                take(code, under_way | {name})
        ordered.append(name)

    for name in wanted:
        take(name, frozenset())
    return ordered


def install(engine: sa.Engine, wanted: Sequence[str], actor: Actor, *, ctx: Context | None = None) -> dict[str, int]:
    """Install shipped templates and what they need; returns the numbers of the new apps by code.

    What is only needed and there already stays as it is.

    :raises NotFound: there is no such template. :raises Conflict: a wanted one is installed already.
    """
    ordered = with_requirements(wanted)
    with db.reading(engine) as connection:
        installed = known_apps(connection)
    if taken := [name for name in wanted if name in installed]:
        raise Conflict("template.already_installed", codes="、".join(taken))
    loaded = [app for name in ordered if name not in installed for app in load(name).apps]
    return template.install(engine, template.Template(apps=tuple(loaded)), actor, ctx=ctx)


__all__ = ["Shipped", "catalogue", "install", "load", "names", "path_of", "with_requirements"]
