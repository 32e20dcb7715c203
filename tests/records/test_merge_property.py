"""Random interleavings of two to six writers, compared with a written reference model.

Each history is a handful of records, writers who opened them at different times, and the order in which they
save. Every writer has a connection and every call a transaction of its own. After each call the records that come
back equal the model's, and at the end the stored records, and every earlier state as history tells it, do too.
The everyday part plays some hundred histories; the marked part plays 15,000 on SQLite and 5,000 on PostgreSQL.
"""

from __future__ import annotations

import contextlib
import random
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.errors import Invalid, NotFound
from lowcode.fields.subtable import Row
from lowcode.records import history
from lowcode.records.record import Change, MergeConflict, Record, clash_key
from lowcode.records.workspace import Workspace
from tests.builders import an_app
from tests.records import merge_model as model
from tests.records.conftest import House
from tests.records.merge_model import PLAIN, SETS, TABLE, Asked, Content, Edit, Line, Outcome, Place

APP = (
    an_app("ledger")
    .text("name", required=True)
    .text("note")
    .number("age", maxValue=str(model.LARGEST_AGE))
    .choice("ward", "門司区", "小倉北区", "若松区")
    .date("day")
    .checks("risks", "高血圧", "糖尿病", "透析", "喫煙")
    .subtable("family", an_app().text("who").number("years").checks("tags", "同居", "濃厚接触"))
    .formula("total", "SUM(years) + age")
)
DEFINITION = APP.definition()
FIELDS = {f.code: f for f in (*DEFINITION.fields, *DEFINITION.field("family").fields)}  # type: ignore[attr-defined]  # a subtable
WRITERS = 6
BATCH = 100
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


# -- between the model and the product ---------------------------------------------------------------


def shown(code: str, value: t.Any) -> t.Any:
    """A stored value as the model writes it."""
    dumped = FIELDS[code].dump(value)
    match dumped:
        case list():
            return frozenset(dumped)
        case str() if FIELDS[code].type_name == "NUMBER" or code == "total":
            return int(Decimal(dumped))
        case Decimal():
            return int(dumped)
        case date():
            return dumped.isoformat()
    return dumped


def shown_content(values: Mapping[str, t.Any], keys: Mapping[int, str]) -> Content:
    """A stored record as the model writes it; ``keys`` names the rows."""
    found = {code: shown(code, values.get(code)) for code in (*PLAIN, *SETS, "total")}
    found[TABLE] = tuple(shown_line(row, keys) for row in values.get(TABLE) or ())
    return found


def shown_line(row: Row, keys: Mapping[int, str]) -> Line:
    """A stored row as the model writes it."""
    assert row.id is not None
    return Line(keys[row.id], {code: shown(code, value) for code, value in row.values.items()})


@dataclass
class Desk:
    """One writer: a connection of their own and what they saw last of each record."""

    number: int
    connection: sa.Connection
    seen: list[int] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        return Actor(
            kind="user", user_id=self.number + 1, login=f"w{self.number}", name=f"W{self.number}", administrator=True
        )


class Office:
    """The desks of one installation, and the app they work on."""

    def __init__(self, house: House, desks: Sequence[Desk]) -> None:
        self.house, self.desks = house, desks
        self.app = house.install(DEFINITION)

    @contextlib.contextmanager
    def writing(self, desk: Desk) -> Iterator[Workspace]:
        with desk.connection.begin():
            db.hold_live_versions(desk.connection)
            yield Workspace(desk.connection, self.house.catalog, desk.actor, self.house.ctx(desk.actor))

    def save(self, desk: Desk, changes: Sequence[Change], action: history.Action | None = None) -> list[Record]:
        with self.writing(desk) as space:
            return space.service(self.app).save(changes, history_action=action)


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    if house.engine.dialect.name == "sqlite":
        # Nobody pulls the plug here, and waiting for the disk at each commit would take most of the time.
        sa.event.listen(house.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        house.engine.dispose()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(house.engine.connect()) for _ in range(WRITERS)]
        yield Office(
            house, [Desk(n, c.execution_options(**{db.WRITE_OPTION: True})) for n, c in enumerate(connections)]
        )


