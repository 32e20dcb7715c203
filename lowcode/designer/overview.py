"""The draft's first page: its fields in order, and moving them."""

from __future__ import annotations

import typing as t

import flask

from lowcode import deploy
from lowcode.designer import drafting, frame, outline, placing, proposals, words
from lowcode.designer.bench import check_seen, open_bench, save
from lowcode.designer.blueprint import blueprint
from lowcode.errors import Conflict, NotFound
from lowcode.web import i18n, state
from lowcode.web.forms import Option


@blueprint.get("/<int:app>/")
def overview(app: int) -> frame.Answer:
    """The fields of the draft."""
    return _page(app)


@blueprint.get("/<code>/")
def overview_by_code(code: str) -> frame.Answer:
    """An app's code leads to its number."""
    with state.reading() as space:
        bench = open_bench(space, code)
    return flask.redirect(flask.url_for("designer.overview", app=bench.app.id))


def _page(app: int, problems: t.Sequence[t.Any] = (), status: int = 200) -> frame.Answer:
    with state.reading() as space:
        bench = open_bench(space, app)
    if not bench.readable:
        return flask.redirect(flask.url_for("designer.edit_json", app=app))
    page = flask.render_template(
        "designer/fields.html",
        entries=outline.entries(bench),
        system=outline.system_fields(bench),
        types=type_options(),
        places=[Option(*pair) for pair in outline.place_choices(bench)],
        groups=outline.group_choices(bench),
        problems=problems,
        move_words=_move_words(),
        **frame.context(bench, "fields"),
    )
    return page, status


def type_options() -> list[tuple[str, list[Option]]]:
    """The types that can be added, in their families."""
    return [
        (i18n.translate(f"designer.family.{family}"), [Option(kind, words.type_words(kind)) for kind in kinds])
        for family, kinds in proposals.FAMILIES
    ]


def _move_words() -> dict[str, str]:
    return {how: i18n.translate(f"designer.move.{how}") for how in placing.MOVES}


@blueprint.post("/<int:app>/move")
def move_part(app: int) -> frame.Answer:
    """Move a part of the form."""
    form = flask.request.form
    how = form.get("how", "")
    try:
        with state.writing() as space:
            bench = open_bench(space, app)
            if how not in placing.MOVES:
                raise NotFound("not_found")
            made = drafting.copied(bench.raw)
            placing.move(made["layout"], form.get("key", ""), how, form.get("group", ""))
            save(space, bench, made, frame.stamp())
    except (Conflict, NotFound) as error:
        if isinstance(error, NotFound) and error.code != "definition.no_such_field":
            raise
        return _page(app, frame.refusal(error), error.status)
    return flask.redirect(flask.url_for("designer.overview", app=app) + f"#part-{form.get('key', '')}")


@blueprint.post("/<int:app>/parts/remove")
def remove_part(app: int) -> frame.Answer:
    """Take a label, a space or a line off the form."""
    try:
        with state.writing() as space:
            bench = open_bench(space, app)
            made = drafting.copied(bench.raw)
            key = flask.request.form.get("key", "")
            if placing.find(made["layout"], key).key:
                raise NotFound("definition.no_such_field", code=key)
            placing.remove(made["layout"], key)
            save(space, bench, made, frame.stamp())
    except Conflict as error:
        return _page(app, frame.refusal(error), error.status)
    frame.saved("part_removed")
    return flask.redirect(flask.url_for("designer.overview", app=app))


@blueprint.post("/<int:app>/discard")
def discard(app: int) -> frame.Answer:
    """Throw the draft away."""
    with state.writing() as space:
        bench = open_bench(space, app)
        check_seen(bench, frame.stamp())
        deploy.discard_draft(space.connection, bench.app.id)
    frame.saved("discarded")
    return flask.redirect(flask.url_for("designer.overview", app=app))
