"""Random interleavings of two to six writers, compared with a written reference model.

Each history is a handful of records, writers who opened them at different times, and the order in which they
save: by the edit form, by the API's bulk save, by importing a file (``merge_doors.py``). Every writer has an account
and a connection, and every call a transaction of its own. After each call the answer equals the model's, and at the
end the stored records, and every earlier state as history tells it, do too.
The everyday part plays some hundred histories; the marked part plays 15,000 on SQLite and 5,000 on PostgreSQL.
Of each ten histories one goes through the whole of HTTP, the others begin just below it.
"""

from __future__ import annotations

import contextlib
import random
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from lowcode.errors import NotFound
from lowcode.records import history
from lowcode.records.record import Change, MergeConflict, Record
from tests.records import merge_model as model
from tests.records.conftest import House
from tests.records.merge_doors import BulkDoor, FormDoor, ImportDoor, on_screen
from tests.records.merge_model import PLAIN, SETS, TABLE, Content, Edit, Line, Outcome
from tests.records.merge_office import DEFINITION, Desk, Names, Office, options, shown_content

BATCH = 100
BY_HTTP = 10
"""Every tenth history goes through the whole of HTTP."""
CLASH_SHARE = 0.3

VALUES: dict[str, Sequence[t.Any]] = {
    "name": ("山田", "鈴木", "佐藤", "田中"),
    "note": ("", "済", "要連絡", "転居"),
    "age": (None, 1, 40, 99),
    "ward": (None, "門司区", "小倉北区", "若松区"),
    "day": (None, "2022-08-01", "2022-08-02", "2022-08-25"),
    "who": (None, "父", "母", "子"),
    "years": (None, 3, 35, 70),
}
WRONG: Sequence[tuple[str, t.Any]] = (("name", None), ("age", 200), ("age", "百"))


@pytest.fixture
def office(engine: sa.Engine, tmp_path: Path) -> Iterator[Office]:
    with contextlib.ExitStack() as stack:
        yield Office(engine, tmp_path, stack)


# -- one history -------------------------------------------------------------------------------------


