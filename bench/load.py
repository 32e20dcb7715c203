"""``make bench-load``: many people at the pace of a surge, as real sessions; writes ``bench/LOAD.md``.

``SIZE`` cases are there before (100,000), ``SESSIONS`` people work (200) for ``MINUTES`` (10) at ``FACTOR`` times the
surge's pace (1), first on ours as ``lowcode serve`` serves it, then on the hand-written application. ``DB=postgresql``
takes the server of ``LOWCODE_BENCH_PG_URL``. Ends with 1 when an acknowledged save is lost or changed, or when
something was answered with 500 or more, or not at all; a refusal (429, 503) of lists and totals is none of these.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import typing as t
from pathlib import Path
from urllib.parse import quote, urlencode

from bench import databases, handwritten, handwritten_forms, ledger, load_report, ours
from bench.reading_back import Found, compare
from bench.serving import Server, served, served_as_shipped
from bench.session import Session
from bench.visits import MINUTES as DAY_MINUTES
from bench.visits import PACE, PEOPLE, Addresses, Person, together
from lowcode.commands.serving import THREADS
from lowcode.services import Services

SIZE = int(os.environ.get("SIZE", "100000"))
SESSIONS = int(os.environ.get("SESSIONS", str(PEOPLE)))
MINUTES = float(os.environ.get("MINUTES", str(DAY_MINUTES)))
FACTOR = float(os.environ.get("FACTOR", "1"))
LOGGING_IN = 8
"""People who log in at the same time; hashing is slow on purpose and no part of the surge."""
RESULTS = Path(__file__).parent
HAND_WRITTEN = Addresses(
    "/cases/new",
    "/observations/new",
    (
        f"/list?{urlencode({'ward': ledger.WARDS[0], 'status': ledger.UNFINISHED_STATUSES}, doseq=True)}",
        "/observations",
    ),
    "/cross",
)


def addresses_of(cases: int, watched: int) -> Addresses:
    """Where ours has the ledger and the observations of these numbers."""
    return Addresses(
        f"/k/{cases}/new",
        f"/k/{watched}/new",
        (f"/k/{cases}/?view={quote(ledger.UNFINISHED)}", f"/k/{watched}/"),
        f"/api/v1/apps/{cases}/aggregate?group=ward,status&measure=count",
    )


def say(text: str) -> None:
    """A line of progress."""
    print(f"[load] {text}", file=sys.stderr, flush=True)


def run(server: Server, addresses: Addresses, logins: t.Sequence[str]) -> list[Person]:
    """Log everybody in, let them work, and return what they did."""
    people = [Person(number, login, Session(server.port)) for number, login in enumerate(logins)]

    def enter(person: Person) -> None:
        answer = person.ask("log-in", person.session.log_in(person.login, ours.PASSWORD))
        if answer.status not in (302, 303):
            raise RuntimeError(f"{person.login} may not log in: {answer.status} {answer.body[:300]}")

    together(people, enter, at_once=LOGGING_IN)
    pace = PACE / FACTOR
    most = int(MINUTES * 60 / pace) + 1
    begin = time.perf_counter() + 0.5
    end = begin + MINUTES * 60
    say(f"{len(people)} people for {MINUTES:g} minutes")
    together(people, lambda person: person.work(addresses, SIZE, begin, end, pace, most))
    return people


def mine(folder: Path, url: str) -> tuple[list[Person], Found]:
    """Ours: people's work, and what reading everything back has shown."""
    services: Services = ours.services_for(folder / "ours", url)
    (cases, watched), tokens, logins = ours.prepare_load(services, SESSIONS)
    say(f"loading {SIZE:,} cases into ours")
    ours.load(services, cases, 0, SIZE)
    services.engine.dispose()
    environment = {"LOWCODE_DATA_DIR": str(folder / "ours"), "LOWCODE_DATABASE_URL": url}
    with served_as_shipped(environment) as server:
        people = run(server, addresses_of(cases, watched), logins)
        say("reading everything back")
        return people, compare(people, server.port, (cases, watched), tokens, SIZE)


def theirs(url: str) -> tuple[list[Person], int]:
    """The hand-written application: people's work, and how many acknowledged records are not there."""
    logins = [f"person{number:03d}" for number in range(SESSIONS)]
    handwritten_forms.prepare(url, logins, ours.PASSWORD)
    say("loading the hand-written table")
    handwritten.load(url, 0, SIZE)
    before = handwritten_forms.count(url)
    with served(f"bench.handwritten_forms:create_app('{url}')", {}, threads=THREADS, keep_alive=5) as server:
        people = run(server, HAND_WRITTEN, logins)
    made = sum(handwritten_forms.count(url)) - sum(before)
    return people, sum(kept.record is not None for person in people for kept in person.kept) - made


def main() -> None:
    kind = databases.kind()
    folder = Path(tempfile.mkdtemp(prefix="lowcode-load-"))
    try:
        with databases.two(folder) as urls:
            own, found = mine(folder, urls[0])
            other, missing = theirs(urls[1])
            version = databases.version(urls[1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    run_of = load_report.Run(version, SIZE, SESSIONS, MINUTES, FACTOR)
    text = load_report.written(run_of, own, found, other, missing)
    marks = ["" if kind == "sqlite" else "-postgresql", "" if FACTOR == 1 else f"-x{FACTOR:g}"]
    marks.append("-1000000" if SIZE == 1_000_000 else "")
    (RESULTS / f"LOAD{''.join(marks)}.md").write_text(text, "utf-8")
    print(text)
    if wrong := [*found.wrong(), *load_report.broken(own)]:
        raise SystemExit("\n".join(wrong[:20]))


if __name__ == "__main__":
    main()
