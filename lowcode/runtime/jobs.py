"""Longer work as people see it: progress, result, the file it made, stopping and undoing."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from flask import redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from lowcode import messages
from lowcode.accounts import audit
from lowcode.errors import NotFound
from lowcode.jobs import imports, queue
from lowcode.runtime import shown
from lowcode.runtime.blueprint import blueprint
from lowcode.system import models
from lowcode.web.state import actor, context, reading, reads, services, writing

SHOWN_ERRORS = 50


def _own(job: queue.Job) -> queue.Job:
    """A job is its starter's and the administrators'; to others it does not exist."""
    if job.actor_id != actor().user_id and not actor().administrator:
        raise NotFound("jobs.not_found", job=job.id)
    return job


@blueprint.get("/jobs/<int:job_id>")
def job(job_id: int) -> str:
    """How far a job is and what came of it. The page loads itself again while the job runs."""
    with reading() as space:
        found = _own(queue.find(space.connection, job_id))
        result = found.result or {}
        app_id = found.app_id if found.app_id is not None else result.get("app")
        live = space.snapshot.find(int(app_id)) if app_id is not None else None
        tile = shown.tile(live, context().locale, current=True) if live is not None else None
    return render_template("runtime/job.html", app=tile, job=found, **_words(found))


def _words(found: queue.Job) -> dict[str, t.Any]:
    locale = context().locale
    result: t.Mapping[str, t.Any] = found.result or {}
    numbers = []
    if found.kind in ("records.import", "app.from_file"):
        for name, value in imports.counts(result).items():
            numbers.append(
                {"name": name, "label": messages.text(f"runtime.count.{name}", locale), "value": f"{value:,}"}
            )
    elif found.kind == "records.export" and "count" in result:
        numbers.append(
            {"name": "count", "label": messages.text("runtime.count.exported", locale), "value": f"{result['count']:,}"}
        )
    elif found.kind == "records.undo":
        numbers = [
            {"name": name, "label": messages.text(f"runtime.count.{name}", locale), "value": f"{int(result[name]):,}"}
            for name in ("undone", "kept", "gone")
            if name in result
        ]
    errors = [
        {
            "row": row["row"],
            "column": cell["column"],
            "value": cell["value"],
            "reason": messages.text(cell["code"], locale, **cell["params"]),
        }
        for row in (result.get("errors") or ())[:SHOWN_ERRORS]
        for cell in row["errors"]
    ]
    may_undo = (
        found.kind in ("records.import", "app.from_file")
        and found.ended
        and bool(result.get("first_history"))
        and not result.get("dry_run")
    )
    return {
        "kind": messages.text(f"runtime.job.{found.kind.replace('.', '_')}", locale),
        "state": messages.text(f"runtime.job_state.{found.state}", locale),
        "numbers": numbers,
        "errors": errors,
        "dry_run": bool(result.get("dry_run")) or bool(found.payload.get("plan", {}).get("dry_run")),
        "file_name": result.get("name") if result.get("file") else "",
        "errors_name": result.get("errors_name", ""),
        "replaced": result.get("replaced") or [],
        "may_undo": may_undo,
        "failure": _failure(found, locale),
    }


def _failure(found: queue.Job, locale: str) -> list[str]:
    error = found.error or {}
    if found.state != "failed" or not error:
        return []
    problems = error.get("problems") or []
    if problems:
        return [messages.text(p["code"], locale, **p.get("params", {})) for p in problems]
    return [messages.text(str(error.get("code", "")), locale, **error.get("params", {}))]


@blueprint.get("/jobs/<int:job_id>/file")
def job_file(job_id: int) -> Response:
    """The file that a job made (an export, or the list of errors of an import)."""
    with reading() as space:
        found = _own(queue.find(space.connection, job_id))
        result = found.result or {}
        wanted = "errors_file" if request.args.get("which") == "errors" else "file"
        key = str(result.get(wanted) or "")
        files = models.File.__table__
        row = space.connection.execute(sa.select(files.c.name).where(files.c.key == key)).first()
        live = space.snapshot.find(found.app_id) if found.app_id is not None else None
    if row is None:
        raise NotFound("file.not_found")
    if live is not None:
        # Which records it holds is told by the entry of the export itself.
        reads().note(live, "file.downloaded", (), target=f"job/{job_id}", details={"file": wanted})
    response = send_file(
        services().store.open(key),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=row.name,
        max_age=0,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/jobs/<int:job_id>/stop")
def stop_job(job_id: int) -> Response:
    """Ask a job to stop after its present batch."""
    with writing() as space:
        _own(queue.find(space.connection, job_id))
        now = services().settings.now()
        queue.ask_to_stop(space.connection, job_id, now)
        audit.note(space.connection, actor(), "job.stop_asked", now, target=f"job/{job_id}")
    return redirect(url_for("runtime.job", job_id=job_id))


@blueprint.post("/jobs/<int:job_id>/undo")
def undo_job(job_id: int) -> Response:
    """Take an import back, as a job of its own."""
    with writing() as space:
        _own(queue.find(space.connection, job_id))
        undo = imports.enqueue_undo(space.connection, job_id, actor(), services().settings.now())
    return redirect(url_for("runtime.job", job_id=undo))