class Tale:
    """One random history of a few records: what writers do, what the product does, what the model says."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office, self.seed = office, seed
        self.dice = random.Random(seed)
        self.named = 0
        self.model = model.Model(self._beginning() for _ in range(self.dice.choices((1, 2, 3), (70, 20, 10))[0]))
        self.names = Names()
        http = seed % BY_HTTP == 0
        self.form, self.bulk = FormDoor(office, http=http), BulkDoor(office, http=http)
        self.file = ImportDoor(office)
        self.writers = self.dice.choices((2, 3, 4, 5, 6), (40, 25, 15, 10, 10))[0]
        self.clashed = False

    def _beginning(self) -> Content:
        table = tuple(Line(self._key(), self._cells()) for _ in range(self.dice.choice((0, 1, 2, 2, 3))))
        plain = {code: self.dice.choice(VALUES[code]) or None for code in PLAIN}
        return {**plain, "risks": self._some("risks"), TABLE: table}

    def _key(self) -> str:
        self.named += 1
        return f"r{self.named}"

    def _cells(self) -> dict[str, t.Any]:
        return {
            "who": self.dice.choice(VALUES["who"]),
            "years": self.dice.choice(VALUES["years"]),
            "tags": self._some("tags"),
        }

    def _some(self, code: str) -> frozenset[str]:
        return frozenset(key for key in options(code) if self.dice.random() < 0.4)

    def beginning(self) -> list[Change]:
        """What makes the records of this history."""
        return [Change(values=self.names.json(story.at(1))) for story in self.model.stories]

    def began(self, records: Sequence[Record]) -> None:
        self.names.ids = [r.id for r in records]
        self._compare(range(len(records)), records)

    def play(self) -> None:
        """Everybody opens the records once or twice and saves; the steps of different writers are shuffled."""
        opened = set(range(self.writers)) if self.dice.random() < 0.75 else set()
        for number in opened:
            self.office.desks[number].seen = [1 for _ in self.names.ids]
        steps = [n for n in range(self.writers) for _ in range(2 - (n in opened) + 2 * (self.dice.random() < 0.15))]
        self.dice.shuffle(steps)
        for number in steps:
            if number in opened:
                self._act(self.office.desks[number])
            else:
                self._open(self.office.desks[number])
            opened ^= {number}

    # -- what a writer does ----------------------------------------------------------------------

    def _open(self, desk: Desk) -> None:
        """Look at all records; now and then the form is really drawn."""
        desk.seen = [story.revision for story in self.model.stories]
        record = self.dice.randrange(len(self.names.ids))
        content = self._viewed(desk, record)
        if content is not None and self.dice.random() < 0.2 and self.form.http:
            self.form.draw(desk, self.names, record, content)

    def _act(self, desk: Desk) -> None:
        trashed = [n for n, story in enumerate(self.model.stories) if story.present is None]
        if trashed and self.dice.random() < 0.5:
            self._restore(desk, self.dice.choice(trashed))
            return
        everything = range(len(self.names.ids))
        record = self.dice.choice(everything)
        kind = self.dice.choices(("form", "fields", "bulk", "import", "delete"), (42, 27, 13, 12, 6))[0]
        if kind == "delete":
            self._delete(desk, record)
        elif kind == "import":
            self._import(desk, everything if self.dice.random() < 0.5 else [record])
        else:
            edits = [self._edit(desk, n, whole=kind == "form") for n in (everything if kind == "bulk" else [record])]
            if any(self._viewed(desk, e.record) is None for e in edits):
                return  # nobody opens a form on what lies in the trash
            if kind == "bulk" and self.dice.random() < 0.1:
                edits = [replace(e, seen=None) for e in edits]  # whatever stands there
            outcome = self._save(desk, edits)
            if outcome.kind == "asked" and self.dice.random() < 0.5:
                self._answer(desk, edits, outcome)

    def _answer(self, desk: Desk, edits: Sequence[Edit], outcome: Outcome) -> None:
        """The author decides at each clash and saves again."""
        decided = [
            replace(
                edit,
                take={a.place: self.dice.choice(("mine", "theirs")) for a in outcome.clashes[edit.record]},
                take_at=self.model.stories[edit.record].revision,
            )
            if edit.record in outcome.clashes
            else edit
            for edit in edits
        ]
        assert self._save(desk, decided).kind in ("saved", "invalid"), self.seed

    def _viewed(self, desk: Desk, record: int) -> Content | None:
        return self.model.stories[record].contents[desk.seen[record] - 1]

    def _edit(self, desk: Desk, record: int, *, whole: bool) -> Edit:
        viewed = self._viewed(desk, record)
        if viewed is None:
            return Edit(record)
        typed: dict[str, t.Any] = {}
        for code in self.dice.sample(
            ("name", "note", "age", "ward", "day", "risks", TABLE, TABLE), self.dice.choice((1, 2, 2, 3))
        ):
            if code == TABLE:
                typed[TABLE] = self._table(model.lines(viewed), whole=whole)
            elif code in SETS:
                typed[code] = self._toggled(t.cast("frozenset[str]", viewed[code]), code)
            else:
                typed[code] = self.dice.choice(VALUES[code]) or None
        if self.dice.random() < 0.03:
            typed |= dict([self.dice.choice(WRONG)])
        given = {**{c: viewed[c] for c in (*PLAIN, *SETS, TABLE)}, **typed} if whole else typed
        return Edit(record, given, desk.seen[record], door="form" if whole else "bulk")

    def _toggled(self, members: frozenset[str], code: str) -> frozenset[str]:
        return members ^ {self.dice.choice(options(code))}

    def _table(self, table: Sequence[Line], *, whole: bool) -> tuple[Line, ...]:
        """The table after one or two things were done to it; a script posts only the cells that were changed."""
        found = [line if whole else Line(line.key, {}) for line in table]
        cells = {line.key: line.cells for line in table}
        for _ in range(self.dice.choice((1, 1, 2))):
            what = self.dice.choices(("cell", "add", "delete", "move"), (45, 25, 15, 15))[0]
            at = self.dice.randrange(len(found)) if found else 0
            if what == "add" or not found:
                found.insert(self.dice.choice((at, len(found), len(found))), Line(self._key(), self._cells()))
            elif what == "delete":
                del found[at]
            elif what == "move":
                found.insert(self.dice.randrange(len(found)), found.pop(at))
            else:
                code = self.dice.choice(("who", "years", "tags"))
                was = {**cells.get(found[at].key, {}), **found[at].cells}
                value = (
                    self._toggled(t.cast("frozenset[str]", was["tags"]), "tags")
                    if code == "tags"
                    else self.dice.choice(VALUES[code])
                )
                found[at] = Line(found[at].key, {**found[at].cells, code: value})
        return tuple(found)

    # -- the product and the model -----------------------------------------------------------------

    def _save(self, desk: Desk, edits: Sequence[Edit]) -> Outcome:
        """Through the form or in bulk: all edits or none."""
        before = [story.present for story in self.model.stories]
        viewed = {e.record: None if e.seen is None else self._viewed(desk, e.record) for e in edits}
        expected = self.model.save(edits)
        if edits[0].door == "form":
            outcome = self.form.save(desk, self.names, edits[0], t.cast(Content, viewed[edits[0].record]))
        else:
            outcome = self.bulk.save(desk, self.names, edits)
        self.clashed |= outcome.kind == "asked"
        assert outcome.kind == expected.kind, (self.seed, outcome, expected)
        for record, asked in expected.clashes.items():
            if edits[0].door == "form" and self.form.http:
                asked = tuple(map(on_screen, asked))
            assert sorted(outcome.clashes[record], key=repr) == sorted(asked, key=repr), self.seed
        for edit in edits:
            after, had, saw = self.model.stories[edit.record].present, before[edit.record], viewed[edit.record]
            if outcome.kind != "saved":
                assert after == had, self.seed
            elif saw is not None and had is not None and not edit.take:
                lost = model.overwritten_unseen(saw, had, after if after is not None else model.complete({}))
                assert not lost, (self.seed, lost)
        if outcome.kind == "saved":
            self._meet_new_rows(desk, [e.record for e in edits])
        return outcome

    def _import(self, desk: Desk, records: Sequence[int]) -> None:
        """A file with some columns of some records; whoever made it has seen nothing of what stands there."""
        codes = self.dice.sample((*PLAIN, *SETS, TABLE), self.dice.choice((1, 2, 3)))
        edits = [Edit(n, {code: self._brought(code) for code in codes}, door="import") for n in records]
        expected = [self.model.save([edit]).kind for edit in edits]
        taken = self.file.save(desk, self.names, edits)
        assert taken == [kind == "saved" for kind in expected], (self.seed, taken, expected)
        self._meet_new_rows(desk, [n for n, kind in zip(records, expected, strict=True) if kind == "saved"])

    def _brought(self, code: str) -> t.Any:
        if code == TABLE:
            table = tuple(Line(self._key(), self._cells()) for _ in range(self.dice.choice((0, 1, 2, 2, 3))))
            # The line on which the record begins is its table's first row, if only a blank one.
            return table or (Line(self._key(), {"who": None, "years": None, "tags": frozenset()}),)
        if code in SETS:
            return self._some(code)
        wrong = [value for wrong_code, value in WRONG if wrong_code == code]
        return self.dice.choice(wrong if wrong and self.dice.random() < 0.05 else VALUES[code]) or None

    def _delete(self, desk: Desk, record: int) -> None:
        """The record goes to the trash, unless somebody changed it meanwhile."""
        if self._viewed(desk, record) is None:
            return
        expected = self.model.save([Edit(record, seen=desk.seen[record], delete=True)])
        change = Change(id=self.names.ids[record], revision=desk.seen[record], delete=True)
        raised = {"saved": None, "missing": NotFound, "asked": MergeConflict}[expected.kind]
        with contextlib.nullcontext() if raised is None else pytest.raises(raised):
            self.office.save(desk, [change])
        self.clashed |= expected.kind == "asked"

    def _restore(self, desk: Desk, record: int) -> None:
        with self.office.writing(desk) as space:
            records = space.service(self.office.app).restore([self.names.ids[record]])
        assert self.model.restore(record).kind == "saved"
        self._compare([record], records)

    def _meet_new_rows(self, desk: Desk, numbers: Sequence[int]) -> None:
        """Where a save made rows, read the record, so that later edits can name them."""
        tables = {n: model.lines(self.model.stories[n].present or {}) for n in numbers}
        made = [n for n, table in tables.items() if any(line.key not in self.names.row_ids for line in table)]
        found = self.office.records(desk, [self.names.ids[n] for n in made]) if made else {}
        self._compare(made, [found[self.names.ids[n]] for n in made])

    def _compare(self, numbers: Sequence[int], records: Sequence[Record]) -> None:
        """The records that came back are the model's; rows that are new on both sides get to know each other."""
        for number, record in zip(numbers, records, strict=True):
            story = self.model.stories[number]
            present = story.at(story.revision)
            for row, line in zip(record.values[TABLE], model.lines(present), strict=True):
                if row.id not in self.names.keys:
                    assert line.key not in self.names.row_ids, (self.seed, "a row got another number")
                    self.names.keys[row.id], self.names.row_ids[line.key] = line.key, row.id
            assert shown_content(record.values, self.names.keys) == present, self.seed
            assert record.revision == story.revision, self.seed

    def ended(
        self, records: Mapping[int, Record], entries: Mapping[int, Sequence[history.Entry]], house: House
    ) -> None:
        """What is stored equals the model, and history leads back through every state there ever was."""
        for number, (record_id, story) in enumerate(zip(self.names.ids, self.model.stories, strict=True)):
            told = entries[record_id]
            assert [e.revision for e in told] == list(range(1, story.revision + 1)), self.seed
            assert (record_id in records) == (story.present is not None), self.seed
            if story.present is None:
                continue
            self._compare([number], [records[record_id]])
            values = records[record_id].values
            for revision in range(story.revision, 0, -1):
                then = history.base_values(DEFINITION, values, told[revision:], house.ctx())
                if story.contents[revision - 1] is not None:
                    assert shown_content(then, self.names.keys) == story.contents[revision - 1], (self.seed, revision)


