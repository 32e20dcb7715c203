"""What a job's function is given: its row, the services, and ways to say how far it is."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import tokens
from lowcode.jobs import queue
from lowcode.jobs.queue import Job
from lowcode.services import Services

Clock = Callable[[], datetime]


@dataclass
class JobRun:
    """One job in the hands of one worker."""

    services: Services
    job: Job
    worker: str
    clock: Clock
    ending: Callable[[], bool] = field(default=lambda: False)
    """Whether the worker itself is about to end; a long job then gives itself back between two batches."""

    def actor(self) -> Actor:
        """Who asked for the job, with the rights of now.

        :raises NotFound: the person is gone. :raises Unauthenticated: the token was revoked meanwhile.
        """
        token = self.job.payload.get("token")
        if token is not None:
            with db.reading(self.services.engine) as connection:
                return tokens.actor_by_login(connection, str(token), self.services.settings.locale)
        if self.job.actor_id is None:
            return self.services.system(f"job {self.job.kind}")
        return self.services.actor(self.job.actor_id)

    def note(self, connection: sa.Connection, **what: t.Any) -> None:
        """Say how far the work is, in the transaction that does it; see :func:`lowcode.jobs.queue.note`."""
        queue.note(connection, self.job.id, self.worker, self.clock(), **what)

    def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """The same in a transaction of its own (for work that writes no records)."""
        with db.writing(self.services.engine) as connection:
            self.note(connection, progress=done, total=total, message=message)

    def stop_requested(self) -> bool:
        """Whether somebody wants the job to stop."""
        with db.reading(self.services.engine) as connection:
            return queue.stop_requested(connection, self.job.id)

    def check_ending(self) -> None:
        """Raise :class:`Interrupted` when the worker is about to end."""
        if self.ending():
            raise Interrupted


class Interrupted(Exception):
    """The worker ends; the job waits again and goes on where its journal says."""


class Stopped(Exception):
    """Somebody asked the job to stop; ``result`` says how far it came."""

    def __init__(self, result: Mapping[str, t.Any]) -> None:
        super().__init__()
        self.result = result


Handler = Callable[[JobRun], Mapping[str, t.Any]]
"""Does the work and returns what is kept as the job's result."""
