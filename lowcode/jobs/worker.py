"""The worker: takes due jobs one after the other, delivers the outbox, keeps the schedule.

There is no message broker: an idle worker looks for due rows once a second (see docs/decisions).
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import typing as t
from datetime import datetime, timedelta

import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import audit
from lowcode.errors import Busy, LowcodeError
from lowcode.jobs import outbox, queue, schedule
from lowcode.jobs.kinds import handler
from lowcode.jobs.queue import Job, LostLease
from lowcode.jobs.running import Clock, Interrupted, JobRun, Stopped
from lowcode.services import Services

POLL_SECONDS = 1.0
SWEEP_EVERY = timedelta(seconds=30)
log = logging.getLogger(__name__)


class Worker:
    """One worker of one process."""

    def __init__(self, services: Services, *, name: str = "", clock: Clock | None = None) -> None:
        self.services = services
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self.clock: Clock = clock or services.settings.now
        self.ending = threading.Event()
        self._swept: datetime | None = None

    def run(self) -> None:
        """Work until :attr:`ending` is set."""
        log.info("worker %s begins", self.name)
        while not self.ending.is_set():
            try:
                busy = self.step()
            except sa.exc.OperationalError as error:
                # The database is restarted or locked for long; the rows are all still there.
                log.warning("the database does not answer: %s", str(error.orig).splitlines()[0])
                busy = False
            if not busy:
                self.ending.wait(POLL_SECONDS)
        log.info("worker %s ends", self.name)

    def step(self) -> bool:
        """Do what is due now, at most one job; whether there was anything to do."""
        now = self.clock()
        if self._swept is None or now - self._swept >= SWEEP_EVERY:
            with db.writing(self.services.engine) as connection:
                queue.sweep(connection, now)
                schedule.add_due(connection, now, starting=self._swept is None)
            self._swept = now
        delivered = outbox.deliver(self.services, now)
        with db.reading(self.services.engine) as connection:
            due = queue.any_due(connection, now)
        job = queue.take(self.services.engine, self.name, now) if due else None
        if job is None:
            return delivered > 0
        self.work(job)
        return True

    def run_due(self, limit: int = 1000) -> int:
        """Do everything that is due (for commands and tests). Returns how many jobs ran."""
        count = 0
        while count < limit:
            job = queue.take(self.services.engine, self.name, self.clock())
            if job is None:
                return count
            self.work(job)
            count += 1
        return count

    def work(self, job: Job) -> None:
        """Do a job that is leased to this worker; its row says how it went, nothing is raised."""
        run = JobRun(self.services, job, self.name, self.clock, self.ending.is_set)
        try:
            result = handler(job.kind)(run)
            self._end(job, "done", result=result)
        except Interrupted:
            with db.writing(self.services.engine) as connection:
                queue.release(connection, job.id, self.name, self.clock())
        except Stopped as stopped:
            self._end(job, "stopped", result=stopped.result)
        except LostLease:
            log.warning("job %s is somebody else's by now", job.id)
        except (Busy, sa.exc.OperationalError) as error:
            log.warning("job %s tries again: %s", job.id, error)
            with db.writing(self.services.engine) as connection:
                queue.again(connection, job.id, self.name, self.clock(), queue.described(error))
        except LowcodeError as error:
            self._end(job, "failed", error=queue.described(error))
        except Exception as error:
            # One broken job must not end the worker; the row says that something unexpected happened.
            log.exception("job %s (%s) failed", job.id, job.kind)
            self._end(job, "failed", error=queue.described(error))

    def _end(self, job: Job, state: queue.State, **what: t.Any) -> None:
        try:
            with db.writing(self.services.engine) as connection:
                queue.finish(connection, job.id, self.name, self.clock(), state, **what)
                self._tell(connection, job, state, what.get("error"))
        except LostLease:
            log.warning("job %s is somebody else's by now", job.id)

    def _tell(
        self, connection: sa.Connection, job: Job, state: queue.State, error: t.Mapping[str, t.Any] | None
    ) -> None:
        """Have the audit log tell how a job ended that somebody asked for, and any that failed."""
        asked = job.actor_id is not None or "token" in job.payload
        if not asked and state != "failed":
            return
        try:
            actor = JobRun(self.services, job, self.name, self.clock).actor()
        except LowcodeError:
            actor = Actor(kind="user", user_id=job.actor_id)  # gone meanwhile
        details = {"kind": job.kind} | ({"error": error.get("code")} if error else {})
        target = f"job/{job.id}"
        audit.note(connection, actor, f"job.{state}", self.clock(), target=target, app_id=job.app_id, details=details)


def run(services: Services) -> None:
    """Work off jobs until SIGTERM or SIGINT; a job in progress is given back between two batches."""
    worker = Worker(services)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: worker.ending.set())
    worker.run()


def run_worker(services: Services, *, clock: Clock | None = None, ending: threading.Event | None = None) -> None:
    """The same inside a thread: ends when ``ending`` is set."""
    worker = Worker(services, clock=clock)
    if ending is not None:
        worker.ending = ending
    worker.run()


def work_now(services: Services, job_id: int, name: str, *, clock: Clock | None = None) -> Job:
    """Do a job that was added with ``leased_by=name`` here and now (a command). Returns its row afterwards."""
    worker = Worker(services, name=name, clock=clock)
    with db.reading(services.engine) as connection:
        job = queue.find(connection, job_id)
    worker.work(job)
    with db.reading(services.engine) as connection:
        return queue.find(connection, job_id)


__all__ = ["Worker", "run", "run_worker", "work_now"]
