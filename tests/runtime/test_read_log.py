"""Who reads records of an app with personal data is in the audit log, whichever way: with records and filter."""

from __future__ import annotations

import copy
import typing as t
from urllib.parse import quote

import flask
import orjson
import pytest
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.accounts import audit, audit_proof, record_numbers, tokens
from lowcode.app import create_app
from lowcode.jobs.worker import Worker
from lowcode.system.models import AuditEntry, File
from tests.people import NOW
from tests.runtime.town import CASES, CLINICS, Town, Visitor

TABLE = AuditEntry.__table__
SECRET = "秘密太郎"
"""The name of the patient, by which an answer shows that it gave the record out."""


class Entry(t.NamedTuple):
    who: str
    action: str
    app: int | None
    records: list[int]
    query: str
    outcome: str
    target: str
    details: dict[str, t.Any]
    address: str
    request_id: str


class Log:
    """The entries since the last look."""

    def __init__(self, town: Town) -> None:
        self.town, self.seen = town, 0
        self.new()

    def new(self) -> list[Entry]:
        with db.reading(self.town.services.engine) as connection:
            rows = connection.execute(sa.select(TABLE).where(TABLE.c.id > self.seen).order_by(TABLE.c.id)).all()
            assert audit_proof.examine(connection, self.town.services.settings.data_dir).bad is None
        if rows:
            self.seen = rows[-1].id
        return [
            Entry(
                r.actor_login,
                r.action,
                r.app_id,
                list(record_numbers.unpacked(r.records)),
                r.query,
                r.outcome,
                r.target,
                orjson.loads(r.details),
                r.address,
                r.request_id,
            )
            for r in rows
        ]

    def told(self) -> list[tuple[str, list[int], str]]:
        """Action, records and filter of each new entry."""
        return [(e.action, e.records, e.query) for e in self.new()]


def personal(town: Town, app: int, definition: dict[str, t.Any]) -> None:
    definition = copy.deepcopy(definition)  # the builders share their parts
    definition.setdefault("settings", {})["personalData"] = True
    deploy.apply_definition(town.services.engine, app, definition, town.services.system("test"))


@pytest.fixture
def ward(town: Town) -> Town:
    """The town with three patients in an app that is marked, clinics in one that is not."""
    personal(town, town.cases, CASES.json())
    town.add(town.clinics, clinic="港診療所", phone="093-111-2222")
    for number, (name, state) in enumerate([(SECRET, "入院"), ("山田", "受付"), ("田中", "入院")], 1):
        town.add(town.cases, no=f"A-{number}", name=name, state=state, onset="2026-11-20")
    return town


@pytest.fixture
def ito(ward: Town) -> Visitor:
    return ward.visitor("ito")


@pytest.fixture
def log(ward: Town, ito: Visitor) -> Log:
    return Log(ward)


def cases_path(town: Town, rest: str) -> str:
    return f"/k/{town.cases}/{rest}"


@pytest.mark.parametrize(
    "rest, expected",
    [
        ("", [("records.read", [1, 2, 3], "")]),
        ("show/2", [("records.read", [2], "")]),
        ("edit/2", [("records.read", [2], "")]),
        ("new?copy=2", [("records.read", [2], "")]),
        ("?q=" + quote("山田"), [("records.searched", [2], 'search "山田"')]),
        ("?view=" + quote("入院"), [("records.searched", [1, 3], 'state in ("入院")')]),
        (
            "?view=" + quote("入院") + "&q=" + quote("秘密"),
            [("records.searched", [1], 'state in ("入院") and search "秘密"')],
        ),
        ("?q=" + quote("だれもいない"), [("records.searched", [], 'search "だれもいない"')]),
        ("show/99", []),
        ("new", []),
        ("export", []),
    ],
)
def test_a_screen_is_told_with_its_records_and_its_filter(
    ward: Town, ito: Visitor, log: Log, rest: str, expected: list[tuple[str, list[int], str]]
) -> None:
    assert ito.get(cases_path(ward, rest)).status in (200, 404)
    assert log.told() == expected


