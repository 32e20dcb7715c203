"""Records from a file, through the record service, in batches that each are one transaction.

Good records land and bad ones come back with everything that is wrong with them. The report is also the journal:
it is kept in the transaction of each batch, so that a killed import goes on behind the last batch and never doubles.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from lowcode.errors import Conflict, Forbidden, Invalid, LowcodeError, NotFound, Problem
from lowcode.fields.base import Context, Field, Value
from lowcode.fields.record_number import RecordNumberField
from lowcode.fields.subtable import Row, SubtableField
from lowcode.query import ast
from lowcode.records.catalog import LiveApp
from lowcode.records.reader import RecordReader
from lowcode.records.record import Change, MergeConflict, Record
from lowcode.records.workspace import Workspace
from lowcode.transfer.cells import same
from lowcode.transfer.journal import Journal, MemoryJournal, all_errors
from lowcode.transfer.lines import Entry, EntryReader, Options, matched
from lowcode.transfer.plan import KEY_TYPES, ImportPlan, modes_of, plan_import
from lowcode.transfer.report import CellError, Report
from lowcode.transfer.tabular import Line, as_text, rows

BATCH = 500
KEPT_ERRORS = 100
"""Errors that stay in the journal itself; older ones are put away."""
REASON = "import:{batch}"


def run_import(
    path: Path,
    plan: ImportPlan,
    writing: Callable[[], AbstractContextManager[Workspace]],
    journal: Journal | None = None,
    *,
    batch: str = "",
    size: int = BATCH,
) -> Report:
    """Take a file in.

    :param writing: opens a write transaction for the actor (see :func:`lowcode.records.workspace.writing`).
    :param batch: names the import in the records' history, which is how it is undone.
    :returns: the report; nothing is written when ``plan.dry_run`` says so, and the report is the same.
    :raises Forbidden: the actor may not. :raises Invalid: the file cannot be read any further.
    """
    return _Import(path, plan, writing, journal or MemoryJournal(), batch, size).run()


class _RollBack(Exception):
    """The way out of a dry run's transaction."""


class Wanted(t.NamedTuple):
    """What is to be saved for one record of the file."""

    entry: Entry
    change: Change
    rows: dict[str, list[int]]
    """By subtable: which row of the file each row came from."""


