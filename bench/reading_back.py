"""Reads everything back after a run and compares it with what the server had acknowledged."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

import orjson

from bench import ledger
from bench.serving import Client
from bench.visits import SAVES, Kept, Person

PAGE = 500
MARKER = {SAVES[0]: ledger.UNIQUE, SAVES[1]: "marker"}
"""The field whose value is no other record's."""


@dataclass
class Found:
    """What became of the saves of a run."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    """Acknowledged, and not there."""
    changed: list[str] = field(default_factory=list)
    """There, with another value than the one that was typed."""
    twice: list[str] = field(default_factory=list)
    """There more than once."""
    unanswered: int = 0
    """There, although nobody was told so."""

    def wrong(self) -> list[str]:
        """A line for each promise that was not kept."""
        named = (("lost", self.lost), ("changed", self.changed), ("twice", self.twice))
        return [f"{name}: {what}" for name, all_of in named for what in all_of]


def compare(people: Sequence[Person], port: int, apps: tuple[int, int], tokens: tuple[str, str], size: int) -> Found:
    """Read the records behind the first ``size`` cases, and all observations, and look for every save.

    :param apps: the numbers of the ledger and of the observations. :param tokens: one that reads each.
    """
    found = Found()
    for kind, app, token, first in zip(SAVES, apps, tokens, (size, 0), strict=True):
        client = Client(port, {"X-Cybozu-API-Token": token})
        there: dict[int, dict[str, t.Any]] = dict(_records(client, app, first))
        by_marker: dict[str, list[int]] = {}
        for number, values in there.items():
            by_marker.setdefault(values[MARKER[kind]], []).append(number)
        for kept in (kept for person in people for kept in person.kept if kept.kind == kind):
            _look(found, kept, there, by_marker.get(kept.marker, []))
    return found


def _look(found: Found, kept: Kept, there: dict[int, dict[str, t.Any]], numbers: Sequence[int]) -> None:
    if len(numbers) > 1:
        found.twice.append(kept.marker)
    if kept.record is None:
        found.unanswered += bool(numbers)
        return
    found.acknowledged += 1
    if kept.record not in numbers:
        found.lost.append(kept.marker)
        return
    values = there[kept.record]
    for code, typed in kept.values.items():
        if not same(typed, values.get(code)):
            found.changed.append(f"{kept.marker} {code}: {typed!r} is {values.get(code)!r}")


def _records(client: Client, app: int, first: int) -> Iterator[tuple[int, dict[str, t.Any]]]:
    """Number and values of each record behind ``first``."""
    while True:
        query = quote(f"$id > {first} order by $id asc limit {PAGE}")
        page = orjson.loads(client.need("GET", f"/api/v1/apps/{app}/records?query={query}"))["records"]
        yield from ((record["id"], record["values"]) for record in page)
        if len(page) < PAGE:
            return
        first = page[-1]["id"]


def same(typed: t.Any, stored: t.Any) -> bool:
    """Whether a stored value is the typed one: equal as it stands, as a number, as a moment, or as choices."""
    if isinstance(typed, tuple):
        return sorted(typed) == sorted(stored or ())
    if typed == stored:
        return True
    for read in (Decimal, datetime.fromisoformat):
        try:
            return bool(read(typed) == read(stored))
        except (InvalidOperation, ValueError, TypeError):
            continue
    return False
