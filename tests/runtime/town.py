"""Three linked apps and the pages that people see of them, read with lxml and sent as a browser sends forms."""

from __future__ import annotations

import io
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import lxml.html
import sqlalchemy as sa
from lxml.html import HtmlElement
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from lowcode import deploy
from lowcode.definition.schema import AppDefinition
from lowcode.jobs.worker import Worker
from lowcode.records.record import Change, Record
from lowcode.services import Services
from tests.builders import an_app
from tests.people import Browser, add, make_services

PACKAGES = ("lowcode.runtime", "lowcode.admin")
Pairs = list[tuple[str, str]]
STATES = ("受理", "確認済", "解除")

EVERY_RIGHT = (
    "recordViewable",
    "recordAddable",
    "recordEditable",
    "recordDeletable",
    "recordImportable",
    "recordExportable",
)

CLINICS = (
    an_app("clinics", name="医療機関")
    .text("clinic", label="名称", unique=True, required=True)
    .text("phone", label="電話")
    .choice("kind", "病院", "診療所", label="種別")
)
VISITS = (
    an_app("visits", name="観察記録")
    .text("case_no", label="受付番号")
    .datetime("at", label="日時")
    .number("temp", label="体温", unit="℃", unitPosition="AFTER")
)
CASES = (
    an_app("cases", name="患者台帳")
    .text("no", label="受付番号", unique=True)
    .text("name", label="氏名", required=True)
    .text("kana", label="フリガナ")
    .number("age", label="年齢", unit="歳", unitPosition="AFTER", minValue="0", maxValue="130")
    .choice("state", "受付", "調査中", "入院", label="状態")
    .checks("risks", "高血圧", "糖尿病", "透析", label="リスク")
    .date("onset", label="発症日")
    .field("FILE", "papers", label="書類")
    .field("USER_SELECT", "staff", label="担当", entities=[])
    .field(
        "SINGLE_LINE_TEXT",
        "clinic",
        label="医療機関",
        lookup={
            "relatedApp": {"code": "clinics"},
            "relatedKeyField": "clinic",
            "fieldMappings": [{"field": "clinic_phone", "relatedField": "phone"}],
            "lookupPickerFields": ["phone"],
            "filterCond": "",
            "sort": "",
            "freshness": "DRIFT",
        },
    )
    .text("clinic_phone", label="医療機関の電話")
    .long_text("memo", label="メモ")
    .subtable("family", an_app().text("who", label="氏名").number("years", label="年齢"), label="同居者")
    .formula("sum", "SUM(years)", label="年齢の計")
    .field(
        "REFERENCE_TABLE",
        "visits",
        label="観察",
        referenceTable={
            "relatedApp": {"code": "visits"},
            "condition": {"field": "no", "relatedField": "case_no"},
            "filterCond": "",
            "displayFields": ["at", "temp"],
            "sort": "at desc",
            "size": "3",
        },
    )
    .view("全件", "no", "name", "age", "state", "onset", "staff", sort="no asc")
    .view("入院", "no", "name", condition='state in ("入院")', sort="no asc")
    .calendar("発症日", "onset", "name")
    .part("settings", {"name": "患者台帳", "titleField": {"selectionMode": "MANUAL", "code": "name"}})
    .part(
        "acl",
        {
            "app": {
                "rights": [
                    {
                        "entity": {"type": "GROUP", "code": "everyone"},
                        "includeSubs": False,
                        **dict.fromkeys(EVERY_RIGHT, True),
                    }
                ]
            }
        },
    )
    .part(
        "status",
        {
            "enable": True,
            "states": {
                s: {"name": s, "index": str(n), "assignee": {"type": "ONE", "entities": []}}
                for n, s in enumerate(STATES)
            },
            "actions": [
                {"name": "内容確認", "from": "受理", "to": "確認済", "filterCond": ""},
                {"name": "解除する", "from": "確認済", "to": "解除", "filterCond": ""},
            ],
        },
    )
)
"""A ledger with every kind of part that a page can show."""


