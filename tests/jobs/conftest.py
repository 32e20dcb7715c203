"""An installation with a clock that tests turn, and a worker that never sleeps."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.config import Settings
from lowcode.jobs import imports, queue
from lowcode.jobs.worker import Worker
from lowcode.services import Services
from lowcode.system import migrate
from tests.records.conftest import NOW, House


class Office:
    """One installation."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        settings = Settings.from_environment({"LOWCODE_DATA_DIR": str(folder)})
        self.services = Services(settings, engine)
        self.house = House(engine, self.services.catalog)
        self.now = NOW

    def clock(self) -> datetime:
        return self.now

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def worker(self, name: str = "w") -> Worker:
        return Worker(self.services, name=name, clock=self.clock)

    def add(self, kind: str, payload: dict[str, t.Any] | None = None, **options: t.Any) -> int:
        with db.writing(self.services.engine) as connection:
            return queue.add(connection, kind, payload or {}, self.now, **options)

    def job(self, job_id: int) -> queue.Job:
        with db.reading(self.services.engine) as connection:
            return queue.find(connection, job_id)


@pytest.fixture
def office(engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(imports, "PAUSE_SECONDS", 0)
    migrate.upgrade(engine)
    return Office(engine, tmp_path / "data")
