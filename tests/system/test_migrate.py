"""The system tables: made, upgraded with data, never taken back; and how connections behave."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from lowcode import db
from lowcode.accounts import audit_proof
from lowcode.config import Settings
from lowcode.services import Services
from lowcode.system import migrate
from lowcode.system.models import Base
from tests.people import add, make_services


def test_an_empty_database_gets_every_table(engine: sa.Engine) -> None:
    assert migrate.upgrade(engine) == (None, migrate.head())
    names = set(sa.inspect(engine).get_table_names())
    assert {table.name for table in Base.metadata.sorted_tables} <= names


def test_the_scripts_build_what_the_models_say(engine: sa.Engine) -> None:
    migrate.upgrade(engine)
    with db.reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(engine: sa.Engine) -> None:
    migrate.upgrade(engine)
    assert migrate.upgrade(engine) == (migrate.head(), migrate.head())
    with db.reading(engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM groups WHERE code = 'everyone'")) == 1


def test_starters_that_come_together_do_not_collide(engine: sa.Engine) -> None:
    failures: list[BaseException] = []
    gate = threading.Barrier(4)

    def start() -> None:
        gate.wait()
        try:
            migrate.upgrade(engine)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    migrate.check(engine)


def test_every_older_database_keeps_its_data(engine: sa.Engine) -> None:
    config = migrate._config()
    with db.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            sa.text(
                "INSERT INTO users (login, name, created_at, updated_at) VALUES"
                " ('sato', '佐藤', '2026-01-01T00:00:00.000000', '2026-01-01T00:00:00.000000')"
            )
        )
    migrate.upgrade(engine)
    with db.reading(engine) as connection:
        assert connection.execute(sa.text("SELECT login, name, active FROM users")).all() == [("sato", "佐藤", True)]


def test_a_database_of_a_newer_release_is_refused(engine: sa.Engine) -> None:
    migrate.upgrade(engine)
    with db.writing(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (migrate.upgrade, migrate.check):
        with pytest.raises(migrate.DatabaseTooNew) as refused:
            attempt(engine)
        assert refused.value.params["revision"] == "9999"


def test_an_empty_database_is_too_old_to_serve(engine: sa.Engine) -> None:
    with pytest.raises(migrate.DatabaseTooOld):
        migrate.check(engine)


def test_going_back_is_refused(engine: sa.Engine) -> None:
    migrate.upgrade(engine)
    config = migrate._config()
    with pytest.raises(RuntimeError, match="backup"), db.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    migrate.check(engine)


# --- connections ------------------------------------------------------------------------------


def test_every_sqlite_connection_is_durable_and_keeps_references(engine: sa.Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    opened = [engine.connect() for _ in range(4)]  # each is a connection of its own in the pool
    for connection in opened:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        connection.close()


def test_a_write_takes_its_lock_at_once_and_a_read_takes_none(engine: sa.Engine) -> None:
    said: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    with db.writing(engine) as connection:
        connection.execute(sa.text("SELECT 1"))
    with db.reading(engine) as connection:
        connection.execute(sa.text("SELECT 2"))
    with db.writing(engine) as connection:  # the option must not leak through the pool either way
        connection.execute(sa.text("SELECT 3"))
    expected = ["BEGIN IMMEDIATE", "SELECT 1", "BEGIN DEFERRED", "SELECT 2", "BEGIN IMMEDIATE", "SELECT 3"]
    assert said == (expected if engine.dialect.name == "sqlite" else ["SELECT 1", "SELECT 2", "SELECT 3"])


def test_a_read_sees_one_state_whatever_is_written_meanwhile(engine: sa.Engine) -> None:
    migrate.upgrade(engine)
    count = sa.text("SELECT count(*) FROM meta")
    with db.reading(engine) as reader:
        before = reader.scalar(count)
        with db.writing(engine) as writer:
            writer.execute(sa.text("INSERT INTO meta (key, value) VALUES ('test', '1')"))
        assert reader.scalar(count) == before
    with db.reading(engine) as reader:
        assert reader.scalar(count) == (before or 0) + 1


def test_a_failed_write_leaves_nothing(engine: sa.Engine) -> None:
    migrate.upgrade(engine)
    with pytest.raises(KeyError), db.writing(engine) as connection:
        connection.execute(sa.text("INSERT INTO meta (key, value) VALUES ('test', '1')"))
        raise KeyError
    with db.reading(engine) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM meta WHERE key = 'test'")) == 0


def test_the_audit_log_of_an_older_database_gets_todays_chain(engine: sa.Engine, tmp_path: Path) -> None:
    config = migrate._config()
    with db.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for number in (1, 2, 5):  # PostgreSQL left gaps
            connection.execute(
                sa.text(
                    "INSERT INTO audit_log (id, at, actor_kind, action, target, chain) VALUES"
                    f" ({number}, '2026-01-01T00:00:0{number}.000000', 'system', 'user.added', 'n{number}', 'old')"
                )
            )
    environment = {"LOWCODE_DATA_DIR": str(tmp_path), "LOWCODE_SECRET_KEY": "a key for tests alone"}
    Services.open(Settings.from_environment(environment), engine)  # as `lowcode init` does
    add(make_services(engine, tmp_path), "sato")
    with db.reading(engine) as connection:
        rows = connection.execute(sa.text("SELECT id, target FROM audit_log ORDER BY id")).all()
        assert rows == [(1, "n1"), (2, "n2"), (3, "n5"), (4, "sato")]
        assert audit_proof.examine(connection, tmp_path).bad is None
