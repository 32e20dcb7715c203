"""An installation from before the index: its apps get tables, its searches go on, and a job fills the index."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command

from lowcode import db
from lowcode.jobs import searching
from lowcode.records.catalog import Catalog
from lowcode.services import Services
from lowcode.system import migrate
from tests.search.place import ACTOR, Office
from tests.search.test_index import require_right


def test_apps_of_an_older_release_are_searched_and_then_indexed(engine: sa.Engine, tmp_path: Path) -> None:
    office = Office(engine, tmp_path)
    office.add({"name": "渡邉", "kana": "ワタナベ"}, {"name": "鈴木"})
    with db.writing(engine) as connection:
        # As the release before left it.
        for table in (f"app_{office.app}_grams", f"app_{office.app}_words", "file_texts"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        connection.execute(sa.text("ALTER TABLE apps DROP COLUMN search_ready"))
        config = migrate._config()
        config.attributes["connection"] = connection
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0004'"))
        command.upgrade(config, "head")
    office.services = Services(office.services.settings, engine, Catalog())
    assert office.ids("わたなべ") == [1]
    with office.services.reading(ACTOR) as space:
        assert not space.reader(office.app).indexed
    assert searching.fill(office.services, office.app) == 2
    assert require_right(office) == 2
    assert office.ids("渡辺") == [1]
