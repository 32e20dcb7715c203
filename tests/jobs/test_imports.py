"""Imports, undoing, exports and apps from files as jobs."""

from __future__ import annotations

import io
import typing as t

import pytest

from lowcode import db
from lowcode.access.actor import system
from lowcode.errors import Invalid
from lowcode.jobs import exports, imports, queue
from lowcode.transfer import importing, tabular
from tests.builders import an_app
from tests.jobs.conftest import Office

ACTOR = system("test")
LEDGER = (
    an_app("ledger")
    .text("number", unique=True)
    .text("name", required=True)
    .number("age")
    .subtable("family", an_app().text("who"))
)


def stored(office: Office, text: str) -> str:
    return office.services.store.write(io.BytesIO(text.encode()))[0]


def add_import(office: Office, text: str, **options: t.Any) -> int:
    key = stored(office, text)
    preview = tabular.inspect(office.services.store.path(key))
    with office.services.writing(ACTOR) as space:
        plan = importing.plan_import(space, "ledger", preview, key="number", **options)
        return imports.enqueue_import(space.connection, plan, key, ACTOR, office.now)


def rows(count: int, name: str = "n") -> str:
    return "number,name,age\n" + "".join(f"{n},{name}{n},{'x' if n == 7 else n}\n" for n in range(1, count + 1))


@pytest.fixture
def ledger(office: Office) -> Office:
    office.house.install(LEDGER.definition())
    return office


def names(office: Office) -> dict[str, str]:
    return {r["number"]: r["name"] for r in office.house.find("ledger")}


def test_an_import_tells_how_far_it_is_and_leaves_its_error_list(ledger: Office) -> None:
    job_id = add_import(ledger, rows(20))
    assert ledger.worker().run_due() == 1
    job = ledger.job(job_id)
    assert (job.state, job.progress, job.percent) == ("done", 20, 100)
    assert imports.counts(job.result) == {
        "created": 19,
        "updated": 0,
        "unchanged": 0,
        "failed": 1,
        "warned": 0,
        "skipped": 0,
    }
    assert job.result is not None
    with ledger.services.store.open(job.result["errors_file"]) as stream:
        assert "「x」は数値ではありません" in stream.read().decode("utf-8-sig")


def test_a_worker_that_ends_gives_the_import_back_and_the_next_goes_on(
    ledger: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "KEPT_ERRORS", 0)
    original = importing.run_import
    monkeypatch.setattr(importing, "run_import", lambda *a, **k: original(*a, **{**k, "size": 4}))
    job_id = add_import(ledger, rows(20))
    states = []
    for name in ("first", "second", "third", "fourth", "fifth", "sixth"):
        worker = ledger.worker(name)
        worker.ending.set()  # every batch is the worker's last
        worker.run_due(limit=1)
        states.append((ledger.job(job_id).state, len(names(ledger))))
    assert states == [("waiting", 4), ("waiting", 7), ("waiting", 11), ("waiting", 15), ("waiting", 19), ("done", 19)]
    job = ledger.job(job_id)
    assert job.result is not None
    assert imports.counts(job.result)["failed"] == 1
    assert job.result["errors_file"]


