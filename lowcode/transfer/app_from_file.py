"""An app, and its records, from a file in one step."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from lowcode import deploy
from lowcode.access.actor import Actor
from lowcode.records.workspace import Workspace
from lowcode.transfer import importing, inference, tabular
from lowcode.transfer.importing import ImportPlan, Journal
from lowcode.transfer.inference import Guess
from lowcode.transfer.report import Report
from lowcode.transfer.tabular import Preview


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What an app made from a file would be; nothing is made yet."""

    preview: Preview
    guesses: tuple[Guess, ...]

    def definition(self, *, code: str, name: str) -> dict[str, t.Any]:
        """The definition JSON."""
        return inference.definition_of(self.guesses, code=code, name=name)

    @property
    def overrides(self) -> dict[str, str]:
        """Which column goes into which field; a column without one stays out."""
        by_header = {g.header: g.code for g in self.guesses}
        return {f"#{at}": by_header.get(header, "") for at, header in enumerate(self.preview.headers, start=1)}

    @property
    def serial(self) -> bool:
        """Whether some column's dates are day numbers."""
        return any(g.serial for g in self.guesses)


def propose(path: Path, preview: Preview | None = None) -> Proposal:
    """Fields for every column of a file, by its header and all its values. Raises :class:`Invalid`."""
    preview = preview or tabular.inspect(path)
    facts = inference.learn(preview.headers, tabular.rows(path, preview.reading))
    return Proposal(preview=preview, guesses=inference.guess(facts))


def plan_records(space: Workspace, app: int, proposal: Proposal) -> ImportPlan:
    """The import of the file into the app that was made from it."""
    return importing.plan_import(
        space, app, proposal.preview, mode="add", overrides=proposal.overrides, serial=proposal.serial
    )


def make_app_from_file(
    engine: sa.Engine,
    path: Path,
    actor: Actor,
    writing: Callable[[], AbstractContextManager[Workspace]],
    *,
    code: str = "",
    name: str = "",
    preview: Preview | None = None,
    journal: Journal | None = None,
    batch: str = "",
) -> tuple[int, Report, Proposal]:
    """Make an app from a file's header and values, and take its rows in.

    :returns: the app's number, the report of the import, and what was decided about each column.
    :raises Invalid: the file cannot be read, or the code cannot be used. :raises Conflict: the code is taken.
    """
    proposal = propose(path, preview)
    definition = proposal.definition(code=code, name=name or app_name(path.stem))
    app = deploy.create_app(engine, definition, actor, note=path.name)
    with writing() as space:
        plan = plan_records(space, app, proposal)
    return app, importing.run_import(path, plan, writing, journal, batch=batch), proposal


def app_name(stem: str) -> str:
    """A name for people from a file's name."""
    return re.sub(r"[_\s]+", " ", unicodedata.normalize("NFKC", stem)).strip()[:60] or "app"


__all__ = ["Proposal", "app_name", "make_app_from_file", "plan_records", "propose"]