class Form:
    """A form of a page, filled in and sent as a browser without scripts would."""

    def __init__(self, page: Page, element: HtmlElement) -> None:
        self.page, self.element = page, element
        self.action = str(element.get("action") or page.path)
        self.method = str(element.get("method") or "get").lower()
        self.data: Pairs = list(self._controls())
        self.files: dict[str, tuple[bytes, str]] = {}

    def _controls(self) -> Iterator[tuple[str, str]]:
        controls = self.element.xpath(".//input[@name] | .//select[@name] | .//textarea[@name]")
        if self.element.get("id"):
            controls += self.page.root.xpath(f"//*[@form='{self.element.get('id')}'][@name][not(self::button)]")
        for control in t.cast("list[HtmlElement]", controls):
            if control.xpath("ancestor::template"):
                continue
            name, kind = str(control.get("name")), str(control.get("type") or "")
            if control.tag == "select":
                for option in (
                    control.xpath(".//option[@selected]") or control.xpath("self::*[not(@multiple)]//option")[:1]
                ):
                    yield name, str(option.get("value", option.text or ""))
            elif control.tag == "textarea":
                # A browser drops the line break after the tag.
                yield name, (control.text or "").removeprefix("\r\n").removeprefix("\n")
            elif kind in ("checkbox", "radio"):
                if control.get("checked") is not None:
                    yield name, str(control.get("value", "on"))
            elif kind not in ("file", "submit", "button", "image"):
                yield name, str(control.get("value", ""))

    def get(self, name: str) -> str | None:
        """What a control holds."""
        return next((value for each, value in self.data if each == name), None)

    def set(self, **values: str | Sequence[str]) -> Form:
        """Fill in controls by name."""
        return self.put(values)

    def put(self, values: Mapping[str, str | Sequence[str]]) -> Form:
        """Fill in controls whose names are no identifiers."""
        for name, value in values.items():
            self.data = [pair for pair in self.data if pair[0] != name]
            self.data += [(name, each) for each in ([value] if isinstance(value, str) else value)]
        return self

    def drop(self, name: str) -> Form:
        """Take a control out of the form."""
        self.data = [pair for pair in self.data if pair[0] != name]
        return self

    def upload(self, name: str, content: bytes, file_name: str) -> Form:
        """Choose a file."""
        self.files[name] = (content, file_name)
        return self

    def send(self, **buttons: str) -> Page:
        """Send the form, by the named button."""
        pairs = [*self.data, *buttons.items()]
        client = self.page.visitor.browser.client
        if self.method == "get":
            answer = client.get(self.action, query_string=MultiDict(pairs), buffered=True)
        else:
            data: MultiDict[str, t.Any] = MultiDict(pairs)
            for name, (content, file_name) in self.files.items():
                data.add(name, (io.BytesIO(content), file_name))
            answer = client.post(self.action, data=data, buffered=True)
        return Page(self.page.visitor, answer)


class Page:
    """An answer, read as HTML when it is some."""

    def __init__(self, visitor: Visitor, answer: TestResponse) -> None:
        self.visitor, self.answer = visitor, answer
        self.status = answer.status_code
        self.path = answer.request.path
        self.text = answer.text if answer.mimetype == "text/html" else ""
        if self.text:
            self.root = lxml.html.fromstring(self.text)

    @property
    def location(self) -> str:
        """Where the answer sends the browser."""
        return str(self.answer.location or "")

    def follow(self) -> Page:
        """Go where the answer sends the browser."""
        assert self.status in (302, 303), (self.status, self.problems() if self.text else "")
        return self.visitor.get(self.location)

    def form(self, id: str = "", *, action: str = "") -> Form:
        """A form by its id, or by the end of its address."""
        found = (
            self.root.xpath(f"//form[@id='{id}']")
            if id
            else [f for f in self.root.iter("form") if str(f.get("action") or "").endswith(action)]
        )
        assert found, f"no form {id or action!r} on {self.path}"
        return Form(self, t.cast(HtmlElement, found[0]))

    def all(self, xpath: str) -> list[str]:
        """The words of every element that a path finds."""
        return [words(each) for each in t.cast("list[HtmlElement]", self.root.xpath(xpath))]

    def one(self, xpath: str) -> str:
        """The words of the one element that a path finds."""
        found = self.all(xpath)
        assert len(found) == 1, f"{len(found)} × {xpath} on {self.path}"
        return found[0]

    def attributes(self, xpath: str, name: str) -> list[str]:
        """An attribute of every element that a path finds."""
        return [str(each.get(name)) for each in t.cast("list[HtmlElement]", self.root.xpath(xpath))]

    @property
    def title(self) -> str:
        """The page's title."""
        return self.one("//head/title")

    def rows(self) -> list[list[str]]:
        """The cells of a list's table, without the boxes."""
        return [
            [words(cell) for cell in row.xpath("./td[not(contains(@class, 'cell-check'))] | ./th")]
            for row in t.cast("list[HtmlElement]", self.root.xpath("//table[contains(@class, 'table-list')]/tbody/tr"))
        ]

    def column(self, number: int) -> list[str]:
        """One column of a list's table."""
        return [row[number] for row in self.rows()]

    def values(self) -> dict[str, str]:
        """The values of a record's page by their labels."""
        return dict(
            zip(
                self.all("//div[contains(@class,'value')]/dt"),
                self.all("//div[contains(@class,'value')]/dd"),
                strict=True,
            )
        )

    def problems(self) -> list[str]:
        """The sentences of the error summary."""
        return self.all("//*[contains(@class,'error-summary')]//li")

    def toasts(self) -> list[str]:
        """What flashes at the foot of the page."""
        return self.all("//lc-toast")


