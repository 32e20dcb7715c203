"""Which function does which kind of job."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lowcode.errors import NotFound
from lowcode.jobs import backups, exports, imports, previews, searching, upkeep
from lowcode.jobs.running import Handler

KINDS: Mapping[str, Handler] = MappingProxyType(
    {
        "records.import": imports.run_import,
        "records.undo": imports.run_undo,
        "records.export": exports.run_export,
        "app.from_file": imports.run_app_from_file,
        "files.preview": previews.run_preview,
        **searching.KINDS,
        **upkeep.KINDS,
        **backups.KINDS,
    }
)


def handler(kind: str) -> Handler:
    """The function of a kind. Raises :class:`NotFound`."""
    found = KINDS.get(kind)
    if found is None:
        raise NotFound("jobs.unknown_kind", kind=kind)
    return found
