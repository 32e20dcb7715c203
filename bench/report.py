"""The results as Markdown."""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bench import logged
from bench.changing import Change
from bench.exports import Export
from bench.many import CLIENTS, Rate
from bench.pairs import Times, percentile
from bench.serving import THREADS, WORKERS

MB = 1024 * 1024


class Once(t.NamedTuple):
    """One long operation, done once: seconds of both sides for so many records."""

    name: str
    records: int
    mine: float
    theirs: float
    aim: float


def head(version: str) -> list[str]:
    """What was measured, with what and how to read it."""
    return [
        "# Results",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}, {version}, {os.cpu_count()} cores; "
        f"gunicorn {WORKERS} × {THREADS} threads on both sides, full durability on both (SQLite: WAL, "
        "`synchronous=FULL`); the callers run on the same cores. Read the ratios; times depend on the machine and on "
        "what else it does.",
        "",
        "Ours carries rights, checks, merging, history, search text and the outbox; the hand-written application "
        "has none of them.",
        "",
    ]


def one_client(times: Mapping[str, Times], aims: Mapping[str, float]) -> list[str]:
    """Each operation with one client."""
    found = [
        "### One client",
        "",
        "| operation | ours p50 / p95, ms | hand-written p50 / p95, ms | ratio | aim |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, both in times.items():
        found.append(f"| {name} | {_ms(both.mine)} | {_ms(both.theirs)} | {both.ratio():.2f} × | {aims[name]} × |")
    return [*found, ""]


def many_clients(rates: Mapping[str, tuple[Rate, Rate]], aims: Mapping[str, float]) -> list[str]:
    """Each operation with many clients."""
    found = [
        f"### {CLIENTS} clients at once",
        "",
        "| operation | ours, answers/s | hand-written, answers/s | ratio (theirs / ours) | aim |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, (mine, theirs) in rates.items():
        a, b = mine.per_second(), theirs.per_second()
        ratio = f"{b / a:.2f} ×" if a else "—"
        found.append(f"| {name} | {a:,.1f} | {b:,.1f} | {ratio} | {aims[name]} × |")
    return [*found, ""]


def long_ones(rows: Sequence[Once]) -> list[str]:
    """What is done once."""
    found = [
        "### Many records at once",
        "",
        "| operation | records | ours, s (records/s) | hand-written, s (records/s) | ratio | aim |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        sides = " | ".join(f"{side:.2f} ({row.records / side:,.0f})" for side in (row.mine, row.theirs))
        found.append(f"| {row.name} | {row.records:,} | {sides} | {row.mine / row.theirs:.2f} × | {row.aim:g} × |")
    return [*found, ""]


def memory(mine: Sequence[Export], theirs: Sequence[Export]) -> list[str]:
    """What an export takes of the server's memory."""
    found = [
        "### Memory of an export: by how much the worker stood above its size before all of them",
        "",
        "| records | ours, MB | hand-written, MB |",
        "| --- | --- | --- |",
    ]
    for a, b in zip(mine, theirs, strict=True):
        found.append(f"| {a.records:,} | {a.growth / MB:.1f} | {b.growth / MB:.1f} |")
    return [*found, ""]


def changing(mine: Change, theirs: Change) -> list[str]:
    """Adding a field and an index."""
    found = [
        "### Adding a field with an index and an index on another field, a reader and a writer going on",
        "",
        "| | ours | hand-written |",
        "| --- | --- | --- |",
        f"| time of the change, s | {mine.seconds:.2f} | {theirs.seconds:.2f} |",
        f"| longest read meanwhile, ms | {mine.longest_read:.0f} | {theirs.longest_read:.0f} |",
        f"| longest write meanwhile, ms | {mine.longest_write:.0f} | {theirs.longest_write:.0f} |",
        f"| reads and writes meanwhile | {mine.reads:,} and {mine.writes:,} | {theirs.reads:,} and {theirs.writes:,} |",
    ]
    return [*found, ""]


def audit_log(times: Mapping[str, Times], records: int) -> list[str]:
    """What the audit log costs."""
    found = [
        f"### What the audit log costs: an app with personal data against one without, {records:,} records each",
        "",
        "| operation | on p50 / p95, ms | off p50 / p95, ms | ratio | aim |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, (on, off) in times.items():
        ratio = Times(on, off).ratio()
        found.append(f"| {name} | {_ms(on)} | {_ms(off)} | {ratio:.2f} × | {logged.AIM:.2f} × |")
    return [*found, ""]


def _ms(times: Sequence[float]) -> str:
    return f"{percentile(times, 0.5):.2f} / {percentile(times, 0.95):.2f}"