def test_a_stopped_import_keeps_what_it_did(ledger: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    original = importing.run_import
    monkeypatch.setattr(importing, "run_import", lambda *a, **k: original(*a, **{**k, "size": 5}))
    job_id = add_import(ledger, rows(20))
    worker = ledger.worker()
    job = queue.take(ledger.services.engine, worker.name, ledger.now)
    assert job is not None
    with db.writing(ledger.services.engine) as connection:
        queue.ask_to_stop(connection, job_id, ledger.now)
    worker.work(job)
    assert (ledger.job(job_id).state, len(names(ledger))) == ("stopped", 5)


def test_a_dry_run_as_a_job_writes_nothing(ledger: Office) -> None:
    job_id = add_import(ledger, rows(20), dry_run=True)
    ledger.worker().run_due()
    assert imports.counts(ledger.job(job_id).result)["created"] == 19
    assert names(ledger) == {}


def test_an_import_is_undone_through_the_history(ledger: Office) -> None:
    add_import(ledger, "number,name,age\n1,a,1\n2,b,2\n3,c,3\n4,d,4\n")
    ledger.worker().run_due()
    batch = add_import(ledger, "number,name,age\n1,a2,1\n2,b2,2\n3,c2,9\n5,e,5\n6,f,6\n")
    ledger.worker().run_due()
    found = {r["number"]: r for r in ledger.house.find("ledger")}
    ledger.house.edit("ledger", found["1"].id, age=77)  # another field: the undo keeps it
    ledger.house.edit("ledger", found["2"].id, name="b3")  # the same field: the undo leaves it alone
    ledger.house.edit("ledger", found["6"].id, age=66)  # a new record that somebody works with stays
    with db.writing(ledger.services.engine) as connection:
        undo_id = imports.enqueue_undo(connection, batch, ACTOR, ledger.now)
    ledger.worker().run_due()
    result = ledger.job(undo_id).result
    assert result is not None
    assert {k: result[k] for k in ("undone", "kept", "gone")} == {"undone": 3, "kept": 2, "gone": 0}
    now = {r["number"]: (r["name"], r["age"]) for r in ledger.house.find("ledger")}
    assert now == {"1": ("a", 77), "2": ("b3", 2), "3": ("c", 3), "4": ("d", 4), "6": ("f", 66)}


def test_only_an_import_that_wrote_something_can_be_undone(ledger: Office) -> None:
    dry = add_import(ledger, rows(3), dry_run=True)
    real = add_import(ledger, rows(3))
    with db.writing(ledger.services.engine) as connection, pytest.raises(Invalid):
        imports.enqueue_undo(connection, real, ACTOR, ledger.now)
    ledger.worker().run_due()
    with db.writing(ledger.services.engine) as connection, pytest.raises(Invalid):
        imports.enqueue_undo(connection, dry, ACTOR, ledger.now)


@pytest.mark.parametrize("format", ["csv", "tsv", "xlsx"])
def test_an_export_is_a_file_that_changes_nothing_when_it_comes_back(ledger: Office, format: t.Any) -> None:
    ledger.house.add("ledger", number="1", name="=1+1", age="1.50", family=[{"id": None, "values": {"who": "父"}}])
    ledger.house.add("ledger", number="2", name="b\u3000", family=[])
    with ledger.services.reading(ACTOR) as space:
        app_id = space.app("ledger").id
    with db.writing(ledger.services.engine) as connection:
        job_id = exports.enqueue_export(
            connection, app_id, ACTOR, ledger.now, format=format, query="order by number asc"
        )
    ledger.worker().run_due()
    result = ledger.job(job_id).result
    assert result is not None
    assert (result["count"], result["name"]) == (2, f"ledger.{format}")
    preview = tabular.inspect(ledger.services.store.path(result["file"]))
    with ledger.services.reading(ACTOR) as space:
        plan = importing.plan_import(space, "ledger", preview, key="number")
    done = importing.run_import(
        ledger.services.store.path(result["file"]), plan, lambda: ledger.services.writing(ACTOR)
    )
    assert (done.created, done.updated, done.unchanged, done.failed) == (0, 0, 2, 0)


def test_an_app_is_made_once_even_when_its_worker_dies(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    original = importing.run_import
    monkeypatch.setattr(importing, "run_import", lambda *a, **k: original(*a, **{**k, "size": 4}))
    lines = [f"{n},2022-08-{n:02},{'甲' if n % 2 else '乙'}\n" for n in range(1, 13)]
    key = stored(office, "番号,発症日,区\n" + "".join(lines))
    with db.writing(office.services.engine) as connection:
        job_id = imports.enqueue_app_from_file(connection, key, ACTOR, office.now, code="cases", name="症例")
    for name in ("a", "b", "c", "d"):
        worker = office.worker(name)
        worker.ending.set()
        worker.run_due(limit=1)
    job = office.job(job_id)
    assert (job.state, imports.counts(job.result)["created"]) == ("done", 12)
    assert job.result is not None
    assert [f["type"] for f in job.result["fields"]] == ["SINGLE_LINE_TEXT", "DATE", "DROP_DOWN"]
    with office.services.reading(ACTOR) as space:
        assert [live.code for live in space.snapshot.all()] == ["cases"]
        assert space.reader("cases").count() == 12
