"""An app with a field of every type, and records that use them all."""

from __future__ import annotations

import dataclasses
import typing as t

from lowcode.access.actor import Actor
from lowcode.fields.context import Context
from tests.builders import an_app, some_options
from tests.fields.people import Office
from tests.records.conftest import ADMIN, House

FACILITY = an_app("facility").text("code", unique=True).text("name")
LOOKUP = {
    "relatedApp": {"code": "facility"},
    "relatedKeyField": "code",
    "fieldMappings": [{"field": "clinic_name", "relatedField": "name"}],
    "lookupPickerFields": ["name"],
    "filterCond": "",
    "sort": "",
}
ROLLUP = {
    "relatedApp": {"code": "visits"},
    "keyField": "number",
    "relatedField": "case",
    "function": "COUNT",
    "field": "",
    "orderField": "",
    "filterCond": "",
}
EVERYTHING = (
    an_app("everything")
    .text("number", label="番号", unique=True)
    .text("line", label="一行")
    .text("line_2", label="一行")
    .long_text("memo", label="メモ")
    .field("RICH_TEXT", "rich")
    .number("amount", label="数")
    .number("whole", scale=0, digit=True, unit="人")
    .date("day", label="日付")
    .date("era", calendar="ERA")
    .field("TIME", "clock")
    .datetime("moment")
    .datetime("era_moment", calendar="ERA")
    .choice("drop", "門司区", "小倉, 北区", "12")
    .field("RADIO_BUTTON", "radio", options=some_options(["はい", "いいえ"]), defaultValue="はい")
    .checks("boxes", "高血圧", "糖尿病, 1型")
    .field("MULTI_SELECT", "many", options=some_options(["A", "B"]))
    .field("LINK", "web")
    .field("LINK", "phone", protocol="CALL")
    .field("LINK", "mail", protocol="MAIL")
    .field("FILE", "files")
    .field("USER_SELECT", "people")
    .field("ORGANIZATION_SELECT", "offices")
    .field("GROUP_SELECT", "groups")
    .field("SINGLE_LINE_TEXT", "clinic", lookup=LOOKUP)
    .text("clinic_name")
    .field("SERIAL", "serial", pattern="{FY2}-{0000}", reset="FISCAL_YEAR")
    .field("ROLLUP", "visits", format="NUMBER", rollup=ROLLUP)
    .field("TOKEN", "secret")
    .formula("double", "amount * 2")
    .field("SINGLE_LINE_TEXT", "joined", expression='line & "-" & number')
    .subtable("family", an_app().text("who", label="続柄").number("years").checks("sick", "はい", "不明").date("born"))
    .subtable("doses", an_app().date("given").choice("maker", "P", "M"))
)
VISITS = an_app("visits").text("case")


class FullHouse(House):
    """An installation with people."""

    def ctx(self, actor: Actor = ADMIN) -> Context:
        return dataclasses.replace(super().ctx(actor), directory=Office())


def row(**values: t.Any) -> dict[str, t.Any]:
    return {"id": None, "values": values}


RECORDS: tuple[dict[str, t.Any], ...] = (
    {
        "number": "0001",
        "line": "=1+1",
        "line_2": "'=2",
        "memo": "一行\n\n二行 \n=3",
        "rich": "<b>太字</b>",
        "amount": "-12.345",
        "whole": "1234567",
        "day": "2022-08-25",
        "era": "1989-01-08",
        "clock": "09:05",
        "moment": "2022-08-25T01:30:00Z",
        "era_moment": "2021-12-31T15:00:00Z",
        "drop": "小倉, 北区",
        "radio": "いいえ",
        "boxes": ["高血圧", "糖尿病, 1型"],
        "many": ["B"],
        "web": "https://example.jp/",
        "phone": "+81 3-1234-5678",
        "mail": "a@example.jp",
        "people": ["yamada", "suzuki"],
        "offices": ["center"],
        "groups": ["nurses"],
        "clinic": "F1",
        "family": [row(who="父", years="60", sick=["はい"]), row(who="@母", years="-1", born="2020-02-29"), row()],
        "doses": [row(given="2021-06-01", maker="M")],
    },
    {"number": "2", "line": " 前後に空白 ", "line_2": "\u3000", "memo": "-\n+", "phone": "110", "radio": "はい"},
    {"number": "3", "line": "−", "line_2": "-", "memo": "\t", "drop": "12", "amount": "0", "family": [row(), row()]},
    {
        "number": "4",
        "line": '"引用", カンマ\u3000',
        "line_2": "''-x",
        "memo": "レコードの開始行",
        "amount": "999999999999.999999",
        "doses": [row(), row(maker="P")],
    },
)


def furnish(house: House) -> None:
    """Install the apps and add the records."""
    for builder in (FACILITY, VISITS, EVERYTHING):
        house.install(builder.definition())
    house.add("facility", code="F1", name="中央病院")
    for values in RECORDS:
        house.add("everything", **values)
    house.add("visits", case="0001")
