"""Random rights over random records, asked through every door of the reader and the service, against a plain model.

A case is one pair of apps with rights of its own, five records and one person who asks. The everyday part plays some
hundred cases, the marked part 4,000 (20,000 records). ``RIGHTS_CASES=20000`` plays as many as it says, seven of ten on
SQLite and the others on PostgreSQL.
"""

from __future__ import annotations

import os
import random
import typing as t
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from lowcode import db
from lowcode.access.actor import Actor
from lowcode.errors import Forbidden, Invalid, LowcodeError, NotFound
from lowcode.fields.base import Context
from lowcode.files import library
from lowcode.query import kintone
from lowcode.query.ast import Search
from lowcode.records import lookups
from lowcode.records.catalog import LiveApp
from lowcode.records.reader import RecordReader
from lowcode.records.record import Change
from lowcode.records.workspace import Workspace
from lowcode.runtime import attachments, pickers
from lowcode.transfer import exporting
from tests.access import rights_world as world
from tests.access.rights_model import App, Model, Values, Who
from tests.records.conftest import House
from tests.records.conftest import house as house

NOW = datetime(2022, 8, 25, tzinfo=UTC)
CASES, VISITS, ROUND = 7, 9, 40
SHARDS = 4
MARKED = int(os.environ.get("RIGHTS_CASES", "4000"))
UNKNOWN = "query.unknown_field"
QUESTIONS = ("no", "name", "words", "age", "double", "four", "ward", "visit_count", "hottest", "staff")


class FakeSnapshot:
    """The live apps with rights that were never published: tables and definitions are the real ones."""

    def __init__(self, house: House, pair: world.Pair) -> None:
        self.apps: dict[str, LiveApp] = {}
        with house.reading() as space:
            for code, definition in pair.definitions.items():
                real = space.app(code)
                self.apps[code] = LiveApp(real.id, code, real.version, definition, real.tables)

    @property
    def indexed(self) -> frozenset[int]:
        return frozenset(app.id for app in self.apps.values())

    def find(self, app: int | str) -> LiveApp | None:
        return next((each for each in self.apps.values() if app in (each.code, each.id)), None)

    def app(self, app: int | str) -> LiveApp:
        found = self.find(app)
        if found is None:
            raise NotFound("app.not_found", app=app)
        return found

    def group(self, app: LiveApp) -> int | None:
        return None

    def dependents(self, app: LiveApp) -> tuple[()]:
        return ()


@dataclass
class Round:
    """Records, and how they look to somebody who sees everything."""

    house: House
    cases: dict[int, Values]
    visits: dict[int, Values]
    deleted: dict[int, int]
    """Deleted cases with the people who deleted them."""


def fill(house: House, dice: random.Random) -> Round:
    """New records in both apps; every living case is changed once, and two are deleted."""
    with house.writing() as space:
        for code in ("cases", "visits"):
            present = space.reader(code).ids()
            space.service(code).save([Change(id=i, delete=True) for i in present])
    creator = [dice.choice(world.PEOPLE) for _ in range(CASES)]
    ids: list[int] = []
    for who, values in zip(creator, world.some_cases(dice, CASES), strict=True):
        number = next(serial)
        for code in ("no", "name"):
            values[code] = values[code].replace("x", f"y{number}x")
        with house.writing(_maker(who)) as space:
            values["papers"] = [{"fileKey": _upload(space.connection, who, number)}]
            ids += [r.id for r in space.service("cases").save([Change(values=values)])]
    with house.writing() as space:
        records = {r.id: r for r in space.reader("cases").by_ids(ids)}
        visits = world.some_visits(dice, VISITS, CASES)
        keys = [records[i].values["no"] for i in ids]
        for visit in visits:
            visit["case_no"] = dice.choice(keys)
        space.service("visits").save([Change(values=v) for v in visits])
        space.service("cases").save(
            [
                Change(id=i, values={"age": dice.choice((11, 31, 51)), "name": f"{records[i].values['name']}z"})
                for i in ids
            ]
        )
    deleted = {}
    for record_id in ids[-2:]:
        who = dice.choice(world.PEOPLE)
        with house.writing(_maker(who)) as space:
            space.service("cases").save([Change(id=record_id, delete=True)])
        deleted[record_id] = who.id
    with house.reading() as space:
        return Round(
            house,
            {r.id: r.values for r in space.reader("cases").list(limit=100)},
            {r.id: r.values for r in space.reader("visits").list(limit=100)},
            deleted,
        )