def test_an_entry_says_who_from_where_and_in_which_request(ward: Town, ito: Visitor, log: Log) -> None:
    ito.get(cases_path(ward, "show/1"))
    ito.get(cases_path(ward, "show/1"))
    one, other = log.new()
    assert (one.who, one.address, one.outcome, one.target, one.app) == ("ito", "127.0.0.1", "ok", "cases", ward.cases)
    assert len(one.request_id) == 12
    assert one.request_id != other.request_id
    assert SECRET not in repr(one)


def test_apps_that_are_not_marked_are_not_told(ward: Town, ito: Visitor, log: Log) -> None:
    for path in (f"/k/{ward.clinics}/", f"/k/{ward.clinics}/show/1", "/", "/apps"):
        assert ito.get(path).status == 200
    assert log.new() == []


def test_a_search_over_everything_is_told_for_each_marked_app(ward: Town, ito: Visitor, log: Log) -> None:
    personal(ward, ward.clinics, CLINICS.json())
    log.new()
    ito.get("/search?q=" + quote("秘密"))
    found = log.new()
    assert [(e.action, e.app, e.records, e.query) for e in found] == [
        ("records.searched", ward.clinics, [], 'search "秘密"'),
        ("records.searched", ward.cases, [1], 'search "秘密"'),
    ]
    assert len({e.request_id for e in found}) == 1


def test_a_form_that_comes_back_with_values_is_told(ward: Town, ito: Visitor, log: Log) -> None:
    form = ito.get(cases_path(ward, "edit/1")).form(action="/edit/1")
    log.new()
    assert form.set(age="999").send().status == 422
    assert log.told() == [("records.read", [1], "")]


def test_saving_and_deleting_are_told_by_the_history_instead(ward: Town, ito: Visitor, log: Log) -> None:
    ito.post(cases_path(ward, "new"), [("name", "新しい人"), ("no", "B-1")])
    assert [e.action for e in log.new() if e.action.startswith("records.")] == []


def test_an_export_names_every_record_before_the_first_byte(ward: Town, ito: Visitor, log: Log) -> None:
    token = ito.browser.token
    data = {"format": "csv", "columns": ["no", "name"], "csrf_token": token, "list": "view=" + quote("入院")}
    answer = ito.browser.client.post(cases_path(ward, "export"), data=data)
    (entry,) = log.new()
    assert (entry.action, entry.records) == ("records.exported", [1, 3])
    assert entry.query == 'state in ("入院") order by no asc'
    assert entry.details == {"fields": ["name", "no"], "format": "csv"}
    assert SECRET in answer.text
    assert log.new() == []


def test_an_export_by_a_job_is_told_as_the_persons_and_so_is_fetching_the_file(
    ward: Town, ito: Visitor, log: Log
) -> None:
    data = [("format", "xlsx"), ("columns", "name"), ("list", "")]
    ito.get(cases_path(ward, "export"))
    page = ito.post(cases_path(ward, "export"), data)
    log.new()
    ward.work()
    made = [e for e in log.new() if e.action.startswith("records.")]
    assert [(e.who, e.action, e.records, e.details) for e in made] == [
        ("ito", "records.exported", [1, 2, 3], {"fields": ["name"], "format": "xlsx"})
    ]
    job = page.location.rsplit("/", 1)[1]
    assert ito.get(f"/jobs/{job}/file").status == 200
    assert [(e.action, e.target) for e in log.new()] == [("file.downloaded", f"job/{job}")]


