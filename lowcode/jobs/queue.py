"""The rows of jobs. A row is the truth: it is written with its cause, leased to one worker at a time, and tells how
far the work is. Every function is told what time it is, so that tests need no waiting.

::

    waiting ──take──▶ running ──finish──▶ done | failed | stopped
       ▲                 │
       └──── sweep ◀─────┘  (the lease ran out: its worker is gone)
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import audit
from lowcode.errors import Invalid, LowcodeError, NotFound
from lowcode.system import models

LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 5
RETRY = timedelta(seconds=30)
State = t.Literal["waiting", "running", "done", "failed", "stopped"]
ENDED = ("done", "failed", "stopped")
_jobs = models.Job.__table__


class LostLease(LowcodeError):
    """Somebody else works on the job by now; whatever this worker was about to commit is rolled back."""

    default_code = "jobs.lost_lease"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row."""

    id: int
    kind: str
    payload: Mapping[str, t.Any]
    state: State
    run_at: datetime
    lease_until: datetime | None
    leased_by: str | None
    attempts: int
    progress: int
    total: int | None
    message: str
    result: Mapping[str, t.Any] | None
    error: Mapping[str, t.Any] | None
    stop_requested: bool
    app_id: int | None
    actor_id: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED

    @property
    def percent(self) -> int | None:
        """How far it is, where that is known."""
        if self.state == "done":
            return 100
        return min(99, self.progress * 100 // self.total) if self.total else None


def _job(row: t.Any) -> Job:
    values = {name: getattr(row, name) for name in Job.__dataclass_fields__}
    for name in ("payload", "result", "error"):
        values[name] = orjson.loads(values[name]) if values[name] else ({} if name == "payload" else None)
    return Job(**values)


_COLUMNS = [_jobs.c[name] for name in Job.__dataclass_fields__]


def add(
    connection: sa.Connection,
    kind: str,
    payload: Mapping[str, t.Any],
    now: datetime,
    *,
    by: Actor | None = None,
    app_id: int | None = None,
    unique_key: str | None = None,
    run_at: datetime | None = None,
    total: int | None = None,
    leased_by: str | None = None,
) -> int:
    """A new job, in the transaction of its cause. Returns its number.

    :param by: who asked for it; the audit log then tells of it. Without anybody it is the system's own upkeep.
    :param unique_key: while a job with this key waits or runs, its number is returned instead of a second job.
    :param leased_by: the caller works on it at once; it is taken from the start.
    """
    if unique_key is not None:
        present = connection.scalar(
            sa.select(_jobs.c.id).where(_jobs.c.unique_key == unique_key, _jobs.c.state.in_(("waiting", "running")))
        )
        if present is not None:
            return int(present)
    taken = {"state": "running", "leased_by": leased_by, "lease_until": now + LEASE, "attempts": 1, "started_at": now}
    statement = sa.insert(_jobs).values(
        kind=kind,
        payload=_packed(payload),
        unique_key=unique_key,
        run_at=run_at or now,
        actor_id=None if by is None else by.user_id,
        app_id=app_id,
        total=total,
        created_at=now,
        **(taken if leased_by else {"state": "waiting"}),
    )
    if unique_key is None:
        number = _inserted(connection, statement)
    else:
        try:
            with connection.begin_nested():
                number = _inserted(connection, statement)
        except sa.exc.IntegrityError:
            # Two came at once; the other's job does the same work.
            found = connection.scalar(
                sa.select(_jobs.c.id).where(_jobs.c.unique_key == unique_key).order_by(_jobs.c.id.desc()).limit(1)
            )
            return int(found or 0)
    if by is not None:
        audit.note(connection, by, "job.added", now, target=f"job/{number}", app_id=app_id, details={"kind": kind})
    return number


def _inserted(connection: sa.Connection, statement: sa.Insert) -> int:
    key = connection.execute(statement).inserted_primary_key
    return int(key[0]) if key else 0


def find(connection: sa.Connection, job_id: int) -> Job:
    """One job. Raises :class:`NotFound`."""
    row = connection.execute(sa.select(*_COLUMNS).where(_jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound("jobs.not_found", job=job_id)
    return _job(row)


def listed(
    connection: sa.Connection,
    *,
    app_id: int | None = None,
    actor_id: int | None = None,
    kind: str | None = None,
    limit: int = 50,
) -> list[Job]:
    """The newest jobs, narrowed by what is given."""
    wanted = {"app_id": app_id, "actor_id": actor_id, "kind": kind}
    conditions = [_jobs.c[name] == value for name, value in wanted.items() if value is not None]
    rows = connection.execute(sa.select(*_COLUMNS).where(*conditions).order_by(_jobs.c.id.desc()).limit(limit))
    return [_job(row) for row in rows]


def any_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether a job can be taken; a read, so that idle workers never take SQLite's write lock."""
    return (
        connection.scalar(
            sa.select(sa.literal(1))
            .select_from(_jobs)
            .where(_jobs.c.state == "waiting", _jobs.c.run_at <= now)
            .limit(1)
        )
        is not None
    )


def take(engine: sa.Engine, worker: str, now: datetime) -> Job | None:
    """Lease the job that has waited longest, in a transaction of its own; None when none is due."""
    with db.writing(engine) as connection:
        chosen = (
            sa.select(_jobs.c.id)
            .where(_jobs.c.state == "waiting", _jobs.c.run_at <= now)
            .order_by(_jobs.c.run_at, _jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = connection.execute(
            sa.update(_jobs)
            .where(_jobs.c.id == chosen.scalar_subquery(), _jobs.c.state == "waiting")
            .values(
                state="running",
                leased_by=worker,
                lease_until=now + LEASE,
                attempts=_jobs.c.attempts + 1,
                started_at=sa.func.coalesce(_jobs.c.started_at, sa.bindparam("now", now, type_=db.UtcDateTime())),
            )
            .returning(*_COLUMNS)
        ).one_or_none()
        return None if row is None else _job(row)


def note(
    connection: sa.Connection,
    job_id: int,
    worker: str,
    now: datetime,
    *,
    progress: int | None = None,
    total: int | None = None,
    message: str | None = None,
    result: Mapping[str, t.Any] | None = None,
) -> None:
    """Say how far the work is, and hold the lease longer; part of the caller's transaction.

    :raises LostLease: the job is no longer this worker's, so this transaction must not be committed.
    """
    values: dict[str, t.Any] = {"lease_until": now + LEASE}
    values |= {k: v for k, v in (("progress", progress), ("total", total), ("message", message)) if v is not None}
    if result is not None:
        values["result"] = _packed(result)
    done = connection.execute(
        sa.update(_jobs)
        .where(_jobs.c.id == job_id, _jobs.c.leased_by == worker, _jobs.c.state == "running")
        .values(**values)
    )
    if done.rowcount != 1:
        raise LostLease(job=job_id)


def finish(
    connection: sa.Connection,
    job_id: int,
    worker: str,
    now: datetime,
    state: State,
    *,
    result: Mapping[str, t.Any] | None = None,
    error: Mapping[str, t.Any] | None = None,
) -> None:
    """The end of a job. Raises :class:`LostLease`."""
    values: dict[str, t.Any] = {
        "state": state,
        "finished_at": now,
        "lease_until": None,
        "leased_by": None,
        "error": None if error is None else _packed(error),
    }
    if result is not None:
        values["result"] = _packed(result)
    done = connection.execute(
        sa.update(_jobs)
        .where(_jobs.c.id == job_id, _jobs.c.leased_by == worker, _jobs.c.state == "running")
        .values(**values)
    )
    if done.rowcount != 1:
        raise LostLease(job=job_id)


def again(connection: sa.Connection, job_id: int, worker: str, now: datetime, error: Mapping[str, t.Any]) -> None:
    """Let a job that met a passing trouble wait and try again, until it has tried often enough."""
    attempts = connection.scalar(sa.select(_jobs.c.attempts).where(_jobs.c.id == job_id)) or 0
    if attempts >= MAX_ATTEMPTS:
        finish(connection, job_id, worker, now, "failed", error=error)
        return
    connection.execute(
        sa.update(_jobs)
        .where(_jobs.c.id == job_id, _jobs.c.leased_by == worker, _jobs.c.state == "running")
        .values(
            state="waiting",
            leased_by=None,
            lease_until=None,
            run_at=now + RETRY * 2 ** (attempts - 1),
            error=_packed(error),
        )
    )


def release(connection: sa.Connection, job_id: int, worker: str, now: datetime) -> None:
    """Give a job back that was interrupted by the worker's own end: the next worker goes on."""
    connection.execute(
        sa.update(_jobs)
        .where(_jobs.c.id == job_id, _jobs.c.leased_by == worker, _jobs.c.state == "running")
        .values(state="waiting", leased_by=None, lease_until=None, run_at=now, attempts=_jobs.c.attempts - 1)
    )


def ask_to_stop(connection: sa.Connection, job_id: int, now: datetime) -> None:
    """Ask a job to stop: a waiting one never begins, a running one ends after its present batch."""
    connection.execute(
        sa.update(_jobs)
        .where(_jobs.c.id == job_id, _jobs.c.state == "waiting")
        .values(state="stopped", finished_at=now, stop_requested=True)
    )
    connection.execute(
        sa.update(_jobs).where(_jobs.c.id == job_id, _jobs.c.state == "running").values(stop_requested=True)
    )


def stop_requested(connection: sa.Connection, job_id: int) -> bool:
    """Whether somebody wants the job to stop."""
    return bool(connection.scalar(sa.select(_jobs.c.stop_requested).where(_jobs.c.id == job_id)))


def sweep(connection: sa.Connection, now: datetime) -> int:
    """Let jobs whose lease has run out wait again, or fail when that happened too often. Returns how many."""
    lapsed = sa.and_(_jobs.c.state == "running", _jobs.c.lease_until < now)
    given_up = connection.execute(
        sa.update(_jobs)
        .where(lapsed, _jobs.c.attempts >= MAX_ATTEMPTS)
        .values(
            state="failed",
            finished_at=now,
            leased_by=None,
            lease_until=None,
            error=_packed({"code": "jobs.gave_up", "params": {"attempts": MAX_ATTEMPTS}}),
        )
    )
    waiting = connection.execute(
        sa.update(_jobs).where(lapsed).values(state="waiting", leased_by=None, lease_until=None, run_at=now)
    )
    return int(given_up.rowcount) + int(waiting.rowcount)


def forget(connection: sa.Connection, before: datetime) -> int:
    """Delete jobs that ended long ago. Imports stay: undoing one needs its row."""
    done = connection.execute(
        sa.delete(_jobs).where(_jobs.c.state.in_(ENDED), _jobs.c.finished_at < before, _jobs.c.kind != "records.import")
    )
    return int(done.rowcount)


def described(error: BaseException) -> dict[str, t.Any]:
    """An error as a job's row keeps it: code, parameters and, for an :class:`Invalid`, every problem."""
    if isinstance(error, Invalid):
        problems = [{"code": p.code, "path": list(p.path), "params": _plain(p.params)} for p in error.problems[:200]]
        first = error.problems[0]
        return {"code": first.code, "params": _plain(first.params), "problems": problems}
    if isinstance(error, LowcodeError):
        return {"code": error.code, "params": _plain(error.params)}
    # Details of a surprise belong in the log, not in a row that people read.
    return {"code": "jobs.unexpected", "params": {"kind": type(error).__name__}}


def _plain(params: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {k: v if v is None or isinstance(v, str | int | float | bool) else str(v) for k, v in params.items()}


def _packed(value: Mapping[str, t.Any]) -> str:
    return orjson.dumps(value, default=str).decode()


__all__ = [
    "LEASE",
    "MAX_ATTEMPTS",
    "Job",
    "LostLease",
    "State",
    "add",
    "again",
    "any_due",
    "ask_to_stop",
    "described",
    "find",
    "finish",
    "forget",
    "listed",
    "note",
    "release",
    "stop_requested",
    "sweep",
    "take",
]
