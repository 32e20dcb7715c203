"""Imports by API, and how far a job is."""

from __future__ import annotations

import typing as t

import flask

from lowcode import db
from lowcode.api.v1.blueprint import answer, blueprint
from lowcode.errors import NotFound
from lowcode.files import library
from lowcode.jobs import queue
from lowcode.jobs.imports import counts, enqueue_import
from lowcode.transfer import importing, tabular
from lowcode.web import state

MODES = ("upsert", "add", "update", "add,update")


@blueprint.post("/apps/<app>/import")
def import_records(app: str) -> flask.Response:
    """A CSV, TSV or xlsx body with ``key``, ``mode`` and ``dry_run=true``; answers 202 with the job."""
    services, actor = state.services(), state.actor()
    args = flask.request.args
    with state.reading() as space:
        # Before a byte is kept; the job of a token acts for the system, so that the token must hold every right.
        reader = space.reader(space.app(app))
        reader.policy.require("import")
        if actor.kind == "token" and args.get("mode") != "add":
            reader.policy.require("edit")
    key, size, digest = services.store.write(t.cast(t.BinaryIO, flask.request.stream))
    with db.writing(services.engine) as connection:
        library.register(
            connection,
            key=key,
            size=size,
            digest=digest,
            name="import",
            content_type=flask.request.mimetype or "text/csv",
            user_id=actor.user_id,
            now=services.settings.now(),
        )
    preview = tabular.inspect(services.store.path(key))
    with state.writing() as space:
        plan = importing.plan_import(
            space,
            app,
            preview,
            key=args.get("key") or None,
            mode=args.get("mode") if args.get("mode") in MODES else None,
            dry_run=args.get("dry_run") == "true",
        )
        job = enqueue_import(space.connection, plan, key, actor, services.settings.now())
    return answer({"job": job}, 202)


@blueprint.get("/jobs/<int:job_id>")
def get_job(job_id: int) -> flask.Response:
    """A job of the same person or of the token's app."""
    actor = state.actor()
    with state.reading() as space:
        found = queue.find(space.connection, job_id)
    own = found.actor_id == actor.user_id if actor.kind == "user" else found.app_id == actor.token_app
    if not own and not actor.administrator:
        raise NotFound("jobs.not_found", job=job_id)
    return answer(
        {
            "id": found.id,
            "kind": found.kind,
            "state": found.state,
            "progress": found.progress,
            "total": found.total,
            "counts": counts(found.result),
        }
    )
