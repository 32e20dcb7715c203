"""Review, publishing, the history of versions, and going back."""

from __future__ import annotations

import typing as t

import flask
import sqlalchemy as sa

from lowcode import deploy
from lowcode.deploy import Plan
from lowcode.designer import frame, review
from lowcode.designer.bench import Bench, check_seen, hidden_apps, open_bench, own_changes, version_definition
from lowcode.designer.blueprint import blueprint
from lowcode.designer.fields import filled
from lowcode.errors import Conflict, Invalid, LowcodeError, NotFound, Problem
from lowcode.records.workspace import Workspace
from lowcode.system.models import User
from lowcode.web import i18n, state
from lowcode.web.errors import ProblemLine

MAX_NOTE: t.Final = 500


# -- review ----------------------------------------------------------------------------------------


@blueprint.get("/<int:app>/review")
def review_draft(app: int) -> frame.Answer:
    """What publishing the draft would do."""
    return _review_page(app, None)


def _review_page(app: int, error: LowcodeError | None) -> frame.Answer:
    with state.reading() as space:
        bench = open_bench(space, app)
        plan, problems = _plan(space, bench)
        cards: list[review.Card] = []
        notes: list[str] = []
        if plan is not None:
            values = {
                change.field_id: filled(space, bench, change.field_id)
                for change in plan.changes
                if change.kind == "field_retired" and change.field_id
            }
            cards, notes = review.cards(plan, bench.changes, values)
        elif bench.definition is not None:
            cards = review.plain(bench.changes)
        theirs = _meanwhile(space, bench) if bench.moved else None
    lines = [
        ProblemLine(f"{line.place}: {line.text}" if line.place else line.text, href=line.url)
        for line in frame.problem_lines(bench, problems)
    ]
    refused = [] if error is None or (isinstance(error, Invalid) and problems) else frame.refusal(error)
    page = flask.render_template(
        "designer/review.html",
        cards=cards,
        notes=notes,
        blocking=lines,
        problems=refused,
        plan=plan,
        theirs=theirs,
        next_version=_next_version(bench),
        agreed=flask.request.form.getlist("agree"),
        note=flask.request.form.get("note", ""),
        questions=sum(1 for card in cards if card.agree),
        **frame.context(bench, ""),
    )
    return page, error.status if error is not None else 200


def _plan(space: Workspace, bench: Bench) -> tuple[Plan | None, tuple[Problem, ...]]:
    """The plan, or everything that stops it."""
    if not bench.has_draft:
        return None, ()
    hidden = hidden_apps(bench)
    try:
        plan = deploy.plan_deploy(space.connection, bench.app.id, bench.draft.definition, ctx=state.context())
    except Invalid as error:
        return None, (*error.problems, *hidden)
    except Conflict as error:
        return None, (Problem(code=error.code, path=("code",), params=error.params), *hidden)
    return plan, (*plan.problems, *hidden)


def _meanwhile(space: Workspace, bench: Bench) -> list[review.Card]:
    """What others published since the draft was begun."""
    if bench.draft.based_on is None or bench.live is None:
        return []
    begun = version_definition(space, bench.app.id, bench.draft.based_on)
    return review.plain(own_changes(begun, bench.live))


def _next_version(bench: Bench) -> int:
    return (bench.app.live_version or 0) + 1


@blueprint.post("/<int:app>/publish")
def publish(app: int) -> frame.Answer:
    """Publish the draft as the next version."""
    form = flask.request.form
    try:
        with state.reading() as space:
            bench = open_bench(space, app)
            check_seen(bench, frame.stamp())
            plan, problems = _plan(space, bench)
            if problems:
                raise Invalid(problems)
            if plan is None:
                raise NotFound("deploy.no_draft")
            values = {
                change.field_id: filled(space, bench, change.field_id)
                for change in plan.changes
                if change.kind == "field_retired" and change.field_id
            }
            cards, _ = review.cards(plan, bench.changes, values)
        missing = [card for card in cards if card.agree and card.agree not in form.getlist("agree")]
        if missing:
            raise Conflict("designer.agree_first", count=len(missing))
        note = form.get("note", "").strip()[:MAX_NOTE]
        version = deploy.deploy(state.services().engine, bench.app.id, state.actor(), note=note, ctx=state.context())
    except (Invalid, Conflict) as error:
        return _review_page(app, error)
    frame.saved("published", version=version)
    return flask.redirect(f"/k/admin/app/{bench.app.id}/")


