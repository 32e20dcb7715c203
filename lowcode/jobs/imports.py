"""Imports, their undoing and apps from files, as jobs: the job's row is the journal of the import."""

from __future__ import annotations

import io
import tempfile
import time
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import orjson
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.access.actor import Actor
from lowcode.errors import invalid
from lowcode.files import library
from lowcode.jobs import queue
from lowcode.jobs.running import JobRun, Stopped
from lowcode.transfer import app_from_file, exporting, importing, report, tabular, undo
from lowcode.transfer.importing import ImportPlan
from lowcode.transfer.report import COUNTS, Report, RowError
from lowcode.transfer.undo import UndoReport

PAUSE_SECONDS = 0.02
"""Between two batches on SQLite, so that people who save get their turn."""


def enqueue_import(
    connection: sa.Connection,
    plan: ImportPlan,
    file_key: str,
    actor: Actor,
    now: datetime,
    *,
    name: str = "",
    leased_by: str | None = None,
) -> int:
    """A job that takes the stored file ``file_key`` in by ``plan``; its number names the batch for undoing."""
    payload = {"file": file_key, "name": name, "plan": plan.to_json(), "locale": actor.locale}
    if actor.kind == "token":
        payload["token"] = actor.login
    app_id = plan.app if isinstance(plan.app, int) else None
    return queue.add(
        connection,
        "records.import",
        payload,
        now,
        by=actor,
        app_id=app_id,
        total=plan.total,
        leased_by=leased_by,
    )


def enqueue_undo(
    connection: sa.Connection, batch: int, actor: Actor, now: datetime, *, leased_by: str | None = None
) -> int:
    """A job that takes the import ``batch`` back. Raises :class:`Invalid` when it is none or wrote nothing."""
    done = queue.find(connection, batch)
    result = done.result or {}
    if done.kind not in ("records.import", "app.from_file") or not done.ended:
        raise invalid("transfer.no_such_batch", batch=batch)
    if not result.get("first_history") or result.get("dry_run"):
        raise invalid("transfer.nothing_to_undo", batch=batch)
    return queue.add(
        connection,
        "records.undo",
        {"batch": batch},
        now,
        by=actor,
        app_id=done.app_id,
        unique_key=None if leased_by else f"undo:{batch}",
        leased_by=leased_by,
        total=int(result.get("created", 0)) + int(result.get("updated", 0)),
    )


def enqueue_app_from_file(
    connection: sa.Connection,
    file_key: str,
    actor: Actor,
    now: datetime,
    *,
    code: str = "",
    name: str = "",
    reading: tabular.Reading | None = None,
    leased_by: str | None = None,
) -> int:
    """A job that makes an app from a stored file and takes its rows in."""
    payload = {
        "file": file_key,
        "code": code,
        "name": name,
        "locale": actor.locale,
        "reading": None if reading is None else asdict(reading),
    }
    return queue.add(connection, "app.from_file", payload, now, by=actor, leased_by=leased_by)


class JobJournal:
    """The journal of an import in the row of its job; see :class:`lowcode.transfer.importing.Journal`."""

    def __init__(self, run: JobRun, extra: Mapping[str, t.Any] | None = None) -> None:
        self.run, self.extra = run, dict(extra or {})
        self.store = run.services.store

    def load(self) -> Report | None:
        found = self.run.job.result
        return None if found is None or "created" not in found or found.get("dry_run") else Report.from_json(found)

    def note(self, connection: sa.Connection, report: Report) -> None:
        self.run.note(connection, progress=report.done, result={**report.to_json(), **self.extra})

    def put_away(self, errors: Sequence[RowError]) -> str:
        return self.store.write(io.BytesIO(orjson.dumps([error.to_json() for error in errors])))[0]

    def read(self, name: str) -> Sequence[RowError]:
        with self.store.open(name) as stream:
            return [RowError.from_json(raw) for raw in orjson.loads(stream.read())]

    def go_on(self, report: Report) -> bool:
        self.run.check_ending()
        if report.dry_run:
            self.run.progress(report.done)
        elif self.run.services.engine.dialect.name == "sqlite":
            time.sleep(PAUSE_SECONDS)
        return not self.run.stop_requested()


