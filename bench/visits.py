"""What the people of a health centre do in a surge, as a pace and a mix, and one person's share of it.

A surge day (200 people at work) brings 3,000 new cases and 30,000 observations; a run compresses it to ten minutes.
"""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import dataclass, field

from bench import ledger, observations
from bench.session import Answer, Session, Typed, hidden

CASES, OBSERVATIONS, PEOPLE, MINUTES = 3_000, 30_000, 200, 10
PACE = PEOPLE * MINUTES * 60 / (CASES + OBSERVATIONS)
"""Seconds from one save of a person to the next."""
A_CASE_IN = (CASES + OBSERVATIONS) // CASES
A_LIST_IN, TOTALS_IN = 2, 100
"""Before every so many-th save a person looks at a list, and after every so many-th at totals."""
SAVES, LISTS, TOTALS = ("save case", "save observation"), ("list of cases", "list of observations"), ("totals",)
FIRST_CASE = 2_000_000_000
"""Numbers of the cases that a run makes; those that are there before it stay below."""


@dataclass(frozen=True)
class Addresses:
    """Where the same things are on one side."""

    case_form: str
    observation_form: str
    lists: tuple[str, str]
    totals: str


@dataclass(frozen=True)
class Kept:
    """A save that the server acknowledged, or one that it did not answer as it should (``record`` None)."""

    kind: str
    marker: str
    values: Typed
    record: int | None


@dataclass
class Person:
    """One person's part in a run: what was asked with its answer, and what was saved."""

    number: int
    login: str
    session: Session
    samples: list[tuple[str, int, float]] = field(default_factory=list)
    """What was asked for, the status (0: no answer) and the seconds."""
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """What was refused (429, 503), and the page that says so."""
    kept: list[Kept] = field(default_factory=list)
    latest: float = 0.0
    """Seconds that the last save was behind its time."""
    done: int = 0

    def ask(self, kind: str, answer: Answer) -> Answer:
        """Note an answer."""
        self.samples.append((kind, answer.status, answer.seconds))
        if answer.status in (429, 503):
            self.refusals.append((kind, answer.body))
        return answer

    def work(self, addresses: Addresses, size: int, begin: float, end: float, pace: float, most: int) -> None:
        """Save at ``pace`` from ``begin`` to ``end``: who falls behind goes on without a pause, at most ``most`` saves.

        :param size: how many cases there are to observe.
        """
        # Each begins somewhere in the first interval, else all would save at the same moment.
        offset = pace * (ledger.mixed(self.number) % 1000) / 1000
        for turn in range(most):
            due = begin + offset + turn * pace
            now = time.perf_counter()
            if max(due, now) >= end:
                break
            if due > now:
                time.sleep(due - now)
            self.latest = time.perf_counter() - due
            nth = self.number + turn
            if nth % A_LIST_IN == 0:
                which = nth // A_LIST_IN % 2
                self.ask(LISTS[which], self.session.get(addresses.lists[which]))
            self._save(addresses, nth % A_CASE_IN == 0, turn, size)
            if (self.number * 7 + turn) % TOTALS_IN == 0:
                self.ask(TOTALS[0], self.session.get(addresses.totals))
            self.session.leave()
            self.done += 1

    def _save(self, addresses: Addresses, case: bool, turn: int, size: int) -> None:
        n = self.number * 1_000_000 + turn
        if case:
            kind, path, marker = SAVES[0], addresses.case_form, f"04-{FIRST_CASE + n}"
            typed: dict[str, t.Any] = ledger.row(n, number=marker)
        else:
            kind, path, marker = SAVES[1], addresses.observation_form, f"o{n}"
            known = str(ledger.row(ledger.mixed(n) % size)["number"])
            typed = observations.row(n, marker=marker, case=known)
        page = self.ask(f"form to {kind}", self.session.get(path))
        if page.status != 200:
            return
        values = {**hidden(page.body, 'id="edit"'), **typed}
        answer = self.ask(kind, self.session.post(path, values, multipart=True))
        last = answer.location.rpartition("/")[2]
        saved = int(last) if answer.status == 303 and last.isdecimal() else None
        self.kept.append(Kept(kind, marker, typed, saved))
        if saved is not None:
            self.ask("page of the record", self.session.get(answer.location))


def together(people: t.Sequence[Person], target: t.Callable[[Person], None], *, at_once: int = 0) -> None:
    """Call ``target`` with each person, all at the same time or ``at_once`` of them."""
    gate = threading.Semaphore(at_once or len(people))
    failures: list[Exception] = []

    def run(person: Person) -> None:
        with gate:
            try:
                target(person)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=run, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
