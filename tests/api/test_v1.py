"""Our own API: plain JSON through the same record service, with tokens bound to one app."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import flask
import pytest
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.accounts import tokens
from lowcode.app import create_app
from lowcode.config import Settings
from lowcode.jobs import queue
from lowcode.jobs.worker import Worker
from lowcode.services import Services
from lowcode.system import migrate, models
from tests.builders import an_app

LEDGER = (
    an_app("ledger")
    .text("name", required=True)
    .number("age", maxValue="130")
    .choice("ward", "門司区", "小倉北区")
    .checks("risks", "高血圧", "糖尿病")
    .subtable("family", an_app().text("who"))
)


class Api:
    """A client with a token."""

    def __init__(self, services: Services, app: flask.Flask, token: str) -> None:
        self.services, self.client, self.token = services, app.test_client(), token

    def call(self, method: str, path: str, body: t.Any = None, *, token: str | None = None) -> tuple[int, t.Any]:
        answer = self.client.open(
            f"/api/v1{path}",
            method=method,
            headers={"X-Cybozu-API-Token": self.token if token is None else token},
            data=None if body is None else body if isinstance(body, bytes) else json.dumps(body),
        )
        return answer.status_code, answer.get_json(silent=True) if answer.is_json else answer.data


@pytest.fixture
def api(engine: sa.Engine, tmp_path: Path) -> Api:
    migrate.upgrade(engine)
    settings = Settings.from_environment({"LOWCODE_DATA_DIR": str(tmp_path)})
    services = Services(settings, engine)
    app = create_app(services=services, packages=("lowcode.api",))
    number = deploy.create_app(engine, LEDGER.json(), services.system("test"))
    deploy.create_app(engine, an_app("other").text("name").json(), services.system("test"))
    with db.writing(engine) as connection:
        token = tokens.add(
            connection, number, ["view", "add", "edit", "delete"], by=services.system("test"), now=settings.now()
        )
    return Api(services, app, token)


def test_records_are_made_read_changed_and_deleted(api: Api) -> None:
    made = {
        "records": [
            {
                "values": {
                    "name": "山田",
                    "age": "41",
                    "ward": "門司区",
                    "risks": ["糖尿病"],
                    "family": [{"id": None, "values": {"who": "母"}}],
                }
            }
        ]
    }
    assert api.call("POST", "/apps/ledger/records", made) == (201, {"records": [{"id": 1, "revision": 1}]})
    status, found = api.call("GET", "/apps/ledger/records/1")
    assert status == 200
    assert {k: found["values"][k] for k in ("name", "age", "ward", "risks")} == {
        "name": "山田",
        "age": "41",
        "ward": "門司区",
        "risks": ["糖尿病"],
    }
    assert found["values"]["family"][0]["values"] == {"who": "母"}
    assert api.call("PATCH", "/apps/ledger/records", {"records": [{"id": 1, "revision": 1, "values": {"age": 42}}]})[
        1
    ] == {"records": [{"id": 1, "revision": 2}]}
    status, page = api.call("GET", "/apps/ledger/records?query=age%20%3D%20%2242%22&total=true&fields=name")
    assert (status, page["total"], page["records"][0]["values"]) == (200, 1, {"name": "山田"})
    assert api.call("DELETE", "/apps/ledger/records?ids=1") == (200, {})
    assert api.call("GET", "/apps/ledger/records/1")[0] == 404


def test_a_clash_shows_all_three_values_and_takes_the_answer(api: Api) -> None:
    rows = [{"id": None, "values": {"who": who}} for who in ("父", "母")]
    api.call("POST", "/apps/ledger/records", {"records": [{"values": {"name": "山田", "age": 1, "family": rows}}]})
    api.call("PATCH", "/apps/ledger/records", {"records": [{"id": 1, "values": {"age": 2, "family": []}}]})
    kept = [{"id": 1, "values": {"who": "祖父"}}, {"id": 2, "values": {}}]
    mine = {"id": 1, "revision": 1, "values": {"age": 3, "ward": "門司区", "family": kept}}
    status, answer = api.call("PATCH", "/apps/ledger/records", {"records": [mine]})
    assert status == 409
    assert answer["error"]["code"] == "record.conflict"
    (shown,) = answer["conflicts"]
    assert (shown["index"], shown["id"], shown["revision"]) == (0, 1, 2)
    assert shown["clashes"] == [
        {"key": "age", "path": ["age"], "before": "1", "theirs": "2", "mine": "3"},
        {
            "key": "family/1",
            "path": ["family", 1],
            "before": {"id": 1, "values": {"who": "父"}},
            "theirs": None,
            "mine": {"id": 1, "values": {"who": "祖父"}},
        },
    ]
    choices = {"age": "mine", "family/1": "mine"}
    settled = {**mine, "choices": choices, "chosen_at": shown["revision"]}
    assert api.call("PATCH", "/apps/ledger/records", {"records": [settled]})[0] == 200
    values = api.call("GET", "/apps/ledger/records/1")[1]["values"]
    assert (values["age"], values["ward"]) == ("3", "門司区")
    assert [row["values"]["who"] for row in values["family"]] == ["祖父"]


def test_totals_by_group_and_a_streamed_export(api: Api) -> None:
    rows = [{"values": {"name": f"n{i}", "age": i, "ward": "門司区" if i % 2 else "小倉北区"}} for i in range(5)]
    api.call("POST", "/apps/ledger/records", {"records": rows})
    status, found = api.call("GET", "/apps/ledger/aggregate?group=ward&measure=count,sum:age,avg:age")
    assert status == 200
    assert {g["group"]["ward"]: g["measures"] for g in found["groups"]} == {
        "門司区": [2, "4", "2"],
        "小倉北区": [3, "6", "2"],
    }
    status, text = api.call("GET", "/apps/ledger/records.csv?fields=name,age&query=order%20by%20%24id%20asc")
    assert status == 200
    assert text.decode("utf-8-sig").splitlines()[:3] == ["name,age", "n0,0", "n1,1"]


def test_a_token_is_good_for_its_own_app_and_rights_only(api: Api) -> None:
    assert api.call("GET", "/apps/other/records")[0] == 404
    assert api.call("GET", "/apps/ledger/records", token="x" * 40)[0] == 401
    assert api.call("GET", "/apps/ledger/records", token="")[0] == 401
    with db.writing(api.services.engine) as connection:
        viewer = tokens.add(connection, 1, ["view"], by=api.services.system("test"), now=api.services.settings.now())
    assert api.call("POST", "/apps/ledger/records", {"records": [{"values": {"name": "x"}}]}, token=viewer)[0] == 403
    assert api.call("GET", "/apps/ledger/records", token=viewer)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/apps/ledger/records", b"{", 422, "api.not_json"),
        ("POST", "/apps/ledger/records", [], 422, "api.not_an_object"),
        ("POST", "/apps/ledger/records", {"records": []}, 422, "api.too_many_records"),
        ("POST", "/apps/ledger/records", {"records": [{"id": 1, "values": {}}]}, 422, "api.id_not_wanted"),
        ("PATCH", "/apps/ledger/records", {"records": [{"values": {}}]}, 422, "api.id_wanted"),
        ("POST", "/apps/ledger/records", {"records": [{"values": {"name": ""}}]}, 422, "required"),
        ("POST", "/apps/ledger/records", {"records": [{"values": {"name": "x", "age": 200}}]}, 422, "number.too_big"),
        ("POST", "/apps/ledger/records", {"records": [{"values": {"name": "x"}, "more": 1}]}, 422, "api.unknown_key"),
        ("POST", "/apps/ledger/records", {"more": 1, "records": [{"values": {"name": "x"}}]}, 422, "api.unknown_key"),
        (
            "PATCH",
            "/apps/ledger/records",
            {"records": [{"id": 1, "values": {}, "choices": {"age": "both"}}]},
            422,
            "api.choice",
        ),
        ("GET", "/apps/ledger/records?limit=9999999", None, 422, "api.number_range"),
        ("GET", "/apps/ledger/records?query=nowhere%20%3D%201", None, 422, "query.unknown_field"),
        ("GET", "/apps/ledger/aggregate?group=nowhere", None, 422, "query.unknown_field"),
        ("GET", "/apps/ledger/aggregate?measure=median:age", None, 422, "query.unknown_measure"),
        ("GET", f"/apps/ledger/aggregate?group={','.join(['ward'] * 9)}", None, 422, "api.too_many_parts"),
        ("DELETE", "/apps/ledger/records?ids=a", None, 422, "api.ids"),
        ("GET", "/apps/nowhere/records", None, 404, "app.not_found"),
        ("GET", "/jobs/99", None, 404, "jobs.not_found"),
    ],
)
def test_bad_requests_get_a_code_and_a_sentence(
    api: Api, method: str, path: str, body: t.Any, status: int, code: str
) -> None:
    got, answer = api.call(method, path, body)
    assert got == status
    codes = [p["code"] for p in answer["error"]["problems"]] or [answer["error"]["code"]]
    assert code in codes
    assert answer["error"]["message"]


def worked(api: Api, job_id: int) -> queue.Job:
    """The job after a worker went through everything that is due."""
    Worker(api.services, name="test").run_due()
    with db.reading(api.services.engine) as connection:
        return queue.find(connection, job_id)


def test_an_import_by_token_acts_as_the_token(api: Api) -> None:
    status, started = api.call("POST", "/apps/ledger/import?mode=add", "name,age\n太郎,20\n".encode())
    assert status == 202
    done = worked(api, started["job"])
    assert (done.state, (done.result or {})["created"]) == ("done", 1)
    with api.services.reading(api.services.system("test")) as space:
        ((entry, _),) = space.reader("ledger").history(1)
    assert entry.actor_kind == "token"
    _, waiting = api.call("POST", "/apps/ledger/import?mode=add", "name,age\n次郎,30\n".encode())
    with db.writing(api.services.engine) as connection:
        connection.execute(sa.update(models.ApiToken.__table__).values(active=False))
    revoked = worked(api, waiting["job"])
    assert revoked.state == "failed"
    assert (revoked.error or {})["code"] == "token.unknown"
