"""``make bench``: ratios against the hand-written application; writes ``bench/RESULTS.md``.

``SIZE``, ``ROUNDS`` and ``SECONDS_EACH`` say how much. ``DB=postgresql`` takes the server of ``LOWCODE_BENCH_PG_URL``,
where two databases are made and dropped again, and writes ``bench/RESULTS-postgresql.md``; a million records have
files of their own (``…-1000000.md``).
"""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import statistics
import sys
import tempfile
import time
import typing as t
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import orjson
import sqlalchemy as sa

from bench import handwritten, ledger, ours
from bench.serving import THREADS, WORKERS, Client, served
from lowcode import db
from lowcode.transfer import importing, tabular

SIZE = int(os.environ.get("SIZE", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = float(os.environ.get("SECONDS_EACH", "1.5"))
IMPORTED = min(20_000, SIZE)
RESULTS = Path(__file__).parent / "RESULTS.md"
BEHIND = "-1000000" if SIZE == 1_000_000 else ""
"""Results of a million records stand in files of their own."""
TOLD = min(5_000, SIZE)
"""Records of the two apps that show what the audit log costs."""
LOG_AIM = 1.1
LOGGED = ("get by id, JSON", "list 100 newest, JSON", "list page of 50, HTML", "record page, HTML")
AIMS = {
    "get by id, JSON": 2,
    "list 100 newest, JSON": 2,
    "ward + two statuses by date, JSON": 2,
    "page at offset 50,000, JSON": 2,
    "exact phone, JSON": 2,
    "name of two characters, common": 1,
    "name of two characters, rare": 1,
    "name of two characters, nobody's": 1,
    "name of three characters, common": 1,
    "name of three characters, rare": 1,
    "name of three characters, nobody's": 1,
    "list page of 50, HTML": 3,
    "create one": 3,
    "update one": 3,
    "bulk create, 100 a request": 4,
    "CSV import": 6,
}


def timed(
    mine: Callable[[int], object], theirs: Callable[[int], object], *, seconds: float, least: int = 5, start: int = 0
) -> tuple[list[float], list[float]]:
    """Milliseconds of each call of both sides, in turn during about ``seconds`` each: noise then meets both alike."""
    found: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + 2 * seconds
    n = start
    while len(found[0]) < least or time.perf_counter() < end:
        for call, times in zip((mine, theirs), found, strict=True):
            begin = time.perf_counter()
            call(n)
            times.append((time.perf_counter() - begin) * 1000)
        n += 1
    return found


class Run:
    """Both sides on one database kind."""

    def __init__(self, kind: str, folder: Path, urls: tuple[str, str]) -> None:
        self.kind, self.folder, self.urls = kind, folder, urls
        self.times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in AIMS}
        self.logged: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in LOGGED}

    def measure(self) -> None:
        """Load, serve, call both sides in turn."""
        services = ours.services_for(self.folder / "ours", self.urls[0])
        app, token = ours.prepare(services)
        self.say(f"loading {SIZE:,} records into ours")
        ours.load(services, app, 0, SIZE, tell=lambda done: self.say(f"{done:,}") if done % 20_000 == 0 else None)
        (told, told_token), (untold, untold_token) = ours.prepare_pair(services, TOLD)
        self.say("loading the hand-written table")
        handwritten.load(self.urls[1], 0, SIZE)
        environment = {"LOWCODE_DATA_DIR": str(self.folder / "ours"), "LOWCODE_DATABASE_URL": self.urls[0]}
        with (
            served("bench.ours:application()", environment) as own,
            served(f"bench.handwritten:create_app('{self.urls[1]}')", {}) as other,
        ):
            mine, theirs = Client(own, {"X-Cybozu-API-Token": token}), Client(other)
            person = Client(own)
            ours.log_in(person)
            programs = (
                Client(own, {"X-Cybozu-API-Token": told_token}),
                Client(own, {"X-Cybozu-API-Token": untold_token}),
            )
            for number in range(ROUNDS):
                self._log((told, untold), programs, person)
                self._reads(app, mine, theirs, person)
                self._writes(app, mine, theirs, SIZE + number * 1_000_000)
        self._import(services, app)
        services.engine.dispose()

    def _log(self, apps: tuple[int, int], programs: tuple[Client, Client], person: Client) -> None:
        """The same requests to an app with personal data and to one without, in turn."""

        def program(path: Callable[[int], str]) -> list[Callable[[int], object]]:
            return [
                lambda n, app=app, client=client: client.need("GET", f"/api/v1/apps/{app}/records{path(n)}")  # type: ignore[misc]
                for app, client in zip(apps, programs, strict=True)
            ]

        def page(path: Callable[[int], str]) -> list[Callable[[int], object]]:
            return [lambda n, app=app: person.need("GET", f"/k/{app}/{path(n)}") for app in apps]  # type: ignore[misc]

        def ident(n: int) -> int:
            return 1 + ledger.mixed(n) % TOLD

        calls = (
            program(lambda n: f"/{ident(n)}"),
            program(lambda n: "?limit=100"),
            page(lambda n: ""),
            page(lambda n: f"show/{ident(n)}"),
        )
        for name, (on, off) in zip(LOGGED, calls, strict=True):
            on(999_000), off(999_000)
            for kept, times in zip(self.logged[name], timed(on, off, seconds=SECONDS), strict=True):
                kept.extend(times)

    def say(self, text: str) -> None:
        print(f"[{self.kind}] {text}", file=sys.stderr, flush=True)

    def pair(self, name: str, mine: Callable[[int], object], theirs: Callable[[int], object], start: int = 0) -> None:
        mine(start + 999_000), theirs(start + 999_000)  # the first call fills caches on both sides
        for kept, times in zip(self.times[name], timed(mine, theirs, seconds=SECONDS, start=start), strict=True):
            kept.extend(times)

    def _reads(self, app: int, mine: Client, theirs: Client, person: Client) -> None:
        base = f"/api/v1/apps/{app}/records"

        def ident(n: int) -> int:
            return 1 + ledger.mixed(n) % SIZE

        self.pair(
            "get by id, JSON",
            lambda n: mine.need("GET", f"{base}/{ident(n)}"),
            lambda n: theirs.need("GET", f"/records/{ident(n)}"),
        )
        self.pair(
            "list 100 newest, JSON",
            lambda n: mine.need("GET", f"{base}?limit=100"),
            lambda n: theirs.need("GET", "/newest"),
        )

        def ward(n: int) -> str:
            return ledger.WARDS[n % len(ledger.WARDS)]

        def filtered(n: int) -> str:
            first, third = ledger.STATUSES[0], ledger.STATUSES[2]
            text = f'ward in ("{ward(n)}") and status in ("{first}", "{third}") order by diagnosis desc limit 100'
            return f"{base}?query={quote(text)}"

        pairs = urlencode([("status", ledger.STATUSES[0]), ("status", ledger.STATUSES[2])])
        self.pair(
            "ward + two statuses by date, JSON",
            lambda n: mine.need("GET", filtered(n)),
            lambda n: theirs.need("GET", f"/filtered?ward={quote(ward(n))}&{pairs}"),
        )
        deep = min(50_000, SIZE // 2)
        self.pair(
            "page at offset 50,000, JSON",
            lambda n: mine.need("GET", f"{base}?limit=100&offset={deep + n}"),
            lambda n: theirs.need("GET", f"/newest?offset={deep + n}"),
        )

        def tel(n: int) -> str:
            return str(ledger.row(ledger.mixed(n) % SIZE)["tel"])

        self.pair(
            "exact phone, JSON",
            lambda n: mine.need("GET", f"{base}?query={quote(f'tel = {chr(34)}{tel(n)}{chr(34)}')}"),
            lambda n: theirs.need("GET", f"/phone?tel={quote(tel(n))}"),
        )
        self._names(app, mine, theirs)
        self.pair(
            "list page of 50, HTML", lambda n: person.need("GET", f"/k/{app}/"), lambda n: theirs.need("GET", "/list")
        )

    def _names(self, app: int, mine: Client, theirs: Client) -> None:
        """The first hundred of a search: ours ranked and in every field, the other's newest, in name and reading."""
        needles = {
            "two characters, common": ledger.SURNAMES[:5],
            "two characters, rare": ledger.RARE[:1],
            "two characters, nobody's": ("魑魅",),
            "three characters, common": tuple(kana for kana in ledger.KANA if len(kana) == 3)[:5],
            "three characters, rare": ledger.RARE[1:],
            "three characters, nobody's": ("ヌヌヌ",),
        }
        for name, words in needles.items():

            def word(n: int, words: tuple[str, ...] = words) -> str:
                return quote(words[n % len(words)])

            self.pair(
                f"name of {name}",
                lambda n, word=word: mine.need("GET", f"/api/v1/apps/{app}/search?limit=100&q={word(n)}"),
                lambda n, word=word: theirs.need("GET", f"/named?q={word(n)}"),
            )

    def _writes(self, app: int, mine: Client, theirs: Client, first: int) -> None:
        path = f"/api/v1/apps/{app}/records"

        def one(n: int) -> bytes:
            return orjson.dumps({"records": [{"values": ledger.row(n)}]})

        self.pair(
            "create one",
            lambda n: mine.need("POST", path, one(n)),
            lambda n: theirs.need("POST", "/records", one(n)),
            start=first,
        )

        def change(n: int) -> bytes:
            return orjson.dumps(
                {
                    "records": [
                        {
                            "id": 1 + ledger.mixed(n) % SIZE,
                            "values": {"temperature": f"37.{n % 9 + 1}", "doctor": f"医師 {n}"},
                        }
                    ]
                }
            )

        self.pair(
            "update one",
            lambda n: mine.need("PATCH", path, change(n)),
            lambda n: theirs.need("PATCH", "/records", change(n)),
            start=first,
        )

        def hundred(n: int) -> bytes:
            return orjson.dumps({"records": [{"values": r} for r in ledger.rows(first + 2_000_000_000 + n * 100, 100)]})

        self.pair(
            "bulk create, 100 a request",
            lambda n: mine.need("POST", path, hundred(n)),
            lambda n: theirs.need("POST", "/records", hundred(n)),
            start=first,
        )

    def _import(self, services: t.Any, app: int) -> None:
        path = self.folder / "import.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=ledger.COLUMNS)
            writer.writeheader()
            for n in range(IMPORTED):
                # Half of the rows are known and changed, half are new.
                changed = ledger.row(n) | {"doctor": f"取込 {n}"}
                writer.writerow(changed if n % 2 else ledger.row(5_000_000_000 + n))
        self.say(f"importing {IMPORTED:,} rows")
        begin = time.perf_counter()
        actor = services.system("benchmark")
        preview = tabular.inspect(path)
        with services.reading(actor) as space:
            plan = importing.plan_import(space, app, preview, key="number", mode="upsert")
        report = importing.run_import(
            path, plan, lambda: services.writing(actor), importing.MemoryJournal(), batch="bench"
        )
        self.times["CSV import"][0].append((time.perf_counter() - begin) * 1000)
        if report.created + report.updated != IMPORTED:
            raise RuntimeError(f"the import took {report.created} + {report.updated} of {IMPORTED} rows")
        begin = time.perf_counter()
        handwritten.import_csv(self.urls[1], path)
        self.times["CSV import"][1].append((time.perf_counter() - begin) * 1000)

    def lines(self) -> list[str]:
        """The table of results."""
        found = [
            f"## {self.kind}, {SIZE:,} records",
            "",
            "| operation | ours p50 / p95, ms | hand-written p50 / p95, ms | ratio | aim |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name, (mine, theirs) in self.times.items():
            ratio = statistics.median(mine) / statistics.median(theirs)
            found.append(f"| {name} | {shown(mine)} | {shown(theirs)} | {ratio:.2f} × | {AIMS[name]} × |")
        found += [
            "",
            f"### What the audit log costs: an app with personal data against one without, {TOLD:,} records each",
            "",
            "| operation | on p50 / p95, ms | off p50 / p95, ms | ratio | aim |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name, (on, off) in self.logged.items():
            ratio = statistics.median(on) / statistics.median(off)
            found.append(f"| {name} | {shown(on)} | {shown(off)} | {ratio:.2f} × | {LOG_AIM:.2f} × |")
        return found


def shown(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{statistics.median(ordered):.2f} / {ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]:.2f}"


@contextlib.contextmanager
def databases(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two empty databases, ours and the hand-written one's."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'ours' / 'lowcode.db'}", f"sqlite:///{folder / 'hand.db'}"
        return
    server = sa.make_url(os.environ["LOWCODE_BENCH_PG_URL"]).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    names = ("lowcode_bench_ours", "lowcode_bench_hand")
    try:
        with engine.connect() as connection:
            for name in names:
                connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                connection.execute(sa.text(f"CREATE DATABASE {name}"))
        ours_url, hand_url = (server.set(database=name).render_as_string(hide_password=False) for name in names)
        yield ours_url, hand_url
        with engine.connect() as connection:
            for name in names:
                connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    finally:
        engine.dispose()


def main() -> None:
    kind = os.environ.get("DB", "sqlite")
    folder = Path(tempfile.mkdtemp(prefix="lowcode-bench-"))
    try:
        (folder / "ours").mkdir()
        with databases(kind, folder) as urls:
            run = Run("SQLite" if kind == "sqlite" else "PostgreSQL", folder, urls)
            run.measure()
            engine = db.make_engine(urls[1])
            with engine.connect() as connection:
                asked = (
                    "SELECT 'SQLite ' || sqlite_version()"
                    if kind == "sqlite"
                    else "SELECT split_part(version(), ' on ', 1)"
                )
                version = connection.scalar(sa.text(asked))
            engine.dispose()
        head = [
            "# Results",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}, {version}, {os.cpu_count()} cores; "
            f"gunicorn {WORKERS} × {THREADS} threads on both sides, full durability on both (SQLite: WAL, "
            "`synchronous=FULL`), one client. Read the ratios; times depend on the machine and on what else it does.",
            "",
            "Ours carries rights, checks, merging, history, search text and the outbox; the hand-written application "
            "has none of them.",
            "",
        ]
        text = "\n".join([*head, *run.lines(), ""])
        RESULTS.with_name(f"RESULTS{'' if kind == 'sqlite' else '-postgresql'}{BEHIND}.md").write_text(text, "utf-8")
        print(text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