class _Import:
    def __init__(
        self,
        path: Path,
        plan: ImportPlan,
        writing: Callable[[], AbstractContextManager[Workspace]],
        journal: Journal,
        batch: str,
        size: int,
    ) -> None:
        self.path, self.plan, self.writing, self.journal = path, plan, writing, journal
        self.batch, self.size = batch, size
        earlier = journal.load()
        self.report = earlier or Report(
            dry_run=plan.dry_run, unknown_columns=plan.unknown, ignored_columns=plan.ignored
        )
        self.keys: dict[Value, tuple[int, int]] = {}
        self.failed_rows: set[int] = {e.row for name in self.report.error_chunks for e in journal.read(name)} | {
            e.row for e in self.report.errors
        }
        self.unique_seen: set[tuple[str, Value]] = set()
        self.live: LiveApp | None = None

    def run(self) -> Report:
        resume_behind = self.report.row
        with self.writing() as space:
            self._learn(space)
        source = self._entries()
        for entry in source:
            if entry.row > resume_behind:
                source = _chain(entry, source)
                break
            self._remember(entry)
        else:
            return self.report
        while batch := list(islice(source, self.size)):
            if len(self.report.errors) > KEPT_ERRORS:
                self.report.error_chunks.append(self.journal.put_away(self.report.errors))
                self.report.errors = []
            self._batch(batch)
            if not self.journal.go_on(self.report):
                self.report.stopped = True
                break
        return self.report

    # -- reading -----------------------------------------------------------------------------------

    def _learn(self, space: Workspace) -> None:
        """Everything that depends on the version of the app that is live now."""
        self.live = live = space.app(self.plan.app)
        service = space.service(live)
        service.policy.require("import")
        ctx = replace(space.context(live), files=Context().files)
        options = Options(key=self.plan.key, bad_cells=self.plan.bad_cells, note_field=self.plan.note_field)
        self.reader = EntryReader(
            self.plan.columns,
            live.definition,
            ctx,
            options,
            spreadsheet=self.plan.reading.kind == "xlsx",
            width=len(self.plan.headers),
        )
        self.key_field = live.definition.field(self.plan.key) if self.plan.key else None
        self.uniques = [
            f
            for f in live.definition.unique_fields
            if f.code != self.plan.key and any(c.field == f.code and c.role == "value" for c in self.plan.columns)
        ]

    def _entries(self) -> Iterator[Entry]:
        already = self.report.row

        def on_note(number: int) -> None:
            if number > already:
                self.report.skipped += 1

        def lines() -> Iterator[Line]:
            yield from rows(self.path, self.plan.reading, blank=self.reader.with_tables)

        return self.reader.entries(lines(), on_note)

    def _remember(self, entry: Entry) -> None:
        if entry.key is not None:
            self.keys.setdefault(entry.key, (entry.row, entry.fingerprint))

    # -- one batch ---------------------------------------------------------------------------------

    def _batch(self, entries: list[Entry]) -> None:
        before = Report.from_json({**self.report.to_json(), "errors": []})
        errors = list(self.report.errors)
        try:
            with self.writing() as space:
                if self.live is not None and space.app(self.plan.app).version != self.live.version:
                    self._learn(space)
                    entries = [self.reader.entry(e.lines) for e in entries]
                self._work(space, entries)
                self.report.row = entries[-1].lines[-1][0]
                if self.plan.dry_run:
                    raise _RollBack
                self.journal.note(space.connection, self.report)
        except _RollBack:
            pass
        except BaseException:
            self.report = before
            self.report.errors = errors
            raise

    def _work(self, space: Workspace, entries: Sequence[Entry]) -> None:
        fresh: list[Entry] = []
        repeats: list[tuple[Entry, int]] = []
        for entry in entries:
            first = self._first_of(entry)
            if first is not None:
                repeats.append((entry, first))
            elif entry.errors:
                self._failed(entry)
            else:
                fresh.append(entry)
        found = self._existing(space, fresh)
        made = (self._change(e, found.get(e.key, ()) if e.key is not None else ()) for e in fresh)
        changes = [wanted for wanted in made if wanted is not None]
        low = self._last_history(space)
        self._save(space, changes)
        if changes:
            self.report.first_history = self.report.first_history or low + 1
            self.report.last_history = self._last_history(space)
        for entry, first in repeats:
            # A row that stands in the file twice is what the first one made of it.
            if first in self.failed_rows:
                self._fail(entry, Problem(code="transfer.repeats_failed", params={"row": first}), "")
            else:
                self._count("unchanged", entry)
        self.report.errors.sort(key=lambda error: error.row)

    def _first_of(self, entry: Entry) -> int | None:
        """The earlier row that this one repeats. A different row with the same key is an error of this one."""
        if entry.key is None:
            return None
        first = self.keys.setdefault(entry.key, (entry.row, entry.fingerprint))
        if first[0] == entry.row:
            return None
        if first[1] == entry.fingerprint:
            return first[0]
        header = next((c.header for c in self.plan.columns if c.field == self.plan.key), "")
        problem = Problem(code="transfer.key_twice", params={"row": first[0]})
        entry.errors.append(CellError(column=header, value=as_text(entry.key)[:200], problem=problem))
        return None

    # -- the records that are there already --------------------------------------------------------

    def _existing(self, space: Workspace, entries: Sequence[Entry]) -> dict[Value, list[Record]]:
        keys = list(dict.fromkeys(e.key for e in entries if e.key is not None))
        if self.key_field is None or self.live is None or not keys:
            return {}
        reader = space.reader(self.live)
        wanted = {c.field for c in self.plan.columns if c.role == "value" and c.subtable is None}
        wanted |= {c.subtable for c in self.plan.columns if c.subtable}
        codes = sorted(code for code in wanted if code)
        if isinstance(self.key_field, RecordNumberField):
            return {record.id: [record] for record in reader.by_ids(keys, codes)}
        found: dict[Value, list[Record]] = {}
        for record in self._matching(reader, keys, codes):
            found.setdefault(matched(self.key_field, record.values[self.key_field.code]), []).append(record)
        return found

    def _matching(self, reader: RecordReader, keys: Sequence[Value], codes: Sequence[str]) -> Iterator[Record]:
        limit = len(keys) * 2 + 100
        page = reader.list(self._key_condition(keys), limit=limit, fields=codes)
        if len(page) == limit and len(keys) > 1:
            # Some key stands in so many records that it would hide those of the others.
            yield from self._matching(reader, keys[: len(keys) // 2], codes)
            yield from self._matching(reader, keys[len(keys) // 2 :], codes)
            return
        yield from page

    def _key_condition(self, keys: Sequence[Value]) -> ast.Node | None:
        field = t.cast(Field, self.key_field)
        literals = [ast.Literal(str(field.dump(key))) for key in keys]
        if "in" in field.operators:
            return ast.Compare(field.code, "in", tuple(literals))
        return ast.any_of(*[ast.Compare(field.code, "=", (literal,)) for literal in literals])

    # -- what is to change -------------------------------------------------------------------------

    def _change(self, entry: Entry, found: Sequence[Record]) -> Wanted | None:
        problem = self._refusal(entry, found)
        if problem is not None:
            self._fail(entry, problem, self.plan.key)
            return None
        if found:
            return self._update(entry, found[0])
        values = {code: value for code, value in entry.values.items() if self._writes(code)}
        sources: dict[str, list[int]] = {}
        for table in self.reader.subtables:
            kept = self._rows_of(table, entry, ())
            values[table.code] = [{"id": None, "values": cells} for _, cells in kept]
            sources[table.code] = [number for number, _ in kept]
        return Wanted(entry, Change(values=values), sources)

    def _refusal(self, entry: Entry, found: Sequence[Record]) -> Problem | None:
        """Why the key of a row decides against it."""
        if self.key_field is None:
            return None
        by_number = isinstance(self.key_field, RecordNumberField)
        if entry.key is None and not (by_number and "add" in self.plan.modes):
            return Problem(code="transfer.key_empty")
        if len(found) > 1:
            return Problem(code="transfer.key_ambiguous", params={"count": len(found)})
        if found and "update" not in self.plan.modes:
            return Problem(code="transfer.already_there")
        if not found and ("add" not in self.plan.modes or (by_number and entry.key is not None)):
            return Problem(code="transfer.not_there")
        return None

    def _writes(self, code: str) -> bool:
        return self.key_field is None or code != self.key_field.code or self.key_field.writable

    def _update(self, entry: Entry, record: Record) -> Wanted | None:
        values: dict[str, t.Any] = {
            code: value
            for code, value in entry.values.items()
            if self._writes(code) and not same(value, record.values.get(code))
        }
        sources: dict[str, list[int]] = {}
        for table in self.reader.subtables:
            present: tuple[Row, ...] = record.values.get(table.code) or ()
            kept = self._rows_of(table, entry, present)
            sources[table.code] = [number for number, _ in kept]
            if len(kept) == len(present) and all(
                same(value, row.values.get(code))
                for (_, cells), row in zip(kept, present, strict=True)
                for code, value in cells.items()
            ):
                continue
            values[table.code] = [
                {"id": present[at].id if at < len(present) else None, "values": cells}
                for at, (_, cells) in enumerate(kept)
            ]
        if not values:
            self._count("unchanged", entry)
            return None
        return Wanted(entry, Change(id=record.id, revision=record.revision, values=values), sources)

    def _rows_of(
        self, table: SubtableField, entry: Entry, present: Sequence[Row]
    ) -> list[tuple[int, dict[str, Value]]]:
        """The rows of a table: blank ones at the end pad the file, unless a blank row stands there already."""
        kept = list(entry.tables.get(table.code, ()))
        inner = {f.code: f for f in table.fields}

        def blank(cells: Mapping[str, Value]) -> bool:
            return all(inner[code].is_empty(value) for code, value in cells.items())

        while kept and blank(kept[-1][1]):
            at, cells = len(kept) - 1, kept[-1][1]
            if at < len(present) and blank({code: present[at].values.get(code) for code in cells}):
                break
            kept.pop()
        return kept

    # -- saving ------------------------------------------------------------------------------------

    def _save(self, space: Workspace, changes: Sequence[Wanted]) -> None:
        """Save everything that can be saved: what is refused is taken out, and the rest is tried again."""
        waiting = self._not_twice(changes)
        while waiting:
            try:
                with space.connection.begin_nested():
                    saved = self._service(space).save([w.change for w in waiting], history_action="import")
            except Invalid as error:
                waiting = self._take_out(waiting, error)
            except (Forbidden, NotFound, Conflict, sa.exc.IntegrityError) as error:
                if len(waiting) == 1:
                    self._fail(waiting[0].entry, _problem_of(error), None)
                    return
                half = len(waiting) // 2
                self._save(space, waiting[:half])
                waiting = waiting[half:]
            else:
                for wanted, record in zip(waiting, saved, strict=True):
                    change = wanted.change
                    # The service has the last word on whether anything changed (a digit rounded away did not).
                    changed = "updated" if record.revision != change.revision else "unchanged"
                    self._count("created" if change.id is None else changed, wanted.entry)
                    if self.plan.dry_run:
                        self.unique_seen |= {(f.code, record.values.get(f.code)) for f in self.uniques}
                return

    def _service(self, space: Workspace) -> t.Any:
        reason = REASON.format(batch=self.batch) if self.batch else ""
        acting = space.acting_as(replace(space.actor, reason=reason)) if reason else space
        return acting.service(self.plan.app)

    def _not_twice(self, changes: Sequence[Wanted]) -> list[Wanted]:
        """Without a write the service cannot see that an earlier batch took a unique value: we remember."""
        if not self.plan.dry_run or not self.uniques:
            return list(changes)
        kept = []
        for wanted in changes:
            values = wanted.change.values
            clash = next(
                (
                    f
                    for f in self.uniques
                    if not f.is_empty(values.get(f.code)) and (f.code, values.get(f.code)) in self.unique_seen
                ),
                None,
            )
            if clash is None:
                kept.append(wanted)
            else:
                self._fail(wanted.entry, Problem(code="unique"), clash.code)
        return kept

    def _take_out(self, waiting: Sequence[Wanted], error: Invalid) -> list[Wanted]:
        wrong: dict[int, list[Problem]] = {}
        for problem in error.problems:
            if not problem.path or not isinstance(problem.path[0], int) or problem.path[0] >= len(waiting):
                raise error
            wrong.setdefault(problem.path[0], []).append(problem)
        for at, problems in wrong.items():
            entry = waiting[at].entry
            for problem in problems:
                header, value = self.reader.place(entry, problem.path[1:], waiting[at].rows)
                plain = Problem(code=problem.code, params=problem.params)
                entry.errors.append(CellError(column=header, value=value, problem=plain))
            self._failed(entry)
        return [wanted for at, wanted in enumerate(waiting) if at not in wrong]

    # -- counting ----------------------------------------------------------------------------------

    def _count(self, kind: str, entry: Entry) -> None:
        setattr(self.report, kind, getattr(self.report, kind) + 1)
        if entry.notes:
            self.report.warned += 1
            for note in sorted(entry.notes):
                self.report.notes[note] = self.report.notes.get(note, 0) + 1

    def _fail(self, entry: Entry, problem: Problem, code: str | None) -> None:
        header, value = self.reader.place(entry, [code] if code else [], {}) if code else ("", "")
        entry.errors.append(CellError(column=header, value=value, problem=problem))
        self._failed(entry)

    def _failed(self, entry: Entry) -> None:
        self.report.failed += 1
        self.report.errors.append(entry.failed())
        self.failed_rows.add(entry.row)

    def _last_history(self, space: Workspace) -> int:
        history = t.cast(LiveApp, self.live).tables.history
        return int(space.connection.scalar(sa.select(sa.func.max(history.c.id))) or 0)


def _problem_of(error: LowcodeError | sa.exc.IntegrityError) -> Problem:
    if isinstance(error, MergeConflict):
        return Problem(code="record.conflict", params={"count": 1})
    if isinstance(error, LowcodeError):
        return Problem(code=error.code, params=error.params)
    return Problem(code="transfer.database_refused")


def _chain(first: Entry, rest: Iterator[Entry]) -> Iterator[Entry]:
    yield first
    yield from rest


__all__ = [
    "BATCH",
    "KEY_TYPES",
    "ImportPlan",
    "Journal",
    "MemoryJournal",
    "all_errors",
    "modes_of",
    "plan_import",
    "run_import",
]
