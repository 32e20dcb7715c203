"""The whole definition as JSON: every problem at its line, and what was typed is never lost."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass

import flask

from lowcode.definition import codec
from lowcode.designer import frame, json_text, words
from lowcode.designer.bench import Bench, open_bench, read_draft, save
from lowcode.designer.blueprint import blueprint
from lowcode.errors import Conflict, Invalid, LowcodeError, Problem, TooLarge
from lowcode.web import i18n, state
from lowcode.web.errors import ProblemLine


@dataclass(frozen=True)
class Marked:
    """A problem at its place in the text."""

    text: str
    place: str
    path: str
    excerpt: json_text.Excerpt


@blueprint.get("/<int:app>/json")
def edit_json(app: int) -> frame.Answer:
    """The draft as text."""
    with state.reading() as space:
        bench = open_bench(space, app)
    text = json_text.write(_in_order(bench))
    return _page(bench, text, mark(bench, text, bench.problems), None)


def _in_order(bench: Bench) -> dict[str, t.Any]:
    """The draft with its keys in the order in which definitions are written."""
    keys = [*(k for k in codec.KEYS if k in bench.raw), *(k for k in bench.raw if k not in codec.KEYS)]
    return {key: bench.raw[key] for key in keys}


@blueprint.post("/<int:app>/json")
def save_json(app: int) -> frame.Answer:
    """Keep the text as the draft, when it can be read or when its author insists."""
    form = flask.request.form
    text = form.get("definition", "")
    with state.reading() as space:
        bench = open_bench(space, app)
    try:
        typed = json_text.read(text).value
        if not isinstance(typed, dict):
            raise Invalid([Problem(code="setting.not_a_map")])
        with state.writing() as space:
            bench = open_bench(space, app)
            _, _, problems = read_draft(bench.app, bench.live, typed, bench.known)
            if problems and "keep" not in form:
                raise Invalid(problems)
            save(space, bench, typed, frame.stamp())
    except Invalid as error:
        return _page(bench, text, mark(bench, text, error.problems), error), error.status
    except (Conflict, TooLarge) as error:
        with state.reading() as space:
            bench = open_bench(space, app)
        return _page(bench, text, [], error), error.status
    frame.saved("json")
    return flask.redirect(flask.url_for("designer.edit_json", app=app))


def mark(bench: Bench, text: str, problems: Iterable[Problem]) -> list[Marked]:
    """Each problem with the lines around its place."""
    try:
        located: json_text.Located | None = json_text.read(text)
    except Invalid:
        located = None
    found = []
    for problem in problems:
        line = problem.params.get("line")
        if not isinstance(line, int):
            line = located.line(problem.path) if located is not None else 1
        found.append(
            Marked(
                i18n.sentence(problem),
                words.place_words(problem.path, bench.definition),
                ".".join(str(step) for step in problem.path),
                json_text.excerpt(text, line),
            )
        )
    return sorted(found, key=lambda each: each.excerpt.line)


def _page(bench: Bench, text: str, marks: list[Marked], error: LowcodeError | None) -> str:
    lines = []
    if isinstance(error, Invalid):
        lines = [
            ProblemLine(
                i18n.translate("designer.json.at_line", line=each.excerpt.line, text=each.text), href=f"#mark-{number}"
            )
            for number, each in enumerate(marks, start=1)
        ]
    elif error is not None:
        lines = [ProblemLine(i18n.translate(error.code, **error.params))]
    return flask.render_template(
        "designer/json.html",
        text=text,
        marks=marks,
        problems=lines,
        refused=error is not None,
        can_keep=isinstance(error, Invalid) and not any(m.text and m.path == "" for m in marks),
        **frame.context(bench, "json"),
    )
