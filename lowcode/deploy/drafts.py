"""Drafts: what is being changed and nobody uses yet. One per app, kept as it was typed, mistakes and all."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.definition.ids import assign_ids
from lowcode.deploy import versions
from lowcode.deploy.versions import app_drafts
from lowcode.errors import Conflict, NotFound, TooLarge, invalid

MAX_BYTES: t.Final = 4_000_000
"""500 fields with long options and an hour's worth of views stay far below."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft as it is kept."""

    app_id: int
    definition: dict[str, t.Any]
    based_on: int | None
    """The live version that it was begun from."""
    revision: int
    """Counts up with each save; give it back when saving, so that two editors notice each other."""
    updated_at: datetime
    updated_by: int | None


def find_draft(connection: sa.Connection, app_id: int) -> Draft | None:
    """The draft of an app; None when nothing is being changed."""
    row = connection.execute(sa.select(app_drafts).where(app_drafts.c.app_id == app_id)).one_or_none()
    if row is None:
        return None
    return Draft(**{**row._mapping, "definition": orjson.loads(row.definition)})


def load_draft(connection: sa.Connection, app_id: int) -> Draft:
    """The draft of an app, or the live version as a draft that is not saved yet (revision 0).

    :raises NotFound: the app is not there, or has neither.
    """
    found = find_draft(connection, app_id)
    if found is not None:
        return found
    row = versions.app_row(connection, app_id)
    text = versions.live_text(connection, row)
    if text is None:
        raise NotFound("deploy.no_draft", app=app_id)
    return Draft(
        app_id=app_id,
        definition=orjson.loads(text),
        based_on=row.live_version,
        revision=0,
        updated_at=datetime.now(UTC),
        updated_by=None,
    )


def save_draft(
    connection: sa.Connection,
    app_id: int,
    definition: Mapping[str, t.Any],
    actor: Actor,
    *,
    revision: int | None = None,
) -> Draft:
    """Keep ``definition`` as the app's draft; ids are given to what is new in it. Inside a write transaction.

    :param revision: the revision that was edited; None replaces whatever is there.
    :raises Conflict: somebody else saved the draft meanwhile.
    :raises Invalid: it is no JSON object. :raises TooLarge: it is absurdly long.
    """
    if not isinstance(definition, Mapping):
        raise invalid("setting.not_a_map")
    row = versions.app_row(connection, app_id)
    present = find_draft(connection, app_id)
    current = present.revision if present else 0
    if revision is not None and revision != current:
        raise Conflict("deploy.draft_changed", app=row.code)
    live = versions.live_text(connection, row)
    made = assign_ids(definition, orjson.loads(live) if live else None, floor=row.next_id)
    try:
        text = orjson.dumps(made).decode()
    except (TypeError, ValueError):
        raise invalid("definition.not_json") from None
    if len(text) > MAX_BYTES:
        raise TooLarge("deploy.draft_too_large", limit=MAX_BYTES)
    values = {
        "definition": text,
        "revision": current + 1,
        "updated_at": datetime.now(UTC),
        "updated_by": actor.user_id,
    }
    if present is None:
        connection.execute(sa.insert(app_drafts).values(app_id=app_id, based_on=row.live_version, **values))
    else:
        connection.execute(sa.update(app_drafts).where(app_drafts.c.app_id == app_id).values(**values))
    kept = find_draft(connection, app_id)
    if kept is None:
        raise NotFound("deploy.no_draft", app=app_id)
    return kept


def discard_draft(connection: sa.Connection, app_id: int) -> bool:
    """Throw the draft away; whether there was one."""
    return bool(connection.execute(sa.delete(app_drafts).where(app_drafts.c.app_id == app_id)).rowcount)


def rebase_draft(connection: sa.Connection, app_id: int) -> None:
    """Say that the draft is meant to replace the version that is live now, whatever it was begun from."""
    row = versions.app_row(connection, app_id)
    connection.execute(sa.update(app_drafts).where(app_drafts.c.app_id == app_id).values(based_on=row.live_version))