def test_attachments_are_told_by_field_and_key_not_by_name(ward: Town, ito: Visitor, log: Log) -> None:
    form = ito.get(cases_path(ward, "edit/1")).form(action="/edit/1")
    papers = ward.definition(ward.cases).field("papers")
    form.upload("papers:upload", b"x", f"{SECRET}.txt").send()
    with db.reading(ward.services.engine) as connection:
        key = connection.scalar(sa.select(File.__table__.c.key))
    log.new()
    assert ito.get(cases_path(ward, f"file/1/{papers.id}/{key}")).status == 200
    (entry,) = log.new()
    assert (entry.action, entry.records, entry.target) == ("file.downloaded", [1], "cases/1")
    assert entry.details == {"field": "papers", "key": key}
    assert SECRET not in repr(entry)


def test_a_refusal_is_told(ward: Town, ito: Visitor, log: Log) -> None:
    definition = copy.deepcopy(CASES.json())
    definition["acl"]["app"]["rights"][0]["recordExportable"] = False
    personal(ward, ward.cases, definition)
    log.new()
    assert ito.get(cases_path(ward, "export?q=" + quote("山田"))).status == 403
    (entry,) = log.new()
    assert (entry.action, entry.outcome, entry.target) == ("access.refused", "refused", f"/k/{ward.cases}/export")


def test_nothing_leaves_when_the_log_cannot_be_written(
    ward: Town, ito: Visitor, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: t.Any) -> t.NoReturn:
        raise sa.exc.OperationalError("INSERT", {}, Exception("disk full"))

    assert SECRET in ito.get(cases_path(ward, "show/1")).text
    monkeypatch.setattr(audit, "write", broken)
    refused = ito.get(cases_path(ward, "show/1"))
    assert (refused.status, SECRET in refused.text) == (503, False)


def test_programs_are_told_by_their_token(ward: Town, log: Log) -> None:
    with db.writing(ward.services.engine) as connection:
        rights = ["view", "add", "edit", "delete"]
        token = tokens.add(connection, ward.cases, rights, by=ward.services.system("test"), now=NOW, name="集計")
    client = create_app(services=ward.services, packages=("lowcode.api",)).test_client()
    log.new()

    def ask(path: str, **options: t.Any) -> list[tuple[str, list[int], str]]:
        answer = client.open(f"/api/v1/apps/cases{path}", headers={"X-Cybozu-API-Token": token}, **options)
        assert answer.status_code < 300, answer.text
        return log.told()

    where = 'name = "山田"'
    assert ask("/records") == [("records.read", [1, 2, 3], "")]
    assert ask("/records/2") == [("records.read", [2], "")]
    assert ask("/records", query_string={"query": where, "total": "true"}) == [("records.searched", [2], where)]
    assert ask("/records.csv", query_string={"query": where}) == [("records.exported", [2], where)]
    assert ask("/aggregate", query_string={"group": "state", "query": where}) == [("records.totalled", [], where)]
    values = {"records": [{"values": {"name": "新", "no": "B"}}]}
    assert ask("/records", method="POST", data=orjson.dumps(values)) == []
    with db.reading(ward.services.engine) as connection:
        row = connection.execute(sa.select(TABLE).order_by(TABLE.c.id.desc()).limit(1)).one()
    assert (row.actor_kind, row.actor_login, row.actor_name, row.actor_id) == ("token", "token-1", "集計", None)


def test_whatever_address_gives_a_record_out_is_told(ward: Town, ito: Visitor, log: Log) -> None:
    """Every address of the application is asked for; where the patient's name comes back, the log names the record."""
    papers = ward.definition(ward.cases).field("papers").id
    ward.edit(ward.cases, 1, name="もとの名前")
    ward.edit(ward.cases, 1, name=SECRET)
    ward.add(ward.cases, no="X", name="消える人")
    application = ito.browser.client.application
    values: dict[str, t.Any] = {
        "app": ward.cases,
        "record_id": 1,
        "entry": 5,
        "field_id": papers,
        "key": "k",
        "job_id": 1,
    }
    values |= {"number": 1, "kind": "users", "filename": "none.css"}
    asked, gave = 0, set()
    log.new()
    with application.test_request_context():
        paths = [
            flask.url_for(rule.endpoint, **{n: values.get(n, "1") for n in rule.arguments})
            for rule in application.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and rule.endpoint != "static"
        ]
    for path in sorted(set(paths)):
        for query in ("", "?q=" + quote("秘密"), f"?view={quote('発症日')}&month=2026-11", "?copy=1", "?ids=1"):
            if query and not path.startswith(("/k/", "/search")):
                continue
            page = ito.get(path + query)
            asked += 1
            found = log.new()
            if page.status == 200 and SECRET.encode() in page.answer.data:
                gave.add(page.path)
                assert any(1 in e.records for e in found), path + query
    assert asked > 100
    for needed in ("", "show/1", "edit/1", "new", "show/1/restore/5"):
        assert cases_path(ward, needed) in gave


