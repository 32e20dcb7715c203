"""The stored versions of apps: which is live, what older ones said, and how a new one is added."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.accounts import audit
from lowcode.definition import codec
from lowcode.definition.schema import AppDefinition
from lowcode.errors import NotFound
from lowcode.fields.base import Field
from lowcode.system import models

apps = models.App.__table__
app_versions = models.AppVersion.__table__
app_drafts = models.AppDraft.__table__


@dataclass(frozen=True, kw_only=True)
class AppRow:
    """An app as the table of apps knows it."""

    id: int
    code: str
    live_version: int | None
    next_id: int
    created_by: int | None


@dataclass(frozen=True, kw_only=True)
class Version:
    """One published version, without its definition."""

    app_id: int
    version: int
    hash: str
    created_at: datetime
    created_by: int | None
    note: str


def app_row(connection: sa.Connection, app: int | str) -> AppRow:
    """The app with this number or code. Raises :class:`NotFound`."""
    by_number = isinstance(app, int) or app.isdecimal()
    condition = apps.c.id == int(app) if by_number else apps.c.code == app
    row = connection.execute(
        sa.select(apps.c.id, apps.c.code, apps.c.live_version, apps.c.next_id, apps.c.created_by).where(
            condition, apps.c.deleted_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        raise NotFound("app.not_found", app=app)
    return AppRow(**row._mapping)


def text_of(connection: sa.Connection, app_id: int, version: int) -> str:
    """The stored text of a version. Raises :class:`NotFound`."""
    found = connection.scalar(
        sa.select(app_versions.c.definition).where(app_versions.c.app_id == app_id, app_versions.c.version == version)
    )
    if found is None:
        raise NotFound("app.version_not_found", app=app_id, version=version)
    return t.cast(str, found)


def definition_of(connection: sa.Connection, app_id: int, version: int) -> AppDefinition:
    """A version as a value. Raises :class:`NotFound`."""
    return codec.loads(text_of(connection, app_id, version))


def live_text(connection: sa.Connection, row: AppRow) -> str | None:
    """The stored text of the live version; None for an app never published."""
    return None if row.live_version is None else text_of(connection, row.id, row.live_version)


def list_versions(connection: sa.Connection, app_id: int) -> tuple[Version, ...]:
    """The published versions of an app, newest first."""
    columns = [app_versions.c[name] for name in ("app_id", "version", "hash", "created_at", "created_by", "note")]
    rows = connection.execute(
        sa.select(*columns).where(app_versions.c.app_id == app_id).order_by(app_versions.c.version.desc())
    )
    return tuple(Version(**row._mapping) for row in rows)


def live_apps(connection: sa.Connection) -> dict[str, tuple[int, int, AppDefinition]]:
    """Every published app by code: number, live version, definition."""
    rows = connection.execute(
        sa.select(apps.c.code, apps.c.id, apps.c.live_version, app_versions.c.definition)
        .join(app_versions, sa.and_(app_versions.c.app_id == apps.c.id, app_versions.c.version == apps.c.live_version))
        .where(apps.c.deleted_at.is_(None))
        .order_by(apps.c.id)
    ).all()
    return {row.code: (row.id, row.live_version, codec.loads(row.definition)) for row in rows}


def known_apps(connection: sa.Connection) -> dict[str, AppDefinition]:
    """The live definitions by app code, as :func:`lowcode.definition.load` wants them."""
    return {code: definition for code, (_, _, definition) in live_apps(connection).items()}


def latest_fields(
    connection: sa.Connection, app_id: int, wanted: frozenset[int]
) -> dict[int, tuple[Field, int | None]]:
    """By id: the field as the newest version that has it says, and the id of the subtable around it."""
    found: dict[int, tuple[Field, int | None]] = {}
    for definition in _newest_first(connection, app_id):
        for field in definition.all_fields:
            if field.id in wanted and field.id not in found:
                home = definition.subtable_of(field.code)
                found[field.id] = (field, home.id if home else None)
        if len(found) == len(wanted):
            break
    return found


def earlier_field(
    connection: sa.Connection, app_id: int, field_id: int, subtable_id: int | None, fits: Callable[[Field], bool]
) -> Field | None:
    """The field as the newest version says in which it stood at this place and ``fits``."""
    for definition in _newest_first(connection, app_id):
        field = definition.by_id(field_id)
        if field is not None and fits(field):
            home = definition.subtable_of(field.code)
            if (home.id if home else None) == subtable_id:
                return field
    return None


def columns_used(connection: sa.Connection, app_id: int) -> frozenset[str]:
    """The first columns of every field of every version: what must never be filled with something else."""
    found: set[str] = set()
    for raw in _texts(connection, app_id):
        for settings in _properties(orjson.loads(raw)):
            found.add(settings.get("column") or f"f{settings.get('id')}")
    return frozenset(found)


def labels_of_columns(connection: sa.Connection, app_id: int) -> dict[str, str]:
    """The label of the field that each column belonged to, as the newest version that had it says."""
    found: dict[str, str] = {}
    for raw in _texts(connection, app_id):
        for settings in _properties(orjson.loads(raw)):
            for name in (settings.get("column") or f"f{settings.get('id')}", f"f{settings.get('id')}"):
                found.setdefault(name, str(settings.get("label", "")))
    return found


def _properties(raw: Mapping[str, t.Any]) -> Iterator[Mapping[str, t.Any]]:
    for settings in raw.get("properties", {}).values():
        yield settings
        if settings.get("type") == "SUBTABLE":
            yield from settings.get("fields", {}).values()


def _texts(connection: sa.Connection, app_id: int) -> Iterator[str]:
    """The stored texts, newest first; one at a time, since old apps have many."""
    numbers = connection.scalars(
        sa.select(app_versions.c.version).where(app_versions.c.app_id == app_id).order_by(app_versions.c.version.desc())
    ).all()
    for number in numbers:
        yield text_of(connection, app_id, number)


def _newest_first(connection: sa.Connection, app_id: int) -> Iterator[AppDefinition]:
    for text in _texts(connection, app_id):
        yield codec.loads(text)


def add_version(connection: sa.Connection, row: AppRow, definition: AppDefinition, actor: Actor, note: str) -> int:
    """Write the next version and make it live; the caller holds the lock and has checked what is live now."""
    newest = connection.scalar(sa.select(sa.func.max(app_versions.c.version)).where(app_versions.c.app_id == row.id))
    number = (newest or 0) + 1
    text = codec.dumps(definition)
    now = datetime.now(UTC)
    before = live_text(connection, row)
    connection.execute(
        sa.insert(app_versions).values(
            app_id=row.id,
            version=number,
            definition=text,
            hash=codec.digest(text),
            created_at=now,
            created_by=actor.user_id,
            note=note,
        )
    )
    connection.execute(
        sa.update(apps)
        .where(apps.c.id == row.id)
        .values(
            live_version=number,
            code=definition.code,
            next_id=sa.case((apps.c.next_id < definition.next_id, definition.next_id), else_=apps.c.next_id),
        )
    )
    old = None if before is None else codec.loads(before)
    details: dict[str, t.Any] = {"version": number, "note": note, "personal": definition.holds_personal_data}
    action = "app.added" if old is None else "app.published"
    audit.note(connection, actor, action, now, target=definition.code, app_id=row.id, details=details)
    if old is not None and (changed := _rights_changed(old, definition)):
        details = {"version": number, "rights": changed}
        audit.note(connection, actor, "app.rights_changed", now, target=definition.code, app_id=row.id, details=details)
    return number


def _rights_changed(before: AppDefinition, after: AppDefinition) -> list[str]:
    """Which of the rights on the app, its records and its fields are others than before."""
    return [name for name in ("app", "record", "field") if getattr(before.acl, name) != getattr(after.acl, name)]
