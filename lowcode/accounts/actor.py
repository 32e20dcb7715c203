"""From a user's number to who acts: the actor that carries the rights, and the context that fields are given."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lowcode.access.actor import Actor
from lowcode.accounts.directory import PeopleDirectory
from lowcode.config import Settings
from lowcode.errors import NotFound
from lowcode.fields.context import Context, Files, NoFiles


def user_actor(directory: PeopleDirectory, user_id: int, settings: Settings) -> Actor:
    """The actor of an active user. Raises :class:`NotFound`."""
    person = directory.people.get(user_id)
    if person is None or not person.entity.active:
        raise NotFound("user.not_found", user=user_id)
    return Actor(
        kind="user",
        user_id=user_id,
        login=person.entity.code,
        name=person.entity.name,
        administrator=person.administrator,
        locale=person.locale or settings.locale,
        organization_ids=person.organization_ids,
        ancestor_ids=directory.above(person.organization_ids),
        group_ids=directory.groups_of(user_id),
        wards=directory.wards_of(person.organization_ids),
    )


def context_for(
    actor: Actor,
    directory: PeopleDirectory,
    settings: Settings,
    *,
    now: datetime | None = None,
    files: Files | None = None,
) -> Context:
    """What the fields may know when this actor asks. People use their own zone, everything else the installation's."""
    person = directory.people.get(actor.user_id) if actor.user_id is not None else None
    return Context(
        now=now or settings.now(),
        zone=_zone(person.zone if person else "", settings.zone),
        locale=actor.locale,
        site_zone=settings.zone,
        site_locale=settings.locale,
        user_id=actor.user_id,
        organization_ids=actor.organization_ids,
        group_ids=actor.group_ids,
        wards=actor.wards,
        directory=directory,
        files=files or NoFiles(),
    )


def _zone(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(name) if name else otherwise
    except (ZoneInfoNotFoundError, ValueError):
        return otherwise  # a zone that this machine does not know any more must not lock the person out
