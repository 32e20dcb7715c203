"""The second app of the load run: what a patient says of a day, with a look-up of the case. Invented."""

from __future__ import annotations

import typing as t

from bench import ledger

APP = "bench_observation"
OVERALL = ("良い", "変わらない", "悪くなった")
SYMPTOMS = ("せき", "だるさ", "頭痛", "のどの痛み", "なし")
CASE, COPIED = "case_no", ("name", "ward")
"""The look-up's field, and what it copies from the case."""
COLUMNS = (CASE, "marker", "temp", "spo2", "overall", "symptoms", "words", "next_call")
"""What a person types; ``marker`` says which save of the run a record is."""


def row(n: int, *, marker: str, case: str) -> dict[str, t.Any]:
    """What is typed into observation ``n``, as the form posts it; a tuple is several check boxes.

    :param case: the number of a case that exists.
    """
    r = ledger.mixed(n)
    return {
        CASE: case,
        "marker": marker,
        "temp": f"36.{r % 9 + 1}",
        "spo2": str(92 + (r >> 8) % 8),
        "overall": OVERALL[(r >> 12) % len(OVERALL)],
        "symptoms": tuple(dict.fromkeys(SYMPTOMS[(r >> shift) % len(SYMPTOMS)] for shift in (16, 20))),
        "words": ledger.NOTES[(r >> 24) % len(ledger.NOTES)],
        "next_call": f"2022-{1 + (r >> 28) % 12:02d}-{1 + (r >> 32) % 28:02d}",
    }


def definition() -> dict[str, t.Any]:
    """The app as this product knows it."""
    properties: dict[str, t.Any] = {
        CASE: {
            "type": "SINGLE_LINE_TEXT",
            "required": True,
            "lookup": {
                "relatedApp": {"app": "", "code": ledger.APP},
                "relatedKeyField": ledger.UNIQUE,
                "fieldMappings": [{"field": code, "relatedField": code} for code in COPIED],
                "lookupPickerFields": ["number", "name", "ward"],
                "filterCond": "",
                "sort": "",
            },
        },
        "marker": {"type": "SINGLE_LINE_TEXT", "unique": True},
        "name": {"type": "SINGLE_LINE_TEXT", "indexed": True},
        "ward": _choice("DROP_DOWN", ledger.WARDS) | {"indexed": True},
        "temp": {"type": "NUMBER"},
        "spo2": {"type": "NUMBER", "indexed": True},
        "overall": _choice("RADIO_BUTTON", OVERALL) | {"indexed": True},
        "symptoms": _choice("CHECK_BOX", SYMPTOMS),
        "words": {"type": "MULTI_LINE_TEXT"},
        "next_call": {"type": "DATE", "indexed": True},
    }
    for code, settings in properties.items():
        settings |= {"code": code, "label": code}
    return {
        "format": 1,
        "code": APP,
        "settings": {"name": "健康観察", "personalData": True},
        "properties": properties,
        "layout": [{"type": "ROW", "fields": [{"type": p["type"], "code": c}]} for c, p in properties.items()],
        "views": {
            "全件": {
                "type": "LIST",
                "name": "全件",
                "index": "0",
                "fields": [code for code in properties if code != "words"],
                "filterCond": "",
                "sort": "$id desc",
            }
        },
    }


def _choice(kind: str, options: tuple[str, ...]) -> dict[str, t.Any]:
    return {"type": kind, "options": {name: {"label": name, "index": str(i)} for i, name in enumerate(options)}}
