"""A worker process killed with SIGKILL in the middle of a batch: the next one goes on and nothing is there twice."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from lowcode import db
from lowcode.access.actor import system
from lowcode.config import Settings
from lowcode.jobs import imports, queue
from lowcode.jobs.worker import Worker
from lowcode.services import Services
from lowcode.system import migrate
from lowcode.transfer import importing, tabular
from tests.builders import an_app
from tests.records.conftest import House

ACTOR = system("test")
CHILD = """
import os, signal, sys
from lowcode.jobs import imports
from lowcode.jobs.worker import Worker
from lowcode.services import Services
from lowcode.transfer import importing

imports.PAUSE_SECONDS = 0
importing.run_import.__kwdefaults__["size"] = 10
moment, calls, note = sys.argv[1], 0, imports.JobJournal.note

def deadly(self, connection, report):
    global calls
    calls += 1
    if calls == 3 and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    note(self, connection, report)
    if calls == 3 and moment == "inside":
        os.kill(os.getpid(), signal.SIGKILL)

def deadly_between(self, report):
    if calls == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return True

imports.JobJournal.note = deadly
if moment == "after":
    imports.JobJournal.go_on = deadly_between
Worker(Services.open()).run_due()
"""


@pytest.mark.parametrize("moment, landed", [("before", 20), ("inside", 20), ("after", 30)])
def test_a_killed_import_goes_on(database_url: str, tmp_path: Path, moment: str, landed: int) -> None:
    environment = {"LOWCODE_DATA_DIR": str(tmp_path / "data"), "LOWCODE_DATABASE_URL": database_url}
    services = Services.open(Settings.from_environment(environment))
    migrate.upgrade(services.engine)
    house = House(services.engine, services.catalog)
    house.install(an_app("a").text("no", unique=True).number("n").definition())
    text = "no,n\n" + "".join(f"{n},{'x' if n == 5 else n}\n" for n in range(1, 66))
    key = services.store.write(io.BytesIO(text.encode()))[0]
    with services.writing(ACTOR) as space:
        plan = importing.plan_import(space, "a", tabular.inspect(services.store.path(key)), mode="add")
        job_id = imports.enqueue_import(space.connection, plan, key, ACTOR, services.settings.now())

    child = subprocess.run(
        [sys.executable, "-c", CHILD, moment],
        env={**environment, "PATH": "/usr/bin:/bin"},
        check=False,
        timeout=120,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert child.returncode == -9
    with services.reading(ACTOR) as space:
        assert space.reader("a").count() == landed - 1

    late = services.settings.now() + timedelta(minutes=5)
    with db.writing(services.engine) as connection:
        assert queue.sweep(connection, late) == 1
    assert Worker(services, name="next", clock=lambda: late).run_due() == 1
    with db.reading(services.engine) as connection:
        job = queue.find(connection, job_id)
    assert (job.state, imports.counts(job.result)["created"], imports.counts(job.result)["failed"]) == ("done", 64, 1)
    with services.reading(ACTOR) as space:
        numbers = [int(r["no"]) for r in space.reader("a").list(limit=500)]
    assert sorted(numbers) == [n for n in range(1, 66) if n != 5]
    services.engine.dispose()