serial = world.counted()


def _upload(connection: sa.Connection, who: Who, number: int) -> str:
    """A file without bytes: who gets its address is the question, not what stands in it."""
    key = f"file{number:028x}"
    library.register(
        connection, key=key, size=1, digest="", name="a.txt", content_type="text/plain", user_id=who.id, now=NOW
    )
    return key


def _maker(who: Who) -> Actor:
    return Actor(kind="user", user_id=who.id, login=who.login, name=who.login, administrator=True)


def plain(definition: t.Any, values: Values) -> dict[str, t.Any]:
    """A stored record as the conditions of the model see it."""
    found = dict(values)
    for code in ("ward", "state"):
        if code in found:
            found[code] = definition.field(code).dump(found[code])
    return found


@dataclass
class Case:
    """One author's rights and one person."""

    seed: int
    round: Round
    pair: world.Pair
    who: Who
    dice: random.Random

    def __post_init__(self) -> None:
        self.model = Model(self.who, self.pair.apps)
        self.app: App = self.pair.apps["cases"]
        self.values = {
            code: {i: plain(self.pair.definitions[code], v) for i, v in records.items()}
            for code, records in (("cases", self.round.cases), ("visits", self.round.visits))
        }
        self.visible = {
            code: {i for i, v in records.items() if self.model.record(self.pair.apps[code], v, "view")}
            for code, records in self.values.items()
        }

    # -- the product -----------------------------------------------------------------------------

    def workspace(self, connection: sa.Connection, snapshot: FakeSnapshot) -> Workspace:
        ctx = Context(
            now=NOW,
            user_id=self.who.id,
            organization_ids=self.who.organizations,
            group_ids=self.who.groups,
            wards=self.who.wards,
            directory=world.People(),
        )
        space = Workspace.__new__(Workspace)
        space.connection, space.catalog, space.actor, space.ctx = (
            connection,
            self.round.house.catalog,
            world.actor_of(self.who),
            ctx,
        )
        space.reads = None
        space.snapshot = t.cast(t.Any, snapshot)
        space.policies = space._policies()
        return space

    def ask(self, counts: Counter[str]) -> None:
        """Every question of this case."""
        house = self.round.house
        snapshot = FakeSnapshot(house, self.pair)
        with db.reading(house.engine) as connection:
            space = self.workspace(connection, snapshot)
            known = self.model.knows(self.app)
            try:
                space.app("cases")
            except NotFound:
                assert not known, self.seed
            else:
                assert known, self.seed
            reader = space.reader(snapshot.app("cases"))
            for action in ("view", "add", "edit", "delete", "import", "export", "manage"):
                assert reader.policy.allows(t.cast(t.Any, action)) == self.model.may(self.app, action), (
                    self.seed,
                    action,
                )
            self._masks(reader)
            self._records(reader)
            self._history(reader)
            self._filter(reader, counts)
            self._order(reader, counts)
            self._totals(reader, counts)
            self._search(reader, counts)
            self._related(reader, counts)
            self._access(reader)
            self._trash(reader)
            self._lookup(space, counts)
            self._picker(space, counts)
            self._file(space, counts)
            if self.dice.random() < 0.1:
                self._export(reader, counts)
        if self.dice.random() < 0.2:
            self._write(snapshot, counts)
        counts["seen" if self.visible["cases"] else "nothing"] += 1
        if 0 < len(self.visible["cases"]) < len(self.values["cases"]):
            counts["some"] += 1

    def asked(self, code: str) -> bool:
        return self.model.asked(self.app, code)

    def _masks(self, reader: RecordReader) -> None:
        for code in self.app.fields:
            assert (code in reader.readable) == self.asked(code), (self.seed, code)
            assert (code in reader.shown) == self.model.sometimes(self.app, code), (self.seed, code)

    def _expected(self, record_id: int) -> dict[str, t.Any]:
        """What the person sees of a record."""
        values, app = self.values["cases"][record_id], self.app
        stored = self.round.cases[record_id]
        found = {}
        for code in app.fields:
            if code in stored and app.table_of(code) is None and self.model.seen(app, code, values):
                found[code] = stored[code]
        if "family" in found:
            found["family"] = [
                {c: v for c, v in row.values.items() if self.model.seen(app, c, values)} for row in found["family"]
            ]
        return found

    def _shown(self, values: Mapping[str, t.Any]) -> dict[str, t.Any]:
        found = dict(values)
        if "family" in found:
            found["family"] = [dict(row.values) for row in found["family"]]
        return found

    def _records(self, reader: RecordReader) -> None:
        records = reader.list(limit=100)
        assert {r.id for r in records} == self.visible["cases"], self.seed
        assert reader.count() == len(self.visible["cases"]), self.seed
        for record in records:
            assert self._shown(record.values) == self._expected(record.id), (self.seed, record.id)
        as_json = reader.json_list(limit=100)
        assert {one["id"] for one in as_json} == self.visible["cases"], self.seed
        for one in as_json:
            expected = self._expected(one["id"])
            assert set(one["values"]) == set(expected), (self.seed, one["id"])
            if "family" in expected:
                cells = [set(row["values"]) for row in one["values"]["family"]]
                assert cells == [set(row) for row in expected["family"]], self.seed
        hidden = set(self.values["cases"]) - self.visible["cases"]
        if hidden:
            with pytest.raises(NotFound):
                reader.get(min(hidden))
            assert reader.json_list(ids=[min(hidden)]) == [], self.seed

    def _history(self, reader: RecordReader) -> None:
        record_id = self.dice.choice(sorted(self.values["cases"]))
        if record_id not in self.visible["cases"]:
            with pytest.raises(NotFound):
                reader.history(record_id)
            return
        values = self.values["cases"][record_id]
        changed = {"age", "name", "double", "four", "words", "family", "visit_count", "hottest"}
        told = {c.field.code for _, changes in reader.history(record_id) for c in changes}
        expected = {c for c in changed if self.model.seen(self.app, c, values)}
        assert told <= expected, self.seed
        assert {"age", "name"} & expected <= told, self.seed

    def _question(self) -> tuple[str, str, t.Callable[[Values], bool]]:
        """A field, a condition on it, and what it means."""
        record = self.values["cases"][self.dice.choice(sorted(self.values["cases"]))]
        code = self.dice.choice(
            ("no", "name", "words", "age", "double", "four", "ward", "visit_count", "hottest", "staff")
        )
        match code:
            case "no" | "name" | "words":
                return code, f'{code} = "{record[code]}"', lambda v: v[code] == record[code]
            case "ward":
                return code, 'ward in ("東", "西")', lambda v: v["ward"] in ("東", "西")
            case "staff":
                return code, "staff in (LOGINUSER())", lambda v: self.who.id in v["staff"]
        limit = Decimal(self.dice.choice((1, 20, 37, 60, 100)))
        return code, f"{code} > {limit}", lambda v: v[code] is not None and v[code] > limit

    def _filter(self, reader: RecordReader, counts: Counter[str]) -> None:
        code, text, holds = self._question()
        condition = kintone.parse(text).condition
        if not self.asked(code):
            counts["refused"] += 1
            for ask in (reader.list, reader.count, reader.ids):
                assert codes_of(lambda: ask(condition)) == [UNKNOWN], (self.seed, text)  # noqa: B023
            return
        counts["filtered"] += 1
        expected = {i for i in self.visible["cases"] if holds(self.values["cases"][i])}
        assert set(reader.ids(condition)) == expected, (self.seed, text)
        assert reader.count(condition) == len(expected), (self.seed, text)

    def _order(self, reader: RecordReader, counts: Counter[str]) -> None:
        code = self.dice.choice(("no", "name", "age", "double", "visit_count"))
        order = kintone.parse(f"order by {code} asc").order
        if not self.asked(code):
            assert codes_of(lambda: reader.list(None, order)) == [UNKNOWN], (self.seed, code)
            return
        counts["sorted"] += 1
        found = list(reader.ids(None, order))
        key = {i: (v[code] is not None, v[code] if v[code] is not None else 0) for i, v in self.values["cases"].items()}
        assert [key[i] for i in found] == sorted(key[i] for i in self.visible["cases"]), (self.seed, code)

    def _totals(self, reader: RecordReader, counts: Counter[str]) -> None:
        group, measure = self.dice.choice(("ward", "state")), self.dice.choice(("age", "double", "visit_count"))
        if not (self.asked(group) and self.asked(measure)):
            assert codes_of(lambda: reader.aggregate([group], [("sum", measure)])) == [UNKNOWN], self.seed
            return
        counts["totalled"] += 1
        expected: dict[t.Any, tuple[int, Decimal]] = {}
        for i in self.visible["cases"]:
            v = self.values["cases"][i]
            number, total = expected.get(v[group], (0, Decimal(0)))
            expected[v[group]] = number + 1, total + (v[measure] or 0)
        field = reader.definition.field(group)
        found = {
            field.dump(keys[0]): (results[0], results[1] or 0)
            for keys, results in reader.aggregate([group], [("count", None), ("sum", measure)])
        }
        assert found == expected, self.seed

    def _search(self, reader: RecordReader, counts: Counter[str]) -> None:
        record_id = self.dice.choice(sorted(self.values["cases"]))
        values = self.values["cases"][record_id]
        code = self.dice.choice(("no", "name", "member"))
        if code == "member":
            if not values["family"]:
                return
            word, places = values["family"][0].values["member"], ["member"]
        else:
            word, places = values[code], ["no"] if code == "no" else ["name", "words"]
        found = set(reader.ids(Search(word)))
        assert {hit.id for hit in reader.search(word, limit=1_000).hits} == found, (self.seed, word)
        assert {hit.id for hit in reader.search(word, limit=1_000, fuzzy=True).hits} <= self.visible["cases"], self.seed
        told = record_id in self.visible["cases"] and any(self.asked(c) for c in places)
        if not any(self.asked(c) for c in places):
            assert record_id not in found, (self.seed, word)
        else:
            assert (record_id in found) == told, (self.seed, word)
        assert found <= self.visible["cases"], self.seed
        counts["searched"] += told

    def _related(self, reader: RecordReader, counts: Counter[str]) -> None:
        other = self.pair.apps["visits"]
        condition = kintone.parse("visits.temp > 37").condition
        if not (self.asked("visits") and self.model.may(other, "view")):
            missing = kintone.parse("nowhere.temp > 37").condition
            refused = codes_of(lambda: reader.list(condition))
            assert refused == codes_of(lambda: reader.list(missing)) != [], self.seed
            return
        counts["related"] += 1
        expected = {
            i
            for i in self.visible["cases"]
            if any(
                v["case_no"] == self.values["cases"][i]["no"] and v["temp"] > 37
                for n, v in self.values["visits"].items()
                if n in self.visible["visits"]
            )
        }
        assert set(reader.ids(condition)) == expected, self.seed

    def _access(self, reader: RecordReader) -> None:
        found = reader.access(sorted(self.values["cases"]))
        assert set(found) == self.visible["cases"], self.seed
        for record_id, access in found.items():
            values = self.values["cases"][record_id]
            for action in ("edit", "delete"):
                assert getattr(access, action) == self.model.record(self.app, values, action), (self.seed, record_id)
            for code in self.app.fields:
                assert (code in access.readable) == self.model.seen(self.app, code, values), (self.seed, code)
                assert (code in access.writable) == self.model.written(self.app, code, values), (self.seed, code)

    def _trash(self, reader: RecordReader) -> None:
        if not (self.model.may(self.app, "view") and self.model.may(self.app, "delete")):
            with pytest.raises(Forbidden):
                reader.trash()
            return
        expected = {
            i for i, by in self.round.deleted.items() if self.model.unlimited(self.app, "delete") or by == self.who.id
        }
        assert {each.id for each in reader.trash(limit=1000)} & set(self.round.deleted) == expected, self.seed

    def _lookup(self, space: Workspace, counts: Counter[str]) -> None:
        """What a lookup of the other app would copy for this person."""
        record_id = self.dice.choice(sorted(self.values["cases"]))
        values = self.values["cases"][record_id]
        visits = space.snapshot.app("visits")
        field = t.cast(t.Any, visits.definition.field("key"))
        found = dict(lookups._sources(space, field, space.snapshot.app("cases"), [values["no"]]))
        if not (self.asked("no") and record_id in self.visible["cases"]):
            assert found == {}, self.seed
            return
        counts["looked up"] += 1
        (number, copied) = found[values["no"]]
        assert number == record_id
        expected = {c: v for c, v in self._expected(record_id).items() if c in ("no", "name", "age")}
        assert dict(copied) == expected, self.seed

    def _picker(self, space: Workspace, counts: Counter[str]) -> None:
        """What the picker of that lookup offers for the words of a record."""
        record_id = self.dice.choice(sorted(self.values["cases"]))
        values = self.values["cases"][record_id]
        visits = space.snapshot.app("visits")
        words = self.dice.choice((values["no"], values["name"], ""))
        found = pickers.suggested_records(space, t.cast(t.Any, visits.definition.field("key")), words)
        offered = {each["value"] for each in found}
        details = {each["detail"] for each in found} - {""}
        seen = {values["no"]: i for i, values in self.values["cases"].items() if i in self.visible["cases"]}
        if not self.asked("no"):
            assert found == [], self.seed
            return
        assert offered <= set(seen), self.seed
        if not self.asked("name"):
            assert details == set(), self.seed
        if words == "":
            assert offered == set(seen), self.seed
            counts["offered"] += bool(offered)

    def _file(self, space: Workspace, counts: Counter[str]) -> None:
        """Whether the address of a record's attachment opens."""
        record_id = self.dice.choice(sorted(self.values["cases"]))
        values, cases = self.values["cases"][record_id], space.snapshot.app("cases")
        key, field = values["papers"][0].key, cases.definition.field("papers")
        told = record_id in self.visible["cases"] and self.model.seen(self.app, "papers", values)
        try:
            found = attachments.held_file(space, cases, record_id, field.id, key)
        except NotFound:
            assert not told, self.seed
        else:
            assert (told, found.key) == (True, key), self.seed
            counts["opened"] += 1

    def _export(self, reader: RecordReader, counts: Counter[str]) -> None:
        if not self.model.may(self.app, "export"):
            with pytest.raises(Forbidden):
                b"".join(exporting.export_csv(reader, columns=()))
            return
        try:
            columns = exporting.choose_columns(reader)
        except Invalid:
            return
        counts["exported"] += 1
        text = b"".join(exporting.export_csv(reader, columns=columns)).decode("utf-8-sig")
        for record_id, values in self.values["cases"].items():
            seen = record_id in self.visible["cases"]
            for code in ("no", "name"):
                told = seen and self.model.seen(self.app, code, values)
                if code == "name":
                    told = told or (seen and self.model.seen(self.app, "words", values))
                assert (values[code] in text) == told, (self.seed, code)
            for row in values["family"]:
                told = seen and self.model.seen(self.app, "member", values)
                assert (row.values["member"] in text) == told, self.seed

    def _write(self, snapshot: FakeSnapshot, counts: Counter[str]) -> None:
        """One change of one field of one record, taken back at once."""
        record_id = self.dice.choice(sorted(self.values["cases"]))
        values = self.values["cases"][record_id]
        code, value = self.dice.choice((("age", 33), ("name", "new"), ("ward", "西"), ("state", "解除")))
        visible = record_id in self.visible["cases"]
        if not visible:
            expected = "NotFound"
        elif not self.model.record(self.app, values, "edit"):
            expected = "Forbidden"
        elif not self.model.written(self.app, code, values):
            expected = "field.not_writable" if self.model.sometimes(self.app, code) else "field.unknown"
        else:
            expected = "saved"
        with self.round.house.engine.connect() as connection:
            connection = connection.execution_options(**{db.WRITE_OPTION: True})
            with connection.begin() as transaction:
                service = self.workspace(connection, snapshot).service(snapshot.app("cases"))
                try:
                    service.save([Change(id=record_id, values={code: value})])
                    outcome = "saved"
                except Invalid as error:
                    outcome = ",".join(sorted({p.code for p in error.problems}))
                except LowcodeError as error:
                    outcome = type(error).__name__
                transaction.rollback()
        assert outcome == expected, (self.seed, code)
        counts[f"write {outcome}"] += 1