def play(office: Office, seeds: Sequence[int]) -> float:
    """Play histories and compare; returns the share of those in which somebody was asked."""
    clashed = 0
    for start in range(0, len(seeds), BATCH):
        tales = [Tale(office, seed) for seed in seeds[start : start + BATCH]]
        made = iter(office.save(office.desks[0], [c for tale in tales for c in tale.beginning()]))
        for tale in tales:
            tale.began([next(made) for _ in tale.model.stories])
        for tale in tales:
            tale.play()
            clashed += tale.clashed
        ids = [i for tale in tales for i in tale.names.ids]
        with office.house.reading() as space:
            live = space.app(office.app)
            entries = history.since(space.connection, live.tables, dict.fromkeys(ids, 0))
            records = {r.id: r for r in space.reader(live).by_ids(ids)}
        for tale in tales:
            tale.ended(records, entries, office.house)
    print(f"{clashed / len(seeds):.0%} of {len(seeds)} histories clashed")
    return clashed / len(seeds)


def went_through(office: Office, histories: int) -> None:
    """Say how many calls went through each door, and refuse a proof that left one out."""
    print(office.house.engine.dialect.name, histories, "histories:", dict(sorted(office.counts.items())))
    per_history = {"form": 1, "bulk": 1, "import": 0.3, "form, HTTP": 0.1, "bulk, HTTP": 0.1, "form, drawn": 0.01}
    for door, least in per_history.items():
        assert office.counts[door] >= least * histories, (door, office.counts)


def test_some_hundred_interleavings_give_what_the_model_says(office: Office) -> None:
    count = 750 if office.house.engine.dialect.name == "sqlite" else 250
    assert play(office, range(count)) >= CLASH_SHARE
    went_through(office, count)


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(5))
def test_twenty_thousand_interleavings_give_what_the_model_says(office: Office, shard: int) -> None:
    count = 3_000 if office.house.engine.dialect.name == "sqlite" else 1_000
    first = 100_000 + shard * count if office.house.engine.dialect.name == "sqlite" else 900_000 + shard * count
    assert play(office, range(first, first + count)) >= CLASH_SHARE
    went_through(office, count)
