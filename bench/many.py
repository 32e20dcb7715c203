"""The same operations with many clients at once: answers per second of both sides, in windows that take turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.pairs import Call, Callers, Row

CLIENTS = 16
APART = 1_000_000
"""Between the numbers that two clients count from, so that no two make the same record."""
WARMING, WARM_FROM = 0.2, 900_000
"""Seconds of a window that does not count, and what its numbers begin with."""


@dataclass
class Rate:
    """Answers and the seconds they took, of one side."""

    answers: int = 0
    seconds: float = 0.0

    def per_second(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds if self.seconds else 0.0


class ManyClients:
    """Rows measured with :data:`CLIENTS` clients, over all rounds."""

    def __init__(self, callers: Callers) -> None:
        self.rates: dict[str, tuple[Rate, Rate]] = {}
        self.aims: dict[str, float] = {}
        self._callers = [callers.again() for _ in range(CLIENTS)]

    def measure(self, rows: Sequence[Row], *, seconds: float, start: int = 0) -> None:
        """One window of each row and side. Numbers from ``start`` on are used, of :data:`CLIENTS` × :data:`APART`."""
        for row in rows:
            rates = self.rates.setdefault(row.name, (Rate(), Rate()))
            self.aims[row.name] = row.aim
            for call, rate in zip((row.mine, row.theirs), rates, strict=True):
                if not rate.answers:
                    # The first calls fill the caches of each worker.
                    self._window(call, Rate(), WARMING, start + WARM_FROM)
                self._window(call, rate, seconds, start)

    def _window(self, call: Call, rate: Rate, seconds: float, start: int) -> None:
        counts = [0] * CLIENTS
        failures: list[Exception] = []
        ready = threading.Barrier(CLIENTS + 1)

        def work(number: int) -> None:
            callers = self._callers[number]
            ready.wait()
            end = time.perf_counter() + seconds
            n = start + number * APART
            try:
                # An answer that is under way when the window ends counts, and so does the time until it is there.
                while time.perf_counter() < end:
                    call(callers, n)
                    n += 1
                    counts[number] += 1
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        ready.wait()
        begin = time.perf_counter()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        rate.answers += sum(counts)
        rate.seconds += time.perf_counter() - begin
