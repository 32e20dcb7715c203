"""``/metrics`` for Prometheus: requests by area and status, how long they took, jobs, the last backup's age.

The text format: https://prometheus.io/docs/instrumenting/exposition_formats/. Counters lie in memory that the server's
first process shares with every worker it forks, so that one answer has the sum of them all, a worker that ends takes
nothing along, and nothing is left behind when the server ends.
"""

from __future__ import annotations

import bisect
import fcntl
import ipaddress
import mmap
import os
import struct
import tempfile
import threading
import time
import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime

import flask
import orjson
import sqlalchemy as sa

from lowcode import __version__, db
from lowcode.accounts import checks
from lowcode.errors import Forbidden
from lowcode.system import meta, models
from lowcode.web import auth, state

AREAS: t.Final = ("static", "pages", "setup", "runtime", "designer", "admin", "api", "other")
"""The packages of screens. Addresses themselves would give Prometheus a series for every app and record."""
STATUSES: t.Final = ("1xx", "2xx", "3xx", "4xx", "5xx")
BOUNDS: t.Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets in seconds; one more is without a bound."""
_TIMES: t.Final = len(STATUSES)
_SUM: t.Final = _TIMES + len(BOUNDS) + 1
_WIDTH: t.Final = _SUM + 1
_NUMBER: t.Final = struct.Struct("=q")
_FORWARDED: t.Final = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
blueprint = flask.Blueprint("metrics", __name__)
EXTENSION = "lowcode.meter"


class Meter:
    """Counters of one server, shared by the processes that are forked after it is made."""

    def __init__(self) -> None:
        # No name and no file left behind. The kernel drops the lock of a process that is killed in the middle.
        self._file, path = tempfile.mkstemp(prefix="lowcode-metrics-")
        os.unlink(path)
        size = len(AREAS) * _WIDTH * _NUMBER.size
        os.ftruncate(self._file, size)
        self._memory = mmap.mmap(self._file, size)
        self._threads = threading.Lock()

    def count(self, area: str, status: int, seconds: float) -> None:
        """One request more."""
        row = AREAS.index(area if area in AREAS else "other")
        kind = min(max(status // 100, 1), len(STATUSES)) - 1
        added = ((kind, 1), (_TIMES + bisect.bisect_left(BOUNDS, seconds), 1), (_SUM, round(seconds * 1_000_000)))
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                for column, more in added:
                    place = (row * _WIDTH + column) * _NUMBER.size
                    number = _NUMBER.unpack_from(self._memory, place)[0]
                    _NUMBER.pack_into(self._memory, place, number + more)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def lines(self) -> Iterator[str]:
        """The counters as text."""
        numbers = [number for (number,) in _NUMBER.iter_unpack(self._memory[:])]
        rows = {area: numbers[at * _WIDTH : (at + 1) * _WIDTH] for at, area in enumerate(AREAS)}
        yield "# HELP lowcode_requests_total Answered requests by area and status."
        yield "# TYPE lowcode_requests_total counter"
        for area, row in rows.items():
            for status, number in zip(STATUSES, row, strict=False):
                if number:
                    yield f'lowcode_requests_total{{area="{area}",status="{status}"}} {number}'
        yield "# HELP lowcode_request_seconds Time until an answer began."
        yield "# TYPE lowcode_request_seconds histogram"
        for area, row in rows.items():
            upto, bounds = 0, (*map(str, BOUNDS), "+Inf")
            for bound, number in zip(bounds, row[_TIMES:_SUM], strict=True):
                upto += number
                yield f'lowcode_request_seconds_bucket{{area="{area}",le="{bound}"}} {upto}'
            yield f'lowcode_request_seconds_sum{{area="{area}"}} {row[_SUM] / 1_000_000}'
            yield f'lowcode_request_seconds_count{{area="{area}"}} {upto}'


_shared: Meter | None = None
_making = threading.Lock()


def shared() -> Meter:
    """The meter of this process and of those forked from it; the server asks for it before it forks."""
    global _shared
    with _making:
        if _shared is None:
            _shared = Meter()
        return _shared


def register(app: flask.Flask) -> None:
    """Count every request of ``app``. Before all others, so that their time is counted, too."""
    app.extensions[EXTENSION] = shared()
    app.before_request(_begin)
    app.after_request(_end)
    app.register_blueprint(blueprint)


def _begin() -> None:
    flask.g.began = time.perf_counter()


def _end(response: flask.Response) -> flask.Response:
    began: float | None = flask.g.get("began")
    if began is not None:
        # A blueprint is named after its package, as ``api_v1`` is.
        outermost = [flask.request.endpoint or "", *flask.request.blueprints][-1]
        meter: Meter = flask.current_app.extensions[EXTENSION]
        meter.count(outermost.partition("_")[0], response.status_code, time.perf_counter() - began)
    return response


@blueprint.get("/metrics")
@auth.public
def show() -> flask.Response:
    """For this machine, the addresses of ``LOWCODE_METRICS_FROM`` and administrators."""
    if not _from_allowed_address():
        actor = state.find_actor()
        if actor is None:
            raise Forbidden()
        checks.require_administrator(actor)
    meter: Meter = flask.current_app.extensions[EXTENSION]
    lines = [*meter.lines(), *_of_database()]
    return flask.Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _from_allowed_address() -> bool:
    settings, request = state.services().settings, flask.request
    if request.remote_addr not in settings.trusted_proxies and any(name in request.headers for name in _FORWARDED):
        return False  # a proxy that nobody told us of: the address is its own and says nothing of who asks
    try:
        address = ipaddress.ip_address(state.address())
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_loopback or any(address in network for network in settings.metrics_from)


def _of_database() -> Iterator[str]:
    jobs = models.Job.__table__
    with db.reading(state.services().engine) as connection:
        statement = sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state)
        counts: dict[str, int] = dict(map(tuple, connection.execute(statement)))
        facts = meta.everything(connection)
    yield "# HELP lowcode_build_info The release that answers."
    yield "# TYPE lowcode_build_info gauge"
    yield f'lowcode_build_info{{version="{__version__}"}} 1'
    yield "# HELP lowcode_jobs Jobs by state; finished ones are kept for 90 days."
    yield "# TYPE lowcode_jobs gauge"
    for name in ("waiting", "running", "done", "failed", "stopped"):
        yield f'lowcode_jobs{{state="{name}"}} {counts.get(name, 0)}'
    yield from _of_backup(facts)


def _of_backup(facts: Mapping[str, str]) -> Iterator[str]:
    yield "# HELP lowcode_backup_failed Whether the newest backup failed."
    yield "# TYPE lowcode_backup_failed gauge"
    yield f"lowcode_backup_failed {int(meta.FAILED_BACKUP in facts)}"
    if meta.LAST_BACKUP in facts:
        made = datetime.fromisoformat(orjson.loads(facts[meta.LAST_BACKUP])["made_at"])
        age = (state.services().settings.now() - made).total_seconds()
        yield "# HELP lowcode_backup_age_seconds Since the newest backup that succeeded; absent before the first."
        yield "# TYPE lowcode_backup_age_seconds gauge"
        yield f"lowcode_backup_age_seconds {age:.0f}"
