"""A field of every type with values of every shape: the contract test walks them, and a type without fails.

Add a type by adding a line to a list; values are in the order in which ``<`` sorts them.
"""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from lowcode.fields.base import Field, Value
from lowcode.fields.options import Option
from tests.fields.making import make
from tests.fields.samples_composite import composite


@dataclass(frozen=True)
class Sample:
    """A field and values it holds.

    :param values: non-empty, all different, ascending where the type has an order.
    :param unlike: names of laws that the type does not keep, each for a reason written in ``docs/field-types.md``.
    """

    name: str
    field: Field
    values: tuple[Value, ...]
    unlike: frozenset[str] = frozenset()


OPTIONS: t.Final = {
    "陽性": {"id": 11, "label": "陽性", "index": "0", "labels": {"en": "Positive"}, "hue": "red"},
    "陰性": {"id": 12, "label": "陰性", "index": "1", "labels": {"en": "Negative"}},
    "判定保留": {"id": 14, "label": "陰性, 保留", "index": "3", "labels": {"en": "Pending"}},
    "12": {"id": 13, "label": "その他", "index": "2", "labels": {"en": "Other"}},
    "不明": {"id": 15, "label": "旧・不明", "index": "4", "labels": {"en": "Unknown"}, "retired": True},
}
"""With a key that looks like another option's id, a label with a comma, and one that is no longer offered."""

STATES = (
    Option(id=31, key="受理", label="受理", index=0, hue="blue"),
    Option(id=32, key="確認済", label="確認済", index=1, labels=(("en", "Confirmed"),)),
)


def sample(type_name: str, *values: Value, name: str = "", unlike: t.Iterable[str] = (), **settings: t.Any) -> Sample:
    """A sample of a field made from its JSON."""
    field = make(type_name, code="項目", id=7, **settings)
    return Sample(name or type_name, field, values, frozenset(unlike))


def _instants(*texts: str) -> list[datetime]:
    return [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]


def _numbers(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


TEXTS = ('"引用", カンマ', "0123", "=1+1", "A b", "é", "ﾃｽﾄ", "山田 花子", "𠮷野家", "葛\U000e0100城", "😀👨‍👩‍👧")
SORTED_TEXTS = sorted(TEXTS)
DATES = [
    date(1868, 1, 25),
    date(1989, 1, 7),
    date(1989, 1, 8),
    date(2019, 4, 30),
    date(2019, 5, 1),
    date(2024, 2, 29),
    date(9999, 12, 31),
]
INSTANTS = _instants("1989-01-07T15:00", "2021-12-31T15:00", "2022-08-25T01:30", "2200-01-01T00:00")
NUMBERS = _numbers("-999999999999.999999", "-0.000001", "0", "0.1", "0.3", "1234.5", "1000000", "999999999999.999999")

SAMPLES: list[Sample] = [
    sample("SINGLE_LINE_TEXT", *SORTED_TEXTS),
    sample(
        "SINGLE_LINE_TEXT", "甲-1", "乙-2", name="calculated text", expression='区分 & "-" & 番号', unlike={"written"}
    ),
    sample("MULTI_LINE_TEXT", "一行\n\n二行 ", "\n先頭が空", "tab\tと<b>", *TEXTS),
    sample(
        "RICH_TEXT",
        "<b>太字</b> と <i>斜体</i>",
        '<a href="https://example.jp/" rel="noopener noreferrer">リンク</a>',
        "<ul><li>一</li><li>二</li></ul>",
        "a &lt; b &amp; c",
    ),
    sample("NUMBER", *NUMBERS),
    sample("NUMBER", *_numbers("-5", "0", "123456789012345678"), name="whole number", scale=0, digit=True, unit="人"),
    sample("NUMBER", *_numbers("35.5", "36.7", "38.25"), name="shown rounded", displayScale="1", unit="℃"),
    sample("RADIO_BUTTON", 11, 12, 13, 14, 15, options=OPTIONS, defaultValue=""),
    sample("DROP_DOWN", 11, 12, 13, 14, 15, options=OPTIONS),
    sample("CHECK_BOX", (11,), (11, 12), (12, 13, 14), (15,), options=OPTIONS),
    sample("MULTI_SELECT", (11,), (11, 12), (12, 13, 14), (15,), options=OPTIONS),
    sample("DATE", *DATES),
    sample("DATE", *DATES, name="era date", calendar="ERA"),
    sample("TIME", time(0, 0), time(9, 5), time(15, 31), time(23, 59)),
    sample("DATETIME", *INSTANTS),
    sample("DATETIME", *INSTANTS, name="era instant", calendar="ERA"),
    sample("LINK", "http://localhost:8000/a?b=1&c=2#d", "https://example.jp/", "https://日本.jp/パス"),
    sample("LINK", "+1 650-253-0000", "03(1234)5678", "090-1234-5678", "110", name="telephone", protocol="CALL"),
    sample("LINK", "a.b+c@example.jp", "花子@例え.jp", name="mail", protocol="MAIL"),
    sample("RECORD_NUMBER", 1, 2, 10, 123456),
    sample("CREATOR", 1, 2, 4),
    sample("MODIFIER", 1, 2, 4),
    sample("CREATED_TIME", *INSTANTS),
    sample("UPDATED_TIME", *INSTANTS),
    Sample("STATUS", dataclasses.replace(make("STATUS", code="項目", id=7), states=STATES), (31, 32)),
    sample("STATUS_ASSIGNEE", (1,), (1, 2), (3, 4)),
    sample("CATEGORY", ("感染症",), ("感染症", "結核")),
    sample("GROUP"),
    sample("LABEL", label="<b>見出し</b>"),
    sample("SPACER", label=""),
    sample("HR", label=""),
    *composite(sample),
]

BY_NAME = {each.name: each for each in SAMPLES}
