"""What was read of apps with personal data, collected while it is read and written to the audit log at the end.

The reader notes here what it gave out; whoever opened the transaction (the web for a request, the services for a job
or a command) writes it: one entry per app, action and filter, all in one statement of a short transaction of its own,
before anything leaves. Nothing is noted for apps that are not marked, and for what the system reads in order to work.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.accounts import audit, record_numbers
from lowcode.query import ast, writing
from lowcode.records.catalog import LiveApp

Key = tuple[int, str, ast.Node | None, tuple[ast.SortKey, ...], str]


class Reads:
    """What one actor reads in one request, job or command."""

    def __init__(self, engine: sa.Engine, actor: Actor, clock: Callable[[], datetime]) -> None:
        self.engine, self.actor, self.clock = engine, actor, clock
        self._found: dict[Key, tuple[LiveApp, set[int], dict[str, t.Any]]] = {}
        self._lock = threading.Lock()

    def of_reader(self, live: LiveApp, actor: Actor) -> Reads | None:
        """Where the reader of an app notes: nowhere when the app is not marked, or the system reads for itself."""
        return self if live.definition.holds_personal_data and actor.kind != "system" else None

    def note(
        self,
        live: LiveApp,
        action: str,
        ids: Iterable[int],
        condition: ast.Node | None = None,
        *,
        order: Sequence[ast.SortKey] = (),
        target: str = "",
        details: Mapping[str, t.Any] | None = None,
    ) -> None:
        """Keep in mind that records were given out; several reads with the same filter are one.

        :param target: what is told apart besides the filter (a file). :param details: further facts, never values.
        """
        if not live.definition.holds_personal_data:
            return
        key = (live.id, action, condition, tuple(order), target)
        with self._lock:
            _, seen, facts = self._found.setdefault(key, (live, set(), {}))
            seen.update(ids)
            facts.update(details or {})

    def write(self, outcome: audit.Outcome = "ok", more: Sequence[Mapping[str, t.Any]] = ()) -> None:
        """Write what was noted, and ``more`` entries, and forget it. Durable when it returns.

        :raises sqlalchemy.exc.OperationalError: it cannot be written; then nothing may be given out.
        """
        with self._lock:
            found, self._found = self._found, {}
        if not found and not more:
            return
        now = self.clock()
        entries = [
            audit.entry(
                self.actor,
                action,
                now,
                target=target or live.code,
                app_id=live.id,
                records=numbers(ids),
                query=_words(condition, order),
                details=details,
                outcome=outcome,
            )
            for (_, action, condition, order, target), (live, ids, details) in found.items()
        ]
        with db.writing(self.engine) as connection:
            audit.write(connection, [*entries, *more])


def numbers(ids: set[int]) -> audit.Numbers:
    """A set of records for an entry."""
    if not ids:
        return audit.Numbers(count=0)
    return audit.Numbers(text=record_numbers.packed(ids), count=len(ids), first=min(ids), last=max(ids))


def _words(condition: ast.Node | None, order: tuple[ast.SortKey, ...]) -> str:
    text = "" if condition is None else writing.condition_text(condition, searches=True)
    return f"{text} order by {writing.order_text(order)}".strip() if order else text


__all__ = ["Reads", "numbers"]
