"""Making apps and publishing definitions: the doors that screens, commands and templates use."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.definition import codec
from lowcode.definition.ids import assign_ids
from lowcode.definition.schema import AppDefinition
from lowcode.deploy import apply, versions
from lowcode.deploy.checking import query_problems
from lowcode.deploy.drafts import load_draft
from lowcode.deploy.entities import name_entities
from lowcode.deploy.follow import followers
from lowcode.deploy.locks import deploying
from lowcode.deploy.plan import Plan, make_plan
from lowcode.deploy.tidy import drop_superfluous
from lowcode.errors import Conflict, Invalid, NotFound, Problem
from lowcode.fields.base import Context

Json = Mapping[str, t.Any]
Database = sa.Engine | sa.Connection


@dataclass(frozen=True, kw_only=True)
class Request:
    """One app that is to be published."""

    app_id: int
    definition: Json
    based_on: int | None
    draft_revision: int | None = None
    only_changes: bool = False
    """Leave the live version as it is when nothing would change."""


def create_app(
    database: Database, definition: Json, actor: Actor, *, note: str = "", ctx: Context | None = None
) -> int:
    """Make an app from a definition and publish it as version 1. Returns its number.

    :param database: an engine, or a connection inside a write transaction that makes several apps at once.
    :raises Invalid: with every problem of the definition. :raises Conflict: the app code is taken.
    """
    if isinstance(database, sa.Connection):
        return _create(database, definition, actor, note, ctx or Context())
    with deploying(database), db.writing(database) as connection:
        return _create(connection, definition, actor, note, ctx or Context())


def _create(connection: sa.Connection, raw: Json, actor: Actor, note: str, ctx: Context) -> int:
    apps = versions.apps
    if not isinstance(raw, Mapping):
        raise Invalid([Problem(code="setting.not_a_map")])
    code = raw.get("code")
    if (
        isinstance(code, str)
        and code
        and connection.scalar(sa.select(apps.c.id).where(apps.c.code == code, apps.c.deleted_at.is_(None)))
    ):
        raise Conflict("deploy.code_taken", code=code)
    made = {**raw, "code": code or "app_code_follows"}
    definition = codec.load(
        name_entities(connection, made, actor.user_id),
        known_apps=versions.known_apps(connection),
        query_checker=query_problems,
    )
    number: int = connection.execute(
        sa.insert(apps)
        .values(
            code=definition.code, live_version=None, next_id=1, created_at=datetime.now(UTC), created_by=actor.user_id
        )
        .returning(apps.c.id)
    ).scalar_one()
    if not code:
        definition = codec.load({**codec.dump(definition), "code": f"app{number}"})
        connection.execute(sa.update(apps).where(apps.c.id == number).values(code=definition.code))
    plan = make_plan(connection, number, definition, ctx)
    apply.apply_inline(connection, plan)
    versions.add_version(connection, versions.app_row(connection, number), plan.definition, actor, note)
    return number


def plan_deploy(
    connection: sa.Connection, app: int | str, definition: Json | None = None, *, ctx: Context | None = None
) -> Plan:
    """What publishing the draft (or ``definition``) would do; changes nothing.

    :raises Invalid: with every problem of the definition. :raises NotFound: there is no draft.
    """
    row = versions.app_row(connection, app)
    raw = load_draft(connection, row.id).definition if definition is None else definition
    return make_plan(connection, row.id, _checked(connection, row, raw), ctx or Context())


def _checked(
    connection: sa.Connection, row: versions.AppRow, raw: Json, known: Mapping[str, AppDefinition] | None = None
) -> AppDefinition:
    live = versions.live_text(connection, row)
    if not isinstance(raw, Mapping):
        raise Invalid([Problem(code="setting.not_a_map")])
    named = name_entities(connection, {"code": row.code, **raw}, row.created_by)
    made = assign_ids(named, orjson.loads(live) if live else None, floor=row.next_id)
    definition = codec.load(
        made, known_apps=versions.known_apps(connection) if known is None else known, query_checker=query_problems
    )
    apps = versions.apps
    taken = connection.scalar(
        sa.select(apps.c.id).where(apps.c.code == definition.code, apps.c.deleted_at.is_(None), apps.c.id != row.id)
    )
    if taken:
        raise Conflict("deploy.code_taken", code=definition.code)
    return definition


def deploy(engine: sa.Engine, app: int | str, actor: Actor, *, note: str = "", ctx: Context | None = None) -> int:
    """Publish the draft of an app. Returns the version that is live now.

    :raises NotFound: there is no draft. :raises Invalid: with every problem.
    :raises Conflict: another version was published since the draft was begun. :raises Busy: somebody else deploys.
    """
    with db.reading(engine) as connection:
        number = versions.app_row(connection, app).id
    return deploy_all(engine, [number], actor, note=note, ctx=ctx)[number]


def deploy_all(
    engine: sa.Engine, apps: Sequence[int | str], actor: Actor, *, note: str = "", ctx: Context | None = None
) -> dict[int, int]:
    """Publish the drafts of several apps: all of them, or none.

    :returns: the live version by app number, of apps too that follow because they name a code with a new name.
    """
    with deploying(engine):
        with db.reading(engine) as connection:
            requests = [_request(connection, app) for app in apps]
        return publish(engine, requests, actor, note=note, ctx=ctx or Context())


def _request(connection: sa.Connection, app: int | str) -> Request:
    row = versions.app_row(connection, app)
    draft = load_draft(connection, row.id)
    if draft.revision == 0:
        raise NotFound("deploy.no_draft", app=row.code)
    return Request(app_id=row.id, definition=draft.definition, based_on=draft.based_on, draft_revision=draft.revision)


def apply_definition(
    engine: sa.Engine, app: int | str, definition: Json, actor: Actor, *, note: str = "", ctx: Context | None = None
) -> int:
    """Publish ``definition`` as the next version of an app, whatever is live now. The draft stays as it is.

    Returns the version that is live now: the same as before when the definition changes nothing.
    """
    with deploying(engine):
        with db.reading(engine) as connection:
            row = versions.app_row(connection, app)
        request = Request(app_id=row.id, definition=definition, based_on=row.live_version, only_changes=True)
        return publish(engine, [request], actor, note=note, ctx=ctx or Context())[row.id]


def rollback(
    engine: sa.Engine, app: int | str, version: int, actor: Actor, *, note: str = "", ctx: Context | None = None
) -> int:
    """Publish what an older version said as a new one. Fields that had been retired come back with their values.

    :raises NotFound: there is no such version.
    """
    with deploying(engine):
        with db.reading(engine) as connection:
            row = versions.app_row(connection, app)
            text = versions.text_of(connection, row.id, version)
        request = Request(app_id=row.id, definition=orjson.loads(text), based_on=row.live_version)
        return publish(engine, [request], actor, note=note or f"rollback to {version}", ctx=ctx or Context())[row.id]


def publish(engine: sa.Engine, requests: Sequence[Request], actor: Actor, *, note: str, ctx: Context) -> dict[int, int]:
    """Check, plan, expand, switch, clean. The caller holds the deploy lock."""
    with db.reading(engine) as connection:
        plans = _plans(connection, requests, ctx)
        follows = followers(connection, plans)
    problems = [problem for plan in plans for problem in plan.problems]
    if problems:
        raise Invalid(problems)
    ready = []
    unchanged: dict[int, int] = {}
    for plan, request in zip(plans, requests, strict=True):
        if request.only_changes and plan.based_on is not None and not plan.changes and not plan.steps:
            unchanged[plan.app_id] = plan.based_on
            continue
        apply.reserve_ids(engine, plan)
        seen = apply.expand(engine, plan, ctx)
        ready.append(apply.Ready(plan=plan, seen=seen, draft_revision=request.draft_revision))
    made = apply.switch(engine, ready, actor, note, ctx, follows) if ready else {}
    drop_superfluous(engine, made)
    return {**unchanged, **made}


def _plans(connection: sa.Connection, requests: Sequence[Request], ctx: Context) -> list[Plan]:
    known = versions.known_apps(connection)
    rows = {request.app_id: versions.app_row(connection, request.app_id) for request in requests}
    for request in requests:
        if rows[request.app_id].live_version != request.based_on:
            raise Conflict("deploy.moved", app=rows[request.app_id].code)
    # Apps that go together see each other as they will be.
    together: dict[str, AppDefinition] = {}
    for request in requests:
        definition, _ = codec.read(
            assign_ids({"code": rows[request.app_id].code, **request.definition}, floor=rows[request.app_id].next_id)
        )
        if definition is not None:
            together[definition.code] = definition
    plans = []
    for request in requests:
        row = rows[request.app_id]
        definition = _checked(connection, row, request.definition, {**known, **together})
        plans.append(make_plan(connection, row.id, definition, ctx))
    return plans
