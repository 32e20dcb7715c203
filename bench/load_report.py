"""The results of the load run as Markdown."""

from __future__ import annotations

import os
import sys
import typing as t
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.pairs import percentile
from bench.reading_back import Found
from bench.serving import WORKERS
from bench.session import sentence
from bench.visits import A_LIST_IN, CASES, LISTS, MINUTES, OBSERVATIONS, PACE, PEOPLE, SAVES, TOTALS, TOTALS_IN, Person
from lowcode.commands.serving import THREADS

AIMS = {**dict.fromkeys(SAVES, 1000), **dict.fromkeys(LISTS, 1500)}
"""Milliseconds below which the 95th percentile is to stay."""
ORDER = ("log-in", *(f"form to {kind}" for kind in SAVES), *SAVES, "page of the record", *LISTS, *TOTALS)
HEAVY = (*LISTS, *TOTALS)


class Run(t.NamedTuple):
    """How much was asked for."""

    version: str
    size: int
    sessions: int
    minutes: float
    factor: float


def broken(people: Sequence[Person]) -> list[str]:
    """A line for each kind of answer that must not be: 500 and more, none, or a save that was not taken."""
    found: Counter[tuple[str, int]] = Counter()
    for kind, status, _ in _samples(people):
        refused = status in (429, 503) and kind in HEAVY
        if not refused and (status == 0 or status >= 400):
            found[kind, status] += 1
    return [f"{kind}: {count} × {status or 'no answer'}" for (kind, status), count in sorted(found.items())]


def written(run: Run, own: Sequence[Person], found: Found, other: Sequence[Person], missing: int) -> str:
    """The whole file."""
    planned = run.sessions * run.minutes * 60 * run.factor / PACE
    lines = [
        "# Many people at the pace of a surge",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}, {run.version}, {os.cpu_count()} cores, which "
        f"the callers share; {run.size:,} cases before the run. {run.sessions} people for {run.minutes:g} minutes at "
        f"{run.factor:g} × the pace of a surge day of {CASES:,} cases and {OBSERVATIONS:,} observations for {PEOPLE} "
        f"people, compressed to {MINUTES} minutes: {planned / run.minutes / 60:.1f} saves a second. Ours as `lowcode "
        f"serve` serves it, with its job worker; the hand-written application under gunicorn; both {WORKERS} × "
        f"{THREADS} threads. Times depend on the machine and on what else it does.",
        "",
        "Each person logs in, and then again and again opens a form, types, saves it with its token and sees the "
        f"record; before one save in {A_LIST_IN} there is a list, after one in {TOTALS_IN} the totals of all cases. "
        "Whoever falls behind goes on without a pause. Both apps of ours hold personal data, so that the audit log "
        "tells who read what.",
        "",
        "| | ours p50 / p95, ms | hand-written p50 / p95, ms | aim, p95 of ours |",
        "| --- | --- | --- | --- |",
    ]
    for kind in ORDER:
        aim = f"{AIMS[kind]:,}" if kind in AIMS else ""
        lines.append(f"| {kind} | {_ms(own, kind)} | {_ms(other, kind)} | {aim} |")
    lines += ["", "| | ours | hand-written |", "| --- | --- | --- |"]
    rows: list[tuple[str, t.Any, t.Any]] = [
        ("saves planned", round(planned), round(planned)),
        ("saves tried", _tried(own), _tried(other)),
        ("acknowledged", found.acknowledged, _acknowledged(other)),
        ("acknowledged and not there", len(found.lost), max(0, missing)),
        ("there with another value", len(found.changed), "not read"),
        ("there twice", len(found.twice), "not read"),
        ("there, but not acknowledged", found.unanswered, max(0, -missing)),
        ("last save behind its time, p95, s", _behind(own), _behind(other)),
    ]
    lines += [f"| {name} | {_number(a)} | {_number(b)} |" for name, a, b in rows]
    lines += ["", "Answers by status (0: none within two minutes):", ""]
    for name, side in (("ours", own), ("hand-written", other)):
        counts = Counter(status for _, status, _ in _samples(side))
        lines.append(f"- {name}: {', '.join(f'{status} × {count:,}' for status, count in sorted(counts.items()))}")
    lines += ["", _refusals(own), ""]
    if wrong := [*found.wrong()[:20], *broken(own)]:
        lines += ["What must not be:", "", *[f"- {line}" for line in wrong], ""]
    return "\n".join(lines)


def _refusals(people: Sequence[Person]) -> str:
    refused = [one for person in people for one in person.refusals]
    if not refused:
        return "Nothing was refused."
    kinds = Counter(kind for kind, _ in refused)
    silent = sum(not sentence(page) for _, page in refused)
    return (
        f"Refused with 429 or 503: {', '.join(f'{kind} × {count}' for kind, count in sorted(kinds.items()))}; "
        f"{silent} of them without a sentence. The first one says: {sentence(refused[0][1])[:300]}"
    )


def _tried(people: Sequence[Person]) -> int:
    return sum(person.done for person in people)


def _behind(people: Sequence[Person]) -> str:
    return f"{percentile([person.latest for person in people], 0.95):.1f}"


def _acknowledged(people: Sequence[Person]) -> int:
    return sum(kept.record is not None for person in people for kept in person.kept)


def _samples(people: Sequence[Person]) -> list[tuple[str, int, float]]:
    return [sample for person in people for sample in person.samples]


def _ms(people: Sequence[Person], kind: str) -> str:
    times = [1000 * seconds for name, _, seconds in _samples(people) if name == kind]
    return f"{percentile(times, 0.5):,.0f} / {percentile(times, 0.95):,.0f} ({len(times):,})" if times else "—"


def _number(value: t.Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
