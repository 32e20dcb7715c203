"""The end of each request writes to the audit log what was read in it, before a byte of the answer leaves.

The entry is a short write transaction of its own: where it cannot be written, the answer is an error instead.
"""

from __future__ import annotations

import flask
import sqlalchemy as sa

from lowcode.accounts import audit
from lowcode.errors import Busy
from lowcode.web import errors, state


def register(app: flask.Flask) -> None:
    """Watch every request of ``app``. After :func:`lowcode.web.errors.register`, which numbers the requests."""
    app.before_request(_came_from)
    app.after_request(_write)
    app.teardown_request(_gone)


def _came_from() -> None:
    audit.origin.set(audit.Origin(state.address(), flask.g.get("request_id", "")))


def _gone(_error: BaseException | None) -> None:
    audit.origin.set(audit.Origin())


def _write(response: flask.Response) -> flask.Response:
    actor = state.find_actor()
    if actor is None:
        return response
    refused = response.status_code == 403
    found = flask.g.get("reads")
    if found is None and not refused:
        return response
    reads = state.reads() if found is None else found
    outcome: audit.Outcome = "refused" if refused else "failed" if response.status_code >= 400 else "ok"
    state.let_go()
    more = []
    if refused:
        # The path alone: what was asked for may hold names.
        now = state.services().settings.now()
        more.append(audit.entry(actor, "access.refused", now, target=flask.request.path, outcome="refused"))
    try:
        reads.write(outcome, more)
    except sa.exc.OperationalError as error:
        # What was read must not leave unwritten.
        errors.log.error("%s: the audit log cannot be written", flask.g.get("request_id"), exc_info=error)
        return errors.answer_of(Busy())
    return response


__all__ = ["register"]
