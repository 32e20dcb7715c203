"""Indexes that a deploy left behind are dropped, and no other; never in the middle of somebody's deploy."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from lowcode import db, deploy
from lowcode.deploy import indexes, locks
from lowcode.deploy.tidy import superfluous
from lowcode.errors import Busy
from tests.builders import an_app
from tests.deploy import apps, faults


@pytest.fixture
def database(engine: sa.Engine) -> sa.Engine:
    return apps.with_system_tables(engine)


def two_apps(database: sa.Engine) -> int:
    """An app with a field that nobody may fill twice, and one that lists records of it by another field."""
    number = deploy.create_app(database, an_app("parent").text("key", unique=True).number("no").json(), apps.ACTOR)
    table = {
        "relatedApp": {"code": "parent"},
        "condition": {"field": "mine", "relatedField": "no"},
        "displayFields": ["no"],
    }
    child = an_app("child").number("mine").field("REFERENCE_TABLE", "list", referenceTable=table)
    deploy.create_app(database, child.json(), apps.ACTOR)
    return number


def all_indexes(database: sa.Engine) -> dict[str, dict[str, bool]]:
    with db.reading(database) as connection:
        return indexes.all_indexes(connection)


def leave_one(database: sa.Engine, number: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """A deploy that allows a value twice from now on and is cut off right after its switch; the index it leaves."""
    raw = apps.definition_json(database, number)
    raw["properties"]["key"]["unique"] = False
    with monkeypatch.context() as patch, pytest.raises(faults.Fault):
        patch.setattr("lowcode.deploy.publish.drop_superfluous", lambda *_: faults.stop())
        apps.publish(database, number, raw)
    return f"uq_app_{number}_f{raw['properties']['key']['id']}"


def test_a_left_index_goes_and_what_other_apps_ask_for_stays(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = two_apps(database)
    fresh = all_indexes(database)
    assert any(name.startswith(f"ix_app_{number}_f") for name in fresh[f"app_{number}"])
    assert deploy.tidy(database) == 0
    name = leave_one(database, number, monkeypatch)
    apps.add_records(database, number, [{"key": "a"}])
    with pytest.raises(sa.exc.IntegrityError):
        apps.add_records(database, number, [{"key": "a"}])
    assert deploy.tidy(database) == 1
    apps.add_records(database, number, [{"key": "a"}])
    del fresh[f"app_{number}"][name]
    assert all_indexes(database) == fresh


def test_somebody_elses_deploy_is_left_alone(database: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    number = two_apps(database)
    with locks.deploying(database):
        # With nothing to do there is no lock to wait for.
        assert deploy.tidy(database, wait=0) == 0
    name = leave_one(database, number, monkeypatch)
    with locks.deploying(database), pytest.raises(Busy):
        deploy.tidy(database, wait=0)
    assert name in all_indexes(database)[f"app_{number}"]


def test_tables_of_the_platform_and_of_lost_apps_are_left_alone(database: sa.Engine) -> None:
    number = two_apps(database)
    with db.writing(database) as connection:
        lost = sa.MetaData()
        sa.Table("app_77", lost, sa.Column("f1", sa.Text, index=True))
        lost.create_all(connection)
    with db.reading(database) as connection:
        assert {"app_77", "jobs"} <= set(indexes.all_indexes(connection))
        assert superfluous(connection) == ()
        assert superfluous(connection, [number]) == ()
