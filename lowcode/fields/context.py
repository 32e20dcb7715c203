"""What a field type may know about the world: the clock, the reader, names of people, files, other apps.

Everything is a small protocol, so that ``fields`` imports nothing above itself and tests hand in plain objects.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

Value = t.Any
"""A field's value in memory: ``None`` is empty; the types are listed in ``docs/field-types.md``."""


@dataclass(frozen=True)
class Entity:
    """A user, organisation or group as others see it."""

    kind: t.Literal["USER", "ORGANIZATION", "GROUP"]
    id: int
    code: str
    name: str
    active: bool = True


@dataclass(frozen=True)
class FileRef:
    """An attachment: immutable once stored, so its name and size may be kept beside the key."""

    key: str
    name: str
    content_type: str
    size: int


class Directory(t.Protocol):
    """People by id and by code."""

    def by_id(self, kind: str, id: int) -> Entity | None: ...
    def by_code(self, kind: str, code: str) -> Entity | None: ...
    def members(self, kind: str, id: int, *, below: bool = True) -> frozenset[int]:
        """Ids of the active users in a group or an organisation, by default with the organisations below."""
        ...

    def below(self, id: int) -> frozenset[int]:
        """Ids of the organisations under an organisation, without itself."""
        ...

    def choices(self, kind: str, limit: int) -> Sequence[Entity]:
        """The first ``limit`` active users, organisations or groups, in the order people expect."""
        ...


class Files(t.Protocol):
    """Attachments that the actor may attach."""

    def get(self, key: str) -> FileRef | None: ...


class Tables(t.Protocol):
    """The tables of one app, or of one subtable inside it."""

    @property
    def main(self) -> sa.Table: ...

    @property
    def search(self) -> sa.Table | None:
        """Folded text by field id (column ``f<id>``), one row per row of ``main`` (column ``id``)."""
        ...

    def side(self, field_id: int) -> sa.Table:
        """The side table of a many-valued field: ``record_id``, ``position``, ``value``."""
        ...


class EmptyDirectory:
    """A directory without anybody."""

    def by_id(self, kind: str, id: int) -> Entity | None:
        return None

    def by_code(self, kind: str, code: str) -> Entity | None:
        return None

    def members(self, kind: str, id: int, *, below: bool = True) -> frozenset[int]:
        return frozenset()

    def below(self, id: int) -> frozenset[int]:
        return frozenset()

    def choices(self, kind: str, limit: int) -> Sequence[Entity]:
        return ()


class NoFiles:
    """A file store without files."""

    def get(self, key: str) -> FileRef | None:
        return None


@dataclass(frozen=True, kw_only=True)
class Context:
    """Who asks, when, where and in which language: handed to every method of a field."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    zone: ZoneInfo = ZoneInfo("Asia/Tokyo")
    locale: str = "ja"
    site_zone: ZoneInfo | None = None
    """The installation's zone, where it differs from the reader's; see :attr:`stored`."""
    site_locale: str = "ja"
    user_id: int | None = None
    organization_ids: Sequence[int] = ()
    """The user's organisations, the primary one first."""
    group_ids: Sequence[int] = ()
    wards: tuple[str, ...] = ()
    """Names of the wards that the user's organisations serve."""
    directory: Directory = field(default_factory=EmptyDirectory)
    files: Files = field(default_factory=NoFiles)
    app_id: int | None = None
    app_code: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    previews: bool = False
    """Whether small pictures of attachments can be asked for."""

    @property
    def today(self) -> date:
        """The date of ``now`` in the reader's zone."""
        return self.now.astimezone(self.zone).date()

    @property
    def stored(self) -> Context:
        """The context for values that are derived and kept (formulas, numbers, search text): the installation's
        zone and language, so that what is stored does not depend on who saves."""
        if self.site_zone in (None, self.zone) and self.site_locale == self.locale:
            return self
        return replace(self, zone=self.site_zone or self.zone, locale=self.site_locale)


NOBODY = Context(now=datetime(1970, 1, 1, tzinfo=UTC))
"""A context for what needs none: nobody asks, and the clock stands still."""
