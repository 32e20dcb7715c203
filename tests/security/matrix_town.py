"""One ledger with secrets, and seven kinds of principal who may see more or less of it."""

from __future__ import annotations

import io
import typing as t
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from lowcode import app, db, deploy
from lowcode.accounts import tokens
from lowcode.files import library
from lowcode.records.record import Change
from lowcode.services import Services
from tests.builders import an_app
from tests.people import NOW, Browser, add, make_services

PRINCIPALS = ("nobody", "stranger", "masked", "ward", "manager", "root", "token")
"""Not logged in; without rights; with hidden fields; limited to a ward; manager; administrator; a program."""
FIELD_SECRET, ROW_SECRET, GONE_SECRET, APP_SECRET = "ひみつの病名", "となりの区の人", "消された人", "秘密の台帳"
SHOWN, HIDDEN, GONE, MISSING = 1, 2, 3, 99
"""Numbers of records: one that everybody sees who sees any, one of another ward, a deleted one, and none at all."""

ALL = ("recordViewable", "recordAddable", "recordEditable", "recordDeletable", "recordImportable", "recordExportable")


def _right(login: str, **more: bool) -> dict[str, t.Any]:
    return {"entity": {"type": "USER", "code": login}, "includeSubs": False, **dict.fromkeys(ALL, True), **more}


def _field(code: str) -> dict[str, t.Any]:
    hidden = {"entity": {"type": "USER", "code": "masked"}, "includeSubs": False, "accessibility": "NONE"}
    others = {"entity": {"type": "GROUP", "code": "everyone"}, "includeSubs": False, "accessibility": "WRITE"}
    return {"code": code, "entities": [hidden, others]}


def _records(login: str, condition: str) -> list[dict[str, t.Any]]:
    may = {"viewable": True, "editable": True, "deletable": True}
    others = {"entity": {"type": "GROUP", "code": "everyone"}, "includeSubs": False, **may}
    none = {"entity": {"type": "USER", "code": login}, "includeSubs": False, **dict.fromkeys(may, False)}
    return [{"filterCond": condition, "entities": [none, others]}]


LEDGER = (
    an_app("ledger", name=APP_SECRET)
    .text("no", unique=True)
    .text("name")
    .choice("ward", "東", "西")
    .number("age")
    .text("secret")
    .number("dose")
    .formula("double", "dose * 2")
    .text("echo", expression='"［" & secret & "］"')
    .field("FILE", "papers")
    .field("FILE", "secret_papers")
    .subtable("family", an_app().text("who"))
    .subtable("contacts", an_app().text("contact"))
    .field(
        "SINGLE_LINE_TEXT",
        "clinic",
        lookup={
            "relatedApp": {"code": "clinics"},
            "relatedKeyField": "clinic",
            "fieldMappings": [],
            "lookupPickerFields": [],
            "filterCond": "",
            "sort": "",
        },
    )
    .view("全件", "no", "name", "ward", "secret", "echo")
    .view("病名あり", "no", condition=f'secret = "{FIELD_SECRET}"')
    .part(
        "acl",
        {
            "app": {"rights": [_right("masked"), _right("ward"), _right("manager", appEditable=True)]},
            "record": {"rights": _records("ward", 'ward in ("西")')},
            "field": {"rights": [_field(c) for c in ("secret", "dose", "secret_papers", "contacts")]},
        },
    )
    .part(
        "status",
        {
            "enable": True,
            "states": {
                s: {"name": s, "index": str(n), "assignee": {"type": "ONE", "entities": []}}
                for n, s in enumerate(("受付", "済"))
            },
            "actions": [{"name": "済にする", "from": "受付", "to": "済", "filterCond": ""}],
        },
    )
)
CLINICS = an_app("clinics", name="医療機関").text("clinic", unique=True)


@dataclass
class Answer:
    """What came back: status, where to, and everything that could tell something."""

    status: int
    text: str

    @classmethod
    def of(cls, answer: TestResponse) -> Answer:
        body = answer.get_data()
        if (answer.mimetype or "").startswith("application/vnd.openxmlformats"):
            body = b""
        headers = "\n".join(f"{k}: {v}" for k, v in answer.headers.items() if k not in ("Set-Cookie", "Date"))
        return cls(answer.status_code, f"{headers}\n\n{body.decode('utf-8', 'replace')}")


