"""The live apps as one transaction sees them, cached by (app, version).

Nothing is ever invalidated: a transaction first reads which version of each app is live (one statement), and
definitions and tables are looked up by that version. Two workers can never disagree about a version they have.
"""

from __future__ import annotations

import threading
import typing as t
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.definition import codec
from lowcode.definition.schema import AppDefinition
from lowcode.errors import NotFound
from lowcode.fields.lookup import LookupField
from lowcode.fields.rollup import RollupField
from lowcode.fields.subtable import SubtableField
from lowcode.records.tables import AppTables, tables_for
from lowcode.system import models

CACHED_VERSIONS = 500
_apps = models.App.__table__
LIVE_APPS = sa.select(_apps.c.id, _apps.c.code, _apps.c.live_version, _apps.c.search_ready).where(
    _apps.c.deleted_at.is_(None), _apps.c.live_version.is_not(None)
)
"""Every transaction begins with this statement, so it is built once."""


@dataclass(frozen=True, eq=False)
class LiveApp:
    """One version of one app, ready for work."""

    id: int
    code: str
    version: int
    definition: AppDefinition
    tables: AppTables


@dataclass(frozen=True)
class Dependent:
    """A field of another app that is derived from records of this one."""

    app_id: int
    field_code: str
    kind: t.Literal["rollup", "lookup"]


class Catalog:
    """Loads and caches app versions; one per process, safe to share between threads."""

    def __init__(self) -> None:
        self._versions: OrderedDict[tuple[int, int], LiveApp] = OrderedDict()
        self._links: tuple[t.Any, Mapping[str, tuple[Dependent, ...]]] | None = None
        self._groups: tuple[t.Any, Mapping[int, int]] | None = None
        self._lock = threading.Lock()

    def snapshot(self, connection: sa.Connection) -> Snapshot:
        """The live apps of the transaction that ``connection`` is in."""
        rows = connection.execute(LIVE_APPS).all()
        indexed = frozenset(r.id for r in rows if r.search_ready)
        return Snapshot(self, connection, {r.id: (r.code, r.live_version) for r in rows}, indexed)

    def version(self, connection: sa.Connection, app_id: int, code: str, version: int) -> LiveApp:
        """One version of an app, from the cache or the database. Raises :class:`NotFound`."""
        key = (app_id, version)
        with self._lock:
            found = self._versions.get(key)
            if found is not None:
                self._versions.move_to_end(key)
                return found
        versions = models.AppVersion.__table__
        stored = connection.scalar(
            sa.select(versions.c.definition).where(versions.c.app_id == app_id, versions.c.version == version)
        )
        if stored is None:
            raise NotFound("app.version_not_found", app=app_id, version=version)
        definition = codec.loads(stored)
        live = LiveApp(app_id, code, version, definition, tables_for(app_id, definition))
        with self._lock:
            self._versions[key] = live
            while len(self._versions) > CACHED_VERSIONS:
                self._versions.popitem(last=False)
        return live

    def links(self, snapshot: Snapshot) -> Mapping[str, tuple[Dependent, ...]]:
        """By app code: the fields of all live apps that are derived from its records."""
        key = tuple(sorted((i, version) for i, (_, version) in snapshot.live.items()))
        cached = self._links
        if cached is not None and cached[0] == key:
            return cached[1]
        found: dict[str, list[Dependent]] = {}
        for app_id in sorted(snapshot.live):
            for field in snapshot.app(app_id).definition.fields:
                if isinstance(field, RollupField):
                    source = field.rollup.related_app.code
                    found.setdefault(source, []).append(Dependent(app_id, field.code, "rollup"))
                elif isinstance(field, LookupField) and field.lookup.freshness == "FRESH":
                    source = field.lookup.related_app.code
                    found.setdefault(source, []).append(Dependent(app_id, field.code, "lookup"))
        links = {code: tuple(fields) for code, fields in found.items()}
        self._links = (key, links)
        return links

    def groups(self, snapshot: Snapshot) -> Mapping[int, int]:
        """By app number: the least number among the apps it is linked with, directly or through others."""
        links = self.links(snapshot)
        cached = self._groups
        if cached is not None and cached[0] is links:
            return cached[1]
        edges = [
            (snapshot.app(code).id, d.app_id) for code, found in links.items() if snapshot.find(code) for d in found
        ]
        groups: dict[int, int] = {app_id: app_id for edge in edges for app_id in edge}
        for _ in edges:
            for one, other in edges:
                groups[one] = groups[other] = min(groups[one], groups[other])
        self._groups = (links, groups)
        return groups


class Snapshot:
    """Which version of each app is live inside one transaction."""

    def __init__(
        self,
        catalog: Catalog,
        connection: sa.Connection,
        live: Mapping[int, tuple[str, int]],
        indexed: frozenset[int] = frozenset(),
    ) -> None:
        self._catalog, self._connection, self.live, self.indexed = catalog, connection, live, indexed
        self._ids = {code: app_id for app_id, (code, _) in live.items()}

    def app(self, app: int | str) -> LiveApp:
        """A live app by number or code. Raises :class:`NotFound`."""
        found = self.find(app)
        if found is None:
            raise NotFound("app.not_found", app=app)
        return found

    def find(self, app: int | str) -> LiveApp | None:
        """A live app by number or code, or None when it is not installed."""
        if isinstance(app, str) and app.isdecimal() and len(app) > 18:
            return None  # no number of ours; a longer one may not even be read
        app_id = self._ids.get(app) if isinstance(app, str) and not app.isdecimal() else int(app)
        if app_id is None or app_id not in self.live:
            return None
        code, version = self.live[app_id]
        return self._catalog.version(self._connection, app_id, code, version)

    def group(self, app: LiveApp) -> int | None:
        """The name of the group of apps that derive values from each other; None for an app without such links."""
        return self._catalog.groups(self).get(app.id)

    def all(self) -> list[LiveApp]:
        """Every live app, by number."""
        return [self.app(app_id) for app_id in sorted(self.live)]

    def dependents(self, app: LiveApp) -> tuple[Dependent, ...]:
        """Fields of other apps (or of this one) that are derived from records of ``app``."""
        return self._catalog.links(self).get(app.code, ())


def subtables(definition: AppDefinition) -> tuple[SubtableField, ...]:
    """The subtables of a definition, in order."""
    return tuple(f for f in definition.fields if isinstance(f, SubtableField))
