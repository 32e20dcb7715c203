"""What the audit log costs: the same requests to an app with personal data and to one without, in turn."""

from __future__ import annotations

from collections.abc import Callable

from bench import ledger
from bench.pairs import Times, in_turn
from bench.serving import Client

AIM = 1.1
NAMES = ("get by id, JSON", "list 100 newest, JSON", "list page of 50, HTML", "record page, HTML")


class Logged:
    """The times with the audit log (first) and without it, over all rounds."""

    def __init__(self, apps: tuple[int, int], programs: tuple[Client, Client], person: Client, records: int) -> None:
        self.apps, self.programs, self.person, self.records = apps, programs, person, records
        self.times = {name: Times([], []) for name in NAMES}

    def measure(self, *, seconds: float) -> None:
        """One round."""

        def program(path: Callable[[int], str]) -> list[Callable[[int], object]]:
            return [
                lambda n, app=app, client=client: client.need("GET", f"/api/v1/apps/{app}/records{path(n)}")  # type: ignore[misc]
                for app, client in zip(self.apps, self.programs, strict=True)
            ]

        def page(path: Callable[[int], str]) -> list[Callable[[int], object]]:
            return [lambda n, app=app: self.person.need("GET", f"/k/{app}/{path(n)}") for app in self.apps]  # type: ignore[misc]

        def ident(n: int) -> int:
            return 1 + ledger.mixed(n) % self.records

        calls = (
            program(lambda n: f"/{ident(n)}"),
            program(lambda n: "?limit=100"),
            page(lambda n: ""),
            page(lambda n: f"show/{ident(n)}"),
        )
        for name, (on, off) in zip(NAMES, calls, strict=True):
            on(999_000), off(999_000)
            for kept, times in zip(self.times[name], in_turn(on, off, seconds=seconds), strict=True):
                kept.extend(times)