class Matrix:
    """The installation, seen by one principal."""

    def __init__(self, engine: sa.Engine, folder: Path, principal: str) -> None:
        self.principal = principal
        self.services: Services = make_services(engine, folder)
        self.users = {
            login: add(self.services, login, administrator=login == "root")
            for login in ("root", "stranger", "masked", "ward", "manager")
        }
        system = self.services.system("test")
        self.clinics = deploy.create_app(engine, CLINICS.json(), system)
        self.ledger = deploy.create_app(engine, LEDGER.json(), system)
        self.key, self.secret_key = self._file("open.txt"), self._file(f"{FIELD_SECRET}.txt")
        with self.services.writing(system) as space:
            space.service("clinics").save([Change(values={"clinic": "中央"})])
            space.service("ledger").save([Change(values=v) for v in self._values()])
        with self.services.writing(system) as space:
            space.service("ledger").save(
                [Change(id=SHOWN, values={"secret": f"{FIELD_SECRET}２", "age": 51}), Change(id=GONE, delete=True)]
            )
            definition = space.app("ledger").definition
            self.fields = {f.code: f.id for f in definition.all_fields}
            self.view = definition.views[0].id
        self.api_token = self._token()
        self.browser = Browser(self.services, app.BLUEPRINTS)
        if principal not in ("nobody", "token"):
            assert self.browser.log_in(principal).status_code == 302

    def _file(self, name: str) -> str:
        key, size, digest = self.services.store.write(io.BytesIO(name.encode()))
        with db.writing(self.services.engine) as connection:
            library.register(
                connection,
                key=key,
                size=size,
                digest=digest,
                name=name,
                user_id=None,
                content_type="text/plain",
                now=NOW,
            )
        return key

    def _values(self) -> list[dict[str, t.Any]]:
        shown = {
            "no": "1",
            "name": "見える人",
            "ward": "東",
            "age": 50,
            "secret": FIELD_SECRET,
            "dose": 4321,
            "papers": [{"fileKey": self.key}],
            "secret_papers": [{"fileKey": self.secret_key}],
            "family": [{"values": {"who": "家族"}}],
            "contacts": [{"values": {"contact": f"{FIELD_SECRET}の友人"}}],
        }
        return [
            shown,
            {"no": "2", "name": ROW_SECRET, "ward": "西", "secret": "x"},
            {"no": "3", "name": GONE_SECRET, "ward": "西", "secret": FIELD_SECRET},
        ]

    def _token(self) -> str:
        with db.writing(self.services.engine) as connection:
            return tokens.add(
                connection,
                self.ledger,
                ["view", "add", "edit", "delete"],
                by=self.services.system("test"),
                now=self.services.settings.now(),
            )

    # -- calls -----------------------------------------------------------------------------------

    def rules(self) -> list[tuple[str, Rule]]:
        """Every route with each of its methods."""
        found = [
            (method, rule)
            for rule in self.browser.client.application.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
        # What only reads is asked first, and what deletes last.
        return sorted(found, key=lambda each: (["GET", "POST", "PATCH", "DELETE"].index(each[0]), each[1].rule))

    def path(self, rule: Rule, *, record: int = SHOWN, ledger: int | str | None = None, **more: t.Any) -> str:
        """An address of a route."""
        number = self.ledger if ledger is None else ledger
        values: dict[str, t.Any] = {
            "app": number,
            "code": "ledger" if ledger is None else "nowhere",
            "record_id": record,
            "entry": 1,
            "field_id": self.fields["papers"],
            "key": self.key,
            "number": 1,
            "version": 1,
            "job_id": 1,
            "kind": "users",
            "hash": "x",
            "name": "x.css",
            **more,
        }
        if rule.endpoint.startswith("admin."):
            values["number"] = self.users["stranger"]  # resetting one's own password would end the session
        if rule.endpoint.startswith("designer.") and "fields/<code>" in rule.rule:
            values["code"] = more.get("code", "name")
        with self.browser.client.application.test_request_context():
            built = self.browser.client.application.url_map.bind("").build(
                rule.endpoint, {k: v for k, v in values.items() if k in rule.arguments}, method=None
            )
        return str(built)

    def call(self, method: str, path: str, data: t.Sequence[tuple[str, str]] = (), json: t.Any = None) -> Answer:
        """One call as the principal."""
        headers = {"X-Cybozu-API-Token": self.api_token} if self.principal == "token" else {}
        if json is not None:
            answer = self.browser.client.open(path, method=method, json=json, headers=headers, buffered=True)
        elif method == "GET":
            answer = self.browser.client.get(path, headers=headers, buffered=True)
        else:
            pairs = MultiDict([*data, ("csrf_token", self.browser.token)])
            answer = self.browser.client.open(path, method=method, data=pairs, headers=headers, buffered=True)
        return Answer.of(answer)