def test_the_systems_own_reading_is_nobodys(ward: Town, log: Log) -> None:
    with ward.services.reading(ward.services.system("test")) as space:
        assert space.reader("cases").count() == 3
        assert space.reader("cases").get(1).id == 1
    Worker(ward.services, name="test").run_due()
    assert [e for e in log.new() if e.action.startswith("records.")] == []
    with ward.services.reading(ward.services.actor(ward.ito)) as space:
        space.reader("cases").get(1)
    assert log.told() == [("records.read", [1], "")]


def test_definitions_rights_tokens_and_jobs_are_told(ward: Town, ito: Visitor, log: Log) -> None:
    engine, system = ward.services.engine, ward.services.system("test")
    changed = copy.deepcopy(CASES.json())
    changed["settings"]["personalData"] = True
    changed["settings"]["description"] = "新しい説明"
    version = deploy.apply_definition(engine, "cases", changed, system, note="説明")
    changed["acl"]["app"]["rights"][0]["recordDeletable"] = False
    deploy.apply_definition(engine, "cases", changed, ward.services.actor(ward.sato))
    deploy.rollback(engine, "cases", version, system)
    with db.writing(engine) as connection:
        token = tokens.add(connection, ward.cases, ["view"], by=system, now=NOW, name="集計")
    found = log.new()
    assert [(e.who, e.action, e.target, e.details.get("note"), e.details.get("rights")) for e in found] == [
        ("", "app.published", "cases", "説明", None),
        ("sato", "app.published", "cases", "", None),
        ("sato", "app.rights_changed", "cases", None, ["app"]),
        ("", "app.published", "cases", f"rollback to {version}", None),
        ("", "app.rights_changed", "cases", None, ["app"]),
        ("", "token.added", "token-1", None, "view"),
    ]
    assert token not in repr(found)
    ito.get(cases_path(ward, "export"))
    job = ito.post(cases_path(ward, "export"), [("format", "xlsx"), ("list", "")]).location.rsplit("/", 1)[1]
    ward.work()
    told = [(e.who, e.action, e.target, e.details) for e in log.new() if e.action.startswith("job.")]
    assert told == [
        ("ito", "job.added", f"job/{job}", {"kind": "records.export"}),
        ("ito", "job.done", f"job/{job}", {"kind": "records.export"}),
    ]


def test_printing_is_told_by_the_page(ward: Town, ito: Visitor, log: Log) -> None:
    page = ito.get(cases_path(ward, "show/2"))
    assert page.attributes("//template[@data-printed]", "data-records") == ["2"]
    page = ito.get(cases_path(ward, ""))
    assert page.attributes("//template[@data-printed]", "data-records") == ["1,2,3"]
    assert ito.get(f"/k/{ward.clinics}/").attributes("//template[@data-printed]", "data-records") == []
    log.new()
    where = page.attributes("//template[@data-printed]", "data-printed")[0]
    assert ito.post(where, [("ids", "1,3,99,x")]).status == 204
    assert log.told() == [("records.printed", [1, 3], "")]
    assert ito.post(where, [("ids", "98")]).status == 204
    assert log.told() == []
