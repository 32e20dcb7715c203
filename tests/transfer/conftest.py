"""Apps to import into, and files to import."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode.access.actor import Actor
from lowcode.definition import AppDefinition
from lowcode.system import migrate
from lowcode.transfer import exporting, importing, tabular
from lowcode.transfer.report import Report, RowError
from tests.records.conftest import ADMIN, House


class Desk:
    """A person with files in front of one installation."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.house, self.folder = House(engine), folder
        self.journal = importing.MemoryJournal()

    def install(self, definition: AppDefinition) -> int:
        return self.house.install(definition)

    def file(self, text: str, name: str = "a.csv", encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(text.encode(encoding))
        return path

    def plan(self, app: str, path: Path, actor: Actor = ADMIN, **options: t.Any) -> importing.ImportPlan:
        header_row = options.pop("header_row", None)
        preview = tabular.inspect(path, header_row=header_row)
        with self.house.reading(actor) as space:
            return importing.plan_import(space, app, preview, **options)

    def take(
        self,
        app: str,
        path: Path,
        actor: Actor = ADMIN,
        *,
        size: int = importing.BATCH,
        batch: str = "",
        **options: t.Any,
    ) -> Report:
        plan = self.plan(app, path, actor, **options)
        self.journal = importing.MemoryJournal()
        return importing.run_import(path, plan, lambda: self.house.writing(actor), self.journal, size=size, batch=batch)

    def errors(self, report: Report) -> list[RowError]:
        return list(importing.all_errors(report, self.journal))

    def csv(self, app: str, columns: Sequence[str] | None = None, **options: t.Any) -> bytes:
        with self.house.reading() as space:
            reader = space.reader(app)
            chosen = exporting.choose_columns(reader, columns)
            return b"".join(exporting.export_csv(reader, None, (), chosen, **options))


@pytest.fixture
def desk(engine: sa.Engine, tmp_path: Path) -> Desk:
    migrate.upgrade(engine)
    return Desk(engine, tmp_path)


def counts(report: Report) -> tuple[int, int, int, int]:
    """created, updated, unchanged, failed"""
    return report.created, report.updated, report.unchanged, report.failed


def codes(errors: Sequence[RowError]) -> list[tuple[int, list[tuple[str, str]]]]:
    """Row, and (column, code) of everything wrong with it."""
    return [(e.row, [(c.column, c.problem.code) for c in e.errors]) for e in errors]
