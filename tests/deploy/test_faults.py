"""A deploy that is stopped anywhere leaves the old version or the new one, and can be repeated."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from lowcode import deploy
from tests.deploy import apps, faults
from tests.deploy.copies import Copies, copies_of
from tests.deploy.killing import killing


@pytest.fixture
def copies(database_url: str) -> Iterator[Copies]:
    with copies_of(database_url, faults.prepare) as made:
        yield made


def stopped_everywhere(copies: Copies, stop_at: Callable[[int], bool]) -> Iterator[sa.Engine]:
    """The database as a deploy left it that was stopped at its first, second … place, until one comes through.

    :param stop_at: deploys in the present copy, and says whether it came to that place.
    """
    for place in itertools.count(1):
        database = copies.fresh()
        if not stop_at(place):
            assert faults.require_whole(database, copies.app) == 2
            assert place > 80
            return
        yield database


@pytest.mark.slow
def test_a_fault_at_each_statement_leaves_one_whole_version(copies: Copies) -> None:
    def fail_at(place: int) -> bool:
        with faults.at_statement(copies.engine, place, faults.stop), contextlib.suppress(faults.Fault):
            deploy.deploy(copies.engine, copies.app, apps.ACTOR, ctx=apps.CTX)
            return False
        return True

    versions = [faults.require_finished(database, copies.app) for database in stopped_everywhere(copies, fail_at)]
    # There is one switch, and no way back behind it.
    assert versions == sorted(versions)
    assert set(versions) == {1, 2}


@pytest.mark.slow
def test_a_kill_at_each_statement_leaves_one_whole_version_and_what_is_left_over_can_be_tidied(copies: Copies) -> None:
    versions, dropped = [], {1: 0, 2: 0}
    with killing(copies) as process:
        for database in stopped_everywhere(copies, process.at):
            version = faults.require_whole(database, copies.app)
            versions.append(version)
            dropped[version] += deploy.tidy(database)
            faults.require_tidy(database, copies.app)
            assert faults.require_finished(database, copies.app) == version
    assert versions == sorted(versions)
    assert set(versions) == {1, 2}
    assert min(dropped.values()) > 0


def test_a_deploy_gets_further_with_each_try(engine: sa.Engine) -> None:
    number = faults.prepare(engine)
    place = 1
    while True:
        try:
            with faults.at_statement(engine, place, faults.stop):
                deploy.deploy(engine, number, apps.ACTOR, ctx=apps.CTX)
            break
        except faults.Fault:
            place += 4
        if faults.require_whole(engine, number) == 2:
            break
    faults.require_finished(engine, number)