def words(element: HtmlElement) -> str:
    """The text of an element, blanks joined."""
    return " ".join(element.text_content().split())


def a_row(id: int | None = None, **values: t.Any) -> dict[str, t.Any]:
    """A row of a subtable."""
    return {"id": id, "values": values}


class Visitor:
    """Somebody at a browser."""

    def __init__(self, services: Services, login: str) -> None:
        self.browser = Browser(services, PACKAGES)
        assert self.browser.log_in(login).status_code == 302

    @classmethod
    def stranger(cls, services: Services) -> Visitor:
        """Somebody who has not logged in."""
        made = cls.__new__(cls)
        made.browser = Browser(services, PACKAGES)
        return made

    def get(self, path: str, query: Pairs | None = None) -> Page:
        """Open a page."""
        return Page(
            self, self.browser.client.get(path, query_string=MultiDict(query) if query else None, buffered=True)
        )

    def post(self, path: str, data: Pairs | None = None, *, token: bool = True) -> Page:
        """Send a form that no page has."""
        pairs = [*(data or []), *([("csrf_token", self.browser.token)] if token else [])]
        return Page(self, self.browser.client.post(path, data=MultiDict(pairs), buffered=True))


class Town:
    """An installation with the three apps, an administrator (sato) and two clerks (ito, abe)."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.services = make_services(engine, folder)
        self.sato = add(self.services, "sato", name="佐藤 美咲", administrator=True)
        self.ito = add(self.services, "ito", name="伊藤 健太")
        self.clinics = self.install(CLINICS.json())
        self.visits = self.install(VISITS.json())
        self.cases = self.install(CASES.json())

    def install(self, definition: dict[str, t.Any]) -> int:
        """Publish an app."""
        return deploy.create_app(self.services.engine, definition, self.services.system("test"))

    def visitor(self, login: str = "sato") -> Visitor:
        """Somebody who has logged in."""
        return Visitor(self.services, login)

    def save(self, app: int, *changes: Change, who: int | None = None) -> list[Record]:
        """Save without a browser."""
        with self.services.writing(self.services.actor(who or self.sato)) as space:
            return space.service(app).save(changes)

    def add(self, app: int, **values: t.Any) -> int:
        """A new record's number."""
        return self.save(app, Change(values=values))[0].id

    def edit(self, app: int, record: int, *, who: int | None = None, **values: t.Any) -> None:
        """Change a record without a browser."""
        self.save(app, Change(id=record, values=values), who=who)

    def record(self, app: int, record: int) -> Record:
        """A record as it stands."""
        with self.services.reading(self.services.actor(self.sato)) as space:
            return space.reader(app).get(record)

    def definition(self, app: int) -> AppDefinition:
        """An app as it is live."""
        with self.services.reading(self.services.actor(self.sato)) as space:
            return space.app(app).definition

    def count(self, app: int) -> int:
        """How many records an app has."""
        with self.services.reading(self.services.actor(self.sato)) as space:
            return space.reader(app).count()

    def work(self) -> int:
        """Do the jobs that wait."""
        return Worker(self.services, name="test").run_due()
