"""What field rights take out of records that were read: values that are hidden in this record, columns of tables.

Most apps have no field whose rights depend on the record; then nothing is asked and nothing is taken out. Otherwise
one statement tells for all records of a page which of those fields are seen.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from lowcode.access.outcomes import Answer
from lowcode.access.policy import Policy
from lowcode.fields.base import Value
from lowcode.fields.subtable import Row, SubtableField
from lowcode.records.catalog import LiveApp
from lowcode.records.history import without_columns
from lowcode.records.record import Record
from lowcode.records.rows import chunks


@dataclass(frozen=True)
class RecordAccess:
    """What an actor may do with one record."""

    edit: bool
    delete: bool
    readable: frozenset[str]
    """Codes of the fields that are seen in it."""
    writable: frozenset[str]
    """Codes of the fields that may be given values (whether or not the record may be edited at all)."""


class Screen:
    """Takes out of an app's records what its reader may not see."""

    def __init__(self, connection: sa.Connection, live: LiveApp, policy: Policy) -> None:
        self.connection, self.live, self.policy = connection, live, policy
        shown = policy.shown
        self._columns: Mapping[str, frozenset[str]] = {
            table.code: hidden
            for table in live.definition.subtables
            if table.code in shown and (hidden := frozenset(f.code for f in table.fields) - shown)
        }

    # -- whole records ---------------------------------------------------------------------------

    def records(self, records: Sequence[Record]) -> list[Record]:
        """The records with hidden values and cells taken out."""
        for code, columns in self._columns.items():
            for record in records:
                if code in record.values:
                    _put(record.values, code, without_columns(record.values[code], columns))
        self.values([(record.id, record.values) for record in records])
        return list(records)

    def rows(self, table: SubtableField, rows: Sequence[Row]) -> tuple[Row, ...]:
        """The rows of a table without hidden columns."""
        return without_columns(rows, self._columns.get(table.code, frozenset()))

    def values(self, records: Sequence[tuple[int, Mapping[str, Value]]]) -> None:
        """Take out of the values of each record, by id, what is hidden in this very record."""
        if not records or not self.policy.masks.varying:
            return
        tables = self.live.definition.subtables
        hidden = self.hidden([record_id for record_id, _ in records])
        for record_id, values in records:
            for code in hidden[record_id]:
                t.cast(dict[str, Value], values).pop(code, None)
            for table in tables:
                if table.code in values:
                    columns = hidden[record_id].intersection(f.code for f in table.fields)
                    if columns:
                        _put(values, table.code, without_columns(values[table.code], columns))

    # -- record by record ------------------------------------------------------------------------

    @property
    def same_for_all(self) -> RecordAccess | None:
        """What the actor may do with every record, where it depends on none of them."""
        policy = self.policy
        if policy.rights.records or policy.masks.varying:
            return None
        return RecordAccess(policy.allows("edit"), policy.allows("delete"), policy.readable, policy.writable)

    def hidden(self, record_ids: Sequence[int]) -> dict[int, frozenset[str]]:
        """By id: the codes of the varying fields, and of what is made of them, that are hidden in the record."""
        masks = self.policy.masks
        reads = {code: read for code, (read, _) in self.policy.varying().items()} if masks.varying else {}
        found = dict.fromkeys(record_ids, frozenset[str]())
        if not reads:
            return found
        # Who reads a record that is gone by now reads nothing of it.
        found = dict.fromkeys(record_ids, masks.hidden_in(reads))
        for record_id, answers in self._ask(reads, record_ids):
            found[record_id] = masks.hidden_in({code for code, seen in answers.items() if not seen})
        return found

    def access(self, record_ids: Sequence[int]) -> dict[int, RecordAccess]:
        """By id: what the actor may do with the records that exist for them; one statement."""
        policy, masks = self.policy, self.policy.masks
        questions: dict[str, Answer] = {"$view": _answer(policy.visible())}
        questions["$edit"] = _answer(policy.visible("edit"))
        questions["$delete"] = _answer(policy.visible("delete"))
        for code, (read, write) in policy.varying().items() if masks.varying else ():
            questions[f"read {code}"], questions[f"write {code}"] = read, write
        found = {}
        for record_id, answers in self._ask(questions, record_ids):
            if not answers["$view"]:
                continue
            unseen = {code for code in masks.varying if not answers[f"read {code}"]}
            given = {code for code in masks.varying if answers[f"write {code}"]}
            found[record_id] = RecordAccess(
                edit=answers["$edit"],
                delete=answers["$delete"],
                readable=masks.shown - masks.hidden_in(unseen),
                writable=policy.writable_with(unseen, given),
            )
        return found

    def met(self, record_id: int) -> tuple[bool | None, ...] | None:
        """For each condition of the record rights in order: whether a record meets it.

        None in the place of a condition that cannot be understood any more; None altogether when there is no such
        record. Whether the record exists for the actor is not asked.
        """
        answers = {str(rule.number): self.policy.meets(rule.condition) for rule in self.policy.rights.records}
        questions = {number: answer for number, answer in answers.items() if answer is not None}
        for _, found in self._ask(questions, [record_id]):
            return tuple(found.get(number) for number in answers)
        return None

    def _ask(self, questions: Mapping[str, Answer], record_ids: Sequence[int]) -> Iterable[tuple[int, dict[str, bool]]]:
        main = self.live.tables.main
        known = {name: answer for name, answer in questions.items() if isinstance(answer, bool)}
        asked = {name: answer for name, answer in questions.items() if not isinstance(answer, bool)}
        # A condition stands in a CASE: PostgreSQL has truth values, SQLite numbers.
        columns = [sa.case((answer, 1), else_=0).label(f"a{at}") for at, answer in enumerate(asked.values())]
        for part in chunks(record_ids):
            for row in self.connection.execute(sa.select(main.c.id, *columns).where(main.c.id.in_(part))):
                yield row[0], {**known, **{name: bool(row[at]) for at, name in enumerate(asked, 1)}}


def _answer(condition: sa.ColumnElement[bool] | None) -> Answer:
    if condition is None:
        return True
    return False if isinstance(condition, sa.sql.elements.False_) else condition


def _put(values: Mapping[str, Value], code: str, value: Value) -> None:
    t.cast(dict[str, Value], values)[code] = value
