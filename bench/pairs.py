"""One operation as both sides do it, and the times of both, measured in turn so that noise meets both alike."""

from __future__ import annotations

import statistics
import time
import typing as t
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.serving import Client


@dataclass(frozen=True)
class Callers:
    """The connections of one caller: a program and a logged-in person of ours, and the hand-written application."""

    program: Client
    person: Client
    other: Client

    def again(self) -> Callers:
        """The same three on connections of their own."""
        return Callers(self.program.again(), self.person.again(), self.other.again())


Call = Callable[[Callers, int], object]


@dataclass(frozen=True)
class Row:
    """One operation; the calls get a number that says which record, word or page is asked for."""

    name: str
    aim: float
    mine: Call
    theirs: Call


class Times(t.NamedTuple):
    """Milliseconds of each call of both sides."""

    mine: list[float]
    theirs: list[float]

    def ratio(self) -> float:
        """Our median as a multiple of theirs."""
        return statistics.median(self.mine) / statistics.median(self.theirs)


def in_turn(
    mine: Callable[[int], object], theirs: Callable[[int], object], *, seconds: float, least: int = 5, start: int = 0
) -> Times:
    """The times of both sides, called in turn during about ``seconds`` each, at least ``least`` times."""
    found = Times([], [])
    end = time.perf_counter() + 2 * seconds
    n = start
    while len(found.mine) < least or time.perf_counter() < end:
        for call, times in zip((mine, theirs), found, strict=True):
            begin = time.perf_counter()
            call(n)
            times.append((time.perf_counter() - begin) * 1000)
        n += 1
    return found


class OneClient:
    """Rows measured with one client, over all rounds."""

    def __init__(self) -> None:
        self.times: dict[str, Times] = {}
        self.aims: dict[str, float] = {}

    def measure(self, rows: Sequence[Row], callers: Callers, *, seconds: float, start: int = 0) -> None:
        """One round of each row."""
        for row in rows:

            def mine(n: int, row: Row = row) -> object:
                return row.mine(callers, n)

            def theirs(n: int, row: Row = row) -> object:
                return row.theirs(callers, n)

            mine(start + 999_000), theirs(start + 999_000)  # the first call fills caches on both sides
            kept = self.times.setdefault(row.name, Times([], []))
            self.aims[row.name] = row.aim
            for all_times, times in zip(kept, in_turn(mine, theirs, seconds=seconds, start=start), strict=True):
                all_times.extend(times)


def percentile(times: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the times lie; 0 of none."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
