"""The streamed CSV export: how long it takes, and how much memory the server takes for it."""

from __future__ import annotations

import time
import typing as t
from urllib.parse import quote

from bench.pairs import Callers
from bench.serving import Growth, Server

SHARES = (0.1, 0.5, 1.0)


class Export(t.NamedTuple):
    """One export: seconds, and by how many bytes the worker stood above its size before all of them."""

    records: int
    seconds: float
    growth: int


def take(app: int, callers: Callers, servers: tuple[Server, Server], count: int) -> tuple[list[Export], list[Export]]:
    """Ours and the other's exports of some and of all of ``count`` records.

    Where the whole stands no higher than a half, the memory does not depend on the number of records.
    """
    found: tuple[list[Export], list[Export]] = ([], [])
    before = tuple(server.resident() for server in servers)
    for records in (max(1, int(count * share)) for share in SHARES):
        mine = f"/api/v1/apps/{app}/records.csv?query={quote(f'$id <= {records}')}"
        calls = ((callers.program, mine), (callers.other, f"/records.csv?most={records}"))
        for (client, path), server, sizes, kept in zip(calls, servers, before, found, strict=True):
            with Growth(server, sizes) as growth:
                begin = time.perf_counter()
                lines = client.lines(path)
                seconds = time.perf_counter() - begin
            if lines < records:
                raise RuntimeError(f"GET {path}: {lines} lines for {records} records")
            kept.append(Export(records, seconds, growth.most))
    return found