def run_import(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``records.import``."""
    plan = ImportPlan.from_json(run.job.payload["plan"])
    actor = run.actor()
    journal = JobJournal(run)
    done = importing.run_import(
        run.services.store.path(run.job.payload["file"]),
        plan,
        lambda: run.services.writing(actor),
        journal,
        batch=str(run.job.id),
    )
    return _ended(run, plan, done, journal, {})


def run_app_from_file(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``app.from_file``. The app is made once: a second attempt goes on with its records."""
    payload, services, actor = run.job.payload, run.services, run.actor()
    path = services.store.path(payload["file"])
    given = payload.get("reading")
    reading = tabular.Reading(**given) if given else None
    preview = tabular.inspect(path, **_chosen(reading))
    proposal = app_from_file.propose(path, preview)
    made: Mapping[str, t.Any] = run.job.result or {}
    app = made.get("app")
    name = payload.get("name") or app_from_file.app_name(payload.get("code") or path.stem)
    if app is None:
        with db.writing(services.engine) as connection:
            app = deploy.create_app(
                connection, proposal.definition(code=payload["code"], name=name), actor, note="from file"
            )
            run.note(connection, result={"app": app})
    with services.writing(actor) as space:
        plan = app_from_file.plan_records(space, app, proposal)
        code = space.app(app).code
    fields = [
        {"header": g.header, "code": g.code, "type": g.type_name, "why": g.why, "params": dict(g.params)}
        for g in proposal.guesses
    ]
    extra = {"app": app, "code": code, "name": name, "fields": fields}
    journal = JobJournal(run, extra)
    done = importing.run_import(path, plan, lambda: services.writing(actor), journal, batch=str(run.job.id))
    return _ended(run, plan, done, journal, extra)


def _chosen(reading: tabular.Reading | None) -> dict[str, t.Any]:
    if reading is None:
        return {}
    if reading.kind == "xlsx":
        return {"sheet": reading.sheet, "header_row": reading.header_row}
    return {"encoding": reading.encoding, "delimiter": reading.delimiter, "header_row": reading.header_row}


def _ended(
    run: JobRun, plan: ImportPlan, done: Report, journal: JobJournal, extra: Mapping[str, t.Any]
) -> Mapping[str, t.Any]:
    """The result of an import: the report, and where the error list lies."""
    result = {**done.to_json(), **extra}
    if done.failed:
        result["errors_file"], result["errors_name"] = _error_file(run, plan, done, journal)
    if done.stopped:
        raise Stopped(result)
    return result


def _error_file(run: JobRun, plan: ImportPlan, done: Report, journal: JobJournal) -> tuple[str, str]:
    """Keep the error list as an attachment of whoever asked: a spreadsheet when the file was one, else CSV."""
    locale = str(run.job.payload.get("locale") or "ja")
    errors = importing.all_errors(done, journal)
    spreadsheet = plan.reading.kind == "xlsx"
    with tempfile.TemporaryDirectory(prefix="lowcode-errors-") as folder:
        path = Path(folder) / ("errors.xlsx" if spreadsheet else "errors.csv")
        if spreadsheet:
            exporting.write_table(path, report.error_rows(plan.headers, errors, locale))
        else:
            with path.open("wb") as out:
                out.writelines(report.error_csv(plan.headers, errors, locale))
        with path.open("rb") as stream:
            key, size, digest = run.services.store.write(stream)
    name = f"import-{run.job.id}-errors{path.suffix}"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" if spreadsheet else "text/csv"
    with db.writing(run.services.engine) as connection:
        library.register(
            connection,
            key=key,
            size=size,
            digest=digest,
            name=name,
            content_type=kind,
            user_id=run.job.actor_id,
            now=run.clock(),
        )
    return key, name


def run_undo(run: JobRun) -> Mapping[str, t.Any]:
    """The kind ``records.undo``."""
    batch = int(run.job.payload["batch"])
    with db.reading(run.services.engine) as connection:
        done = queue.find(connection, batch)
    result = done.result or {}
    app = done.app_id if done.app_id is not None else result.get("app")
    if app is None:
        raise invalid("transfer.no_such_batch", batch=batch)
    actor = run.actor()
    earlier = UndoReport(**run.job.result) if run.job.result else None

    def note(connection: sa.Connection, made: UndoReport) -> None:
        run.note(connection, progress=made.undone + made.kept + made.gone, result=made.to_json())

    return undo.undo_import(
        lambda: run.services.writing(actor),
        int(app),
        str(batch),
        int(result["first_history"]),
        int(result["last_history"]),
        report=earlier,
        note=note,
    ).to_json()


def counts(result: Mapping[str, t.Any] | None) -> dict[str, int]:
    """The numbers of an import's result."""
    return {name: int((result or {}).get(name, 0)) for name in COUNTS}


__all__ = [
    "JobJournal",
    "counts",
    "enqueue_app_from_file",
    "enqueue_import",
    "enqueue_undo",
    "run_app_from_file",
    "run_import",
    "run_undo",
]
