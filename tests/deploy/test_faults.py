"""A deploy that is stopped anywhere leaves the old version or the new one, and can be repeated."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa

from lowcode import db, deploy
from tests.deploy import apps, faults


def statements(database: sa.Engine) -> int:
    """How many statements and commits the deploy takes when nothing goes wrong."""
    number = faults.prepare(database, "counted")
    with faults.at_statement(database, 0, faults.stop) as count:
        deploy.deploy(database, number, apps.ACTOR, ctx=apps.CTX)
    faults.require_finished(database, number)
    faults.forget(database, number)
    return count[0]


@pytest.mark.slow
def test_a_fault_at_each_statement_leaves_one_whole_version(engine: sa.Engine) -> None:
    database = apps.with_system_tables(engine)
    total = statements(database)
    versions = set()
    for place in range(1, total + 1):
        number = faults.prepare(database, f"fault{place}")
        with faults.at_statement(database, place, faults.stop), pytest.raises(faults.Fault):
            deploy.deploy(database, number, apps.ACTOR, ctx=apps.CTX)
        versions.add(faults.require_whole(database, number))
        faults.require_finished(database, number)
        faults.forget(database, number)
    assert total > 30
    assert versions == {1, 2}


def test_a_deploy_gets_further_with_each_try(engine: sa.Engine) -> None:
    database = apps.with_system_tables(engine)
    number = faults.prepare(database, "again")
    place = 1
    while True:
        try:
            with faults.at_statement(database, place, faults.stop):
                deploy.deploy(database, number, apps.ACTOR, ctx=apps.CTX)
            break
        except faults.Fault:
            place += 4
        if faults.require_whole(database, number) == 2:
            break
    faults.require_finished(database, number)


@pytest.mark.slow
def test_a_killed_deploy_leaves_one_whole_version(database_url: str) -> None:
    database = apps.with_system_tables(db.make_engine(database_url))
    total = statements(database)
    for place in (4, *range(12, total, max(8, total // 5))):
        number = faults.prepare(database, f"killed{place}")
        command = [sys.executable, "-m", "tests.deploy.faults", database_url, str(number), str(place)]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert finished.returncode == -9, finished.stderr
        faults.require_whole(database, number)
        faults.require_finished(database, number)
        faults.forget(database, number)
    database.dispose()
