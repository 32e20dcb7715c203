"""See as: what rights give somebody in this app and in one of its records, and which rule decides.

Nothing is done as that person: their rights are worked out in a transaction that only reads, and explained.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import flask
from werkzeug.wrappers import Response

from lowcode.access.actor import Actor
from lowcode.definition.rights import EVERYONE
from lowcode.designer import frame
from lowcode.designer.bench import Bench, open_app, open_bench
from lowcode.designer.blueprint import blueprint
from lowcode.designer.reasons import Elsewhere, Reasons, Report
from lowcode.errors import Invalid, LowcodeError, NotFound, Problem
from lowcode.fields.user_select import UserSelectField
from lowcode.records.catalog import LiveApp
from lowcode.records.explaining import explain_rights
from lowcode.records.titles import title_of
from lowcode.records.workspace import Workspace
from lowcode.web import i18n, picking, state
from lowcode.web.errors import ProblemLine

MOST = 20
DIGITS: t.Final = 18
"""Of a record's number: as many as every database takes."""
_PEOPLE = UserSelectField(id=0, code="user", label="")
"""Reads a person as the forms of records do: a log-in name, or a name with the log-in name behind it."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the screen shows of one person."""

    name: str
    member_of: str
    administrator: bool
    report: Report
    record_title: str
    """Empty when whoever asks may not see the record."""


@blueprint.get("/<int:app>/rights/see-as")
def see_as(app: int) -> frame.Answer:
    """Choose a person and perhaps a record; the explanation stands below."""
    typed = flask.request.args.get("user", "").strip()[:200]
    number = flask.request.args.get("record", "").strip()[:40]
    seen, problems, status = None, [], 200
    with state.reading() as space:
        bench = open_bench(space, app)
        if typed and bench.live is not None:
            try:
                seen = _seen(space, space.snapshot.app(bench.app.id), typed, number)
            except (Invalid, NotFound) as error:
                problems, status = _lines(error), error.status
    return _page(bench, typed, number, seen, problems), status


def _page(bench: Bench, typed: str, number: str, seen: Seen | None, problems: list[ProblemLine]) -> str:
    return flask.render_template(
        "designer/see_as.html",
        typed=typed,
        number=number,
        seen=seen,
        problems=problems,
        errors={problem.field: problem.text for problem in problems},
        **frame.context(bench, "rights"),
    )


def _lines(error: LowcodeError) -> list[ProblemLine]:
    if isinstance(error, Invalid):
        return frame.refusal(error)
    return [ProblemLine(i18n.translate(error.code, **error.params), "record")]


def _seen(space: Workspace, live: LiveApp, typed: str, number: str) -> Seen:
    """:raises Invalid: there is no such person, or the number is none. :raises NotFound: there is no such record."""
    record_id = _record_number(number)
    person = _as_person(space, typed)
    locale = i18n.locale()
    report = Reasons(live.definition, space.ctx.directory, Elsewhere(space, locale), locale).report(
        explain_rights(person, live, record_id)
    )
    actor = person.actor
    return Seen(
        name=i18n.translate("see_as.result", name=actor.name, login=actor.login),
        member_of=_member_of(space, actor),
        administrator=actor.administrator,
        report=report,
        record_title="" if record_id is None else _title(space, live, record_id),
    )


def _as_person(space: Workspace, typed: str) -> Workspace:
    """The transaction as the person who was typed would read in it. Raises :class:`Invalid`."""
    unknown = Problem(code="user.unknown", path=("user",), params={"value": typed[:100]})
    try:
        found = _PEOPLE.parse(typed, space.ctx)
    except Invalid:
        raise Invalid([unknown]) from None
    if len(found) != 1:
        raise Invalid([unknown])
    try:
        return state.services().as_person(space, found[0])
    except NotFound:
        raise Invalid([unknown]) from None


def _record_number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise Invalid([Problem(code="see_as.bad_number", path=("record",))])
    return int(text)


def _member_of(space: Workspace, actor: Actor) -> str:
    kinds: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("ORGANIZATION", actor.organization_ids),
        ("GROUP", actor.group_ids),
    )
    found = [entity for kind, ids in kinds for each in ids if (entity := space.ctx.directory.by_id(kind, each))]
    names = [entity.name for entity in found if (entity.kind, entity.code) != ("GROUP", EVERYONE)]
    if not names:
        return i18n.translate("see_as.no_groups")
    return i18n.translate("see_as.member_of", names=i18n.translate("see_as.comma").join(names))


def _title(space: Workspace, live: LiveApp, record_id: int) -> str:
    """The record's title, as far as whoever asks may see it themselves."""
    reader = space.reader(live)
    try:
        record = reader.get(record_id, fields=[live.definition.title_field.code])
    except NotFound:
        return ""
    return title_of(live.definition, record.id, record.values, reader.ctx)


@blueprint.get("/<int:app>/rights/people")
def find_people(app: int) -> Response:
    """``{"items": [{"value", "label", "detail"}]}``: active users for the typed words."""
    words = flask.request.args.get("q", "").strip()[:100]
    with state.reading() as space:
        open_app(space, app)
        items = picking.entities(space.ctx.directory, "USER", words, MOST)
    return flask.jsonify(items=items)
