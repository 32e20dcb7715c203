"""The daily backup: made, read back, and the oldest generation taken away."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Mapping
from types import MappingProxyType

import sqlalchemy as sa

from lowcode import backup, db
from lowcode.backup import keeping
from lowcode.backup.archive import BadArchive
from lowcode.errors import LowcodeError
from lowcode.jobs.queue import LostLease
from lowcode.jobs.running import Handler, Interrupted, JobRun

TELL_SECONDS = 10.0
"""Between two signs of life: well below the lease, and a write transaction each."""


def daily(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``backup.daily``. A failure stands on the administration's page and in ``lowcode doctor``."""
    settings, told = run.services.settings, time.monotonic()

    def progress(part: str, count: int) -> None:
        nonlocal told
        run.check_ending()
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            run.progress(count, message=part)

    try:
        path = keeping.next_path(settings, run.clock())
        made = backup.make(run.services, path, run.actor(), progress=progress)
        report = backup.check(path)
        if report.damage:
            raise BadArchive(part=report.damage[0].part)
    except (Interrupted, LostLease):
        raise
    except Exception as error:
        code, params = (
            (error.code, error.params)
            if isinstance(error, LowcodeError)
            else ("backup.could_not", {"reason": _reason(error)})
        )
        with db.writing(run.services.engine) as connection:
            keeping.note_failure(connection, run.clock(), code, params)
        raise
    with db.writing(run.services.engine) as connection:
        keeping.note_success(connection, made.as_json())
    return {**made.as_json(), "deleted": keeping.thin_out(settings)}


def _reason(error: Exception) -> str:
    """One line without values: a database's error names the statement behind its first line."""
    if isinstance(error, OSError):
        return str(error.strerror or type(error).__name__)
    if isinstance(error, sa.exc.DBAPIError):
        return (str(error.orig).strip().splitlines() or [type(error).__name__])[0]
    return type(error).__name__


KINDS: Mapping[str, Handler] = MappingProxyType({"backup.daily": daily})
