"""``/metrics``: who may read it, what it counts, and that several processes count together."""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.backup import keeping
from lowcode.config import ConfigurationError, Settings
from lowcode.services import Services
from lowcode.web import metrics
from tests.people import Browser, add, make_services

LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?\d+(\.\d+)?')


@pytest.fixture
def services(engine: sa.Engine, tmp_path: Path) -> Services:
    return make_services(engine, tmp_path, LOWCODE_METRICS_FROM="192.0.2.0/28, 2001:db8::7")


def read(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_what_it_tells(services: Services) -> None:
    browser = Browser(services)
    client = browser.client
    client.application.extensions[metrics.EXTENSION] = metrics.Meter()
    for path in ("/healthz", "/login", "/admin/", "/nothing"):
        client.get(path)
    answer = client.get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    found = read(answer.text)
    assert found['lowcode_requests_total{area="pages",status="2xx"}'] == 2 - (client.get("/login").status_code == 302)
    assert found['lowcode_requests_total{area="admin",status="3xx"}'] == 1
    assert found['lowcode_requests_total{area="other",status="4xx"}'] == 1
    assert found['lowcode_request_seconds_bucket{area="pages",le="+Inf"}'] == 2
    assert found['lowcode_request_seconds_count{area="pages"}'] == 2
    assert found['lowcode_jobs{state="failed"}'] == 0
    assert "lowcode_backup_age_seconds" not in found
    with db.writing(services.engine) as connection:
        keeping.note_success(connection, {"made_at": services.settings.now().isoformat()})
        keeping.note_failure(connection, services.settings.now(), "backup.failed", {})
    found = read(client.get("/metrics").text)
    assert (found["lowcode_backup_age_seconds"], found["lowcode_backup_failed"]) == (0, 1)


@pytest.mark.parametrize(
    ("address", "header", "status"),
    [
        ("127.0.0.1", "", 200),
        ("::1", "", 200),
        ("::ffff:127.0.0.1", "", 200),
        ("192.0.2.9", "", 200),
        ("192.0.2.16", "", 403),
        ("2001:db8::7", "", 200),
        ("198.51.100.1", "", 403),
        # A proxy on this machine that nobody named must not make everybody local.
        ("127.0.0.1", "198.51.100.1", 403),
        ("127.0.0.1", "127.0.0.1", 403),
        ("", "", 403),
    ],
)
def test_who_may_read_it(services: Services, address: str, header: str, status: int) -> None:
    client = Browser(services).client
    headers = {"X-Forwarded-For": header} if header else {}
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": address}, headers=headers).status_code == status


def test_an_administrator_may_read_it_from_anywhere(services: Services) -> None:
    add(services, "admin", administrator=True)
    add(services, "sato")
    for login, status in (("admin", 200), ("sato", 403)):
        browser = Browser(services)
        browser.log_in(login)
        elsewhere = {"REMOTE_ADDR": "198.51.100.1"}
        assert browser.client.get("/metrics", environ_base=elsewhere).status_code == status


def test_a_wrong_address_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError):
        Settings.from_environment({"LOWCODE_METRICS_FROM": "everywhere"})


def test_processes_count_together() -> None:
    meter, several = metrics.Meter(), 4
    fork = multiprocessing.get_context("fork")

    def work() -> None:
        for _ in range(500):
            meter.count("api", 200, 0.3)

    processes = [fork.Process(target=work) for _ in range(several)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    found = read("\n".join(meter.lines()))
    assert found['lowcode_requests_total{area="api",status="2xx"}'] == 500 * several
    assert found['lowcode_request_seconds_bucket{area="api",le="0.25"}'] == 0
    assert found['lowcode_request_seconds_bucket{area="api",le="0.5"}'] == 500 * several
    assert found['lowcode_request_seconds_sum{area="api"}'] == pytest.approx(0.3 * 500 * several)
