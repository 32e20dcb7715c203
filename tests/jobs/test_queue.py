"""Rows of jobs: taken once, held by a lease, given back when a worker is gone."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.errors import Busy, NotFound, invalid
from lowcode.jobs import kinds, outbox, queue, schedule
from lowcode.jobs.running import Interrupted, JobRun, Stopped
from lowcode.system import models
from tests.jobs.conftest import Office


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Callable[[JobRun], t.Any]]:
    made: dict[str, t.Callable[[JobRun], t.Any]] = {}
    monkeypatch.setattr(kinds, "KINDS", made)
    return made


def test_a_job_is_done_once_in_order_of_its_time(office: Office, handlers: dict[str, t.Any]) -> None:
    seen: list[t.Any] = []

    def remember(run: JobRun) -> dict[str, t.Any]:
        seen.append(run.job.payload["n"])
        return {"n": run.job.payload["n"]}

    handlers["note"] = remember
    later = office.add("note", {"n": 3}, run_at=office.now + timedelta(hours=1))
    first, second = office.add("note", {"n": 1}), office.add("note", {"n": 2})
    assert office.worker().run_due() == 2
    assert (seen, office.job(later).state) == ([1, 2], "waiting")
    office.wait(hours=1)
    assert office.worker().run_due() == 1
    done = office.job(first)
    assert (done.state, done.result, done.attempts, done.percent, done.ended) == ("done", {"n": 1}, 1, 100, True)
    assert office.job(second).leased_by is None


def test_two_workers_never_take_the_same_job(office: Office) -> None:
    numbers = {office.add("note") for _ in range(5)}
    taken = [queue.take(office.services.engine, f"w{i % 2}", office.now) for i in range(6)]
    assert {job.id for job in taken if job} == numbers
    assert taken[5] is None


def test_a_unique_key_keeps_a_second_job_out_until_the_first_ended(office: Office, handlers: dict[str, t.Any]) -> None:
    handlers["note"] = lambda run: {}
    first = office.add("note", unique_key="k")
    assert office.add("note", unique_key="k") == first
    assert office.worker().run_due() == 1
    assert office.add("note", unique_key="k") != first


def test_a_job_of_a_dead_worker_waits_again_and_its_late_worker_can_commit_nothing(office: Office) -> None:
    job_id = office.add("note")
    engine = office.services.engine
    assert queue.take(engine, "dead", office.now) is not None
    office.wait(minutes=1)
    with db.writing(engine) as connection:
        assert queue.sweep(connection, office.now) == 0
    office.wait(minutes=2)
    with db.writing(engine) as connection:
        assert queue.sweep(connection, office.now) == 1
    job = queue.take(engine, "alive", office.now)
    assert job is not None
    assert (job.id, job.attempts) == (job_id, 2)
    with pytest.raises(queue.LostLease), db.writing(engine) as connection:
        connection.execute(sa.insert(models.Meta.__table__).values(key="late", value="x"))
        queue.note(connection, job_id, "dead", office.now, progress=9)
    with db.reading(engine) as connection:
        assert connection.scalar(sa.select(models.Meta.value).where(models.Meta.key == "late")) is None
    assert office.job(job_id).progress == 0


def test_a_note_holds_the_lease(office: Office) -> None:
    job_id = office.add("note")
    engine = office.services.engine
    queue.take(engine, "w", office.now)
    for done in range(1, 6):
        office.wait(seconds=90)
        with db.writing(engine) as connection:
            queue.note(connection, job_id, "w", office.now, progress=done, total=10)
            assert queue.sweep(connection, office.now) == 0
    assert (office.job(job_id).percent, office.job(job_id).state) == (50, "running")


def test_a_job_that_kills_its_workers_is_given_up(office: Office) -> None:
    job_id = office.add("note")
    for _ in range(queue.MAX_ATTEMPTS):
        assert queue.take(office.services.engine, "w", office.now) is not None
        office.wait(minutes=3)
        with db.writing(office.services.engine) as connection:
            queue.sweep(connection, office.now)
    job = office.job(job_id)
    assert (job.state, (job.error or {})["code"]) == ("failed", "jobs.gave_up")


@pytest.mark.parametrize(
    "error, state, code",
    [
        (invalid("transfer.empty"), "failed", "transfer.empty"),
        (NotFound("app.not_found", app=3), "failed", "app.not_found"),
        (RuntimeError("secret"), "failed", "jobs.unexpected"),
        (Stopped({"row": 3}), "stopped", None),
        (Interrupted(), "waiting", None),
        (Busy("busy"), "waiting", "busy"),
    ],
)
def test_how_a_job_ends_is_in_its_row(
    office: Office,
    handlers: dict[str, t.Any],
    error: Exception,
    state: str,
    code: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(run: JobRun) -> t.NoReturn:
        raise error

    handlers["fail"] = fail
    job_id = office.add("fail")
    worker = office.worker()
    job = queue.take(office.services.engine, worker.name, office.now)
    assert job is not None
    worker.work(job)
    job = office.job(job_id)
    assert (job.state, (job.error or {}).get("code")) == (state, code)
    assert "secret" not in str(job.error)
    assert job.leased_by is None


def test_a_busy_database_is_tried_again_later_each_time(office: Office, handlers: dict[str, t.Any]) -> None:
    calls: list[int] = []

    def busy_twice(run: JobRun) -> dict[str, t.Any]:
        calls.append(run.job.attempts)
        if len(calls) < 3:
            raise Busy("busy")
        return {}

    handlers["note"] = busy_twice
    job_id = office.add("note")
    for seconds, ran in ((0, 1), (29, 0), (1, 1), (59, 0), (1, 1), (500, 0)):
        office.wait(seconds=seconds)
        assert office.worker().run_due() == ran
    assert (calls, office.job(job_id).state, office.job(job_id).error) == ([1, 2, 3], "done", None)


def test_a_waiting_job_stops_at_once_and_a_running_one_is_told(office: Office) -> None:
    first, second = office.add("note"), office.add("note")
    queue.take(office.services.engine, "w", office.now)
    with db.writing(office.services.engine) as connection:
        for job_id in (first, second):
            queue.ask_to_stop(connection, job_id, office.now)
    assert (office.job(first).state, office.job(first).stop_requested) == ("running", True)
    assert office.job(second).state == "stopped"


def test_a_step_sweeps_schedules_delivers_and_works(office: Office) -> None:
    worker = office.worker()
    kinds_seen = set()
    while worker.step():
        with db.reading(office.services.engine) as connection:
            kinds_seen |= {(job.kind, job.state) for job in queue.listed(connection)}
    assert {(entry.kind, "done") for entry in schedule.SCHEDULE} <= kinds_seen
    before = len(kinds_seen)
    office.wait(minutes=6)
    while worker.step():
        pass
    again = sum(entry.every <= timedelta(minutes=6) for entry in schedule.SCHEDULE)
    with db.reading(office.services.engine) as connection:
        jobs = queue.listed(connection)
    assert (before, sum(job.kind == "upkeep.database" for job in jobs), len(jobs)) == (
        before,
        2,
        len(schedule.SCHEDULE) + again,
    )


def test_announcements_are_delivered_at_least_once_and_failures_are_tried_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lowcode import events

    seen: list[tuple[int, int]] = []

    def listener(services: t.Any, number: int, payload: t.Mapping[str, t.Any]) -> None:
        seen.append((number, payload["n"]))
        if payload["n"] == 2 and len(seen) < 4:
            raise OSError("no network")

    monkeypatch.setattr(outbox, "_listeners", {"test": [listener]})
    with db.writing(office.services.engine) as connection:
        for n in (1, 2, 3):
            events.announce(connection, "test", {"n": n}, office.now)
        events.announce(connection, "nobody listens", {}, office.now)
    assert outbox.deliver(office.services, office.now) == 3
    assert outbox.deliver(office.services, office.now) == 0
    office.wait(seconds=11)
    assert outbox.deliver(office.services, office.now) == 1
    assert [n for _, n in seen] == [1, 2, 3, 2]
    assert seen[1] == seen[3]
    office.wait(days=8)
    with db.writing(office.services.engine) as connection:
        assert outbox.forget(connection, office.now) == 4
