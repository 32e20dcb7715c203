"""The operations that read: one record, lists, pages, exact match, totals."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from bench import ledger
from bench.pairs import Row


def rows(app: int, size: int) -> list[Row]:
    """The rows for the app number ``app`` with ``size`` records."""
    base = f"/api/v1/apps/{app}/records"
    deep = min(50_000, size // 2)
    first, third = ledger.STATUSES[0], ledger.STATUSES[2]
    statuses = urlencode([("status", first), ("status", third)])

    def ident(n: int) -> int:
        return 1 + ledger.mixed(n) % size

    def ward(n: int) -> str:
        return ledger.WARDS[n % len(ledger.WARDS)]

    def unfinished(n: int) -> str:
        return f'ward in ("{ward(n)}") and status in ("{first}", "{third}")'

    def tel(n: int) -> str:
        return str(ledger.row(ledger.mixed(n) % size)["tel"])

    return [
        Row(
            "get by id, JSON",
            2,
            lambda c, n: c.program.need("GET", f"{base}/{ident(n)}"),
            lambda c, n: c.other.need("GET", f"/records/{ident(n)}"),
        ),
        Row(
            "list 100 newest, JSON",
            2,
            lambda c, n: c.program.need("GET", f"{base}?limit=100"),
            lambda c, n: c.other.need("GET", "/newest"),
        ),
        Row(
            "ward + two statuses by date, JSON",
            2,
            lambda c, n: c.program.need(
                "GET", f"{base}?query={quote(f'{unfinished(n)} order by diagnosis desc limit 100')}"
            ),
            lambda c, n: c.other.need("GET", f"/filtered?ward={quote(ward(n))}&{statuses}"),
        ),
        Row(
            "page at offset 50,000, JSON",
            2,
            lambda c, n: c.program.need("GET", f"{base}?limit=100&offset={deep + n % 1_000}"),
            lambda c, n: c.other.need("GET", f"/newest?offset={deep + n % 1_000}"),
        ),
        Row(
            "exact phone, JSON",
            2,
            lambda c, n: c.program.need("GET", f"{base}?query={quote(f'tel = {chr(34)}{tel(n)}{chr(34)}')}"),
            lambda c, n: c.other.need("GET", f"/phone?tel={quote(tel(n))}"),
        ),
        Row(
            "list page of 50, HTML",
            3,
            lambda c, n: c.person.need("GET", f"/k/{app}/"),
            lambda c, n: c.other.need("GET", "/list"),
        ),
        Row(
            "count by ward and two statuses",
            2,
            lambda c, n: c.program.need(
                "GET", f"/api/v1/apps/{app}/aggregate?measure=count&query={quote(unfinished(n))}"
            ),
            lambda c, n: c.other.need("GET", f"/count?ward={quote(ward(n))}&{statuses}"),
        ),
        Row(
            "cross table of ward and status",
            2,
            lambda c, n: c.program.need("GET", f"/api/v1/apps/{app}/aggregate?group=ward,status&measure=count"),
            lambda c, n: c.other.need("GET", "/cross"),
        ),
    ]