def codes_of(ask: t.Callable[[], object]) -> list[str]:
    """The codes of the problems that a question meets; empty when it is answered."""
    try:
        ask()
    except Invalid as error:
        return [p.code for p in error.problems]
    return []


@pytest.fixture
def town(house: House) -> House:
    if house.engine.dialect.name == "sqlite":
        sa.event.listen(house.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        house.engine.dispose()
    for definition in (world.VISITS, world.CASES):
        house.install(definition)
    return house


def play(house: House, seeds: Sequence[int]) -> Counter[str]:
    """Ask everything of many cases; new records for every forty."""
    counts: Counter[str] = Counter()
    for start in range(0, len(seeds), ROUND):
        part = seeds[start : start + ROUND]
        round_ = fill(house, random.Random(part[0]))
        for seed in part:
            dice = random.Random(seed)
            pair = world.Author(dice).pair()
            Case(seed, round_, pair, dice.choice(world.PEOPLE), dice).ask(counts)
    return counts


def require_variety(counts: Counter[str], cases: int) -> None:
    """The cases were of many kinds: neither all open nor all shut."""
    least = {
        "some": 0.12,
        "seen": 0.3,
        "refused": 0.2,
        "filtered": 0.2,
        "sorted": 0.2,
        "totalled": 0.2,
        "searched": 0.1,
        "related": 0.1,
        "looked up": 0.1,
        "offered": 0.05,
        "opened": 0.1,
        "exported": 0.01,
        "write saved": 0.01,
        "write NotFound": 0.01,
        "write Forbidden": 0.005,
        "write field.not_writable": 0.0003,
        "write field.unknown": 0.0003,
    }
    rare = {kind for kind, share in least.items() if share * cases < 2}
    assert {k: counts[k] for k, share in least.items() if k not in rare and counts[k] < share * cases} == {}, counts


def test_some_hundred_cases_are_as_the_model_says(town: House) -> None:
    count = 300 if town.engine.dialect.name == "sqlite" else 150
    require_variety(play(town, range(count)), count)


@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_many_cases_are_as_the_model_says(town: House, shard: int) -> None:
    sqlite = town.engine.dialect.name == "sqlite"
    count = MARKED * (7 if sqlite else 3) // 10 // SHARDS
    first = (100_000 if sqlite else 900_000) + shard * count
    require_variety(play(town, range(first, first + count)), count)
