"""The operations that write: one record, a change, a hundred at once, ten thousand, and a file."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import orjson

from bench import handwritten, ledger
from bench.pairs import Callers, Row, Times, in_turn
from lowcode.services import Services
from lowcode.transfer import importing, tabular

A_REQUEST = 100
BULK_FROM, IMPORT_FROM = 10_000_000_000, 5_000_000_000
"""Where the numbers of records made in bulk and by the import begin; those made one by one stay below."""


def rows(app: int, size: int) -> list[Row]:
    """The rows for the app number ``app`` with ``size`` records. No two calls may get the same number."""
    path = f"/api/v1/apps/{app}/records"

    def one(n: int) -> bytes:
        return orjson.dumps({"records": [{"values": ledger.row(n)}]})

    def change(n: int) -> bytes:
        values = {"temperature": f"37.{n % 9 + 1}", "doctor": f"医師 {n}"}
        return orjson.dumps({"records": [{"id": 1 + ledger.mixed(n) % size, "values": values}]})

    return [
        Row(
            "create one",
            3,
            lambda c, n: c.program.need("POST", path, one(n)),
            lambda c, n: c.other.need("POST", "/records", one(n)),
        ),
        Row(
            "update one",
            3,
            lambda c, n: c.program.need("PATCH", path, change(n)),
            lambda c, n: c.other.need("PATCH", "/records", change(n)),
        ),
        Row(
            f"bulk create, {A_REQUEST} a request",
            4,
            lambda c, n: c.program.need("POST", path, _hundred(n)),
            lambda c, n: c.other.need("POST", "/records", _hundred(n)),
        ),
    ]


def _hundred(n: int) -> bytes:
    made = ledger.rows(BULK_FROM + n * A_REQUEST, A_REQUEST)
    return orjson.dumps({"records": [{"values": values} for values in made]})


def bulk(app: int, callers: Callers, count: int, start: int) -> Times:
    """``count`` new records in requests of a hundred. Gives the milliseconds of each request."""
    row = rows(app, 1)[2]
    return in_turn(
        lambda n: row.mine(callers, n),
        lambda n: row.theirs(callers, n),
        seconds=0,
        least=max(1, count // A_REQUEST),
        start=start,
    )


def take_file(services: Services, app: int, hand_url: str, path: Path, count: int) -> tuple[float, float]:
    """A CSV of ``count`` rows, half of them known and changed, half new. Gives the seconds of both sides."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=ledger.COLUMNS)
        writer.writeheader()
        for n in range(count):
            changed = ledger.row(n) | {"doctor": f"取込 {n}"}
            writer.writerow(changed if n % 2 else ledger.row(IMPORT_FROM + n))
    begin = time.perf_counter()
    actor = services.system("benchmark")
    preview = tabular.inspect(path)
    with services.reading(actor) as space:
        plan = importing.plan_import(space, app, preview, key="number", mode="upsert")
    report = importing.run_import(path, plan, lambda: services.writing(actor), importing.MemoryJournal(), batch="bench")
    mine = time.perf_counter() - begin
    if report.created + report.updated != count:
        raise RuntimeError(f"the import took {report.created} + {report.updated} of {count} rows")
    begin = time.perf_counter()
    handwritten.import_csv(hand_url, path)
    return mine, time.perf_counter() - begin
