"""An office whose apps have rights of every kind, with people whom they mean in different ways."""

from __future__ import annotations

import typing as t

from lowcode import db, deploy
from lowcode.accounts import groups, organizations
from lowcode.accounts.groups import GroupData
from lowcode.accounts.organizations import OrganizationData
from lowcode.accounts.users import Place
from lowcode.records.record import Change
from lowcode.services import Services
from tests import people
from tests.builders import an_app

EVERYONE = {"type": "GROUP", "code": "everyone"}
NURSES = {"type": "GROUP", "code": "nurses"}


def _flag(action: str) -> str:
    return f"{action.removesuffix('e')}able"


def grant(entity: dict[str, str], *gives: str, below: bool = False) -> dict[str, t.Any]:
    """A row of app or record rights: ``grant(NURSES, "view", "edit")``."""
    return {"entity": entity, "includeSubs": below, **{_flag(each): True for each in gives}}


def app_grant(entity: dict[str, str], *gives: str, manage: bool = False) -> dict[str, t.Any]:
    """A row of app rights."""
    rights = {f"record{_flag(each).capitalize()}": True for each in gives}
    return {"entity": entity, "includeSubs": False, "appEditable": manage, **rights}


def field_grant(entity: dict[str, str], accessibility: str) -> dict[str, t.Any]:
    """A row of field rights."""
    return {"entity": entity, "includeSubs": False, "accessibility": accessibility}


VISITS = (
    an_app("visits", name="観察記録")
    .text("case_no", label="受付番号")
    .number("temp", label="体温")
    .part("acl", {"app": {"rights": [app_grant(NURSES, "view", "add", "edit", "delete")]}})
)
CASES = (
    an_app("cases", name="患者台帳")
    .text("name", label="氏名", required=True)
    .text("no", label="受付番号")
    .choice("ward", "東", "西", label="区")
    .field("USER_SELECT", "staff", label="担当", entities=[])
    .date("born", label="生年月日")
    .number("age", label="年齢")
    .formula("double", "age * 2", label="年齢の倍")
    .text("memo", label="メモ")
    .subtable("family", an_app().text("who", label="続柄"), label="同居者")
    .field(
        "ROLLUP",
        "hottest",
        label="最高体温",
        format="NUMBER",
        rollup={
            "relatedApp": {"code": "visits"},
            "keyField": "no",
            "relatedField": "case_no",
            "function": "MAX",
            "field": "temp",
            "orderField": "",
            "filterCond": "",
        },
    )
    .part(
        "acl",
        {
            "app": {
                "rights": [
                    app_grant(NURSES, "view", "add", "edit", "delete", "export"),
                    app_grant({"type": "USER", "code": "boss"}, "view", manage=True),
                    app_grant(EVERYONE, "view", "edit"),
                ]
            },
            "record": {
                "rights": [
                    {
                        "filterCond": 'ward in ("東")',
                        "entities": [
                            grant({"type": "FIELD_ENTITY", "code": "staff"}, "view", "edit", "delete"),
                            grant({"type": "ORGANIZATION", "code": "east"}, "view", "edit"),
                            grant(NURSES, "view"),
                        ],
                    },
                    {"filterCond": 'name = "秘密"', "entities": []},
                ]
            },
            "field": {
                "rights": [
                    {"code": "age", "entities": [field_grant(NURSES, "WRITE"), field_grant(EVERYONE, "NONE")]},
                    {
                        "code": "memo",
                        "entities": [
                            field_grant({"type": "FIELD_ENTITY", "code": "staff"}, "WRITE"),
                            field_grant(EVERYONE, "READ"),
                        ],
                    },
                    {"code": "family", "entities": [field_grant(NURSES, "WRITE")]},
                    {"code": "作成者", "entities": [field_grant(EVERYONE, "WRITE")]},
                ]
            },
        },
    )
)


def open_office(services: Services) -> tuple[int, dict[str, int]]:
    """The apps with three records; returns the number of the cases and the records by their names.

    ``mori`` is a nurse and works on the first record; ``ueda`` belongs to the east; ``kato`` belongs nowhere; ``boss``
    manages the app without being an administrator.
    """
    by = services.system("test")
    with db.writing(services.engine) as connection:
        groups.save(connection, GroupData(code="nurses", name="保健師"), by, people.NOW)
        organizations.save(connection, OrganizationData(code="east", name="東区分室"), by, people.NOW)
    people.add(services, "mori", name="森 看護", groups=("nurses",))
    people.add(services, "ueda", name="上田 東", places=(Place("east"),))
    people.add(services, "kato", name="加藤 一般")
    people.add(services, "boss", name="上司 管理")
    deploy.create_app(services.engine, VISITS.json(), by)
    number = deploy.create_app(services.engine, CASES.json(), by)
    with services.writing(by) as space:
        made = space.service("cases").save(
            [
                Change(values={"name": "山田 太郎", "ward": "東", "staff": [{"code": "mori"}], "age": 30}),
                Change(values={"name": "秘密", "ward": "西"}),
                Change(values={"name": "佐藤 花子", "ward": "西", "age": 40}),
            ]
        )
    return number, dict(zip(("east", "secret", "free"), (record.id for record in made), strict=True))
