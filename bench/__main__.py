"""``make bench``: ratios against the hand-written application; writes ``bench/RESULTS.md``.

``SIZE``, ``ROUNDS`` and ``SECONDS_EACH`` say how much. ``DB=postgresql`` takes the server of ``LOWCODE_BENCH_PG_URL``,
where two databases are made and dropped again, and writes ``bench/RESULTS-postgresql.md``; a million records have
files of their own (``…-1000000.md``).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench import changing, databases, exports, handwritten, logged, names, ours, reads, report, writes
from bench.many import ManyClients
from bench.pairs import Callers, OneClient
from bench.serving import Client, served

SIZE = int(os.environ.get("SIZE", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = float(os.environ.get("SECONDS_EACH", "1.5"))
A_MILLION = SIZE >= 1_000_000
IMPORTED = 100_000 if A_MILLION else min(20_000, SIZE)
EXPORTED = min(100_000, SIZE)
BULK = min(10_000, SIZE)
TOLD = min(5_000, SIZE)
"""Records of the two apps that show what the audit log costs."""
RESULTS = Path(__file__).parent / "RESULTS.md"
BEHIND = "-1000000" if SIZE == 1_000_000 else ""
"""Results of a million records stand in files of their own."""
ALONE, TOGETHER, BULK_AT, CHANGING_AT = SIZE, SIZE + 100_000_000, SIZE + 1_000_000_000, SIZE + 1_100_000_000
"""Where the numbers of new records begin: with one client, with many, in bulk, while the table is changed."""


def measure(kind: str, folder: Path, urls: tuple[str, str]) -> list[str]:
    """Load, serve, call both sides in turn. Returns the tables of the results."""

    def say(text: str) -> None:
        print(f"[{kind}] {text}", file=sys.stderr, flush=True)

    services = ours.services_for(folder / "ours", urls[0])
    app, token = ours.prepare(services)
    say(f"loading {SIZE:,} records into ours")
    ours.load(services, app, 0, SIZE, tell=lambda done: say(f"{done:,}") if done % 20_000 == 0 else None)
    (told, told_token), (untold, untold_token) = ours.prepare_pair(services, TOLD)
    say("loading the hand-written table")
    handwritten.load(urls[1], 0, SIZE)
    environment = {"LOWCODE_DATA_DIR": str(folder / "ours"), "LOWCODE_DATABASE_URL": urls[0]}
    with (
        served("bench.ours:application()", environment) as own,
        served(f"bench.handwritten:create_app('{urls[1]}')", {}) as other,
    ):
        person = Client(own.port)
        ours.log_in(person)
        callers = Callers(_program(own.port, token), person, Client(other.port))
        programs = (_program(own.port, told_token), _program(own.port, untold_token))
        log = logged.Logged((told, untold), programs, person, TOLD)
        reading, writing = [*reads.rows(app, SIZE), *names.rows(app)], writes.rows(app, SIZE)
        one, many = OneClient(), ManyClients(callers)
        for number in range(ROUNDS):
            say(f"round {number + 1} of {ROUNDS}")
            log.measure(seconds=SECONDS)
            one.measure(reading, callers, seconds=SECONDS)
            one.measure(writing, callers, seconds=SECONDS, start=ALONE + number * 2_000_000)
            many.measure([*reading, *writing], seconds=SECONDS / 2, start=TOGETHER + number * 20_000_000)
        say(f"exporting {EXPORTED:,}, making {BULK:,}, changing the table")
        exported = exports.take(app, callers, (own, other), EXPORTED)
        bulk = writes.bulk(app, callers, BULK, BULK_AT)
        changes = changing.both(services, app, urls[1], reading[1], writing[0], callers, CHANGING_AT)
    say(f"importing {IMPORTED:,} rows")
    taken = writes.take_file(services, app, urls[1], folder / "import.csv", IMPORTED)
    services.engine.dispose()
    whole = tuple(side[-1].seconds for side in exported)
    return [
        f"## {kind}, {SIZE:,} records",
        "",
        *report.one_client(one.times, one.aims),
        *report.many_clients(many.rates, many.aims),
        *report.long_ones(
            [
                report.Once(
                    "bulk create, 100 a request",
                    len(bulk.mine) * writes.A_REQUEST,
                    sum(bulk.mine) / 1000,
                    sum(bulk.theirs) / 1000,
                    4,
                ),
                report.Once("CSV import, half new and half changed", IMPORTED, taken[0], taken[1], 6),
                report.Once("CSV export, streamed", EXPORTED, whole[0], whole[1], 4),
            ]
        ),
        *report.memory(*exported),
        *report.changing(*changes),
        *report.audit_log(log.times, TOLD),
    ]


def _program(port: int, token: str) -> Client:
    return Client(port, {"X-Cybozu-API-Token": token})


def main() -> None:
    kind = databases.kind()
    folder = Path(tempfile.mkdtemp(prefix="lowcode-bench-"))
    try:
        with databases.two(folder) as urls:
            tables = measure("SQLite" if kind == "sqlite" else "PostgreSQL", folder, urls)
            version = databases.version(urls[1])
        text = "\n".join([*report.head(version), *tables])
        RESULTS.with_name(f"RESULTS{'' if kind == 'sqlite' else '-postgresql'}{BEHIND}.md").write_text(text, "utf-8")
        print(text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