# -- one history -------------------------------------------------------------------------------------


class Tale:
    """One random history of a few records: what writers do, what the product does, what the model says."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office, self.seed = office, seed
        self.dice = random.Random(seed)
        self.named = 0
        self.model = model.Model(self._beginning() for _ in range(self.dice.choices((1, 2, 3), (70, 20, 10))[0]))
        self.ids: list[int] = []
        self.keys: dict[int, str] = {}
        self.row_ids: dict[str, int] = {}
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
        return [Change(values=self._json(story.at(1))) for story in self.model.stories]

    def began(self, records: Sequence[Record]) -> None:
        self.ids = [r.id for r in records]
        self._compare(range(len(records)), records)

    def play(self) -> None:
        """Everybody opens the records once or twice and saves; the steps of different writers are shuffled."""
        opened = set(range(self.writers)) if self.dice.random() < 0.75 else set()
        for number in opened:
            self.office.desks[number].seen = [1 for _ in self.ids]
        steps = [n for n in range(self.writers) for _ in range(2 - (n in opened) + 2 * (self.dice.random() < 0.15))]
        self.dice.shuffle(steps)
        for number in steps:
            if number in opened:
                self._act(self.office.desks[number])
            else:
                self.office.desks[number].seen = [story.revision for story in self.model.stories]
            opened ^= {number}

    # -- what a writer does ----------------------------------------------------------------------

    def _act(self, desk: Desk) -> None:
        trashed = [n for n, story in enumerate(self.model.stories) if story.present is None]
        if trashed and self.dice.random() < 0.5:
            self._restore(desk, self.dice.choice(trashed))
            return
        record = self.dice.randrange(len(self.ids))
        kind = self.dice.choices(("form", "fields", "bulk", "import", "delete"), (42, 27, 13, 12, 6))[0]
        if kind == "bulk":
            edits = [self._edit(desk, n, whole=False) for n in range(len(self.ids))]
        elif kind == "delete":
            edits = [Edit(record, seen=desk.seen[record], delete=True)]
        else:
            edits = [self._edit(desk, record, whole=kind == "form")]
        if any(self._viewed(desk, e.record) is None for e in edits):
            return  # nobody opens a form on what lies in the trash
        if kind == "import":
            edits = [replace(e, seen=None) for e in edits]
        outcome = self._save(desk, edits, "import" if kind == "import" else None)
        if outcome.kind == "asked" and not edits[0].delete and self.dice.random() < 0.5:
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
        assert self._save(desk, decided, None).kind in ("saved", "invalid"), self.seed

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
        return Edit(record, given, desk.seen[record])

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

    def _save(self, desk: Desk, edits: Sequence[Edit], action: history.Action | None) -> Outcome:
        before = [story.present for story in self.model.stories]
        viewed = {e.record: None if e.seen is None else self._viewed(desk, e.record) for e in edits}
        expected = self.model.save(edits)
        changes = [self._change(edit) for edit in edits]
        try:
            records = self.office.save(desk, changes, action)
        except NotFound:
            outcome = Outcome("missing")
        except Invalid:
            outcome = Outcome("invalid")
        except MergeConflict as conflict:
            outcome = Outcome(
                "asked",
                {self.ids.index(r.record_id): tuple(self._asked(c) for c in r.clashes) for r in conflict.records},
            )
            self.clashed = True
        else:
            outcome = Outcome("saved")
            if not edits[0].delete:
                self._compare([e.record for e in edits], records)
        assert outcome.kind == expected.kind, (self.seed, outcome, expected)
        for record, asked in expected.clashes.items():
            assert sorted(outcome.clashes[record], key=repr) == sorted(asked, key=repr), self.seed
        for edit in edits:
            after, had, saw = self.model.stories[edit.record].present, before[edit.record], viewed[edit.record]
            if outcome.kind != "saved":
                assert after == had, self.seed
            elif saw is not None and had is not None and not edit.take:
                lost = model.overwritten_unseen(saw, had, after if after is not None else model.complete({}))
                assert not lost, (self.seed, lost)
        return outcome

    def _restore(self, desk: Desk, record: int) -> None:
        with self.office.writing(desk) as space:
            records = space.service(self.office.app).restore([self.ids[record]])
        assert self.model.restore(record).kind == "saved"
        self._compare([record], records)

    def _change(self, edit: Edit) -> Change:
        return Change(
            id=self.ids[edit.record],
            values=self._json(edit.given),
            revision=edit.seen,
            delete=edit.delete,
            choices={clash_key(self._path(place)): t.cast(t.Any, side) for place, side in edit.take.items()},
            chosen_at=edit.take_at,
        )

    def _path(self, place: Place) -> tuple[str | int, ...]:
        return (place[0], self.row_ids[place[1]], *place[2:]) if place[:1] == (TABLE,) else place

    def _json(self, content: Content) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {
            c: sorted(v) if isinstance(v, frozenset) else v for c, v in content.items() if c not in (TABLE, "total")
        }
        if TABLE in content:
            found[TABLE] = [
                {
                    "id": self.row_ids.get(line.key),
                    "values": {c: sorted(v) if isinstance(v, frozenset) else v for c, v in line.cells.items()},
                }
                for line in model.lines(content)
            ]
        return found

    def _asked(self, clash: t.Any) -> Asked:
        path = clash.path
        if not path:
            return Asked((), clash.before, clash.theirs, clash.mine)
        if len(path) == 2:
            sides = [None if s is None else shown_line(s, self.keys) for s in (clash.before, clash.theirs, clash.mine)]
            return Asked((path[0], self.keys[path[1]]), *sides)
        place = path if len(path) == 1 else (path[0], self.keys[path[1]], path[2])
        return Asked(
            t.cast(Place, place), *(shown(str(path[-1]), side) for side in (clash.before, clash.theirs, clash.mine))
        )

    def _compare(self, numbers: Sequence[int], records: Sequence[Record]) -> None:
        """The records that came back are the model's; rows that are new on both sides get to know each other."""
        for number, record in zip(numbers, records, strict=True):
            story = self.model.stories[number]
            present = story.at(story.revision)
            for row, line in zip(record.values[TABLE], model.lines(present), strict=True):
                if row.id not in self.keys:
                    assert line.key not in self.row_ids, (self.seed, "a row got another number")
                    self.keys[row.id], self.row_ids[line.key] = line.key, row.id
            assert shown_content(record.values, self.keys) == present, self.seed
            assert record.revision == story.revision, self.seed

    def ended(
        self, records: Mapping[int, Record], entries: Mapping[int, Sequence[history.Entry]], house: House
    ) -> None:
        """What is stored equals the model, and history leads back through every state there ever was."""
        for number, (record_id, story) in enumerate(zip(self.ids, self.model.stories, strict=True)):
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
                    assert shown_content(then, self.keys) == story.contents[revision - 1], (self.seed, revision)


def options(code: str) -> list[str]:
    """The keys of a check box's options."""
    return [option.key for option in FIELDS[code].options]


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
        ids = [i for tale in tales for i in tale.ids]
        with office.house.reading() as space:
            live = space.app(office.app)
            entries = history.since(space.connection, live.tables, dict.fromkeys(ids, 0))
            records = {r.id: r for r in space.reader(live).by_ids(ids)}
        for tale in tales:
            tale.ended(records, entries, office.house)
    return clashed / len(seeds)


def test_some_hundred_interleavings_give_what_the_model_says(office: Office) -> None:
    count = 750 if office.house.engine.dialect.name == "sqlite" else 250
    assert play(office, range(count)) >= CLASH_SHARE


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(5))
def test_twenty_thousand_interleavings_give_what_the_model_says(office: Office, shard: int) -> None:
    count = 3_000 if office.house.engine.dialect.name == "sqlite" else 1_000
    first = 100_000 + shard * count if office.house.engine.dialect.name == "sqlite" else 900_000 + shard * count
    assert play(office, range(first, first + count)) >= CLASH_SHARE
