"""Which columns a list shows: the view's, or those that the reader chose (``cols=code,code`` in the address)."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence

from lowcode.definition.schema import AppDefinition, View
from lowcode.fields.base import Field

COLS = "cols"
MOST_COLUMNS = 60
LEFT_OUT = frozenset({"GROUP", "REFERENCE_TABLE", "SUBTABLE", "TOKEN", "CATEGORY", "STATUS_ASSIGNEE"})
"""Types that a list without chosen columns does not begin with."""


def possible(definition: AppDefinition, readable: frozenset[str]) -> list[Field]:
    """Every field that a list can show, in the order of the form; what the system keeps stands last."""
    first = [f for f in definition.layout_order if _fits(definition, f, readable)]
    known = {f.code for f in first}
    return first + [f for f in definition.fields if f.code not in known and _fits(definition, f, readable)]


def _fits(definition: AppDefinition, field: Field, readable: frozenset[str]) -> bool:
    return (
        field.code in readable
        and field.stores_value
        and field.type_name not in ("SUBTABLE", "TOKEN")
        and definition.subtable_of(field.code) is None
    )


def columns_of(definition: AppDefinition, view: View | None, readable: frozenset[str], chosen: str = "") -> list[Field]:
    """The chosen columns, else the view's, else the record number and the first fields of the form.

    :param chosen: codes joined by commas; what is no column of this app, or not the reader's to see, is passed over.
    """
    fitting = {f.code: f for f in possible(definition, readable)}
    picked = [fitting[code] for code in dict.fromkeys(chosen.split(",")[:MOST_COLUMNS]) if code in fitting]
    return picked or [fitting[code] for code in _of_view(definition, view) if code in fitting]


def _of_view(definition: AppDefinition, view: View | None) -> Sequence[str]:
    if view is not None and view.fields:
        return view.fields
    if view is not None and view.type == "CALENDAR":
        return [code for code in (view.date, view.title) if code]
    codes = [f.code for f in definition.layout_order if f.type_name not in LEFT_OUT and f.stores_value]
    number = definition.of_type("RECORD_NUMBER")
    return ([number.code] if number else []) + [c for c in codes if number is None or c != number.code][:9]


def offered(
    definition: AppDefinition, readable: frozenset[str], shown: Sequence[Field], locale: str
) -> list[dict[str, t.Any]]:
    """What the chooser offers: the shown columns in their order, then the others."""
    codes = [f.code for f in shown]
    rest = [f for f in possible(definition, readable) if f.code not in codes]
    return [
        {"code": f.code, "label": f.display_label(locale), "chosen": f.code in codes, "place": at}
        for at, f in enumerate([*shown, *rest], 1)
    ]


def from_chooser(codes: Iterable[str], places: t.Mapping[str, str]) -> str:
    """The value of ``cols`` for ticked codes with the places that were typed beside them."""
    ordered = list(dict.fromkeys(codes))

    def place(code: str) -> int:
        number = places.get(f"place:{code}", "")
        return int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 10_000

    return ",".join(sorted(ordered, key=place))