@blueprint.post("/<int:app>/rebase")
def rebase(app: int) -> frame.Answer:
    """The draft is meant to follow the version that others published; the review shows what it does to theirs."""
    with state.writing() as space:
        bench = open_bench(space, app)
        check_seen(bench, frame.stamp())
        if flask.request.form.get("live") != str(bench.app.live_version):
            raise Conflict("deploy.moved", app=bench.app.code)
        deploy.rebase_draft(space.connection, bench.app.id)
    return flask.redirect(flask.url_for("designer.review_draft", app=app))


# -- versions --------------------------------------------------------------------------------------


@blueprint.get("/<int:app>/versions")
def list_versions(app: int) -> frame.Answer:
    """Every version: when, who, why, and what it changed."""
    with state.reading() as space:
        bench = open_bench(space, app)
        found = deploy.list_versions(space.connection, bench.app.id)
        names = _names(space, {v.created_by for v in found if v.created_by})
        wanted = flask.request.args.get("show", "")
        shown = None
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 9:
            shown = (int(wanted), _changes_of(space, bench, int(wanted)))
    zone = state.context().zone
    rows = [
        {
            "version": v.version,
            "note": _note_words(v.note),
            "who": names.get(v.created_by or 0, ""),
            "at": f"{v.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
            "live": v.version == bench.app.live_version,
        }
        for v in found
    ]
    return flask.render_template(
        "designer/versions.html", versions=rows, shown=shown, **frame.context(bench, "versions")
    )


def _note_words(note: str) -> str:
    before, _, number = note.rpartition(" ")
    return i18n.translate("designer.went_back", version=number) if before == "rollback to" else note


def _names(space: Workspace, ids: set[int]) -> dict[int, str]:
    users = User.__table__
    rows = space.connection.execute(sa.select(users.c.id, users.c.name).where(users.c.id.in_(sorted(ids)))).all()
    return {row.id: row.name for row in rows}


def _changes_of(space: Workspace, bench: Bench, version: int) -> list[review.Card]:
    """What a version changed against the one before it."""
    new = version_definition(space, bench.app.id, version)
    old = version_definition(space, bench.app.id, version - 1) if version > 1 else None
    return review.plain(own_changes(old, new))


@blueprint.route("/<int:app>/versions/<int:version>/restore", methods=["GET", "POST"])
def go_back(app: int, version: int) -> frame.Answer:
    """Show what going back to a version would change, and do it."""
    problems: list[ProblemLine] = []
    status = 200
    if flask.request.method == "POST":
        with state.reading() as space:
            bench = open_bench(space, app)
        try:
            if flask.request.form.get("live") != str(bench.app.live_version):
                raise Conflict("deploy.moved", app=bench.app.code)
            made = deploy.rollback(state.services().engine, bench.app.id, version, state.actor(), ctx=state.context())
        except (Invalid, Conflict) as error:
            problems, status = frame.refusal(error), error.status
        else:
            frame.saved("went_back", version=version, made=made)
            return flask.redirect(flask.url_for("designer.list_versions", app=app))
    with state.reading() as space:
        bench = open_bench(space, app)
        target = version_definition(space, bench.app.id, version)
        cards = review.plain(own_changes(bench.live, target))
    return flask.render_template(
        "designer/go_back.html", version=version, cards=cards, problems=problems, **frame.context(bench, "versions")
    ), status
