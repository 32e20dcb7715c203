"""Samples of people, files, formulas, numbers given by the system, lookups, roll-ups and rows."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal

from lowcode.fields.subtable import Row
from tests.fields.people import FILES

S = t.TypeVar("S")

LOOKUP: t.Final = {
    "relatedApp": {"code": "case_ledger"},
    "relatedKeyField": "case_no",
    "fieldMappings": [{"field": "氏名", "relatedField": "name"}],
    "freshness": "FRESH",
}
INNER: t.Final = {
    "氏名": {"type": "SINGLE_LINE_TEXT", "id": 11, "label": "氏名"},
    "年齢": {"type": "NUMBER", "id": 12, "label": "年齢"},
    "状態": {
        "type": "CHECK_BOX",
        "id": 13,
        "label": "状態",
        "options": {
            "発熱": {"id": 91, "label": "発熱", "index": "0"},
            "せき": {"id": 92, "label": "せき", "index": "1"},
        },
    },
    "担当": {"type": "USER_SELECT", "id": 14, "label": "担当"},
    "書類": {"type": "FILE", "id": 15, "label": "書類"},
    "前回": {"type": "DATE", "id": 16, "label": "前回"},
}
MORNING = datetime(2022, 8, 24, 23, 0, tzinfo=UTC)
NOON = datetime(2022, 8, 25, 3, 0, tzinfo=UTC)


def _rollup(function: str, **more: str) -> dict[str, t.Any]:
    return {
        "relatedApp": {"code": "observation_log"},
        "keyField": "case_no",
        "relatedField": "case_no",
        "function": function,
        "field": "temp",
        "orderField": "observed_at",
        **more,
    }


def _row(id: int | None, *values: t.Any) -> Row:
    return Row(id, dict(zip(INNER, values, strict=True)))


def composite(sample: Callable[..., S]) -> list[S]:
    """The samples, each made by ``sample`` (see ``samples.py``)."""
    written = {"written"}
    return [
        sample("USER_SELECT", (1,), (2, 1), (3, 4, 5)),
        sample("USER_SELECT", (1,), (3, 1), name="restricted users", entities=[{"type": "GROUP", "code": "nurses"}]),
        sample("ORGANIZATION_SELECT", (10,), (11, 12)),
        sample("GROUP_SELECT", (20,), (21, 20)),
        # The name of a file does not lead back to it.
        sample("FILE", (FILES[0],), FILES, unlike={"text"}),
        sample(
            "CALC",
            Decimal("-1.5"),
            Decimal(0),
            Decimal("0.3333"),
            Decimal(12345678),
            expression="a + 1",
            unlike=written,
        ),
        sample(
            "CALC", Decimal(0), Decimal(3600), Decimal(90060), name="duration", format="HOUR_MINUTE", unlike=written
        ),
        sample("CALC", date(2022, 3, 31), date(2022, 8, 25), name="calculated date", format="DATE", unlike=written),
        sample("CALC", time(9, 5), time(23, 59), name="calculated time", format="TIME", unlike=written),
        sample("CALC", MORNING, NOON, name="calculated instant", format="DATETIME", unlike=written),
        sample(
            "SERIAL",
            "04-000001",
            "04-000002",
            "05-000001",
            pattern="{FY2}-{000000}",
            reset="FISCAL_YEAR",
            unlike=written,
        ),
        sample("ROLLUP", Decimal("36.5"), Decimal(40), rollup=_rollup("MAX"), unit="℃", unlike=written),
        sample(
            "ROLLUP", "<発熱>", "せき", name="rolled up text", rollup=_rollup("LATEST"), format="TEXT", unlike=written
        ),
        sample(
            "ROLLUP", "緑", "赤", name="rolled up choice", rollup=_rollup("EARLIEST"), format="CHOICE", unlike=written
        ),
        sample(
            "ROLLUP",
            date(2022, 8, 1),
            date(2022, 8, 25),
            name="rolled up date",
            rollup=_rollup("MIN"),
            format="DATE",
            unlike=written,
        ),
        sample(
            "ROLLUP", MORNING, NOON, name="rolled up instant", rollup=_rollup("MAX"), format="DATETIME", unlike=written
        ),
        # A secret goes nowhere: no text, no kintone, and a new one for every record.
        sample("TOKEN", "a" * 43, "b" * 43, form="observation", unlike={"text", "kintone", "default"}),
        sample("SINGLE_LINE_TEXT", "04-000001", "04-000002", name="lookup by a text", lookup=LOOKUP),
        sample("NUMBER", Decimal(1), Decimal("2.5"), name="lookup by a number", lookup=LOOKUP),
        sample("LINK", "https://example.jp/1", "https://example.jp/2", name="lookup by a link", lookup=LOOKUP),
        sample(
            "REFERENCE_TABLE",
            referenceTable={
                "relatedApp": {"code": "observation_log"},
                "condition": {"field": "case_no", "relatedField": "case_no"},
            },
        ),
        sample(
            "SUBTABLE",
            (_row(1, "太郎", Decimal(40), (91, 92), (1, 2), FILES, date(2022, 8, 25)),),
            (_row(1, "太郎", None, (), (), (), None), _row(2, None, Decimal(0), (92,), (3,), (), None)),
            fields=INNER,
            unlike={"text"},
        ),
    ]
