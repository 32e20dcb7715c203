"""The streamed CSV export: how long it takes, and how much memory the server takes for it."""

from __future__ import annotations

import time
import typing as t
from urllib.parse import quote

from bench.pairs import Callers
from bench.serving import Growth, Server


class Export(t.NamedTuple):
    """One export: seconds, and bytes by which the worker that answered grew."""

    records: int
    seconds: float
    growth: int


def take(app: int, callers: Callers, servers: tuple[Server, Server], count: int) -> tuple[list[Export], list[Export]]:
    """Ours and the other's exports of a tenth of ``count`` records and of all of them.

    Where the whole takes no more memory than a tenth, the memory does not depend on the number of records.
    """
    found: tuple[list[Export], list[Export]] = ([], [])
    for records in (max(1, count // 10), count):
        mine = f"/api/v1/apps/{app}/records.csv?query={quote(f'$id <= {records}')}"
        calls = ((callers.program, mine), (callers.other, f"/records.csv?most={records}"))
        for (client, path), server, kept in zip(calls, servers, found, strict=True):
            with Growth(server) as growth:
                begin = time.perf_counter()
                lines = client.lines(path)
                seconds = time.perf_counter() - begin
            if lines < records:
                raise RuntimeError(f"GET {path}: {lines} lines for {records} records")
            kept.append(Export(records, seconds, growth.most))
    return found
