"""Settings of an import under a name, so that the same file of every morning needs no decisions."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import orjson
import sqlalchemy as sa

from lowcode.errors import NotFound
from lowcode.system import meta

_PREFIX = "import.profile.{app}"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a person decided; None and empty maps leave the decision open."""

    key: str | None = None
    mode: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    years: Mapping[str, int] = field(default_factory=dict)
    serial: bool = False
    bad_cells: t.Literal["fail", "empty"] | None = None
    note_field: str | None = None
    reading: Mapping[str, t.Any] = field(default_factory=dict)
    """Arguments of :func:`lowcode.transfer.tabular.inspect`."""

    def with_(self, other: Profile) -> Profile:
        """These settings, where ``other`` says nothing else."""
        return Profile(
            key=other.key or self.key,
            mode=other.mode or self.mode,
            overrides={**self.overrides, **other.overrides},
            years={**self.years, **other.years},
            serial=self.serial or other.serial,
            bad_cells=other.bad_cells or self.bad_cells,
            note_field=other.note_field or self.note_field,
            reading={**self.reading, **other.reading},
        )


def names(connection: sa.Connection, app_id: int) -> list[str]:
    """The profiles of an app."""
    return sorted(_all(connection, app_id))


def load(connection: sa.Connection, app_id: int, name: str) -> Profile:
    """One profile. Raises :class:`NotFound`."""
    found = _all(connection, app_id).get(name)
    if found is None:
        raise NotFound("transfer.no_such_profile", name=name)
    return Profile(**found)


def save(connection: sa.Connection, app_id: int, name: str, profile: Profile) -> None:
    """Keep a profile, in place of an older one of the same name."""
    kept = {**_all(connection, app_id), name: asdict(profile)}
    meta.write(connection, _PREFIX.format(app=app_id), orjson.dumps(kept).decode())


def _all(connection: sa.Connection, app_id: int) -> dict[str, dict[str, t.Any]]:
    stored = meta.everything(connection).get(_PREFIX.format(app=app_id))
    return t.cast(dict[str, dict[str, t.Any]], orjson.loads(stored)) if stored else {}


__all__ = ["Profile", "load", "names", "save"]
