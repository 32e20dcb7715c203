"""The reader's language, and the sentences of a page."""

from __future__ import annotations

import typing as t

import flask

from lowcode import messages
from lowcode.errors import Problem
from lowcode.web import state


def locale() -> str:
    """The person's language; before log-in the browser's; else the installation's."""
    if not flask.has_request_context():
        return "ja"
    found = flask.g.get("locale")
    if found is None:
        actor = state.find_actor()
        default = state.services().settings.locale
        if actor is not None:
            found = actor.locale
        else:
            # The installation's language is first, so that it wins when the browser says nothing or both.
            order = [default, *(each for each in messages.LOCALES if each != default)]
            found = flask.request.accept_languages.best_match(order) or default
        flask.g.locale = found
    return t.cast(str, found)


def translate(code: str, /, **params: t.Any) -> str:
    """The sentence for ``code`` in the reader's language (``_`` in templates)."""
    return messages.text(code, locale(), **params)


def sentence(problem: Problem) -> str:
    """What the reader is told about a problem."""
    return messages.sentence(problem, locale())
