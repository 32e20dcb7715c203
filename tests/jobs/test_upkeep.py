"""Upkeep: what is over is deleted, what somebody needs stays."""

from __future__ import annotations

import io
import os
import typing as t
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.accounts import audit, audit_proof
from lowcode.files import library
from lowcode.jobs import queue, upkeep
from lowcode.jobs.running import JobRun
from lowcode.services import Services
from lowcode.system import models
from tests.builders import an_app
from tests.deploy import apps, faults
from tests.jobs.conftest import Office


def run(office: Office, kind: str) -> t.Mapping[str, t.Any]:
    job_id = office.add(kind)
    while office.worker().run_due():
        pass
    job = office.job(job_id)
    assert job.state == "done"
    return job.result or {}


def upload(office: Office, *, claimed: bool) -> str:
    with db.writing(office.services.engine) as connection:
        ref = library.keep(
            connection,
            office.services.store,
            io.BytesIO(b"x"),
            name="a.txt",
            content_type="text/plain",
            user_id=1,
            now=office.now,
        )
        connection.execute(sa.update(models.File.__table__).where(models.File.key == ref.key).values(claimed=claimed))
    return ref.key


def test_files_that_nobody_attached_go_after_days_and_attached_ones_never(office: Office) -> None:
    store = office.services.store
    attached, forgotten = upload(office, claimed=True), upload(office, claimed=False)
    nameless = store.write(io.BytesIO(b"left by a crash"))[0]
    for key in (attached, forgotten, nameless):
        os.utime(store.path(key), (office.now.timestamp(),) * 2)
    office.wait(days=2)
    assert run(office, "upkeep.files") == {"files": 0, "bytes": 0}
    office.wait(days=2)
    assert run(office, "upkeep.files") == {"files": 1, "bytes": 1}
    assert [store.path(key).exists() for key in (attached, forgotten, nameless)] == [True, False, False]


def test_old_jobs_go_and_imports_stay(office: Office) -> None:
    first, kept = office.add("upkeep.sessions"), office.add("records.import")
    office.worker().run_due()
    with db.writing(office.services.engine) as connection:
        connection.execute(sa.update(models.Job.__table__).values(state="done", finished_at=office.now))
    office.wait(days=100)
    assert run(office, "upkeep.rows")["jobs"] == 1
    with db.reading(office.services.engine) as connection:
        numbers = {job.id for job in queue.listed(connection)}
    assert kept in numbers
    assert first not in numbers


def test_the_database_is_tended(office: Office) -> None:
    result = run(office, "upkeep.database")
    assert result == {} or result["busy"] == 0
    assert run(office, "upkeep.sessions") == {"sessions": 0, "attempts": 0}


def test_a_worker_that_starts_drops_the_index_that_a_killed_deploy_left(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = office.services.engine
    worker = office.worker()
    while worker.step():
        pass
    number = deploy.create_app(engine, an_app("desk").text("seat", unique=True).json(), apps.ACTOR)
    raw = apps.definition_json(engine, number)
    raw["properties"]["seat"]["unique"] = False
    with monkeypatch.context() as patch, pytest.raises(faults.Fault):
        # As a kill between the switch and the cleaning leaves it.
        patch.setattr("lowcode.deploy.publish.drop_superfluous", lambda *_: faults.stop())
        apps.publish(engine, number, raw)
    office.house.add("desk", seat="1")
    with pytest.raises(sa.exc.IntegrityError):
        office.house.add("desk", seat="1")

    # Everything regular has run a moment ago: this one comes because a worker starts.
    starting = office.worker()
    while starting.step():
        pass
    with db.reading(engine) as connection:
        newest = queue.listed(connection)[0]
    assert (newest.kind, newest.state, newest.result) == ("upkeep.indexes", "done", {"indexes": 1})
    office.house.add("desk", seat="1")
    assert len(office.house.find("desk")) == 2


def test_the_audit_log_is_sealed_and_kept_as_long_as_is_set(office: Office) -> None:
    engine, table = office.services.engine, models.AuditEntry.__table__
    with db.writing(engine) as connection:
        for years in (4, 0):
            at = office.now - timedelta(days=366 * years)
            audit.note(connection, office.services.system("test"), "site.changed", at, target=f"{years}")
    sealed = run(office, "audit.seal")["through"]
    assert sealed is not None
    assert sealed >= 2
    assert run(office, "audit.cut") == {"entries": 1}
    with db.reading(engine) as connection:
        kept = connection.execute(sa.select(table).order_by(table.c.id)).all()
        assert audit_proof.examine(connection, office.services.settings.data_dir).bad is None
    assert [row.action for row in kept if row.action.startswith(("site", "log"))] == [
        "site.changed", "log.sealed", "log.cut",
    ]  # fmt: skip
    keeps = Services.open(replace(office.services.settings, audit_years=0), engine)
    assert upkeep.cut(JobRun(keeps, office.job(1), "test", lambda: office.now + timedelta(days=9999))) == {"entries": 0}
